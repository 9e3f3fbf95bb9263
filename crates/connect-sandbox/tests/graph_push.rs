//! The subscriptions of Microsoft Graph.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use bytes::Bytes;
use common::graph::*;
use common::push::*;
use common::{App, claims, id};
use connect_sandbox::{DeliveryState, Outcome};
use http::Response;
use serde_json::{Value, json};

const SUBSCRIPTIONS: &str = "/subscriptions";

fn body(app: &App, changes: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "changeType": "created,updated,deleted",
        "notificationUrl": RECEIVER,
        "lifecycleNotificationUrl": LIFECYCLE,
        "resource": "me/events",
        "expirationDateTime": at(app, 4200),
        "clientState": "secret",
    });
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    body
}

/// Returns the time in `minutes`.
fn at(app: &App, minutes: i64) -> String {
    app.now.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap().to_string()
}

fn subscribe(app: &mut App, token: &str, changes: &[(&str, Value)]) -> Value {
    let body = body(app, changes);
    let (status, made) = app.graph(token, "POST", SUBSCRIPTIONS, Some(body));
    assert_eq!(status, 201, "{made}");
    made
}

fn event(n: usize) -> Value {
    json!({
        "subject": format!("Event {n}"),
        "start": { "dateTime": "2026-11-18T10:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2026-11-18T11:00:00", "timeZone": "UTC" },
    })
}

fn path(subscription: &Value) -> String {
    format!("{SUBSCRIPTIONS}/{}", id(subscription))
}

fn sent_to(all: &[Notification]) -> Vec<String> {
    all.iter().map(|one| one.request.uri().to_string()).collect()
}

#[test]
fn subscription_notifies_of_each_kind_of_change() {
    let (mut app, token) = ada(&[]);
    let made = subscribe(&mut app, &token, &[]);
    let wanted = json!({
        "resource": "me/events", "changeType": "created,updated,deleted", "clientState": "secret",
        "notificationUrl": RECEIVER, "lifecycleNotificationUrl": LIFECYCLE, "latestSupportedTlsVersion": "v1_2",
        "applicationId": "microsoft-client", "expirationDateTime": "2026-11-18T08:00:00.0000000Z",
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!(next(&mut app).len(), 0);

    let event = app.graph_create(&token, event(1));
    let told = next(&mut app).remove(0);
    assert_eq!(told.request.uri(), RECEIVER);
    let entry = told.entries().remove(0);
    let resource = format!("Users/{}/Events/{}", made["creatorId"].as_str().unwrap(), id(&event));
    assert_eq!(entry["subscriptionId"], made["id"]);
    assert_eq!((&entry["clientState"], &entry["changeType"]), (&json!("secret"), &json!("created")));
    assert_eq!(
        (&entry["resource"], &entry["resourceData"]["@odata.id"]),
        (&json!(resource), &json!(resource))
    );
    assert_eq!(
        (&entry["resourceData"]["id"], &entry["resourceData"]["@odata.etag"]),
        (&event["id"], &event["@odata.etag"])
    );
    assert_eq!(entry["subscriptionExpirationDateTime"], made["expirationDateTime"]);
    assert!(entry["tenantId"].is_string() && entry.get("lifecycleEvent").is_none());

    app.graph_patch(&token, id(&event), json!({ "subject": "New" }));
    app.graph_delete(&token, id(&event));
    let told = next(&mut app);
    assert_eq!(told.iter().flat_map(|one| one.all("changeType")).collect::<Vec<_>>(), ["updated", "deleted"]);
    assert!(told[1].entries()[0]["resourceData"].get("@odata.etag").is_none());
    app.graph_ok(&token, EVENTS);
    assert_eq!(next(&mut app).len(), 0);
}

#[test]
fn subscription_covers_its_change_types_and_calendar() {
    for (resource, switch, (own, other)) in [
        ("me/events", "default", (1, 0)),
        ("/me/events", "default", (1, 0)),
        ("me/events", "all", (1, 1)),
        ("users/ada@outlook.example/events", "default", (1, 0)),
        ("Users('ada@outlook.example')/Events", "default", (1, 0)),
        ("me/calendar/events", "all", (1, 0)),
        ("/me/calendars/other/events", "default", (0, 1)),
        ("me/calendars('other')/events", "all", (0, 1)),
    ] {
        let (mut app, token) = ada(&[("graph_mailbox_events", switch)]);
        subscribe(
            &mut app,
            &token,
            &[("resource", json!(resource)), ("changeType", json!("updated, created"))],
        );
        let made = app.graph_create(&token, event(1));
        assert_eq!(next(&mut app).len(), own, "{resource} {switch}");
        app.graph_delete(&token, id(&made));
        assert_eq!(next(&mut app).len(), 0, "{resource}: a deletion");
        assert_eq!(app.graph(&token, "POST", "/me/calendars/other/events", Some(event(2))).0, 201);
        assert_eq!(next(&mut app).len(), other, "{resource} {switch}");
    }
}

#[test]
fn receivers_are_validated_before_the_response() {
    let (mut app, token) = ada(&[]);
    let create = |app: &App, changes: &[(&str, Value)]| {
        let bearer = format!("Bearer {token}");
        graph_request(&[("authorization", &bearer)], "POST", SUBSCRIPTIONS, Some(body(app, changes)))
    };
    let request = create(&app, &[("notificationUrl", json!("https://app.example/push?a=b"))]);
    let validations = app.sandbox.validations(&request, app.now);
    let sent: Vec<_> = validations.iter().map(|one| one.request.uri().to_string()).collect();
    assert!(sent[0].starts_with("https://app.example/push?a=b&validationToken=Validation%3A"), "{sent:?}");
    assert!(sent[1].starts_with("https://app.example/lifecycle?validationToken="), "{sent:?}");
    assert_eq!(validations[0].request.headers()["content-type"], "text/plain; charset=utf-8");
    assert!(!validations[0].request.headers().contains_key("authorization"));
    assert_eq!(
        app.sandbox
            .validations(&create(&app, &[("lifecycleNotificationUrl", json!(RECEIVER))]), app.now)
            .len(),
        1
    );

    let respond = |url: &str| {
        let token = common::parameter(url, "validationToken").unwrap();
        let quoted = url.split_once("validationToken=").unwrap().1.to_owned();
        [
            (200, "text/plain", token.clone(), true),
            (200, "text/plain; charset=utf-8", token.clone(), true),
            (202, "text/plain", token.clone(), false),
            (403, "text/plain", token.clone(), false),
            (200, "text/html", token.clone(), false),
            (200, "text/plain", quoted, false),
            (200, "text/plain", String::new(), false),
        ]
    };
    for n in 0..7 {
        let mut validations = app.sandbox.validations(&request, app.now);
        let mut valid = true;
        for (index, validation) in validations.iter_mut().enumerate() {
            let (status, kind, text, fits) =
                respond(&validation.request.uri().to_string())[n * index].clone();
            valid &= fits;
            let response = Response::builder().status(status).header("content-type", kind);
            validation.respond(&response.body(Bytes::from(text)).unwrap());
        }
        let answer = app.sandbox.handle_validated(request.clone(), validations, app.now);
        let Outcome::Reply(reply) = answer.outcome else { panic!() };
        let (status, body) = common::read(&reply);
        assert_eq!(status, if valid { 201 } else { 400 }, "{n}: {body}");
    }
    let validations = app.sandbox.validations(&request, app.now);
    let Outcome::Reply(reply) = app.sandbox.handle_validated(request, validations, app.now).outcome else {
        panic!()
    };
    let (status, body) = common::read(&reply);
    assert_eq!(status, 400);
    assert_eq!(body["error"]["message"], "Subscription validation request timed out.");
    let refused = create(&app, &[("changeType", json!("moved"))]);
    assert!(app.sandbox.validations(&refused, app.now).is_empty(), "a request that fails in any case");
    let plain = graph_request(&[], "GET", EVENTS, None);
    assert!(app.sandbox.validations(&plain, app.now).is_empty());
}

#[test]
fn subscription_is_listed_renewed_and_deleted_by_its_creator() {
    let (mut app, token) = ada(&[("microsoft_token_ttl", "31536000")]);
    let made = subscribe(&mut app, &token, &[]);
    let other = app.graph_token("grace@outlook.example", "Calendars.Read");
    assert_eq!(app.graph_ok(&other, SUBSCRIPTIONS)["value"], json!([]));
    for (method, body) in
        [("GET", None), ("PATCH", Some(json!({ "expirationDateTime": at(&app, 100) }))), ("DELETE", None)]
    {
        let refused = app.graph_refused(&other, method, &path(&made), body);
        assert_eq!(refused, (404, "ResourceNotFound".to_owned()));
    }
    let listed = app.graph_ok(&token, SUBSCRIPTIONS)["value"].clone();
    assert_eq!((&listed[0]["id"], &listed[0]["clientState"]), (&made["id"], &Value::Null));
    app.pass(4100 * 60);
    let until = at(&app, 4000);
    let (status, renewed) =
        app.graph(&token, "PATCH", &path(&made), Some(json!({ "expirationDateTime": until })));
    assert_eq!((status, renewed["id"].clone()), (200, made["id"].clone()));
    app.pass(3000 * 60);
    assert_eq!(app.graph_ok(&token, &path(&made))["expirationDateTime"], renewed["expirationDateTime"]);
    app.graph_create(&token, event(1));
    assert_eq!(next(&mut app).len(), 1);
    assert_eq!(app.graph(&token, "DELETE", &path(&made), None), (204, Value::Null));
    assert_eq!(app.graph_refused(&token, "GET", &path(&made), None).0, 404);
    app.graph_create(&token, event(2));
    assert_eq!(next(&mut app).len(), 0);

    let soon = json!(at(&app, 50));
    let made = subscribe(&mut app, &token, &[("expirationDateTime", soon)]);
    app.pass(50 * 60);
    assert_eq!(app.graph_refused(&token, "PATCH", &path(&made), Some(json!({}))).0, 404, "expired");
    app.graph_create(&token, event(3));
    assert_eq!(next(&mut app).len(), 0);
}

#[test]
fn expiration_has_a_minimum_and_a_maximum() {
    let (mut app, token) = ada(&[("graph_subscription_max", "100")]);
    for (minutes, lives) in [(10, 45), (45, 45), (46, 46), (100, 100)] {
        let until = json!(at(&app, minutes));
        let made = subscribe(&mut app, &token, &[("expirationDateTime", until)]);
        let expires: jiff::Timestamp = made["expirationDateTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires.to_string(), at(&app, lives));
    }
    for (time, code) in [
        (at(&app, 102), "ExtensionError"),
        (at(&app, -1), "InvalidRequest"),
        ("soon".to_owned(), "InvalidRequest"),
    ] {
        let sent = body(&app, &[("expirationDateTime", json!(time))]);
        let refused = app.graph_refused(&token, "POST", SUBSCRIPTIONS, Some(sent));
        assert_eq!(refused, (400, code.to_owned()), "{time}");
    }
}

#[test]
fn invalid_subscription_request_is_refused() {
    let (mut app, token) = ada(&[]);
    for (name, value, status) in [
        ("changeType", json!(null), 400),
        ("changeType", json!("created,moved"), 400),
        ("notificationUrl", json!(null), 400),
        ("notificationUrl", json!("http://app.example/push"), 400),
        ("lifecycleNotificationUrl", json!("http://app.example/push"), 400),
        ("resource", json!(null), 400),
        ("resource", json!("me/messages"), 400),
        ("resource", json!("me/calendars/own/events/standup"), 400),
        ("resource", json!("groups/1/events"), 400),
        ("resource", json!("users/grace@outlook.example/events"), 403),
        ("resource", json!("me/calendars/nowhere/events"), 404),
        ("expirationDateTime", json!(null), 400),
        ("clientState", json!("x".repeat(129)), 400),
        ("latestSupportedTlsVersion", json!("v2"), 400),
        ("includeResourceData", json!(true), 400),
    ] {
        let sent = body(&app, &[(name, value.clone())]);
        let (found, _) = app.graph_refused(&token, "POST", SUBSCRIPTIONS, Some(sent));
        assert_eq!(found, status, "{name}: {value}");
    }
    assert_eq!(
        subscribe(&mut app, &token, &[("clientState", json!("x".repeat(128)))])["clientState"],
        "x".repeat(128)
    );
    let reader = app.graph_token(ADA, "Calendars.Read");
    subscribe(&mut app, &reader, &[]);
    let wrong = app.graph_token(ADA, "User.Read");
    let sent = body(&app, &[]);
    assert_eq!(app.graph_refused(&wrong, "POST", SUBSCRIPTIONS, Some(sent)).0, 403);
}

#[test]
fn some_accounts_refuse_subscriptions() {
    let (mut app, token) = ada(&[("graph_push_refused", ADA)]);
    let refused = (404, "ExtensionError".to_owned());
    let sent = body(&app, &[]);
    assert_eq!(app.graph_refused(&token, "POST", SUBSCRIPTIONS, Some(sent.clone())), refused);
    assert_eq!(app.graph_ok(&token, VIEW)["value"].as_array().unwrap().len(), 7);
    let grace = app.graph_token("grace@outlook.example", "Calendars.ReadWrite");
    subscribe(&mut app, &grace, &[]);
    app.sandbox.set("graph_push_refused", "*").unwrap();
    assert_eq!(app.graph_refused(&grace, "POST", SUBSCRIPTIONS, Some(sent)), refused);
}

#[test]
fn missed_replaces_a_notification_and_changes_nothing_else() {
    let (mut app, token) = ada(&[("graph_lifecycle", "missed"), ("graph_lifecycle_every", "2")]);
    let made = subscribe(&mut app, &token, &[]);
    let mut told = Vec::new();
    for n in 0..4 {
        app.graph_create(&token, event(n));
        told.extend(next(&mut app));
    }
    assert_eq!(sent_to(&told), [RECEIVER, LIFECYCLE, RECEIVER, LIFECYCLE]);
    let entry = told[1].entries().remove(0);
    assert_eq!((&entry["lifecycleEvent"], &entry["clientState"]), (&json!("missed"), &json!("secret")));
    assert_eq!(entry["subscriptionId"], made["id"]);
    assert!(entry.get("resource").is_none() && entry.get("changeType").is_none());
}

#[test]
fn reauthorization_is_required_until_it_is_made() {
    let (mut app, token) = ada(&[("graph_lifecycle", "reauthorizationRequired")]);
    let made = subscribe(&mut app, &token, &[]);
    let renewal = json!({ "expirationDateTime": at(&app, 4000) });
    let reauthorize = format!("{}/reauthorize", path(&made));
    for (method, path, body) in [("POST", reauthorize, None), ("PATCH", path(&made), Some(renewal))] {
        app.graph_create(&token, event(1));
        let told = next(&mut app);
        assert_eq!(sent_to(&told), [RECEIVER, LIFECYCLE]);
        assert_eq!(told[1].all("lifecycleEvent"), ["reauthorizationRequired"]);
        app.graph_create(&token, event(2));
        assert_eq!(next(&mut app).len(), 0, "paused");
        assert!(app.graph(&token, method, &path, body).0 < 300);
        assert_eq!(next(&mut app).len(), 0, "the change in between is lost");
    }
    assert_eq!(app.graph_ok(&token, SUBSCRIPTIONS)["value"].as_array().unwrap().len(), 1);
}

#[test]
fn removed_subscription_has_to_be_created_again() {
    let (mut app, token) = ada(&[("graph_lifecycle", "subscriptionRemoved")]);
    let made = subscribe(&mut app, &token, &[]);
    subscribe(&mut app, &token, &[("lifecycleNotificationUrl", Value::Null)]);
    app.graph_create(&token, event(1));
    let told = next(&mut app);
    assert_eq!(sent_to(&told), [LIFECYCLE], "the other subscription has no URL for lifecycle notifications");
    assert_eq!(told[0].all("lifecycleEvent"), ["subscriptionRemoved"]);
    assert_eq!(app.graph_refused(&token, "GET", &path(&made), None).0, 404);
    assert_eq!(app.graph_ok(&token, SUBSCRIPTIONS)["value"], json!([]));
}

#[test]
fn notification_is_retried_for_four_hours_and_then_missed() {
    for status in [301, 400, 401, 500] {
        let (mut app, token) = ada(&[]);
        subscribe(&mut app, &token, &[]);
        app.graph_create(&token, event(1));
        app.pass(1);
        let mut attempts = receive(&mut app, status).len();
        assert_eq!(app.sandbox.delivery_log().last().unwrap().state, DeliveryState::Pending);
        for _ in 0..250 {
            app.pass(60);
            let all = receive(&mut app, status);
            attempts += all.iter().filter(|one| one.request.uri() == RECEIVER).count();
        }
        assert!((8..20).contains(&attempts), "{attempts} attempts");
        let log: Vec<_> = app.sandbox.delivery_log().collect();
        assert_eq!((log[0].state, log[0].url.as_str()), (DeliveryState::Failed, RECEIVER));
        assert_eq!(log[1].url, LIFECYCLE);
        assert!(String::from_utf8_lossy(&log[1].body).contains("\"missed\""));
        assert_eq!(log.len(), 2);
    }
}

#[test]
fn notifications_are_lost_repeated_and_sent_after_the_end() {
    let (mut app, token) = ada(&[("push_lost_every", "2"), ("push_copies", "2"), ("push_after_end", "on")]);
    let made = subscribe(&mut app, &token, &[]);
    let mut counts = Vec::new();
    for n in 0..4 {
        app.graph_create(&token, event(n));
        counts.push(next(&mut app).len());
        if n == 1 {
            assert_eq!(app.graph(&token, "DELETE", &path(&made), None).0, 204);
        }
    }
    assert_eq!(counts, [2, 0, 2, 0]);
}

#[test]
fn profile_has_default_properties_or_selected_ones() {
    let (mut app, _) = ada(&[]);
    let token = app.graph_token(ADA, "User.Read");
    let me = app.graph_ok(&token, "/me");
    assert_eq!(
        (&me["mail"], &me["userPrincipalName"], &me["businessPhones"]),
        (&json!(ADA), &json!(ADA), &json!([]))
    );
    let selected = app.graph_ok(&token, "/me?$select=mail,id,postalCode");
    assert_eq!(
        (&selected["mail"], &selected["id"], &selected["postalCode"]),
        (&json!(ADA), &me["id"], &Value::Null)
    );
    assert!(selected.get("displayName").is_none());
    // The ID token has the same id and name.
    let signed_in = app.graph_sign_in(ADA, "openid profile User.Read");
    let shown = claims(signed_in["id_token"].as_str().unwrap());
    assert_eq!((&shown["oid"], &shown["name"]), (&me["id"], &me["displayName"]));
    assert_eq!(app.graph_refused(&token, "GET", EVENTS, None).0, 403);
}
