//! A page of events: read or refused, and what was read is written and read again the same.

#![no_main]

use connect_core::types::EventPage;
use connect_fuzz::round_trip;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Some(page) = round_trip::<EventPage>(body) else { return };
    // Not more than that: in a text that is read in place a control character may stand as it is.
    assert!(body.trim_ascii_start().starts_with(b"{"), "an answer of another kind is no empty page");
    assert_ne!(page.next_page_token.as_deref(), Some(""), "an empty token ends the pages");
});
