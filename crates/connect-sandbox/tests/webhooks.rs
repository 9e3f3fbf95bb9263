//! Subscriptions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::App;
use serde_json::{Value, json};

const HOOK: &[(&str, &str)] = &[("webhook_url", "https://app.example/hook"), ("auto_subscribe", "off")];

fn subscribe(app: &mut App, token: &str, body: Value) -> (u16, Value) {
    let (status, body) = app.call(token, "POST", "/subscribe-webhook", Some(body));
    (status.as_u16(), body)
}

fn calendar(app: &mut App, token: &str, provider: &str) -> String {
    let calendars = app.ok(token, "/calendars");
    let found =
        calendars.as_array().unwrap().iter().find(|calendar| calendar["provider"] == provider).cloned();
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn calendar_is_subscribed_and_unsubscribed() {
    let mut app = App::new(HOOK);
    let token = app.user().access;
    for provider in ["google", "microsoft", "apple", "caldav"] {
        let id = calendar(&mut app, &token, provider);
        let (status, body) = subscribe(&mut app, &token, json!({ "provider": provider, "calendarId": id }));
        assert_eq!((status, &body["success"], &body["provider"]), (200, &json!(true), &json!(provider)));
        let channel = body["channelId"].as_str().unwrap();
        assert_eq!(body["subscription"]["channelId"], channel);
        assert_eq!(body["subscription"]["webhookUrl"], "https://app.example/hook");
        assert!(body["subscription"]["expiration"].as_str().unwrap().ends_with('Z'));
        assert_eq!(body["subscription"].get("resourceId").is_some(), provider == "google");
        let receiver = format!("/api/webhook-receiver/{provider}");
        assert!(body["serverWebhookUrl"].as_str().unwrap().ends_with(&receiver));
        let kept = app.sandbox.subscriptions();
        assert_eq!((kept.len(), kept[0].calendar_id.as_str(), kept[0].automatic), (1, id.as_str(), false));

        let body = json!({ "provider": provider, "channelId": channel });
        let (status, answer) = app.call(&token, "POST", "/unsubscribe-webhook", Some(body.clone()));
        assert_eq!((status.as_u16(), &answer["success"]), (200, &json!(true)));
        assert!(app.sandbox.subscriptions().is_empty());
        assert_eq!(app.call(&token, "POST", "/unsubscribe-webhook", Some(body)).1["success"], true);
    }
}

#[test]
fn new_subscription_replaces_the_old_one() {
    let mut app = App::new(HOOK);
    let token = app.user().access;
    let id = calendar(&mut app, &token, "google");
    let expiration = app.now.as_millisecond() + 60_000;
    for channel in ["one", "two", "two"] {
        let body =
            json!({ "provider": "google", "calendarId": id, "channelId": channel, "expiration": expiration });
        let (status, body) = subscribe(&mut app, &token, body);
        assert_eq!((status, &body["channelId"]), (200, &json!(channel)));
        assert_eq!(body["subscription"]["expiration"], "2026-11-15T10:01:00.000Z");
        assert_eq!(app.sandbox.subscriptions().len(), 1);
        assert_eq!(app.sandbox.subscriptions()[0].channel_id, channel);
    }
}

#[test]
fn channel_id_must_be_unique_within_an_app() {
    for status in ["400", "409"] {
        let mut app = App::new(&[HOOK, &[("duplicate_channel", status)]].concat());
        let (one, two) = (app.sign_in("one", "read").access, app.sign_in("two", "read").access);
        let mut try_channel = |token: &str, provider: &str| {
            let id = calendar(&mut app, token, provider);
            subscribe(&mut app, token, json!({ "provider": provider, "calendarId": id, "channelId": "c" })).0
        };
        assert_eq!(try_channel(&one, "google"), 200);
        assert_eq!(try_channel(&one, "apple").to_string(), status);
        assert_eq!(
            try_channel(&two, "google").to_string(),
            status,
            "the channel of another user of the application"
        );
        let other =
            connect_sandbox::App::new("Other", "https://other.example/").webhook_url("https://o.example/");
        let other = app.sandbox.register(other).unwrap();
        let location = app.location(&format!("client_id={}&user_id=one", other.client_id));
        let code = common::parameter(&location, "code").unwrap();
        let (_, tokens) = app.post(
            "/api/oauth/token",
            &json!({ "grant_type": "authorization_code", "code": code,
                "client_id": other.client_id, "client_secret": other.client_secret }),
        );
        let token = common::tokens(&tokens).access;
        let id = calendar(&mut app, &token, "google");
        let body = json!({ "provider": "google", "calendarId": id, "channelId": "c" });
        assert_eq!(subscribe(&mut app, &token, body).0, 200, "another application may use the channel");
    }
}

#[test]
fn invalid_subscription_gets_400() {
    let mut app = App::new(HOOK);
    let token = app.user().access;
    let id = calendar(&mut app, &token, "google");
    for (body, field) in [
        (json!({}), "provider"),
        (json!({ "provider": "google" }), "calendarId"),
        (json!({ "provider": "yahoo", "calendarId": id }), "provider"),
        (json!({ "provider": "google", "calendarId": "primary" }), "calendarId"),
        (json!({ "provider": "apple", "calendarId": id }), "calendarId"),
        (json!({ "provider": "google", "calendarId": id, "channelId": 7 }), "channelId"),
        (json!({ "provider": "google", "calendarId": id, "expiration": "soon" }), "expiration"),
        (json!({ "provider": "google", "calendarId": id, "expiration": 1000 }), "expiration"),
    ] {
        let (status, answer) = subscribe(&mut app, &token, body.clone());
        assert!(status == 400 && answer["details"][field].is_array(), "{body}: {answer}");
    }
    for (body, field) in [
        (json!({ "provider": "google" }), "channelId"),
        (json!({ "channelId": "c" }), "provider"),
        (json!({ "provider": "yahoo", "channelId": "c" }), "provider"),
    ] {
        let (status, answer) = app.call(&token, "POST", "/unsubscribe-webhook", Some(body.clone()));
        assert!(status == 400 && answer["details"][field].is_array(), "{body}: {answer}");
    }
    assert_eq!(app.call("nobody", "POST", "/subscribe-webhook", Some(json!({}))).0, 401);
    app.sandbox.set("subscribe_alias", "on").unwrap();
    let (status, _) = subscribe(&mut app, &token, json!({ "provider": "google", "calendarId": "primary" }));
    assert_eq!((status, &app.sandbox.subscriptions()[0].calendar_id), (200, &id));
    app.sandbox.set("webhook_url", "").unwrap();
    let (status, answer) = subscribe(&mut app, &token, json!({ "provider": "google", "calendarId": id }));
    assert!(status == 400 && answer["message"].as_str().unwrap().contains("no webhook URL"));
}

#[test]
fn connect_subscribes_and_disconnect_unsubscribes() {
    let mut app = App::new(&[("webhook_url", "https://app.example/hook")]);
    let token = app.user().access;
    let kept = app.sandbox.subscriptions();
    assert!(kept.len() == 8 && kept.iter().all(|one| one.automatic && one.user_id == "user-1"));
    app.call(&token, "POST", "/oauth/disconnect?provider=google", None);
    assert_eq!(app.sandbox.subscriptions().len(), 5);
    app.user();
    assert_eq!(app.sandbox.subscriptions().len(), 8, "only the new account is subscribed");

    let channel = app.sandbox.subscriptions()[0].channel_id.clone();
    let other = app.sign_in("other", "read").access;
    let body = json!({ "provider": app.sandbox.subscriptions()[0].provider, "channelId": channel });
    app.call(&other, "POST", "/unsubscribe-webhook", Some(body));
    assert!(
        app.sandbox.subscriptions().iter().any(|one| one.channel_id == channel),
        "another user cannot end the subscription"
    );

    let mut without = App::new(&[]);
    without.user();
    assert!(without.sandbox.subscriptions().is_empty(), "no webhook URL");
    let listed = common::read(&app.send(common::get("/sandbox/subscriptions"))).1;
    assert_eq!(listed["subscriptions"].as_array().unwrap().len(), 16);
}
