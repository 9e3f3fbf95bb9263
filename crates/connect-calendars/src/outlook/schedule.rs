//! When people are busy.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Answer, Body, EventTime, Moment, Raw, Safety},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{json, value::RawValue};

use super::{
    answer::{Page, filled, list, object, read, text},
    endpoint::endpoint,
    preferences::Preferences,
    time::{self, Zone},
};
use crate::busy::Interval;

/// When people, rooms and things are busy (`POST /me/calendar/getSchedule`).
///
/// ```
/// # use connect_blocking::{Client, Request, Response};
/// # let answer = |_: Request| -> Result<Response, _> { Ok(Response::new(r#"{"value": [{"scheduleId": "ada@example.com", "scheduleItems": [
/// #     {"status": "busy", "start": {"dateTime": "2026-01-13T08:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-01-13T09:00:00", "timeZone": "UTC"}}]}]}"#.into())) };
/// # let client = Client::builder("id", "secret", "https://app.example/callback").profile(connect_calendars::microsoft::profile(&connect_calendars::microsoft::Tenant::Common))
/// #     .base_url(connect_calendars::outlook::BASE_URL).transport(answer).build()?;
/// # let user = client.user("user-123");
/// # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24));
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
    /// The schedules of these e-mail addresses.
    pub fn new<T: Into<String>>(
        mailboxes: impl IntoIterator<Item = T>,
        start: impl Into<Moment>,
        end: impl Into<Moment>,
    ) -> Self {
        let mailboxes = mailboxes.into_iter().map(Into::into).collect();
        let (start, end) = (start.into().timestamp(), end.into().timestamp());
        Self { mailboxes, start, end, interval: 30, prefer: Preferences::default() }
    }

    /// In steps of so many minutes, 5 to 1440; 30, unless given. It matters for who shows no more than that they are busy.
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
            return Err(Error::validation("end: is not after the start"));
        }
        if !(5..=1440).contains(&self.interval) {
            return Err(Error::validation("interval: is not within 5 to 1440 minutes"));
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

    /// It only asks.
    fn safety(&self) -> Safety {
        Safety::Safe
    }

    fn decode(&self, response: &Response) -> Result<Schedules, Error> {
        let page: Page = read(response, Safety::Safe)?;
        let steps = Some((self.start, SignedDuration::from_mins(self.interval.into()), self.end));
        Ok(Schedules { mailboxes: page.value.into_iter().map(|raw| schedule(raw, steps)).collect() })
    }
});

/// What was asked: one schedule for each address.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Schedules {
    /// The schedules.
    pub mailboxes: Vec<Schedule>,
}

/// When one of them is busy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Schedule {
    /// The e-mail address.
    pub address: String,
    /// The times that are taken, in their order: all but those that are shown as free. Or why they cannot be told.
    pub busy: Result<Vec<Interval>, Error>,
    /// Graph's own object.
    pub original: Raw,
}

impl<'de> Deserialize<'de> for Schedules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = Page::deserialize(deserializer)?;
        Ok(Self { mailboxes: page.value.into_iter().map(|raw| schedule(raw, None)).collect() })
    }
}

impl Answer for Schedules {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item<'a> {
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

/// The steps of the digits: where they begin, how long one is, and where they end.
type Steps = Option<(Timestamp, SignedDuration, Timestamp)>;

fn schedule(raw: Raw, steps: Steps) -> Schedule {
    let item: Item<'_> = raw.decode().unwrap_or_default();
    let address = text(item.schedule_id).unwrap_or_default();
    let busy = match refusal(&item) {
        Some(error) => Err(error),
        None => busy(&item, steps),
    };
    Schedule { address, busy, original: raw }
}

fn refusal(item: &Item<'_>) -> Option<Error> {
    let error: Item<'_> = object(Some(item.error?));
    let (code, message) = (filled(error.response_code), filled(error.message));
    let told = Error::new(connect_core::ErrorKind::Http)
        .with_message(message.unwrap_or_else(|| "the schedule cannot be told".to_owned()));
    Some(match code {
        Some(code) => told.with_server_code(code),
        None => told,
    })
}

/// The entries, or the digits where an entry cannot be read or there is none: those also show what has no entry.
fn busy(item: &Item<'_>, steps: Steps) -> Result<Vec<Interval>, Error> {
    let entries = list(item.schedule_items);
    let read: Option<Vec<_>> = entries.iter().map(|raw| entry(raw)).collect();
    let mut busy: Vec<Interval> = match (read, text(item.availability_view).zip(steps)) {
        (Some(read), _) if !read.is_empty() => read.into_iter().flatten().collect(),
        (_, Some((digits, steps))) => from_digits(&digits, steps),
        (Some(_), None) => Vec::new(),
        (None, None) => {
            let kind = connect_core::ErrorKind::Decode { path: "scheduleItems".into(), offset: 0 };
            return Err(Error::new(kind).with_message("a time of the schedule cannot be read"));
        }
    };
    busy.sort_unstable();
    Ok(busy)
}

/// Nothing in it where it is free; nothing at all where it cannot be read.
fn entry(raw: &RawValue) -> Option<Option<Interval>> {
    let item: Item<'_> = object(Some(raw));
    if matches!(text(item.status).as_deref(), Some("free" | "workingElsewhere")) {
        return Some(None);
    }
    let instant = |raw| time::read(raw, false).and_then(|time| time.instant());
    Some(Some(Interval { start: instant(item.start)?, end: instant(item.end)? }))
}

/// A digit for each step, 0 where it is free and 4 where somebody works elsewhere, who can be booked; neighbours make one interval.
fn from_digits(digits: &str, (start, step, end): (Timestamp, SignedDuration, Timestamp)) -> Vec<Interval> {
    let mut busy: Vec<Interval> = Vec::new();
    let mut at = start;
    for digit in digits.chars() {
        let Ok(next) = at.checked_add(step) else { break };
        let next = next.min(end);
        if at >= end {
            break;
        }
        match busy.last_mut() {
            _ if matches!(digit, '0' | '4') => {}
            Some(last) if last.end == at => last.end = next,
            _ => busy.push(Interval { start: at, end: next }),
        }
        at = next;
    }
    busy
}
