//! Tests that Google and Outlook notify the same guests. The sandbox records the notifications.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_calendars::{
    backend::{Backend, CalendarBackend, Connect, Google, Outlook},
    google,
    plugin::CalendarSync,
};
use connect_core::{
    Error,
    types::{CalendarRef, Event, NewEvent, Notify, Provider, Raw, Recurrence},
};
use connect_sandbox::ClientType;
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use jiff::{SignedDuration, Timestamp};

/// The calendar of a signed-in user, and the sandbox.
struct TestCalendar {
    world: SignInSetup,
    backend: Box<dyn CalendarBackend>,
    calendar: CalendarRef,
    seen: usize,
}

impl TestCalendar {
    fn new(whose: Whose) -> Self {
        let world = SignInSetup::new(whose, ClientType::Confidential);
        let user = client_of!(connect_blocking::Client, &world).user("ada");
        let backend: Box<dyn CalendarBackend> = match whose {
            Whose::Connect => Box::new(Backend::new(Connect::new(), user)),
            Whose::Google => Box::new(Backend::new(Google::new(), user)),
            _ => Box::new(Backend::new(Outlook::new(), user)),
        };
        let pending = backend.sign_in().unwrap();
        let callback = consent(pending.url());
        backend.finish(pending, &callback).unwrap();
        let calendar = CalendarRef::from(&backend.calendars().unwrap()[0]);
        Self { world, backend, calendar, seen: 0 }
    }

    fn meeting(&self) -> NewEvent {
        let start = at("2027-02-01T09:00:00Z");
        NewEvent::new(&self.calendar, "Review", start, start + SignedDuration::from_hours(1))
    }

    /// The address and kind of each notification since the last call of this method, sorted by address.
    fn notifications(&mut self) -> Vec<(String, String)> {
        let all = self.world.server.invitations();
        let mut new: Vec<_> =
            all[self.seen..].iter().map(|one| (one.to.clone(), one.kind.to_owned())).collect();
        self.seen = all.len();
        new.sort();
        new
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn expected(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(to, kind)| ((*to).to_owned(), (*kind).to_owned())).collect()
}

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@gmail.com";

#[test]
fn guests_are_notified_of_every_write() {
    for whose in [Whose::Google, Whose::Microsoft] {
        let mut place = TestCalendar::new(whose);
        let event = place.backend.create(&place.meeting().attendees([ANN, BOB])).unwrap();
        assert_eq!(place.notifications(), expected(&[(ANN, "invitation"), (BOB, "invitation")]), "{whose:?}");

        let (start, end) = (at("2027-02-01T11:00:00Z"), at("2027-02-01T12:00:00Z"));
        place.backend.update(&event.change().unwrap().time(start, end)).unwrap();
        assert_eq!(
            place.notifications(),
            expected(&[(ANN, "update"), (BOB, "update")]),
            "{whose:?}: a new time"
        );

        place.backend.update(&event.change().unwrap().attendees([BOB, "cid@example.org"])).unwrap();
        let other = [(ANN, "cancellation"), (BOB, "update"), ("cid@example.org", "invitation")];
        assert_eq!(place.notifications(), expected(&other), "{whose:?}: other guests");

        place.backend.delete(&event.delete().unwrap()).unwrap();
        let gone = [(BOB, "cancellation"), ("cid@example.org", "cancellation")];
        assert_eq!(place.notifications(), expected(&gone), "{whose:?}: deleted");
    }
}

#[test]
fn guests_are_notified_of_one_changed_occurrence() {
    for whose in [Whose::Google, Whose::Microsoft] {
        let mut place = TestCalendar::new(whose);
        let series = place.meeting().attendee(ANN).recurrence(Recurrence::weekly().count(4));
        place.backend.create(&series).unwrap();
        assert_eq!(place.notifications(), expected(&[(ANN, "invitation")]), "{whose:?}");
        let (start, end) = (at("2027-02-01T00:00:00Z"), at("2027-03-01T00:00:00Z"));
        let calendars = [place.calendar.clone()];
        let events = place.backend.events(&calendars, start, end).unwrap().events;
        let days: Vec<&Event> = events.iter().filter(|event| event.title == "Review").collect();
        assert_eq!(days.len(), 4);
        place.backend.delete(&days[1].delete().unwrap()).unwrap();
        assert_eq!(
            place.notifications(),
            expected(&[(ANN, "cancellation")]),
            "{whose:?}: one occurrence is cancelled"
        );
        let told = place.world.server.invitations();
        assert_eq!(
            (&*told[1].event, &*told[1].title),
            (&*days[1].id, "Review"),
            "{whose:?}: the cancelled occurrence"
        );
        place.backend.update(&days[2].change().unwrap().title("Longer review")).unwrap();
        assert_eq!(
            place.notifications(),
            expected(&[(ANN, "update")]),
            "{whose:?}: one occurrence is changed"
        );
    }
}

#[test]
fn event_without_guests_notifies_nobody() {
    for whose in [Whose::Google, Whose::Microsoft] {
        let mut place = TestCalendar::new(whose);
        let event = place.backend.create(&place.meeting()).unwrap();
        place.backend.delete(&event.delete().unwrap()).unwrap();
        // Outlook accepts `Notify::Nobody` if no guest is invited.
        place.backend.create(&place.meeting().notify(Notify::Nobody)).unwrap();
        assert_eq!(place.notifications(), expected(&[]), "{whose:?}");
    }
}

#[test]
fn google_notifies_the_chosen_guests() {
    let mut place = TestCalendar::new(Whose::Google);
    for (notify, told) in
        [(Notify::All, vec![ANN, BOB]), (Notify::External, vec![ANN]), (Notify::Nobody, vec![])]
    {
        let kinds = |kind| told.iter().map(|to| ((*to).to_owned(), String::from(kind))).collect::<Vec<_>>();
        let event = place.backend.create(&place.meeting().attendees([ANN, BOB]).notify(notify)).unwrap();
        assert_eq!(place.notifications(), kinds("invitation"), "{notify}");
        place.backend.update(&event.change().unwrap().title("Later").notify(notify)).unwrap();
        assert_eq!(place.notifications(), kinds("update"), "{notify}");
        place.backend.delete(&event.delete().unwrap().notify(notify)).unwrap();
        assert_eq!(place.notifications(), kinds("cancellation"), "{notify}");
        assert_eq!(notify.as_str().parse(), Ok(notify));
    }
    assert!("some".parse::<Notify>().is_err());
}

#[test]
fn send_updates_of_the_call_overrides_notify() {
    let mut place = TestCalendar::new(Whose::Google);
    let user = client_of!(connect_blocking::Client, &place.world).user("ada");
    let event = place.meeting().attendee(ANN).notify(Notify::Nobody);
    user.send(&google::InsertEvent::new(&event).send_updates(google::SendUpdates::All)).unwrap();
    assert_eq!(place.notifications(), expected(&[(ANN, "invitation")]));
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, named: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), "VALIDATION_ERROR", "{error}");
    let message = error.message().unwrap_or_default();
    assert!(message.starts_with("notify: ") && message.contains(named), "{message}");
}

#[test]
fn unsupported_notify_setting_is_refused() {
    let place = TestCalendar::new(Whose::Microsoft);
    let event = place.backend.create(&place.meeting().attendee(ANN)).unwrap();
    let before = place.world.server.invitations().len();
    for notify in [Notify::External, Notify::Nobody] {
        refused(place.backend.create(&place.meeting().attendee(ANN).notify(notify)), notify.as_str());
        refused(place.backend.update(&event.change().unwrap().title("x").notify(notify)), notify.as_str());
        refused(place.backend.delete(&event.delete().unwrap().notify(notify)), notify.as_str());
    }
    assert_eq!(place.world.server.invitations().len(), before);

    let place = TestCalendar::new(Whose::Connect);
    let event = place.backend.create(&place.meeting().attendee(ANN)).unwrap();
    for notify in [Notify::All, Notify::External, Notify::Nobody] {
        refused(place.backend.create(&place.meeting().notify(notify)), "Connect");
        refused(place.backend.update(&event.change().unwrap().title("x").notify(notify)), "Connect");
        refused(place.backend.delete(&event.delete().unwrap().notify(notify)), "Connect");
    }
    assert!(place.world.server.invitations().is_empty(), "Connect does not document its notifications");
}

#[test]
fn plugin_writes_notify_guests() {
    for whose in [Whose::Google, Whose::Microsoft] {
        let mut place = TestCalendar::new(whose);
        let user = client_of!(connect_blocking::Client, &place.world).user("ada");
        let (calendar, meeting) = (place.calendar.clone(), place.meeting());
        let guests = match calendar.provider {
            Provider::Google => format!(r#"{{"attendees": [{{"email": "{ANN}"}}]}}"#),
            _ => format!(
                r#"{{"attendees": [{{"emailAddress": {{"address": "{ANN}"}}, "type": "required"}}]}}"#
            ),
        };
        let meeting = meeting.provider_fields(&calendar.provider, guests.parse::<Raw>().unwrap());
        let (event, deleted) = if whose == Whose::Google {
            let sync = CalendarSync::init(Backend::new(Google::new(), user), ());
            let event = sync.add_event(&meeting).unwrap();
            (event.clone(), sync.delete_event(event).unwrap())
        } else {
            let sync = CalendarSync::init(Backend::new(Outlook::new(), user), ());
            let event = sync.add_event(&meeting).unwrap();
            (event.clone(), sync.delete_event(event).unwrap())
        };
        assert_eq!(event.id, deleted.id);
        assert_eq!(
            place.notifications(),
            expected(&[(ANN, "cancellation"), (ANN, "invitation")]),
            "{whose:?}"
        );
    }
}
