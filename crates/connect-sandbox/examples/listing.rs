//! Measures how long it takes to list all pages of a calendar.
//!
//! Prints a line for each combination of a service, a page size and a number of events.
//!
//! Usage: `listing [SERVICE [EVENTS]]`, such as `listing google 10000`. `EVENTS` is the number of single
//! events (1000, 10000 or 100000), or `daily` for one daily series over ten years. If an argument is
//! missing, all its values are measured. The last column is a hash of all response bodies. Two builds with
//! the same behaviour print the same hash.
#![allow(clippy::panic, clippy::unwrap_used, clippy::disallowed_methods, reason = "a program that measures")]

use bytes::Bytes;
use connect_sandbox::{Outcome, Sandbox, Settings};
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hasher as _};
use std::time::Instant;

fn main() {
    let asked: Vec<_> = std::env::args().skip(1).collect();
    println!("{:8} {:>7} {:>5} {:>9} {:>9}  hash", "service", "events", "page", "seconds", "us/event");
    for service in SERVICES.iter().filter(|service| asked.first().is_none_or(|name| service.name == name)) {
        for count in ["1000", "10000", "100000", "daily"] {
            if asked.get(1).is_some_and(|asked| asked != count) {
                continue;
            }
            for size in service.sizes {
                let mut caller = Caller::sign_in(service, count.parse().ok());
                let begun = Instant::now();
                let (events, hash) = caller.list(size);
                let seconds = begun.elapsed().as_secs_f64();
                let each = seconds * 1e6 / events as f64;
                println!("{:8} {count:>7} {size:>5} {seconds:>9.3} {each:>9.2}  {hash:016x}", service.name);
            }
        }
    }
}

struct Service {
    name: &'static str,
    provider: &'static str,
    authorize: &'static str,
    exchange: &'static str,
    list: &'static str,
    /// The names of the page size parameter, the list of events, and the token or link of the next page.
    words: [&'static str; 3],
    sizes: [usize; 2],
}

const SERVICES: [Service; 3] = [
    Service {
        name: "connect",
        provider: "google",
        authorize: "/api/oauth/authorize?client_id=sandbox-client&user_id=ada&scope=read-write",
        exchange: "/api/oauth/token",
        list: "/api/events?start=2026-01-01&end=2036-01-01",
        words: ["pageSize", "events", "nextPageToken"],
        sizes: [250, 1000],
    },
    Service {
        name: "google",
        provider: "google",
        authorize: "/google/o/oauth2/v2/auth?client_id=google-client&response_type=code&login_hint=ada%40example.org\
                    &scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar",
        exchange: "/google/token",
        list: "/google/calendar/v3/calendars/primary/events?singleEvents=true\
               &timeMin=2026-01-01T00:00:00Z&timeMax=2036-01-01T00:00:00Z",
        words: ["maxResults", "items", "nextPageToken"],
        sizes: [250, 2500],
    },
    Service {
        name: "graph",
        provider: "microsoft",
        authorize: "/microsoft/common/oauth2/v2.0/authorize?client_id=microsoft-client&response_type=code\
                    &login_hint=ada%40example.org&scope=Calendars.ReadWrite",
        exchange: "/microsoft/common/oauth2/v2.0/token",
        list: "/microsoft/graph/v1.0/me/calendarView?startDateTime=2026-01-01&endDateTime=2036-01-01",
        words: ["$top", "value", "@odata.nextLink"],
        sizes: [50, 1000],
    },
];

const REDIRECT: &str = "http%3A%2F%2F127.0.0.1%3A8765%2Fcallback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A new sandbox with one calendar, and a signed-in user.
struct Caller {
    sandbox: Sandbox,
    now: Timestamp,
    service: &'static Service,
    token: String,
}

impl Caller {
    /// Creates a sandbox, and signs in a user.
    ///
    /// The calendar of the user has `count` single events, or one daily series if `count` is `None`.
    fn sign_in(service: &'static Service, count: Option<usize>) -> Self {
        let mut settings = Settings::default();
        settings.set("graph_view_days", "none").unwrap();
        let events = count.map_or_else(|| vec![daily()], |count| (0..count).map(event).collect());
        let calendars =
            json!([{ "id": "main", "title": "Main", "timeZone": "Europe/Budapest", "events": events }]);
        let accounts = json!({ service.provider: { "account": "ada@example.org", "calendars": calendars } });
        let mut sandbox = Sandbox::new(settings);
        sandbox.seed(&json!({ "users": { "ada": accounts } }).to_string()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut caller = Self { sandbox, now, service, token: String::new() };
        caller.token = caller.new_token();
        caller
    }

    fn new_token(&mut self) -> String {
        let (connect, provider) = (self.service.name == "connect", self.service.provider);
        let more = format!("&redirect_uri={REDIRECT}&code_challenge={CHALLENGE}&code_challenge_method=S256");
        let more = if connect { String::new() } else { more };
        let reply = self.send(Request::get(format!("{}{more}", self.service.authorize)), String::new());
        let location = reply.headers()["location"].to_str().unwrap();
        let query = location.split_once('?').unwrap().1;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let code = pairs.find(|(name, _)| name == "code").unwrap().1.into_owned();
        let app = if connect { "sandbox" } else { provider };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", &code);
        form.append_pair("client_id", &format!("{app}-client"));
        form.append_pair("client_secret", &format!("{app}-secret"));
        let more = format!("&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
        let form = form.finish() + if connect { "" } else { &more };
        let request = Request::post(self.service.exchange);
        let reply = self.send(request.header("content-type", "application/x-www-form-urlencoded"), form);
        let pair: Value = serde_json::from_slice(reply.body()).unwrap();
        pair["access_token"].as_str().unwrap().to_owned()
    }

    /// Requests all pages, and returns the number of events and a hash of all response bodies.
    fn list(&mut self, size: usize) -> (usize, u64) {
        let [page_size, items, next] = self.service.words;
        let first = format!("{}&{page_size}={size}", self.service.list);
        let (mut path, mut events, mut hash) = (first.clone(), 0, DefaultHasher::new());
        loop {
            let request = Request::get(&path).header("authorization", format!("Bearer {}", self.token));
            let reply = self.send(request, String::new());
            hash.write(reply.body());
            // Parsing the whole body would add the time of the parser to the measurement.
            let body = std::str::from_utf8(reply.body()).unwrap();
            assert!(reply.status().is_success() && body.contains(&format!("\"{items}\"")), "{body}");
            events += body.matches("\"Meeting ").count() / if self.service.name == "connect" { 2 } else { 1 };
            let Some((_, rest)) = body.split_once(&format!("\"{next}\":\"")) else {
                return (events, hash.finish());
            };
            let token = rest.split_once('"').unwrap().0;
            path = if let Some((_, link)) = token.split_once("://") {
                link[link.find('/').unwrap()..].to_owned()
            } else {
                format!("{first}&{}={token}", if items == "items" { "pageToken" } else { next })
            };
        }
    }

    fn send(&mut self, request: http::request::Builder, body: String) -> Response<Bytes> {
        let request = request.body(Bytes::from(body)).unwrap();
        match self.sandbox.handle(request, self.now).outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Cut => panic!("the sandbox cut the response"),
        }
    }
}

fn event(number: usize) -> Value {
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let start = start + SignedDuration::from_mins(30 * number as i64);
    // The order of ids differs from the order of starts.
    let id = format!("e{:08x}", (number as u32).wrapping_mul(0x9e37_79b1));
    json!({
        "id": id,
        "title": format!("Meeting {number}"),
        "start": start.to_string(),
        "end": (start + SignedDuration::from_mins(45)).to_string(),
        "description": "What there is to say,\nand what is left of last time",
        "location": "Room 5",
        "attendees": ["grace@example.org", { "email": "alan@example.org", "status": "accepted" }],
        "lastModified": "2025-12-01T08:00:00Z",
    })
}

fn daily() -> Value {
    let mut series = event(0);
    series["recurrence"] = json!({ "frequency": "DAILY" });
    series
}
