//! Tests of arbitrary requests to Graph. Each request must get a response in Graph's format, and must not
//! cause a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::graph::*;
use common::{encode, read};
use proptest::prelude::*;
use serde_json::{Value, json};

const PATHS: &[&str] = &[
    "/me/calendars",
    "/me/calendar",
    "/me/calendarView",
    "/me/calendarView/delta",
    "/me/calendars/own/calendarView/delta()",
    "/me/events",
    "/me/events/review",
    "/me/events/standup",
    "/me/events/standup_20261118T090000Z",
    "/me/events/standup/instances",
    "/me/calendars/%ff/events/%00_",
    "/me/calendar/getSchedule",
];
const NAMES: &[&str] = &[
    "startDateTime",
    "endDateTime",
    "$top",
    "$skip",
    "$select",
    "$orderby",
    "$expand",
    "$skiptoken",
    "$deltatoken",
];
const FIELDS: &[&str] = &[
    "subject",
    "body",
    "start",
    "end",
    "isAllDay",
    "location",
    "locations",
    "attendees",
    "showAs",
    "sensitivity",
    "recurrence",
    "categories",
    "extensions",
    "singleValueExtendedProperties",
    "isOnlineMeeting",
    "transactionId",
    "schedules",
    "startTime",
    "endTime",
    "availabilityViewInterval",
];

/// Returns arbitrary JSON values. Many of the values are valid for some property of an event.
fn value() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(vec![
        "",
        "2026-11-18T10:00:00",
        "2026-11-18",
        "9999-12-31T23:59:59",
        "-009999-01-01T00:00:00",
        "UTC",
        "Tokyo Standard Time",
        "Europe/Budapest",
        "a@b",
        "weekly",
        "absoluteYearly",
        "monday",
        "last",
        "noEnd",
        "endDate",
        "numbered",
        "html",
        "free",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![-1_i64, 0, 1, 29, 31, 999, i64::MAX]).prop_map(Value::from),
        texts.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let names = prop::sample::select(vec![
            "dateTime",
            "timeZone",
            "displayName",
            "emailAddress",
            "address",
            "status",
            "response",
            "pattern",
            "range",
            "type",
            "interval",
            "daysOfWeek",
            "dayOfMonth",
            "month",
            "index",
            "startDate",
            "endDate",
            "numberOfOccurrences",
            "contentType",
            "content",
            "extensionName",
            "id",
            "value",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Returns an event with some arbitrary fields.
fn body() -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((prop::sample::select(FIELDS), value()), 0..4);
    (fields, any::<bool>()).prop_map(|(fields, whole)| {
        let mut body = if whole { hour() } else { json!({}) };
        fields.into_iter().for_each(|(name, value)| body[name] = value);
        body
    })
}

fn query() -> impl Strategy<Value = String> {
    let values = prop::sample::select(vec![
        "2026-11-16",
        "2026-11-23T00:00:00Z",
        "9999-12-30",
        "-009999-01-01",
        "0",
        "3",
        "1000",
        "18446744073709551615",
        "start/dateTime desc",
        "subject,start",
        "extensions",
        "((",
        "'",
    ]);
    let values = prop_oneof![values.prop_map(str::to_owned), ".{0,12}"];
    prop::collection::vec((prop::sample::select(NAMES), values), 0..5).prop_map(|pairs| {
        pairs.into_iter().map(|(name, value)| format!("{name}={}&", encode(&value))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn arbitrary_graph_request_gets_a_response(
        requests in prop::collection::vec(
            (prop::sample::select(&["GET", "POST", "PATCH", "DELETE"][..]), prop::sample::select(PATHS), query(), body(), "[ -~]{0,20}"),
            1..4,
        ),
    ) {
        let (mut app, token) = ada(&[]);
        let bearer = format!("Bearer {token}");
        for (method, path, query, body, prefer) in requests {
            let headers = [("authorization", bearer.as_str()), ("prefer", &prefer)];
            let reply = app.graph_reply(&headers, method, &format!("{path}?{query}"), Some(body));
            let (status, body) = read(&reply);
            prop_assert!(status.as_u16() < 500, "{status} {body}");
            if status.as_u16() >= 400 && status != 405 {
                refusal(status.as_u16(), &body);
            }
        }
        app.graph_ok(&token, VIEW);
    }
}
