//! Tests of the exact query and body of each request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::*;
use jiff::Timestamp;
use jiff::civil::{Date, date};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn body(request: &impl Operation) -> String {
    match request.body().unwrap() {
        Body::Json(text) => text,
        other => panic!("{other:?}"),
    }
}

fn query(request: &impl Operation) -> String {
    request
        .query()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

fn refused<T>(outcome: Result<T, Invalid>) -> &'static str {
    outcome.map(drop).expect_err("expected an invalid value").field()
}

const START: &str = "2025-11-01T10:00:00Z";
const END: &str = "2025-11-01T10:15:00.5Z";
const FIRST: Date = date(2025, 11, 15);

fn occurrence() -> Event {
    let mut event = Event::new(Provider::Google, "primary", "abc_1");
    event.recurring_event_id = Some("abc".into());
    event
}

#[test]
fn list_is_sent_as_a_query() {
    let list = ListEvents::between(at(START), at(END));
    assert_eq!(query(&list), "start=2025-11-01T10:00:00.000Z&end=2025-11-01T10:15:00.500Z");
    let calendar = Calendar::new("microsoft", "AQMk=");
    let list = list
        .calendar(&calendar)
        .calendars([(Provider::Google, "b"), (Provider::Microsoft, "c"), (Provider::Google, "b")])
        .page_size(1000)
        .masters()
        .with_page_token("t/+=");
    assert_eq!(
        query(&list),
        "start=2025-11-01T10:00:00.000Z&end=2025-11-01T10:15:00.500Z\
         &calendarIds={\"microsoft\":[\"AQMk=\",\"c\"],\"google\":[\"b\"]}\
         &pageSize=1000&nextPageToken=t/+=&singleEvents=false"
    );
    assert_eq!(
        (list.safety(), list.scope(), list.body()),
        (Safety::Safe, Some(Scope::FreeBusy), Ok(Body::None))
    );
}

#[test]
fn month_of_uses_the_zone_of_the_day() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    let day = at("2025-12-31T23:30:00Z").to_zoned_datetime(zone);
    assert_eq!(
        query(&ListEvents::month_of(&day)),
        "start=2025-12-31T22:00:00.000Z&end=2026-01-31T21:59:59.999Z"
    );
    let edge = Timestamp::MAX.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    assert!(ListEvents::month_of(&edge).query().is_ok());
}

#[test]
fn list_with_invalid_values_is_refused() {
    let list = || ListEvents::between(at(START), at(END));
    assert_eq!(refused(ListEvents::between(at(END), at(START)).query()), "end");
    assert_eq!(refused(list().page_size(0).query()), "pageSize");
    assert_eq!(refused(list().page_size(1001).query()), "pageSize");
    assert_eq!(refused(list().calendar((Provider::Google, "")).query()), "calendarIds");
    assert_eq!(refused(list().calendar(&Calendar::default()).query()), "calendarIds");
}

#[test]
fn new_event_is_sent_with_all_its_fields() {
    let event = NewEvent::new((Provider::Google, "primary"), "A \"b\"\n\u{1F600}", at(START), at(END));
    assert_eq!(
        body(&event),
        "{\"provider\":\"google\",\"calendarId\":\"primary\",\"title\":\"A \\\"b\\\"\\n\u{1F600}\",\
         \"start\":\"2025-11-01T10:00:00.000Z\",\"end\":\"2025-11-01T10:15:00.500Z\"}"
    );
    assert_eq!((event.safety(), event.scope()), (Safety::Once, Some(Scope::ReadWrite)));
    let all = event
        .description("d")
        .location("l")
        .attendee("a@example.org")
        .attendees(["b@example.org", "c@example.org"])
        .recurrence(Recurrence::weekly().on([Weekday::Monday]).until(at("2026-12-31T23:59:59.9Z")))
        .custom(
            Raw::from_value(&[("a", 1)].into_iter().collect::<std::collections::BTreeMap<_, _>>()).unwrap(),
        )
        .conference("https://x")
        .auto_conference()
        .availability("free")
        .privacy(Privacy::Private)
        .status(EventStatus::Tentative);
    assert_eq!(
        body(&all).split_once(".500Z\",").unwrap().1,
        r#""description":"d","location":"l","attendees":["a@example.org","b@example.org","c@example.org"],"#
            .to_owned()
            + r#""recurrence":{"frequency":"WEEKLY","until":"20261231T235959Z","byDay":["MO"]},"custom":{"a":1},"#
            + r#""conference":"https://x","conferenceData":{"autoGenerate":true},"availability":"free","#
            + r#""privacy":"private","status":"tentative"}"#
    );
}

#[test]
fn zoned_start_is_sent_as_an_instant_in_utc() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    let nine = jiff::civil::date(2026, 7, 6).at(9, 0, 0, 0).to_zoned_datetime(zone).unwrap();
    let end = at("2026-07-06T07:30:00Z");
    for event in [
        NewEvent::new(("google", "c"), "t", &nine, end),
        NewEvent::new(("google", "c"), "t", nine.clone(), end),
    ] {
        assert!(body(&event).contains(r#""start":"2026-07-06T07:00:00.000Z""#), "{}", body(&event));
    }
    assert!(
        body(&UpdateEvent::new("google", "c", "e").time(&nine, end))
            .contains(r#""start":"2026-07-06T07:00:00.000Z""#)
    );
    assert!(query(&ListEvents::between(&nine, end)).contains("2026-07-06T07:00:00.000Z"));
}

#[test]
fn all_day_event_is_sent_as_midnights_in_utc() {
    let event = NewEvent::all_day((Provider::Apple, "c"), "t", FIRST, date(2025, 11, 16));
    assert_eq!(
        body(&event),
        r#"{"provider":"apple","calendarId":"c","title":"t","start":"2025-11-15T00:00:00.000Z","#.to_owned()
            + r#""end":"2025-11-16T00:00:00.000Z","allDay":true}"#
    );
    assert_eq!(refused(NewEvent::all_day((Provider::Apple, "c"), "t", FIRST, FIRST).body()), "end");
    let edge = NewEvent::all_day((Provider::Apple, "c"), "t", Date::MIN, Date::MAX);
    assert!(edge.body().is_ok());
}

#[test]
fn new_event_with_invalid_values_is_refused() {
    let event = |calendar: (Provider, &str)| NewEvent::new(calendar, "t", at(START), at(END));
    assert_eq!(refused(event((Provider::Google, " ")).body()), "calendarId");
    assert_eq!(refused(event((Provider::from(""), "c")).body()), "provider");
    assert_eq!(refused(NewEvent::new((Provider::Google, "c"), "t", at(END), at(START)).body()), "end");
    let custom = event((Provider::Google, "c")).custom("[1]".parse().unwrap());
    assert_eq!(refused(custom.body()), "custom");
    let never = event((Provider::Google, "c")).recurrence(Recurrence::daily().count(0));
    assert_eq!(refused(never.body()), "recurrence");
    assert!(NewEvent::new((Provider::Google, "c"), "", at(START), at(START)).body().is_ok());
}

#[test]
fn update_sends_only_set_and_cleared_fields() {
    let update = || UpdateEvent::new("google", "primary", "1");
    const IDS: &str = r#"{"provider":"google","calendarId":"primary","eventId":"1""#;
    assert_eq!(body(&update()), format!("{IDS}}}"));
    assert_eq!(
        body(&update().location("x").clear_description()),
        format!(r#"{IDS},"description":null,"location":"x"}}"#)
    );
    assert_eq!(body(&update().location(Patch::Clear).location(Patch::Keep)), format!("{IDS}}}"));
    assert_eq!(body(&update().attendee("a").clear_attendees()), format!(r#"{IDS},"attendees":[]}}"#));
    assert_eq!(
        body(&update().clear_attendees().attendee("a").attendee("b")),
        format!(r#"{IDS},"attendees":["a","b"]}}"#)
    );
    assert_eq!(
        body(&update().title("").time(at(START), at(END))),
        format!(
            r#"{IDS},"title":"","start":"2025-11-01T10:00:00.000Z","end":"2025-11-01T10:15:00.500Z","allDay":false}}"#
        )
    );
    assert_eq!(
        body(&update().dates(FIRST, date(2025, 11, 17))),
        format!(
            r#"{IDS},"start":"2025-11-15T00:00:00.000Z","end":"2025-11-17T00:00:00.000Z","allDay":true}}"#
        )
    );
    assert_eq!(
        body(&update().clear_recurrence().clear_custom().clear_conference().clear_conference_data()),
        format!(r#"{IDS},"recurrence":null,"custom":null,"conference":null,"conferenceData":null}}"#)
    );
    assert_eq!(refused(update().time(at(END), at(START)).body()), "end");
    assert_eq!(refused(update().recurrence(Recurrence::daily().interval(0)).body()), "recurrence");
    assert_eq!(refused(UpdateEvent::new("google", "primary", "").body()), "eventId");
}

#[test]
fn change_and_delete_default_to_one_occurrence() {
    let event = occurrence();
    let sent = |mode: &str| {
        r#"{"provider":"google","calendarId":"primary","eventId":"abc_1","recurringEventId":"abc","updateMode":""#
            .to_owned()
            + mode
            + "\"}"
    };
    assert_eq!(body(&event.change().unwrap()), sent("this"));
    assert_eq!(body(&event.change().unwrap().this_and_following()), sent("following"));
    assert_eq!(body(&event.change().unwrap().whole_series()), sent("all"));
    assert_eq!(body(&event.change().unwrap().whole_series().this_only()), sent("this"));
    let sent = |mode: &str| {
        format!("provider=google&calendarId=primary&eventId=abc_1&recurringEventId=abc&deleteMode={mode}")
    };
    assert_eq!(query(&event.delete().unwrap()), sent("this"));
    assert_eq!(query(&event.delete().unwrap().this_and_following()), sent("following"));
    assert_eq!(query(&event.delete().unwrap().whole_series()), sent("all"));
    assert_eq!(event.delete().unwrap().body(), Ok(Body::None));
}

#[test]
fn delete_of_a_single_event_sends_mode_this() {
    let single = Event::new(Provider::Google, "primary", "1");
    assert_eq!(
        query(&single.delete().unwrap()),
        "provider=google&calendarId=primary&eventId=1&deleteMode=this"
    );
    assert_eq!(query(&DeleteEvent::new("google", "primary", "1")), query(&single.delete().unwrap()));
    assert_eq!(
        body(&single.change().unwrap()),
        r#"{"provider":"google","calendarId":"primary","eventId":"1"}"#
    );
}

#[test]
fn write_to_following_occurrences_is_once() {
    let event = occurrence();
    assert_eq!(event.change().unwrap().safety(), Safety::Idempotent);
    assert_eq!(event.change().unwrap().whole_series().safety(), Safety::Idempotent);
    assert_eq!(event.change().unwrap().this_and_following().safety(), Safety::Once);
    assert_eq!(event.delete().unwrap().safety(), Safety::Idempotent);
    assert_eq!(event.delete().unwrap().this_and_following().safety(), Safety::Once);
}

#[test]
fn change_without_ids_fails_with_a_hint() {
    let mut event = occurrence();
    event.calendar_id = None;
    let error = event.change().unwrap_err();
    assert_eq!(error.field(), "calendarId");
    assert!(error.to_string().contains(".calendar(id)"), "{error}");
    assert_eq!(event.delete().unwrap_err(), error);
    for blank in ["", " "] {
        assert_eq!(event.clone().calendar(blank).change().unwrap_err(), error);
        let mut nobodys = occurrence();
        nobodys.provider = Some(Provider::from(blank));
        assert_eq!(refused(nobodys.change()), "provider");
    }
    assert!(event.clone().calendar("primary").change().is_ok());
    assert_eq!(event.clone().calendar("primary").delete(), occurrence().delete());
    event.provider = None;
    assert_eq!(refused(event.change()), "provider");
    event.id.clear();
    assert_eq!(refused(event.delete()), "eventId");
}

#[test]
fn token_request_is_a_form_and_redacted_in_debug() {
    let exchange = ExchangeCode::new("c-1", "https://app.example.org/cb");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "c-1"),
        ("redirect_uri", "https://app.example.org/cb"),
    ];
    assert_eq!(exchange.body(), Ok(Body::Form(form.map(|(name, value)| (name, value.into())).to_vec())));
    let refresh = RefreshToken::new("r-1");
    let form = [("grant_type", "refresh_token"), ("refresh_token", "r-1")];
    assert_eq!(refresh.body(), Ok(Body::Form(form.map(|(name, value)| (name, value.into())).to_vec())));
    let Ok(Body::Form(form)) = refresh.clone().redirect_uri("https://r").body() else {
        panic!("expected a form")
    };
    assert_eq!(form[2], ("redirect_uri", "https://r".into()));
    let revoke = Revoke::new("t-1");
    assert_eq!(body(&revoke), r#"{"token":"t-1"}"#);
    assert_eq!(
        (exchange.safety(), refresh.safety(), revoke.safety()),
        (Safety::Once, Safety::Once, Safety::Idempotent)
    );
    let shown = format!("{exchange:?} {refresh:?} {revoke:?} {:?} {:?}", refresh.body(), revoke.body());
    for secret in ["c-1", "r-1", "t-1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(refused(RefreshToken::new("").body()), "refresh_token");
}

#[test]
fn authorize_query_has_comma_separated_providers() {
    let link = Authorize::new("client", "user-123", "https://app.example.org/cb");
    let text = |link: &Authorize| {
        let query = link.query().unwrap();
        query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    let least =
        "response_type=code&client_id=client&user_id=user-123&redirect_uri=https://app.example.org/cb";
    assert_eq!(text(&link), least);
    let link = link
        .scope(Scope::Read)
        .state("s")
        .providers([Provider::Google, Provider::CalDav])
        .language("pt-BR")
        .theme(Theme::Dark);
    assert_eq!(
        text(&link),
        format!("{least}&scope=read&state=s&providers=google,caldav&lng=pt-BR&theme=dark")
    );
    assert_eq!(refused(Authorize::new("client", "", "r").query()), "user_id");
}

#[test]
fn disconnect_and_webhook_requests_are_sent() {
    let disconnect = Disconnect::new(Provider::Google).account("user@example.org");
    assert_eq!(
        (query(&disconnect), body(&disconnect)),
        ("provider=google&account=user@example.org".into(), "{}".into())
    );
    let subscribe = SubscribeWebhook::new((Provider::Google, "c"));
    assert_eq!(subscribe.safety(), Safety::Idempotent);
    let subscribe = subscribe.channel_id("ch").expiration(at("2026-01-01T00:00:00.001Z"));
    assert_eq!(
        body(&subscribe),
        r#"{"provider":"google","calendarId":"c","channelId":"ch","expiration":1767225600001}"#
    );
    assert_eq!(subscribe.safety(), Safety::Once);
    let unsubscribe = UnsubscribeWebhook::new("google", "ch").resource_id("r");
    assert_eq!(body(&unsubscribe), r#"{"provider":"google","channelId":"ch","resourceId":"r"}"#);
}

#[test]
fn operations_have_the_documented_method_path_and_auth() {
    fn line<O: Operation>() -> String {
        assert_eq!(O::NAME, format!("{} {}", O::METHOD, O::PATH));
        format!("{} {:?} {:?}", O::NAME, O::BASE, O::AUTH)
    }
    let lines = [
        line::<ExchangeCode>(),
        line::<RefreshToken>(),
        line::<Revoke>(),
        line::<GetConnectionStatus>(),
        line::<Disconnect>(),
        line::<ListCalendars>(),
        line::<ListEvents>(),
        line::<NewEvent>(),
        line::<UpdateEvent>(),
        line::<DeleteEvent>(),
        line::<SubscribeWebhook>(),
        line::<UnsubscribeWebhook>(),
        line::<CheckHealth>(),
        line::<GetWebhookKeys>(),
    ];
    assert_eq!(
        lines,
        [
            "POST /oauth/token Api Client",
            "POST /oauth/token Api Client",
            "POST /oauth/revoke Api None",
            "GET /oauth/connection-status Api Bearer",
            "POST /oauth/disconnect Api Bearer",
            "GET /calendars Api Bearer",
            "GET /events Api Bearer",
            "POST /event Api Bearer",
            "PUT /event Api Bearer",
            "DELETE /event Api Bearer",
            "POST /subscribe-webhook Api Bearer",
            "POST /unsubscribe-webhook Api Bearer",
            "GET /health Api None",
            "GET /.well-known/webhook-keys Origin None",
        ]
    );
}

#[test]
fn connect_only_field_is_refused_by_name() {
    let day = jiff::civil::date(2026, 12, 24);
    let event = NewEvent::all_day((Provider::Google, "work"), "Closed", day, day.tomorrow().unwrap());
    let mut fields = event.fields().unwrap();
    assert_eq!(fields.refuse_connect_only(), Ok(()));
    fields.connect_only.push("reminders");
    assert_eq!(fields.refuse_connect_only().unwrap_err().field(), "reminders");
}
