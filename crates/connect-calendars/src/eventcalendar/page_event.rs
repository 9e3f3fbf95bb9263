//! Converts JSON from a web page that shows an Eventcalendar to requests.

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
    data::{CUSTOM_FIELD, RESERVED_FIELDS},
    when,
};

/// An event in the JSON that an Eventcalendar page sends. Deserialize this type with serde.
///
/// * `googleEvent` and `outlookEvent` are sent to their provider, for updates and new events. The
///   `title`, times, `description` and `location` of the page replace the same values in these
///   objects. If an object has an entity tag, an id or another field that only the provider writes,
///   the object comes from the provider. Of that object, only the writable fields are sent. A
///   request with a `googleEvent` or an `outlookEvent` cannot be sent through Mobiscroll Connect.
/// * Properties that the Eventcalendar does not define (`"room": "A1"`) become `custom` fields of the event.
///   Properties that only affect the display (`color`, `resource`, `tooltip` and others) are not sent, unless
///   [`data`](super::data) wrote them as custom fields, in `connectCustom`.
/// * `timezone` is the zone of a series, and of times without a zone.
/// * A series with `recurringException` or `recurringExceptionRule` is refused, because requests cannot
///   contain exceptions.
///
/// ```
/// use connect_core::types::{Event, EventFields};
/// use connect_calendars::eventcalendar::PageEvent;
///
/// let sent: PageEvent = serde_json::from_str(
///     r#"{"id": 1, "title": "Trip", "allDay": true, "start": "2026-02-20", "end": "2026-02-11"}"#,
/// )?;
/// let error = sent.new_event(("google", "work")).unwrap_err();
/// assert_eq!(error.to_string(), "end: the event ends before it starts");
///
/// let sent: PageEvent = serde_json::from_str(
///     r#"{"id": "e1", "allDay": true, "start": "2026-02-20", "end": "2026-02-20"}"#,
/// )?;
/// let change = sent.change(Event::new("google", "work", "e1").change()?)?;
/// assert_eq!(change.fields()?.end.map(|end| end.to_string()).as_deref(), Some("2026-02-21"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PageEvent {
    /// The id. A number in the JSON is converted to decimal text.
    #[serde(deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// When the event begins.
    pub start: Option<PageTime>,
    /// When the event ends.
    pub end: Option<PageTime>,
    /// Whether the event is all-day. Default: true if the times of the event are dates.
    pub all_day: Option<bool>,
    /// The description.
    pub description: Option<String>,
    /// The location.
    pub location: Option<String>,
    /// The recurrence. Only the text form of a rule is supported.
    pub recurring: Option<Value>,
    /// The IANA time zone of the event.
    pub timezone: Option<String>,
    /// The object to send to Google. The `recurrence` of this object is also used for Outlook if
    /// `outlook_event` has no `recurrence`.
    pub google_event: Option<Value>,
    /// The object to send to Outlook.
    pub outlook_event: Option<Value>,
    /// All other properties.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
    #[serde(skip)]
    zone: Option<TimeZone>,
    #[serde(skip)]
    exclusive_ends: bool,
}

/// A time in the JSON of a page: ISO 8601, the text of a JavaScript `Date`, or milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PageTime {
    /// Milliseconds since 1970, as from `Date.prototype.getTime()`.
    Millis(i64),
    /// A text.
    Text(String),
}

impl PageEvent {
    /// Sets the zone of times without a zone. Default UTC. The instants of an all-day event are converted to
    /// days in this zone. `timezone` takes precedence over this zone.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Reads the end of an all-day event as the day after its last day. Call this method for an
    /// Eventcalendar with `exclusiveEndDates` or a time zone.
    #[must_use]
    pub fn exclusive_ends(mut self) -> Self {
        self.exclusive_ends = true;
        self
    }

    /// Returns the request that creates the event in a calendar.
    ///
    /// # Errors
    /// If a time is missing or unreadable, the event ends before it starts, or its recurrence cannot be sent.
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

    /// Adds the fields of this page event to an update.
    ///
    /// [`Event::change`](connect_core::types::Event::change) creates the update. For an occurrence, the
    /// update affects that occurrence only. `recurring` is ignored.
    ///
    /// # Errors
    /// If only one of `start` and `end` is given (an all-day event needs only `start`), a time is unreadable,
    /// or the event ends before it starts.
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

    /// The custom fields: `connectCustom`, and all properties that are neither reserved nor for display.
    ///
    /// A display property of the page replaces the field with the same name in `connectCustom`.
    fn custom(&self) -> Result<Option<Raw>, Invalid> {
        let own = |name: &str| !RESERVED_FIELDS.contains(&name) && !DISPLAY_FIELDS.contains(&name);
        let mut own: BTreeMap<_, _> = self.other.iter().filter(|(name, _)| own(name)).collect();
        match self.other.get(CUSTOM_FIELD) {
            None | Some(Value::Null) => {}
            Some(Value::Object(taken)) => own.extend(taken.iter().map(|(name, value)| {
                let shown = self.other.get(name).filter(|_| DISPLAY_FIELDS.contains(&name.as_str()));
                (name, shown.unwrap_or(value))
            })),
            Some(_) => return Err(Invalid::new(CUSTOM_FIELD, "is not a JSON object")),
        }
        if own.is_empty() {
            return Ok(None);
        }
        Raw::from_value(&own).map(Some).map_err(|error| Invalid::new("custom", error.to_string()))
    }

    /// The fields of `googleEvent` or `outlookEvent` that are sent to the provider.
    ///
    /// A field is omitted if the page sets the same value in another property.
    fn provider_fields(&self, provider: &Provider, is_new: bool) -> Result<Option<Raw>, Invalid> {
        let (name, object, replaced, writable, tag): (_, _, _, &[&str], _) = match provider {
            Provider::Google => {
                ("googleEvent", &self.google_event, GOOGLE_REPLACED, &GOOGLE_WRITABLE, "etag")
            }
            Provider::Microsoft => {
                ("outlookEvent", &self.outlook_event, OUTLOOK_REPLACED, &OUTLOOK_WRITABLE, "@odata.etag")
            }
            _ => return Ok(None),
        };
        let object = match object {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(object)) => object,
            Some(_) => return Err(Invalid::new(name, "is not a JSON object")),
        };
        let page_sets = [
            self.title.is_some(),
            self.start.is_some(),
            self.start.is_some(),
            self.start.is_some(),
            self.description.is_some(),
            self.location.is_some(),
            self.custom()?.is_some(),
            // The rule comes from `recurring` or from the object; updates send no rule.
            !is_new || self.recurrence(provider)?.is_some(),
        ];
        let is_read = object.keys().any(|field| PROVIDER_FIELDS.contains(&field.as_str()));
        let sent: BTreeMap<_, _> = object
            .iter()
            .filter(|(field, _)| {
                !replaced.iter().zip(page_sets).any(|(replaced, page_sets)| page_sets && replaced == field)
            })
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
            crate::zones::named(name).ok_or_else(|| {
                Invalid::new(
                    "timezone",
                    format!("{name:?} is not a known time zone (expected a name such as Europe/Berlin)"),
                )
            })
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
            return Err(ends_before_start());
        }
        let at_home = |instant: Timestamp| match &home {
            Some(zone) => Moment::from(instant.to_zoned_datetime(zone.clone())),
            None => Moment::from(instant),
        };
        Ok(Some(Times::Instants(at_home(start), at_home(end))))
    }

    /// The days of an all-day event. Without an end, the event lasts one day.
    fn days(&self, start: &EventTime, end: Option<&EventTime>, zone: &TimeZone) -> Result<Times, Invalid> {
        let (first, _) = when::day(start, zone).ok_or_else(|| out_of_range("start"))?;
        let (end, time) = match end {
            Some(end) => when::day(end, zone).ok_or_else(|| out_of_range("end"))?,
            None => (first, Time::midnight()),
        };
        if end < first {
            return Err(ends_before_start());
        }
        // Even with exclusive ends, an end within a day, or on the first day, includes that day.
        let is_next = self.exclusive_ends && time == Time::midnight() && end > first;
        let end = if is_next { end } else { end.tomorrow().map_err(|_| out_of_range("end"))? };
        Ok(Times::Days(first, end))
    }

    /// The `recurrence` to set in the request.
    ///
    /// `None` if the page sent no rule, or if the rule is sent unchanged in `googleEvent` or `outlookEvent`.
    fn recurrence(&self, provider: &Provider) -> Result<Option<Recurrence>, Invalid> {
        for name in ["recurringException", "recurringExceptionRule"] {
            let is_set = |value: &Value| match value {
                Value::Null => false,
                Value::Array(all) => !all.is_empty(),
                Value::String(text) => !text.trim().is_empty(),
                _ => true,
            };
            if self.other.get(name).is_some_and(is_set) {
                return Err(Invalid::new(
                    name,
                    "exceptions of a series cannot be sent (delete the occurrences instead)",
                ));
            }
        }
        let rule = |event: &'_ Option<Value>| {
            event.as_ref()?.get("recurrence").filter(|rule| !rule.is_null()).cloned()
        };
        // Outlook receives the recurrence of `outlookEvent` unchanged.
        let is_own = *provider == Provider::Microsoft && rule(&self.outlook_event).is_some();
        let google = rule(&self.google_event).filter(|_| !is_own);
        let text = match (&self.recurring, &google) {
            (None | Some(Value::Null), None) => return Ok(None),
            (Some(Value::String(text)), _) => text,
            (None | Some(Value::Null), Some(Value::Array(lines))) => match lines.as_slice() {
                [] => return Ok(None),
                // Rules that only Google supports are sent to Google unchanged.
                [Value::String(line)] if *provider == Provider::Google => return Ok(line.parse().ok()),
                _ if *provider == Provider::Google => return Ok(None),
                [Value::String(line)] => line,
                _ => {
                    return Err(Invalid::new(
                        "googleEvent.recurrence",
                        "is not a list with a single rule (expected a list such as [\"RRULE:FREQ=DAILY\"])",
                    ));
                }
            },
            _ => {
                return Err(Invalid::new(
                    "recurring",
                    "is not the text of a rule (expected a rule such as FREQ=DAILY;COUNT=5)",
                ));
            }
        };
        text.parse().map(Some)
    }
}

/// Fields that only control how the Eventcalendar shows an event and what users can do with it.
pub(super) const DISPLAY_FIELDS: [&str; 15] = [
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

/// The fields of `googleEvent` that are not sent if another property of the page sets the value.
/// The order of the fields is that of `page_sets` in `provider_fields`.
const GOOGLE_REPLACED: [&str; 8] = [
    "summary",
    "start",
    "end",
    "endTimeUnspecified",
    "description",
    "location",
    "extendedProperties",
    "recurrence",
];
/// The fields of `outlookEvent` that are not sent if another property of the page sets the value.
/// The order of the fields is that of `page_sets` in `provider_fields`.
const OUTLOOK_REPLACED: [&str; 8] = [
    "subject",
    "start",
    "end",
    "isAllDay",
    "body",
    "location",
    "singleValueExtendedProperties",
    "recurrence",
];

/// Fields that only a provider writes. An object with one of these fields comes from the provider.
const PROVIDER_FIELDS: [&str; 15] = [
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

/// The fields that are sent back to Google in an object that comes from Google.
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
/// The fields that are sent back to Outlook in an object that comes from Outlook.
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
    /// The first day, and the day after the last day.
    Days(Date, Date),
}

fn read(field: &'static str, time: Option<&PageTime>) -> Result<Option<EventTime>, Invalid> {
    let unclear = || {
        Invalid::new(
            field,
            "is not a time (expected ISO 8601, the text of a JavaScript Date, or milliseconds since 1970)",
        )
    };
    time.map(|time| when::read(time).ok_or_else(unclear)).transpose()
}

fn ends_before_start() -> Invalid {
    Invalid::new("end", "the event ends before it starts")
}

fn out_of_range(field: &'static str) -> Invalid {
    Invalid::new(field, "is out of range (expected a year from -9999 to 9999)")
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
