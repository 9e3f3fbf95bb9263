//! Concurrent bookers of one slot of the sandbox's calendars, with lost responses and rate limits.
//!
//! `BOOKING_ROUNDS` sets the number of rounds, `BOOKING_SEED` the first seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::{env::var, thread};

use connect_calendars::{
    backend::{AsyncCalendarBackend, Backend, CalendarBackend, Connect, Google, Outlook},
    booking::{BookOutcome, Booking, Conflict, book, book_async},
};
use connect_core::types::{CalendarRef, Event, NewEvent, Recurrence};
use connect_sandbox::{ClientType, Fault};
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// A signed-in user of a service, with a backend of each client.
struct SignedIn {
    world: SignInSetup,
    blocking: Box<dyn CalendarBackend>,
    asynchronous: Box<dyn AsyncCalendarBackend>,
    runtime: tokio::runtime::Runtime,
    calendar: CalendarRef,
}

const SERVICES: [Whose; 3] = [Whose::Connect, Whose::Google, Whose::Microsoft];

impl SignedIn {
    fn at(whose: Whose) -> Self {
        let world = SignInSetup::new(whose, ClientType::Confidential);
        let user = client_of!(connect_blocking::Client, &world).user("user-123");
        let other = client_of!(connect_hyper::Client, &world).user("user-123");
        let (blocking, asynchronous): (Box<dyn CalendarBackend>, Box<dyn AsyncCalendarBackend>) = match whose
        {
            Whose::Connect => {
                (Box::new(Backend::new(Connect::new(), user)), Box::new(Backend::new(Connect::new(), other)))
            }
            Whose::Google => {
                (Box::new(Backend::new(Google::new(), user)), Box::new(Backend::new(Google::new(), other)))
            }
            _ => {
                (Box::new(Backend::new(Outlook::new(), user)), Box::new(Backend::new(Outlook::new(), other)))
            }
        };
        let pending = blocking.sign_in().unwrap();
        let callback = consent(pending.url());
        blocking.finish(pending, &callback).unwrap();
        let calendar = CalendarRef::from(&blocking.calendars().unwrap()[0]);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let signed = Self { world, blocking, asynchronous, runtime, calendar };
        signed.clear();
        signed
    }

    /// Deletes the events and series that the sandbox's calendar has in the time of all slots.
    fn clear(&self) {
        let calendars = std::slice::from_ref(&self.calendar);
        let end = slot(number("BOOKING_SEED", 0) + number("BOOKING_ROUNDS", ROUNDS).max(2_000));
        while let Some(event) = self.blocking.events(calendars, slot(0), end).unwrap().events.first() {
            let delete =
                if event.recurring_event_id.is_some() { event.delete_series() } else { event.delete() };
            self.blocking.delete(&delete.unwrap()).unwrap();
        }
    }

    fn book(&self, blocking: bool, booking: &Booking) -> BookOutcome {
        if blocking {
            return book(&*self.blocking, booking).unwrap();
        }
        self.runtime.block_on(book_async(&*self.asynchronous, booking, tokio::time::sleep)).unwrap()
    }

    fn booking(&self, key: &str, start: Timestamp) -> Booking {
        let end = start + SignedDuration::from_hours(1);
        let event = NewEvent::new(self.calendar.clone(), "Slot", start, end);
        Booking::new(event.attendee(guest(key)), key, TimeZone::UTC).unwrap()
    }

    fn events(&self, start: Timestamp, end: Timestamp) -> Vec<Event> {
        let calendars = std::slice::from_ref(&self.calendar);
        let mut events = self.blocking.events(calendars, start, end).unwrap().events;
        events.retain(|event| event.title == "Slot");
        events
    }
}

fn guest(key: &str) -> String {
    format!("{key}@guests.example")
}

fn number(name: &str, default: u64) -> u64 {
    var(name).map_or(default, |text| text.parse().unwrap())
}

const ROUNDS: u64 = 12;

/// A separate free hour for each round.
fn slot(round: u64) -> Timestamp {
    let first: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(i64::try_from(round).unwrap() * 2)
}

#[test]
fn exactly_one_of_several_bookers_gets_the_slot() {
    let (first, rounds) = (number("BOOKING_SEED", 0), number("BOOKING_ROUNDS", ROUNDS));
    for whose in SERVICES {
        let signed = SignedIn::at(whose);
        for seed in first..first + rounds {
            let rng = &mut Rng::with_seed(seed);
            let endpoints = match whose {
                Whose::Connect => ["GET /events", "POST /event", "PUT /event", "DELETE /event"],
                Whose::Google => [
                    "GET /google/calendar/v3/calendars/{calendarId}/events",
                    "POST /google/calendar/v3/calendars/{calendarId}/events",
                    "PATCH /google/calendar/v3/calendars/{calendarId}/events/{eventId}",
                    "DELETE /google/calendar/v3/calendars/{calendarId}/events/{eventId}",
                ],
                _ => [
                    "GET /microsoft/graph/v1.0/me/calendars/{calendarId}/calendarView",
                    "POST /microsoft/graph/v1.0/me/calendars/{calendarId}/events",
                    "PATCH /microsoft/graph/v1.0/me/calendars/{calendarId}/events/{eventId}",
                    "DELETE /microsoft/graph/v1.0/me/calendars/{calendarId}/events/{eventId}",
                ],
            };
            signed.world.server.with(|sandbox| {
                sandbox.clear_faults();
                for endpoint in endpoints {
                    if rng.u8(..3) == 0 {
                        sandbox.add_fault(Fault::on(endpoint).cut_after());
                    }
                    if rng.u8(..6) == 0 {
                        sandbox.add_fault(Fault::on(endpoint).status(429).header("retry-after", "0"));
                    }
                }
            });
            let before = signed.world.server.invitations().len();
            let mut keys: Vec<_> = (0..rng.usize(2..=8)).map(|index| format!("r{seed}-{index}")).collect();
            rng.shuffle(&mut keys);
            let start = slot(seed);
            let outcomes: Vec<_> = thread::scope(|scope| {
                let booker = |(index, key): (usize, &String)| {
                    let booking = signed.booking(key, start);
                    let signed = &signed;
                    scope.spawn(move || (guest(booking.key()), signed.book(index % 2 == 0, &booking)))
                };
                let bookers: Vec<_> = keys.iter().enumerate().map(booker).collect();
                bookers.into_iter().map(|booker| booker.join().unwrap()).collect()
            });
            let is_booked = |outcome: &BookOutcome| matches!(outcome, BookOutcome::Booked(_));
            let winners: Vec<_> =
                outcomes.iter().filter(|(_, outcome)| is_booked(outcome)).map(|(guest, _)| guest).collect();
            assert_eq!(winners.len(), 1, "{whose:?}, seed {seed}: {outcomes:?}");
            let left = signed.events(start, start + SignedDuration::from_hours(1));
            assert_eq!(left.len(), 1, "{whose:?}, seed {seed}: {left:?}");
            assert_eq!(left[0].attendees[0].email, *winners[0], "{whose:?}, seed {seed}");
            let invitations = signed.world.server.invitations();
            assert!(
                invitations[before..].iter().all(|one| one.to == *winners[0]),
                "{whose:?}, seed {seed}: {:?}",
                &invitations[before..]
            );
        }
    }
}

#[test]
fn busy_slot_is_taken_and_a_booking_can_be_repeated() {
    for whose in SERVICES {
        let signed = SignedIn::at(whose);
        for (round, blocking) in [(1, true), (2, false)] {
            let start = slot(round);
            let first = signed.booking(&format!("first-{round}"), start);
            let BookOutcome::Booked(event) = signed.book(blocking, &first) else { panic!("{whose:?}") };
            let BookOutcome::Booked(again) = signed.book(!blocking, &first) else { panic!("{whose:?}") };
            assert_eq!(event.id, again.id, "the same key finds the same event");
            // A slot that overlaps by half.
            let later = start + SignedDuration::from_mins(30);
            let second = signed.booking(&format!("second-{round}"), later);
            let BookOutcome::Taken(Conflict::Event(by)) = signed.book(blocking, &second) else { panic!() };
            assert_eq!(by.id, event.id);
            let touching = start + SignedDuration::from_hours(1);
            let third = signed.booking(&format!("third-{round}"), touching);
            let hour = SignedDuration::from_mins(5);
            let buffered = third.clone().buffers(hour, SignedDuration::ZERO);
            assert!(matches!(signed.book(blocking, &buffered), BookOutcome::Taken(_)));
            assert!(matches!(signed.book(blocking, &third), BookOutcome::Booked(_)));
            assert_eq!(signed.events(start, later).len(), 1);
        }
    }
}

#[test]
fn every_occurrence_of_a_series_is_checked() {
    for whose in SERVICES {
        let signed = SignedIn::at(whose);
        let start = slot(0);
        let weeks = |count: i64| start + SignedDuration::from_hours(24 * 7 * count);
        let series = |key: &str| {
            let end = start + SignedDuration::from_hours(1);
            let (start, end) = (start.to_zoned_datetime(TimeZone::UTC), end.to_zoned_datetime(TimeZone::UTC));
            let event = NewEvent::new(signed.calendar.clone(), "Slot", start, end);
            let event = event.recurrence(Recurrence::weekly().count(20)).attendee(guest(key));
            Booking::new(event, key, TimeZone::UTC).unwrap()
        };
        let blocker = signed.booking("blocker", weeks(17));
        let BookOutcome::Booked(blocking_event) = signed.book(true, &blocker) else { panic!("{whose:?}") };
        let BookOutcome::Taken(Conflict::Event(by)) = signed.book(false, &series("one")) else {
            panic!("{whose:?}")
        };
        assert_eq!(by.id, blocking_event.id);
        assert_eq!(signed.events(start, weeks(21)).len(), 1, "{whose:?}: only the blocker");
        signed.blocking.delete(&blocking_event.delete().unwrap()).unwrap();
        let booked = signed.book(true, &series("two"));
        assert!(matches!(booked, BookOutcome::Booked(_)), "{whose:?}: {booked:?}");
        let occurrences = signed.events(start, weeks(21));
        assert_eq!(occurrences.len(), 20, "{whose:?}");
        let is_invited = |event: &Event| event.attendees.iter().any(|one| one.email == guest("two"));
        assert!(occurrences.iter().all(is_invited), "{whose:?}: {occurrences:?}");
        // One occurrence of the series blocks a later booking.
        let late = signed.book(false, &signed.booking("late", weeks(5)));
        assert!(matches!(late, BookOutcome::Taken(Conflict::Event(_))), "{whose:?}: {late:?}");
    }
}
