//! A single event, alone or inside the response to a write.
//!
//! The decoder must read every JSON object as an event, and refuse every other input. If an event can be
//! changed, the update and delete requests must be valid.

#![no_main]

use connect_core::{
    Endpoint,
    types::{Event, EventTime, Written},
};
use connect_fuzz::{is_object, round_trip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let event = round_trip::<Event>(body);
    assert_eq!(event.is_some(), is_object(body), "a JSON object is not decoded as an event");
    assert_eq!(round_trip::<Written>(body).is_some(), event.is_some());
    let Some(event) = event else { return };
    for time in event.start.iter().chain(&event.end) {
        assert_eq!(EventTime::from(time.to_string().as_str()), *time);
    }
    if let Ok(change) = event.change() {
        // The title is set, since an update that changes nothing is refused.
        Endpoint::body(&change.title("Moved")).expect("a decoded event gives a valid update");
        let delete = event.delete().expect("an event that can be changed can be deleted");
        Endpoint::query(&delete).expect("a decoded event gives a valid deletion");
    }
});
