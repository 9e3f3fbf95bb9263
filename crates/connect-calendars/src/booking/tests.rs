//! Random schedules of bookers on one calendar. Each read and each write is one step, and any step may be
//! delayed, lost, or the last of its booker.

use connect_core::types::{Attendee, CalendarRef, Event, EventTime, NewEvent};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    Booking, CLOCK_TOLERANCE,
    decide::{Conflict, Decision, Mark, decide},
};

/// A write that a booker has decided and not yet sent.
#[derive(Debug)]
enum Write {
    Create,
    Delete(String, End),
    Confirm(Timestamp),
    Invite,
}

#[derive(Clone, Debug, PartialEq)]
enum End {
    GoesOn,
    Taken(Conflict),
}

#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Booked,
    Taken(Conflict),
    /// The booker stopped in the middle.
    Stopped,
}

struct Actor {
    booking: Booking,
    key: String,
    /// How far the clock of this booker is ahead.
    skew: SignedDuration,
    existed: bool,
    is_late: bool,
    next: Option<Write>,
    outcome: Option<Outcome>,
}

struct Calendar {
    events: Vec<Event>,
    now: Timestamp,
    /// The keys of created events, which no booker may use again.
    used: Vec<String>,
    /// Confirmations of stopped bookers that are still on their way.
    delayed: Vec<String>,
}

impl Calendar {
    fn confirm(&mut self, key: &str) {
        let mark = Mark { key: key.to_owned(), hold_until: None };
        if let Some(own) = self.events.iter_mut().find(|event| event.id == key) {
            own.custom = Some(mark.write(None).unwrap());
        }
    }
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

impl Actor {
    fn new(key: String, rng: &mut fastrand::Rng) -> Self {
        let start: Timestamp = "2027-03-01T09:00:00Z".parse().unwrap();
        let calendar = CalendarRef::new("google", "c");
        let event = NewEvent::new(calendar, "Slot", start, start + SignedDuration::from_hours(1));
        let event = event.attendee(format!("{key}@example.org"));
        let booking = Booking::new(event, &key, TimeZone::UTC).unwrap();
        let half = CLOCK_TOLERANCE.as_secs() / 2;
        let skew = SignedDuration::from_secs(rng.i64(-half..=half));
        Self { booking, key, skew, existed: false, is_late: false, next: None, outcome: None }
    }

    fn own<'a>(&self, calendar: &'a mut Calendar) -> Option<&'a mut Event> {
        calendar.events.iter_mut().find(|event| event.id == self.key)
    }

    /// Runs one read or one write.
    fn step(&mut self, calendar: &mut Calendar, is_lost: bool) {
        let now = calendar.now + self.skew;
        let Some(write) = self.next.take() else { return self.read(calendar, now) };
        // A lost response changes nothing for the booker, which reads again.
        match write {
            Write::Create if calendar.used.contains(&self.key) => {
                if self.own(calendar).is_none() {
                    self.outcome = Some(Outcome::Taken(Conflict::KeyUsed));
                }
            }
            Write::Create => {
                calendar.used.push(self.key.clone());
                let mut event = Event::new("google", "c", &*self.key);
                event.start = Some(EventTime::Instant(self.booking.times[0].start));
                event.end = Some(EventTime::Instant(self.booking.times[0].end));
                let mark = Mark { key: self.key.clone(), hold_until: Some(now + LEASE) };
                event.custom = Some(mark.write(None).unwrap());
                calendar.events.push(event);
                self.existed |= !is_lost;
            }
            Write::Delete(id, end) => {
                calendar.events.retain(|event| event.id != id);
                if let (End::Taken(conflict), false) = (end, is_lost) {
                    self.outcome = Some(Outcome::Taken(conflict));
                }
            }
            Write::Confirm(until) => {
                calendar.confirm(&self.key);
                self.is_late = until <= now;
            }
            Write::Invite => {
                if let Some(own) = self.own(calendar) {
                    let mut guest = Attendee::default();
                    guest.email = format!("{}@example.org", own.id);
                    own.attendees = vec![guest];
                }
            }
        }
    }

    fn read(&mut self, calendar: &Calendar, now: Timestamp) {
        let events = calendar.events.clone();
        let decision = decide(&self.booking, &events, self.existed, self.is_late, now);
        self.existed |= events.iter().any(|event| event.id == self.key);
        match decision {
            Decision::Taken(conflict) => self.outcome = Some(Outcome::Taken(conflict)),
            Decision::Hold => self.next = Some(Write::Create),
            Decision::Withdraw(own, conflict) => {
                self.next = Some(Write::Delete(own.id.clone(), End::Taken(conflict)));
            }
            Decision::Remove(lapsed) => self.next = Some(Write::Delete(lapsed.id.clone(), End::GoesOn)),
            Decision::Wait(_) => {}
            Decision::Confirm(_, until) => self.next = Some(Write::Confirm(until)),
            Decision::Invite(_) => self.next = Some(Write::Invite),
            Decision::Done(_) => self.outcome = Some(Outcome::Booked),
        }
    }
}

/// The outcomes of a schedule, and how many events have guests, are confirmed, and exist.
struct Ended {
    outcomes: Vec<Outcome>,
    booked: usize,
    invited: usize,
    confirmed: usize,
    remaining: usize,
}

/// Runs one schedule.
fn run(seed: u64, may_stop: bool) -> Ended {
    let rng = &mut fastrand::Rng::with_seed(seed);
    let mut calendar = Calendar {
        events: Vec::new(),
        now: "2027-01-01T00:00:00Z".parse().unwrap(),
        used: Vec::new(),
        delayed: Vec::new(),
    };
    let mut keys: Vec<_> = (0..rng.usize(2..=4)).map(|index| format!("k{index}")).collect();
    rng.shuffle(&mut keys);
    let mut actors: Vec<_> = keys.into_iter().map(|key| Actor::new(key, rng)).collect();
    for _ in 0..100_000 {
        let running: Vec<_> = (0..actors.len()).filter(|at| actors[*at].outcome.is_none()).collect();
        if running.is_empty() {
            break;
        }
        if rng.u8(..if may_stop { 20 } else { 200 }) == 0 {
            calendar.now += SignedDuration::from_secs(rng.i64(1..if may_stop { 90 } else { 5 }));
        }
        if rng.u8(..20) == 0 {
            for key in std::mem::take(&mut calendar.delayed) {
                calendar.confirm(&key);
            }
        }
        // One booker often runs several steps in a row.
        let actor = &mut actors[running[rng.usize(..running.len())]];
        for _ in 0..rng.usize(1..5) {
            if may_stop && rng.u8(..40) == 0 {
                actor.outcome = Some(Outcome::Stopped);
                if let Some(Write::Confirm(_)) = actor.next {
                    calendar.delayed.push(actor.key.clone());
                }
            }
            if actor.outcome.is_none() {
                actor.step(&mut calendar, rng.u8(..6) == 0);
            }
        }
    }
    for key in std::mem::take(&mut calendar.delayed) {
        calendar.confirm(&key);
    }
    let outcomes: Vec<_> =
        actors.into_iter().map(|actor| actor.outcome.expect("the schedule ends")).collect();
    let count =
        |is_counted: fn(&Event) -> bool| calendar.events.iter().filter(|event| is_counted(event)).count();
    Ended {
        booked: outcomes.iter().filter(|outcome| **outcome == Outcome::Booked).count(),
        outcomes,
        invited: count(|event| !event.attendees.is_empty()),
        confirmed: count(|event| Mark::of(event).is_some_and(|mark| mark.hold_until.is_none())),
        remaining: count(|_| true),
    }
}

#[test]
fn exactly_one_booker_gets_the_time() {
    for seed in 0..20_000 {
        let end = run(seed, false);
        let counts = (end.booked, end.invited, end.confirmed, end.remaining);
        assert_eq!(counts, (1, 1, 1, 1), "seed {seed}: {:?}", end.outcomes);
    }
}

#[test]
fn stopped_bookers_never_cause_two_bookings() {
    let (mut one, mut none) = (0, 0);
    for seed in 0..20_000 {
        let end = run(seed, true);
        // A booker that stops after the invitation has booked, without a report.
        assert!(end.invited <= 1 && end.booked <= end.invited, "seed {seed}: {:?}", end.outcomes);
        assert!(end.confirmed <= 1, "seed {seed}: {:?}", end.outcomes);
        if end.booked == 1 { one += 1 } else { none += 1 }
    }
    assert!(one > 1_000 && none > 1_000, "{one} and {none}");
}

#[test]
fn removed_or_lapsed_hold_is_not_confirmed() {
    let actor = Actor::new("k".to_owned(), &mut fastrand::Rng::with_seed(0));
    let now: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let removed = decide(&actor.booking, &[], true, false, now);
    assert_eq!(removed, Decision::Taken(Conflict::Removed));
    let mut calendar = Calendar { events: Vec::new(), now, used: Vec::new(), delayed: Vec::new() };
    let mut actor = actor;
    actor.next = Some(Write::Create);
    actor.step(&mut calendar, false);
    let decided = |now| decide(&actor.booking, &calendar.events, true, false, now);
    assert!(matches!(decided(now + LEASE / 2), Decision::Confirm(..)));
    let lapsed = decided(now + LEASE + CLOCK_TOLERANCE);
    assert!(matches!(lapsed, Decision::Withdraw(_, Conflict::Lapsed)), "{lapsed:?}");
}
