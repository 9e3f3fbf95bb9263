//! `verify` must accept genuine deliveries and refuse every other delivery with the right reason.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::types::{ChangeType, Provider};
use connect_core::{
    StoreError,
    webhooks::{Declined, PublicKey, Reason, Rejection, Verified, testing, verify},
};
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

/// Vectors that all official SDKs share: one body, signed by two server keys at Unix time 1790000000.
mod official {
    pub(super) const ACTIVE: &str = "whpk_0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs=";
    pub(super) const PREVIOUS: &str = "whpk_4bVYVyWUPGQLCcnQQoGU4qTyIeucOFTnkZXlNFAlv6g=";
    pub(super) const UNRELATED: &str = "whpk_ayphRQPtMA3vgSzLAuQ80QvyDQbO3ha9Xgc6xCwBWXI=";
    pub(super) const ID: &str = "msg_2a161f33-a287-419f-85f9-fc95dbecccdd";
    pub(super) const SENT: &str = "1790000000";
    pub(super) const BY_ACTIVE: &str =
        "v1a,ClNzh8jskfPsDqArmUq6vxG6/PAQmLXf7sMsXnReG1DAI3lMxKcQEyEqqWe/weLoTo8g72qIJ+H0nA1WhNWEDA==";
    pub(super) const BY_PREVIOUS: &str =
        "v1a,MYPOv3exr1vMvu95bLYcu1k3hDAQeC66XmOy91Y34m2q/mBd3j1dhT+ubQYkMZF7FxvItnlwU9yXKqd2A1SWDQ==";
    pub(super) const BODY: &str = "{\"eventType\":\"event.updated\",\"userId\":\"user_42\",\"provider\":\"google\",\
        \"calendarId\":\"primary\",\"events\":[{\"id\":\"evt_1\",\"title\":\"Caf\u{e9} meeting \u{2615} \u{2014} Zo\u{eb}\",\
        \"lastModified\":\"2026-09-21T10:00:00.000Z\"}]}";
}
use official::{ACTIVE, BODY, BY_ACTIVE, BY_PREVIOUS, ID, PREVIOUS, SENT, UNRELATED};

/// A delivery that a test modifies and then verifies with `keys` at the time `now`.
struct Case {
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    keys: Vec<&'static str>,
    now: i64,
}

fn official_case() -> Case {
    let headers = [("webhook-id", ID), ("webhook-timestamp", SENT), ("webhook-signature", BY_ACTIVE)];
    Case {
        headers: headers.map(|(name, value)| (name, value.as_bytes().to_vec())).to_vec(),
        body: BODY.as_bytes().to_vec(),
        keys: vec![ACTIVE],
        now: 1_790_000_000,
    }
}

impl Case {
    fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.and(name, value)
    }

    fn and(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn keys(mut self, keys: &[&'static str]) -> Self {
        self.keys = keys.to_vec();
        self
    }

    fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    fn outcome(&self) -> Result<Verified, Reason> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let keys: Vec<PublicKey> = self.keys.iter().filter_map(|key| key.parse().ok()).collect();
        verify(&headers, &self.body, &keys, Timestamp::from_second(self.now).unwrap())
    }

    fn passes(&self) -> Verified {
        self.outcome().unwrap()
    }

    fn refused(&self) -> Reason {
        self.outcome().unwrap_err()
    }
}

/// Returns a delivery with this body and a valid signature by `our_key`.
fn signed(body: impl AsRef<[u8]>) -> Case {
    signed_as("msg_1", "1790000000", body)
}

fn signed_as(id: &'static str, timestamp: &'static str, body: impl AsRef<[u8]>) -> Case {
    let content = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_ref()].concat();
    let signature = our_key().sign(&content).to_bytes();
    let headers = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_owned()),
        ("webhook-signature", format!("v1a,{}", STANDARD.encode(signature))),
    ];
    Case {
        headers: headers.map(|(name, value)| (name, value.into_bytes())).to_vec(),
        body: body.as_ref().to_vec(),
        keys: vec![OUR_PUBLIC_KEY],
        now: 1_790_000_000,
    }
}

fn our_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

const OUR_PUBLIC_KEY: &str = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

fn signature_of(case: &Case) -> String {
    let (_, value) = case.headers.iter().find(|(name, _)| *name == "webhook-signature").unwrap();
    String::from_utf8(value.clone()).unwrap()
}

#[test]
fn official_vectors_are_verified() {
    use Reason::*;
    let case = official_case;
    let both = || case().with("webhook-signature", format!("{BY_ACTIVE} {BY_PREVIOUS}"));
    let verified = case().passes();
    assert_eq!(*verified.id, *ID);
    assert_eq!(verified.timestamp.as_second(), 1_790_000_000);
    assert_eq!(verified.delivery.event_type.as_deref(), Some("event.updated"));
    assert_eq!(verified.delivery.events[0].event.title, "Caf\u{e9} meeting \u{2615} \u{2014} Zo\u{eb}");

    case().keys(&[UNRELATED, ACTIVE]).passes();
    both().passes();
    both().keys(&[PREVIOUS]).passes();
    case().at(1_790_000_300).passes();
    case().with("webhook-signature", format!("v1,bm90IGFuIEVkMjU1MTkgb25l {BY_ACTIVE}")).passes();
    case().keys(&["whpk_!!!", "whpk_AAAA", ACTIVE]).passes();

    assert_eq!(both().keys(&[UNRELATED]).refused(), NoMatchingSignature);
    assert_eq!(case().keys(&[PREVIOUS]).refused(), NoMatchingSignature);
    assert_eq!(case().body(BODY.replace('\u{e9}', "e")).refused(), NoMatchingSignature);
    assert_eq!(case().with("webhook-timestamp", "1790000001").refused(), NoMatchingSignature);
    assert_eq!(case().with("webhook-id", "msg_other").refused(), NoMatchingSignature);
    assert_eq!(case().at(1_790_000_301).refused(), TimestampOutOfTolerance);
    assert_eq!(case().at(1_789_999_699).refused(), TimestampOutOfTolerance);
    assert_eq!(case().with("webhook-timestamp", "yesterday").refused(), InvalidTimestamp);
    assert_eq!(
        case().with("webhook-signature", "v1,bm90IGFuIEVkMjU1MTkgb25l").refused(),
        NoMatchingSignature
    );
    assert_eq!(case().with("webhook-signature", "v1a,not base64!").refused(), NoMatchingSignature);
    assert_eq!(case().with("webhook-signature", "v1a,AAAA").refused(), NoMatchingSignature);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert_eq!(case().without(name).refused(), MissingHeaders, "{name}");
    }
    assert_eq!(case().keys(&[]).refused(), NoPublicKeys);
}

#[test]
fn reason_has_its_code_and_status() {
    use Reason::*;
    let table = [
        (MissingHeaders, "missing_headers", 400),
        (InvalidTimestamp, "invalid_timestamp", 400),
        (TimestampOutOfTolerance, "timestamp_out_of_tolerance", 401),
        (NoPublicKeys, "no_public_keys", 503),
        (NoMatchingSignature, "no_matching_signature", 401),
        (InvalidPayload, "invalid_payload", 400),
    ];
    for (reason, code, status) in table {
        assert_eq!((reason.code(), reason.status()), (code, status));
        assert_eq!(Declined::from(Rejection::from(reason)).status().as_u16(), status);
    }
    assert_eq!(Declined::Handled.status(), 200);
    for again in [Declined::InProgress, Declined::Guard(StoreError::new("away"))] {
        assert_eq!(again.status(), 503, "{again:?}");
    }
}

#[test]
fn first_failed_check_gives_the_reason() {
    let worst = official_case().keys(&[]).body("").with("webhook-timestamp", "x").at(0);
    assert_eq!(worst.refused(), Reason::InvalidTimestamp);
    assert_eq!(worst.without("webhook-id").refused(), Reason::MissingHeaders);
    assert_eq!(official_case().keys(&[]).body("").at(0).refused(), Reason::TimestampOutOfTolerance);
    assert_eq!(official_case().keys(&[]).body("").refused(), Reason::NoPublicKeys);
    assert_eq!(official_case().body("no JSON").refused(), Reason::NoMatchingSignature);
}

#[test]
fn timestamp_within_300_seconds_is_accepted() {
    official_case().at(1_789_999_700).passes();
    official_case().at(1_790_000_300).passes();
    let half = Timestamp::from_millisecond(1_790_000_300_999).unwrap();
    let request = testing::sign("msg_1", "{}", Timestamp::from_second(1_790_000_000).unwrap());
    let keys = [testing::public_key()];
    assert!(
        verify(request.headers(), request.body(), &keys, half).is_ok(),
        "fractions of a second are ignored"
    );
}

#[test]
fn header_names_are_case_insensitive() {
    for name in ["Webhook-Id", "WEBHOOK-ID", "wEbHoOk-iD"] {
        official_case().without("webhook-id").and(name, ID).passes();
    }
}

#[test]
fn repeated_header_is_refused() {
    for (name, value) in [("webhook-id", ID), ("webhook-timestamp", SENT), ("webhook-signature", BY_ACTIVE)] {
        assert_eq!(official_case().and(name, value).refused(), Reason::MissingHeaders, "{name} again");
        assert_eq!(official_case().and(name, "other").refused(), Reason::MissingHeaders, "another {name}");
        assert_eq!(official_case().and(name, "").refused(), Reason::MissingHeaders, "an empty {name}");
    }
}

#[test]
fn empty_or_non_ascii_header_counts_as_missing() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        for value in [&b""[..], b"\xff", "caf\u{e9}".as_bytes(), b"a\tb\xfe"] {
            assert_eq!(
                official_case().with(name, value).refused(),
                Reason::MissingHeaders,
                "{name}: {value:?}"
            );
        }
    }
}

#[test]
fn timestamp_with_other_than_digits_is_refused() {
    for text in [
        " 1790000000",
        "1790000000 ",
        "+1790000000",
        "-1790000000",
        "1790000000.0",
        "1.79e9",
        "0x6AB",
        "179\t0",
        " ",
    ] {
        let case = official_case().with("webhook-timestamp", text);
        assert_eq!(case.refused(), Reason::InvalidTimestamp, "{text:?}");
    }
    for digits in [16, 100, 5_000] {
        let case = official_case().with("webhook-timestamp", "9".repeat(digits));
        assert_eq!(case.refused(), Reason::TimestampOutOfTolerance, "{digits} digits");
    }
    // The signature covers the text of the timestamp.
    let zeros = "0".repeat(5_000) + SENT;
    assert_eq!(official_case().with("webhook-timestamp", zeros).refused(), Reason::NoMatchingSignature);
    signed_as("msg_1", "0001790000000", "{}").passes();
    assert_eq!(signed_as("msg_1", "0", "{}").refused(), Reason::TimestampOutOfTolerance);
    signed_as("msg_1", "0", "{}").at(0).passes();
    signed_as("msg_1", "000", "{}").at(300).passes();
}

#[test]
fn signatures_are_separated_by_spaces() {
    let passes = [
        format!("{BY_ACTIVE} "),
        format!(" {BY_ACTIVE}"),
        format!("{BY_PREVIOUS}  {BY_ACTIVE}"),
        format!("v1a, v1a,= , {BY_ACTIVE}"),
    ];
    for text in passes {
        official_case().with("webhook-signature", &text).passes();
    }
    let refused = [
        BY_ACTIVE.replace("v1a,", "v1a, "),
        BY_ACTIVE.replace("v1a,", "V1A,"),
        BY_ACTIVE.replace("v1a,", "v1a"),
        BY_ACTIVE.replace("v1a,", "v1a,,"),
        format!("{BY_PREVIOUS}\t{BY_ACTIVE}"),
        format!("{BY_PREVIOUS},{BY_ACTIVE}"),
        format!("{BY_ACTIVE}\t"),
        "v1a,".to_owned(),
        " ".to_owned(),
    ];
    for text in refused {
        let case = official_case().with("webhook-signature", &text);
        assert_eq!(case.refused(), Reason::NoMatchingSignature, "{text:?}");
    }
}

#[test]
fn nonstandard_base64_is_refused() {
    let text = BY_ACTIVE.strip_prefix("v1a,").unwrap();
    let refused = [
        text.trim_end_matches('=').to_owned(),
        text.replacen("==", "=", 1),
        format!("{text}="),
        format!("!{text}"),
        text.replacen("fPs", "f!Ps", 1),
        text.replace('+', "-").replace('/', "_"),
        // The last character contains four unused bits.
        text.replace("DA==", "DB=="),
        format!("{text}{text}"),
    ];
    for text in refused {
        let case = official_case().with("webhook-signature", format!("v1a,{text}"));
        assert_eq!(case.refused(), Reason::NoMatchingSignature, "{text}");
    }
}

#[test]
fn only_four_signatures_are_tried() {
    let forged =
        |n: u8| format!("v1a,{} ", STANDARD.encode(SigningKey::from_bytes(&[n; 32]).sign(b"x").to_bytes()));
    let three: String = (1..4).map(forged).collect();
    official_case().with("webhook-signature", three.clone() + BY_ACTIVE).passes();
    let case = official_case().with("webhook-signature", three.clone() + &forged(4) + BY_ACTIVE);
    assert_eq!(case.refused(), Reason::NoMatchingSignature);
    // Repeated and invalid entries do not count towards the limit of four signatures.
    official_case().with("webhook-signature", three.repeat(50) + BY_ACTIVE).passes();
    official_case().with("webhook-signature", format!("{BY_ACTIVE} {BY_ACTIVE}")).passes();
    official_case().with("webhook-signature", "v1,AAAA v1a,AAAA v1a,!! ".repeat(500) + BY_ACTIVE).passes();
}

#[test]
fn invalid_public_key_is_refused() {
    let good = ACTIVE.strip_prefix("whpk_").unwrap();
    official_case().keys(&["0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs="]).passes();
    let bad = [
        "",
        "whpk_",
        "whpk_0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs",
        "whpk_0r0-Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs=",
        "whpk_ 0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs=",
        "whpk_0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXA==",
        "whsk_0r0+Z02Sv1SRb1QjsKUnil6t2oqtAyhn5HHfKgbTXFs=",
        // The neutral element of the curve. With this key, anybody can sign.
        "whpk_AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ];
    for text in bad {
        assert!(text.parse::<PublicKey>().is_err(), "{text}");
    }
    assert_eq!(official_case().keys(&bad).refused(), Reason::NoPublicKeys);
    assert_eq!(ACTIVE.parse::<PublicKey>().unwrap().to_string(), format!("whpk_{good}"));
}

#[test]
fn malleable_signature_is_refused() {
    // Lax implementations accept S + L as a second form of the signature (RFC 8032 section 8.4).
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let case = signed("{}");
    let mut bytes = STANDARD.decode(signature_of(&case).strip_prefix("v1a,").unwrap()).unwrap();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    case.passes();
    let bent = case.with("webhook-signature", format!("v1a,{}", STANDARD.encode(bytes)));
    assert_eq!(bent.refused(), Reason::NoMatchingSignature);
}

#[test]
fn body_that_is_not_an_object_is_refused() {
    for body in
        ["", " ", "null", "[]", "1", "\"text\"", "{", "{\"events\": [}", "{} {}", "\u{feff}\u{feff}{}"]
    {
        assert_eq!(signed(body).refused(), Reason::InvalidPayload, "{body:?}");
    }
    assert_eq!(signed(b"\xff\xfe{\0}\0").refused(), Reason::InvalidPayload);
    assert_eq!(official_case().body(b"\xff\xfe").refused(), Reason::NoMatchingSignature);
}

#[test]
fn invalid_utf8_in_a_title_is_replaced() {
    let verified =
        signed(b"{\"userId\": \"ann\", \"events\": [{\"id\": \"e1\", \"title\": \"caf\xe9\"}]}").passes();
    assert_eq!(verified.delivery.events[0].event.title, "caf\u{fffd}");
    let verified = signed(r#"{"events": [{"id": "e1", "title": "\ud83d"}]}"#).passes();
    assert_eq!(verified.delivery.events[0].event.id, "e1");
}

#[test]
fn values_of_unexpected_type_are_kept() {
    let body = r#"{
        "provider": "carrier-pigeon", "userId": "ann", "changeType": "merged", "timestamp": "soon", "new": {"a": 1},
        "metadata": {"eventCount": "two", "isInitialSync": null},
        "events": [
            {"id": "e1", "changeType": "evaporated", "attendees": [{"status": "accepted"}, 5, "bob@example.org"]},
            {"id": "e2", "changeType": "deleted"},
            {"id": "e3", "start": 17, "end": "whenever", "allDay": "yes", "conference": {"url": "https://meet.example"}},
            {"id": 17}, null
        ]
    }"#;
    let delivery = signed(body).passes().delivery;
    assert_eq!(delivery.provider.as_ref().map(Provider::as_str), Some("carrier-pigeon"));
    assert_eq!(delivery.change_type.as_ref().map(ChangeType::as_str), Some("merged"));
    assert_eq!(delivery.events[0].change_type.as_ref().map(ChangeType::as_str), Some("evaporated"));
    assert_eq!(delivery.events[1].change_type, Some(ChangeType::Deleted));
    assert!(delivery.events[1].event.start.is_none());
    assert_eq!(delivery.extra.get("new").map(|raw| raw.get()), Some(r#"{"a": 1}"#));

    // An event that cannot be decoded does not hide the others. The delivery keeps the original list.
    let events = r#"[{"id": "e1"}, "e2", null, 5, [], {"id": "e3", "changeType": "deleted"}]"#;
    let delivery = signed(format!(r#"{{"events": {events}}}"#)).passes().delivery;
    let ids: Vec<_> = delivery.events.iter().map(|change| &*change.event.id).collect();
    assert_eq!(ids, ["e1", "e3"]);
    assert_eq!(delivery.extra.get("events").map(|raw| raw.get()), Some(events));
    for events in ["null", "{}", "\"none\"", "[[]]", "5"] {
        signed(format!(r#"{{"userId": "ann", "events": {events}}}"#)).passes();
    }
    let deep =
        format!(r#"{{"events": [{{"id": "e1", "original": {}1{}}}]}}"#, "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(signed(deep).passes().delivery.events[0].event.id, "e1");
}

#[test]
fn documented_delivery_is_decoded() {
    let body = r#"{
        "provider": "microsoft", "userId": "user-123", "calendarId": "AAMkAG",
        "events": [{"id": "AAMkAGI2", "provider": "microsoft", "title": "Product review", "allDay": false,
            "start": "2026-03-12T09:00:00.000Z", "end": "2026-03-12T10:00:00.000Z", "changeType": "updated"}],
        "changeType": "updated", "timestamp": "2026-03-12T09:01:12.000Z",
        "metadata": {"channelId": "sub-123", "eventCount": 1, "isInitialSync": false}
    }"#;
    let delivery = signed(body).passes().delivery;
    assert_eq!(delivery.provider, Some(Provider::Microsoft));
    assert_eq!(delivery.change_type, Some(ChangeType::Updated));
    let metadata = delivery.metadata.unwrap();
    assert_eq!((metadata.event_count, metadata.is_initial_sync), (Some(1), Some(false)));
    assert_eq!(delivery.timestamp, Some("2026-03-12T09:01:12Z".parse().unwrap()));
}
