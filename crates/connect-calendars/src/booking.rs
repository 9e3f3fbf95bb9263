//! Books a time so that two bookers never both get it.
//!
//! The API of no service can book a free time in one request. [`book`] and [`book_async`] therefore create a
//! hold: the event without its guests, with a mark. A hold becomes a booking only after the
//! calendar was read again.
//!
//! ```text
//!   read ─> free? ─> create the hold ─> read ─┬─ alone ────────────> confirm ─> read ─> add the guests
//!            │no                         ^    ├─ a smaller key ────> withdraw
//!            v                           │    ├─ a busy event ─────> withdraw
//!          Taken                         └────┴─ only larger keys ─> wait until they are gone
//! ```
//!
//! Rules, for bookers of any process and machine:
//!
//! * A confirmed booking, or any other event that claims the time, stands. A booker that sees one withdraws.
//! * Of holds that see each other, the hold with the smallest key stays, and is confirmed once the others are
//!   gone.
//! * A hold lapses at the end of its lease, by default [`LEASE`]. Its booker never confirms it later. Another
//!   booker deletes a lapsed hold before it confirms its own, so that a late confirmation fails.
//! * Guests are added, and notified, only after the confirmation. A booker that withdraws deletes its own
//!   event, which has no guests.
//!
//! [`Booking::reschedule`] gives an existing event a new time by the same rules. The hold is then a
//! placeholder, which is deleted after the event was changed.
//!
//! Clocks only matter if a booker stops: its hold lapses by the clock of another machine. Clocks may differ
//! by [`CLOCK_TOLERANCE`].
//!
//! The rules need a service that lists an event as soon as the response to its creation arrives. Bookers of
//! one calendar may use different services, such as Connect and Google: a hold has its mark in the
//! description, which every service shows. A booker that sees no description, because it sees only free-busy
//! times, withdraws.
//!
//! A booker that is interrupted continues if it calls the function again with the same key, at the same
//! service, before the lease ends.
//!
//! ```
//! # use connect_calendars::{backend::CalendarBackend, booking::{BookOutcome, Booking, book}};
//! # use connect_core::{Error, types::NewEvent};
//! # use jiff::tz::TimeZone;
//! fn reserve(calendars: &dyn CalendarBackend, event: NewEvent) -> Result<bool, Error> {
//!     let booking = Booking::new(event.attendee("ann@example.org"), "order-17", TimeZone::UTC)?;
//!     Ok(matches!(book(calendars, &booking)?, BookOutcome::Booked(_)))
//! }
//! ```

mod decide;
#[cfg(test)]
mod tests;

use std::{future::Future, time::Duration};

use connect_core::{
    CreateOutcome, Error, ErrorKind,
    types::{
        CalendarRef, DeleteEvent, Event, EventRef, EventTime, NewEvent, Patch, Recurrence, SeriesMode,
        UpdateEvent,
    },
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use self::decide::{Decision, Mark, Progress, decide, is_at};
use crate::{
    EventSeries as _,
    backend::{AsyncCalendarBackend, CalendarBackend, Gathered},
    busy::{self, Interval, merge},
};

pub use decide::Conflict;

/// The default lease of a hold.
pub const LEASE: Duration = Duration::from_secs(60);

/// A booker treats the hold of another booker as lapsed this long after the end of the lease.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// How many occurrences of a series are checked.
pub const MAX_OCCURRENCES: usize = 400;

/// How many days of a series are checked, from its start.
pub const MAX_DAYS: i64 = 800;

/// The description of a confirmed placeholder.
const PLACEHOLDER: &str =
    "This time is kept for an event that is being moved. If this entry remains, delete it.";

/// The time between two reads of a booker that waits.
const POLL: Duration = Duration::from_millis(200);

/// How often a booker repeats a step whose response was lost.
const MAX_FAILURES: u32 = 5;

/// An event to book.
#[derive(Clone, Debug)]
#[must_use]
pub struct Booking {
    /// The event to create, without guests; for a new time, the placeholder.
    event: NewEvent,
    description: Option<String>,
    guests: Vec<String>,
    change: Option<Change>,
    key: String,
    checks: Vec<CalendarRef>,
    zone: TimeZone,
    times: Vec<Interval>,
    lease: Duration,
}

/// The change that gives an existing event its new time.
#[derive(Clone, Debug)]
struct Change {
    request: UpdateEvent,
    event: EventRef,
    /// The new time; `None` for a series.
    time: Option<Interval>,
}

/// The outcome of a booking.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BookOutcome {
    /// The event is booked, and its guests were added; or the existing event has its new time.
    Booked(Event),
    /// The event is booked, but its guests could not be added.
    ///
    /// To add them, book again with the same key.
    WithoutGuests(Event, Error),
    /// The time is not free. No event of this booking remains, and an existing event has its old time.
    Taken(Conflict),
}

impl Booking {
    /// Creates a booking.
    ///
    /// `key` identifies the booking, and must not be used for another one. `zone` is the zone of the owner's
    /// all-day events. A series is checked occurrence by occurrence, up to [`MAX_OCCURRENCES`] and
    /// [`MAX_DAYS`].
    ///
    /// # Errors
    /// If the key is empty, or the event has no time.
    pub fn new(mut event: NewEvent, key: impl Into<String>, zone: TimeZone) -> Result<Self, Error> {
        let key = key.into();
        if key.is_empty() {
            return Err(Error::validation("the key of a booking must not be empty"));
        }
        let guests = event.take_attendees();
        let description = match event.fields()?.description {
            Patch::Set(text) => Some(text),
            _ => None,
        };
        let single = event.occurrences(&zone, jiff::civil::Date::MIN, 1);
        let start = event.occurrences(&zone, jiff::civil::Date::MAX, 1).first().or(single.first()).copied();
        let horizon = start.and_then(|(start, _)| {
            let day = zone.to_datetime(start).date();
            day.checked_add(SignedDuration::from_hours(24 * MAX_DAYS)).ok()
        });
        let horizon = horizon.unwrap_or(jiff::civil::Date::MAX);
        let times = event.occurrences(&zone, horizon, MAX_OCCURRENCES);
        let times: Vec<_> = times.into_iter().map(|(start, end)| Interval::new(start, end)).collect();
        if times.is_empty() || times.iter().any(|time| time.end <= time.start) {
            return Err(Error::validation("the event to book does not end after its start"));
        }
        let checks = vec![event.target()];
        Ok(Self { event, description, guests, change: None, key, checks, zone, times, lease: LEASE })
    }

    /// Creates a booking that gives an existing event a new time.
    ///
    /// `change` must set the start and the end, and may change other fields too. `event` itself is left out
    /// of the check, so it may overlap its new time. If `change` applies to a whole series, `event` must be
    /// the series, or `change` must set the recurrence: each occurrence is checked.
    ///
    /// The booker holds the new time with a placeholder: a separate event without guests. The booker then
    /// sends the change, which notifies the guests, and deletes the placeholder.
    ///
    /// ```
    /// # use connect_calendars::{backend::CalendarBackend, booking::{BookOutcome, Booking, book}};
    /// # use connect_core::{Error, types::Event};
    /// # use jiff::{Timestamp, tz::TimeZone};
    /// fn move_to(
    ///     calendars: &dyn CalendarBackend,
    ///     event: &Event,
    ///     start: Timestamp,
    ///     end: Timestamp,
    /// ) -> Result<bool, Error> {
    ///     let change = event.change()?.time(start, end);
    ///     let booking = Booking::reschedule(event, change, "move-17", TimeZone::UTC)?;
    ///     Ok(matches!(book(calendars, &booking)?, BookOutcome::Booked(_)))
    /// }
    /// ```
    ///
    /// # Errors
    /// If the key is empty, `change` does not set the start and the end, `change` applies to an occurrence
    /// and all later ones, or the rule of the series is unknown.
    pub fn reschedule(
        event: &Event,
        change: UpdateEvent,
        key: impl Into<String>,
        zone: TimeZone,
    ) -> Result<Self, Error> {
        let (fields, target) = (change.fields()?, change.event());
        let Some((start, end)) = fields.start.zip(fields.end) else {
            return Err(Error::validation("the change does not set the start and the end of the event"));
        };
        let (rule, rule_zone) = match (fields.recurrence, target.mode) {
            (_, Some(SeriesMode::Following)) => {
                return Err(Error::validation(
                    "a change of an occurrence and all later ones cannot be booked (expected one event, or the whole series)",
                ));
            }
            (Patch::Set(rule), _) => (Some(rule), None),
            (Patch::Keep, Some(SeriesMode::All)) => rule_of(event)?,
            _ => (None, None),
        };
        let title = fields.title.as_deref().unwrap_or(&event.title);
        let start_zone = fields.start_zone.or(rule_zone);
        let placeholder = match (start, end) {
            (EventTime::Date(first), EventTime::Date(end)) => {
                NewEvent::all_day(target.calendar.clone(), title, first, end)
            }
            (start, end) => {
                let zone = start_zone.unwrap_or(TimeZone::UTC);
                let at = |time: &EventTime| time.instant().map(|at| at.to_zoned_datetime(zone.clone()));
                let Some((start, end)) = at(&start).zip(at(&end)) else {
                    return Err(Error::validation("the start or the end of the change is not an instant"));
                };
                NewEvent::new(target.calendar.clone(), title, start, end)
            }
        };
        let placeholder = match rule {
            Some(rule) => placeholder.recurrence(rule),
            None => placeholder,
        };
        let placeholder = match fields.privacy.as_ref().or(event.privacy.as_ref()) {
            Some(privacy) => placeholder.privacy(privacy.clone()),
            None => placeholder,
        };
        let is_single = target.mode != Some(SeriesMode::All)
            || event.change().is_ok() && event.recurring_event_id.is_none();
        let mut booking = Self::new(placeholder.description(PLACEHOLDER), key, zone)?;
        let time = booking.times.first().copied().filter(|_| is_single && booking.times.len() == 1);
        booking.change = Some(Change { request: change, event: target, time });
        Ok(booking)
    }

    /// Returns whether this is the event that gets a new time, or one of its occurrences.
    fn reschedules(&self, event: &Event) -> bool {
        self.change.as_ref().is_some_and(|change| {
            let target = &change.event;
            let is_same = match (&target.mode, &target.recurring_event_id) {
                (Some(SeriesMode::All), series) => {
                    let series = series.as_ref().unwrap_or(&target.id);
                    event.id == *series || event.recurring_event_id.as_ref() == Some(series)
                }
                _ => event.id == target.id,
            };
            is_same && is_at(event, &target.calendar)
        })
    }

    /// Returns whether the existing event has its new time. False for a series.
    fn gives_time(&self, event: &Event) -> bool {
        let time = self.change.as_ref().and_then(|change| change.time);
        self.reschedules(event) && time.is_some() && busy::times(event, &self.zone) == time
    }

    /// Returns the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Requires that the time is free in this calendar too.
    pub fn check(mut self, calendar: impl Into<CalendarRef>) -> Self {
        let calendar = calendar.into();
        if !self.checks.contains(&calendar) {
            self.checks.push(calendar);
        }
        self
    }

    /// Requires free time before and after each occurrence.
    pub fn buffers(mut self, before: SignedDuration, after: SignedDuration) -> Self {
        for time in &mut self.times {
            time.start = time.start.checked_sub(before).unwrap_or(Timestamp::MIN);
            time.end = time.end.checked_add(after).unwrap_or(Timestamp::MAX);
        }
        self
    }

    /// Sets the time after which the hold lapses. A booker that stops blocks others for this long.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Returns the time to read: from the first occurrence to the last.
    fn span(&self) -> Interval {
        let merged = merge(self.times.iter().copied());
        let (first, last) = (merged.first(), merged.last());
        Interval::new(
            first.map_or(Timestamp::MIN, |first| first.start),
            last.map_or(Timestamp::MAX, |last| last.end),
        )
    }

    /// Returns the event of the hold: without guests, and with its mark.
    fn hold(&self, now: Timestamp) -> Result<NewEvent, Error> {
        let lease = SignedDuration::try_from(self.lease).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let hold = self.event.clone().description(Mark::description(&self.key, until));
        Ok(hold.custom(Mark::custom(&self.key, self.event.custom_fields())?))
    }

    /// Returns the request that confirms the hold.
    fn confirmation(&self, own: &Event) -> Result<UpdateEvent, Error> {
        Ok(match &self.description {
            Some(description) => change(own)?.description(description),
            None => change(own)?.clear_description(),
        })
    }

    /// Returns the request that adds the guests.
    fn invitation(&self, own: &Event) -> Result<UpdateEvent, Error> {
        Ok(change(own)?.attendees(&self.guests))
    }
}

/// Returns the rule and the zone of a whole series; no rule for an event that is not a series.
fn rule_of(event: &Event) -> Result<(Option<Recurrence>, Option<TimeZone>), Error> {
    if event.recurring_event_id.is_none() && event.change().is_ok() {
        return Ok((None, None));
    }
    let unknown = || {
        Error::validation(
            "the rule of the series is unknown: pass the series itself, or set the recurrence in the change",
        )
    };
    let recurrence = event.recurrence().ok_or_else(unknown)?;
    let mut rules = recurrence.values("RRULE");
    let (Some(rule), None, None) = (rules.next(), rules.next(), recurrence.values("RDATE").next()) else {
        return Err(unknown());
    };
    let rule = rule.parse().map_err(|_| unknown())?;
    let zone = recurrence.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    Ok((Some(rule), zone.filter(|zone| !zone.is_unknown())))
}

fn change(event: &Event) -> Result<UpdateEvent, Error> {
    Ok(if event.recurring_event_id.is_some() { event.change_series()? } else { event.change()? })
}

fn deletion(event: &Event) -> Result<DeleteEvent, Error> {
    Ok(if event.recurring_event_id.is_some() { event.delete_series()? } else { event.delete()? })
}

/// Returns the events, or the error of the first calendar that could not be read.
fn complete(gathered: Gathered) -> Result<Vec<Event>, Error> {
    match gathered.failed.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(gathered.events),
    }
}

/// Returns whether the event of a failed request is gone.
fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound) || error.status().is_some_and(|status| status == 410)
}

/// The state of a booker between two reads.
#[derive(Default)]
struct Booker {
    existed: bool,
    is_late: bool,
    /// The own event, while it must not remain if the booker stops.
    unfinished: Option<Event>,
    /// The existing event with its new time.
    changed: Option<Event>,
    /// Whether a response to the change of the existing event was lost.
    may_be_changed: bool,
    failures: u32,
}

impl Booker {
    fn progress(&self) -> Progress {
        let Self { existed, is_late, .. } = *self;
        Progress { existed, is_late, is_changed: self.changed.is_some() }
    }

    fn holds(&mut self, own: &Event) {
        (self.existed, self.unfinished) = (true, Some(own.clone()));
    }

    /// Counts a failure. Returns the error if the booker must stop.
    fn failed(&mut self, error: Error) -> Result<(), Error> {
        self.failures += 1;
        // The client does not repeat every request that failed: it limits the load on a service.
        let is_temporary = matches!(
            error.kind(),
            ErrorKind::Conflict
                | ErrorKind::RateLimited
                | ErrorKind::Network { .. }
                | ErrorKind::Timeout
                | ErrorKind::Server
        );
        let is_final = !error.may_have_happened() && !is_temporary;
        if is_final || self.failures > MAX_FAILURES { Err(error) } else { Ok(()) }
    }

    /// Examines the result of a request that is repeated if its response was lost. The event may be gone.
    fn repeatable<T>(&mut self, result: Result<T, Error>) -> Result<(), Error> {
        match result {
            Err(error) if !is_gone(&error) => self.failed(error),
            _ => Ok(()),
        }
    }
}

/// Defines the blocking or the async functions.
macro_rules! book {
    (
        $(#[$about:meta])*
        $book:ident, $run:ident, $backend:ident,
        [$($async:tt)*] [$($wait:tt)*] [$($generics:tt)*] [$($sleep:ident)?] [$sleeps:expr]
    ) => {
        $(#[$about])*
        pub $($async)* fn $book $($generics)*(
            backend: &dyn $backend,
            booking: &Booking,
            $($sleep: F,)?
        ) -> Result<BookOutcome, Error> {
            let mut booker = Booker::default();
            let outcome = $run(backend, booking, &mut booker $(, &$sleep)?)$($wait)*;
            if let Some(own) = &booker.unfinished {
                // The hold would lapse, but other bookers would wait for it.
                let _ = backend.delete(&deletion(own)?)$($wait)*;
            }
            outcome
        }

        $($async)* fn $run $($generics)*(
            backend: &dyn $backend,
            booking: &Booking,
            booker: &mut Booker,
            $($sleep: &F,)?
        ) -> Result<BookOutcome, Error> {
            let (span, mut failures) = (booking.span(), 0);
            loop {
                if booker.failures > failures {
                    failures = booker.failures;
                    $sleeps;
                }
                let gathered = backend.events(&booking.checks, span.start, span.end)$($wait)*;
                let events = match gathered.and_then(complete) {
                    Ok(events) => events,
                    Err(error) => {
                        booker.failed(error)?;
                        continue;
                    }
                };
                if booker.may_be_changed && booker.changed.is_none() {
                    booker.changed = events.iter().find(|event| booking.gives_time(event)).cloned();
                }
                match decide(booking, &events, booker.progress(), Timestamp::now()) {
                    Decision::Taken(conflict) => return Ok(BookOutcome::Taken(conflict)),
                    Decision::Withdraw(own, conflict) => {
                        booker.holds(own);
                        let deleted = backend.delete(&deletion(own)?)$($wait)*;
                        let is_deleted = deleted.as_ref().err().is_none_or(is_gone);
                        booker.repeatable(deleted)?;
                        if is_deleted {
                            booker.unfinished = None;
                            return Ok(BookOutcome::Taken(conflict));
                        }
                    }
                    Decision::Hold => {
                        let hold = booking.hold(Timestamp::now())?;
                        match backend.create_once(&booking.key, &hold)$($wait)* {
                            Ok(CreateOutcome::Created(own) | CreateOutcome::Found(own)) => booker.holds(&own),
                            Ok(CreateOutcome::Absent(error) | CreateOutcome::Unknown(error)) => {
                                booker.failed(error)?;
                            }
                            Err(error) if matches!(error.kind(), ErrorKind::Conflict) => {
                                return Ok(BookOutcome::Taken(Conflict::KeyUsed));
                            }
                            Err(error) => booker.failed(error)?,
                        }
                    }
                    Decision::Remove(lapsed) => {
                        let deleted = backend.delete(&deletion(lapsed)?)$($wait)*;
                        booker.repeatable(deleted)?;
                    }
                    Decision::Wait(own) => {
                        booker.holds(own);
                        $sleeps;
                    }
                    Decision::Confirm(own, until) => {
                        booker.holds(own);
                        let updated = backend.update(&booking.confirmation(own)?)$($wait)*;
                        booker.is_late = until <= Timestamp::now();
                        booker.repeatable(updated)?;
                    }
                    Decision::Invite(own) => {
                        // The booking stands, even if the guests cannot be added.
                        (booker.existed, booker.unfinished) = (true, None);
                        let updated = backend.update(&booking.invitation(own)?)$($wait)*;
                        if let Err(error) = booker.repeatable(updated) {
                            return Ok(BookOutcome::WithoutGuests(own.clone(), error));
                        }
                    }
                    Decision::Done(own) => {
                        booker.unfinished = None;
                        return Ok(BookOutcome::Booked(own.clone()));
                    }
                    Decision::Change(own) => {
                        // The placeholder stands until the fate of the change is known.
                        (booker.existed, booker.unfinished) = (own.is_some(), None);
                        let Some(change) = &booking.change else { continue };
                        match backend.update(&change.request)$($wait)* {
                            Ok(changed) => booker.changed = Some(changed),
                            Err(error) => {
                                booker.may_be_changed |= own.is_some() && error.may_have_happened();
                                if let Err(error) = booker.failed(error) {
                                    booker.unfinished = own.filter(|_| !booker.may_be_changed).cloned();
                                    return Err(error);
                                }
                            }
                        }
                    }
                    Decision::Changed => {
                        booker.unfinished = None;
                        if let Some(changed) = booker.changed.take() {
                            return Ok(BookOutcome::Booked(changed));
                        }
                    }
                }
            }
        }
    };
}

book! {
    /// Books an event with a blocking backend.
    ///
    /// # Errors
    /// If a request failed, or a calendar could not be read. Then no event remains, unless the deletion of
    /// the hold failed too: the hold then lapses, and a call with the same key continues.
    book, run, CalendarBackend, [] [] [] [] [std::thread::sleep(POLL)]
}

book! {
    /// Books an event with an async backend.
    ///
    /// `sleep` waits for a duration, such as `tokio::time::sleep`.
    ///
    /// # Errors
    /// If a request failed, or a calendar could not be read. Then no event remains, unless the deletion of
    /// the hold failed too: the hold then lapses, and a call with the same key continues.
    book_async, run_async, AsyncCalendarBackend,
    [async] [.await] [<F: Fn(Duration) -> S, S: Future<Output = ()>>] [sleep] [sleep(POLL).await]
}
