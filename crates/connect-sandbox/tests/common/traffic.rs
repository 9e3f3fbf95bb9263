//! Random requests to every service of a sandbox. The requests use what earlier responses contained.

use super::google::{AUTHORIZE, EXCHANGE, TOKEN, refresh};
use super::oauth::*;
use super::{apptoto, encode, get, parameter};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GRAPH_TOKEN: &str = "/microsoft/common/oauth2/v2.0/token";
const USERS: [&str; 4] = ["ada", "grace", "user-1", "user-2"];

/// A generator of requests.
#[derive(Debug)]
pub struct Traffic {
    random: u64,
    /// What responses contained, by kind: tokens, ids, page tokens and links.
    seen: BTreeMap<String, Vec<String>>,
}

impl Traffic {
    pub fn new(seed: u64) -> Self {
        Self { random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, seen: BTreeMap::new() }
    }

    /// Returns a number below `bound` (xorshift).
    pub fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 16).unwrap() % bound
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Returns one of the last values of this kind.
    fn known(&mut self, kind: &str) -> String {
        let values = self.seen.get(kind).cloned().unwrap_or_default();
        let recent = &values[values.len().saturating_sub(if kind.ends_with("code") { 1 } else { 12 })..];
        if recent.is_empty() { "none".to_owned() } else { recent[self.below(recent.len())].clone() }
    }

    /// Returns a time in the weeks after 15 November 2026.
    fn time(&mut self) -> String {
        let (day, hour) = (16 + self.below(14), self.below(22));
        format!("2026-11-{day}T{hour:02}:{:02}:00", 5 * self.below(12))
    }

    pub fn next(&mut self) -> Request<Bytes> {
        match self.below(20) {
            0 => self.sign_in(),
            1 => self.exchange(),
            2 => self.refresh(),
            3..=6 => self.connect(),
            7..=10 => self.google(),
            11..=14 => self.graph(),
            15..=17 => self.apptoto(),
            _ => self.control(),
        }
    }

    fn sign_in(&mut self) -> Request<Bytes> {
        let user = self.one_of(&USERS);
        let google = format!("{user}@gmail.example");
        let scope = "https://www.googleapis.com/auth/calendar";
        let common: Pairs<'_> = &[
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        match self.below(4) {
            0 => {
                let asked = [
                    ("client_id", "google-client"),
                    ("scope", scope),
                    ("login_hint", &google),
                    ("access_type", "offline"),
                ];
                get(&format!("{AUTHORIZE}?{}", encoded(&with(common, &asked))))
            }
            1 => {
                let account = format!("{user}@outlook.example");
                let scope = "Calendars.ReadWrite MailboxSettings.ReadWrite offline_access openid";
                let asked =
                    [("client_id", "microsoft-client"), ("scope", scope), ("login_hint", account.as_str())];
                get(&format!("/microsoft/common/oauth2/v2.0/authorize?{}", encoded(&with(common, &asked))))
            }
            _ => {
                let scope = self.one_of(&["read-write", "read-write", "read", "free-busy"]);
                get(&format!("/api/oauth/authorize?client_id=sandbox-client&user_id={user}&scope={scope}"))
            }
        }
    }

    fn exchange(&mut self) -> Request<Bytes> {
        let service = self.one_of(&["google", "graph", "connect"]);
        let code = self.known(&format!("{service} code"));
        match service {
            "google" => form(TOKEN, &encoded(&with(EXCHANGE, &[("code", &code)]))),
            "graph" => form(GRAPH_TOKEN, &encoded(&with(&with(EXCHANGE, MICROSOFT), &[("code", &code)]))),
            _ => form(
                "/api/oauth/token",
                &format!("{CONNECT_APP}&grant_type=authorization_code&code={}", encode(&code)),
            ),
        }
    }

    fn refresh(&mut self) -> Request<Bytes> {
        match self.below(4) {
            0 => form(TOKEN, &encoded(&refresh(&self.known("google refresh")))),
            1 => form(GRAPH_TOKEN, &encoded(&with(&refresh(&self.known("graph refresh")), MICROSOFT))),
            _ => {
                let token = self.known("connect refresh");
                form(
                    "/api/oauth/token",
                    &format!("{CONNECT_APP}&grant_type=refresh_token&refresh_token={}", encode(&token)),
                )
            }
        }
    }

    fn connect(&mut self) -> Request<Bytes> {
        let provider = self.one_of(&["google", "microsoft", "apple", "caldav"]);
        let (id, start, end) =
            (self.known(&format!("{provider} event")), self.time(), "2026-12-24T12:00:00Z");
        let place = json!({ "provider": provider, "calendarId": "primary", "eventId": id });
        let channel = json!({ "provider": provider, "calendarId": self.known(&format!("{provider} calendar")), "channelId": start });
        let (method, path, body) = match self.below(14) {
            0 => ("GET", "/calendars".to_owned(), Value::Null),
            1 | 2 => ("GET", "/events?start=2026-11-10&end=2026-12-05&pageSize=20".to_owned(), Value::Null),
            3 => {
                let next = encode(&self.known("connect page"));
                let path =
                    format!("/events?start=2026-11-10&end=2026-12-05&pageSize=20&nextPageToken={next}");
                ("GET", path, Value::Null)
            }
            4..=6 => {
                let repeats = [
                    Value::Null,
                    json!({ "frequency": "DAILY", "count": 6 }),
                    json!({ "frequency": "WEEKLY", "byDay": ["MO", "WE"], "until": "2026-12-20" }),
                    json!({ "frequency": "MONTHLY", "byMonthDay": [-1], "interval": 2 }),
                ];
                let event = json!({
                    "provider": provider, "calendarId": "primary", "title": format!("Event {start}"), "start": start,
                    "end": end, "recurrence": repeats[self.below(4)], "custom": { "n": self.below(9), "x": 0.1 },
                    "attendees": ["guest@example.org", { "email": "ada@gmail.example", "status": "tentative" }],
                    "conferenceData": { "autoGenerate": self.below(2) == 0 }, "privacy": "private",
                    "allDay": self.below(4) == 0,
                });
                ("POST", "/event".to_owned(), event)
            }
            7 | 8 => {
                let mode = self.one_of(&["this", "following", "all"]);
                let changes = json!({ "title": "Changed", "start": start, "end": end, "updateMode": mode });
                ("PUT", "/event".to_owned(), apptoto::changed(place, changes))
            }
            9 => ("DELETE", "/event".to_owned(), place),
            10 => ("GET", "/oauth/connection-status".to_owned(), Value::Null),
            11 if self.below(6) == 0 => {
                ("POST", format!("/oauth/disconnect?provider={provider}"), Value::Null)
            }
            11 | 12 => ("POST", "/subscribe-webhook".to_owned(), channel),
            _ => (
                "POST",
                "/unsubscribe-webhook".to_owned(),
                json!({ "provider": provider, "channelId": start }),
            ),
        };
        let token = self.known("connect access");
        request(method, &format!("/api{path}"), &[("authorization", &format!("Bearer {token}"))], body)
    }

    fn google(&mut self) -> Request<Bytes> {
        let (id, start) = (encode(&self.known("google event")), self.time());
        let (path, events) = ("/google/calendar/v3", "/google/calendar/v3/calendars/primary/events");
        let sync = encode(&self.known("google sync"));
        let event = json!({
            "summary": format!("Google {start}"), "start": { "dateTime": start, "timeZone": "Europe/Budapest" },
            "end": { "dateTime": "2026-12-24T12:00:00Z" }, "attendees": [{ "email": "guest@example.org" }],
            "extendedProperties": { "private": { "a": "b" } }, "reminders": { "useDefault": false },
        });
        let rules = [
            "RRULE:FREQ=MONTHLY;BYDAY=2TU,-1FR;COUNT=7",
            "RRULE:FREQ=YEARLY;BYWEEKNO=47,50;WKST=SU",
            "RRULE:FREQ=WEEKLY;UNTIL=20261231;BYDAY=TU,TH",
            "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=9",
        ];
        let lines =
            json!({ "recurrence": [self.one_of(&rules), "RDATE;TZID=Europe/Budapest:20261230T090000"] });
        let (method, path, body) = match self.below(19) {
            0 => ("GET", format!("{path}/users/me/calendarList"), Value::Null),
            1 => ("GET", format!("{path}/users/me/calendarList?syncToken={sync}"), Value::Null),
            2 => ("GET", format!("{events}?maxResults=2500"), Value::Null),
            3..=5 => ("GET", format!("{events}?syncToken={sync}"), Value::Null),
            6 => (
                "GET",
                format!("{events}?maxResults=7&pageToken={}", encode(&self.known("google page"))),
                Value::Null,
            ),
            7 => ("GET", format!("{events}?maxResults=7&singleEvents={}", self.below(2) == 0), Value::Null),
            8 | 9 => ("POST", format!("{events}?sendUpdates=all"), event),
            10 => ("POST", format!("{events}?sendUpdates=all"), apptoto::changed(event, lines)),
            11 => (
                "PATCH",
                format!("{events}/{id}?sendUpdates=all"),
                json!({ "summary": start, "colorId": "4" }),
            ),
            12 => ("DELETE", format!("{events}/{id}"), Value::Null),
            13 => ("GET", format!("{events}/{id}/instances?maxResults=5"), Value::Null),
            14 => {
                let body = json!({ "id": start, "type": "web_hook", "address": "https://app.example/push", "token": "t" });
                ("POST", format!("{events}/watch"), body)
            }
            15 => {
                let body =
                    json!({ "id": self.known("google event"), "resourceId": self.known("google resource") });
                ("POST", format!("{path}/channels/stop"), body)
            }
            16 => ("POST", format!("{path}/calendars"), json!({ "summary": start })),
            17 => {
                let to = encode(&self.known("google calendar"));
                ("POST", format!("{events}/{id}/move?destination={to}"), Value::Null)
            }
            _ => ("GET", format!("{events}/{id}"), Value::Null),
        };
        let (token, etag) = (format!("Bearer {}", self.known("google access")), self.known("google etag"));
        let condition: &[(&str, &str)] = if self.below(6) == 0 { &[("if-match", &etag)] } else { &[] };
        request(method, &path, &[&[("authorization", token.as_str())], condition].concat(), body)
    }

    fn graph(&mut self) -> Request<Bytes> {
        let (id, start) = (encode(&self.known("microsoft event")), self.time());
        let me = "/microsoft/graph/v1.0/me";
        let patterns = [
            json!({ "type": "daily", "interval": 2 }),
            json!({ "type": "weekly", "interval": 1, "daysOfWeek": ["monday", "thursday"], "firstDayOfWeek": "sunday" }),
            json!({ "type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31 }),
            json!({ "type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last" }),
        ];
        let event = json!({
            "subject": format!("Graph {start}"), "start": { "dateTime": start, "timeZone": "W. Europe Standard Time" },
            "end": { "dateTime": "2026-12-24T12:00:00", "timeZone": "UTC" }, "categories": ["Blue"],
            "attendees": [{ "emailAddress": { "address": "guest@example.org" } }], "isOnlineMeeting": self.below(2) == 0,
            "transactionId": start,
        });
        let range = json!({ "type": "numbered", "startDate": &start[..10], "numberOfOccurrences": 5 });
        let series = json!({ "recurrence": { "pattern": patterns[self.below(4)], "range": range } });
        let view = "startDateTime=2026-11-16T00:00:00Z&endDateTime=2026-12-23T00:00:00Z";
        let link = |link: String| {
            link.find("/v1.0").map_or(link.clone(), |at| format!("/microsoft/graph{}", &link[at..]))
        };
        let (method, path, body) = match self.below(20) {
            0 => ("GET", format!("{me}/calendars"), Value::Null),
            1 => ("GET", format!("{me}/calendarView?{view}"), Value::Null),
            2 => ("GET", format!("{me}/calendarView/delta?{view}"), Value::Null),
            3..=5 => ("GET", link(self.known("graph delta")), Value::Null),
            6 => ("GET", link(self.known("graph next")), Value::Null),
            7 => ("GET", format!("{me}/events?$top=7&$orderby=start/dateTime"), Value::Null),
            8 | 9 => ("POST", format!("{me}/events"), event),
            10 => ("POST", format!("{me}/events"), apptoto::changed(event, series)),
            11 => ("PATCH", format!("{me}/events/{id}"), json!({ "subject": start, "importance": "high" })),
            12 => ("DELETE", format!("{me}/events/{id}"), Value::Null),
            13 => ("GET", format!("{me}/events/{id}/instances?{view}"), Value::Null),
            14 | 15 => {
                let body = json!({
                    "changeType": "created,updated,deleted", "notificationUrl": "https://app.example/push", "resource": "me/events",
                    "lifecycleNotificationUrl": "https://app.example/push", "clientState": start,
                    "expirationDateTime": "2026-11-18T09:00:00Z",
                });
                ("POST", "/microsoft/graph/v1.0/subscriptions".to_owned(), body)
            }
            16 => ("PATCH", format!("{me}/mailboxSettings"), json!({ "timeZone": "Tokyo Standard Time" })),
            17 => ("GET", format!("{me}/mailboxSettings"), Value::Null),
            18 => ("POST", format!("{me}/calendars"), json!({ "name": start })),
            _ => (
                "POST",
                format!("{me}/events/{id}/accept"),
                json!({ "comment": "yes", "sendResponse": true }),
            ),
        };
        let token = format!("Bearer {}", self.known("graph access"));
        let prefer = self.one_of(&["odata.maxpagesize=10", "outlook.timezone=\"Tokyo Standard Time\""]);
        request(method, &path, &[("authorization", &token), ("prefer", prefer)], body)
    }

    fn apptoto(&mut self) -> Request<Bytes> {
        let (id, start) = (self.known("apptoto id"), self.time());
        let event = json!({
            "calendar": "Practice", "title": start, "start_time": format!("{start}-08:00"),
            "end_time": "2026-12-24T12:00:00.5+05:30", "custom_data": { "n": 1 }, "content": "#auto",
            "participants": [{ "name": "Kim", "phone": "6508981212", "email": "kim@example.com" }],
        });
        let numbered = id.parse::<u64>().map_or(Value::Null, |id| json!({ "id": id }));
        let contact =
            json!({ "address_book": "A", "name": "Kim", "external_id": start, "phone": "6508981212" });
        let (method, path, body) = match self.below(11) {
            0 => ("GET", "/events?begin=2026-11-01T00:00:00Z".to_owned(), Value::Null),
            1 => ("GET", format!("/event?id={id}"), Value::Null),
            2 | 3 => ("POST", "/events".to_owned(), json!({ "events": [event] })),
            4 if numbered.is_object() => (
                "PUT",
                "/events".to_owned(),
                json!({ "events": [apptoto::changed(numbered, json!({ "title": "T" }))] }),
            ),
            4 | 5 => ("POST", "/contacts".to_owned(), json!({ "contacts": [contact] })),
            6 => ("DELETE", format!("/events?id={id}"), Value::Null),
            7 => {
                let body = json!({ "booking_page": "demo", "time": start, "name": "Kim", "email_address": "k@example.com" });
                ("POST", "/book_now".to_owned(), body)
            }
            8 => (
                "POST",
                "/send_message".to_owned(),
                json!({ "type": "sms", "to": "6508981212", "message": start }),
            ),
            9 => ("POST", "/import".to_owned(), json!({ "file": start, "spec": "s", "type": "contacts" })),
            _ => ("GET", format!("/import?id={id}"), Value::Null),
        };
        let key = basic(apptoto::ADA, "sandbox-key");
        request(method, &format!("/apptoto/api/v1{path}"), &[("authorization", &key)], body)
    }

    fn control(&mut self) -> Request<Bytes> {
        let (provider, user) =
            (self.one_of(&["google", "microsoft", "apple", "caldav"]), self.one_of(&USERS));
        let (method, path, body) = match self.below(20) {
            0..=4 => {
                let change = self.one_of(&["created", "updated", "deleted"]);
                ("POST", "/trigger", json!({ "user": user, "provider": provider, "change": change }))
            }
            5 | 6 => ("POST", "/advance", json!({ "seconds": 40 * self.below(10) })),
            7 => (
                "POST",
                "/faults",
                json!({ "endpoint": "GET /events", "status": 503, "times": 2, "skip": 1 }),
            ),
            8 => ("POST", "/rotate-keys", Value::Null),
            9 => ("POST", "/resend", json!({})),
            10 => {
                ("POST", "/apps", json!({ "name": "Other", "redirectUri": "https://other.example/callback" }))
            }
            11 => (
                "POST",
                "/providers",
                json!({ "server": "google", "name": "P", "redirectUris": ["https://p.example/"] }),
            ),
            12 => {
                ("POST", "/set", json!({ "rotation": self.one_of(&["grace", "strict"]), "graph_page": 10 }))
            }
            13 if self.below(8) == 0 => ("POST", "/expire", Value::Null),
            14 if self.below(8) == 0 => ("POST", "/expire-sync-tokens", Value::Null),
            15 => ("GET", "/invitations", Value::Null),
            16 => ("GET", "/apptoto/messages", Value::Null),
            17 => ("GET", "/deliveries", Value::Null),
            18 => ("GET", "/subscriptions", Value::Null),
            _ => ("GET", "/stats", Value::Null),
        };
        request(method, &format!("/sandbox{path}"), &[], body)
    }

    /// Remembers what the response contains, for later requests.
    pub fn learn(&mut self, path: &str, status: u16, headers: &[(String, Vec<u8>)], body: &Bytes) {
        let service = match path {
            _ if path.starts_with("/google") => "google",
            _ if path.starts_with("/microsoft") => "graph",
            _ if path.starts_with("/apptoto") => "apptoto",
            _ => "connect",
        };
        let location = headers.iter().find(|(name, _)| name == "location");
        let location = location.and_then(|(_, value)| std::str::from_utf8(value).ok());
        if let Some(code) = location.and_then(|location| parameter(location, "code")) {
            self.seen.entry(format!("{service} code")).or_default().push(code);
        }
        if !path.starts_with("/sandbox") && (200..300).contains(&status) {
            self.collect(service, &serde_json::from_slice(body).unwrap_or_default());
        }
    }

    fn collect(&mut self, service: &str, value: &Value) {
        for one in value.as_array().into_iter().flatten() {
            self.collect(service, one);
        }
        let provider =
            value["provider"].as_str().unwrap_or(if service == "graph" { "microsoft" } else { service });
        let is_event = !value["start"].is_null() || value["kind"] == "api#channel";
        let what = if is_event { "event" } else { "calendar" };
        for (name, value) in value.as_object().into_iter().flatten() {
            let kind = match name.as_str() {
                "access_token" => format!("{service} access"),
                "refresh_token" => format!("{service} refresh"),
                "nextSyncToken" => format!("{service} sync"),
                "nextPageToken" => format!("{service} page"),
                "@odata.deltaLink" => "graph delta".to_owned(),
                "@odata.nextLink" => "graph next".to_owned(),
                "etag" => "google etag".to_owned(),
                "resourceId" => "google resource".to_owned(),
                "id" if service == "apptoto" => "apptoto id".to_owned(),
                "id" => format!("{provider} {what}"),
                _ => {
                    self.collect(service, value);
                    continue;
                }
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.seen.entry(kind).or_default().push(text);
        }
    }
}

const CONNECT_APP: &str = "client_id=sandbox-client&client_secret=sandbox-secret";
const MICROSOFT: Pairs<'_> = &[("client_id", "microsoft-client"), ("client_secret", "microsoft-secret")];

fn request(method: &str, path: &str, headers: Pairs<'_>, body: Value) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    request.body(body).unwrap()
}
