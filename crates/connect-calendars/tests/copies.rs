//! Tests of three copies of the same calendars, read through Connect, Google and Outlook.
//!
//! Random changes are made through all three services. Sync tokens and delta links expire, pages are delayed,
//! and deliveries are lost, repeated and reordered. In the end, each copy must equal the list of events that
//! its service returns.
//!
//! `SYNC_CHANGES` sets the number of changes, `SYNC_SEED` the seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use connect_blocking::{Client, MemoryStore, Request, Response, SignIn, TransportError, User};
use connect_calendars::{
    backend::{Backend, CalendarBackend, Connect, Google, Outlook},
    google,
    microsoft::{self, Tenant},
    outlook,
    sync::{ChangeFeed, EventCopy, Mirror},
};
use connect_core::{
    Caller, Endpoint, Error, ErrorKind,
    oauth::Profile,
    types::{
        CalendarRef, Delivery, Event, EventStatus, ListCalendars, NewEvent, Provider, Recurrence, decode,
    },
};
use connect_sandbox::{AttemptOutcome, AuthorizationServer, ClientType, Outcome, Sandbox, Settings};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

#[test]
fn copies_equal_the_server_lists_after_random_changes() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (changes, seed) = (number("SYNC_CHANGES", 1_500), number("SYNC_SEED", 5));
    let mut run = Run::new(seed);
    let mut tried = 0;
    while run.counts["changes"] < changes {
        run.step();
        tried += 1;
        assert!(tried < changes * 40, "nothing changes: {:?}", run.counts);
    }
    run.finish();
    println!("seed {seed}: {:?}", run.counts);
    for what in [
        "by connect",
        "by google",
        "by outlook",
        "created",
        "series",
        "days",
        "updated",
        "deleted",
        "refused",
        "google rounds",
        "outlook rounds",
        "connect rounds",
        "google full",
        "outlook full",
        "expiries",
        "resumed",
        "delivered",
        "lost",
        "repeated",
    ] {
        assert!(run.counts.get(what).is_some_and(|count| *count > 0), "{what}: {:?}", run.counts);
    }
}

struct Run {
    world: World,
    random: Random,
    start: Timestamp,
    end: Timestamp,
    /// The backends that make changes, one for each service.
    writers: Vec<(&'static str, Box<dyn CalendarBackend>)>,
    calendars: Vec<Vec<CalendarRef>>,
    google: Follower<google::EventFeed>,
    outlook: Follower<outlook::EventFeed>,
    connect: Follower<Mirror>,
    inbox: Vec<Delivery>,
    counts: BTreeMap<&'static str, u64>,
}

/// A copy and the feed that updates it.
struct Follower<F: ChangeFeed> {
    user: User,
    feed: F,
    copy: EventCopy,
    /// A response that the feed has not received yet.
    response: Option<Result<<F::Request as Endpoint>::Output, Error>>,
}

impl<F: ChangeFeed<Request: Sync>> Follower<F> {
    fn new(user: User, feed: F) -> Self {
        Self { user, feed, copy: EventCopy::new(), response: None }
    }

    /// Sends a request, or passes the response that the previous call of this method received to the feed.
    ///
    /// Returns whether the round read all events if the response ended a round, and `None` otherwise.
    fn step(&mut self) -> Option<bool> {
        self.feed.begin();
        let Some(response) = self.response.take() else {
            self.response = self.feed.request().map(|request| self.user.call(&request));
            return None;
        };
        let changes = match self.feed.advance(response) {
            Ok(changes) => changes?,
            // Tokens expired repeatedly in one round, so the next round reads all events.
            Err(error) => {
                assert_eq!(error.status().map(|status| status.as_u16()), Some(410), "{error:?}");
                return None;
            }
        };
        let full = changes.full;
        self.copy.apply(changes);
        Some(full)
    }
}

impl Run {
    fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let (connect, google, outlook) = (world.connect(), world.google(), world.outlook());
        let now = Timestamp::from_second(world.now().as_second()).unwrap();
        let days = SignedDuration::from_hours(24);
        let (start, end) = (now - days * 3, now + days * 11);
        let writers: Vec<(&str, Box<dyn CalendarBackend>)> = vec![
            ("by connect", Box::new(Backend::new(Connect::new(), connect.clone()))),
            ("by google", Box::new(Backend::new(Google::new(), google.clone()))),
            ("by outlook", Box::new(Backend::new(Outlook::new(), outlook.clone()))),
        ];
        let all = connect.call(&ListCalendars::new()).unwrap();
        let own = |provider: Provider, id: String| vec![CalendarRef::new(provider, id)];
        let google_id = primary(&world, &google, "/google/calendar/v3/calendars/primary");
        let outlook_id = primary(&world, &outlook, "/microsoft/graph/v1.0/me/calendar");
        let calendars = vec![
            all.iter().map(CalendarRef::from).collect(),
            own(Provider::Google, google_id.clone()),
            own(Provider::Microsoft, outlook_id.clone()),
        ];
        let feed = outlook::EventFeed::new(start, end).calendar(&outlook_id).page_size(20);
        Self {
            google: Follower::new(google, google::EventFeed::new(google_id).page_size(20)),
            outlook: Follower::new(outlook, feed),
            connect: Follower::new(connect, Mirror::new(start, end).page_size(100)),
            random: Random(seed * 2_654_435_761 + 1),
            counts: BTreeMap::from([("changes", 0)]),
            inbox: Vec::new(),
            world,
            start,
            end,
            writers,
            calendars,
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        match self.random.below(24) {
            0..=9 => self.change(),
            10..=12 => {
                let ended = self.google.step();
                self.ended(ended, ["google rounds", "google full"]);
            }
            13..=15 => {
                let ended = self.outlook.step();
                self.ended(ended, ["outlook rounds", "outlook full"]);
            }
            16 => {
                let ended = self.connect.step();
                self.ended(ended, ["connect rounds", "connect full"]);
            }
            17..=20 => self.deliver(),
            21 if self.random.below(12) == 0 => {
                self.world.with(|sandbox, _| sandbox.expire_sync_tokens());
                self.count("expiries");
            }
            22 if self.random.below(12) == 0 => self.resume(),
            _ => self.world.advance(47),
        }
        self.world.advance(1);
        let came = self.world.deliveries();
        self.inbox.extend(came);
        if self.inbox.len() > 200 {
            self.inbox.drain(..100);
            self.count("lost");
        }
    }

    fn ended(&mut self, ended: Option<bool>, [rounds, full]: [&'static str; 2]) {
        if let Some(everything) = ended {
            self.count(rounds);
            if everything {
                self.count(full);
            }
        }
    }

    /// Makes a change as one of the three users.
    fn change(&mut self) {
        let who = self.random.below(3);
        // Many events would slow the test down.
        let many = self.connect.copy.len() > 400;
        let outcome = match self.random.below(if many { 5 } else { 9 }) {
            0..=2 => self.edit(who, false),
            3..=5 => self.edit(who, true),
            _ => self.create(who),
        };
        match outcome {
            Some(Ok(())) => {
                self.count("changes");
                self.count(self.writers[who].0);
            }
            // The event was deleted or moved, or may not be moved past an adjacent occurrence.
            Some(Err(error)) => {
                let known = [ErrorKind::NotFound, ErrorKind::Conflict]
                    .iter()
                    .any(|kind| std::mem::discriminant(kind) == std::mem::discriminant(error.kind()))
                    || matches!(error.kind(), ErrorKind::Validation { .. });
                assert!(known, "{}: {error:?}", self.writers[who].0);
                self.count("refused");
            }
            None => {}
        }
    }

    fn create(&mut self, who: usize) -> Option<Result<(), Error>> {
        let calendar = self.random.pick(&self.calendars[who]).clone();
        let title = format!("New {}", self.random.below(1000));
        let start = self.time();
        let mut new = NewEvent::new(calendar.clone(), &title, start, start + SignedDuration::from_mins(45));
        let what = match self.random.below(6) {
            0 => {
                let days = 2 + u32::try_from(self.random.below(6)).unwrap();
                new = new.recurrence(Recurrence::daily().count(days));
                "series"
            }
            1 => {
                let day = start.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
                new = NewEvent::all_day(calendar, &title, day, day.tomorrow().unwrap());
                "days"
            }
            _ => "created",
        };
        let outcome = self.writers[who].1.create(&new).map(drop);
        if outcome.is_ok() {
            self.count(what);
        }
        Some(outcome)
    }

    /// Updates or deletes a random event in the copy of user `who`.
    fn edit(&mut self, who: usize, delete: bool) -> Option<Result<(), Error>> {
        let copy = [&self.connect.copy, &self.google.copy, &self.outlook.copy][who];
        let place = self.random.below(copy.len().max(1));
        let event = copy.iter().nth(place)?.clone();
        if event.status == Some(EventStatus::Cancelled) {
            return None;
        }
        let whole = self.random.below(4) == 0;
        let (what, outcome) = if delete {
            let request = event.delete().or_else(|_| event.delete_series()).unwrap();
            let request = if whole { request.whole_series() } else { request };
            ("deleted", self.writers[who].1.delete(&request))
        } else {
            let request = event
                .change()
                .or_else(|_| event.change_series())
                .unwrap()
                .title(format!("Changed {}", self.random.below(1000)));
            let request = if whole { request.whole_series() } else { request };
            let start = self.time();
            let moved = event.recurring_event_id.is_none() && event.all_day != Some(true);
            let request = if moved && self.random.below(2) == 0 {
                request.time(start, start + SignedDuration::from_mins(30))
            } else {
                request
            };
            ("updated", self.writers[who].1.update(&request).map(drop))
        };
        if outcome.is_ok() {
            self.count(what);
        }
        Some(outcome)
    }

    /// A random start, at most a day outside the window.
    fn time(&mut self) -> Timestamp {
        let quarters = i64::try_from(self.random.below(16 * 24 * 4)).unwrap();
        self.start - SignedDuration::from_hours(24) + SignedDuration::from_mins(quarters * 15)
    }

    /// Loses a random pending delivery, or passes it to the Connect feed.
    ///
    /// Some of the passed deliveries stay pending, so that they arrive again.
    fn deliver(&mut self) {
        if self.inbox.is_empty() {
            return;
        }
        let place = self.random.below(self.inbox.len());
        let delivery = self.inbox[place].clone();
        match self.random.below(10) {
            0..=1 => {
                self.inbox.remove(place);
                return self.count("lost");
            }
            2..=3 => self.count("repeated"),
            _ => drop(self.inbox.remove(place)),
        }
        let changes = self.connect.feed.delivered(&delivery);
        self.connect.copy.apply(changes);
        self.count("delivered");
    }

    /// Replaces the feeds with new feeds that continue from the saved cursors, as in a new process.
    fn resume(&mut self) {
        if let Some(cursor) = self.google.feed.cursor() {
            let id = self.calendars[1][0].id.clone();
            self.google.feed = google::EventFeed::new(id).page_size(20).resume(&cursor).unwrap();
            self.google.response = None;
        }
        if let Some(cursor) = self.outlook.feed.cursor() {
            let feed = outlook::EventFeed::new(self.start, self.end).calendar(&self.calendars[2][0].id);
            self.outlook.feed = feed.page_size(20).resume(&cursor).unwrap();
            self.outlook.response = None;
        }
        if let Some(cursor) = self.connect.feed.cursor() {
            let feed = Mirror::new(self.start, self.end).page_size(100);
            self.connect.feed = feed.resume(&cursor, self.connect.copy.fingerprints());
            self.connect.response = None;
        }
        self.count("resumed");
    }

    /// Finishes the rounds under way, reads one more round, and compares the copies with the services.
    fn finish(&mut self) {
        for _ in 0..2 {
            while self.google.step().is_none() {}
            while self.outlook.step().is_none() {}
            while self.connect.step().is_none() {}
        }
        self.compare_google();
        self.compare_outlook();
        self.compare_connect();
    }

    fn compare_google(&mut self) {
        let path = "/google/calendar/v3/calendars/primary/events?maxResults=250";
        let shown = self.world.all(&self.google.user, path, "items", ("nextPageToken", "&pageToken="));
        let part = |item: &Value| item.clone();
        let there = by_id(&shown, part);
        let here = originals(&self.google.copy, part);
        let (same, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            here.into_iter().partition(|(id, _)| there.contains_key(id));
        assert_same("google", &same, &there);
        // After a series is moved, the feed lists its earlier exceptions as cancelled occurrences.
        let left = |item: &Value| {
            item["status"] == "cancelled" && there.contains_key(item["recurringEventId"].as_str().unwrap())
        };
        assert!(rest.values().all(left), "{rest:?}");
        self.counts.insert("google events", there.len() as u64);
        self.counts.insert("google left over", rest.len() as u64);
    }

    fn compare_outlook(&mut self) {
        let path = format!(
            "/microsoft/graph/v1.0/me/calendar/calendarView?startDateTime={}&endDateTime={}&$top=500",
            self.start, self.end
        );
        let shown = self.world.all(&self.outlook.user, &path, "value", ("@odata.nextLink", ""));
        let part = |item: &Value| {
            ["subject", "start", "end", "isAllDay", "type", "seriesMasterId"].map(|name| item[name].clone())
        };
        let there = by_id(&shown, part);
        // The server lists only occurrences, but the feed also lists their series.
        let mut here = originals(&self.outlook.copy, part);
        here.retain(|_, item| item[4] != "seriesMaster");
        assert_same("outlook", &here, &there);
        self.counts.insert("outlook events", there.len() as u64);
    }

    fn compare_connect(&mut self) {
        let path = format!("/api/events?start={}&end={}&pageSize=500", self.start, self.end);
        let shown = self.world.all(&self.connect.user, &path, "events", ("nextPageToken", "&nextPageToken="));
        let part = |item: &Value| {
            ["title", "start", "end", "allDay", "recurringEventId", "calendarId"]
                .map(|name| item[name].clone())
        };
        let there = by_id(&shown, part);
        let here: BTreeMap<_, _> = self
            .connect
            .copy
            .iter()
            .map(|event| (event.id.clone(), part(&serde_json::to_value(event).unwrap())))
            .collect();
        let times = |items: BTreeMap<String, [Value; 6]>| -> BTreeMap<String, (Value, Value)> {
            items.into_iter().map(|(id, [title, .., calendar])| (id, (title, calendar))).collect()
        };
        assert_same("connect", &times(here), &times(there.clone()));
        self.counts.insert("connect events", there.len() as u64);
    }
}

fn by_id<T>(items: &[Value], part: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    items.iter().map(|item| (item["id"].as_str().unwrap().to_owned(), part(item))).collect()
}

fn originals<T>(copy: &EventCopy, part: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let original = |event: &Event| event.original.as_ref().unwrap().decode::<Value>().unwrap();
    copy.iter().map(|event| (event.id.clone(), part(&original(event)))).collect()
}

/// Compares two maps. Prints only the differing items, because the maps are long.
fn assert_same<T: PartialEq + std::fmt::Debug>(
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
struct World(Arc<Mutex<(Sandbox, Timestamp)>>);

const ORIGIN: &str = "http://localhost";
/// The Connect user, who has connected the Google and Outlook accounts that the test uses.
const USER: &str = "ada";

impl World {
    fn new(seed: u64) -> Self {
        let mut settings = Settings::default();
        for (name, value) in [
            ("seed", seed.to_string().as_str()),
            ("webhook_url", "http://127.0.0.1:9/hook"),
            ("echo_suppression", "off"),
            ("token_ttl", "31536000"),
            ("google_empty_pages", "on"),
            ("graph_empty_pages", "on"),
        ] {
            settings = settings.with(name, value).unwrap();
        }
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        Self(Arc::new(Mutex::new((Sandbox::new(settings), now))))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Sandbox, Timestamp) -> T) -> T {
        let (sandbox, now) = &mut *self.0.lock().unwrap();
        work(sandbox, *now)
    }

    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().1
    }

    fn advance(&self, seconds: i64) {
        self.0.lock().unwrap().1 += SignedDuration::from_secs(seconds);
    }

    fn handle(&self, request: http::Request<Bytes>) -> Response {
        match self.with(|sandbox, now| sandbox.handle(request, now)).outcome {
            Outcome::Reply(response) => response,
            Outcome::Cut => panic!("the sandbox cut a connection without a fault"),
        }
    }

    /// The items that the server lists, over all pages.
    fn all(&self, user: &User, path: &str, items: &str, (next, parameter): (&str, &str)) -> Vec<Value> {
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

    fn connect(&self) -> User {
        let app = self.with(|sandbox, _| sandbox.credentials());
        let builder = Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri);
        self.sign_in(builder.base_url(format!("{ORIGIN}/api")), SignIn::new(USER))
    }

    fn google(&self) -> User {
        let profile = google::profile_at(&format!("{ORIGIN}/google"));
        let sign_in = SignIn::new(USER).scopes(google::SCOPES).parameter("login_hint", "ada@gmail.example");
        self.provider_user(AuthorizationServer::Google, profile, "/google/calendar/v3", sign_in)
    }

    fn outlook(&self) -> User {
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

    /// The deliveries that are due now.
    ///
    /// The loop is needed because the sandbox sends a calendar's next delivery only after the
    /// response to the previous delivery.
    fn deliveries(&self) -> Vec<Delivery> {
        self.with(|sandbox, now| {
            let mut all = Vec::new();
            loop {
                let attempts = sandbox.deliveries(now);
                if attempts.is_empty() {
                    return all;
                }
                for attempt in attempts {
                    sandbox.delivered(attempt.token, AttemptOutcome::Status(200), now);
                    all.push(decode(attempt.request.body()).unwrap());
                }
            }
        })
    }
}

/// The id of the calendar behind an alias such as `primary`.
fn primary(world: &World, user: &User, path: &str) -> String {
    let token = user.session().tokens().unwrap().access_token;
    let request = http::Request::get(format!("{ORIGIN}{path}"))
        .header("authorization", format!("Bearer {}", token.expose()))
        .body(Bytes::new())
        .unwrap();
    let calendar: Value = serde_json::from_slice(world.handle(request).body()).unwrap();
    calendar["id"].as_str().unwrap_or_else(|| panic!("{calendar}")).to_owned()
}

/// A deterministic random generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
