//! A page of events. The decoder must accept only JSON objects as pages. A decoded page must not change if it
//! is encoded and decoded again.

#![no_main]

use connect_core::types::EventPage;
use connect_fuzz::round_trip;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Some(page) = round_trip::<EventPage>(body) else { return };
    // `is_object` would be too strict, because the decoder accepts raw control characters in some strings.
    assert!(body.trim_ascii_start().starts_with(b"{"), "a body that is not an object is decoded as a page");
    assert_ne!(page.next_page_token.as_deref(), Some(""), "an empty page token is not dropped");
});
