//! Google Calendar: incremental synchronisation, and calendars that are also used through Connect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::calendar::*;
use common::oauth::error;
use connect_sandbox::Trigger;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns the changes since a sync token, and the next sync token.
fn changes(app: &mut App, token: &str, sync: &str, query: &str) -> (Vec<Value>, String) {
    let (pages, next) = app.google_pages(token, &format!("{EVENTS}?syncToken={sync}{query}"));
    (pages.concat(), next)
}

fn start(app: &mut App, token: &str, query: &str) -> String {
    app.google_pages(token, &format!("{EVENTS}?{query}")).1
}

fn connect_event(id: &str) -> Value {
    json!({ "provider": "google", "calendarId": "primary", "eventId": id })
}

#[test]
fn sync_token_returns_changes_of_both_sides() {
    let (mut app, token) = ada(&[]);
    let connect = app.sign_in("ada", "read-write").access;
    let sync = start(&mut app, &token, "");
    let (none, sync) = changes(&mut app, &token, &sync, "");
    assert!(none.is_empty());

    let made = common::id(&app.create(&connect, common::meeting())).to_owned();
    app.google_patch(&token, "offsite", json!({ "summary": "Retreat" }));
    let (status, _) = app.call(&connect, "DELETE", "/event", Some(connect_event("review")));
    assert_eq!(status, 204);
    let (told, next) = changes(&mut app, &token, &sync, "");
    let told: BTreeMap<_, _> = told.iter().map(|one| (common::id(one), one)).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(
        (&told[made.as_str()]["summary"], &told["offsite"]["summary"]),
        (&json!("Meeting"), &json!("Retreat"))
    );
    let mut names: Vec<_> = told["review"].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["etag", "id", "kind", "status"], "a deleted event has no content");
    assert_eq!(told["review"]["status"], "cancelled");
    assert!(changes(&mut app, &token, &next, "").0.is_empty());
    assert_eq!(changes(&mut app, &token, &sync, "").0.len(), 3, "a token can be used again");

    let titles: Vec<_> = app.events(&connect, common::ALL).iter().map(|one| one["title"].clone()).collect();
    assert!(titles.contains(&json!("Retreat")));
}

#[test]
fn event_created_and_deleted_between_syncs_is_omitted() {
    let (mut app, token) = ada(&[]);
    let sync = start(&mut app, &token, "");
    let id = common::id(&app.google_insert(&token, hour())).to_owned();
    app.google_delete(&token, &id);
    assert!(changes(&mut app, &token, &sync, "").0.is_empty());
}

#[test]
fn series_changes_match_the_list() {
    let (mut app, token) = ada(&[]);
    let (masters, single) = (start(&mut app, &token, ""), start(&mut app, &token, "singleEvents=true"));
    app.google_delete(&token, "standup_20261117T090000Z");
    app.google_patch(&token, "standup_20261118T090000Z", json!({ "summary": "Later" }));
    let (told, masters) = changes(&mut app, &token, &masters, "");
    assert_eq!(ids(&told), ["standup", "standup_20261117T090000Z", "standup_20261118T090000Z"]);
    assert_eq!((&told[1]["status"], &told[1]["recurringEventId"]), (&json!("cancelled"), &json!("standup")));
    assert_eq!(told[1]["originalStartTime"]["dateTime"], "2026-11-17T10:00:00+01:00");
    let (told, single) = changes(&mut app, &token, &single, "&singleEvents=true");
    assert!(told.iter().all(|one| common::id(one) != "standup"));
    let one = |id: &str| told.iter().find(|one| common::id(one) == id).unwrap();
    assert_eq!(one("standup_20261117T090000Z")["status"], "cancelled");
    assert_eq!(one("standup_20261118T090000Z")["summary"], "Later");

    // Moving the series by an hour replaces all occurrences.
    app.google_patch(
        &token,
        "standup",
        json!({ "start": { "dateTime": "2026-11-16T10:00:00Z" }, "end": { "dateTime": "2026-11-16T10:15:00Z" } }),
    );
    let (told, _) = changes(&mut app, &token, &single, "&singleEvents=true");
    let cancelled = told.iter().filter(|one| one["status"] == "cancelled").count();
    assert_eq!((told.len(), cancelled), (8, 4));
    app.google_delete(&token, "standup");
    let (told, _) = changes(&mut app, &token, &masters, "");
    assert!(told.iter().all(|one| one["status"] == "cancelled"));
    assert!(ids(&told).contains(&"standup"));
}

#[test]
fn change_between_sync_pages_is_not_lost() {
    let (mut app, token) = ada(&[]);
    let sync = start(&mut app, &token, "");
    for n in 0..7 {
        let mut event = hour();
        event["id"] = json!(format!("event{n}"));
        app.google_insert(&token, event);
    }
    app.sandbox.set("google_empty_pages", "on").unwrap();
    let path = format!("{EVENTS}?maxResults=3&syncToken={sync}");
    let first = app.google_ok(&token, &path);
    assert_eq!((first["items"].as_array().unwrap().len(), first.get("nextSyncToken")), (3, None));
    app.google_patch(&token, "event0", json!({ "summary": "Changed after it was told" }));
    let (mut page, mut told) = (first, Vec::new());
    while let Some(next) = page["nextPageToken"].as_str() {
        page = app.google_ok(&token, &format!("{path}&pageToken={}", common::encode(next)));
        told.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!(told.len(), 4);
    let (told, _) = changes(&mut app, &token, page["nextSyncToken"].as_str().unwrap(), "");
    assert!(told.iter().any(|one| one["summary"] == "Changed after it was told"));
}

#[test]
fn sync_token_is_bound_to_its_query() {
    let (mut app, token) = ada(&[]);
    let sync = start(&mut app, &token, "");
    let path = |more: &str| format!("{EVENTS}?syncToken={sync}&{more}");
    for query in [
        "iCalUID=x",
        "orderBy=updated",
        "privateExtendedProperty=a%3Db",
        "sharedExtendedProperty=a%3Db",
        "q=x",
        "timeMin=2026-11-17T00:00:00Z",
        "timeMax=2026-11-17T00:00:00Z",
        "updatedMin=2026-11-17T00:00:00Z",
        "showDeleted=false",
    ] {
        assert_eq!(
            app.google_refused(&token, "GET", &path(query), None),
            error(400, "badRequest"),
            "{query}"
        );
    }
    for query in ["singleEvents=true", "timeZone=UTC", "eventTypes=default"] {
        assert_eq!(app.google_refused(&token, "GET", &path(query), None), error(400, "invalid"), "{query}");
    }
    app.google_ok(&token, &path("maxResults=10&showDeleted=true"));
    let other = format!("/calendars/written/events?syncToken={sync}");
    assert_eq!(app.google_refused(&token, "GET", &other, None), error(400, "invalid"));
}

#[test]
fn sync_token_with_bounds_returns_moves_across_them() {
    let (mut app, token) = ada(&[]);
    let week = "singleEvents=true&timeMin=2026-11-16T00:00:00Z&timeMax=2026-11-23T00:00:00Z";
    let sync = start(&mut app, &token, week);
    let later = |day: u8| {
        json!({ "start": { "dateTime": format!("2026-11-{day}T13:00:00Z") },
                "end": { "dateTime": format!("2026-11-{day}T14:00:00Z") } })
    };
    app.google_patch(&token, "review", later(28));
    let (told, sync) = changes(&mut app, &token, &sync, "&singleEvents=true");
    assert_eq!((ids(&told), &told[0]["status"]), (vec!["review"], &json!("cancelled")));
    app.google_patch(&token, "review", later(29));
    let (told, sync) = changes(&mut app, &token, &sync, "&singleEvents=true");
    assert!(told.is_empty(), "the event stays outside the bounds");
    app.google_patch(&token, "review", later(18));
    let (told, _) = changes(&mut app, &token, &sync, "&singleEvents=true");
    assert_eq!((ids(&told), &told[0]["status"]), (vec!["review"], &json!("confirmed")));
}

#[test]
fn google_sync_token_expires() {
    let (mut app, token) = ada(&[("google_sync_ttl", "60")]);
    let expired = error(410, "fullSyncRequired");
    let sync = start(&mut app, &token, "");
    let path = |sync: &str| format!("{EVENTS}?syncToken={sync}");
    app.pass(59);
    app.google_ok(&token, &path(&sync));
    app.pass(1);
    assert_eq!(app.google_refused(&token, "GET", &path(&sync), None), expired);
    let (_, body) = app.google(&token, "GET", &path(&sync), None);
    assert_eq!(body["error"]["errors"][0]["domain"], "calendar");

    let sync = start(&mut app, &token, "");
    assert_eq!(app.post("/sandbox/expire-sync-tokens", &json!({})).0, 200);
    assert_eq!(app.google_refused(&token, "GET", &path(&sync), None), expired);
    let sync = start(&mut app, &token, "");
    app.google_ok(&token, &path(&sync));
}

#[test]
fn google_account_is_unchanged_by_connecting() {
    let mut app = App::new(&[]);
    let token = app.google_token("user-1@gmail.example", &["calendar"]);
    let before = app.google_list(&token, "");
    let mine = common::id(&app.google_insert(&token, hour())).to_owned();
    assert_eq!(app.sandbox.stats().users, 0, "Connect has no such user");
    let connect = app.user().access;
    let sync = start(&mut app, &token, "");
    let events = app.events(&connect, &format!("{}&singleEvents=false", common::ALL));
    let google: Vec<_> = events.iter().filter(|one| one["calendarId"] == "user-1@gmail.example").collect();
    assert_eq!(google.len(), before.iter().filter(|one| one.get("recurringEventId").is_none()).count() + 1);
    assert!(google.iter().any(|one| common::id(one) == mine));
    let (status, _) = app.call(&connect, "DELETE", "/event", Some(connect_event(&mine)));
    assert_eq!(status, 204);
    assert_eq!(ids(&changes(&mut app, &token, &sync, "").0), [mine.as_str()]);

    let other = app.google_token("somebody@example.com", &["calendar"]);
    assert_eq!(app.google_ok(&other, "/calendars/primary")["id"], "somebody@example.com");
    let path = format!("{EVENTS}/{}", common::id(&before[0]));
    assert_eq!(app.google_refused(&other, "GET", &path, None), error(404, "notFound"));
}

#[test]
fn change_through_google_is_delivered() {
    let mut app = App::new(&[("webhook_url", "http://127.0.0.1:9/hook"), ("initial_sync", "off")]);
    app.sandbox.seed(&team()).unwrap();
    app.sign_in("ada", "read-write");
    let token = app.google_token("ada@gmail.example", &["calendar"]);
    app.google_patch(&token, "review", json!({ "summary": "Moved" }));
    app.google_delete(&token, "offsite");
    app.pass(2);
    app.google_ok(&token, EVENTS);
    let log: Vec<_> = app.sandbox.delivery_log().cloned().collect();
    assert_eq!(log.len(), 1);
    let sync = start(&mut app, &token, "");
    app.sandbox.trigger(Trigger::updated().event("review").title("By the user"), app.now).unwrap();
    let (told, _) = changes(&mut app, &token, &sync, "");
    assert_eq!(told[0]["summary"], "By the user");
}

/// A copy of a calendar: filled by one listing, then updated with the changes since a sync token.
///
/// Without `singleEvents`, the copy keeps a cancelled occurrence until the series is removed.
#[derive(Default)]
struct Copy {
    sync: Option<String>,
    items: BTreeMap<String, Value>,
}

impl Copy {
    fn update(&mut self, app: &mut App, token: &str, query: &str) {
        let more = self.sync.as_ref().map(|sync| format!("&syncToken={sync}")).unwrap_or_default();
        let (pages, sync) = app.google_pages(token, &format!("{EVENTS}?maxResults=5{query}{more}"));
        for item in pages.concat() {
            let id = common::id(&item).to_owned();
            let series = item["recurringEventId"].as_str();
            let exception = query.is_empty() && series.is_some_and(|series| self.items.contains_key(series));
            if item["status"] == "cancelled" && !exception {
                self.items.remove(&id);
                self.items.retain(|_, one| one["recurringEventId"] != json!(id));
            } else {
                self.items.insert(id, item);
            }
        }
        self.sync = Some(sync);
    }
}

#[test]
fn synced_copy_equals_calendar_after_random_changes() {
    let (mut app, token) = ada(&[("google_empty_pages", "on"), ("google_horizon_days", "60")]);
    let connect = app.sign_in("ada", "read-write").access;
    let mut random = 7_u64;
    let mut pick = move |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound
    };
    let queries = ["", "&singleEvents=true"];
    let mut copies = [Copy::default(), Copy::default()];
    let (mut cancelled, mut told) = (0, 0);
    for turn in 0..300 {
        let single = app.google_list(&token, "singleEvents=true");
        let target = single.get(pick(single.len().max(1))).cloned().unwrap_or_default();
        let id = target["id"].as_str().unwrap_or("none").to_owned();
        let series = target["recurringEventId"].as_str().unwrap_or(&id).to_owned();
        let path = |id: &str| format!("{EVENTS}/{id}");
        match pick(10) {
            0 | 1 => {
                app.google_insert(&token, hour());
            }
            2 => {
                let mut event = hour();
                event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
                event["start"]["timeZone"] = json!("Europe/Budapest");
                event["end"]["timeZone"] = json!("Europe/Budapest");
                app.google_insert(&token, event);
            }
            3 => {
                app.create(&connect, common::meeting());
            }
            4 | 5 => {
                app.google(&token, "PATCH", &path(&id), Some(json!({ "summary": format!("Turn {turn}") })));
            }
            6 => {
                app.google(
                    &token,
                    "PATCH",
                    &path(&series),
                    Some(json!({ "location": format!("Room {turn}") })),
                );
            }
            7 => {
                app.google(&token, "DELETE", &path(&id), None);
            }
            8 => {
                let body = json!({
                    "provider": "google", "calendarId": "primary", "eventId": id, "title": "Connect's",
                    "recurringEventId": target.get("recurringEventId"), "updateMode": "this",
                });
                app.call(&connect, "PUT", "/event", Some(body));
            }
            _ => {
                app.call(&connect, "DELETE", "/event", Some(connect_event(&series)));
            }
        }
        app.pass(1);
        if pick(4) == 0 {
            copies.iter_mut().zip(queries).for_each(|(copy, query)| copy.update(&mut app, &token, query));
        }
    }
    for (copy, query) in copies.iter_mut().zip(queries) {
        copy.update(&mut app, &token, query);
        let whole = app.google_list(&token, query.trim_start_matches('&'));
        let whole: BTreeMap<_, _> = whole.into_iter().map(|one| (common::id(&one).to_owned(), one)).collect();
        cancelled += whole.values().filter(|one| one["status"] == "cancelled").count();
        told += whole.len();
        assert_eq!(copy.items.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "{query}");
        whole.iter().for_each(|(id, one)| assert_eq!(copy.items.get(id), Some(one), "{query}"));
    }
    assert!(cancelled > 0 && told > 20, "{cancelled} of {told}");
}
