//! Decodes every response body shown in the API reference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::*;

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    decode(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn calendar_with_old_field_names_keeps_them_in_extra() {
    let calendars: Vec<Calendar> = read(include_str!("fixtures/calendars.json"));
    let providers: Vec<_> = calendars.iter().map(|calendar| calendar.provider.clone().unwrap()).collect();
    assert_eq!(providers, Provider::KNOWN);
    assert_eq!(calendars[0].time_zone.as_deref(), Some("Europe/Budapest"));
    assert!(calendars[0].original.as_ref().unwrap().get().ends_with("\"n\": 18446744073709551617}"));
    assert_eq!((&calendars[2].color, &calendars[2].original), (&None, &None));
    assert_eq!(calendars[3].title, "");
    assert_eq!(calendars[3].extra.get("name").unwrap().get(), "\"Old name\"");
    assert_eq!(calendars[3].extra.len(), 3);
}

#[test]
fn event_page_of_the_reference_is_decoded() {
    let page: EventPage = read(include_str!("fixtures/events.json"));
    assert_eq!((page.page_size, page.next_page_token.as_deref()), (Some(250), Some("eyJnb29nbGUiOnt9fQ==")));
    assert!(page.extra.is_empty());
    let event = &page.events[0];
    assert_eq!((event.id.as_str(), event.title.as_str()), ("abc_20251101", "Stand-up"));
    assert_eq!(event.calendar_id.as_deref(), Some("primary"));
    assert_eq!(event.recurring_event_id.as_deref(), Some("abc"));
    assert_eq!(event.start, Some(EventTime::Instant("2025-11-01T10:00:00Z".parse().unwrap())));
    assert_eq!(event.all_day, Some(false));
    assert_eq!(event.attendees[0].organizer, Some(true));
    assert_eq!(event.attendees[1].status, Some(AttendeeStatus::None));
    assert_eq!(event.conference.as_ref().unwrap().url(), Some("https://meet.example.org/x"));
    assert_eq!(event.custom.as_ref().unwrap().get(), r#"{"ticket": 7}"#);
    assert_eq!(event.original.as_ref().unwrap().get(), r#"{"z": 1, "a": [1, 2.50]}"#);
    assert_eq!((&event.availability, &event.privacy), (&Some(Availability::Busy), &Some(Privacy::Private)));
    assert_eq!(event.status, Some(EventStatus::Confirmed));
    assert_eq!(event.last_modified.unwrap().to_string(), "2025-10-30T09:12:44.123Z");
    assert!(event.extra.is_empty());
    let day = &page.events[1];
    assert_eq!(day.start, Some(EventTime::Date("2025-11-15".parse().unwrap())));
    assert_eq!(day.end, Some(EventTime::Date("2025-11-16".parse().unwrap())));
    assert_eq!(day.calendar_id, None);
}

#[test]
fn written_event_is_decoded_from_both_forms() {
    let root: Written = read(include_str!("fixtures/written_root.json"));
    let wrapped: Written = read(include_str!("fixtures/written_wrapped.json"));
    assert_eq!(root, wrapped);
    assert_eq!((root.success, root.refused()), (Some(true), None));
    assert_eq!(root.event.extra.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["new"]);
    let again: Written = read(&serde_json::to_string(&root).unwrap());
    assert_eq!(again, root);
}

#[test]
fn success_false_with_status_200_is_a_refusal() {
    let refused = r#"{"success": false, "message": "No such calendar"}"#;
    assert_eq!(read::<Written>(refused).refused().as_deref(), Some("No such calendar"));
    assert_eq!(read::<Acknowledged>(refused).refused().as_deref(), Some("No such calendar"));
    assert_eq!(read::<Subscribed>(refused).refused().as_deref(), Some("No such calendar"));
    assert_eq!(read::<EventPage>(refused).refused().as_deref(), Some("No such calendar"));
    assert_eq!(read::<ConnectionStatus>(refused).refused().as_deref(), Some("No such calendar"));
    assert_eq!(read::<Acknowledged>(r#"{"success": false}"#).refused().as_deref(), Some(""));
    assert_eq!(read::<Acknowledged>(r#"{"success": true}"#).refused().as_deref(), None);
    assert_eq!(Acknowledged::empty().unwrap().refused().as_deref(), None);
    assert!(Written::empty().is_none() && EventPage::empty().is_none());
}

#[test]
fn connection_status_has_accounts_as_objects_or_strings() {
    let status: ConnectionStatus = read(include_str!("fixtures/connection_status.json"));
    let google = &status.connections[&Provider::Google][0];
    assert_eq!(google.calendar_permission_granted, Some(false));
    assert_eq!(google.sync_state, Some(SyncState::ReauthRequired));
    assert_eq!(google.granted_scopes, ["openid", "calendar"]);
    assert!(google.sync_state_updated_at.is_some());
    assert_eq!(status.connections[&Provider::Microsoft][0].id, "user@example.com");
    assert_eq!(status.connections[&Provider::Apple][0].calendar_permission_granted, None);
    assert!(status.connections[&Provider::CalDav].is_empty());
    assert_eq!((status.limit_reached, status.limit), (Some(false), Some(5)));
    let newer: ConnectionStatus = read(r#"{"connections": {"zoho": ["a"]}}"#);
    assert_eq!(newer.connections[&Provider::from("zoho")][0].id, "a");
}

#[test]
fn tokens_are_decoded_and_redacted_in_debug() {
    let tokens: TokenResponse = read(include_str!("fixtures/tokens.json"));
    assert_eq!(tokens.access_token, "header.payload.signature");
    assert_eq!((tokens.expires_in, tokens.refresh_token.as_deref()), (Some(3600), Some("r-1")));
    let shown = format!("{tokens:?} {tokens:#?}");
    for secret in ["payload", "r-1", "i-1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let texts = [r#""3600""#, "3600.0", r#"" 3600 ""#].map(|value| {
        read::<TokenResponse>(&format!(r#"{{"access_token": "a", "expires_in": {value}}}"#)).expires_in
    });
    assert_eq!(texts, [Some(3600); 3]);
    for none in ["{}", r#"{"access_token": null}"#, r#"{"access_token": ""}"#, r#"{"access_token": 5}"#] {
        assert!(decode::<TokenResponse>(none.as_bytes()).is_err(), "{none}");
    }
}

#[test]
fn health_subscription_and_webhook_keys_are_decoded() {
    assert_eq!(read::<Health>(r#"{"status":"ok"}"#).status.as_deref(), Some("ok"));
    let subscribed: Subscribed = read(include_str!("fixtures/subscribed.json"));
    let subscription = subscribed.subscription.unwrap();
    assert_eq!((subscription.channel_id, subscribed.channel_id), (Some("ch-1".into()), Some("ch-1".into())));
    assert_eq!(subscription.expiration.unwrap().as_second(), 1_767_225_600);
    let keys: WebhookKeys = read(include_str!("fixtures/webhook_keys.json"));
    assert_eq!(keys.keys[1].status, Some(KeyStatus::Previous));
    assert!(keys.keys[0].activated_at.is_some() && keys.keys[1].retires_at.is_some());
}

#[test]
fn delivery_is_decoded_from_both_forms() {
    let documented: Delivery = read(include_str!("fixtures/delivery_documented.json"));
    assert_eq!(documented.change_type, Some(ChangeType::Mixed));
    assert_eq!(documented.metadata.unwrap().event_count, Some(2));
    let [changed, deleted] = documented.events.as_slice() else { panic!("two events") };
    assert_eq!(changed.change_type, Some(ChangeType::Updated));
    let conference = changed.event.conference.as_ref().unwrap();
    assert_eq!(conference.provider.as_deref(), Some("googleMeet"));
    assert_eq!(conference.extra.get("autoGenerate").unwrap().get(), "true");
    assert_eq!((&deleted.change_type, &deleted.event.end), (&Some(ChangeType::Deleted), &None));
    assert!(changed.event.extra.is_empty());

    let vector: Delivery = read(include_str!("fixtures/delivery_vector.json"));
    assert_eq!(vector.event_type.as_deref(), Some("event.updated"));
    assert_eq!((vector.timestamp, &vector.metadata), (None, &None));
    assert_eq!((vector.events[0].event.start.as_ref(), vector.events[0].event.id.as_str()), (None, "1"));
    assert!(vector.extra.is_empty());
}

#[test]
fn error_body_of_each_known_form_has_a_text() {
    let text = |body: &str| read::<ErrorBody>(body).text().map(str::to_owned);
    for (body, expected) in [
        (
            r#"{"error": "invalid_grant", "error_description": "Invalid refresh token"}"#,
            Some("Invalid refresh token"),
        ),
        (r#"{"error": "Calendar list access is forbidden"}"#, Some("Calendar list access is forbidden")),
        (r#"{"error": "Unauthorized", "message": "Write access denied"}"#, Some("Write access denied")),
        (r#"{"message": "", "error": "x"}"#, Some("x")),
        (r#"{"message": 5, "error": {"a": 1}, "accounts": "none", "details": []}"#, None),
        ("{}", None),
    ] {
        assert_eq!(text(body).as_deref(), expected, "{body}");
    }
    let withheld: ErrorBody = read(
        r#"{"error": "Forbidden", "code": "calendar_permission_required", "message": "m",
            "accounts": [{"provider": "google", "account": "user@example.org"}]}"#,
    );
    assert_eq!(withheld.code.as_deref(), Some("calendar_permission_required"));
    assert_eq!(withheld.accounts[0].provider, Some(Provider::Google));
    let details =
        read::<ErrorBody>(r#"{"message": "m", "details": {"start": ["is missing"]}}"#).details.unwrap();
    assert_eq!(details.get(), r#"{"start": ["is missing"]}"#);
}

#[test]
fn unexpected_body_is_an_error() {
    for body in
        ["", "null", "[]", "\"\"", "<html>", "{\"events\": 5}", "{\"events\": [5]}", "{\"events\": []"]
    {
        assert!(decode::<EventPage>(body.as_bytes()).is_err(), "{body}");
    }
    for body in ["", "null", "{}", "[5]", "[null]"] {
        assert!(decode::<Vec<Calendar>>(body.as_bytes()).is_err(), "{body}");
    }
    assert!(read::<EventPage>(r#"{"events": null}"#).events.is_empty());
}

#[test]
fn decode_error_names_its_path_and_position() {
    let text = r#"{"events": [{"id": "1"}, 5]}"#;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let error = serde_path_to_error::deserialize::<_, EventPage>(&mut deserializer).unwrap_err();
    assert!(error.path().to_string().ends_with("[1]"), "{error}");
    let error = error.into_inner();
    assert!(error.to_string().starts_with("events: "), "{error}");
    assert_eq!((error.line(), error.column()), (1, 27), "{error}");
}

#[test]
fn page_is_decoded_from_text_bytes_reader_and_value() {
    let text = include_str!("fixtures/events.json");
    let page: EventPage = read(text);
    assert_eq!(serde_json::from_slice::<EventPage>(text.as_bytes()).unwrap(), page);
    assert_eq!(serde_json::from_reader::<_, EventPage>(text.as_bytes()).unwrap(), page);
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_value::<EventPage>(value).unwrap().events.len(), 2);
    let traced: EventPage =
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
    assert_eq!(traced, page);
}

#[test]
fn blank_series_id_is_dropped() {
    for blank in ["", " ", "\t\n"] {
        let text = serde_json::json!({
            "provider": "google", "calendarId": "primary", "id": "e1", "recurringEventId": blank,
        });
        let event: Event = decode(text.to_string().as_bytes()).unwrap();
        assert_eq!(event.recurring_event_id, None, "{blank:?}");
        assert!(event.change().unwrap().title("Moved").body().is_ok(), "{blank:?}");
        assert!(event.delete().unwrap().query().is_ok(), "{blank:?}");
    }
}

#[test]
fn change_or_delete_of_a_series_is_refused() {
    for original in [
        r#"{"recurrence": ["RRULE:FREQ=DAILY"]}"#,
        r#"{"recurrence": {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-01-13"}}}"#,
    ] {
        let text = format!(
            r#"{{"provider": "google", "calendarId": "c", "id": "e", "start": "2026-01-13T08:00:00Z", "original": {original}}}"#
        );
        let mut event: Event = serde_json::from_str(&text).unwrap();
        assert!(event.change().unwrap_err().to_string().contains("change_series"));
        assert!(event.delete().unwrap_err().to_string().contains("delete_series"));
        assert_eq!(event.change_series().unwrap().event().mode, Some(SeriesMode::All));
        assert_eq!(event.delete_series().unwrap().event().unwrap().mode, Some(SeriesMode::All));
        event.recurring_event_id = Some("s".to_owned());
        assert_eq!(event.delete().unwrap().event().unwrap().mode, Some(SeriesMode::This));
        assert_eq!(event.change().unwrap().event().mode, Some(SeriesMode::This));
    }
}

#[test]
fn event_with_recurrence_in_it_or_its_original_is_a_series() {
    let repeats = |fields: &str| {
        let event: Event =
            read(&format!(r#"{{"provider": "google", "calendarId": "c", "id": "e", {fields}}}"#));
        event.change().is_err()
    };
    let pattern = r#"{"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-01-13"}}"#;
    for recurrence in [
        r#"["RRULE:FREQ=DAILY"]"#,
        r#""FREQ=DAILY""#,
        r#"{"frequency": "DAILY"}"#,
        pattern,
        // Unknown formats.
        r#"["RRULE:FREQ=SOMETIMES"]"#,
        r#"{"every": "day"}"#,
        "5",
    ] {
        assert!(repeats(&format!(r#""recurrence": {recurrence}"#)), "{recurrence}");
        assert!(repeats(&format!(r#""original": {{"recurrence": {recurrence}}}"#)), "{recurrence}");
        assert!(!repeats(&format!(r#""recurringEventId": "s", "recurrence": {recurrence}"#)), "{recurrence}");
    }
    for empty in ["null", r#""""#, r#"" ""#, "[]", "[ ]"] {
        assert!(!repeats(&format!(r#""recurrence": {empty}"#)), "{empty}");
        assert!(!repeats(&format!(r#""original": {{"recurrence": {empty}}}"#)), "{empty}");
    }
    let in_event = r#""original": {"data": "BEGIN:VEVENT\r\nrrule;X-A=b:FREQ=DAILY\r\nEND:VEVENT \ud83d"}"#;
    assert!(repeats(in_event));
    assert!(!repeats(&in_event.replace("VEVENT", "VTIMEZONE")));
    for other in [r#""original": {"data": 5}"#, r#""original": null"#, r#""original": 5"#, r#""title": "x""#]
    {
        assert!(!repeats(other), "{other}");
    }
}

#[test]
fn join_url_is_from_conference_data_or_conference() {
    for (fields, expected) in [
        (
            r#""conferenceData": {"url": "https://a/1", "original": {}}, "conference": "https://b/2""#,
            Some("https://a/1"),
        ),
        (r#""conferenceData": {"provider": "googleMeet"}, "conference": "https://b/2""#, Some("https://b/2")),
        (r#""conferenceData": {"url": 7}, "conference": {"url": "https://c/3"}"#, Some("https://c/3")),
        (r#""conferenceData": null"#, None),
    ] {
        let event: Event = read(&format!(r#"{{"id": "e", {fields}}}"#));
        assert_eq!(event.join_url().as_deref(), expected, "{fields}");
    }
}
