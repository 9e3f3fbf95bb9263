//! A single event, at the root or inside the answer to a write: any JSON object is one, and what can be changed is a
//! request that can be written.

#![no_main]

use connect_core::{
    Endpoint,
    types::{Event, EventTime, Written},
};
use connect_fuzz::{is_object, round_trip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let event = round_trip::<Event>(body);
    assert_eq!(event.is_some(), is_object(body), "one odd field never fails an event");
    assert_eq!(round_trip::<Written>(body).is_some(), event.is_some());
    let Some(event) = event else { return };
    for time in event.start.iter().chain(&event.end) {
        assert_eq!(EventTime::from(time.to_string().as_str()), *time);
    }
    if let Ok(change) = event.change() {
        // The title is set, since an update that changes nothing is refused.
        Endpoint::body(&change.title("Moved")).expect("an event that was read can be changed");
        let delete = event.delete().expect("what can be changed can be deleted");
        Endpoint::query(&delete).expect("an event that was read can be deleted");
    }
});
