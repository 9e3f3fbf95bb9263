//! From the JSON of a page to requests.

use std::collections::BTreeMap;

use connect_core::types::{
    CalendarRef, EventTime, Invalid, Moment, NewEvent, Provider, Raw, Recurrence, UpdateEvent,
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    data::{NAMES, OWN},
    when,
};

/// An event as a page sends it: what its Eventcalendar has, as JSON. Read it with serde.
///
/// * `googleEvent` and `outlookEvent` go to their own provider as they are, in an update as in a new event; Mobiscroll Connect has no
///   place for them, and a request that has them is refused there. Of one that was read before (it has an entity tag, an id or
///   another field that only the provider writes) only what can be written goes along, and the page's own title, times,
///   description and location stand over it.
/// * Properties of the page's own (`"room": "A1"`) are the event's `custom` fields. Those that only say how the Eventcalendar shows
///   an event (`color`, `resource`, `tooltip` and others) are not sent, unless [`data`](super::data) wrote them as the event's own:
///   those are in `connectCustom`.
/// * `timezone` is the zone of times without one, and of a series.
/// * A series with `recurringException` or `recurringExceptionRule` is refused: requests have no place for them.
///
/// ```
/// use connect_core::types::{Event, EventFields};
/// use connect_calendars::eventcalendar::PageEvent;
///
/// // In February, by one who counts months from zero: it ends before it starts.
/// let sent: PageEvent = serde_json::from_str(r#"{"id": 1, "title": "Trip", "allDay": true, "start": "2026-02-20", "end": "2026-02-11"}"#)?;
/// assert_eq!(sent.new_event(("google", "work")).unwrap_err().to_string(), "end: is before the start");
///
/// let sent: PageEvent = serde_json::from_str(r#"{"id": "e1", "allDay": true, "start": "2026-02-20", "end": "2026-02-20"}"#)?;
/// let change = sent.change(Event::new("google", "work", "e1").change()?)?;
/// assert_eq!(change.fields()?.end.map(|end| end.to_string()).as_deref(), Some("2026-02-21"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PageEvent {
    /// Its id; the Eventcalendar also takes numbers, which are their digits here.
    #[serde(deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// The summary.
    pub title: Option<String>,
    /// When it begins.
    pub start: Option<PageTime>,
    /// When it ends.
    pub end: Option<PageTime>,
    /// Whether it covers whole days. Where the page does not say, it does if its times are dates.
    pub all_day: Option<bool>,
    /// The longer text, where a page has one.
    pub description: Option<String>,
    /// Where it takes place, where a page says so.
    pub location: Option<String>,
    /// How it repeats: of the forms the Eventcalendar takes, the text of a rule.
    pub recurring: Option<Value>,
    /// The zone that it is at home in (IANA).
    pub timezone: Option<String>,
    /// What goes to Google as it is. Its `recurrence` is read, for Outlook where that has none of its own.
    pub google_event: Option<Value>,
    /// What goes to Outlook as it is.
    pub outlook_event: Option<Value>,
    /// What else it has.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
    #[serde(skip)]
    zone: Option<TimeZone>,
    #[serde(skip)]
    exclusive_ends: bool,
}

/// A time of a page: ISO 8601 text, the text of a JavaScript `Date`, or milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PageTime {
    /// As `Date.prototype.getTime()` has it.
    Millis(i64),
    /// A text.
    Text(String),
}

impl PageEvent {
    /// The zone of times without one, and of the midnights that JavaScript writes in UTC; UTC otherwise.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// The end of an all-day event is the day after its last: for an Eventcalendar with `exclusiveEndDates`, or with a time
    /// zone.
    #[must_use]
    pub fn exclusive_ends(mut self) -> Self {
        self.exclusive_ends = true;
        self
    }

    /// A new event of a calendar.
    ///
    /// # Errors
    /// When it has no times, one that cannot be read, or ends before it starts; or repeats in a way that cannot be sent.
    pub fn new_event(&self, calendar: impl Into<CalendarRef>) -> Result<NewEvent, Invalid> {
        let (calendar, title) = (calendar.into(), self.title.as_deref().unwrap_or_default());
        let provider = calendar.provider.clone();
        let mut event = match self.times()?.ok_or_else(|| Invalid::new("start", "is missing"))? {
            Times::Instants(start, end) => NewEvent::new(calendar, title, start, end),
            Times::Days(first, end) => NewEvent::all_day(calendar, title, first, end),
        };
        if let Some(text) = &self.description {
            event = event.description(text);
        }
        if let Some(text) = &self.location {
            event = event.location(text);
        }
        if let Some(custom) = self.custom()? {
            event = event.custom(custom);
        }
        if let Some(rule) = self.recurrence(&provider)? {
            event = event.recurrence(rule);
        }
        Ok(match self.provider_fields(&provider, true)? {
            Some(fields) => event.provider_fields(provider, fields),
            None => event,
        })
    }

    /// Adds what the page says to a change of the event, that of [`Event::change`](connect_core::types::Event::change): for an
    /// occurrence it touches that one only. A rule is for new events; here it is left out.
    ///
    /// # Errors
    /// When it has only one of its times, one that cannot be read, or ends before it starts.
    pub fn change(&self, mut change: UpdateEvent) -> Result<UpdateEvent, Invalid> {
        let provider = change.target().provider;
        if let Some(title) = &self.title {
            change = change.title(title);
        }
        if let Some(text) = &self.description {
            change = change.description(text.clone());
        }
        if let Some(text) = &self.location {
            change = change.location(text.clone());
        }
        if let Some(custom) = self.custom()? {
            change = change.custom(custom);
        }
        if let Some(fields) = self.provider_fields(&provider, false)? {
            change = change.provider_fields(provider, fields);
        }
        Ok(match self.times()? {
            Some(Times::Instants(start, end)) => change.time(start, end),
            Some(Times::Days(first, end)) => change.dates(first, end),
            None => change,
        })
    }

    /// The page's own properties, and those of the event whose names are taken. How an event is shown is as the page has it by now.
    fn custom(&self) -> Result<Option<Raw>, Invalid> {
        let own = |name: &str| !NAMES.contains(&name) && !SHOWN.contains(&name);
        let mut own: BTreeMap<_, _> = self.other.iter().filter(|(name, _)| own(name)).collect();
        match self.other.get(OWN) {
            None | Some(Value::Null) => {}
            Some(Value::Object(taken)) => own.extend(taken.iter().map(|(name, value)| {
                let shown = self.other.get(name).filter(|_| SHOWN.contains(&name.as_str()));
                (name, shown.unwrap_or(value))
            })),
            Some(_) => return Err(Invalid::new(OWN, "is not a JSON object")),
        }
        if own.is_empty() {
            return Ok(None);
        }
        Raw::from_value(&own).map(Some).map_err(|error| Invalid::new("custom", error.to_string()))
    }

    /// The fields of the provider's own, without those that the page says itself.
    fn provider_fields(&self, provider: &Provider, is_new: bool) -> Result<Option<Raw>, Invalid> {
        let (name, object, said, writable, tag): (_, _, _, &[&str], _) = match provider {
            Provider::Google => ("googleEvent", &self.google_event, GOOGLE_SAID, &GOOGLE_WRITABLE, "etag"),
            Provider::Microsoft => {
                ("outlookEvent", &self.outlook_event, OUTLOOK_SAID, &OUTLOOK_WRITABLE, "@odata.etag")
            }
            _ => return Ok(None),
        };
        let object = match object {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(object)) => object,
            Some(_) => return Err(Invalid::new(name, "is not a JSON object")),
        };
        let says = [
            self.title.is_some(),
            self.start.is_some(),
            self.start.is_some(),
            self.start.is_some(),
            self.description.is_some(),
            self.location.is_some(),
            self.custom()?.is_some(),
            // What `recurring` says, or could be read, and in an update no rule at all.
            !is_new || self.recurrence(provider)?.is_some(),
        ];
        let is_read = object.keys().any(|field| READ_ONLY.contains(&field.as_str()));
        let sent: BTreeMap<_, _> = object
            .iter()
            .filter(|(field, _)| !said.iter().zip(says).any(|(said, says)| says && said == field))
            .filter(|(field, _)| !is_read || *field == tag || writable.contains(&field.as_str()))
            .collect();
        if sent.keys().all(|field| *field == tag) {
            return Ok(None);
        }
        Raw::from_value(&sent).map(Some).map_err(|error| Invalid::new(name, error.to_string()))
    }

    fn zone(&self) -> Result<Option<TimeZone>, Invalid> {
        let named = self.timezone.as_deref().filter(|name| !name.is_empty());
        let zone = named.map(|name| {
            crate::zones::named(name)
                .ok_or_else(|| Invalid::new("timezone", format!("no time zone is called {name:?}")))
        });
        Ok(zone.transpose()?.or_else(|| self.zone.clone()))
    }

    fn times(&self) -> Result<Option<Times>, Invalid> {
        let home = self.zone()?;
        let zone = &home.clone().unwrap_or(TimeZone::UTC);
        let (start, end) = (read("start", self.start.as_ref())?, read("end", self.end.as_ref())?);
        let Some(start) = start else {
            return if end.is_none() { Ok(None) } else { Err(Invalid::new("start", "is missing")) };
        };
        let is_day = |time: &EventTime| time.date().is_some();
        if self.all_day.unwrap_or_else(|| is_day(&start) && end.as_ref().is_none_or(is_day)) {
            return self.days(&start, end.as_ref(), zone).map(Some);
        }
        let end = end.ok_or_else(|| Invalid::new("end", "is missing"))?;
        let start = when::instant(&start, zone).ok_or_else(|| out_of_range("start"))?;
        let end = when::instant(&end, zone).ok_or_else(|| out_of_range("end"))?;
        if end < start {
            return Err(before_start());
        }
        let at_home = |instant: Timestamp| match &home {
            Some(zone) => Moment::from(instant.to_zoned_datetime(zone.clone())),
            None => Moment::from(instant),
        };
        Ok(Some(Times::Instants(at_home(start), at_home(end))))
    }

    /// Whole days; without an end it is one.
    fn days(&self, start: &EventTime, end: Option<&EventTime>, zone: &TimeZone) -> Result<Times, Invalid> {
        let (first, _) = when::day(start, zone).ok_or_else(|| out_of_range("start"))?;
        let (end, time) = match end {
            Some(end) => when::day(end, zone).ok_or_else(|| out_of_range("end"))?,
            None => (first, Time::midnight()),
        };
        if end < first {
            return Err(before_start());
        }
        // An exclusive end within a day is that of the day; and one on the first day means the first.
        let is_next = self.exclusive_ends && time == Time::midnight() && end > first;
        let end = if is_next { end } else { end.tomorrow().map_err(|_| out_of_range("end"))? };
        Ok(Times::Days(first, end))
    }

    /// The rule, unless Google gets its lines as they are.
    fn recurrence(&self, provider: &Provider) -> Result<Option<Recurrence>, Invalid> {
        for name in ["recurringException", "recurringExceptionRule"] {
            let says = |value: &Value| match value {
                Value::Null => false,
                Value::Array(all) => !all.is_empty(),
                Value::String(text) => !text.trim().is_empty(),
                _ => true,
            };
            if self.other.get(name).is_some_and(says) {
                return Err(Invalid::new(
                    name,
                    "a series cannot be sent with exceptions: delete the occurrences",
                ));
            }
        }
        let rule = |event: &'_ Option<Value>| {
            event.as_ref()?.get("recurrence").filter(|rule| !rule.is_null()).cloned()
        };
        // Outlook gets what its own object says, as it is.
        let is_own = *provider == Provider::Microsoft && rule(&self.outlook_event).is_some();
        let google = rule(&self.google_event).filter(|_| !is_own);
        let text = match (&self.recurring, &google) {
            (None | Some(Value::Null), None) => return Ok(None),
            (Some(Value::String(text)), _) => text,
            (None | Some(Value::Null), Some(Value::Array(lines))) => match lines.as_slice() {
                [] => return Ok(None),
                // What only Google can say goes there as it is.
                [Value::String(line)] if *provider == Provider::Google => return Ok(line.parse().ok()),
                _ if *provider == Provider::Google => return Ok(None),
                [Value::String(line)] => line,
                _ => return Err(Invalid::new("googleEvent.recurrence", "has more than one rule")),
            },
            _ => {
                return Err(Invalid::new(
                    "recurring",
                    "is not the text of a rule, such as FREQ=DAILY;COUNT=5",
                ));
            }
        };
        text.parse().map(Some)
    }
}

/// What the Eventcalendar has for itself: how it shows an event, and what it lets its user do with it.
pub(super) const SHOWN: [&str; 15] = [
    "bufferAfter",
    "bufferBefore",
    "cellCssClass",
    "cssClass",
    "date",
    "dragBetweenResources",
    "dragBetweenSlots",
    "dragInTime",
    "order",
    "overlap",
    "recurringEventId",
    "resize",
    "slot",
    "textColor",
    "tooltip",
];

/// The fields that the page's title, times, description, location, own properties and rule stand over, in this order.
const GOOGLE_SAID: [&str; 8] = [
    "summary",
    "start",
    "end",
    "endTimeUnspecified",
    "description",
    "location",
    "extendedProperties",
    "recurrence",
];
const OUTLOOK_SAID: [&str; 8] = [
    "subject",
    "start",
    "end",
    "isAllDay",
    "body",
    "location",
    "singleValueExtendedProperties",
    "recurrence",
];

/// The fields that only a provider writes, by which an event that was read is known.
const READ_ONLY: [&str; 15] = [
    "@odata.etag",
    "changeKey",
    "created",
    "createdDateTime",
    "creator",
    "etag",
    "htmlLink",
    "iCalUID",
    "iCalUId",
    "id",
    "kind",
    "lastModifiedDateTime",
    "organizer",
    "updated",
    "webLink",
];

/// The fields of an event as it was read that can be written again.
const GOOGLE_WRITABLE: [&str; 16] = [
    "anyoneCanAddSelf",
    "attachments",
    "attendees",
    "colorId",
    "conferenceData",
    "description",
    "extendedProperties",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "location",
    "reminders",
    "source",
    "status",
    "transparency",
    "visibility",
];
const OUTLOOK_WRITABLE: [&str; 13] = [
    "allowNewTimeProposals",
    "attendees",
    "body",
    "categories",
    "hideAttendees",
    "importance",
    "isReminderOn",
    "location",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "sensitivity",
    "showAs",
    "singleValueExtendedProperties",
];

enum Times {
    Instants(Moment, Moment),
    /// The first, and the day after the last.
    Days(Date, Date),
}

fn read(field: &'static str, time: Option<&PageTime>) -> Result<Option<EventTime>, Invalid> {
    let unclear =
        || Invalid::new(field, "is no time: ISO 8601, the text of a JavaScript Date, or milliseconds");
    time.map(|time| when::read(time).ok_or_else(unclear)).transpose()
}

fn before_start() -> Invalid {
    Invalid::new("end", "is before the start")
}

fn out_of_range(field: &'static str) -> Invalid {
    Invalid::new(field, "is beyond the times there are")
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(Option::<Id>::deserialize(deserializer)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    }))
}
