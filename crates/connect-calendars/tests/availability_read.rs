//! Readings of the sandbox's services, with both clients.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_calendars::{
    availability::{Gap, OnGap, Person, Query, Reading, read, read_async},
    busy::{Interval, WorkingHours},
};
use connect_core::types::{CalendarRef, NewEvent};
use connect_sandbox::Fault;
use connect_tests::authorization::Whose;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

#[path = "support/signed_in.rs"]
mod signed_in;

use signed_in::{SERVICES, SignedIn};

/// Reads the calendars with one of the clients.
fn read_with(signed: &SignedIn, is_blocking: bool, calendars: &[CalendarRef]) -> Vec<Reading> {
    let (blocking, asynchronous) = &signed.backends;
    if is_blocking {
        return read(&**blocking, calendars, query().reads(), now());
    }
    signed.runtime.block_on(read_async(&**asynchronous, calendars, query().reads(), now()))
}

fn now() -> Timestamp {
    "2027-02-01T08:00:00Z".parse().unwrap()
}

fn query() -> Query {
    let hour = SignedDuration::from_hours(1);
    Query::new(Interval::new(now(), now() + hour * 4), hour, now()).step(hour, TimeZone::UTC)
}

fn person(readings: Vec<Reading>) -> Person {
    Person::new("ann", TimeZone::UTC, WorkingHours::always(TimeZone::UTC)).readings(readings)
}

/// Returns the accounts with a gap, and the names of the gaps.
fn gaps(readings: &[Reading]) -> Vec<(String, &'static str)> {
    let found = query().run(&[person(readings.to_vec())]).unwrap();
    let gaps = found.gaps().map(|one| (one.account.clone(), one.gaps[0].name()));
    gaps.collect()
}

#[test]
fn created_event_is_busy_in_every_service() {
    for whose in SERVICES {
        let signed = SignedIn::at(whose, &[]);
        let calendar = CalendarRef::from(&signed.backends.0.calendars().unwrap()[0]);
        let start = now() + SignedDuration::from_hours(1);
        let end = start + SignedDuration::from_hours(1);
        signed.backends.0.create(&NewEvent::new(&calendar, "Busy", start, end)).unwrap();
        for blocking in [true, false] {
            let readings = read_with(&signed, blocking, std::slice::from_ref(&calendar));
            assert_eq!(gaps(&readings), [], "{whose:?}");
            let found = query().run(&[person(readings)]).unwrap();
            let slots: Vec<_> = found.slots().unwrap().iter().map(|slot| slot.time.start).collect();
            assert!(!slots.contains(&start) && slots.contains(&end), "{whose:?}: {slots:?}");
        }
    }
}

#[test]
fn account_with_a_problem_never_looks_free() {
    for (switch, provider, gap) in [
        ("reauth", "google", "reauth_required"),
        ("reauth", "caldav", "reauth_required"),
        ("withheld", "microsoft", "permission_withheld"),
    ] {
        let signed = SignedIn::at(Whose::Connect, &[(switch, provider)]);
        for blocking in [true, false] {
            let readings = read_with(&signed, blocking, &[]);
            let found = gaps(&readings);
            let is_named = |(account, name): &(String, &str)| {
                account.ends_with(&format!("({provider})")) && *name == gap
            };
            assert!(found.iter().any(is_named), "{switch} {provider}: {found:?}");
            let refused = query().run(&[person(readings.clone())]).unwrap();
            let text = refused.slots().unwrap_err().to_string();
            assert!(text.contains(&format!("({provider})")), "{text}");
            // The calendars of other providers do not rest on this account.
            let known = signed.backends.0.calendars().unwrap();
            let (same, others): (Vec<_>, Vec<_>) =
                known.iter().map(CalendarRef::from).partition(|one| one.provider.as_str() == provider);
            assert_eq!(gaps(&read_with(&signed, blocking, &others)), [], "{switch} {provider}");
            let mixed = [CalendarRef::new(provider, "any"), others[0].clone()];
            for chosen in [&mixed[..], &same].into_iter().filter(|chosen| !chosen.is_empty()) {
                let found = gaps(&read_with(&signed, blocking, chosen));
                assert!(found.iter().any(is_named), "{switch} {provider}: {found:?}");
            }
            let busy = query().on_gap(OnGap::Busy).run(&[person(readings.clone())]).unwrap();
            assert_eq!(busy.slots().unwrap(), []);
            let ignored = query().on_gap(OnGap::Ignore).run(&[person(readings)]).unwrap();
            assert!(
                ignored.slots().unwrap().iter().all(|slot| !slot.gaps.is_empty()),
                "every slot is marked"
            );
        }
    }
}

#[test]
fn failed_request_is_a_gap() {
    for whose in SERVICES {
        let signed = SignedIn::at(whose, &[]);
        let calendars = signed.backends.0.calendars().unwrap();
        let asked: Vec<_> = calendars.iter().take(2).map(CalendarRef::from).collect();
        for blocking in [true, false] {
            let endpoints: &[_] = match whose {
                Whose::Connect => &["GET /oauth/connection-status", "GET /calendars", "GET /events"],
                Whose::Google => &[
                    "GET /google/calendar/v3/users/me/calendarList",
                    "GET /google/calendar/v3/calendars/{calendarId}/events",
                ],
                _ => &[
                    "GET /microsoft/graph/v1.0/me/calendars",
                    "GET /microsoft/graph/v1.0/me/calendars/{calendarId}/calendarView",
                ],
            };
            for endpoint in endpoints {
                signed.world.server.with(|sandbox| sandbox.clear_faults());
                signed
                    .world
                    .server
                    .with(|sandbox| sandbox.add_fault(Fault::on(*endpoint).status(404).times(9)));
                let readings = read_with(&signed, blocking, &asked);
                let found = gaps(&readings);
                assert!(found.iter().any(|(_, name)| *name == "failed"), "{whose:?} {endpoint}: {found:?}");
                assert!(signed.world.server.stats().answered(endpoint, 404) > 0, "{endpoint}");
            }
        }
        signed.world.server.with(|sandbox| sandbox.clear_faults());
        signed.backends.0.sign_out().unwrap();
        let found = gaps(&read_with(&signed, true, &asked));
        assert!(found.iter().all(|(_, name)| *name == "reauth_required") && !found.is_empty(), "{found:?}");
    }
}

#[test]
fn person_without_calendars_is_not_free() {
    let found = query().run(&[person(Vec::new())]).unwrap();
    assert!(matches!(found.coverage()[0].gaps[..], [Gap::NothingRead]));
    assert!(found.slots().is_err());
}
