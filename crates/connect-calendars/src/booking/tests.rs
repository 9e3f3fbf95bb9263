//! Random schedules of bookers on one calendar. Each read and each write is one step, and any step may be
//! delayed, lost, or the last of its booker.

use connect_core::types::{Attendee, CalendarRef, Event, EventTime, NewEvent};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    Booking, CLOCK_TOLERANCE,
    decide::{Conflict, Decision, Mark, Progress, decide},
};

/// A write that a booker has decided and not yet sent.
#[derive(Debug)]
enum Write {
    Create,
    Delete(String, End),
    Confirm(Timestamp),
    Invite,
    /// Give the existing event its new time.
    Change,
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
    progress: Progress,
    next: Option<Write>,
    outcome: Option<Outcome>,
}

struct Calendar {
    events: Vec<Event>,
    now: Timestamp,
    /// The keys of created events, which no booker may use again.
    used: Vec<String>,
    /// Writes of stopped bookers that are still on their way: the key, and whether it is a confirmation.
    delayed: Vec<(String, bool)>,
}

impl Calendar {
    fn find(&mut self, id: &str) -> Option<&mut Event> {
        self.events.iter_mut().find(|event| event.id == id)
    }

    fn confirm(&mut self, key: &str) {
        if let Some(own) = self.find(key) {
            own.description = None;
        }
    }

    fn change(&mut self, key: &str) {
        if let Some(event) = self.find(&existing(key)) {
            (event.start, event.end) = hour("2027-03-01T09:00:00Z");
        }
    }

    /// Applies the writes of stopped bookers.
    fn deliver(&mut self) {
        for (key, is_confirmation) in std::mem::take(&mut self.delayed) {
            if is_confirmation { self.confirm(&key) } else { self.change(&key) }
        }
    }
}

/// The id of the event that the booker with this key moves.
fn existing(key: &str) -> String {
    format!("{key}-existing")
}

fn hour(start: &str) -> (Option<EventTime>, Option<EventTime>) {
    let start: Timestamp = start.parse().unwrap();
    (Some(EventTime::Instant(start)), Some(EventTime::Instant(start + SignedDuration::from_hours(1))))
}

fn guest(key: &str) -> Attendee {
    let mut guest = Attendee::default();
    guest.email = format!("{key}@example.org");
    guest
}

const LEASE: SignedDuration = SignedDuration::from_secs(60);

impl Actor {
    /// Creates a booker of an hour. Some bookers move an existing event to this hour.
    fn new(key: String, rng: &mut fastrand::Rng, calendar: &mut Calendar) -> Self {
        let start: Timestamp = "2027-03-01T09:00:00Z".parse().unwrap();
        let end = start + SignedDuration::from_hours(1);
        let booking = if rng.u8(..3) == 0 {
            let mut event = Event::new("google", "c", existing(&key));
            (event.start, event.end) = hour("2027-03-01T11:00:00Z");
            event.attendees = vec![guest(&key)];
            let change = event.change().unwrap().time(start, end);
            calendar.events.push(event.clone());
            Booking::reschedule(&event, change, &key, TimeZone::UTC).unwrap()
        } else {
            let event = NewEvent::new(CalendarRef::new("google", "c"), "Slot", start, end);
            Booking::new(event.attendee(guest(&key).email), &key, TimeZone::UTC).unwrap()
        };
        let half = CLOCK_TOLERANCE.as_secs() / 2;
        let skew = SignedDuration::from_secs(rng.i64(-half..=half));
        Self { booking, key, skew, progress: Progress::default(), next: None, outcome: None }
    }

    /// Runs one read or one write.
    fn step(&mut self, calendar: &mut Calendar, is_lost: bool) {
        let now = calendar.now + self.skew;
        let Some(write) = self.next.take() else { return self.read(calendar, now) };
        // A lost response changes nothing for the booker, which reads again.
        match write {
            Write::Create if calendar.used.contains(&self.key) => {
                if calendar.find(&self.key).is_none() {
                    self.outcome = Some(Outcome::Taken(Conflict::KeyUsed));
                }
            }
            Write::Create => {
                calendar.used.push(self.key.clone());
                let mut event = Event::new("google", "c", &*self.key);
                (event.start, event.end) = hour("2027-03-01T09:00:00Z");
                event.description = Some(Mark::description(&self.key, now + LEASE));
                event.custom = Some(Mark::custom(&self.key, None).unwrap());
                calendar.events.push(event);
                self.progress.existed |= !is_lost;
            }
            Write::Delete(id, end) => {
                calendar.events.retain(|event| event.id != id);
                if let (End::Taken(conflict), false) = (end, is_lost) {
                    self.outcome = Some(Outcome::Taken(conflict));
                }
            }
            Write::Confirm(until) => {
                calendar.confirm(&self.key);
                self.progress.is_late = until <= now;
            }
            Write::Invite => {
                if let Some(own) = calendar.find(&self.key) {
                    own.attendees = vec![guest(&self.key)];
                }
            }
            Write::Change => {
                calendar.change(&self.key);
                self.progress.is_changed |= !is_lost;
            }
        }
    }

    fn read(&mut self, calendar: &Calendar, now: Timestamp) {
        let events = calendar.events.clone();
        let decision = decide(&self.booking, &events, self.progress, now);
        self.progress.existed |= events.iter().any(|event| event.id == self.key);
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
            Decision::Change(_) => self.next = Some(Write::Change),
            Decision::Done(_) | Decision::Changed => self.outcome = Some(Outcome::Booked),
        }
    }
}

/// The outcomes of a schedule, and how many events of the hour have guests, stand, and exist.
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
    let mut actors: Vec<_> = keys.into_iter().map(|key| Actor::new(key, rng, &mut calendar)).collect();
    for _ in 0..100_000 {
        let running: Vec<_> = (0..actors.len()).filter(|at| actors[*at].outcome.is_none()).collect();
        if running.is_empty() {
            break;
        }
        if rng.u8(..if may_stop { 20 } else { 200 }) == 0 {
            calendar.now += SignedDuration::from_secs(rng.i64(1..if may_stop { 90 } else { 5 }));
        }
        if rng.u8(..20) == 0 {
            calendar.deliver();
        }
        // One booker often runs several steps in a row.
        let actor = &mut actors[running[rng.usize(..running.len())]];
        for _ in 0..rng.usize(1..5) {
            if may_stop && rng.u8(..40) == 0 {
                actor.outcome = Some(Outcome::Stopped);
                if let Some(Write::Confirm(_) | Write::Change) = actor.next {
                    calendar.delayed.push((actor.key.clone(), !matches!(actor.next, Some(Write::Change))));
                }
            }
            if actor.outcome.is_none() {
                actor.step(&mut calendar, rng.u8(..6) == 0);
            }
        }
    }
    calendar.deliver();
    let outcomes: Vec<_> =
        actors.into_iter().map(|actor| actor.outcome.expect("the schedule ends")).collect();
    let (start, _) = hour("2027-03-01T09:00:00Z");
    calendar.events.retain(|event| event.start == start);
    let count =
        |is_counted: fn(&Event) -> bool| calendar.events.iter().filter(|event| is_counted(event)).count();
    Ended {
        booked: outcomes.iter().filter(|outcome| **outcome == Outcome::Booked).count(),
        outcomes,
        invited: count(|event| !event.attendees.is_empty()),
        confirmed: count(|event| event.description.is_none()),
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
        // The placeholder of a booker that stopped may stand next to the event that it moved.
        assert!(end.confirmed <= 1 || end.booked == 0, "seed {seed}: {:?}", end.outcomes);
        assert!(end.confirmed <= 2, "seed {seed}: {:?}", end.outcomes);
        if end.booked == 1 { one += 1 } else { none += 1 }
    }
    assert!(one > 1_000 && none > 1_000, "{one} and {none}");
}

#[test]
fn removed_or_lapsed_hold_is_not_confirmed() {
    let now: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let mut calendar = Calendar { events: Vec::new(), now, used: Vec::new(), delayed: Vec::new() };
    let mut actor = Actor::new("k".to_owned(), &mut fastrand::Rng::with_seed(0), &mut calendar);
    let existed = Progress { existed: true, ..Progress::default() };
    let removed = decide(&actor.booking, &[], existed, now);
    assert_eq!(removed, Decision::Taken(Conflict::Removed));
    actor.next = Some(Write::Create);
    actor.step(&mut calendar, false);
    let decided = |now| decide(&actor.booking, &calendar.events, existed, now);
    assert!(matches!(decided(now + LEASE / 2), Decision::Confirm(..)));
    let lapsed = decided(now + LEASE + CLOCK_TOLERANCE);
    assert!(matches!(lapsed, Decision::Withdraw(_, Conflict::Lapsed)), "{lapsed:?}");
}

#[test]
fn mark_is_read_in_the_form_of_every_service() {
    let until: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let read = |description: &str, custom: &str| {
        let mut event = Event::new("google", "c", "e");
        event.description = Some(description.to_owned());
        event.custom = custom.parse().ok();
        Mark::of(&event).map(|mark| (mark.key, mark.hold_until))
    };
    for key in ["k", "order 17 <&\"ä:)", "0"] {
        let text = Mark::description(key, until);
        let html = format!("<html>\r\n<body>\r\n<p>{text}</p></body></html>");
        for text in [text, html] {
            assert_eq!(read(&text, "{}"), Some((key.to_owned(), Some(until))), "{text}");
        }
        let custom = Mark::custom(key, None).unwrap();
        assert_eq!(read("Lunch", custom.get()), Some((key.to_owned(), None)), "{custom:?}");
        // At Google and Outlook, this SDK stores all fields as one text, which Connect shows as fields.
        let custom = r#"{"a":1,"z":"text"}"#.parse().unwrap();
        let stored = Mark::custom(key, Some(&custom)).unwrap();
        let (first, second) = stored.get().split_at(20);
        for custom in [
            json!({ "connectCustom": stored.get() }),
            json!({ "ConnectCustom": stored.get(), "other": 1 }),
            json!({ "connectCustom": first, "connectCustom.2": second, "connectCustom.4": "x" }),
        ] {
            assert_eq!(read("", &custom.to_string()), Some((key.to_owned(), None)), "{custom}");
        }
    }
    for description in
        ["booking-hold:", "booking-hold:6b", "booking-hold::1", "booking-hold:zz:1", "booking-hold:6b:x"]
    {
        assert_eq!(read(description, r#"{"connectBooking":17,"connectCustom":"[]"}"#), None, "{description}");
    }
}
