//! The values of headers with durations, one per line. The first line is the `Retry-After` of a
//! response that refuses a call. The second and third lines are the `Cache-Control` and `Age` of
//! the response with the webhook keys.
//!
//! No pause of a call may end after the deadline of the call. Keys must be cached for at most a day.

#![no_main]

use std::time::Duration;

use connect_core::{
    ErrorKind, Response,
    types::ListCalendars,
    webhooks::{CheckStep, KeyRing, testing},
};
use connect_fuzz::{Input, World, response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use libfuzzer_sys::fuzz_target;

const DAY: u64 = 24 * 3600;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        retry_after(status, input_line(&mut Input::new(bytes)));
    }
    input.line();
    let (cache_control, age) = (input_line(&mut input), input_line(&mut input));
    keys(cache_control, age);
});

fn input_line(input: &mut Input<'_>) -> Option<HeaderValue> {
    HeaderValue::from_bytes(input.line()).ok()
}

fn with(mut response: Response, name: HeaderName, value: Option<HeaderValue>) -> Response {
    if let Some(value) = value {
        response.headers_mut().insert(name, value);
    }
    response
}

fn retry_after(status: StatusCode, value: Option<HeaderValue>) {
    let mut world = World::signed_in();
    let begun = world.now;
    let outcome = world
        .call(&ListCalendars::new(), |_| Ok(with(response(status, b""), header::RETRY_AFTER, value.clone())));
    let error = outcome.expect_err("the status is an error");
    assert!(matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Server), "{error:?}");
    let text = value.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let took = world.now.monotonic - begun.monotonic;
    if digits {
        let wait = Duration::from_secs(text.parse().unwrap_or(u64::MAX));
        let parsed = error.retry_after().expect("a number of seconds is a valid Retry-After");
        assert!(parsed <= wait, "{parsed:?} of {wait:?}");
        let longer = wait >= world.app.config().timeout;
        assert_eq!(
            longer,
            world.sent.len() == 1,
            "a call whose pause would end after its deadline does not fail immediately"
        );
        assert!(
            longer || took >= wait * (world.sent.len() as u32 - 1),
            "the client waits less than Retry-After"
        );
    } else if error.retry_after().is_some() {
        let is_fraction = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        assert!(text.contains(':') || is_fraction, "{text} is neither a date nor a number of seconds");
    }
}

fn keys(cache_control: Option<HeaderValue>, age: Option<HeaderValue>) {
    let world = World::new();
    let ring = KeyRing::new(&world.app).expect("no pinned key");
    let delivery = testing::sign("msg_1", "{}", world.now.wall);
    let CheckStep::Fetch(fetch, checking) = ring.check(delivery.headers(), delivery.body(), world.now) else {
        panic!("a check without keys does not fetch the keys");
    };
    let (_, fetching) = fetch.start(world.now).expect("the first fetch");
    let document = format!(r#"{{"keys":[{{"key":"{}"}}]}}"#, testing::public_key());
    let response = response(StatusCode::OK, document.as_bytes());
    let response = with(response, header::CACHE_CONTROL, cache_control.clone());
    fetching.resume(Ok(with(response, header::AGE, age.clone())), world.now);
    let CheckStep::Done(Ok(_), _) = checking.resume(world.now) else { panic!("the key is not used") };
    let kept = ring.fetched().expect("keys that were fetched").max_age;
    assert!(kept <= DAY, "{kept}");
    let text = cache_control.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text.trim().eq_ignore_ascii_case("no-store") {
        assert_eq!(kept, 0);
    }
    // A valid value consists of digits only (RFC 9111 1.2.2), without a sign.
    let digits = text.strip_prefix("max-age=").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    if let (Some(seconds), None) = (digits.and_then(|text| text.parse::<u64>().ok()), age) {
        assert_eq!(kept, seconds.min(DAY));
    }
}
