//! The watches of Google and Outlook: their calls, the receiver, and the times of calls and rounds.
#![cfg(all(feature = "google", feature = "outlook"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use connect_blocking::{Client, Request, Response, RetryPolicy, Tokens};
use connect_calendars::{
    google::{self, Channels},
    outlook::Subscriptions,
    push::{Channel, Notification, NotificationKind, PushError, PushKey, PushService, Received, Watch},
};
use connect_core::{Endpoint, Error, types::Body};
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const ADDRESS: &str = "https://app.example/push";

fn key() -> PushKey {
    PushKey::new("0123456789abcdef").unwrap()
}

fn start() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

/// Returns a time after the start, in minutes.
fn at(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

fn day(days: i64) -> Timestamp {
    at(days * 1440)
}

fn google() -> Watch<Channels> {
    Watch::new(Channels::new("team@group.calendar.google.com"), "ada", ADDRESS).unwrap()
}

fn outlook(calendar: &str) -> Watch<Subscriptions> {
    Watch::new(Subscriptions::new(calendar), "ada", ADDRESS).unwrap()
}

fn body(call: &impl Endpoint) -> Value {
    match call.body().unwrap() {
        Body::Json(text) => serde_json::from_str(&text).unwrap(),
        _ => Value::Null,
    }
}

/// Returns the outcome of a call that gets this response.
fn said<E: Endpoint + Sync>(call: &E, status: u16, answer: &Value) -> Result<E::Output, Error> {
    let answer = answer.to_string();
    let respond = move |request: Request| {
        if request.uri().path().ends_with("/token") {
            return Ok(Response::new(
                r#"{"access_token":"new","token_type":"Bearer","expires_in":3600}"#.into(),
            ));
        }
        let mut response = Response::new(answer.clone().into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    };
    let client = Client::builder("id", "secret").profile(google::profile()).base_url(google::BASE_URL);
    let client = client.retry(RetryPolicy::none()).transport(respond).build().unwrap();
    let user = client.user("ada");
    user.import(Tokens::new("access", "refresh")).unwrap();
    user.send(call)
}

/// Sends the next call of the watch, and returns its method and path.
fn send<S: PushService>(watch: &mut Watch<S>, now: Timestamp, status: u16, answer: &Value) -> Option<String>
where
    S::Request: Sync,
{
    let call = watch.request(&key(), now)?;
    let line = format!("{} {}", call.method(), call.path().unwrap());
    let _ = watch.advance(said(&call, status, answer), now);
    Some(line)
}

fn channel(resource: &str, expires: Timestamp) -> Value {
    json!({ "resourceId": resource, "expiration": expires.as_millisecond().to_string() })
}

fn subscription(id: &str, expires: Timestamp) -> Value {
    json!({ "id": id, "expirationDateTime": expires })
}

fn notification(kind: NotificationKind, of: &str) -> Notification {
    let headers = google_headers(&token(), "exists");
    let received = key().receive(None, &headers, b"").unwrap();
    let mut notification = received.notifications()[0].clone();
    (notification.kind, notification.channel) = (kind, of.to_owned());
    notification
}

fn round<S: PushService>(watch: &mut Watch<S>, now: Timestamp) {
    watch.round_begins(now);
    watch.round_ended();
}

/// The token of the watch `ada`.
fn token() -> String {
    let call = google().request(&key(), start()).unwrap();
    body(&call)["token"].as_str().unwrap().to_owned()
}

fn google_headers(token: &str, state: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("x-goog-channel-id", "c1"), ("x-goog-channel-token", token), ("x-goog-resource-state", state)]
    {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

#[test]
fn google_channel_is_created_replaced_and_stopped() {
    let mut watch = google();
    let call = watch.request(&key(), start()).unwrap();
    assert_eq!(
        (call.method(), call.path().unwrap()),
        (Method::POST, "/calendars/team%40group.calendar.google.com/events/watch".into())
    );
    let sent = body(&call);
    let id = sent["id"].as_str().unwrap().to_owned();
    assert_eq!(
        sent,
        json!({ "id": id, "type": "web_hook", "address": ADDRESS, "token": token(), "params": { "ttl": "604800" } })
    );
    assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    watch.advance(said(&call, 200, &channel("r1", day(7))), start()).unwrap();
    assert_eq!(watch.channel(start()).unwrap().expires, day(7));
    assert!(watch.request(&key(), day(5)).is_none());

    // In the last quarter, another channel replaces the first one.
    let call = watch.request(&key(), day(6)).unwrap();
    let second = body(&call)["id"].clone();
    assert_ne!(second, id);
    let expires = json!({ "resourceId": "r1", "expiration": day(13).as_millisecond() }); // a number
    watch.advance(said(&call, 200, &expires), day(6)).unwrap();
    let call = watch.request(&key(), day(6)).unwrap();
    assert_eq!(
        (call.path().unwrap(), body(&call)),
        ("/channels/stop".into(), json!({ "id": id, "resourceId": "r1" }))
    );
    watch.advance(said(&call, 204, &json!(null)), day(6)).unwrap();
    assert!(watch.request(&key(), day(6)).is_none());

    watch.end();
    let call = watch.request(&key(), day(7)).unwrap();
    assert_eq!(body(&call), json!({ "id": second, "resourceId": "r1" }));
    watch.advance(said(&call, 404, &json!({})), day(7)).unwrap(); // it was stopped before
    assert!(watch.request(&key(), day(30)).is_none() && !watch.is_round_due(day(30)));
    assert_eq!(watch.next(day(30)), Timestamp::MAX);
}

#[test]
fn subscription_is_created_renewed_and_deleted() {
    for (calendar, resource) in [("primary", "me/events"), ("AAMk=", "me/calendars/AAMk%3D/events")] {
        let mut watch = outlook(calendar);
        let call = watch.request(&key(), start()).unwrap();
        assert_eq!((call.method(), call.path().unwrap()), (Method::POST, "/subscriptions".into()));
        let expected = json!({
            "changeType": "created,updated,deleted", "notificationUrl": ADDRESS, "lifecycleNotificationUrl": ADDRESS,
            "resource": resource, "expirationDateTime": "2026-12-03T22:00:00Z", "clientState": token(),
        });
        assert_eq!(body(&call), expected);
        watch.advance(said(&call, 201, &subscription("s1", at(4200))), start()).unwrap();
        assert!(watch.request(&key(), at(3149)).is_none());
        let call = watch.request(&key(), at(3150)).unwrap();
        assert_eq!((call.method(), call.path().unwrap()), (Method::PATCH, "/subscriptions/s1".into()));
        assert_eq!(body(&call), json!({ "expirationDateTime": "2026-12-06T02:30:00Z" }));
        watch.advance(said(&call, 200, &json!({})), at(3150)).unwrap();
        assert_eq!(watch.channel(at(3150)).unwrap().expires, at(3150 + 4200));
        watch.end();
        assert_eq!(send(&mut watch, at(3151), 204, &json!(null)).unwrap(), "DELETE /subscriptions/s1");
        assert_eq!(send(&mut watch, at(9999), 204, &json!(null)), None);
    }
}

#[test]
fn round_is_due_after_a_notification_and_once_a_day() {
    let mut watch = outlook("primary");
    assert!(watch.is_round_due(start()), "the first round");
    round(&mut watch, start());
    assert!(!watch.is_round_due(at(9)) && watch.is_round_due(at(10)), "polls without a subscription");
    assert!(send(&mut watch, at(1), 201, &subscription("s1", at(4200))).is_some());
    assert!(watch.is_round_due(at(1)), "changes before the subscription were not notified");
    round(&mut watch, at(1));
    assert!(!watch.is_round_due(at(1440)) && watch.is_round_due(at(1441)), "a round each day");
    for (kind, due) in [
        (NotificationKind::Started, false),
        (NotificationKind::Changed, true),
        (NotificationKind::Missed, true),
        (NotificationKind::RenewalRequired, false),
    ] {
        round(&mut watch, at(1));
        watch.notified(&notification(kind, "s1"));
        assert_eq!(watch.is_round_due(at(2)), due, "{kind:?}");
    }
    assert_eq!(
        send(&mut watch, at(3), 200, &json!({})).unwrap(),
        "PATCH /subscriptions/s1",
        "it was required"
    );

    // A notification during a round makes another round due. A round that fails or is dropped stays due.
    watch.round_begins(at(4));
    assert!(watch.notified(&notification(NotificationKind::Changed, "s1")));
    watch.round_ended();
    assert!(watch.is_round_due(at(4)));
    watch.round_begins(at(4));
    assert!(watch.is_round_due(at(4)));
    round(&mut watch, at(4));
    assert_eq!(watch.next(at(4)), at(4 + 1440));

    // Another watch, an old subscription.
    let mut other = notification(NotificationKind::Changed, "s1");
    other.watch = "grace".to_owned();
    assert!(!watch.notified(&other) && !watch.is_round_due(at(5)));
    assert!(
        !watch.notified(&notification(NotificationKind::Removed, "s0")) && watch.channel(at(5)).is_some()
    );
    assert!(watch.notified(&notification(NotificationKind::Removed, "s1")) && watch.channel(at(5)).is_none());
    assert!(watch.is_round_due(at(5)));
    assert_eq!(send(&mut watch, at(70), 201, &subscription("s2", at(4270))).unwrap(), "POST /subscriptions");
}

#[test]
fn calendar_that_cannot_be_subscribed_is_polled() {
    let not_supported = json!({ "error": { "code": 400, "message": "Push notifications are not supported by this resource.",
        "errors": [{ "domain": "calendar", "reason": "pushNotSupportedForRequestedResource", "message": "" }] } });
    let mut watch = google();
    let call = watch.request(&key(), start()).unwrap();
    watch.advance(said(&call, 400, &not_supported), start()).unwrap();
    assert!(watch.is_refused());
    round(&mut watch, start());
    assert!(!watch.is_round_due(at(9)) && watch.is_round_due(at(10)));
    assert!(watch.request(&key(), day(6)).is_none());
    assert!(send(&mut watch, day(7), 200, &channel("r1", day(14))).is_some());
    assert!(!watch.is_refused() && watch.channel(day(7)).is_some());

    let extension = json!({ "error": { "code": "ExtensionError", "message": "Operation: Create; Exception: [Status Code: NotFound; ..]" } });
    for (status, refused) in [(404, true), (403, true), (401, true), (400, false), (500, false)] {
        let mut watch = outlook("primary");
        let call = watch.request(&key(), start()).unwrap();
        let outcome = watch.advance(said(&call, status, &extension), start());
        assert_eq!((watch.is_refused(), outcome.is_ok()), (refused, refused), "{status}");
    }
}

#[test]
fn failed_call_is_repeated_after_a_growing_pause() {
    let mut watch = outlook("primary");
    round(&mut watch, start());
    let mut now = start();
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        let call = watch.request(&key(), now).unwrap();
        assert!(watch.advance(said(&call, 503, &json!({})), now).is_err());
        let next = now + SignedDuration::from_mins(pause);
        assert!(watch.request(&key(), next - SignedDuration::from_secs(1)).is_none(), "{pause}");
        assert!(watch.next(now) <= next, "{pause}");
        now = next;
    }
    assert!(send(&mut watch, now, 201, &subscription("s1", now + SignedDuration::from_hours(70))).is_some());
    // The server has forgotten the subscription.
    let later = now + SignedDuration::from_hours(60);
    assert_eq!(send(&mut watch, later, 404, &json!({})).unwrap(), "PATCH /subscriptions/s1");
    assert!(watch.channel(later).is_none() && watch.is_round_due(later));
    assert_eq!(send(&mut watch, later, 201, &subscription("s2", later)).unwrap(), "POST /subscriptions");
}

#[test]
fn subscription_that_was_not_renewed_in_time_is_created_again() {
    let mut watch = outlook("primary");
    assert!(send(&mut watch, start(), 201, &subscription("s1", at(4200))).is_some());
    round(&mut watch, start());
    let saved = serde_json::to_string(&watch).unwrap();
    let mut watch: Watch<Subscriptions> = serde_json::from_str(&saved).unwrap();
    assert_eq!(serde_json::to_string(&watch).unwrap(), saved);
    assert!(!saved.contains(&token()));
    assert!(watch.channel(day(10)).is_none() && watch.is_round_due(day(10)));
    round(&mut watch, day(10));
    assert_eq!(send(&mut watch, day(10), 201, &subscription("s2", day(12))).unwrap(), "POST /subscriptions");
    assert!(watch.is_round_due(day(10)), "changes before the subscription were not notified");
}

/// The local clock is far ahead or behind: the calls stay few.
#[test]
fn wrong_clock_does_not_cause_many_calls() {
    for (lifetime, most) in [(-1440, 24), (0, 24), (1, 1440), (45, 96), (60 * 24 * 365 * 50, 1)] {
        let (mut google, mut outlook, mut calls) = (google(), outlook("primary"), (0, 0));
        for minute in 0..1440 {
            let expires = at(minute + lifetime);
            while send(&mut google, at(minute), 200, &channel("r1", expires)).is_some() {
                calls.0 += 1;
                assert!(calls.0 <= 2 * most + 2, "{lifetime}");
            }
            while send(&mut outlook, at(minute), 200, &subscription("s1", expires)).is_some() {
                calls.1 += 1;
                assert!(calls.1 <= most, "{lifetime}");
            }
        }
        assert!(calls.0 >= 1 && calls.1 >= 1);
    }
}

#[test]
fn id_of_a_watch_is_visible_ascii() {
    for id in ["", " ", "a b", "é", "a\n", &"x".repeat(81)] {
        let error = Watch::new(Channels::new("primary"), id, ADDRESS).unwrap_err();
        assert!(error.to_string().contains("1 to 80 visible ASCII characters"), "{error}");
    }
    let id = "a.b/c@".repeat(13);
    let mut watch = Watch::new(Subscriptions::new("primary"), &id, ADDRESS).unwrap();
    let token = body(&watch.request(&key(), start()).unwrap())["clientState"].as_str().unwrap().to_owned();
    assert!(token.len() <= 128);
    let received = key().receive(None, &google_headers(&token, "exists"), b"").unwrap();
    assert_eq!(received.notifications()[0].watch, id);
    assert!(PushKey::new("0123456789abcde").is_err());
}

#[test]
fn validation_needs_no_token() {
    for query in
        ["validationToken=Validation%3a+a%20%3Cb%3E", "tenant=1&validationToken=Validation%3A%20a+%3Cb%3E"]
    {
        let received = key().receive(Some(query), &HeaderMap::new(), b"").unwrap();
        assert_eq!(received, Received::Validation("Validation: a <b>".to_owned()));
        let response = received.response();
        assert_eq!((response.status(), response.body().as_str()), (StatusCode::OK, "Validation: a <b>"));
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(received.notifications().is_empty());
    }
}

#[test]
fn google_notification_needs_the_token() {
    let token = token();
    for (state, kind) in [
        ("sync", NotificationKind::Started),
        ("exists", NotificationKind::Changed),
        ("not_exists", NotificationKind::Changed),
        ("other", NotificationKind::Changed),
    ] {
        let received = key().receive(Some("a=b"), &google_headers(&token, state), b"").unwrap();
        let [one] = received.notifications() else { panic!("{received:?}") };
        assert_eq!((one.watch.as_str(), one.channel.as_str(), one.kind), ("ada", "c1", kind));
        assert_eq!(received.response().status(), StatusCode::ACCEPTED);
    }
    let mut forged: Vec<_> = (0..token.len()).map(|at| token[..at].to_owned()).collect();
    forged.extend([
        "grace".to_owned() + &token[3..],
        format!("{token}A"),
        format!("{token}="),
        format!("a{token}"),
    ]);
    forged.extend((0..token.len()).map(|at| {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    }));
    for token in forged {
        let refused = key().receive(None, &google_headers(&token, "exists"), b"");
        assert_eq!(refused, Err(PushError::NotGenuine), "{token}");
    }
    let other = PushKey::new("another key of this length").unwrap();
    assert_eq!(other.receive(None, &google_headers(&token, "exists"), b""), Err(PushError::NotGenuine));
    let mut headers = google_headers(&token, "exists");
    headers.remove("x-goog-channel-token");
    assert_eq!(key().receive(None, &headers, b"").unwrap_err().status(), StatusCode::UNAUTHORIZED);
    headers.insert("x-goog-channel-token", "\u{e9}".parse().unwrap());
    assert_eq!(key().receive(None, &headers, b""), Err(PushError::NotGenuine));
    assert!(!format!("{:?}", key()).contains("0123"));
}

#[test]
fn microsoft_notifications_without_the_token_are_left_out() {
    let entry = |state: &str, more: Value| {
        let mut entry =
            json!({ "subscriptionId": "s1", "clientState": state, "resource": "Users/1/Events/2" });
        entry.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        entry
    };
    let receive = |entries: Value| {
        let body = json!({ "value": entries, "validationTokens": [] }).to_string();
        key().receive(None, &HeaderMap::new(), body.as_bytes())
    };
    let token = token();
    let kinds = |received: Received| received.notifications().iter().map(|one| one.kind).collect::<Vec<_>>();
    let received = receive(json!([
        entry(&token, json!({ "changeType": "updated" })),
        entry("other", json!({ "changeType": "deleted" })),
        17,
        entry(&token, json!({ "lifecycleEvent": "missed" })),
        entry(&token, json!({ "lifecycleEvent": "subscriptionRemoved" })),
        entry(&token, json!({ "lifecycleEvent": "reauthorizationRequired" })),
        entry(&token, json!({ "lifecycleEvent": "new" })),
    ]));
    use NotificationKind::{Changed, Missed, Removed, RenewalRequired};
    assert_eq!(kinds(received.unwrap()), [Changed, Missed, Removed, RenewalRequired, Missed]);
    assert_eq!(receive(json!([entry("x", json!({}))])), Err(PushError::NotGenuine));
    assert_eq!(kinds(receive(json!([])).unwrap()), []);
    for body in ["", "{}", "[]", "null", "{\"value\": 1}", "{\"value\"", "\u{0}"] {
        let refused = key().receive(None, &HeaderMap::new(), body.as_bytes()).unwrap_err();
        assert_eq!((refused, refused.status()), (PushError::Malformed, StatusCode::BAD_REQUEST), "{body}");
    }
}

#[test]
fn subscription_without_an_id_is_an_error() {
    let mut watch = outlook("primary");
    let call = watch.request(&key(), start()).unwrap();
    assert!(
        watch.advance(said(&call, 201, &json!({})), start()).is_err() && watch.channel(start()).is_none()
    );
    // Google's channel has the id that was sent. An unreadable time is replaced by the requested one.
    let mut watch = google();
    let call = watch.request(&key(), start()).unwrap();
    watch.advance(said(&call, 200, &json!({ "expiration": "soon" })), start()).unwrap();
    let made: &Channel = watch.channel(start()).unwrap();
    assert_eq!((made.expires, &made.resource_id), (day(7), &None));
}
