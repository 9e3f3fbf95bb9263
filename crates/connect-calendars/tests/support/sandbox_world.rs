//! The sandbox without sockets and with a simulated clock, and comparisons of copies with its lists.
#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use connect_blocking::{Client, MemoryStore, Request, Response, SignIn, TransportError, User};
use connect_calendars::{
    google,
    microsoft::{self, Tenant},
    push::PushKey,
    sync::EventCopy,
};
use connect_core::{
    oauth::Profile,
    types::{Delivery, Event, decode},
};
use connect_sandbox::{AttemptOutcome, AuthorizationServer, ClientType, Outcome, Sandbox, Settings};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Compares a copy with the events that Google lists.
///
/// Returns the number of events, and of further events that only the copy has.
pub fn compare_google(world: &World, user: &User, copy: &EventCopy) -> (usize, usize) {
    let path = "/google/calendar/v3/calendars/primary/events?maxResults=250";
    let shown = world.all(user, path, "items", ("nextPageToken", "&pageToken="));
    let part = |item: &Value| item.clone();
    let there = by_id(&shown, part);
    let here = originals(copy, part);
    let (same, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
        here.into_iter().partition(|(id, _)| there.contains_key(id));
    assert_same("google", &same, &there);
    // After a series is moved, the feed lists its earlier exceptions as cancelled occurrences.
    let left = |item: &Value| {
        item["status"] == "cancelled" && there.contains_key(item["recurringEventId"].as_str().unwrap())
    };
    assert!(rest.values().all(left), "{rest:?}");
    (there.len(), rest.len())
}

/// Compares a copy with the occurrences that Graph lists. Returns the number of occurrences.
pub fn compare_outlook(
    world: &World,
    user: &User,
    copy: &EventCopy,
    (start, end): (Timestamp, Timestamp),
) -> usize {
    let path = format!(
        "/microsoft/graph/v1.0/me/calendar/calendarView?startDateTime={}&endDateTime={}&$top=500",
        start, end
    );
    let shown = world.all(user, &path, "value", ("@odata.nextLink", ""));
    let part = |item: &Value| {
        ["subject", "start", "end", "isAllDay", "type", "seriesMasterId"].map(|name| item[name].clone())
    };
    let there = by_id(&shown, part);
    // The server lists only occurrences, but the feed also lists their series.
    let mut here = originals(copy, part);
    here.retain(|_, item| item[4] != "seriesMaster");
    assert_same("outlook", &here, &there);
    there.len()
}

pub fn by_id<T>(items: &[Value], part: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    items.iter().map(|item| (item["id"].as_str().unwrap().to_owned(), part(item))).collect()
}

pub fn originals<T>(copy: &EventCopy, part: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let original = |event: &Event| event.original.as_ref().unwrap().decode::<Value>().unwrap();
    copy.iter().map(|event| (event.id.clone(), part(&original(event)))).collect()
}

/// Compares two maps. Prints only the differing items, because the maps are long.
pub fn assert_same<T: PartialEq + std::fmt::Debug>(
    whose: &str,
    here: &BTreeMap<String, T>,
    there: &BTreeMap<String, T>,
) {
    let without = |one: &BTreeMap<String, T>, other: &BTreeMap<String, T>| -> Vec<String> {
        one.iter().filter(|(id, item)| other.get(*id) != Some(item)).map(|pair| format!("{pair:?}")).collect()
    };
    let (here_alone, there_alone) = (without(here, there), without(there, here));
    assert!(
        here_alone.is_empty() && there_alone.is_empty(),
        "{whose}: {here_alone:#?}\nbut {there_alone:#?}"
    );
}

/// The sandbox, without sockets and with a simulated clock.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

struct State {
    sandbox: Sandbox,
    now: Timestamp,
    requests: u64,
}

/// The switches that send every change to a webhook URL.
pub const CONNECT_WEBHOOKS: [(&str, &str); 2] =
    [("webhook_url", "http://127.0.0.1:9/hook"), ("echo_suppression", "off")];

const ORIGIN: &str = "http://localhost";
/// The Connect user, who has connected a Google and an Outlook account.
const USER: &str = "ada";

impl World {
    pub fn new(seed: u64, switches: &[(&str, &str)]) -> Self {
        let mut settings = Settings::default();
        let usual = [("token_ttl", "31536000"), ("google_empty_pages", "on"), ("graph_empty_pages", "on")];
        for (name, value) in usual.iter().chain(switches) {
            settings = settings.with(name, value).unwrap();
        }
        settings = settings.with("seed", &seed.to_string()).unwrap();
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        Self(Arc::new(Mutex::new(State { sandbox: Sandbox::new(settings), now, requests: 0 })))
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Sandbox, Timestamp) -> T) -> T {
        let state = &mut *self.0.lock().unwrap();
        work(&mut state.sandbox, state.now)
    }

    pub fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> u64 {
        self.0.lock().unwrap().requests
    }

    pub fn advance(&self, seconds: i64) {
        self.0.lock().unwrap().now += SignedDuration::from_secs(seconds);
    }

    pub fn handle(&self, request: http::Request<Bytes>) -> Response {
        self.0.lock().unwrap().requests += 1;
        let answer = self.with(|sandbox, now| {
            let mut validations = sandbox.validations(&request, now);
            for validation in &mut validations {
                validation.respond(&validated(&validation.request));
            }
            sandbox.handle_validated(request, validations, now)
        });
        match answer.outcome {
            Outcome::Reply(response) => response,
            Outcome::Cut => panic!("the sandbox cut a connection without a fault"),
        }
    }

    /// The items that the server lists, over all pages.
    pub fn all(&self, user: &User, path: &str, items: &str, (next, parameter): (&str, &str)) -> Vec<Value> {
        let token = user.session().tokens().unwrap().access_token;
        let mut all = Vec::new();
        let mut url = format!("{ORIGIN}{path}");
        loop {
            let request = http::Request::get(&url)
                .header("authorization", format!("Bearer {}", token.expose()))
                .body(Bytes::new())
                .unwrap();
            let response = self.handle(request);
            let page: Value = serde_json::from_slice(response.body()).unwrap();
            all.extend(page[items].as_array().unwrap_or_else(|| panic!("{url}: {page}")).iter().cloned());
            match page[next].as_str() {
                None => return all,
                Some(link) if parameter.is_empty() => url = link.to_owned(),
                Some(token) => url = format!("{ORIGIN}{path}{parameter}{token}"),
            }
        }
    }

    pub fn connect(&self) -> User {
        let app = self.with(|sandbox, _| sandbox.credentials());
        let builder = Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri);
        self.sign_in(builder.base_url(format!("{ORIGIN}/api")), SignIn::new(USER))
    }

    pub fn google(&self) -> User {
        let profile = google::profile_at(&format!("{ORIGIN}/google"));
        let sign_in = SignIn::new(USER).scopes(google::SCOPES).parameter("login_hint", "ada@gmail.example");
        self.provider_user(AuthorizationServer::Google, profile, "/google/calendar/v3", sign_in)
    }

    pub fn outlook(&self) -> User {
        let profile = microsoft::profile_at(&format!("{ORIGIN}/microsoft"), &Tenant::Common);
        let sign_in =
            SignIn::new(USER).scopes(microsoft::SCOPES).parameter("login_hint", "ada@outlook.example");
        self.provider_user(AuthorizationServer::Microsoft, profile, "/microsoft/graph/v1.0", sign_in)
    }

    fn provider_user(
        &self,
        server: AuthorizationServer,
        profile: Profile,
        api: &str,
        sign_in: SignIn,
    ) -> User {
        let own =
            self.with(|sandbox, _| sandbox.provider_credentials(server, ClientType::Confidential)).unwrap();
        let builder =
            Client::builder(own.client_id, own.client_secret.unwrap()).redirect_uri(own.redirect_uri);
        self.sign_in(builder.profile(profile).base_url(format!("{ORIGIN}{api}")), sign_in)
    }

    fn sign_in(&self, builder: connect_blocking::Builder, sign_in: SignIn) -> User {
        let world = self.clone();
        let transport = move |request: Request| Ok::<_, TransportError>(world.handle(request));
        let client = builder.store(MemoryStore::new()).transport(transport).build().unwrap();
        let pending = client.auth().sign_in(sign_in).unwrap();
        let reply = self.handle(http::Request::get(pending.url().to_owned()).body(Bytes::new()).unwrap());
        let location = reply.headers()["location"].to_str().unwrap().to_owned();
        client.auth().finish(pending, &location).unwrap()
    }

    /// The deliveries of Connect that are due now.
    pub fn webhooks(&self) -> Vec<Delivery> {
        self.deliveries().iter().map(|request| decode(request.body()).unwrap()).collect()
    }

    /// The requests to receivers that are due now.
    ///
    /// The loop is needed because the sandbox sends a calendar's next delivery only after the
    /// response to the previous delivery.
    pub fn deliveries(&self) -> Vec<http::Request<Bytes>> {
        self.with(|sandbox, now| {
            let mut all = Vec::new();
            loop {
                let attempts = sandbox.deliveries(now);
                if attempts.is_empty() {
                    return all;
                }
                for attempt in attempts {
                    sandbox.delivered(attempt.token, AttemptOutcome::Status(200), now);
                    all.push(attempt.request);
                }
            }
        })
    }
}

/// The response of a receiver to a validation of Graph.
fn validated(request: &http::Request<Bytes>) -> http::Response<Bytes> {
    let received = push_key().receive(request.uri().query(), request.headers(), request.body()).unwrap();
    received.response().map(Bytes::from)
}

/// The key of the receiver.
pub fn push_key() -> PushKey {
    PushKey::new("the key of these tests").unwrap()
}

/// The id of the calendar behind an alias such as `primary`.
pub fn primary(world: &World, user: &User, path: &str) -> String {
    let token = user.session().tokens().unwrap().access_token;
    let request = http::Request::get(format!("{ORIGIN}{path}"))
        .header("authorization", format!("Bearer {}", token.expose()))
        .body(Bytes::new())
        .unwrap();
    let calendar: Value = serde_json::from_slice(world.handle(request).body()).unwrap();
    calendar["id"].as_str().unwrap_or_else(|| panic!("{calendar}")).to_owned()
}

/// A deterministic random generator.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
