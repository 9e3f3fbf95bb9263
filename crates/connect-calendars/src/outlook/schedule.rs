//! The call that returns when people are busy.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Body, EventTime, Moment, Raw, ResponseBody, Safety},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{json, value::RawValue};

use super::{
    endpoint::endpoint,
    preferences::Preferences,
    response::{ODataPage, list, non_empty_text, object, read, text},
    time::{self, Zone},
};
use crate::busy::Interval;

/// Reads when people, rooms and equipment are busy (`POST /me/calendar/getSchedule`).
///
/// ```
/// # use connect_blocking::{Client, Request, Response};
/// # let respond = |_: Request| -> Result<Response, _> {
/// #     Ok(Response::new(r#"{"value": [{"scheduleId": "ada", "scheduleItems": [{"status": "busy",
/// #         "start": {"dateTime": "2026-01-13T08:00:00", "timeZone": "UTC"},
/// #         "end": {"dateTime": "2026-01-13T09:00:00", "timeZone": "UTC"}}]}]}"#.into()))
/// # };
/// # let client = Client::builder("id", "secret")
/// #     .profile(connect_calendars::microsoft::profile(&connect_calendars::microsoft::Tenant::Common))
/// #     .base_url(connect_calendars::outlook::BASE_URL).transport(respond).build()?;
/// # let user = client.user("user-123");
/// # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
/// # let start = jiff::Timestamp::UNIX_EPOCH;
/// # let end = start + jiff::SignedDuration::from_hours(24);
/// use connect_calendars::outlook::GetSchedule;
///
/// let schedules = user.send(&GetSchedule::new(["ada@example.com"], start, end))?;
/// for interval in schedules.mailboxes[0].busy.as_ref().map_err(Clone::clone)? {
///     println!("{} to {}", interval.start, interval.end);
/// }
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetSchedule {
    mailboxes: Vec<String>,
    start: Timestamp,
    end: Timestamp,
    interval: u32,
    prefer: Preferences,
}

impl GetSchedule {
    /// Creates the call for e-mail addresses and a date range.
    pub fn new<T: Into<String>>(
        mailboxes: impl IntoIterator<Item = T>,
        start: impl Into<Moment>,
        end: impl Into<Moment>,
    ) -> Self {
        let mailboxes = mailboxes.into_iter().map(Into::into).collect();
        let (start, end) = (start.into().timestamp(), end.into().timestamp());
        Self { mailboxes, start, end, interval: 30, prefer: Preferences::default() }
    }

    /// Sets the length of a time slot in minutes, 5 to 1440; the default is 30.
    ///
    /// If the response has no schedule items for an address, the busy times of the address are read from the
    /// slots, and are only as precise as a slot.
    pub fn interval(mut self, minutes: u32) -> Self {
        self.interval = minutes;
        self
    }
}

endpoint!(GetSchedule: POST "/me/calendar/getSchedule" -> Schedules {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok("/me/calendar/getSchedule".into())
    }

    fn body(&self) -> Result<Body, Error> {
        if self.end <= self.start {
            return Err(Error::validation("end: must be after the start"));
        }
        if !(5..=1440).contains(&self.interval) {
            return Err(Error::validation("interval: must be from 5 to 1440 minutes"));
        }
        let utc = Zone::utc();
        let body = json!({
            "schedules": self.mailboxes,
            "startTime": utc.write("start", &EventTime::Instant(self.start))?,
            "endTime": utc.write("end", &EventTime::Instant(self.end))?,
            "availabilityViewInterval": self.interval,
        });
        Ok(Body::Json(body.to_string()))
    }

    fn safety(&self) -> Safety {
        Safety::Safe
    }

    fn decode(&self, response: &Response) -> Result<Schedules, Error> {
        let page: ODataPage = read(response, Safety::Safe)?;
        let slots = Some((self.start, SignedDuration::from_mins(self.interval.into()), self.end));
        Ok(Schedules { mailboxes: page.value.into_iter().map(|raw| schedule(raw, slots)).collect() })
    }
});

/// The response to [`GetSchedule`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Schedules {
    /// One schedule for each address.
    pub mailboxes: Vec<Schedule>,
}

/// The schedule of one address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Schedule {
    /// The e-mail address.
    pub address: String,
    /// The busy times, sorted, or an error if they are unknown. A person who works elsewhere is not
    /// busy.
    pub busy: Result<Vec<Interval>, Error>,
    /// Graph's JSON object.
    pub original: Raw,
}

impl<'de> Deserialize<'de> for Schedules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = ODataPage::deserialize(deserializer)?;
        Ok(Self { mailboxes: page.value.into_iter().map(|raw| schedule(raw, None)).collect() })
    }
}

impl ResponseBody for Schedules {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScheduleJson<'a> {
    #[serde(borrow)]
    schedule_id: Option<&'a RawValue>,
    #[serde(borrow)]
    schedule_items: Option<&'a RawValue>,
    #[serde(borrow)]
    availability_view: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    response_code: Option<&'a RawValue>,
}

/// The start of an `availabilityView`, the length of its time slots, and its end.
type Slots = Option<(Timestamp, SignedDuration, Timestamp)>;

fn schedule(raw: Raw, slots: Slots) -> Schedule {
    let item: ScheduleJson<'_> = raw.decode().unwrap_or_default();
    let address = text(item.schedule_id).unwrap_or_default();
    let busy = match schedule_error(&item) {
        Some(error) => Err(error),
        None => busy(&item, slots),
    };
    Schedule { address, busy, original: raw }
}

fn schedule_error(item: &ScheduleJson<'_>) -> Option<Error> {
    let error: ScheduleJson<'_> = object(Some(item.error?));
    let (code, message) = (non_empty_text(error.response_code), non_empty_text(error.message));
    let unavailable = Error::new(connect_core::ErrorKind::Http)
        .with_message(message.unwrap_or_else(|| "the schedule is not available".to_owned()));
    Some(match code {
        Some(code) => unavailable.with_server_code(code),
        None => unavailable,
    })
}

/// Returns the busy times of the schedule items, or of the `availabilityView`.
///
/// The view is used if an item is unreadable. The view is also used if there are no items, because
/// the view shows busy times that have no item.
fn busy(item: &ScheduleJson<'_>, slots: Slots) -> Result<Vec<Interval>, Error> {
    let entries = list(item.schedule_items);
    let read: Option<Vec<_>> = entries.iter().map(|raw| busy_interval(raw)).collect();
    let mut busy: Vec<Interval> = match (read, text(item.availability_view).zip(slots)) {
        (Some(read), _) if !read.is_empty() => read.into_iter().flatten().collect(),
        (_, Some((view, slots))) => busy_from_view(&view, slots),
        (Some(_), None) => Vec::new(),
        (None, None) => {
            let kind = connect_core::ErrorKind::Decode { path: "scheduleItems".into(), offset: 0 };
            return Err(Error::new(kind).with_message("the schedule contains an invalid time"));
        }
    };
    busy.sort_unstable();
    Ok(busy)
}

/// Returns the interval of a busy item; `Some(None)` for a free item, `None` for an unreadable item.
fn busy_interval(raw: &RawValue) -> Option<Option<Interval>> {
    let item: ScheduleJson<'_> = object(Some(raw));
    if matches!(text(item.status).as_deref(), Some("free" | "workingElsewhere")) {
        return Some(None);
    }
    let instant = |raw| time::read(raw, false).and_then(|time| time.instant());
    Some(Some(Interval { start: instant(item.start)?, end: instant(item.end)? }))
}

/// Converts an `availabilityView`, which has one digit for each slot. Merges adjacent busy slots.
///
/// The digits 0 (free) and 4 (working elsewhere) are not busy.
fn busy_from_view(view: &str, (start, slot, end): (Timestamp, SignedDuration, Timestamp)) -> Vec<Interval> {
    let mut busy: Vec<Interval> = Vec::new();
    let mut slot_start = start;
    for digit in view.chars() {
        let Ok(next) = slot_start.checked_add(slot) else { break };
        let next = next.min(end);
        if slot_start >= end {
            break;
        }
        match busy.last_mut() {
            _ if matches!(digit, '0' | '4') => {}
            Some(last) if last.end == slot_start => last.end = next,
            _ => busy.push(Interval { start: slot_start, end: next }),
        }
        slot_start = next;
    }
    busy
}
