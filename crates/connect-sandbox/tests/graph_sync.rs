//! Microsoft Graph: changes since a delta link, and calendars that are also used through Connect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use common::graph::*;
use common::oauth::error;
use connect_sandbox::Trigger;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DELTA: &str =
    "/me/calendarView/delta?startDateTime=2026-11-16T00:00:00Z&endDateTime=2026-11-23T00:00:00Z";

/// Returns the changes since a delta link, and the next delta link.
fn changes(app: &mut App, token: &str, link: &str) -> (Vec<Value>, String) {
    let (pages, delta) = app.graph_pages(token, &[], link);
    (pages.concat(), delta.unwrap())
}

fn start(app: &mut App, token: &str) -> String {
    changes(app, token, DELTA).1
}

fn connect_event(id: &str) -> Value {
    json!({ "provider": "microsoft", "calendarId": "own", "eventId": id })
}

fn is_removed(one: &Value) -> bool {
    one.get("@removed").is_some()
}

#[test]
fn first_delta_round_has_view_and_series() {
    let (mut app, token) = ada(&[]);
    let headers = [("prefer", "odata.maxpagesize=3, outlook.timezone=\"Tokyo Standard Time\"")];
    for path in [
        "/me/calendarView/delta",
        "/me/calendar/calendarView/delta()",
        "/me/calendars/own/calendarView/delta",
    ] {
        let path = DELTA.replace("/me/calendarView/delta", path);
        let (pages, link) = app.graph_pages(&token, &headers, &path);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2]);
        let all = pages.concat();
        let of = |kind: &str| all.iter().filter(|one| one["type"] == kind).count();
        assert_eq!((of("seriesMaster"), of("occurrence"), of("singleInstance")), (1, 5, 2));
        assert!(all.iter().all(|one| one["start"]["timeZone"] == "Tokyo Standard Time"));
        assert!(link.unwrap().contains("deltatoken="));
    }
    let refused =
        |app: &mut App, query: &str| app.graph_refused(&token, "GET", &format!("{DELTA}&{query}"), None);
    for query in ["$select=subject", "$top=5", "$orderby=start/dateTime", "$filter=x", "$expand=extensions"] {
        assert_eq!(refused(&mut app, query), error(400, "ErrorInvalidUrlQuery"), "{query}");
    }
    assert_eq!(refused(&mut app, "$deltatoken=x"), error(400, "SyncStateInvalid"));
    assert_eq!(
        app.graph_refused(&token, "GET", "/me/calendarView/delta", None),
        error(400, "ErrorInvalidParameter")
    );
}

#[test]
fn first_delta_round_may_have_minimal_occurrences() {
    let (mut app, token) = ada(&[("graph_delta_series", "minimal")]);
    app.graph_patch(&token, "standup_20261118T090000Z", json!({ "subject": "Later" }));
    let (all, _) = changes(&mut app, &token, DELTA);
    for one in all.iter().filter(|one| one["type"] == "occurrence") {
        let mut names: Vec<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]);
    }
    let subject = |kind: &str| all.iter().find(|one| one["type"] == kind).unwrap()["subject"].clone();
    assert_eq!((subject("seriesMaster"), subject("exception")), (json!("Stand-up"), json!("Later")));
}

#[test]
fn delta_link_returns_changes_of_both_sides() {
    let (mut app, token) = ada(&[]);
    let connect = app.sign_in("ada", "read-write").access;
    let link = start(&mut app, &token);
    let (none, link) = changes(&mut app, &token, &link);
    assert!(none.is_empty());

    let made = with(common::meeting(), &json!({ "provider": "microsoft" }));
    let made = common::id(&app.create(&connect, made)).to_owned();
    app.graph_patch(&token, "offsite", json!({ "subject": "Retreat" }));
    let (status, _) = app.call(&connect, "DELETE", "/event", Some(connect_event("review")));
    assert_eq!(status, 204);
    let (told, next) = changes(&mut app, &token, &link);
    let all: BTreeMap<_, _> = told.iter().map(|one| (common::id(one), one)).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(
        (&all[made.as_str()]["subject"], &all["offsite"]["subject"]),
        (&json!("Meeting"), &json!("Retreat"))
    );
    assert!(all["offsite"]["attendees"].is_array(), "the change contains the whole event");
    assert_eq!(all["review"], &json!({ "id": "review", "@removed": { "reason": "deleted" } }));
    assert!(changes(&mut app, &token, &next).0.is_empty());
    assert_eq!(changes(&mut app, &token, &link).0.len(), 3, "a link can be used again");

    app.sandbox
        .trigger(Trigger::updated().provider("microsoft").event("offsite").title("By the user"), app.now)
        .ok();
    let titles: Vec<_> = app.events(&connect, common::ALL).iter().map(|one| one["title"].clone()).collect();
    assert!(titles.contains(&json!("Retreat")) || titles.contains(&json!("By the user")));
}

#[test]
fn delta_reports_events_entering_and_leaving_the_view() {
    let (mut app, token) = ada(&[]);
    let link = start(&mut app, &token);
    let at = |day: u8| json!({ "dateTime": format!("2026-11-{day}T13:00:00"), "timeZone": "UTC" });
    app.graph_patch(&token, "review", json!({ "start": at(25), "end": at(25) }));
    app.graph_delete(&token, "standup_20261117T090000Z");
    let (told, link) = changes(&mut app, &token, &link);
    let removed: Vec<_> = told.iter().filter(|one| is_removed(one)).map(common::id).collect();
    assert_eq!(removed, ["review", "standup_20261117T090000Z"]);
    app.graph_patch(&token, "review", json!({ "start": at(18), "end": at(18) }));
    let mut outside = hour();
    (outside["start"], outside["end"]) = (at(28), at(28));
    app.graph_create(&token, outside);
    let (told, link) = changes(&mut app, &token, &link);
    assert_eq!(ids(&told), ["review"]);
    assert!(!is_removed(&told[0]));
    // All occurrences of the moved series are outside the view.
    app.graph_patch(&token, "standup", json!({ "start": at(26), "end": at(26) }));
    let (told, link) = changes(&mut app, &token, &link);
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(is_removed) && ids(&told).contains(&"standup"));
    let id = common::id(&app.graph_create(&token, hour())).to_owned();
    app.graph_delete(&token, &id);
    assert!(
        changes(&mut app, &token, &link).0.is_empty(),
        "an event created and deleted in between is not listed"
    );
}

#[test]
fn change_between_delta_pages_is_not_lost() {
    let (mut app, token) = ada(&[("graph_empty_pages", "on")]);
    let link = start(&mut app, &token);
    let made: Vec<_> = (0..7).map(|_| common::id(&app.graph_create(&token, hour())).to_owned()).collect();
    let prefer = [("prefer", "odata.maxpagesize=3")];
    let (_, first) = app.graph_with(&token, &prefer, "GET", &link, None);
    assert_eq!((first["value"].as_array().unwrap().len(), first.get("@odata.deltaLink")), (3, None));
    let told = common::id(&first["value"][0]).to_owned();
    app.graph_patch(&token, &told, json!({ "subject": "Changed after it was told" }));
    let (pages, link) =
        app.graph_pages(&token, &prefer, &followed(first["@odata.nextLink"].as_str().unwrap()));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [0, 3, 0, 1]);
    assert_eq!(pages.concat().len() + 3, made.len());
    let (told, _) = changes(&mut app, &token, &link.unwrap());
    assert!(told.iter().any(|one| one["subject"] == "Changed after it was told"));
}

#[test]
fn delta_links_expire() {
    let (mut app, token) = ada(&[]);
    let link = start(&mut app, &token);
    let gone = |app: &mut App, link: &str| app.graph_refused(&token, "GET", link, None);
    app.sandbox.expire_sync_tokens();
    assert_eq!(gone(&mut app, &link), error(410, "SyncStateNotFound"));
    for code in ["syncStateNotFound", "resyncRequired"] {
        app.sandbox.set("graph_gone", code).unwrap();
        assert_eq!(gone(&mut app, &link), error(410, code));
    }
    let link = start(&mut app, &token);
    changes(&mut app, &token, &link);
    app.sandbox.set("graph_sync_ttl", "60").unwrap();
    app.pass(59);
    changes(&mut app, &token, &link);
    app.pass(1);
    assert_eq!(gone(&mut app, &link), error(410, "resyncRequired"));
    // Google's sync tokens expire as well.
    let google = app.google_token("ada@gmail.example", &["calendar"]);
    let (_, sync) = app.google_pages(&google, "/calendars/primary/events?");
    app.sandbox.expire_sync_tokens();
    let path = format!("/calendars/primary/events?syncToken={sync}");
    assert_eq!(app.google(&google, "GET", &path, None).0, 410);
    // A delta link is valid only for the calendar it was created for.
    let other = link.replace("/me/calendarView", "/me/calendars/other/calendarView");
    assert_eq!(gone(&mut app, &other), error(400, "SyncStateInvalid"));
}

#[test]
fn unconnected_outlook_account_keeps_its_data() {
    let mut app = App::new(&[]);
    let token = app.graph_token("user-1@outlook.example", "Calendars.ReadWrite");
    let made = app.graph_create(&token, hour());
    let link = start(&mut app, &token);
    let connect = app.user().access;
    let events = app.events(&connect, common::ALL);
    assert!(events.iter().any(|one| common::id(one) == common::id(&made)));
    let (status, _) = app.call(
        &connect,
        "PUT",
        "/event",
        Some(with(
            connect_event(common::id(&made)),
            &json!({
                "calendarId": "primary", "title": "Connect's",
            }),
        )),
    );
    assert_eq!(status, 200);
    let (told, _) = changes(&mut app, &token, &link);
    assert_eq!(told[0]["subject"], "Connect's");
}

#[test]
fn change_through_graph_is_delivered() {
    let (mut app, token) = ada(&[("webhook_url", "https://app.example/hook"), ("initial_sync", "off")]);
    app.sign_in("ada", "read-write");
    app.pass(60);
    let made = app.graph_create(&token, hour());
    app.graph_patch(&token, common::id(&made), json!({ "subject": "Other" }));
    app.graph_delete(&token, "review");
    app.pass(5);
    app.graph_ok(&token, VIEW);
    let deliveries = app.sandbox.deliveries(app.now);
    assert_eq!(deliveries.len(), 1);
    let body: Value = serde_json::from_slice(deliveries[0].request.body()).unwrap();
    let text = body.to_string();
    for part in [common::id(&made), "\"created\"", "Other", "\"deleted\"", "review"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// A copy of a calendar view. The copy is updated only by following delta links.
#[derive(Default)]
struct Copy {
    link: Option<String>,
    items: BTreeMap<String, Value>,
    full: usize,
}

impl Copy {
    fn update(&mut self, app: &mut App, token: &str) {
        let prefer = [("prefer", "odata.maxpagesize=5")];
        let path = self.link.clone().unwrap_or_else(|| DELTA.to_owned());
        let (status, body) = app.graph_with(token, &prefer, "GET", &path, None);
        if status == 410 {
            assert_eq!(body["error"]["code"], "SyncStateNotFound");
            *self = Self { full: self.full, ..Self::default() };
            return self.update(app, token);
        }
        self.full += usize::from(self.link.is_none());
        let (pages, link) = app.graph_pages(token, &prefer, &path);
        for item in pages.concat() {
            let id = common::id(&item).to_owned();
            if is_removed(&item) {
                assert!(self.items.remove(&id).is_some(), "{id} is removed but was never listed");
            } else {
                self.items.insert(id, item);
            }
        }
        self.link = link;
    }

    /// Returns the events of the copy without the masters of series. A calendar view does not list
    /// masters.
    fn view(&self) -> BTreeMap<String, Value> {
        let mut view = self.items.clone();
        view.retain(|_, one| one["type"] != "seriesMaster");
        view.values_mut().for_each(|one| {
            one.as_object_mut().unwrap().remove("@odata.type");
        });
        view
    }
}

#[test]
fn delta_copy_equals_view_after_random_changes() {
    let (mut app, token) = ada(&[("graph_empty_pages", "on")]);
    let connect = app.sign_in("ada", "read-write").access;
    let mut random = 11_u64;
    let mut pick = move |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound
    };
    let mut copy = Copy::default();
    let (mut exceptions, mut checked) = (0, 0);
    for turn in 0..300 {
        let view = app.graph_list(&token, VIEW);
        let target = view.get(pick(view.len().max(1))).cloned().unwrap_or_default();
        let id = target["id"].as_str().unwrap_or("none").to_owned();
        let series = target["seriesMasterId"].as_str().unwrap_or(&id).to_owned();
        let day =
            |day: usize| json!({ "dateTime": format!("2026-11-{}T15:00:00", 14 + day), "timeZone": "UTC" });
        let recurring = target["seriesMasterId"].as_str();
        match pick(12) {
            0 | 1 => {
                let at = day(pick(11));
                app.graph_create(&token, with(hour(), &json!({ "start": at, "end": at })));
            }
            2 => {
                let recurrence = json!({
                    "pattern": { "type": "daily", "interval": 3 },
                    "range": { "type": "numbered", "startDate": "2026-11-18", "numberOfOccurrences": 4 },
                });
                app.graph_create(&token, with(hour(), &json!({ "recurrence": recurrence })));
            }
            3 => {
                app.create(&connect, with(common::meeting(), &json!({ "provider": "microsoft" })));
            }
            4 | 5 => {
                app.graph(
                    &token,
                    "PATCH",
                    &event_path(&id),
                    Some(json!({ "subject": format!("Turn {turn}") })),
                );
            }
            6 => {
                let patch = json!({ "location": { "displayName": format!("Room {turn}") } });
                app.graph(&token, "PATCH", &event_path(&series), Some(patch));
            }
            7 => {
                let at = day(pick(11));
                app.graph(&token, "PATCH", &event_path(&id), Some(json!({ "start": at, "end": at })));
            }
            8 => {
                app.graph(&token, "DELETE", &event_path(&id), None);
            }
            9 => {
                let body = with(
                    connect_event(&id),
                    &json!({
                        "title": "Connect's", "recurringEventId": recurring, "updateMode": "this",
                    }),
                );
                app.call(&connect, "PUT", "/event", Some(body));
            }
            10 => {
                let body = with(
                    connect_event(&id),
                    &json!({
                        "recurringEventId": recurring, "deleteMode": if recurring.is_some() { "following" } else { "this" },
                    }),
                );
                app.call(&connect, "DELETE", "/event", Some(body));
            }
            _ => {
                app.call(&connect, "DELETE", "/event", Some(connect_event(&series)));
            }
        }
        app.pass(1);
        if pick(20) == 0 {
            app.sandbox.expire_sync_tokens();
        }
        if pick(4) == 0 {
            copy.update(&mut app, &token);
            let whole = app.graph_list(&token, VIEW);
            let whole: BTreeMap<_, _> =
                whole.into_iter().map(|one| (common::id(&one).to_owned(), one)).collect();
            exceptions += whole.values().filter(|one| one["type"] == "exception").count();
            checked += whole.len();
            assert_eq!(copy.view(), whole, "turn {turn}");
        }
    }
    assert!(exceptions > 5 && checked > 200 && copy.full > 3, "{exceptions} {checked} {}", copy.full);
}
