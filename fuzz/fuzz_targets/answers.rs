//! Responses other than events, such as calendars, connections, keys, subscriptions and errors.
//!
//! A decoded response must not change if it is encoded and decoded again.

#![no_main]

use connect_core::types::{
    Acknowledged, Calendar, ConnectionStatus, Delivery, ErrorBody, EventChange, Health, Raw, Subscribed,
    TokenResponse, WebhookKeys,
};
use connect_fuzz::{is_object, round_trip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    round_trip::<Vec<Calendar>>(body);
    round_trip::<ConnectionStatus>(body);
    round_trip::<WebhookKeys>(body);
    round_trip::<Subscribed>(body);
    round_trip::<Acknowledged>(body);
    round_trip::<Health>(body);
    round_trip::<EventChange>(body);
    round_trip::<TokenResponse>(body);
    round_trip::<Raw>(body);
    if is_object(body) {
        round_trip::<ErrorBody>(body).expect("any JSON object is an error body");
        round_trip::<Delivery>(body).expect("any JSON object is a delivery");
    }
});
