//! Replies to invitations through Google and Outlook, with both clients. The sandbox has the calendars.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::sync::{Arc, Mutex};

use connect_blocking::UreqTransport;
use connect_calendars::{
    InvitationReply, ReplyStatus,
    backend::{AsyncCalendarBackend, Backend, CalendarBackend, Connect, Google, Outlook, PublicGoogle},
    google,
};
use connect_core::{
    Config, Error, ErrorKind, Network, Request,
    types::{CalendarRef, Event, Notify, Provider, Raw},
};
use connect_hyper::{AsyncTransport, HyperTransport};
use connect_sandbox::{ClientType, Fault};
use connect_tests::authorization::{SignInSetup, Whose, consent};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

type Hook = Arc<Mutex<Option<Box<dyn FnMut() + Send>>>>;

/// The backend of a blocking or an async client.
enum Client {
    Blocking(Box<dyn CalendarBackend>),
    Async(Box<dyn AsyncCalendarBackend>, Runtime),
}

/// A user who is invited to a series and to an event, and organizes another event.
struct Invited {
    world: Arc<SignInSetup>,
    client: Client,
    account: String,
    /// Called before each request that is not a read.
    before_write: Hook,
}

/// Calls the hook before a write of an event.
fn intercept(hook: &Hook, request: &Request) {
    let is_write = request.uri().path().contains("/events") && request.method() != http::Method::GET;
    if let (true, Some(hook)) = (is_write, hook.lock().unwrap().as_mut()) {
        hook();
    }
}

macro_rules! backend_of {
    ($client:ty, $world:expr, $transport:expr) => {{
        let own = $world.credentials();
        let builder = <$client>::builder(own.client_id, own.client_secret.unwrap())
            .redirect_uri(own.redirect_uri)
            .base_url($world.base_url())
            .store($world.store.clone())
            .transport($transport);
        let user = match $world.profile() {
            Some(profile) => builder.profile(profile),
            None => builder,
        }
        .build()
        .unwrap()
        .user("ada");
        user
    }};
}

macro_rules! boxed {
    ($whose:expr, $user:expr) => {
        match $whose {
            Whose::Connect => Box::new(Backend::new(Connect::new(), $user)),
            Whose::Google => Box::new(Backend::new(Google::new(), $user)),
            _ => Box::new(Backend::new(Outlook::new(), $user)),
        }
    };
}

impl Invited {
    fn blocking(whose: Whose, switches: &[(&str, &str)]) -> Self {
        let world = SignInSetup::with(whose, ClientType::Confidential, switches);
        let before_write = Hook::default();
        let hook = before_write.clone();
        let inner = UreqTransport::new(&Network::from_vars(|_| None), &Config::anonymous([0; 32])).unwrap();
        let transport = move |request: Request| {
            intercept(&hook, &request);
            connect_blocking::Transport::send(&inner, request)
        };
        let user = backend_of!(connect_blocking::Client, world, transport);
        Self::new(world, Client::Blocking(boxed!(whose, user)), before_write)
    }

    fn asynchronous(whose: Whose, switches: &[(&str, &str)]) -> Self {
        let world = SignInSetup::with(whose, ClientType::Confidential, switches);
        let before_write = Hook::default();
        let hook = before_write.clone();
        let inner = Arc::new(
            HyperTransport::new(&Network::from_vars(|_| None), &Config::anonymous([0; 32])).unwrap(),
        );
        let transport = move |request: Request| {
            intercept(&hook, &request);
            let inner = inner.clone();
            async move { inner.send(request).await }
        };
        let user = backend_of!(connect_hyper::Client, world, transport);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self::new(world, Client::Async(boxed!(whose, user), runtime), before_write)
    }

    fn new(world: SignInSetup, client: Client, before_write: Hook) -> Self {
        // The account that signs in at the sandbox without a `login_hint`.
        let account = "user@example.com".to_owned();
        world.server.with(|sandbox| sandbox.seed(&seed(world.whose, &account, "none"))).unwrap();
        let invited = Self { world: Arc::new(world), client, account, before_write };
        match &invited.client {
            Client::Blocking(backend) => {
                let pending = backend.sign_in().unwrap();
                let callback = consent(pending.url());
                backend.finish(pending, &callback).unwrap();
            }
            Client::Async(backend, runtime) => {
                let pending = backend.sign_in().unwrap();
                let callback = consent(pending.url());
                runtime.block_on(backend.finish(pending, &callback)).unwrap();
            }
        }
        invited
    }

    fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<(), Error> {
        match &self.client {
            Client::Blocking(backend) => backend.respond(event, reply),
            Client::Async(backend, runtime) => runtime.block_on(backend.respond(event, reply)),
        }
    }

    /// The events with this title, sorted by start.
    fn titled(&self, title: &str) -> Vec<Event> {
        let calendar = CalendarRef::new(self.provider(), &self.account);
        let (start, end) = ("2027-01-01T00:00:00Z".parse().unwrap(), "2027-03-01T00:00:00Z".parse().unwrap());
        let read = match &self.client {
            Client::Blocking(backend) => backend.events(&[calendar], start, end),
            Client::Async(backend, runtime) => runtime.block_on(backend.events(&[calendar], start, end)),
        };
        read.unwrap().events.into_iter().filter(|event| event.title == title).collect()
    }

    #[track_caller]
    fn one(&self, title: &str) -> Event {
        let [event] = self.titled(title).try_into().unwrap();
        event
    }

    fn provider(&self) -> Provider {
        if self.world.whose == Whose::Google { Provider::Google } else { Provider::Microsoft }
    }

    /// The status and comment of each reply that the organizer got.
    fn replies(&self) -> Vec<(&'static str, Option<String>)> {
        let sent = self.world.server.invitations();
        assert!(sent.iter().all(|one| one.kind == "reply" && one.to == GRACE), "{sent:?}");
        sent.into_iter().map(|one| (one.status.unwrap(), one.comment)).collect()
    }

    /// Lets Alan accept before each of the next writes, up to `times`.
    fn let_alan_reply(&self, times: usize) {
        let (world, account, mut done) = (Arc::downgrade(&self.world), self.account.clone(), 0);
        *self.before_write.lock().unwrap() = Some(Box::new(move || {
            if done < times {
                let status = ["accepted", "tentative"][done % 2];
                let world = world.upgrade().unwrap();
                world.server.with(|sandbox| sandbox.seed(&seed(world.whose, &account, status))).unwrap();
            }
            done += 1;
        }));
    }

    /// The endpoint of a reply in the sandbox.
    fn endpoint(&self, action: &str) -> String {
        match self.world.whose {
            Whose::Google => "PATCH /google/calendar/v3/calendars/{calendarId}/events/{eventId}".to_owned(),
            _ => {
                format!("POST /microsoft/graph/v1.0/me/calendars/{{calendarId}}/events/{{eventId}}/{action}")
            }
        }
    }
}

const GRACE: &str = "grace@example.org";
const ALAN: &str = "alan@example.org";

/// The calendar of an account; Alan's reply to each invitation is `alan`.
fn seed(whose: Whose, account: &str, alan: &str) -> String {
    let guests = json!([
        { "email": GRACE, "organizer": true, "status": "accepted" },
        { "email": account, "status": "none" }, { "email": ALAN, "status": alan },
    ]);
    let event = |id: &str, title: &str, attendees: &Value| {
        json!({ "id": id, "title": title, "start": "2027-02-01T09:00:00Z", "end": "2027-02-01T10:00:00Z",
            "description": "Bring slides", "location": "Room 5", "attendees": attendees })
    };
    let mut choir = event("choir", "Choir", &guests);
    choir["recurrence"] = json!({ "frequency": "WEEKLY", "count": 3 });
    let own = event("own", "Own", &json!([{ "email": account, "organizer": true }, { "email": ALAN }]));
    let strange =
        event("strange", "Strange", &json!([{ "email": GRACE, "organizer": true }, { "email": ALAN }]));
    let events =
        json!([event("talk", "Talk", &guests), choir, own, event("alone", "Alone", &Value::Null), strange]);
    let provider = if whose == Whose::Google { "google" } else { "microsoft" };
    let calendars = json!([{ "id": account, "title": "Own", "events": events }]);
    json!({ "users": { "ada": { provider: { "account": account, "calendars": calendars } } } }).to_string()
}

fn reply(status: ReplyStatus) -> InvitationReply {
    InvitationReply::new(status)
}

/// The `original` of an event without the fields that each change affects, and the reply of each guest.
fn parts(event: &Event) -> (Value, Vec<(String, String)>) {
    let mut original: Value = event.original.as_ref().unwrap().decode().unwrap();
    for changing in
        ["etag", "@odata.etag", "changeKey", "updated", "lastModifiedDateTime", "responseStatus", "type"]
    {
        original.as_object_mut().unwrap().remove(changing);
    }
    let mut replies = Vec::new();
    for guest in original["attendees"].as_array_mut().into_iter().flatten() {
        let guest = guest.as_object_mut().unwrap();
        let google = guest.remove("responseStatus");
        guest.remove("comment");
        let microsoft = guest.remove("status").map(|status| status["response"].clone());
        let email = guest.get("email").unwrap_or_else(|| &guest["emailAddress"]["address"]);
        let status = google.or(microsoft).unwrap();
        replies.push((email.as_str().unwrap().to_owned(), status.as_str().unwrap().to_owned()));
    }
    (original, replies)
}

/// The user's own reply in the format of Google.
fn own_reply(invited: &Invited, event: &Event) -> String {
    let replies = parts(event).1;
    let own = replies.iter().find(|(email, _)| *email == invited.account).unwrap();
    match &*own.1 {
        "tentativelyAccepted" => "tentative",
        "none" => "needsAction",
        other => other,
    }
    .to_owned()
}

/// Runs the test with Google and Outlook, and with both clients.
fn each(switches: &[(&str, &str)], test: impl Fn(&Invited)) {
    for whose in [Whose::Google, Whose::Microsoft] {
        for make in [Invited::blocking, Invited::asynchronous] {
            let invited = make(whose, switches);
            println!(
                "{whose:?}, {}",
                if matches!(invited.client, Client::Blocking(_)) { "blocking" } else { "async" }
            );
            test(&invited);
        }
    }
}

#[test]
fn reply_changes_only_the_own_entry() {
    each(&[("graph_declined", "kept")], |invited| {
        let before = invited.one("Talk");
        assert_eq!(own_reply(invited, &before), "needsAction");
        let others = ["Own", "Alone", "Strange"].map(|title| invited.one(title));
        let series = invited.titled("Choir");
        for (status, comment) in [
            (ReplyStatus::Tentative, Some("Perhaps \"é\"")),
            (ReplyStatus::Accepted, None),
            (ReplyStatus::Declined, Some("On holiday")),
        ] {
            let mut sent = reply(status);
            sent.comment = comment.map(str::to_owned);
            invited.respond(&before, &sent).unwrap();
            let after = invited.one("Talk");
            assert_eq!(own_reply(invited, &after), status.as_str());
            let ((original, mut replies), (old, old_replies)) = (parts(&after), parts(&before));
            assert_eq!(original, old);
            replies
                .iter_mut()
                .filter(|one| one.0 == invited.account)
                .for_each(|one| one.1 = "none".to_owned());
            let old =
                old_replies.into_iter().map(|(email, status)| (email, status.replace("needsAction", "none")));
            let replies: Vec<_> = replies
                .into_iter()
                .map(|(email, status)| (email, status.replace("needsAction", "none")))
                .collect();
            assert_eq!(replies, old.collect::<Vec<_>>());
        }
        assert_eq!(others, ["Own", "Alone", "Strange"].map(|title| invited.one(title)));
        assert_eq!(series, invited.titled("Choir"));
        // Google keeps an earlier comment.
        let kept = (invited.world.whose == Whose::Google).then(|| "Perhaps \"é\"".to_owned());
        assert_eq!(
            invited.replies(),
            [
                ("tentative", Some("Perhaps \"é\"".to_owned())),
                ("accepted", kept),
                ("declined", Some("On holiday".to_owned()))
            ]
        );
    });
}

#[test]
fn organizer_is_not_notified_if_the_reply_says_so() {
    each(&[], |invited| {
        invited.respond(&invited.one("Talk"), &reply(ReplyStatus::Accepted).notify(Notify::Nobody)).unwrap();
        assert_eq!(own_reply(invited, &invited.one("Talk")), "accepted");
        assert_eq!(invited.replies(), []);
        let external = reply(ReplyStatus::Accepted).notify(Notify::External);
        let refused = invited.respond(&invited.one("Talk"), &external).map_err(|error| error.to_string());
        assert_eq!(refused.is_err(), invited.world.whose == Whose::Microsoft, "{refused:?}");
    });
}

#[test]
fn reply_to_an_occurrence_changes_no_other_occurrence() {
    each(&[], |invited| {
        let before = invited.titled("Choir");
        invited.respond(&before[1], &reply(ReplyStatus::Accepted)).unwrap();
        let after = invited.titled("Choir");
        let replies: Vec<_> = after.iter().map(|event| own_reply(invited, event)).collect();
        assert_eq!(replies, ["needsAction", "accepted", "needsAction"]);
        assert_eq!((parts(&after[0]), parts(&after[2])), (parts(&before[0]), parts(&before[2])));
        assert_eq!(parts(&after[1]).0, parts(&before[1]).0);

        invited.respond(&before[0], &reply(ReplyStatus::Tentative).whole_series()).unwrap();
        let replies: Vec<_> = invited.titled("Choir").iter().map(|event| own_reply(invited, event)).collect();
        assert_eq!(replies, ["tentative", "accepted", "tentative"], "the occurrence has its own reply");
    });
}

#[test]
fn declined_event_may_leave_the_calendar_of_outlook() {
    each(&[], |invited| {
        let series = invited.titled("Choir");
        invited.respond(&series[1], &reply(ReplyStatus::Declined)).unwrap();
        let talk = invited.one("Talk");
        invited.respond(&talk, &reply(ReplyStatus::Declined)).unwrap();
        let is_google = invited.world.whose == Whose::Google;
        let expected = if is_google { (3, 1) } else { (2, 0) };
        assert_eq!((invited.titled("Choir").len(), invited.titled("Talk").len()), expected);
        let again = invited.respond(&talk, &reply(ReplyStatus::Declined));
        match again {
            Ok(()) => assert!(is_google),
            Err(error) => assert!(!is_google && matches!(error.kind(), ErrorKind::NotFound), "{error:?}"),
        }
    });
}

#[test]
fn concurrent_reply_of_another_guest_is_kept() {
    each(&[], |invited| {
        for (times, expected) in [(1, "accepted"), (4, "tentative")] {
            invited.let_alan_reply(times);
            invited.respond(&invited.one("Talk"), &reply(ReplyStatus::Accepted)).unwrap();
            let replies = parts(&invited.one("Talk")).1;
            let alan = &replies.iter().find(|(email, _)| email == ALAN).unwrap().1;
            // Graph has the other reply only once: its call does not depend on what was read before.
            let expected = if invited.world.whose == Whose::Google { expected } else { "accepted" };
            assert_eq!(alan.replace("tentativelyAccepted", "tentative"), expected);
            assert_eq!(own_reply(invited, &invited.one("Talk")), "accepted");
        }
    });
}

#[test]
fn event_that_changes_again_and_again_is_a_conflict() {
    for make in [Invited::blocking, Invited::asynchronous] {
        let invited = make(Whose::Google, &[]);
        let talk = invited.one("Talk");
        invited.let_alan_reply(usize::MAX);
        let error = invited.respond(&talk, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Conflict), "{error:?}");
        let writes = invited.world.server.requests();
        let writes = writes.iter().filter(|request| request.endpoint == invited.endpoint("")).count();
        assert_eq!(writes, 6, "the first attempt and five retries");
        assert_eq!(own_reply(&invited, &invited.one("Talk")), "needsAction");
    }
}

#[test]
fn organizer_and_stranger_get_an_error_before_any_write() {
    each(&[], |invited| {
        let is_google = invited.world.whose == Whose::Google;
        for (title, words) in [
            ("Own", "the user organizes the event"),
            ("Alone", "the user organizes the event"),
            ("Strange", "the user is not a guest of the event"),
        ] {
            if title == "Strange" && !is_google {
                continue; // Outlook replies to an invitation through a group, whose members are no guests.
            }
            for status in [ReplyStatus::Accepted, ReplyStatus::Declined, ReplyStatus::Tentative] {
                let event = invited.one(title);
                *invited.before_write.lock().unwrap() = Some(Box::new(|| panic!("a write was sent")));
                let error = invited.respond(&event, &reply(status)).unwrap_err();
                *invited.before_write.lock().unwrap() = None;
                assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
                assert!(error.to_string().contains(words), "{title}: {error}");
                assert_eq!(event, invited.one(title));
            }
        }
        // Graph itself refuses the organizer if the event was not read from Graph.
        let unread = Event::new(invited.provider(), &invited.account, "own");
        let error = invited.respond(&unread, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
        assert!(error.to_string().contains("organize"), "{error}");
        let missing =
            Event::new(invited.provider(), &invited.account, if is_google { "missing" } else { MISSING });
        let error = invited.respond(&missing, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotFound), "{error:?}");
        let elsewhere = Event::new(Provider::Apple, &invited.account, "talk");
        let error = invited.respond(&elsewhere, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
        assert_eq!(invited.replies(), []);
    });
}

/// An id in the format of Graph.
const MISSING: &str = "AAMkAGI2TGuLAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn series_needs_whole_series() {
    each(&[], |invited| {
        let mut series = Event::new(invited.provider(), &invited.account, "choir");
        series.original = Some(r#"{"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}"#.parse::<Raw>().unwrap());
        let error = invited.respond(&series, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(error.to_string().contains("call `whole_series`"), "{error}");
        invited.respond(&series, &reply(ReplyStatus::Accepted).whole_series()).unwrap();
        assert!(invited.titled("Choir").iter().all(|event| own_reply(invited, event) == "accepted"));
    });
}

#[test]
fn lost_response_is_no_error() {
    each(&[], |invited| {
        for (status, action) in [
            (ReplyStatus::Accepted, "accept"),
            (ReplyStatus::Tentative, "tentativelyAccept"),
            (ReplyStatus::Declined, "decline"),
        ] {
            let talk = invited.one("Talk");
            let endpoint = invited.endpoint(action);
            let before = invited.world.server.stats().cut(&endpoint);
            invited.world.server.with(|sandbox| sandbox.add_fault(Fault::on(&endpoint).cut_after()));
            invited.respond(&talk, &reply(status)).unwrap();
            assert_eq!(invited.world.server.stats().cut(&endpoint), before + 1, "no response was lost");
            match invited.titled("Talk").first() {
                Some(talk) => assert_eq!(own_reply(invited, talk), status.as_str()),
                None => assert_eq!((status, invited.world.whose), (ReplyStatus::Declined, Whose::Microsoft)),
            }
        }
    });
}

#[test]
fn missing_event_is_not_taken_for_a_lost_decline() {
    for make in [Invited::blocking, Invited::asynchronous] {
        let invited = make(Whose::Microsoft, &[]);
        let talk = invited.one("Talk");
        invited.respond(&talk, &reply(ReplyStatus::Declined)).unwrap();
        let lost = Fault::on(invited.endpoint("accept")).cut_after();
        invited.world.server.with(|sandbox| sandbox.add_fault(lost));
        for status in [ReplyStatus::Declined, ReplyStatus::Accepted] {
            let error = invited.respond(&talk, &reply(status)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::NotFound), "{error:?}");
        }
    }
}

#[test]
fn guests_that_google_left_out_stay_invited() {
    let invited = Invited::blocking(Whose::Google, &[]);
    let mut talk = invited.one("Talk");
    let mut original: Value = talk.original.as_ref().unwrap().decode().unwrap();
    original["attendees"].as_array_mut().unwrap().retain(|guest| guest["self"] == true);
    original["attendeesOmitted"] = json!(true);
    talk.original = Some(Raw::from_value(&original).unwrap());
    let call = google::Respond::new(&talk, &reply(ReplyStatus::Accepted)).unwrap();
    let connect_core::types::Body::Json(body) = connect_core::Endpoint::body(&call).unwrap() else {
        panic!()
    };
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["attendeesOmitted"], body["attendees"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
}

#[test]
fn service_without_replies_says_so() {
    for make in [Invited::blocking, Invited::asynchronous] {
        let invited = make(Whose::Connect, &[]);
        let before = invited.world.server.requests().len();
        let event = Event::new(Provider::Google, "primary", "talk");
        let error = invited.respond(&event, &reply(ReplyStatus::Accepted)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
        assert!(error.to_string().contains("Mobiscroll Connect has no call"), "{error}");
        assert_eq!(invited.world.server.requests().len(), before);
    }
    let client = connect_blocking::Client::anonymous_builder().build().unwrap();
    let public = Backend::new(PublicGoogle::new(google::ApiKey::new("key").unwrap()), client.nobody());
    let event = Event::new(Provider::Google, "primary", "talk");
    let error = public.respond(&event, &reply(ReplyStatus::Accepted)).unwrap_err();
    assert!(error.to_string().contains("API key"), "{error}");
}
