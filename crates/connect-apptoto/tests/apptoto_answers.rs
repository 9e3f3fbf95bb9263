//! Tests of how the types of this crate are read from Apptoto's responses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod support;

use connect_apptoto::{
    BookNow, Booked, Contact, CreateContacts, DeleteEvent, Event, EventPage, Events, GetContact, GetEvent,
    GetImport, Id, ImportState, Imported, ListAddressBooks, ListEvents, MessageType, NewContact,
    ParticipantState, SendMessage,
};
use connect_core::{
    ErrorKind,
    types::{EventTime, Raw},
};
use proptest::prelude::*;
use support::read;

/// The example of an event on Apptoto's API page `/v1/events`.
const EVENT: &str = r#"{"id": 123, "calendar_id": 456, "start_time": "2016-04-15T12:00:00-07:00",
    "end_time": "2016-04-15T13:00:00-07:00", "title": "Appointment with Fred", "location": "", "content": "",
    "is_deleted": false, "participants": [{"id": 789, "name": "Fred Smith", "phone": "650-555-1212",
    "normalized_phone": "+16505551212", "email": "fred@example.com", "state": "initial"}],
    "custom_data": {"field_1": "custom value"}}"#;

#[test]
fn event_is_read_with_every_field() {
    let event = read(&GetEvent::by_id(123), EVENT).unwrap();
    assert_eq!((event.id, event.calendar_id), (Some(Id::from(123)), Some(Id::from(456))));
    let start = event.start_time.and_then(|time| time.instant());
    assert_eq!(start.map(|instant| instant.to_string()).as_deref(), Some("2016-04-15T19:00:00Z"));
    assert!(matches!(event.end_time, Some(EventTime::Instant(_))));
    assert_eq!(event.title.as_deref(), Some("Appointment with Fred"));
    assert_eq!((event.location.as_deref(), event.content.as_deref()), (Some(""), Some("")));
    assert_eq!(event.is_deleted, Some(false));
    assert_eq!(event.custom_data.unwrap().get(), r#"{"field_1": "custom value"}"#);
    let [fred] = event.participants.try_into().unwrap();
    assert_eq!(fred.id.unwrap().as_str(), "789");
    assert_eq!((fred.name.as_deref(), fred.phone.as_deref()), (Some("Fred Smith"), Some("650-555-1212")));
    assert_eq!(fred.normalized_phone.as_deref(), Some("+16505551212"));
    assert_eq!(
        (fred.email.as_deref(), fred.state),
        (Some("fred@example.com"), Some(ParticipantState::Initial))
    );
    assert_eq!(fred.conversations, None);
    assert_eq!(event.raw.get(), EVENT);
}

#[test]
fn event_with_unexpected_types_is_still_read() {
    let odd = r#"{"id": "e-1", "calendar_id": {}, "start_time": "soon", "end_time": 5, "title": ["a"],
        "is_deleted": "no", "participants": [{"id": null, "state": "on_holiday", "conversations": [{}]}, 7, null],
        "custom_data": null, "new": true}"#;
    let event = read(&GetEvent::by_id(1), odd).unwrap();
    assert_eq!((event.id.unwrap().as_str(), event.calendar_id), ("e-1", None));
    assert_eq!(event.start_time, Some(EventTime::from("soon")));
    assert_eq!((event.end_time, event.title, event.is_deleted, event.custom_data), (None, None, None, None));
    let [first, second] = event.participants.try_into().unwrap();
    assert!(matches!(first.state, Some(ParticipantState::Other(state)) if state.as_str() == "on_holiday"));
    assert_eq!((first.id, first.conversations.unwrap().get()), (None, "[{}]"));
    assert_eq!((second.name, second.raw.get()), (None, "7"));
    assert_eq!(event.raw.field::<bool>("new"), Some(true));
    assert_eq!(event.raw.field::<Raw>("end_time").unwrap().get(), "5");
}

#[test]
fn participant_states_are_all_known() {
    for state in [
        "initial",
        "accepted",
        "declined",
        "reminded",
        "confirmed",
        "not_coming",
        "not_coming_needs_reschedule",
        "not_coming_no_reschedule",
    ] {
        let read = ParticipantState::from(state);
        assert!(!matches!(read, ParticipantState::Other(_)), "{state}");
        assert_eq!(read.as_str(), state);
    }
}

#[test]
fn response_to_event_write_is_read() {
    let deleted = read(&DeleteEvent::by_id(1), r#"{"events": [{"id": 1, "is_deleted": true}]}"#).unwrap();
    assert_eq!(deleted.events[0].is_deleted, Some(true));
    assert!(read(&DeleteEvent::by_id(1), "").unwrap().events.is_empty());
    assert!(read(&DeleteEvent::by_id(1), r#"{"events": 5}"#).unwrap().events.is_empty());
}

#[test]
fn event_page_names_the_next_page() {
    let full = r#"{"events": [{"id": 1}]}"#;
    let page = read(&ListEvents::new(), full).unwrap();
    assert_eq!((page.events.len(), page.next_page.as_deref()), (1, Some("2")));
    assert_eq!(read(&ListEvents::new().page(7), full).unwrap().next_page.as_deref(), Some("8"));
    assert_eq!(read(&ListEvents::new().page(7), r#"{"events": []}"#).unwrap().next_page, None);
    for no_list in ["{}", r#"{"events": null}"#, r#"{"events": {}}"#, "[]", "5"] {
        let error = read(&ListEvents::new(), no_list).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Decode { .. }),
            "{no_list}: must not be taken for the last page"
        );
    }
}

#[test]
fn byte_order_mark_before_json_is_skipped() {
    assert_eq!(read(&ListEvents::new(), "\u{feff}{\"events\": [{\"id\": 1}]}").unwrap().events.len(), 1);
    let call = BookNow::at_local(1, "2025-08-22T10:00:00".parse().unwrap());
    let refusal = read(&call, "\u{feff}{\"success\": false, \"message\": \"taken\"}").unwrap_err();
    assert_eq!(refusal.message(), Some("taken"));
}

#[test]
fn contact_is_read_with_every_field() {
    let text = r#"{"id": 5, "name": "Fred Smith", "phone_numbers": [{"number": "650", "normalized": "+1650",
        "is_mobile": true, "is_primary": false}], "email_addresses": [{"address": "fred@example.com"}]}"#;
    let contact = read(&GetContact::by_id(5), text).unwrap();
    assert_eq!((contact.id, contact.name.as_deref()), (Some(Id::from("5")), Some("Fred Smith")));
    let number = &contact.phone_numbers[0];
    assert_eq!((number.number.as_deref(), number.normalized.as_deref()), (Some("650"), Some("+1650")));
    assert_eq!((number.is_mobile, number.is_primary), (Some(true), Some(false)));
    assert_eq!(contact.email_addresses[0].address.as_deref(), Some("fred@example.com"));
}

#[test]
fn refused_booking_is_an_error() {
    let call = BookNow::at_local(1, "2025-08-22T10:00:00".parse().unwrap());
    let text = r#"{"success": true, "booking": {"id": 12345678, "state": "complete", "booking_page": "abc123",
        "appointment_type_token": "consultation", "username": "u@example.com", "created_at": "2025-08-21T14:30:00Z",
        "start_time": "2025-08-22T10:00:00Z", "end_time": "2025-08-22T11:00:00", "name": "John Doe",
        "phone": "+15551234567", "email": "j@example.com", "authenticated_phone": false, "authenticated_email": true,
        "rescheduled_at": null, "previous_time": null, "client_ip_address": "192.168.1.100",
        "field_data": {"notes": "First time"}}}"#;
    let booking = read(&call, text).unwrap().booking.unwrap();
    assert_eq!((booking.id, booking.booking_page), (Some(Id::from(12345678)), Some(Id::from("abc123"))));
    assert_eq!((booking.state.as_deref(), booking.name.as_deref()), (Some("complete"), Some("John Doe")));
    assert_eq!(booking.appointment_type_token.as_deref(), Some("consultation"));
    assert_eq!((booking.authenticated_phone, booking.authenticated_email), (Some(false), Some(true)));
    assert!(matches!(booking.start_time, Some(EventTime::Instant(_))));
    assert!(matches!(booking.end_time, Some(EventTime::Local(_))));
    assert!(booking.created_at.is_some());
    assert_eq!((booking.rescheduled_at, booking.previous_time), (None, None));
    assert_eq!(
        (booking.phone.as_deref(), booking.email.as_deref()),
        (Some("+15551234567"), Some("j@example.com"))
    );
    assert_eq!(booking.username.as_deref(), Some("u@example.com"));
    assert_eq!(booking.client_ip_address.as_deref(), Some("192.168.1.100"));
    assert_eq!(booking.field_data.unwrap().field::<String>("notes").as_deref(), Some("First time"));

    for (text, message) in [
        (r#"{"success": false, "message": "taken"}"#, "taken"),
        (r#"{"success": false, "error": "taken"}"#, "taken"),
        (r#"{"success": false}"#, "Apptoto refused the booking without a reason"),
    ] {
        let error = read(&call, text).unwrap_err();
        assert_eq!(error.message(), Some(message), "{text}");
    }
    assert_eq!(read(&call, r#"{"success": "yes"}"#).unwrap().success, None);
}

#[test]
fn import_states_are_read() {
    let states = [
        ("launching", ImportState::Launching),
        ("running", ImportState::Running),
        ("invalid", ImportState::Invalid),
        ("finished", ImportState::Finished),
        ("aborted", ImportState::Aborted),
    ];
    for (text, state) in states {
        let body = format!(r#"{{"import": {{"id": 5, "state": "{text}"}}}}"#);
        let import = read(&GetImport::new(5), &body).unwrap().import.unwrap();
        assert_eq!((import.id, import.state), (Some(Id::from(5)), Some(state)));
    }
    let paused = read(&GetImport::new(5), r#"{"import": {"state": "paused"}}"#).unwrap().import.unwrap();
    assert_eq!(paused.state.unwrap().as_str(), "paused");
    assert_eq!(read(&GetImport::new(5), r#"{"import": null}"#).unwrap().import, None);
}

#[test]
fn undocumented_response_is_kept_as_json() {
    let body = r#"[{"b": 1, "a": 18446744073709551617}]"#;
    assert_eq!(read(&ListAddressBooks::new(), body).unwrap().0.get(), body);
    let create = CreateContacts::new([NewContact::new(1, "A")]);
    assert_eq!(read(&create, body).unwrap().0.get(), body);
    assert_eq!(read(&create, "").unwrap().0.get(), "null");
    let message = SendMessage::new(MessageType::Sms, "+1", "Hi");
    assert_eq!(read(&message, " ").unwrap().0.get(), "null");
    let error = read(&message, "<html>").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }) && error.may_have_happened(), "{error}");
}

/// Generates JSON values with the field names of responses.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        "-?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{2,8}(Z|[+-][0-9]{2}:[0-9]{2})?".prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "events",
        "id",
        "participants",
        "start_time",
        "state",
        "custom_data",
        "title",
        "booking",
        "import",
        "success",
        "message",
        "phone_numbers",
        "email_addresses",
        "is_deleted",
        "other",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_and_kept(value in json()) {
        let text = value.to_string();
        let raw: Raw = text.parse().unwrap();
        prop_assert_eq!(&raw.decode::<Event>().unwrap().raw, &raw);
        prop_assert_eq!(&raw.decode::<Events>().unwrap().raw, &raw);
        prop_assert_eq!(&raw.decode::<EventPage>().unwrap().raw, &raw);
        prop_assert_eq!(&raw.decode::<Contact>().unwrap().raw, &raw);
        prop_assert_eq!(&raw.decode::<Booked>().unwrap().raw, &raw);
        prop_assert_eq!(&raw.decode::<Imported>().unwrap().raw, &raw);
    }

    #[test]
    fn arbitrary_text_does_not_panic(text in ".{0,60}") {
        let _ = read(&ListEvents::new(), &text);
        let _ = read(&GetContact::by_id(1), &text);
    }
}
