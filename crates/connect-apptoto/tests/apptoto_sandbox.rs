//! Sends every Apptoto call to the sandbox, with the async client and with the blocking client. Both clients
//! must pass the same scenarios. Some scenarios also check the sandbox's messages and request counts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::collections::BTreeMap;

use connect_apptoto::{
    ApiKey, BookNow, Content, CreateContacts, CreateEvents, DeleteEvent, Event, Events, GetContact, GetEvent,
    GetImport, Id, ImportState, ImportType, ListAddressBooks, ListEvents, MessageType, NewContact, NewEvent,
    NewParticipant, NewPhoneNumber, ParticipantState, Place, RawCall, Recipient, Scope, SendMessage, ShowAs,
    StartImport, UpsertContact, UpsertContacts, UpsertEvent, UpsertEvents,
};
use connect_core::{
    Endpoint, Error, ErrorKind, Paged, SignIn,
    types::{EventTime, Raw},
};
use connect_sandbox::{ApptotoMessage, AuthorizationServer, ClientType, Fault};
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use jiff::{SignedDuration, Timestamp, ZonedDateTime, civil::date};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A scenario: its name and the function that runs it.
type Scenario = (&'static str, fn(&Account));

const SCENARIOS: [Scenario; 14] = [
    ("an event is created, changed and deleted", writes_an_event),
    ("an upsert makes one event however often it is sent", upserts_once),
    ("a list is read page by page to its end", lists_pages),
    (
        "a list by phone number or e-mail address contains only the matching participants",
        lists_by_participant,
    ),
    ("a contact is created, changed and read", writes_a_contact),
    ("an appointment is booked once", books),
    ("messages reach their recipients", sends_messages),
    ("an import is read until it has finished", follows_an_import),
    ("a missing scope is named", names_the_missing_scope),
    ("invalid and missing items cause errors of the right kind", tells_what_is_wrong),
    ("calls that reach people are not retried after a failure", sends_once),
    ("idempotent calls are retried", repeats),
    ("an API key gives access to its own account only", calls_with_a_key),
    ("revoked access ends immediately", ends_access),
];

#[test]
fn blocking_client_passes_every_scenario() {
    run(|world| {
        let client = client_of!(connect_blocking::Client, world);
        Client::Blocking(client)
    });
}

#[test]
fn hyper_client_passes_every_scenario() {
    run(|world| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = {
            let _inside = runtime.enter();
            client_of!(connect_hyper::Client, world)
        };
        Client::Hyper(client, runtime)
    });
}

fn run(client: impl Fn(&SignInSetup) -> Client) {
    for (name, scenario) in SCENARIOS {
        println!("{name}");
        let account = Account::new(&[], &client);
        scenario(&account);
    }
    for (switches, name) in UNDOCUMENTED {
        println!("{name}");
        answers_of_any_form(&Account::new(switches, &client));
    }
}

enum Client {
    Blocking(connect_blocking::Client),
    Hyper(connect_hyper::Client, Runtime),
}

impl Client {
    fn user(&self) -> User<'_> {
        match self {
            Self::Blocking(client) => User::Blocking(client.user("user-123")),
            Self::Hyper(client, runtime) => User::Hyper(client.user("user-123"), runtime),
        }
    }

    /// A user without tokens, for calls with an API key.
    fn nobody(&self) -> User<'_> {
        match self {
            Self::Blocking(client) => User::Blocking(client.nobody()),
            Self::Hyper(client, runtime) => User::Hyper(client.nobody(), runtime),
        }
    }

    fn sign_in(&self, scopes: &[Scope]) {
        let sign_in = SignIn::new("user-123").scopes(scopes.iter().cloned());
        match self {
            Self::Blocking(client) => {
                let pending = client.auth().sign_in(sign_in).unwrap();
                let callback = consent(pending.url());
                client.auth().finish(pending, &callback).map(drop).unwrap();
            }
            Self::Hyper(client, runtime) => {
                let pending = client.auth().sign_in(sign_in).unwrap();
                let callback = consent(pending.url());
                runtime.block_on(client.auth().finish(pending, &callback)).map(drop).unwrap();
            }
        }
    }
}

enum User<'a> {
    Blocking(connect_blocking::User),
    Hyper(connect_hyper::User, &'a Runtime),
}

impl User<'_> {
    fn send<E: Endpoint + Sync>(&self, call: &E) -> Result<E::Output, Error> {
        match self {
            Self::Blocking(user) => user.send(call),
            Self::Hyper(user, runtime) => runtime.block_on(user.send(call)),
        }
    }

    fn all<E: Paged + Sync + Send + 'static>(&self, list: E) -> Vec<E::Item>
    where
        E::Output: Send,
        E::Item: Send,
    {
        match self {
            Self::Blocking(user) => user.pages(list).items().map(Result::unwrap).collect(),
            Self::Hyper(user, runtime) => runtime.block_on(async {
                let (mut pages, mut all) = (user.pages(list), Vec::new());
                while let Some(page) = pages.next_page().await.unwrap() {
                    all.extend(E::into_items(page));
                }
                all
            }),
        }
    }
}

/// A signed-in user with every scope, and the sandbox server.
struct Account {
    world: SignInSetup,
    client: Client,
}

impl Account {
    fn new(switches: &[(&str, &str)], client: impl Fn(&SignInSetup) -> Client) -> Self {
        let world = SignInSetup::with(Whose::Apptoto, ClientType::Confidential, switches);
        let client = client(&world);
        client.sign_in(&Scope::ALL);
        Self { world, client }
    }

    fn send<E: Endpoint + Sync>(&self, call: &E) -> Result<E::Output, Error> {
        self.client.user().send(call)
    }

    fn ok<E: Endpoint + Sync>(&self, call: &E) -> E::Output {
        self.send(call).unwrap_or_else(|error| panic!("{}: {error}", call.operation()))
    }

    /// Sends a call and returns the only event of its response.
    fn write<E: Endpoint<Output = Events> + Sync>(&self, call: &E) -> Event {
        let [only] = self.ok(call).events.try_into().unwrap();
        only
    }

    fn events(&self) -> Vec<Event> {
        self.client.user().all(ListEvents::new())
    }

    fn messages(&self) -> Vec<ApptotoMessage> {
        self.world.server.with(|sandbox| sandbox.apptoto_messages(Timestamp::now()))
    }

    /// Returns the number of requests that the sandbox has received for an endpoint.
    fn calls(&self, endpoint: &str) -> u64 {
        self.world.server.stats().total(&named(endpoint))
    }

    fn fault(&self, fault: Fault) {
        self.world.server.with(|sandbox| sandbox.add_fault(fault));
    }
}

/// Returns the sandbox's name of an endpoint: `POST /apptoto/api/v1/events` for `POST /v1/events`.
fn named(endpoint: &str) -> String {
    endpoint.replacen(' ', " /apptoto/api", 1)
}

fn tomorrow() -> (Timestamp, Timestamp) {
    let start =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap() + SignedDuration::from_hours(24);
    (start, start + SignedDuration::from_hours(1))
}

fn new_event(title: &str) -> NewEvent {
    let (start, end) = tomorrow();
    NewEvent::new("Practice", title, start, end)
}

fn id(event: &Event) -> Id {
    event.id.clone().unwrap()
}

fn raw(raw: &Raw) -> Value {
    serde_json::from_str(raw.get()).unwrap()
}

fn names(event: &Event) -> Vec<&str> {
    event.participants.iter().filter_map(|one| one.name.as_deref()).collect()
}

fn writes_an_event(account: &Account) {
    let zoned: ZonedDateTime = "2030-06-21T14:00:00-07:00[America/Los_Angeles]".parse().unwrap();
    let fred = NewParticipant::new("Fred Smith").phone("650-555-1212").email("fred@example.com");
    let new =
        NewEvent::new("Practice", "Check-up", &zoned, zoned.timestamp() + SignedDuration::from_hours(1))
            .time_zone("America/Los_Angeles")
            .location("Room 5")
            .content("\"quoted\" é")
            .all_day(false)
            .show_as(ShowAs::OUT_OF_OFFICE)
            .external_id("order 1/ä")
            .custom_data(json!({ "n": 1, "deep": [{}] }))
            .participants([fred]);
    let made = account.write(&CreateEvents::new([new]));
    assert_eq!(made.title.as_deref(), Some("Check-up"));
    assert_eq!((made.location.as_deref(), made.content.as_deref()), (Some("Room 5"), Some("\"quoted\" é")));
    assert_eq!(made.start_time.as_ref().and_then(EventTime::instant), Some(zoned.timestamp()));
    assert_eq!(made.is_deleted, Some(false));
    assert_eq!(raw(made.custom_data.as_ref().unwrap()), json!({ "n": 1, "deep": [{}] }));
    let [fred] = &made.participants[..] else { panic!("{made:?}") };
    assert_eq!((fred.name.as_deref(), fred.phone.as_deref()), (Some("Fred Smith"), Some("650-555-1212")));
    assert_eq!(fred.normalized_phone.as_deref(), Some("+16505551212"));
    assert_eq!(
        (fred.email.as_deref(), fred.state.clone()),
        (Some("fred@example.com"), Some(ParticipantState::Initial))
    );
    for read in [GetEvent::by_id(id(&made)), GetEvent::by_external_id("order 1/ä")] {
        assert_eq!(account.ok(&read), made);
    }

    let change = UpsertEvent::by_id(id(&made))
        .title("Later")
        .custom_data(json!({ "only": true }))
        .participants([NewParticipant::new("Ann").email("ann@example.com")]);
    let changed = account.write(&UpsertEvents::new([change]));
    assert_eq!((changed.title.as_deref(), changed.location.as_deref()), (Some("Later"), Some("Room 5")));
    assert_eq!(raw(changed.custom_data.as_ref().unwrap()), json!({ "only": true }));
    assert_eq!(names(&changed), ["Ann"], "the participants are replaced as a whole");

    let elsewhere = UpsertEvents::new([UpsertEvent::by_id(id(&made)).calendar("Other")]);
    let error = account.send(&elsewhere).unwrap_err();
    assert!(error.to_string().contains("cannot be moved to another calendar"), "{error}");
    let in_it = NewEvent::new(Place::from(made.calendar_id.clone().unwrap()), "Second", &zoned, &zoned);
    assert_eq!(account.write(&CreateEvents::new([in_it])).calendar_id, made.calendar_id);
    let new_calendar = CreateEvents::new([NewEvent::new("New", "Third", &zoned, &zoned)]);
    let error = account.send(&new_calendar.clone().prevent_calendar_creation()).unwrap_err();
    assert!(error.to_string().contains("events[0].calendar: there is no such calendar"), "{error}");
    assert_ne!(account.write(&new_calendar).calendar_id, made.calendar_id);

    for _ in 0..2 {
        assert_eq!(account.write(&DeleteEvent::by_external_id("order 1/ä")).is_deleted, Some(true));
    }
    assert_eq!(account.ok(&GetEvent::by_id(id(&made))).is_deleted, Some(true));
    assert!(account.events().iter().all(|event| event.id != made.id));
    let all = account.client.user().all(ListEvents::new().parameter("include-deleted", "true"));
    assert!(all.iter().any(|event| event.id == made.id));
}

fn upserts_once(account: &Account) {
    let (start, end) = tomorrow();
    let upsert = || {
        let event =
            UpsertEvent::by_external_id("order-7").calendar("Practice").title("Once").start(start).end(end);
        UpsertEvents::new([event])
    };
    let first = account.write(&upsert());
    // The response is lost after the sandbox has changed the event.
    account.fault(Fault::on(named("PUT /v1/events")).cut_after());
    assert_eq!(account.write(&upsert()), first);
    assert_eq!(account.calls("PUT /v1/events"), 3, "the client retried the call");
    assert_eq!(account.events().len(), 1);
}

fn lists_pages(account: &Account) {
    let at = |day: i8| date(2030, 1, day).at(10, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    let new = |n: i8| NewEvent::new("Practice", n.to_string(), at(n % 28 + 1), at(28));
    account.ok(&CreateEvents::new((0..65).map(new)));
    let events = account.events();
    let ids: BTreeMap<_, _> = events.iter().map(|event| (event.id.clone(), event)).collect();
    assert_eq!((events.len(), ids.len()), (65, 65), "each event is listed once");
    assert_eq!(account.calls("GET /v1/events"), 4, "pages of 30, 30 and 5 events, and an empty page");
    let later = account
        .client
        .user()
        .all(ListEvents::new().begin(at(20)).parameter("end", at(21).to_string()).page_size(2));
    let days: Vec<_> =
        later.iter().map(|event| event.start_time.as_ref().unwrap().instant().unwrap()).collect();
    assert_eq!(days, [at(20), at(20), at(21), at(21)]);
    let page = account.ok(&ListEvents::new().page_size(50).page(2));
    assert_eq!((page.events.len(), page.next_page.as_deref()), (15, Some("3")));
}

fn lists_by_participant(account: &Account) {
    let people = [
        NewParticipant::new("Fred").phone("650-555-1212"),
        NewParticipant::new("Mother").phone("+1 650 555 1212").email("m@example.com"),
    ];
    let event = account.write(&CreateEvents::new([new_event("Both").participants(people)]));
    let list = |list: ListEvents| account.client.user().all(list.include_conversations());
    let by_number = list(ListEvents::new().phone_number("+16505551212"));
    assert_eq!(by_number.iter().map(names).collect::<Vec<_>>(), [["Fred"], ["Mother"]]);
    assert!(by_number.iter().all(|one| one.id == event.id));
    let by_address = list(ListEvents::new().email_address("m@example.com"));
    assert_eq!(by_address.iter().map(names).collect::<Vec<_>>(), [["Mother"]]);
    assert_eq!(by_address[0].participants[0].conversations.as_ref().unwrap().get(), "[]");
}

fn writes_a_contact(account: &Account) {
    let numbers = [
        NewPhoneNumber::new("650-555-1212").mobile(true).primary(true),
        NewPhoneNumber::new("650-555-0000").phone_type("work"),
    ];
    let fred = NewContact::new("Patients", "Fred Smith")
        .external_id("c-1")
        .email_addresses(json!([{ "address": "fred@example.com" }]))
        .phone_numbers(numbers);
    let ada = NewContact::named("Patients", "Ada", "King").phone("650-555-3333").email("ada@example.com");
    let made = raw(&account.ok(&CreateContacts::new([fred, ada])).0);
    assert_eq!(made["contacts"][1]["phone_numbers"][0]["normalized"], "+16505553333");
    let fred = account.ok(&GetContact::by_external_id("c-1"));
    assert_eq!(
        (fred.name.as_deref(), fred.first_name.as_deref(), fred.last_name.as_deref()),
        (Some("Fred Smith"), Some("Fred"), Some("Smith"))
    );
    assert_eq!(fred.external_id.as_deref(), Some("c-1"));
    let mobile = &fred.phone_numbers[0];
    assert_eq!(
        (mobile.number.as_deref(), mobile.normalized.as_deref()),
        (Some("650-555-1212"), Some("+16505551212"))
    );
    assert_eq!((mobile.is_mobile, mobile.is_primary), (Some(true), Some(true)));
    assert_eq!(fred.phone_numbers[1].is_mobile, Some(false));
    assert_eq!(fred.email_addresses[0].address.as_deref(), Some("fred@example.com"));
    assert_eq!(account.ok(&GetContact::by_id(fred.id.clone().unwrap())), fred);

    let change = UpsertContact::by_external_id("c-1")
        .address_book_id(fred.address_book_id.clone().unwrap())
        .name("Frederick Smith")
        .phone_numbers([NewPhoneNumber::new("650-555-9999")])
        .custom_data(json!({ "n": 1 }));
    account.ok(&UpsertContacts::new([change]));
    account.ok(&UpsertContacts::new([UpsertContact::by_external_id("c-1")
        .add_phone("650-555-8888")
        .add_email("f@example.com")]));
    let after = account.ok(&GetContact::by_id(fred.id.clone().unwrap()));
    assert_eq!(after.name.as_deref(), Some("Frederick Smith"));
    let numbers: Vec<_> = after.phone_numbers.iter().filter_map(|one| one.number.as_deref()).collect();
    assert_eq!(numbers, ["650-555-9999", "650-555-8888"]);
    assert_eq!(after.email_addresses.len(), 2);
    assert_eq!(raw(after.custom_data.as_ref().unwrap()), json!({ "n": 1 }));
    let books = raw(&account.ok(&ListAddressBooks::new()).0);
    assert_eq!(books["address_books"][1]["name"], "Patients");
}

fn books(account: &Account) {
    let (start, end) = (tomorrow().0, tomorrow().0 + SignedDuration::from_mins(30));
    let call = BookNow::new("demo", start)
        .appointment_type_token("default")
        .name("George")
        .phone_number("650-898-1212")
        .email_address("george@example.com")
        .field_data(json!({ "zip": 97701 }));
    let booked = account.ok(&call);
    assert_eq!(booked.success, Some(true));
    let booking = booked.booking.unwrap();
    assert_eq!(
        (booking.state.as_deref(), booking.booking_page.as_ref().map(Id::as_str)),
        (Some("complete"), Some("demo"))
    );
    assert_eq!(booking.username.as_deref(), Some("user@example.com"));
    let times = [booking.start_time, booking.end_time].map(|time| time.unwrap().instant());
    assert_eq!(times, [Some(start), Some(end)]);
    assert_eq!((booking.name.as_deref(), booking.phone.as_deref()), (Some("George"), Some("+16508981212")));
    assert_eq!(booking.email.as_deref(), Some("george@example.com"));
    assert_eq!((booking.authenticated_phone, booking.rescheduled_at), (Some(false), None));
    assert_eq!(raw(booking.field_data.as_ref().unwrap()), json!({ "zip": 97701 }));
    let error = account.send(&call).unwrap_err();
    assert!(error.to_string().contains("The time is not available"), "{error}");
    assert_eq!(account.calls("POST /v1/book_now"), 2);
    let local = date(2030, 6, 21).at(8, 0, 0, 0);
    let local = account.ok(&BookNow::at_local("demo", local).name("Ann")).booking.unwrap();
    assert_eq!(local.start_time.unwrap().instant(), Some("2030-06-21T08:00:00Z".parse().unwrap()));
    let error = account.send(&BookNow::new("nobody", start)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound), "{error}");
    assert_eq!(account.events().len(), 2);
}

fn sends_messages(account: &Account) {
    let people = [
        NewParticipant::new("Fred").phone("650-555-1212"),
        NewParticipant::new("Ann").phone("650-555-0000").email("ann@example.com"),
    ];
    let event = account.write(&CreateEvents::new([new_event("Check-up").participants(people)]));
    let ann = event.participants[1].id.clone().unwrap();
    let calls = [
        SendMessage::new(MessageType::Sms, "+16505551212", "Hi there!"),
        SendMessage::new(MessageType::Call, Recipient::Event(id(&event)), Content::Template("7".into())),
        SendMessage::new(MessageType::Email, Recipient::Participant(ann.clone()), "Hi {{ name }}!")
            .subject("S"),
    ];
    for call in &calls {
        assert_eq!(raw(&account.ok(call).0), json!({ "success": true }));
    }
    let kept = account.messages();
    let seen: Vec<_> = kept.iter().map(|one| (one.to.as_str(), one.kind, one.credits)).collect();
    assert_eq!(
        seen,
        [
            ("+16505551212", "sms", 1),
            ("+16505551212", "call", 1),
            ("+16505550000", "call", 1),
            ("ann@example.com", "email", 1)
        ]
    );
    assert_eq!((kept[0].message.as_deref(), kept[0].event_id), (Some("Hi there!"), None));
    assert_eq!((kept[1].message.as_deref(), kept[1].template_id.as_deref()), (None, Some("7")));
    assert_eq!((kept[3].message.as_deref(), kept[3].subject.as_deref()), (Some("Hi {{ name }}!"), Some("S")));
    assert_eq!(kept[3].participant_id.map(|id| id.to_string()).as_deref(), Some(ann.as_str()));
    let told = account.ok(&GetEvent::by_id(id(&event)).include_conversations());
    let said = raw(told.participants[1].conversations.as_ref().unwrap());
    assert_eq!((said.as_array().unwrap().len(), &said[1]["message"]), (2, &json!("Hi {{ name }}!")));
    let error = account.send(&SendMessage::new("fax", "+16505551212", "x")).unwrap_err();
    assert!(error.to_string().contains("type: must be sms, call or email"), "{error}");
    assert_eq!(account.messages().len(), 4);
}

fn follows_an_import(account: &Account) {
    let (start, end) = tomorrow();
    let call = StartImport::with_spec("the spec", "a,b\n1,\"é\"")
        .import_type(ImportType::Contacts)
        .delete_between(start, end);
    let import = account.ok(&call).import.unwrap();
    assert_eq!(import.state, Some(ImportState::Launching));
    let next = |id: &Id| account.ok(&GetImport::new(id)).import.unwrap().state.unwrap();
    let first = import.id.unwrap();
    assert_eq!(
        [next(&first), next(&first), next(&first)],
        [ImportState::Running, ImportState::Finished, ImportState::Finished]
    );
    let empty = account.ok(&StartImport::based_on(&first, " ")).import.unwrap().id.unwrap();
    assert_eq!([next(&empty), next(&empty)], [ImportState::Running, ImportState::Invalid]);
    let error = account.send(&StartImport::based_on(5, "a")).unwrap_err();
    assert!(error.to_string().contains("based_on_import_id: there is no such import"), "{error}");
}

type Try = Box<dyn Fn(&User<'_>) -> Result<(), Error>>;

/// A call: the scope it needs, its endpoint, and how it is sent.
type Call = (Scope, &'static str, Try);

fn call(scope: Scope, endpoint: &'static str, call: impl Endpoint + Sync + 'static) -> Call {
    (scope, endpoint, Box::new(move |user| user.send(&call).map(drop)))
}

/// Valid calls that are never retried.
fn once_only() -> Vec<Call> {
    let sms = SendMessage::new(MessageType::Sms, "+16505551212", "Hi");
    let new = NewContact::new("Patients", "A").external_id("c");
    vec![
        call(Scope::EventsWrite, "POST /v1/events", CreateEvents::new([new_event("Once")])),
        call(Scope::ContactsWrite, "POST /v1/contacts", CreateContacts::new([new])),
        call(Scope::BookingsWrite, "POST /v1/book_now", BookNow::new("demo", tomorrow().0).name("A")),
        call(Scope::MessagingSend, "POST /v1/send_message", sms),
        call(Scope::ImportsWrite, "POST /v1/import", StartImport::with_spec("s", "a")),
    ]
}

fn others() -> Vec<Call> {
    let upsert = || UpsertContact::by_id(5).name("A");
    vec![
        call(Scope::EventsRead, "GET /v1/events", ListEvents::new()),
        call(Scope::EventsRead, "GET /v1/event", GetEvent::by_id(5)),
        call(Scope::EventsWrite, "PUT /v1/events", UpsertEvents::new([UpsertEvent::by_id(5)])),
        call(Scope::EventsWrite, "DELETE /v1/events", DeleteEvent::by_id(5)),
        call(Scope::ContactsRead, "GET /v1/contact", GetContact::by_id(5)),
        call(Scope::ContactsWrite, "PUT /v1/contacts", UpsertContacts::new([upsert()])),
        call(Scope::ContactsWrite, "PUT /v1/contacts", UpsertContacts::new([upsert().add_phone("6")])),
        call(Scope::AddressBooksRead, "GET /v1/address_books", ListAddressBooks::new()),
        call(Scope::ImportsRead, "GET /v1/import", GetImport::new(5)),
    ]
}

fn names_the_missing_scope(account: &Account) {
    let calls = once_only().into_iter().chain(others());
    for (scope, endpoint, send) in calls {
        let rest: Vec<_> = Scope::ALL.into_iter().filter(|one| *one != scope).collect();
        account.client.sign_in(&rest);
        let before = account.calls(endpoint);
        let error = send(&account.client.user()).unwrap_err();
        assert_eq!(needed(&error).as_deref(), Some(scope.as_str()), "{endpoint}: {error:?}");
        assert_eq!(error.server_code(), Some("insufficient_scope"), "{endpoint}");
        assert_eq!(account.calls(endpoint), before + 1, "{endpoint}");
        account.client.sign_in(&[scope]);
        let allowed = send(&account.client.user());
        assert_eq!(allowed.err().and_then(|error| needed(&error)), None, "{endpoint}");
    }
}

/// Returns the scope that an error says is missing.
fn needed(error: &Error) -> Option<String> {
    match error.kind() {
        ErrorKind::Permission { needed, .. } => needed.as_ref().map(|scope| scope.as_str().to_owned()),
        _ => None,
    }
}

fn tells_what_is_wrong(account: &Account) {
    for (_, endpoint, send) in others() {
        if ["GET /v1/events", "GET /v1/address_books"].contains(&endpoint) {
            continue;
        }
        let error = send(&account.client.user()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotFound), "{endpoint}: {error:?}");
    }
    let nonsense = RawCall::new(http::Method::POST, "/events").json(["no events"]);
    let (start, _) = tomorrow();
    let ends_before = NewEvent::new("Practice", "A", start, start - SignedDuration::from_secs(1));
    let too_long = new_event("A").content(&"a".repeat(64 * 1024 + 1));
    for (call, expected) in [
        (CreateEvents::new([ends_before]), "events[0].end_time: must not be before start_time"),
        (
            CreateEvents::new([new_event("A"), too_long]),
            "events[1].content: must not be longer than 65536 bytes",
        ),
        (
            CreateEvents::new([new_event("A").field("show_as", 9)]),
            "events[0].show_as: must be null or a number from 0 to 4",
        ),
    ] {
        let error = account.send(&call).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = account.send(&nonsense).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
    assert!(error.to_string().contains("The body must be a JSON object"), "{error}");
    // The body is larger than the sandbox accepts.
    let large = (0..20).map(|_| new_event("A").content(&"a".repeat(60 * 1024)));
    let error = account.send(&CreateEvents::new(large)).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(413), "{error:?}");
    assert!(account.events().is_empty(), "no event was created");
}

fn sends_once(account: &Account) {
    for (_, endpoint, send) in once_only() {
        let name = named(endpoint);
        for fault in [
            Fault::on(&name).status(500),
            Fault::on(&name).status(502),
            Fault::on(&name).status(503),
            Fault::on(&name).status(429).header("retry-after", "0"),
            Fault::on(&name).cut_before(),
        ] {
            account.fault(fault);
            let before = account.calls(endpoint);
            send(&account.client.user()).unwrap_err();
            assert_eq!(account.calls(endpoint), before + 1, "{endpoint}");
        }
        // The response is lost after the sandbox has processed the call.
        account.fault(Fault::on(&name).cut_after());
        let before = account.calls(endpoint);
        let error = send(&account.client.user()).unwrap_err();
        assert!(error.may_have_happened(), "{endpoint}: {error:?}");
        assert_eq!(account.calls(endpoint), before + 1, "{endpoint}");
    }
    assert_eq!(account.world.server.stats().faults.fired, 30, "each fault took effect");
    assert_eq!(account.messages().len(), 1);
    let titles: Vec<_> = account.events().into_iter().filter_map(|event| event.title).collect();
    assert_eq!(titles, ["Once", "Demo"], "one event, and the event of the booking");
    assert!(account.send(&GetContact::by_external_id("c")).is_ok());
}

fn repeats(account: &Account) {
    for (_, endpoint, send) in others() {
        if endpoint == "PUT /v1/contacts" {
            continue;
        }
        let before = account.calls(endpoint);
        account.fault(Fault::on(named(endpoint)).status(503));
        let _ = send(&account.client.user());
        assert_eq!(account.calls(endpoint), before + 2, "{endpoint}");
    }
}

fn calls_with_a_key(account: &Account) {
    let nobody = account.client.nobody();
    let key = ApiKey::new("user@example.com", "sandbox-key").unwrap();
    let made = nobody.send(&key.over(&CreateEvents::new([new_event("By key")]))).unwrap();
    assert_eq!(account.ok(&GetEvent::by_id(id(&made.events[0]))).title.as_deref(), Some("By key"));
    assert_eq!(nobody.all(key.over(&ListEvents::new())).len(), 1);
    for (email, key) in [("user@example.com", "wrong"), ("nobody@example.com", "sandbox-key")] {
        let key = ApiKey::new(email, key).unwrap();
        let error = nobody.send(&key.over(&GetEvent::by_id(id(&made.events[0])))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{email}: {error:?}");
    }
}

fn ends_access(account: &Account) {
    let list = ListEvents::new();
    account.ok(&list);
    let server = AuthorizationServer::Apptoto;
    let client = account.world.credentials().client_id;
    assert!(account.world.server.with(|sandbox| sandbox.withdraw_consent(
        server,
        &client,
        "user@example.com"
    )));
    let error = account.send(&list).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "consent withdrawn: {error:?}");
    account.client.sign_in(&Scope::ALL);
    account.ok(&list);
    assert!(account.world.server.with(|sandbox| sandbox.delete_provider_app(server, &client)));
    let error = account.send(&list).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "application deleted: {error:?}");
}

/// Switches for undocumented behaviour, with other values than the sandbox's defaults.
const UNDOCUMENTED: [(&[(&str, &str)], &str); 2] = [
    (
        &[
            ("apptoto_error_body", "errors"),
            ("apptoto_invalid_status", "422"),
            ("apptoto_create_status", "201"),
            ("apptoto_contacts_reply", "empty"),
            ("apptoto_send_reply", "empty"),
            ("apptoto_booking_refused", "400"),
            ("apptoto_event_fields", "all"),
            ("apptoto_import_steps", "clock"),
        ],
        "responses may have another format",
    ),
    (&[("apptoto_error_body", "empty")], "errors may have no body"),
];

fn answers_of_any_form(account: &Account) {
    account.write(&CreateEvents::new([new_event("A")]));
    account.ok(&CreateContacts::new([NewContact::new("Patients", "A")]));
    account.ok(&SendMessage::new(MessageType::Sms, "+16505551212", "Hi"));
    let import = account.ok(&StartImport::with_spec("s", "a")).import.unwrap();
    assert!(account.ok(&GetImport::new(import.id.unwrap())).import.unwrap().state.is_some());
    let kind = |error: Error| error.kind().clone();
    let unknown = account.send(&GetEvent::by_id(5)).unwrap_err();
    assert!(matches!(kind(unknown), ErrorKind::NotFound));
    let wrong = account.send(&CreateEvents::new([new_event(" ")])).unwrap_err();
    assert!(matches!(kind(wrong), ErrorKind::Validation { .. }));
    let early = BookNow::new("demo", Timestamp::UNIX_EPOCH).name("A");
    assert!(account.send(&early).is_err());
    account.client.sign_in(&[Scope::ListsRead]);
    let scope = account.send(&ListEvents::new()).unwrap_err();
    assert_eq!(needed(&scope).as_deref(), Some("events:read"), "{scope:?}");
}
