//! Tests of the exact request that each Apptoto call sends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod support;

use std::collections::BTreeMap;

use connect_apptoto::{
    ApiKey, BookNow, Content, CreateContacts, CreateEvents, DeleteEvent, GetContact, GetEvent, GetImport,
    ImportType, ListAddressBooks, ListEvents, MessageType, NewContact, NewEvent, NewParticipant,
    NewPhoneNumber, RawCall, Recipient, Scope, SendMessage, ShowAs, StartImport, UpsertContact,
    UpsertContacts, UpsertEvent, UpsertEvents,
};
use connect_core::{Endpoint, SignIn, types::Raw};
use http::Method;
use jiff::{Timestamp, ZonedDateTime};
use serde_json::json;
use support::{REDIRECT_URI, Wire, answer, sent};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zoned(text: &str) -> ZonedDateTime {
    text.parse().unwrap()
}

/// Returns the expected text of a request without a body.
fn bare(method: &str, path: &str) -> String {
    format!(
        "{method} https://api.apptoto.com{path}\naccept: application/json\nauthorization: Bearer access\n\n"
    )
}

/// Returns the expected text of a request with a JSON body.
fn json_of(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} https://api.apptoto.com{path}\naccept: application/json\nauthorization: Bearer access\n\
         content-type: application/json\n\n{body}"
    )
}

#[test]
fn reading_calls_send_documented_requests() {
    assert_eq!(sent(&ListEvents::new()), bare("GET", "/v1/events"));
    let begin = zoned("2026-11-21T00:00:00-08:00[-08:00]");
    let all = ListEvents::new()
        .begin(begin)
        .phone_number("+1 650")
        .email_address("a&b@example.com")
        .include_conversations()
        .page_size(50)
        .page(3)
        .parameter("upper", "x")
        .page_size(10);
    assert_eq!(
        sent(&all),
        bare(
            "GET",
            "/v1/events?begin=2026-11-21T00%3A00%3A00-08%3A00&phone_number=%2B1+650&\
             email_address=a%26b%40example.com&include_conversations=true&upper=x&page_size=10&page=3"
        )
    );
    assert_eq!(sent(&GetEvent::by_id(123)), bare("GET", "/v1/event?id=123"));
    let event = GetEvent::by_external_id("a/b c").include_conversations();
    assert_eq!(sent(&event), bare("GET", "/v1/event?external_id=a%2Fb+c&include_conversations=true"));
    assert_eq!(sent(&GetContact::by_id("77")), bare("GET", "/v1/contact?id=77"));
    assert_eq!(sent(&GetContact::by_external_id("é")), bare("GET", "/v1/contact?external_id=%C3%A9"));
    assert_eq!(sent(&ListAddressBooks::new()), bare("GET", "/v1/address_books"));
    assert_eq!(sent(&GetImport::new(9)), bare("GET", "/v1/import?id=9"));
}

#[test]
fn event_writes_send_documented_requests() {
    let (start, end) = (zoned("2016-06-21T14:00:00-08:00[-08:00]"), time("2016-06-21T23:00:00Z"));
    let fred = NewParticipant::new("Fred").phone("650-555-1212").email("fred@example.com").field("vip", true);
    let raw: Raw = r#"{"big": 18446744073709551617}"#.parse().unwrap();
    let event = NewEvent::new("Practice", "Check-up", &start, end)
        .time_zone("America/Los_Angeles")
        .location("Room 5")
        .content("\"quoted\"")
        .all_day(false)
        .show_as(ShowAs::OUT_OF_OFFICE)
        .external_id("x-1")
        .custom_data(&raw)
        .participants([fred])
        .field("color", "red");
    let plain = NewEvent::new(456, "Second", &start, end);
    let times = r#""start_time":"2016-06-21T14:00:00-08:00","end_time":"2016-06-21T23:00:00Z""#;
    let body = format!(
        concat!(
            r#"{{"prevent_calendar_creation":true,"events":[{{"calendar":"Practice","title":"Check-up",{times},"#,
            r#""time_zone":"America/Los_Angeles","location":"Room 5","content":"\"quoted\"","all_day":false,"#,
            r#""show_as":3,"external_id":"x-1","custom_data":{{"big": 18446744073709551617}},"#,
            r#""participants":[{{"name":"Fred","phone":"650-555-1212","email":"fred@example.com","vip":true}}],"#,
            r#""color":"red"}},{{"calendar_id":456,"title":"Second",{times}}}]}}"#
        ),
        times = times
    );
    let call = CreateEvents::new([event, plain]).prevent_calendar_creation();
    assert_eq!(sent(&call), json_of("POST", "/v1/events", &body));

    let call = UpsertEvents::new([
        UpsertEvent::by_id(1).title("New").participants([]),
        UpsertEvent::by_external_id("5")
            .calendar("Practice")
            .start(end)
            .field("location", Option::<()>::None),
    ]);
    let body = concat!(
        r#"{"events":[{"id":1,"title":"New","participants":[]},"#,
        r#"{"external_id":"5","calendar":"Practice","start_time":"2016-06-21T23:00:00Z","location":null}]}"#
    );
    assert_eq!(sent(&call), json_of("PUT", "/v1/events", body));

    assert_eq!(sent(&DeleteEvent::by_id(1)), bare("DELETE", "/v1/events?id=1"));
    assert_eq!(sent(&DeleteEvent::by_external_id("a=b")), bare("DELETE", "/v1/events?external_id=a%3Db"));
}

#[test]
fn contact_writes_send_documented_requests() {
    let number = NewPhoneNumber::new("650-555-1212").mobile(true).phone_type("work").primary(false);
    let call = CreateContacts::new([
        NewContact::new("Patients", "Fred Smith").phone("650").email("fred@example.com").external_id("c-1"),
        NewContact::named(3, "Ada", "Lovelace")
            .phone_numbers([number.clone()])
            .email_addresses(json!([{"a": 1}])),
    ]);
    let numbers = r#"[{"number":"650-555-1212","is_mobile":true,"type":"work","is_primary":false}]"#;
    let body = format!(
        concat!(
            r#"{{"contacts":[{{"address_book":"Patients","name":"Fred Smith","phone":"650","email":"fred@example.com","#,
            r#""external_id":"c-1"}},{{"address_book_id":3,"first_name":"Ada","last_name":"Lovelace","#,
            r#""phone_numbers":{numbers},"email_addresses":[{{"a":1}}]}}]}}"#
        ),
        numbers = numbers
    );
    assert_eq!(sent(&call), json_of("POST", "/v1/contacts", &body));

    let call = UpsertContacts::new([
        UpsertContact::by_id(1).name("Fred").phone_numbers([number]).custom_data(json!({})),
        UpsertContact::by_external_id("c-1")
            .address_book_id(3)
            .first_name("A")
            .last_name("B")
            .add_phone("6")
            .add_email("e"),
    ]);
    let body = format!(
        concat!(
            r#"{{"contacts":[{{"id":1,"name":"Fred","phone_numbers":{numbers},"custom_data":{{}}}},"#,
            r#"{{"external_id":"c-1","address_book_id":3,"first_name":"A","last_name":"B","add_phone":"6","add_email":"e"}}]}}"#
        ),
        numbers = numbers
    );
    assert_eq!(sent(&call), json_of("PUT", "/v1/contacts", &body));
}

#[test]
fn booking_message_and_import_send_documented_requests() {
    let at = time("2026-11-23T14:00:00Z");
    let call = BookNow::new("bookwithfred", at)
        .appointment_type_token("default")
        .name("George")
        .phone_number("650-898-1212")
        .email_address("george@example.com")
        .field_data(json!({"zip": 97701}))
        .field("a_consent", true);
    let body = concat!(
        r#"{"booking_page":"bookwithfred","time":"2026-11-23T14:00:00Z","appointment_type_token":"default","#,
        r#""name":"George","phone_number":"650-898-1212","email_address":"george@example.com","#,
        r#""field_data":{"zip":97701},"a_consent":true}"#
    );
    assert_eq!(sent(&call), json_of("POST", "/v1/book_now", body));
    let call = BookNow::at_local(12, "2025-06-21T08:00:00".parse().unwrap());
    let body = r#"{"booking_page":12,"time":"2025-06-21T08:00:00"}"#;
    assert_eq!(sent(&call), json_of("POST", "/v1/book_now", body));

    for (call, body) in [
        (
            SendMessage::new(MessageType::Sms, "+16505551212", "Hi there!"),
            r#"{"type":"sms","to":"+16505551212","message":"Hi there!"}"#,
        ),
        (
            SendMessage::new(MessageType::Email, Recipient::Event(5.into()), Content::Template("7".into()))
                .subject("S"),
            r#"{"type":"email","event_id":5,"template_id":"7","subject":"S"}"#,
        ),
        (
            SendMessage::new("fax", Recipient::Participant(123456.into()), "Hi {{ name }}!"),
            r#"{"type":"fax","participant_id":123456,"message":"Hi {{ name }}!"}"#,
        ),
    ] {
        assert_eq!(sent(&call), json_of("POST", "/v1/send_message", body));
    }

    let call = StartImport::based_on(4, "a,b\n1,2").import_type(ImportType::Contacts).parameter("more", "&");
    let form = |body: &str| {
        json_of("POST", "/v1/import", body)
            .replace("application/json\n\n", "application/x-www-form-urlencoded\n\n")
    };
    assert_eq!(sent(&call), form("file=a%2Cb%0A1%2C2&based_on_import_id=4&type=contacts&more=%26"));
    let call =
        StartImport::with_spec("s", "f").delete_between(at, zoned("2026-11-24T00:00:00+01:00[+01:00]"));
    assert_eq!(
        sent(&call),
        form(
            "file=f&spec=s&support_delete=true&start_time=2026-11-23T14%3A00%3A00Z&\
             end_time=2026-11-24T00%3A00%3A00%2B01%3A00"
        )
    );
}

#[test]
fn raw_call_sends_encoded_path_and_query() {
    let call = RawCall::new(Method::GET, "/lists").segment("opt out/é").parameter("q", "a b");
    assert_eq!(sent(&call), bare("GET", "/v1/lists/opt%20out%2F%C3%A9?q=a+b"));
    let call = RawCall::new(Method::PATCH, "/lists/1").json(json!({"phone": "6"})).needs(Scope::ListsWrite);
    assert_eq!(sent(&call), json_of("PATCH", "/v1/lists/1", r#"{"phone":"6"}"#));
    assert_eq!(call.scope().unwrap().as_str(), "lists:write");
}

#[test]
fn api_key_replaces_the_bearer_token() {
    let wire = Wire::default();
    let client = wire.client(|request| {
        assert!(request.headers()["authorization"].is_sensitive());
        Ok(answer(200, r#"{"id": 1}"#))
    });
    let key = ApiKey::new("ada@example.com", "s3cret: é+").unwrap();
    assert!(client.send(&key.over(&GetEvent::by_id(1))).is_ok());
    client.send(&key.over(&RawCall::new(Method::POST, "/x").json(1))).unwrap();
    // base64 of "ada@example.com:s3cret: é+", without the form encoding of RFC 6749 2.3.1
    let header = "authorization: Basic YWRhQGV4YW1wbGUuY29tOnMzY3JldDogw6kr\n";
    let expected = [
        bare("GET", "/v1/event?id=1").replace("authorization: Bearer access\n", header),
        json_of("POST", "/v1/x", "1").replace("authorization: Bearer access\n", header),
    ];
    assert_eq!(wire.sent(), expected);
}

#[test]
fn sign_in_uses_www_host_and_exchange_uses_api_host() {
    let wire = Wire::default();
    let client = wire.client(|_| Ok(answer(200, r#"{"access_token": "a", "token_type": "Bearer"}"#)));
    let sign_in = SignIn::new("user-123").scopes([Scope::EventsRead, Scope::from("new:scope"), Scope::Api]);
    let pending = client.auth().sign_in(sign_in).unwrap();
    let asked = pending.url().strip_prefix("https://www.apptoto.com/oauth/authorize?").unwrap();
    let asked: BTreeMap<_, _> = form_urlencoded::parse(asked.as_bytes()).into_owned().collect();
    assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "client"));
    assert_eq!(
        (asked["scope"].as_str(), asked["redirect_uri"].as_str()),
        ("events:read new:scope api", REDIRECT_URI)
    );
    assert_eq!(asked["code_challenge_method"], "S256");
    let callback = format!("{REDIRECT_URI}?code=c-1&state={}", asked["state"]);
    let user = client.auth().finish(pending, &callback).unwrap();
    user.sign_out().unwrap();
    let [exchange] = wire.sent().try_into().unwrap();
    let (head, form) = exchange.split_once("\n\n").unwrap();
    assert_eq!(
        head,
        "POST https://api.apptoto.com/oauth/token\naccept: application/json\n\
         content-type: application/x-www-form-urlencoded"
    );
    let form: BTreeMap<_, _> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let names: Vec<_> = form.keys().map(String::as_str).collect();
    assert_eq!(names, ["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri"]);
    assert_eq!((form["client_secret"].as_str(), form["code"].as_str()), ("secret", "c-1"));
}

#[test]
fn invalid_call_is_refused_before_sending() {
    fn refused(call: &(impl Endpoint + Sync)) -> String {
        let wire = Wire::default();
        let client = wire.client(|_| panic!("the request was sent"));
        let error = support::user(&client).send(call).map(drop).unwrap_err();
        error.message().unwrap().to_owned()
    }
    assert_eq!(refused(&CreateEvents::new([])), "events: the list must not be empty");
    assert_eq!(refused(&UpsertContacts::new([])), "contacts: the list must not be empty");
    assert_eq!(refused(&ListEvents::new().page(0)), "page: \"0\" is not a page number (expected 1 or more)");
    let odd = BTreeMap::from([((1, 2), 3)]);
    let event = UpsertEvent::by_id(1).custom_data(&odd);
    assert_eq!(refused(&UpsertEvents::new([event])), "custom_data: the value cannot be written as JSON");
    assert!(refused(&RawCall::new(Method::GET, "/../oauth/token")).contains("path"));
}
