//! Reads and validates the fields of an event that a request creates or updates.

use crate::reply::{Details, Problem};
use crate::world::calendar::{
    AVAILABILITY, Calendar, End, Frequency, MAX_OCCURRENCES, PRIVACY, Patch, Recurrence, STATUS, attendee,
    choice, resolve_conference,
};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use jiff::civil::Weekday;
use serde_json::{Map, Value, json};

/// The validated fields of a create or update request.
pub(crate) struct Input {
    fields: Map<String, Value>,
    /// `Some(None)` removes the recurrence.
    recurrence: Option<Option<Recurrence>>,
}

impl Input {
    /// Reads the known fields, ignores unknown fields, and adds every error to `details`.
    pub(crate) fn read(body: &Map<String, Value>, details: &mut Details) -> Self {
        let mut fields = Map::new();
        for (name, value) in body.iter().filter(|(name, _)| FIELDS.contains(&name.as_str())) {
            match check(name, value) {
                Ok(()) => {
                    fields.insert(name.clone(), value.clone());
                }
                Err(text) => add_error(details, name, text),
            }
        }
        let recurrence = match body.get("recurrence") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(value) => match read_recurrence(value) {
                Ok(rule) => Some(Some(rule)),
                Err(text) => {
                    add_error(details, "recurrence", text);
                    None
                }
            },
        };
        Self { fields, recurrence }
    }

    /// Returns the recurrence as the calendar's provider interprets it.
    ///
    /// In a month without day 31, Microsoft uses the last day instead; the other providers skip the month.
    /// `Some(None)` removes the recurrence.
    pub(crate) fn recurrence_for(self, calendar: &Calendar) -> Option<Option<Recurrence>> {
        self.recurrence.map(|rule| rule.map(|rule| rule.counted_by(calendar.provider)))
    }

    /// Returns the fields as the provider of the calendar stores them.
    pub(crate) fn patch_for(&self, calendar: &Calendar, random: &mut Random) -> Patch {
        let mut fields = self.fields.clone();
        resolve_conference(&mut fields, calendar.provider, random);
        if let Some(Value::Array(attendees)) = fields.get_mut("attendees") {
            *attendees = with_organizer(attendees, calendar);
        }
        Patch::new(fields)
    }
}

pub(crate) fn add_error(details: &mut Details, name: &str, text: impl Into<String>) {
    details.entry(name.to_owned()).or_default().push(text.into());
}

/// Returns a 400 with the errors, if any.
pub(crate) fn reject_errors(details: Details) -> Result<(), Problem> {
    if details.is_empty() { Ok(()) } else { Err(Problem::invalid(details)) }
}

pub(crate) const FIELDS: &[&str] = &[
    "title",
    "start",
    "end",
    "allDay",
    "description",
    "location",
    "attendees",
    "custom",
    "conference",
    "conferenceData",
    "availability",
    "privacy",
    "status",
];

pub(crate) fn check(name: &str, value: &Value) -> Result<(), &'static str> {
    let one_of = |choices| choice(value, choices).is_some();
    match name {
        "title" => error_unless(value.as_str().is_some_and(|title| !title.is_empty()), "must be a text"),
        "start" | "end" => {
            error_unless(value.as_str().and_then(time::read).is_some(), "must be an ISO 8601 date or time")
        }
        _ if value.is_null() => Ok(()),
        "allDay" => error_unless(value.is_boolean(), "must be true or false"),
        "attendees" => {
            let address =
                |value: &Value| attendee(value).is_some_and(|attendee| attendee.email.contains('@'));
            let all = value.as_array().is_some_and(|list| list.iter().all(address));
            error_unless(all, "must be a list of e-mail addresses")
        }
        "custom" => error_unless(value.is_object(), "must be an object"),
        "conferenceData" => {
            let fits =
                |name, fits: fn(&Value) -> bool| value.get(name).is_none_or(|one| one.is_null() || fits(one));
            let right = fits("provider", Value::is_string) && fits("autoGenerate", Value::is_boolean);
            error_unless(
                value.is_object() && right,
                "must be an object; provider must be a string, autoGenerate true or false",
            )
        }
        "availability" => error_unless(one_of(AVAILABILITY), "must be busy or free"),
        "privacy" => error_unless(one_of(PRIVACY), "must be public, private or confidential"),
        "status" => error_unless(one_of(STATUS), "must be confirmed, tentative or cancelled"),
        _ => error_unless(value.is_string(), "must be a text"),
    }
}

fn error_unless(right: bool, text: &'static str) -> Result<(), &'static str> {
    if right { Ok(()) } else { Err(text) }
}

/// Returns the attendees as the provider stores them.
///
/// If there are attendees but no organizer, adds the account as the organizer, except at Google.
fn with_organizer(attendees: &[Value], calendar: &Calendar) -> Vec<Value> {
    let mut list: Vec<_> = attendees.iter().filter_map(attendee).map(|attendee| json!(attendee)).collect();
    let organized = list.iter().any(|attendee| attendee.get("organizer") == Some(&Value::Bool(true)));
    if calendar.provider != Provider::Google && !list.is_empty() && !organized {
        list.push(json!({ "email": calendar.account, "status": "accepted", "organizer": true }));
    }
    list
}

pub(crate) fn read_recurrence(value: &Value) -> Result<Recurrence, String> {
    let object = value.as_object().ok_or("must be an object")?;
    let frequency = match object.get("frequency").and_then(Value::as_str) {
        Some("DAILY") => Frequency::Daily,
        Some("WEEKLY") => Frequency::Weekly,
        Some("MONTHLY") => Frequency::Monthly,
        Some("YEARLY") => Frequency::Yearly,
        _ => return Err("frequency must be DAILY, WEEKLY, MONTHLY or YEARLY".to_owned()),
    };
    let mut rule = Recurrence::new(frequency);
    let present = |name| object.get(name).filter(|value| !value.is_null());
    if let Some(interval) = present("interval") {
        rule.interval = integer(interval, 1, 1000).ok_or("interval must be a number from 1 to 1000")?;
    }
    rule.end = match (present("count"), present("until")) {
        (None, None) => End::Never,
        (Some(_), Some(_)) => return Err("count and until are both given (expected at most one)".to_owned()),
        (Some(count), None) => {
            let count = integer(count, 1, i64::MAX)
                .and_then(|count| usize::try_from(count).ok().filter(|count| *count <= MAX_OCCURRENCES));
            End::Count(count.ok_or("count must be a number from 1 to 36525")?)
        }
        (None, Some(until)) => {
            let until = until.as_str().and_then(time::read);
            End::Until(until.ok_or("until must be a date or time such as 2026-12-31 or 20261231T235959Z")?)
        }
    };
    rule.by_day =
        list(present("byDay"), weekday).ok_or("byDay must be a list of MO, TU, WE, TH, FR, SA, SU")?;
    rule.by_month_day = list(present("byMonthDay"), |day| small(day, -31, 31).filter(|day| *day != 0))
        .ok_or("byMonthDay must be a list of numbers from 1 to 31 or -31 to -1")?;
    rule.by_month = list(present("byMonth"), |month| small(month, 1, 12))
        .ok_or("byMonth must be a list of numbers from 1 to 12")?;
    Ok(rule)
}

fn list<T>(value: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        None => Some(Vec::new()),
        Some(value) => value.as_array()?.iter().map(read).collect(),
    }
}

fn integer(value: &Value, least: i64, most: i64) -> Option<i64> {
    value.as_i64().filter(|number| (least..=most).contains(number))
}

fn small(value: &Value, least: i64, most: i64) -> Option<i8> {
    integer(value, least, most).and_then(|number| i8::try_from(number).ok())
}

fn weekday(value: &Value) -> Option<Weekday> {
    Some(match value.as_str()? {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}
