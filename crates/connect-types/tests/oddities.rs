//! Tests that odd values in a response affect only their own field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::*;

fn event(fields: &str) -> Event {
    serde_json::from_str(&format!("{{{fields}}}")).unwrap_or_else(|error| panic!("{error}: {fields}"))
}

#[test]
fn page_with_odd_values_is_decoded_completely() {
    let odd = [
        r#""title": "\ud83d cut", "description": "\ude00", "location": "ok""#,
        r#""title": null, "description": null, "color": null, "attendees": null, "start": null"#,
        r#""title": 5, "description": {"a": "\ud83d"}, "allDay": "yes", "attendees": {}, "color": []"#,
        r#""start": "2025-11-01T10:00", "end": "2025-11-01""#,
        r#""start": "soon", "end": 1761991200000"#,
        r#""allDay": true, "start": "2025-11-15T00:00:00.000Z", "end": "2025-11-16T00:00:00Z""#,
        r#""conference": {"url": "https://x", "meetingProvider": "zoom"}, "conferenceData": null"#,
        r#""conference": "https://x", "attendees": ["a@example.org", {"email": "b@example.org"}, null]"#,
        r#""attendees": [{"status": "delegated"}, 5]"#,
        r#""provider": "zoho", "status": "moved", "availability": "outOfOffice", "privacy": null"#,
        r#""original": {"deep": [[[[[{"n": 123456789012345678901234567890}]]]]]}, "custom": "text""#,
        r#""\u0074itle": "escaped key", "unkn\ud83dwn": 1, "new": [1, 2]"#,
        r#""lastModified": "yesterday", "start": "2025-11-01T10:00:00+01:00""#,
        r#""title": "a", "title": "b""#,
    ];
    let events: Vec<String> =
        (0..1000).map(|n| format!(r#"{{"id": "{n}", {}}}"#, odd[n % odd.len()])).collect();
    let text = format!(r#"{{"events": [{}], "nextPageToken": null, "total": 1000}}"#, events.join(", "));
    let page: EventPage = decode(text.as_bytes()).unwrap();
    assert_eq!(page.events.len(), 1000);
    assert!(page.events.iter().enumerate().all(|(n, event)| event.id == n.to_string()));
    assert_eq!(page.next_page_token, None);
    assert_eq!(page.extra.get("total").unwrap().get(), "1000");

    // A value of the wrong type is in `extra`, and the typed field is empty.
    let event = |n: usize| &page.events[n];
    let extra = |n: usize, name: &str| event(n).extra.get(name).map(Raw::get);
    let text = |time: &Option<EventTime>| time.as_ref().map(ToString::to_string);
    assert_eq!(event(0).title, "\u{FFFD} cut");
    assert_eq!(event(0).location.as_deref(), Some("ok"));
    assert_eq!((event(1).title.as_str(), &event(1).start), ("", &None));
    assert_eq!(extra(2, "title"), Some("5"));
    assert_eq!(extra(2, "allDay"), Some("\"yes\""));
    assert_eq!(text(&event(3).start).as_deref(), Some("2025-11-01T10:00:00"));
    assert!(matches!(event(3).start, Some(EventTime::Local(_))));
    assert!(matches!(event(3).end, Some(EventTime::Date(_))));
    assert_eq!(event(4).start, Some(EventTime::Unreadable("soon".into())));
    assert_eq!((&event(4).end, extra(4, "end")), (&None, Some("1761991200000")));
    assert_eq!(text(&event(5).start).as_deref(), Some("2025-11-15"));
    assert_eq!(text(&event(5).end).as_deref(), Some("2025-11-16"));
    for n in [6, 7] {
        assert_eq!(
            event(n).conference.as_ref().and_then(|conference| conference.url()),
            Some("https://x"),
            "{n}"
        );
    }
    let emails =
        |n: usize| event(n).attendees.iter().map(|attendee| attendee.email.as_str()).collect::<Vec<_>>();
    assert_eq!(emails(7), ["a@example.org", "b@example.org"]);
    assert_eq!(event(9).provider.as_ref().map(Provider::as_str), Some("zoho"));
    assert_eq!(event(9).status.as_ref().map(EventStatus::as_str), Some("moved"));
    let original = event(10).original.as_ref().unwrap().get();
    assert_eq!(original, r#"{"deep": [[[[[{"n": 123456789012345678901234567890}]]]]]}"#, "byte for byte");
    assert_eq!((event(11).title.as_str(), extra(11, "new")), ("escaped key", Some("[1, 2]")));
    assert_eq!(text(&event(12).start).as_deref(), Some("2025-11-01T09:00:00.000Z"));
    assert_eq!(extra(12, "lastModified"), Some("\"yesterday\""));
    let again: EventPage = decode(serde_json::to_string(&page).unwrap().as_bytes()).unwrap();
    assert_eq!(again, page);
}

#[test]
fn lone_surrogate_becomes_one_replacement_character() {
    let event = event(r#""title": "\ud83d cut", "attendees": ["\ud83d"], "unkn\ud83dwn": "\ud83d""#);
    assert_eq!(event.title, "\u{FFFD} cut");
    assert_eq!(event.attendees[0].email, "\u{FFFD}");
    assert_eq!(event.extra.get("unkn\u{FFFD}wn").unwrap().get(), r#""\ud83d""#);
    assert_eq!(serde_json::from_str::<Provider>(r#""\ud83d""#).unwrap(), Provider::from("\u{FFFD}"));
}

#[test]
fn body_with_a_byte_order_mark_is_read() {
    for body in ["\u{feff}{\"id\": \"a\"}", "{\"id\": \"a\"}"] {
        assert_eq!(decode::<Event>(body.as_bytes()).unwrap().id, "a");
    }
    let not_utf8 = [b"\xef\xbb\xbf".as_slice(), b"{\"id\": \"\xe9\"}"].concat();
    assert_eq!(decode::<Event>(&not_utf8).unwrap().id, "\u{fffd}");
    assert!(decode::<Event>("\u{feff}\u{feff}{}".as_bytes()).is_err());
}

#[test]
fn body_that_is_not_utf8_is_decoded() {
    let page: EventPage = decode(b"{\"events\": [{\"title\": \"caf\xe9\"}]}").unwrap();
    assert_eq!(page.events[0].title, "caf\u{FFFD}");
}

#[test]
fn field_of_another_type_is_kept_in_extra() {
    let event = event(r#""title": 5, "description": {"a": 1}, "allDay": "yes", "end": 17, "attendees": [5]"#);
    assert_eq!(
        (event.title.as_str(), &event.description, event.all_day, &event.end),
        ("", &None, None, &None)
    );
    assert!(event.attendees.is_empty());
    let kept: Vec<_> = event.extra.iter().map(|(name, raw)| (name, raw.get())).collect();
    assert_eq!(
        kept,
        [
            ("allDay", "\"yes\""),
            ("attendees", "[5]"),
            ("description", r#"{"a": 1}"#),
            ("end", "17"),
            ("title", "5")
        ]
    );
    assert_eq!(serde_json::from_str::<Event>(&serde_json::to_string(&event).unwrap()).unwrap(), event);
}

#[test]
fn null_in_a_list_is_skipped() {
    let event = event(r#""attendees": ["a@example.org", null, {"email": "b@example.org"}]"#);
    assert_eq!(
        event.attendees.iter().map(|one| one.email.as_str()).collect::<Vec<_>>(),
        ["a@example.org", "b@example.org"]
    );
}

#[test]
fn absent_null_or_empty_page_token_is_none() {
    for fields in ["", r#", "nextPageToken": null"#, r#", "nextPageToken": """#] {
        let page: EventPage = serde_json::from_str(&format!(r#"{{"events": []{fields}}}"#)).unwrap();
        assert_eq!((page.next_page_token, page.extra.len()), (None, 0), "{fields}");
    }
}

#[test]
fn null_is_absent_and_the_last_duplicate_field_wins() {
    assert_eq!(event(r#""color": null, "start": null, "attendees": null, "id": null"#), Event::default());
    assert_eq!(event(r#""title": 5, "title": "b""#), event(r#""title": "b""#));
    assert_eq!(event(r#""title": "b", "title": 5"#).title, "");
}

#[test]
fn time_is_instant_local_date_or_unreadable() {
    let time = |text: &str| event(&format!(r#""start": "{text}""#)).start.unwrap();
    for instant in [
        "2025-11-01T10:00:00.000Z",
        "2025-11-01T10:00:00Z",
        "2025-11-01T10:00Z",
        "2025-11-01T11:00:00+01:00",
        "2025-11-01T05:00-05:00",
        "2025-11-01 10:00:00Z",
        "2025-11-01T11:00:00+01:00[Europe/Budapest]",
    ] {
        assert_eq!(time(instant).instant().unwrap().as_second(), 1_761_991_200, "{instant}");
    }
    for local in ["2025-11-01T10:00:00", "2025-11-01T10:00", "2025-11-01T10:00:00.000"] {
        assert_eq!(time(local), EventTime::Local("2025-11-01T10:00".parse().unwrap()), "{local}");
    }
    assert_eq!(time("2025-11-01"), EventTime::Date("2025-11-01".parse().unwrap()));
    for odd in
        ["", "soon", "2025-13-01", "2025-11-01T25:00Z", "10:00", "2025-11-01T10:00[Europe/Budapest]", "T"]
    {
        assert_eq!(time(odd), EventTime::Unreadable(odd.into()));
    }
    // jiff panics on a time in the first second of its range.
    let first = "-009999-01-02T01:59:58.5Z";
    assert_eq!(time(first), EventTime::Unreadable(first.into()));
    let event: Event = decode(format!(r#"{{"lastModified": "{first}"}}"#).as_bytes()).unwrap();
    assert_eq!((event.last_modified, event.extra.len()), (None, 1));
}

#[test]
fn all_day_midnights_become_dates_in_any_field_order() {
    let day = |text: &str| Some(EventTime::Date(text.parse().unwrap()));
    for fields in [
        r#""allDay": true, "start": "2025-11-15T00:00:00.000Z", "end": "2025-11-16T00:00:00Z""#,
        r#""end": "2025-11-16T00:00:00", "start": "2025-11-15", "allDay": true"#,
    ] {
        let event = event(fields);
        assert_eq!((event.start, event.end), (day("2025-11-15"), day("2025-11-16")), "{fields}");
    }
    for fields in [
        r#""allDay": false, "start": "2025-11-15T00:00:00.000Z""#,
        r#""start": "2025-11-15T00:00:00.000Z""#,
        r#""allDay": true, "start": "2025-11-15T00:00:00.000+02:00""#,
    ] {
        assert!(matches!(event(fields).start, Some(EventTime::Instant(_))), "{fields}");
    }
}

#[test]
fn unknown_enum_value_is_kept_and_equals_no_known_one() {
    let event = event(r#""provider": "zoho""#);
    assert_eq!(event.provider.as_ref().unwrap().as_str(), "zoho");
    assert!(matches!(event.provider, Some(Provider::Other(_))));
    for known in Provider::KNOWN {
        assert_eq!(&Provider::from(known.as_str()), known);
        assert_eq!(&serde_json::from_str::<Provider>(&format!("\"{known}\"")).unwrap(), known);
    }
    assert_eq!(Provider::from("g\u{6f}ogle"), Provider::Google);
}

#[test]
fn scope_covers_lesser_and_unknown_scopes() {
    use Scope::*;
    assert!(ReadWrite.covers(&Read) && Read.covers(&FreeBusy) && Read.covers(&Read));
    assert!(!FreeBusy.covers(&Read) && !Read.covers(&ReadWrite));
    assert!(Scope::from("calendar").covers(&ReadWrite) && FreeBusy.covers(&Scope::from("more")));
}

#[test]
fn written_event_under_event_and_at_the_root_is_merged() {
    let both = r#"{"id": "1", "event": {"id": "1", "title": "t"}, "link": "l", "success": true}"#;
    let written: Written = serde_json::from_str(both).unwrap();
    assert_eq!((written.event.title.as_str(), written.event.link.as_deref()), ("t", Some("l")));
    assert!(written.event.extra.is_empty());
    let null: Written = serde_json::from_str(r#"{"id": "1", "event": null}"#).unwrap();
    assert_eq!((null.event.id.as_str(), null.event.extra.len()), ("1", 0));
    let odd: Written = serde_json::from_str(r#"{"id": "1", "event": "created"}"#).unwrap();
    assert_eq!(odd.event.extra.get("event").unwrap().get(), "\"created\"");
    let days = r#"{"event": {"start": "2025-11-15T00:00:00Z", "allDay": true}}"#;
    assert!(serde_json::from_str::<Written>(days).unwrap().event.start.unwrap().date().is_some());
}

#[test]
fn object_with_200_000_unknown_fields_is_decoded() {
    let fields: Vec<String> = (0..200_000).map(|n| format!("\"f{n}\": 1")).collect();
    assert_eq!(event(&fields.join(", ")).extra.len(), 200_000);
}

#[test]
fn deeply_nested_raw_value_is_kept_as_text() {
    let deep = format!(r#"{{"original": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(decode::<Event>(deep.as_bytes()).unwrap().original.unwrap().get().len(), 200_001);
}
