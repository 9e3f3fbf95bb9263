//! The body of a response, decoded in one pass and field by field. Both must return the same value, or both
//! must refuse the body.

#![no_main]

use std::fmt::Debug;

use connect_core::types::{
    Calendar, ConnectionStatus, Delivery, EventPage, ResponseBody, Subscribed, TokenResponse, WebhookKeys,
    Written, decode,
};
use libfuzzer_sys::fuzz_target;

fn compare<T: ResponseBody + PartialEq + Debug>(body: &[u8]) {
    assert_eq!(T::decode(body).ok(), decode::<T>(body).ok());
}

fuzz_target!(|body: &[u8]| {
    compare::<EventPage>(body);
    compare::<Vec<Calendar>>(body);
    compare::<Written>(body);
    compare::<ConnectionStatus>(body);
    compare::<TokenResponse>(body);
    compare::<WebhookKeys>(body);
    compare::<Subscribed>(body);
    compare::<Delivery>(body);
});
