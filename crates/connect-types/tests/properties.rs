//! Property tests of decoding and of recurrence rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::*;
use proptest::prelude::*;

/// Generates JSON values, both of expected and of unexpected types.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        ".*".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\ud83d""#.to_owned()),
        Just(r#""google""#.to_owned()),
        (-1_000_000_000_000_i64..2_000_000_000_000)
            .prop_map(|ms| format!("\"{}\"", jiff::Timestamp::from_millisecond(ms).unwrap())),
        (0_i64..40_000)
            .prop_map(|day| format!("\"{}\"", jiff::Timestamp::from_second(day * 86_400).unwrap())),
        Just(r#""2025-11-01T10:00""#.to_owned()),
        Just(r#""2025-11-01""#.to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            object(inner),
        ]
    })
}

fn object(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "provider",
            "id",
            "calendarId",
            "title",
            "start",
            "end",
            "allDay",
            "attendees",
            "email",
            "status",
            "conference",
            "url",
            "custom",
            "original",
            "lastModified",
            "events",
            "nextPageToken",
            "connections",
            "google",
            "success",
            "message",
            "event",
            "keys",
            "accounts",
            "access_token",
            "expires_in",
            "changeType",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,6}",
    ];
    prop::collection::vec((name, values), 0..8).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

fn read_all(body: &[u8]) {
    let _ = decode::<EventPage>(body);
    let _ = decode::<Vec<Calendar>>(body);
    let _ = decode::<Written>(body);
    let _ = decode::<ConnectionStatus>(body);
    let _ = decode::<TokenResponse>(body);
    let _ = decode::<WebhookKeys>(body);
    let _ = decode::<Subscribed>(body);
    let _ = decode::<Delivery>(body);
    let _ = decode::<ErrorBody>(body);
    let _ = decode::<Raw>(body);
}

/// Checks that reading in one pass and reading field by field return the same result.
fn assert_same_decoding(body: &[u8]) {
    fn compare<T: ResponseBody + PartialEq + std::fmt::Debug>(body: &[u8]) {
        assert_eq!(T::decode(body).ok(), decode::<T>(body).ok(), "{}", String::from_utf8_lossy(body));
    }
    compare::<EventPage>(body);
    compare::<Vec<Calendar>>(body);
    compare::<Written>(body);
    compare::<ConnectionStatus>(body);
    compare::<TokenResponse>(body);
    compare::<WebhookKeys>(body);
    compare::<Subscribed>(body);
    compare::<Delivery>(body);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn decode_of_any_bytes_does_not_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&body);
    }

    #[test]
    fn decode_of_any_object_does_not_fail(body in object(value()), cut in any::<prop::sample::Index>()) {
        read_all(body.as_bytes());
        read_all(&body.as_bytes()[..cut.index(body.len())]);
        prop_assert!(decode::<ErrorBody>(body.as_bytes()).is_ok());
        prop_assert!(decode::<Event>(body.as_bytes()).is_ok());
        prop_assert!(decode::<Delivery>(body.as_bytes()).is_ok());
    }

    #[test]
    fn one_pass_decodes_like_field_by_field(
        object in object(value()),
        events in prop::collection::vec(object(value()), 0..3),
        cut in any::<prop::sample::Index>(),
    ) {
        let list = format!("[{}]", events.join(" , "));
        let page = format!(" {{ \"events\" : {list}, \"pageSize\":2 }} ");
        let written = format!("{{\"success\":true,\"event\":{object},\"title\":null}}");
        for body in [&object, &list, &page, &written] {
            assert_same_decoding(body.as_bytes());
            assert_same_decoding(&body.as_bytes()[..cut.index(body.len())]);
        }
    }

    #[test]
    fn decoded_event_survives_a_round_trip(body in object(value())) {
        let event: Event = decode(body.as_bytes()).unwrap();
        let text = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(&decode::<Event>(text.as_bytes()).unwrap(), &event);
        let again = serde_json::to_string(&decode::<Event>(text.as_bytes()).unwrap()).unwrap();
        prop_assert_eq!(again, text);
        let written: Written = decode(body.as_bytes()).unwrap();
        let text = serde_json::to_string(&written).unwrap();
        prop_assert_eq!(decode::<Written>(text.as_bytes()).unwrap(), written);
    }

    #[test]
    fn parsers_of_any_text_do_not_panic(text in "\\PC*", name in ".*") {
        let _ = text.parse::<Recurrence>();
        let _ = text.parse::<Raw>();
        let time = EventTime::from(text.as_str());
        prop_assert_eq!(EventTime::from(time.to_string().as_str()), time);
        let _ = NewEvent::new((Provider::from(text.as_str()), name.as_str()), text.as_str(), jiff::Timestamp::MIN, jiff::Timestamp::MAX).body();
    }

    #[test]
    fn rule_survives_a_round_trip_through_rrule(
        frequency in prop::sample::select(vec![Frequency::Daily, Frequency::Monthly, Frequency::Yearly]),
        interval in 1_u32..,
        end in prop_oneof![Just(None), (1_u32..).prop_map(|n| Some(Ok(n))), (0_i64..200_000_000_000).prop_map(|s| Some(Err(s)))],
        days in prop::collection::vec(prop::sample::select(vec![Weekday::Monday, Weekday::Sunday]), 0..4),
        month_days in prop::collection::vec(prop_oneof![-31_i8..=-1, 1_i8..=31], 0..4),
        months in prop::collection::vec(1_i8..=12, 0..4),
    ) {
        let rule = Recurrence::every(frequency).interval(interval).on(days).on_days(month_days).in_months(months);
        let rule = match end {
            None => rule,
            Some(Ok(count)) => rule.count(count),
            Some(Err(second)) => rule.until(jiff::Timestamp::from_second(second).unwrap()),
        };
        prop_assert_eq!(rule.rrule().unwrap().parse::<Recurrence>().unwrap(), rule);
    }
}
