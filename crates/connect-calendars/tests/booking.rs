//! Concurrent bookers of one slot of the sandbox's calendars, with lost responses and rate limits.
//!
//! `BOOKING_ROUNDS` sets the number of rounds, `BOOKING_SEED` the first seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::{env::var, thread, time::Duration};

use connect_calendars::{
    backend::CalendarBackend,
    booking::{BookOutcome, Booking, Conflict, book, book_async},
};
use connect_core::{
    Error,
    types::{CalendarRef, Event, EventTime, NewEvent, Recurrence},
};
use connect_sandbox::Fault;
use connect_tests::authorization::Whose;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

#[path = "support/signed_in.rs"]
mod signed_in;

use signed_in::{Backends, SERVICES, SignedIn};

/// One calendar that bookers reach through one or two services.
struct Bookers {
    signed: SignedIn,
    /// The backends for the service of the provider, if bookers also use Connect.
    direct: Option<Backends>,
    calendar: CalendarRef,
    services: Vec<Whose>,
}

impl Bookers {
    fn at(whose: Whose) -> Self {
        let signed = SignedIn::at(whose, &[]);
        let calendar = CalendarRef::from(&signed.backends.0.calendars().unwrap()[0]);
        Self { signed, direct: None, calendar, services: vec![whose] }.cleared()
    }

    /// Returns bookers of whom some use Connect, and some the provider's service.
    fn mixed(whose: Whose) -> Self {
        let mut signed = SignedIn::at(Whose::Connect, &[]);
        let direct = signed.directly(whose);
        let calendar = CalendarRef::from(&direct.0.calendars().unwrap()[0]);
        let known = signed.backends.0.calendars().unwrap();
        assert!(known.iter().any(|one| CalendarRef::from(one) == calendar), "{known:?}");
        Self { signed, direct: Some(direct), calendar, services: vec![Whose::Connect, whose] }.cleared()
    }

    /// Returns bookers of each service, and of Connect together with each other service.
    fn all() -> impl Iterator<Item = Self> {
        let mixed = [Whose::Google, Whose::Microsoft].into_iter().map(Self::mixed);
        SERVICES.into_iter().map(Self::at).chain(mixed)
    }

    /// Deletes the events and series that the sandbox's calendar has in the time of all slots.
    fn cleared(self) -> Self {
        let end = slot(number("BOOKING_SEED", 0) + number("BOOKING_ROUNDS", ROUNDS).max(2_000));
        while let Some(event) = self.all_events(slot(0), end).first() {
            let delete =
                if event.recurring_event_id.is_some() { event.delete_series() } else { event.delete() };
            self.blocking().delete(&delete.unwrap()).unwrap();
        }
        self
    }

    fn blocking(&self) -> &dyn CalendarBackend {
        &*self.signed.backends.0
    }

    /// Creates an event with a guest in the hour after the slot. Returns the booking that moves the event.
    fn moving(&self, key: &str, start: Timestamp) -> Booking {
        let hour = SignedDuration::from_hours(1);
        let event = NewEvent::new(self.calendar.clone(), "Slot", start + hour, start + hour * 2);
        let event = self.blocking().create(&event.attendee(guest(key))).unwrap();
        let change = event.change().unwrap().time(start, start + hour);
        Booking::reschedule(&event, change, key, TimeZone::UTC).unwrap()
    }

    fn clear_faults(&self) {
        self.signed.world.server.with(|sandbox| sandbox.clear_faults());
    }

    /// Books with one of the clients. Of two services, bookers with an odd number use the provider.
    fn try_book(&self, number: usize, booking: &Booking) -> Result<BookOutcome, Error> {
        let direct = self.direct.as_ref().filter(|_| number % 2 == 1);
        let (blocking, asynchronous) = direct.unwrap_or(&self.signed.backends);
        if (number / self.services.len()) % 2 == 0 {
            return book(&**blocking, booking);
        }
        self.signed.runtime.block_on(book_async(&**asynchronous, booking, tokio::time::sleep))
    }

    fn book(&self, number: usize, booking: &Booking) -> BookOutcome {
        self.try_book(number, booking).unwrap()
    }

    fn booking(&self, key: &str, start: Timestamp) -> Booking {
        let end = start + SignedDuration::from_hours(1);
        let event = NewEvent::new(self.calendar.clone(), "Slot", start, end);
        Booking::new(event.attendee(guest(key)), key, TimeZone::UTC).unwrap()
    }

    fn all_events(&self, start: Timestamp, end: Timestamp) -> Vec<Event> {
        self.blocking().events(std::slice::from_ref(&self.calendar), start, end).unwrap().events
    }

    fn events(&self, start: Timestamp, end: Timestamp) -> Vec<Event> {
        let mut events = self.all_events(start, end);
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

/// Returns the endpoints that a booker calls: read, create, change and delete.
fn endpoints(whose: Whose) -> [&'static str; 4] {
    match whose {
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
    }
}

/// Adds lost responses, late responses and rate limits.
fn add_faults(bookers: &Bookers, rng: &mut Rng) {
    let endpoints: Vec<_> = bookers.services.iter().flat_map(|whose| endpoints(*whose)).collect();
    bookers.signed.world.server.with(|sandbox| {
        sandbox.clear_faults();
        for endpoint in endpoints {
            let fault = || Fault::on(endpoint);
            if rng.u8(..3) == 0 {
                sandbox.add_fault(fault().skip(rng.u64(..3)).cut_after());
            }
            if rng.u8(..6) == 0 {
                sandbox.add_fault(fault().skip(rng.u64(..3)).delay(Duration::from_millis(rng.u64(5..60))));
            }
            if rng.u8(..6) == 0 {
                sandbox.add_fault(fault().status(429).header("retry-after", "0"));
            }
        }
    });
}

/// Starts two to eight bookers of one slot in each round. Some of them move an event to the slot.
fn run_rounds(bookers: &Bookers) {
    let (first, rounds) = (number("BOOKING_SEED", 0), number("BOOKING_ROUNDS", ROUNDS));
    let hour = SignedDuration::from_hours(1);
    for seed in first..first + rounds {
        let at = format!("{:?}, seed {seed}", bookers.services);
        let rng = &mut Rng::with_seed(seed);
        let start = slot(seed);
        let mut keys: Vec<_> = (0..rng.usize(2..=8)).map(|index| format!("r{seed}-{index}")).collect();
        rng.shuffle(&mut keys);
        let (movers, others): (Vec<_>, Vec<_>) = keys.iter().partition(|_| rng.u8(..4) == 0);
        let moving = movers.iter().map(|key| bookers.moving(key, start));
        let mut bookings: Vec<_> =
            moving.chain(others.iter().map(|key| bookers.booking(key, start))).collect();
        rng.shuffle(&mut bookings);
        let told_before = messages(bookers, &keys);
        add_faults(bookers, rng);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let booker = |(index, booking)| scope.spawn(move || bookers.try_book(index, booking));
            let running: Vec<_> = bookings.iter().enumerate().map(booker).collect();
            running.into_iter().map(|booker| booker.join().unwrap()).collect()
        });
        bookers.clear_faults();
        let is_booked = |outcome: &Result<_, _>| matches!(outcome, Ok(BookOutcome::Booked(_)));
        let won: Vec<_> = (0..outcomes.len()).filter(|at| is_booked(&outcomes[*at])).collect();
        assert_eq!(won.len(), 1, "{at}: {outcomes:?}");
        assert!(outcomes.iter().all(Result::is_ok), "{at}: {outcomes:?}");
        let winner = bookings[won[0]].key();
        let left = bookers.events(start, start + hour);
        assert_eq!(left.len(), 1, "{at}: {left:?}");
        assert!(has_guest(&left[0], winner), "{at}: {left:?}");
        // The guests of the losers were not told, and the events of the losers have their old times.
        let told = messages(bookers, &keys);
        for ((key, before), after) in keys.iter().zip(told_before).zip(told) {
            assert!(before == after || key == winner, "{at}: {key}");
        }
        let mut losers: Vec<_> = movers.into_iter().filter(|key| *key != winner).collect();
        for event in bookers.events(start + hour, start + hour * 2) {
            let count = losers.len();
            losers.retain(|key| !has_guest(&event, key));
            assert_eq!(losers.len() + 1, count, "{at}: {event:?}");
            bookers.blocking().delete(&event.delete().unwrap()).unwrap();
        }
        assert!(losers.is_empty(), "{at}: {losers:?}");
    }
}

/// Returns how many messages the guest of each booking got.
fn messages(bookers: &Bookers, keys: &[String]) -> Vec<usize> {
    let all = bookers.signed.world.server.invitations();
    keys.iter().map(|key| all.iter().filter(|one| one.to == guest(key)).count()).collect()
}

fn has_guest(event: &Event, key: &str) -> bool {
    event.attendees.iter().any(|one| one.email == guest(key))
}

#[test]
fn exactly_one_of_several_bookers_gets_the_slot() {
    thread::scope(|scope| {
        for whose in SERVICES {
            scope.spawn(move || run_rounds(&Bookers::at(whose)));
        }
    });
}

#[test]
fn exactly_one_of_the_bookers_of_two_services_gets_the_slot() {
    thread::scope(|scope| {
        for whose in [Whose::Google, Whose::Microsoft] {
            scope.spawn(move || run_rounds(&Bookers::mixed(whose)));
        }
    });
}

#[test]
fn busy_slot_is_taken_and_a_booking_can_be_repeated() {
    for bookers in Bookers::all() {
        let at = &bookers.services;
        for (round, number) in [(1, 0), (2, 1)] {
            let start = slot(round);
            let first = bookers.booking(&format!("first-{round}"), start);
            let BookOutcome::Booked(event) = bookers.book(number, &first) else { panic!("{at:?}") };
            let again = bookers.book(1 - number, &first);
            // Outlook does not show the custom fields that Connect wrote.
            let again = match again {
                BookOutcome::Booked(again) => again,
                BookOutcome::Taken(Conflict::Event(again)) if at.len() > 1 => *again,
                other => panic!("{at:?}: {other:?}"),
            };
            assert_eq!(event.id, again.id, "the same key finds the same event");
            // A slot that overlaps by half.
            let later = start + SignedDuration::from_mins(30);
            let second = bookers.booking(&format!("second-{round}"), later);
            let BookOutcome::Taken(Conflict::Event(by)) = bookers.book(number, &second) else { panic!() };
            assert_eq!(by.id, event.id);
            let touching = start + SignedDuration::from_hours(1);
            let third = bookers.booking(&format!("third-{round}"), touching);
            let hour = SignedDuration::from_mins(5);
            let buffered = third.clone().buffers(hour, SignedDuration::ZERO);
            assert!(matches!(bookers.book(number, &buffered), BookOutcome::Taken(_)));
            assert!(matches!(bookers.book(number, &third), BookOutcome::Booked(_)));
            assert_eq!(bookers.events(start, later).len(), 1);
        }
    }
}

#[test]
fn every_occurrence_of_a_series_is_checked() {
    for bookers in Bookers::all() {
        let at = &bookers.services;
        let start = slot(0);
        let weeks = |count: i64| start + SignedDuration::from_hours(24 * 7 * count);
        let series = |key: &str| {
            let end = start + SignedDuration::from_hours(1);
            let (start, end) = (start.to_zoned_datetime(TimeZone::UTC), end.to_zoned_datetime(TimeZone::UTC));
            let event = NewEvent::new(bookers.calendar.clone(), "Slot", start, end);
            let event = event.recurrence(Recurrence::weekly().count(20)).attendee(guest(key));
            Booking::new(event, key, TimeZone::UTC).unwrap()
        };
        let blocker = bookers.booking("blocker", weeks(17));
        let BookOutcome::Booked(blocking_event) = bookers.book(0, &blocker) else { panic!("{at:?}") };
        let BookOutcome::Taken(Conflict::Event(by)) = bookers.book(1, &series("one")) else {
            panic!("{at:?}")
        };
        assert_eq!(by.id, blocking_event.id);
        assert_eq!(bookers.events(start, weeks(21)).len(), 1, "{at:?}: only the blocker");
        bookers.blocking().delete(&blocking_event.delete().unwrap()).unwrap();
        let booked = bookers.book(0, &series("two"));
        assert!(matches!(booked, BookOutcome::Booked(_)), "{at:?}: {booked:?}");
        let occurrences = bookers.events(start, weeks(21));
        assert_eq!(occurrences.len(), 20, "{at:?}");
        assert!(occurrences.iter().all(|event| has_guest(event, "two")), "{at:?}: {occurrences:?}");
        // One occurrence of the series blocks a later booking.
        let late = bookers.book(1, &bookers.booking("late", weeks(5)));
        assert!(matches!(late, BookOutcome::Taken(Conflict::Event(_))), "{at:?}: {late:?}");
    }
}

#[test]
fn event_moves_to_a_free_time_that_it_overlaps() {
    for bookers in Bookers::all() {
        let at = &bookers.services;
        for number in 0..2 * at.len() {
            let start = slot(10 * (u64::try_from(number).unwrap() + 1));
            let (half, hour) = (SignedDuration::from_mins(30), SignedDuration::from_hours(1));
            let BookOutcome::Booked(event) =
                bookers.book(number, &bookers.booking(&format!("m{number}"), start))
            else {
                panic!("{at:?}")
            };
            let to = |key: &str, start: Timestamp| {
                let change = event.change().unwrap().time(start, start + hour).title("Slot");
                Booking::reschedule(&event, change, format!("{key}-{number}"), TimeZone::UTC).unwrap()
            };
            let moved = bookers.book(number, &to("later", start + half));
            assert!(
                matches!(&moved, BookOutcome::Booked(moved) if moved.id == event.id),
                "{at:?}: {moved:?}"
            );
            // To the time that the event has already: with a new key, and with the key of a finished move.
            for key in ["same", "later"] {
                let again = bookers.book(number, &to(key, start + half));
                assert!(matches!(&again, BookOutcome::Booked(_)), "{at:?}: {again:?}");
            }
            let blocker = bookers.booking(&format!("b{number}"), start + half * 3);
            let BookOutcome::Booked(blocker) = bookers.book(number, &blocker) else { panic!("{at:?}") };
            let taken = bookers.book(number, &to("taken", start + hour));
            let BookOutcome::Taken(Conflict::Event(by)) = taken else { panic!("{at:?}: {taken:?}") };
            assert_eq!(by.id, blocker.id);
            let left = bookers.events(start - hour, start + hour * 3);
            let times: Vec<_> =
                left.iter().map(|one| one.start.as_ref().unwrap().instant().unwrap()).collect();
            assert_eq!(times, [start + half, start + half * 3], "{at:?}: {left:?}");
            assert!(has_guest(&left[0], &format!("m{number}")), "{at:?}: {left:?}");
        }
    }
}

#[test]
fn series_and_occurrences_move_if_every_new_time_is_free() {
    for bookers in Bookers::all() {
        let at = &bookers.services;
        let start = slot(0);
        let hours = |count: i64| start + SignedDuration::from_hours(count);
        let zoned = |at: Timestamp| at.to_zoned_datetime(TimeZone::UTC);
        let event = NewEvent::new(bookers.calendar.clone(), "Slot", zoned(hours(0)), zoned(hours(1)));
        let series = event.recurrence(Recurrence::daily().count(6)).attendee(guest("series"));
        let master = bookers.blocking().create(&series).unwrap();
        let days = |first: i64| (0..6).map(move |day| hours(first + 24 * day));
        let times = || {
            let all = bookers.events(hours(-48), hours(24 * 10));
            let time = |event: &Event| event.start.as_ref().unwrap().instant().unwrap();
            all.iter().filter(|event| event.recurring_event_id.is_some()).map(time).collect::<Vec<_>>()
        };
        assert_eq!(times(), days(0).collect::<Vec<_>>(), "{at:?}");

        // The rule is unknown, or the number of occurrences.
        let occurrence = &bookers.events(hours(24), hours(25))[0];
        let to_next_day =
            |event: &Event| event.change_series().unwrap().time(zoned(hours(24)), zoned(hours(25)));
        let refused =
            Booking::reschedule(occurrence, to_next_day(occurrence), "k", TimeZone::UTC).unwrap_err();
        assert!(refused.to_string().contains("the rule of the series is unknown"), "{refused}");
        let following = to_next_day(occurrence).this_and_following();
        assert!(Booking::reschedule(occurrence, following, "k", TimeZone::UTC).is_err());
        let to_next_day =
            |key: &str| Booking::reschedule(&master, to_next_day(&master), key, TimeZone::UTC).unwrap();

        // A blocker on the last day: one day after the last occurrence.
        let blocker = bookers.booking("blocker", hours(24 * 6));
        let BookOutcome::Booked(blocker) = bookers.book(0, &blocker) else { panic!("{at:?}") };
        let taken = bookers.book(0, &to_next_day("later"));
        let BookOutcome::Taken(Conflict::Event(by)) = taken else { panic!("{at:?}: {taken:?}") };
        assert_eq!((by.id, times()), (blocker.id.clone(), days(0).collect()), "{at:?}");
        bookers.blocking().delete(&blocker.delete().unwrap()).unwrap();

        // All new times but the last are also old times of the same series.
        let moved = bookers.book(0, &to_next_day("free"));
        assert!(matches!(moved, BookOutcome::Booked(_)), "{at:?}: {moved:?}");
        assert_eq!(times(), days(24).collect::<Vec<_>>(), "{at:?}");

        // One occurrence: the others of its series are in the way.
        let all = bookers.events(hours(0), hours(24 * 10));
        let one = all.iter().find(|event| event.start == Some(EventTime::Instant(hours(72)))).unwrap();
        for (to, is_free) in [(96, false), (75, true)] {
            let change = one.change().unwrap().time(hours(to), hours(to + 1));
            let moved = bookers
                .book(0, &Booking::reschedule(one, change, format!("one-{to}"), TimeZone::UTC).unwrap());
            assert_eq!(matches!(moved, BookOutcome::Booked(_)), is_free, "{at:?}: {moved:?}");
        }
        let expected = [24, 48, 75, 96, 120, 144].map(hours);
        assert_eq!(times(), expected, "{at:?}");
        assert_eq!(bookers.events(hours(-48), hours(24 * 10)).len(), 6, "{at:?}: no placeholder remains");
    }
}

#[test]
fn failed_requests_leave_one_event_at_one_time() {
    thread::scope(|scope| {
        for whose in SERVICES {
            scope.spawn(move || fail_requests(&Bookers::at(whose)));
        }
    });
}

/// Books with one kind of failure at one endpoint at a time.
fn fail_requests(bookers: &Bookers) {
    let faults: [fn(&str) -> Fault; 4] = [
        |endpoint| Fault::on(endpoint).cut_after(),
        |endpoint| Fault::on(endpoint).cut_before(),
        |endpoint| Fault::on(endpoint).status(503).header("retry-after", "0"),
        |endpoint| Fault::on(endpoint).status(429).header("retry-after", "0"),
    ];
    // The first or a later request fails; more requests fail than the client repeats; or all others fail.
    let extents = [(0, 1), (1, 1), (2, 1), (0, 4), (1, ENDLESS)];
    let mut cases: Vec<_> = endpoints(bookers.services[0])
        .iter()
        .flat_map(|endpoint| (0..faults.len()).map(move |kind| (endpoint, kind)))
        .flat_map(|(endpoint, kind)| extents.map(|extent| (*endpoint, kind, extent)))
        .flat_map(|(endpoint, kind, extent)| [false, true].map(|moves| (endpoint, kind, extent, moves)))
        .collect();
    let rng = &mut Rng::with_seed(number("BOOKING_SEED", 0));
    rng.shuffle(&mut cases);
    // Always with reads that fail more often than the client repeats them.
    let reads = endpoints(bookers.services[0])[0];
    cases.sort_by_key(|(endpoint, _, (_, times), _)| (*endpoint, *times) != (reads, 4));
    cases.truncate(usize::try_from(number("BOOKING_ROUNDS", ROUNDS * 2)).unwrap());
    for (round, (endpoint, kind, (skip, times), moves)) in (20..).zip(cases) {
        let at = format!("{endpoint}, fault {kind}, {skip} skipped, {times} times, moves: {moves}");
        let (key, start) = (format!("f{round}"), slot(round));
        let booking = if moves { bookers.moving(&key, start) } else { bookers.booking(&key, start) };
        let before = messages(bookers, std::slice::from_ref(&key));
        let fault = faults[kind](endpoint).skip(skip).times(times);
        bookers.signed.world.server.with(|sandbox| sandbox.add_fault(fault));
        let outcome = bookers.try_book(usize::try_from(round).unwrap(), &booking);
        bookers.clear_faults();
        let end = start + SignedDuration::from_hours(1);
        let is_booked = matches!(outcome, Ok(BookOutcome::Booked(_)));
        assert!(is_booked || times == ENDLESS, "{at}: {outcome:?}");
        if !is_booked {
            let left = bookers.events(start, end);
            let is_invited = left.iter().any(|event| has_guest(event, &key));
            let told = messages(bookers, std::slice::from_ref(&key));
            assert_eq!(told > before, is_invited, "{at}: {left:?}");
            // The booking is continued with the same key.
            let again = bookers.book(0, &booking);
            assert!(
                matches!(again, BookOutcome::Booked(_) | BookOutcome::Taken(Conflict::KeyUsed)),
                "{at}: {again:?}"
            );
        }
        let left = bookers.events(start, end + SignedDuration::from_hours(1));
        let guests = left.iter().filter(|event| has_guest(event, &key)).count();
        assert!(left.len() == guests && guests <= 1, "{at}: {left:?}");
    }
}

/// More failures than any booker survives.
const ENDLESS: u64 = 200;
