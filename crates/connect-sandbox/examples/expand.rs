//! Prints the starts of a series' occurrences in the sandbox, for comparison with other programs.
//!
//! Reads one JSON object per line: `service` (`google` or `graph`), `event` (a series in the service's
//! format), and `from` and `to` (the range of the occurrences, in RFC 3339 format). Prints one line for each
//! object: `{"starts": [..]}` with dates for an all-day series and times in UTC for any other series, or
//! `{"error": ".."}` if the service refuses a request or the occurrences do not fit on one page.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a program for tests")]

use bytes::Bytes;
use connect_sandbox::{Outcome, Sandbox, Settings};
use http::Request;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use std::io::{BufRead as _, Write as _};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (mut google, mut graph) = (Mailbox::open(google_service()), Mailbox::open(graph_service()));
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mailbox = if request["service"] == "graph" { &mut graph } else { &mut google };
        writeln!(out, "{}", mailbox.expand(&request).unwrap_or_else(|error| json!({ "error": error })))?;
        out.flush()?;
    }
    Ok(())
}

/// Returns the start of an occurrence: a date if it lasts all day, otherwise a time in UTC with `Z`.
fn start(item: &Value, all_day: bool) -> String {
    let start = &item["start"];
    let text = start["date"].as_str().or(start["dateTime"].as_str()).unwrap_or("");
    match text.parse::<DateTime>() {
        Ok(local) if all_day => local.date().to_string(),
        Ok(local) if text.contains('T') => format!("{local}Z"),
        _ => text.to_owned(),
    }
}

struct Service {
    provider: &'static str,
    sign_in: &'static str,
    token: &'static str,
    client: &'static str,
    secret: &'static str,
    scope: &'static str,
    events: &'static str,
    window: &'static str,
    items: &'static str,
}

/// An empty calendar of a new sandbox, and a signed-in user.
struct Mailbox {
    sandbox: Sandbox,
    now: Timestamp,
    service: Service,
    token: String,
}

const REDIRECT: &str = "http://127.0.0.1:8765/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Mailbox {
    fn open(service: Service) -> Self {
        let mut sandbox = Sandbox::new(Settings::default());
        let calendars = json!([{ "id": "empty", "title": "Empty", "events": [] }]);
        let accounts = json!({ service.provider: { "account": "ada@example.org", "calendars": calendars } });
        sandbox.seed(&json!({ "users": { "ada": accounts } }).to_string()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut mailbox = Self { sandbox, now, service, token: String::new() };
        mailbox.sign_in();
        mailbox
    }

    /// Creates a series, lists the starts of its occurrences, and deletes the series.
    fn expand(&mut self, request: &Value) -> Result<Value, String> {
        let event = self.call("POST", self.service.events, &request["event"].to_string())?;
        let id: String =
            form_urlencoded::byte_serialize(event["id"].as_str().unwrap_or("").as_bytes()).collect();
        let path = format!("{}/{id}", self.service.events);
        let (from, to) = (request["from"].as_str().unwrap_or(""), request["to"].as_str().unwrap_or(""));
        let query = self.service.window.replace("{from}", from).replace("{to}", to);
        let page = self.call("GET", &format!("{path}/instances?{query}"), "");
        self.call("DELETE", &path, "")?;
        let page = page?;
        if !(page["nextPageToken"].is_null() && page["@odata.nextLink"].is_null()) {
            return Err("the occurrences from `from` to `to` do not fit on one page".to_owned());
        }
        let items = page[self.service.items].as_array().cloned().unwrap_or_default();
        let mut starts: Vec<_> = items.iter().map(|item| start(item, event["isAllDay"] == true)).collect();
        // Only the starts are compared, not the order of the list.
        starts.sort();
        Ok(json!({ "starts": starts }))
    }

    fn sign_in(&mut self) {
        let request = [
            ("client_id", self.service.client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", self.service.scope),
            ("login_hint", "ada@example.org"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let request = Request::get(format!("{}?{}", self.service.sign_in, form(&request)));
        let reply = self.send(request.body(Bytes::new()).unwrap());
        let location = reply.headers()["location"].to_str().unwrap().to_owned();
        let query = location.split_once('?').unwrap().1;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let code = pairs.find(|(name, _)| name == "code").unwrap().1.into_owned();
        let exchange = [
            ("client_id", self.service.client),
            ("client_secret", self.service.secret),
            ("redirect_uri", REDIRECT),
            ("grant_type", "authorization_code"),
            ("code_verifier", VERIFIER),
            ("code", &code),
        ];
        let request =
            Request::post(self.service.token).header("content-type", "application/x-www-form-urlencoded");
        let reply = self.send(request.body(Bytes::from(form(&exchange))).unwrap());
        let pair: Value = serde_json::from_slice(reply.body()).unwrap();
        self.token = pair["access_token"].as_str().unwrap().to_owned();
    }

    fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let reply = self.send(request.body(Bytes::from(body.to_owned())).unwrap());
        let answer: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
        if reply.status().is_success() {
            Ok(answer)
        } else {
            Err(answer["error"]["message"].as_str().unwrap_or("no message").to_owned())
        }
    }

    fn send(&mut self, request: Request<Bytes>) -> http::Response<Bytes> {
        match self.sandbox.handle(request, self.now).outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Cut => panic!("the sandbox cut the response"),
        }
    }
}

fn google_service() -> Service {
    Service {
        provider: "google",
        sign_in: "/google/o/oauth2/v2/auth",
        token: "/google/token",
        client: "google-client",
        secret: "google-secret",
        scope: "https://www.googleapis.com/auth/calendar",
        events: "/google/calendar/v3/calendars/primary/events",
        window: "timeMin={from}&timeMax={to}&timeZone=UTC&maxResults=2500",
        items: "items",
    }
}

fn graph_service() -> Service {
    Service {
        provider: "microsoft",
        sign_in: "/microsoft/common/oauth2/v2.0/authorize",
        token: "/microsoft/common/oauth2/v2.0/token",
        client: "microsoft-client",
        secret: "microsoft-secret",
        scope: "Calendars.ReadWrite",
        events: "/microsoft/graph/v1.0/me/events",
        window: "startDateTime={from}&endDateTime={to}&$top=1000",
        items: "value",
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
