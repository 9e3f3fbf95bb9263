//! Finds times at which people are free, and reports what the result rests on.
//!
//! ```text
//!   Person ── Reading of each account ─┐
//!                                      ├─▶ Query::run ─▶ Availability: slots and coverage
//!   Query: range, lengths, buffers ────┘
//! ```
//!
//! A free time is only as good as the calendars that were read. Each account of a person is a [`Reading`]:
//! what was read, when, and from where. What was not read is a [`Gap`], such as an account that needs a new
//! sign-in. [`OnGap`] chooses the meaning of a gap. The default returns an error, so that a missing calendar
//! never looks free.
//!
//! | Event | Time of the owner |
//! |---|---|
//! | cancelled | free |
//! | declined by the owner | free |
//! | free (transparent), working elsewhere | free |
//! | tentative, also by the reply of the owner | busy; free with [`Query::tentative_is_free`] |
//! | not replied yet | busy |
//! | out of office | busy |
//! | without length | free |
//! | all-day, with dates | busy from midnight to midnight in the owner's zone, also when the clocks change |
//! | local time without a zone | read in the owner's zone; a skipped time is later, of two the first counts |
//! | occurrence of a series | as a single event |
//! | a whole series, unexpanded | the gap [`UnexpandedSeries`](Gap::UnexpandedSeries) |
//! | with a time that cannot be read | the gap [`UnreadableTime`](Gap::UnreadableTime) |
//!
//! The functions use no clock and do no I/O. [`read`] and [`read_async`] create the readings of a
//! [backend](crate::backend).
//!
//! ```
//! use connect_calendars::availability::{Gap, OnGap, Person, Query, Reading};
//! use connect_calendars::busy::{Interval, WorkingHours};
//! use connect_core::types::Event;
//! use jiff::{SignedDuration, Timestamp, civil::time, tz::TimeZone};
//!
//! let now: Timestamp = "2026-12-14T07:00:00Z".parse()?;
//! let mut meeting = Event::new("google", "work", "e1");
//! (meeting.start, meeting.end) = (Some("2026-12-14T09:00:00Z".into()), Some("2026-12-14T15:00:00Z".into()));
//!
//! let hours = WorkingHours::new(TimeZone::UTC).on_weekdays(time(8, 0, 0, 0), time(16, 0, 0, 0))?;
//! let ada = Person::new("ada", TimeZone::UTC, hours)
//!     .reading(Reading::live("ada@gmail.example", now, vec![meeting]))
//!     .reading(Reading::missing("ada@outlook.example", Gap::ReauthRequired));
//!
//! let range = Interval::new(now, "2026-12-15T00:00:00Z".parse()?);
//! let query = Query::new(range, SignedDuration::from_hours(1), now);
//! assert!(query.run(&[ada.clone()])?.slots().is_err(), "refused: one account was not read");
//!
//! let found = query.on_gap(OnGap::Ignore).run(&[ada])?;
//! let slots = found.slots()?;
//! assert_eq!(slots[0].time.start, "2026-12-14T08:00:00Z".parse()?);
//! assert_eq!(slots[0].gaps, [1], "the slot is marked: it does not consider the second account");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod found;
mod query;
mod read;

use connect_core::{Error, types::Event};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::busy::{Interval, WorkingHours};

pub use found::{Availability, Coverage, Refused, Slot};
pub use query::{InvalidQuery, Need, OnGap, Query};
pub use read::{read, read_async};

/// A person, their working hours, and what is known about their calendars.
#[derive(Clone, Debug)]
#[must_use]
pub struct Person {
    pub(crate) id: String,
    pub(crate) zone: TimeZone,
    pub(crate) hours: WorkingHours,
    pub(crate) readings: Vec<Reading>,
}

impl Person {
    /// Creates a person without readings. `zone` is the zone of the person's all-day events.
    ///
    /// A person without a reading has the gap [`Gap::NothingRead`].
    pub fn new(id: impl Into<String>, zone: TimeZone, hours: WorkingHours) -> Self {
        Self { id: id.into(), zone, hours, readings: Vec::new() }
    }

    /// Adds what is known about one account.
    pub fn reading(mut self, reading: Reading) -> Self {
        self.readings.push(reading);
        self
    }

    /// Adds what is known about several accounts.
    pub fn readings(mut self, readings: impl IntoIterator<Item = Reading>) -> Self {
        self.readings.extend(readings);
        self
    }
}

/// What is known about the events of one account or calendar.
#[derive(Clone, Debug)]
#[must_use]
pub struct Reading {
    pub(crate) account: String,
    pub(crate) origin: ReadingOrigin,
    pub(crate) events: Vec<Event>,
    pub(crate) busy: Vec<Interval>,
    pub(crate) covered: Option<Interval>,
    pub(crate) gaps: Vec<Gap>,
}

/// Where the events of a reading come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadingOrigin {
    /// The service returned the events at this time.
    Live(Timestamp),
    /// The events are those of a copy, which was equal to the calendar at this time.
    Copy(Timestamp),
    /// Nothing was read.
    Nothing,
}

impl Reading {
    /// Creates the reading of an account whose events were just read. Pass occurrences, not whole series.
    pub fn live(account: impl Into<String>, read_at: Timestamp, events: Vec<Event>) -> Self {
        Self { events, ..Self::new(account.into(), ReadingOrigin::Live(read_at)) }
    }

    /// Creates the reading of an account from a copy that contains the events of `covered`.
    pub fn copy(account: impl Into<String>, as_of: Timestamp, covered: Interval, events: Vec<Event>) -> Self {
        Self { events, covered: Some(covered), ..Self::new(account.into(), ReadingOrigin::Copy(as_of)) }
    }

    /// Creates the reading of an account of which only the busy times are known. Has the gap
    /// [`Gap::OnlyFreeBusy`].
    pub fn free_busy(account: impl Into<String>, read_at: Timestamp, busy: Vec<Interval>) -> Self {
        let gaps = vec![Gap::OnlyFreeBusy];
        Self { busy, gaps, ..Self::new(account.into(), ReadingOrigin::Live(read_at)) }
    }

    /// Creates the reading of an account that could not be read.
    pub fn missing(account: impl Into<String>, gap: Gap) -> Self {
        Self { gaps: vec![gap], ..Self::new(account.into(), ReadingOrigin::Nothing) }
    }

    /// Adds a gap to what was read.
    pub fn with_gap(mut self, gap: Gap) -> Self {
        self.gaps.push(gap);
        self
    }

    fn new(account: String, origin: ReadingOrigin) -> Self {
        Self { account, origin, events: Vec::new(), busy: Vec::new(), covered: None, gaps: Vec::new() }
    }
}

/// The reason why the events of an account are not completely known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Gap {
    /// The account has no reading at all.
    NothingRead,
    /// The user has to sign in to the account again.
    ReauthRequired,
    /// The account has a state that this version does not know.
    UnknownState(String),
    /// The user did not grant access to the calendars of the account.
    PermissionWithheld,
    /// A request failed.
    Failed(Error),
    /// The copy is older than [`Query::max_age`] allows.
    Stale(SignedDuration),
    /// The copy does not contain all of the time that the query needs.
    OutsideCopy,
    /// Only the busy times are known, so tentative and declined events cannot be distinguished.
    OnlyFreeBusy,
    /// The event with this id is a series without its occurrences.
    UnexpandedSeries(String),
    /// The event with this id has no readable time.
    UnreadableTime(String),
}

impl Gap {
    /// Returns the name of the gap, such as `reauth_required`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NothingRead => "nothing_read",
            Self::ReauthRequired => "reauth_required",
            Self::UnknownState(_) => "unknown_state",
            Self::PermissionWithheld => "permission_withheld",
            Self::Failed(_) => "failed",
            Self::Stale(_) => "stale",
            Self::OutsideCopy => "outside_copy",
            Self::OnlyFreeBusy => "only_free_busy",
            Self::UnexpandedSeries(_) => "unexpanded_series",
            Self::UnreadableTime(_) => "unreadable_time",
        }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NothingRead => f.write_str("no calendar was read"),
            Self::ReauthRequired => f.write_str("the account needs a new sign-in"),
            Self::UnknownState(state) => write!(f, "the account has the unknown state {state:?}"),
            Self::PermissionWithheld => f.write_str("the access to the calendars was not granted"),
            Self::Failed(error) => write!(f, "the calendar could not be read: {error}"),
            Self::Stale(age) => write!(f, "the copy is {age:#} old"),
            Self::OutsideCopy => f.write_str("the copy does not contain the whole range"),
            Self::OnlyFreeBusy => f.write_str("only the busy times are known"),
            Self::UnexpandedSeries(id) => write!(f, "the series {id:?} was read without its occurrences"),
            Self::UnreadableTime(id) => write!(f, "the event {id:?} has no readable time"),
        }
    }
}
