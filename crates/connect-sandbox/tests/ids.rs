//! Ids and tokens must be valid in paths and queries without encoding. Some clients send ids and tokens
//! without encoding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use common::{ALL, App, encode, id};
use connect_sandbox::Trigger;
use serde_json::{Value, json};

const MAILBOX: &str = "user-1@outlook.example";
const RANGE: &str = "startDateTime=2026-10-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z&$top=1000";

/// Returns whether a text is a valid path segment without encoding.
fn is_segment(text: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~=@:".contains(&byte);
    !text.is_empty() && text.bytes().all(fit)
}

/// Returns whether a text is a valid query value without encoding.
fn is_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| is_segment(&char::from(byte).to_string()) || byte == b'/')
}

/// Returns whether a text consists of unreserved characters (RFC 3986 2.3), which no client encodes.
fn is_unreserved(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Checks a page token or sync token. In standard base64, the token would contain `+` or `/`.
fn assert_url_safe(token: &str) {
    assert!(is_unreserved(token), "{token}");
    assert!(token.contains(['-', '_']), "{token}");
}

#[test]
fn graph_ids_are_valid_path_segments() {
    let mut app = App::new(&[]);
    let token = app.graph_token(MAILBOX, "Calendars.ReadWrite");
    let made = app.graph_create(&token, common::graph::hour());
    let mut events = app.graph_list(&token, "/me/events?$top=1000");
    assert!(events.iter().any(|event| id(event) == id(&made)) && events.len() > 40);
    events.extend(app.graph_list(&token, &format!("/me/calendarView?{RANGE}")));
    assert!(events.iter().any(|event| event["type"] == "occurrence"));
    for event in &events {
        assert!(is_segment(id(event)), "{event}");
        assert_eq!(app.graph_ok(&token, &format!("/me/events/{}", id(event)))["subject"], event["subject"]);
    }
    for calendar in app.graph_list(&token, "/me/calendars") {
        assert!(is_segment(id(&calendar)), "{calendar}");
        assert_eq!(
            app.graph_ok(&token, &format!("/me/calendars/{}", id(&calendar)))["name"],
            calendar["name"]
        );
    }
    let page = app.graph_ok(&token, &format!("/me/calendarView/delta?{}", RANGE.replace("&$top=1000", "")));
    let link = page["@odata.nextLink"].as_str().unwrap();
    assert!(is_unreserved(link.rsplit_once("token=").unwrap().1), "{link}");
}

#[test]
fn google_ids_are_valid_path_segments() {
    let mut app = App::new(&[]);
    let token = app.google_token("user-1@gmail.example", &["calendar"]);
    let calendars = app.google_ok(&token, "/users/me/calendarList")["items"].clone();
    for calendar in calendars.as_array().unwrap() {
        assert!(is_segment(id(calendar)), "{calendar}");
        let path = format!("/calendars/{}/events", id(calendar));
        let page = app.google_ok(&token, &format!("{path}?singleEvents=true&maxResults=20"));
        assert!(is_unreserved(page["nextPageToken"].as_str().unwrap()), "{page}");
        for event in page["items"].as_array().unwrap() {
            assert!(is_segment(id(event)), "{event}");
            app.google_ok(&token, &format!("{path}/{}", id(event)));
        }
    }
}

#[test]
fn connect_ids_are_valid_query_values() {
    let mut app = App::new(&[("webhook_url", "https://app.example/hook")]);
    let token = app.user().access;
    let mut deleted = Vec::new();
    for event in app.events(&token, ALL) {
        let [provider, calendar] = ["provider", "calendarId"].map(|name| event[name].as_str().unwrap());
        assert!(is_segment(id(&event)) && is_value(calendar), "{event}");
        if deleted.contains(&provider.to_owned()) || event.get("recurringEventId").is_some() {
            continue;
        }
        let query = format!("provider={provider}&calendarId={calendar}&eventId={}", id(&event));
        assert_eq!(app.call(&token, "DELETE", &format!("/event?{query}"), None).0, 204, "{query}");
        deleted.push(provider.to_owned());
    }
    assert_eq!(deleted.len(), 4, "{deleted:?}");

    let told = app.sandbox.trigger(Trigger::created().user("user-1").provider("microsoft"), app.now).unwrap();
    assert!(is_segment(&told.delivery) && is_segment(id(&told.event)), "{told:?}");
    for one in app.sandbox.subscriptions() {
        let ids = [Some(one.channel_id.clone()), one.resource_id.clone()];
        assert!(ids.into_iter().flatten().all(|id| is_segment(&id)) && is_value(&one.calendar_id), "{one:?}");
    }
}

/// Returns a sandbox and the access token of its user. The calendar id, encoded in standard base64, contains
/// `+` and `/`. The event ids contain `+` and `/`, as in older seeds.
fn old() -> (App, String) {
    let mut app = App::new(&[]);
    let events: Vec<_> = (0..3)
        .map(|day| {
            json!({
                "id": format!("AAMk{}/+{day}=", "A".repeat(60)), "title": "Old",
                "start": format!("2026-11-1{day}T09:00:00Z"), "end": format!("2026-11-1{day}T10:00:00Z"),
            })
        })
        .collect();
    let calendar = json!({ "id": ">>>???~~~ÿÿÿ", "title": "Old", "events": events });
    let microsoft = json!({ "account": MAILBOX, "calendars": [calendar] });
    app.sandbox.seed(&json!({ "users": { "user-1": { "microsoft": microsoft } } }).to_string()).unwrap();
    let token = app.user().access;
    (app, token)
}

#[test]
fn page_token_is_a_valid_query_value() {
    let (mut app, token) = old();
    let query = format!("/events?{ALL}").replace("pageSize=1000", "pageSize=1");
    let mut next = app.ok(&token, &query)["nextPageToken"].as_str().unwrap().to_owned();
    assert!(next.contains(['-', '_']), "{next}");
    let mut pages = 1;
    loop {
        assert!(is_segment(&next), "{next}");
        // A client may still have a token of an earlier version, which used standard base64.
        let standard = STANDARD.encode(URL_SAFE.decode(&next).unwrap());
        let page = app.ok(&token, &format!("{query}&nextPageToken={next}"));
        assert_eq!(app.ok(&token, &format!("{query}&nextPageToken={}", encode(&standard))), page);
        pages += 1;
        match page["nextPageToken"].as_str() {
            Some(token) => next = token.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, 3);
}

/// In base64, a third byte of `?` or `>` becomes the last or the second to last letter of the alphabet.
const ODD: &str = "???>>>???>>>";

/// Returns a sandbox in which both calendars of a user have events whose titles and ids are [`ODD`].
fn odd_team() -> App {
    let mut app = App::new(&[]);
    let event = |day: u8, recurrence: Value| {
        json!({
            "id": format!("{ODD}{day}"), "title": format!("{ODD} {day}"), "recurrence": recurrence,
            "start": format!("2026-11-1{day}T09:00:00Z"), "end": format!("2026-11-1{day}T10:00:00Z"),
        })
    };
    let daily = json!({ "frequency": "DAILY", "count": 5 });
    let events = json!([event(0, Value::Null), event(1, Value::Null), event(2, daily)]);
    let account = |name: &str| json!({ "account": name, "calendars": [{ "id": "own", "title": "Own", "events": events }] });
    let accounts =
        json!({ "google": account("ada@gmail.example"), "microsoft": account("ada@outlook.example") });
    app.sandbox.seed(&json!({ "users": { "ada": accounts } }).to_string()).unwrap();
    app
}

#[test]
fn google_tokens_need_no_encoding() {
    let mut app = odd_team();
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    let list = format!("/calendars/own/events?q={}", encode(ODD));
    let mut page = app.google_ok(&token, &format!("{list}&maxResults=1"));
    for _ in 0..2 {
        let next = page["nextPageToken"].as_str().unwrap().to_owned();
        assert_url_safe(&next);
        page = app.google_ok(&token, &format!("{list}&maxResults=1&pageToken={next}"));
    }
    let sync = page["nextSyncToken"].as_str().unwrap();
    assert_url_safe(sync);
    let changes = app.google_ok(&token, &format!("/calendars/own/events?syncToken={sync}"));
    assert_url_safe(changes["nextSyncToken"].as_str().unwrap());
}

#[test]
fn graph_tokens_need_no_encoding() {
    let mut app = odd_team();
    let token = app.graph_token("ada@outlook.example", "Calendars.ReadWrite");
    let range = RANGE.replace("&$top=1000", "");
    let instances = format!("/me/events/{}/instances?{range}&$top=1", encode(&format!("{ODD}2")));
    let page = app.graph_ok(&token, &instances);
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert_url_safe(next.rsplit_once("token=").unwrap().1);

    let (headers, mut path) =
        ([("prefer", "odata.maxpagesize=2")], format!("/me/calendarView/delta?{range}"));
    for _ in 0..3 {
        let (_, page) = app.graph_with(&token, &headers, "GET", &path, None);
        let link = page["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{page}"));
        assert_url_safe(link.rsplit_once("token=").unwrap().1);
        path = common::graph::followed(link);
    }
    let link = app.graph_pages(&token, &headers, &path).1.unwrap();
    // A delta token has no text of a user. At one of three lengths at least, padding shows another base64.
    let deltas = ["", ".1", ".123"].map(|fraction| {
        let range = range.replace("2027-01-01T00:00:00", &format!("2027-01-01T00:00:00{fraction}"));
        app.graph_pages(&token, &[], &format!("/me/calendarView/delta?{range}")).1.unwrap()
    });
    for link in deltas.into_iter().chain([link]) {
        assert!(is_unreserved(link.rsplit_once("token=").unwrap().1), "{link}");
    }
}

#[test]
fn ids_of_older_seeds_stay_valid() {
    let (mut app, token) = old();
    let graph = app.graph_token(MAILBOX, "Calendars.Read");
    let events: Vec<Value> = app.events(&token, ALL);
    assert_eq!(events.len(), 3);
    for event in events {
        assert!(id(&event).contains('/') && id(&event).contains('+'));
        assert_eq!(app.graph_ok(&graph, &common::graph::event_path(id(&event)))["subject"], "Old");
        let calendar = encode(event["calendarId"].as_str().unwrap());
        let path = format!("/me/calendars/{calendar}/events/{}", encode(id(&event)));
        assert_eq!(app.graph_ok(&graph, &path)["id"], event["id"]);
    }
}
