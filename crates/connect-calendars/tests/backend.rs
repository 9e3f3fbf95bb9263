//! Runs the same scenarios over Connect, Google and Outlook, with both clients. The outcome must not depend
//! on the service. The sandbox records the requests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_calendars::{
    InvitationReply,
    backend::{AsyncCalendarBackend, Backend, CalendarBackend, Connect, Gathered, Google, Outlook},
};
use connect_core::{
    CreateOutcome, Error, ErrorKind, PendingSignIn,
    types::{
        Availability, Calendar, CalendarRef, ConnectionStatus, DeleteEvent, Event, EventTime, NewEvent,
        Privacy, Provider, Raw, Recurrence, UpdateEvent,
    },
};
use connect_sandbox::{ClientType, Fault};
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use jiff::{SignedDuration, Timestamp, civil::date};

/// A scenario with its name.
type Scenario = (&'static str, fn(&TestBackend));

const SCENARIOS: [Scenario; 12] = [
    ("a user is signed in until the sign-out", signs_in_and_out),
    ("calendars have their fields", lists_calendars),
    ("an event is created, changed and deleted", writes_an_event),
    ("cleared fields are empty", clears_fields),
    ("an all-day event keeps its dates", keeps_all_day_dates),
    ("a series is read as occurrences, which change one by one", changes_occurrences),
    ("a whole series is deleted with one request", deletes_a_series),
    ("custom fields are stored", keeps_custom_fields),
    ("several calendars are one sorted list", merges_calendars),
    ("a failing calendar is named, and the others are read", names_failed_calendars),
    ("a lost response creates no second event", creates_once),
    ("invalid events are refused before any request", refuses_invalid_events),
];

#[test]
fn scenarios_pass_for_all_services_with_the_blocking_client() {
    run(|world| {
        let client = client_of!(connect_blocking::Client, world);
        let user = client.user("user-123");
        match world.whose {
            Whose::Connect => Box::new(Backend::new(Connect::new(), user)),
            Whose::Google => Box::new(Backend::new(Google::new(), user)),
            _ => Box::new(Backend::new(Outlook::new(), user)),
        }
    });
}

#[test]
fn scenarios_pass_for_all_services_with_the_hyper_client() {
    run(|world| {
        let client = client_of!(connect_hyper::Client, world);
        let user = client.user("user-123");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let inner: Box<dyn AsyncCalendarBackend> = match world.whose {
            Whose::Connect => Box::new(Backend::new(Connect::new(), user)),
            Whose::Google => Box::new(Backend::new(Google::new(), user)),
            _ => Box::new(Backend::new(Outlook::new(), user)),
        };
        Box::new(BlockOn { inner, runtime })
    });
}

/// The calendars of a user of one service, and the sandbox.
struct TestBackend {
    world: SignInSetup,
    backend: Box<dyn CalendarBackend>,
}

fn run(backend: impl Fn(&SignInSetup) -> Box<dyn CalendarBackend>) {
    for whose in [Whose::Connect, Whose::Google, Whose::Microsoft] {
        for (name, scenario) in SCENARIOS {
            let world = SignInSetup::new(whose, ClientType::Confidential);
            let backend = backend(&world);
            let pending = backend.sign_in().unwrap();
            let callback = consent(pending.url());
            backend.finish(pending, &callback).unwrap();
            println!("{whose:?}: {name}");
            scenario(&TestBackend { world, backend });
        }
    }
}

fn signs_in_and_out(place: &TestBackend) {
    let backend = &place.backend;
    assert!(backend.is_signed_in().unwrap());
    backend.sign_out().unwrap();
    assert!(!backend.is_signed_in().unwrap());
    let error = backend.calendars().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
}

fn lists_calendars(place: &TestBackend) {
    let calendars = place.backend.calendars().unwrap();
    assert!(!calendars.is_empty());
    for calendar in &calendars {
        assert!(!calendar.id.is_empty() && !calendar.title.is_empty(), "{calendar:?}");
        assert!(place.backend.provider().is_none_or(|provider| calendar.provider == Some(provider)));
        assert!(calendar.original.is_some());
    }
}

fn writes_an_event(place: &TestBackend) {
    let (calendar, start) = (place.calendar(), at("2027-02-01T09:00:00Z"));
    let new = NewEvent::new(&calendar, "Scenario: Stand-up", start, start + hours(1))
        .description("What is new")
        .location("Room 5")
        .attendee("grace@example.com")
        .availability(Availability::Free)
        .privacy(Privacy::Private);
    let event = place.backend.create(&new).unwrap();
    for event in [&event, &place.one("Scenario: Stand-up")] {
        assert_eq!(event.calendar_id.as_deref(), Some(&*calendar.id));
        assert_eq!(event.provider, Some(calendar.provider.clone()));
        assert_eq!((event.start.clone(), event.end.clone()), (instant(start), instant(start + hours(1))));
        assert_eq!(event.description.as_deref(), Some("What is new"));
        assert_eq!(event.location.as_deref(), Some("Room 5"));
        assert_eq!(event.availability, Some(Availability::Free));
        assert_eq!(event.privacy, Some(Privacy::Private));
        assert!(event.attendees.iter().any(|one| one.email == "grace@example.com"), "{event:?}");
        assert!(event.original.is_some());
    }
    let later = start + hours(3);
    let change = event.change().unwrap().title("Scenario: Sit-down").time(later, later + hours(1));
    let changed = place.backend.update(&change).unwrap();
    assert_eq!((changed.id.as_str(), changed.title.as_str()), (event.id.as_str(), "Scenario: Sit-down"));
    let found = place.one("Scenario: Sit-down");
    assert_eq!((found.start, found.location.as_deref()), (instant(later), Some("Room 5")));
    place.backend.delete(&event.delete().unwrap()).unwrap();
    assert_eq!(place.titled("Scenario: Sit-down"), []);
    let error = place.backend.update(&event.change().unwrap().title("Scenario: Again")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound), "{error:?}");
}

fn clears_fields(place: &TestBackend) {
    let start = at("2027-02-01T09:00:00Z");
    let new = NewEvent::new(place.calendar(), "Scenario: Lunch", start, start + hours(1))
        .description("With Ada")
        .location("Kitchen")
        .attendee("ada@example.com");
    let event = place.backend.create(&new).unwrap();
    let change = event.change().unwrap().clear_description().clear_location().clear_attendees();
    place.backend.update(&change).unwrap();
    let found = place.one("Scenario: Lunch");
    let empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
    assert!(empty(&found.description) && empty(&found.location), "{found:?}");
    assert!(found.attendees.iter().all(|one| one.email != "ada@example.com"), "{found:?}");
}

fn keeps_all_day_dates(place: &TestBackend) {
    let (first, next) = (date(2027, 3, 28), date(2027, 3, 29));
    let new = NewEvent::all_day(place.calendar(), "Scenario: Closed", first, next);
    let event = place.backend.create(&new).unwrap();
    for event in [&event, &place.one("Scenario: Closed")] {
        assert_eq!(event.all_day, Some(true));
        let days = (event.start.clone(), event.end.clone());
        assert_eq!(days, (Some(EventTime::Date(first)), Some(EventTime::Date(next))));
    }
    let change = event.change().unwrap().dates(date(2027, 2, 28), date(2027, 3, 2));
    place.backend.update(&change).unwrap();
    assert_eq!(place.one("Scenario: Closed").end, Some(EventTime::Date(date(2027, 3, 2))));
    let start = at("2027-03-01T09:00:00Z");
    place.backend.update(&event.change().unwrap().time(start, start + hours(2))).unwrap();
    let timed = place.one("Scenario: Closed");
    assert_eq!((timed.all_day.unwrap_or(false), timed.start), (false, instant(start)));
}

fn changes_occurrences(place: &TestBackend) {
    let occurrences = place.series("Scenario: Choir");
    assert_eq!(occurrences.len(), 4);
    assert!(occurrences.iter().all(|event| event.recurring_event_id.is_some()), "{occurrences:?}");
    place.backend.update(&occurrences[1].change().unwrap().title("Scenario: Concert")).unwrap();
    place.backend.delete(&occurrences[2].delete().unwrap()).unwrap();
    let left: Vec<_> = place.titled("Scenario: Choir").into_iter().map(|event| event.start).collect();
    assert_eq!(left, [occurrences[0].start.clone(), occurrences[3].start.clone()]);
    assert_eq!(place.one("Scenario: Concert").start, occurrences[1].start);
}

fn deletes_a_series(place: &TestBackend) {
    let occurrences = place.series("Scenario: Choir");
    place.backend.update(&occurrences[1].change().unwrap().title("Scenario: Band").whole_series()).unwrap();
    let band = place.titled("Scenario: Band");
    assert_eq!(band.len(), 4, "{band:?}");
    place.backend.delete(&band[3].delete().unwrap().whole_series()).unwrap();
    assert_eq!((place.titled("Scenario: Band"), place.titled("Scenario: Choir")), (vec![], vec![]));
}

fn keeps_custom_fields(place: &TestBackend) {
    let start = at("2027-02-01T09:00:00Z");
    let custom: Raw = r#"{"order":"A-17","count":3,"nested":{"deep":[true,null,"é\n"]}}"#.parse().unwrap();
    let new =
        NewEvent::new(place.calendar(), "Scenario: Delivery", start, start + hours(1)).custom(custom.clone());
    place.backend.create(&new).unwrap();
    let found = place.one("Scenario: Delivery").custom.unwrap();
    let read = |raw: &Raw| raw.decode::<serde_json::Value>().unwrap();
    assert_eq!(read(&found), read(&custom));
}

fn merges_calendars(place: &TestBackend) {
    let calendars = place.calendars();
    assert!(calendars.len() > 1, "the sandbox user has several calendars");
    let start = at("2027-02-01T09:00:00Z");
    for (index, calendar) in calendars.iter().enumerate().rev() {
        let start = start + hours(i64::try_from(index).unwrap());
        place.backend.create(&NewEvent::new(calendar, "Scenario: Ordered", start, start + hours(1))).unwrap();
    }
    for asked in [&calendars[..], &[]] {
        let gathered = place.backend.events(asked, FROM.parse().unwrap(), TO.parse().unwrap()).unwrap();
        assert!(gathered.failed.is_empty(), "{gathered:?}");
        let starts: Vec<_> =
            gathered.events.iter().filter(|event| event.title == "Scenario: Ordered").collect();
        assert!(starts.len() >= calendars.len());
        assert!(starts.is_sorted_by_key(|event| event.start.as_ref().unwrap().instant()), "{starts:?}");
    }
}

fn names_failed_calendars(place: &TestBackend) {
    let start = at("2027-02-01T09:00:00Z");
    let good = place.calendar();
    place.backend.create(&NewEvent::new(&good, "Scenario: Still there", start, start + hours(1))).unwrap();
    if place.world.whose == Whose::Connect {
        // Connect ignores unknown calendars, so two faults make requests fail: the request for all calendars,
        // and then the request for the first calendar alone.
        let failing = || Fault::on("GET /events").status(404);
        place.world.server.with(|sandbox| sandbox.add_fault(failing().times(2)));
        let mut asked = place.calendars();
        asked.truncate(2);
        let gathered = place.backend.events(&asked, FROM.parse().unwrap(), TO.parse().unwrap()).unwrap();
        assert_eq!(gathered.failed.len(), 1, "{gathered:?}");
        return;
    }
    let elsewhere = CalendarRef::new(Provider::Apple, good.id.clone());
    let asked = [elsewhere.clone(), good.clone()];
    let gathered = place.backend.events(&asked, FROM.parse().unwrap(), TO.parse().unwrap()).unwrap();
    assert_eq!(gathered.failed.len(), 1, "a calendar of another provider is refused: {gathered:?}");
    assert_eq!(gathered.failed[0].0, elsewhere);
    let bad = CalendarRef::new(good.provider.clone(), "no-such#calendar@example.com");
    let asked = [bad.clone(), good];
    let gathered = place.backend.events(&asked, FROM.parse().unwrap(), TO.parse().unwrap()).unwrap();
    assert!(gathered.events.iter().any(|event| event.title == "Scenario: Still there"));
    let [(calendar, error)] = &gathered.failed[..] else { panic!("{gathered:?}") };
    assert_eq!(calendar, &bad);
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation { .. }), "{error:?}");
    let error = place.backend.events(&[bad], FROM.parse().unwrap(), TO.parse().unwrap()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation { .. }), "{error:?}");
}

fn creates_once(place: &TestBackend) {
    let start = at("2027-02-01T09:00:00Z");
    let new = NewEvent::new(place.calendar(), "Scenario: Once", start, start + hours(1));
    place.world.server.with(|sandbox| sandbox.add_fault(Fault::on(place.insert_endpoint()).cut_after()));
    let event = match place.backend.create_once("order 17", &new).unwrap() {
        CreateOutcome::Created(event) | CreateOutcome::Found(event) => event,
        other => panic!("{other:?}"),
    };
    assert!(place.world.server.stats().cut(&place.insert_endpoint()) > 0, "no response was lost");
    assert_eq!(place.one("Scenario: Once").id, event.id);
    assert!(matches!(
        place.backend.create_once("order 17", &new).unwrap(),
        CreateOutcome::Created(again) | CreateOutcome::Found(again) if again.id == event.id
    ));
    assert_eq!(place.one("Scenario: Once").id, event.id, "a second call creates no second event");
    if place.world.whose != Whose::Connect {
        let later = start + hours(48);
        place.backend.update(&event.change().unwrap().time(later, later + hours(1))).unwrap();
        match place.backend.create_once("order 17", &new).unwrap() {
            CreateOutcome::Created(again) | CreateOutcome::Found(again) => {
                assert_eq!(again.id, event.id, "a moved event is found by its key")
            }
            other => panic!("{other:?}"),
        }
    }
    place.backend.create_once("order 18", &new).unwrap();
    assert_eq!(place.titled("Scenario: Once").len(), 2, "another key creates another event");
    assert!(matches!(place.backend.create_once("", &new).unwrap_err().kind(), ErrorKind::Validation { .. }));
}

fn refuses_invalid_events(place: &TestBackend) {
    let start = at("2027-02-01T09:00:00Z");
    let event =
        place.backend.create(&NewEvent::new(place.calendar(), "Here", start, start + hours(1))).unwrap();
    let before = place.world.server.requests().len();
    let backwards = NewEvent::new(place.calendar(), "Backwards", start, start - hours(1));
    for error in [
        place.backend.create(&backwards).unwrap_err(),
        place.backend.update(&event.change().unwrap().time(start, start - hours(1))).unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
    }
    // `place.calendar()` may send one request. The refused calls send none.
    assert!(place.world.server.requests().len() <= before + 1);
}

const FROM: &str = "2027-01-01T00:00:00Z";
const TO: &str = "2027-06-01T00:00:00Z";

impl TestBackend {
    /// The calendars that the user can write to.
    fn calendars(&self) -> Vec<CalendarRef> {
        let mut calendars = self.backend.calendars().unwrap();
        calendars.retain(|calendar| self.is_writable(calendar));
        calendars.iter().map(CalendarRef::from).collect()
    }

    fn is_writable(&self, calendar: &Calendar) -> bool {
        let original = calendar.original.as_ref().unwrap();
        let google = original.field::<String>("accessRole").is_none_or(|role| role == "owner");
        let microsoft = original.field::<bool>("canEdit").unwrap_or(true);
        google && microsoft && matches!(calendar.provider, Some(Provider::Google | Provider::Microsoft))
    }

    fn calendar(&self) -> CalendarRef {
        self.calendars().into_iter().next().unwrap()
    }

    fn titled(&self, title: &str) -> Vec<Event> {
        let gathered = self.backend.events(&[], FROM.parse().unwrap(), TO.parse().unwrap()).unwrap();
        assert!(gathered.failed.is_empty(), "{gathered:?}");
        gathered.events.into_iter().filter(|event| event.title == title).collect()
    }

    #[track_caller]
    fn one(&self, title: &str) -> Event {
        let [event] = self.titled(title).try_into().unwrap();
        event
    }

    /// A weekly series of four occurrences. No clocks change during the series in Europe or America.
    fn series(&self, title: &str) -> Vec<Event> {
        let start = at("2027-01-04T18:00:00Z");
        let new = NewEvent::new(self.calendar(), title, start, start + hours(2))
            .recurrence(Recurrence::weekly().count(4));
        self.backend.create(&new).unwrap();
        self.titled(title)
    }

    /// The name that the sandbox has for the endpoint that creates an event.
    fn insert_endpoint(&self) -> String {
        match self.world.whose {
            Whose::Connect => "POST /event",
            Whose::Google => "POST /google/calendar/v3/calendars/{calendarId}/events",
            _ => "POST /microsoft/graph/v1.0/me/calendars/{calendarId}/events",
        }
        .to_owned()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn instant(at: Timestamp) -> Option<EventTime> {
    Some(EventTime::Instant(at))
}

/// Implements the trait of blocking backends with an async backend.
struct BlockOn {
    inner: Box<dyn AsyncCalendarBackend>,
    runtime: tokio::runtime::Runtime,
}

impl CalendarBackend for BlockOn {
    fn provider(&self) -> Option<Provider> {
        self.inner.provider()
    }

    fn calendars(&self) -> Result<Vec<Calendar>, Error> {
        self.runtime.block_on(self.inner.calendars())
    }

    fn connections(&self) -> Result<Option<ConnectionStatus>, Error> {
        self.runtime.block_on(self.inner.connections())
    }

    fn events(&self, calendars: &[CalendarRef], start: Timestamp, end: Timestamp) -> Result<Gathered, Error> {
        self.runtime.block_on(self.inner.events(calendars, start, end))
    }

    fn create(&self, event: &NewEvent) -> Result<Event, Error> {
        self.runtime.block_on(self.inner.create(event))
    }

    fn create_once(&self, key: &str, event: &NewEvent) -> Result<CreateOutcome, Error> {
        self.runtime.block_on(self.inner.create_once(key, event))
    }

    fn update(&self, change: &UpdateEvent) -> Result<Event, Error> {
        self.runtime.block_on(self.inner.update(change))
    }

    fn delete(&self, event: &DeleteEvent) -> Result<(), Error> {
        self.runtime.block_on(self.inner.delete(event))
    }

    fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<(), Error> {
        self.runtime.block_on(self.inner.respond(event, reply))
    }

    fn is_signed_in(&self) -> Result<bool, Error> {
        self.runtime.block_on(self.inner.is_signed_in())
    }

    fn sign_in(&self) -> Result<PendingSignIn, Error> {
        self.inner.sign_in()
    }

    fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error> {
        self.runtime.block_on(self.inner.finish(sign_in, callback))
    }

    fn sign_out(&self) -> Result<(), Error> {
        self.runtime.block_on(self.inner.sign_out())
    }
}
