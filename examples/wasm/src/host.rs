//! Time and random bytes of the JavaScript host.

use std::time::Duration;

use connect_core::machine::Now;
use jiff::Timestamp;
use js_sys::{Date, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn milliseconds() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &Uint8Array);

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &Function, milliseconds: f64);
}

pub(crate) fn now() -> Now {
    let wall = Timestamp::from_millisecond(Date::now() as i64).unwrap_or_default();
    Now { wall, monotonic: Duration::from_secs_f64(milliseconds() / 1e3) }
}

pub(crate) fn seed() -> [u8; 32] {
    let bytes = Uint8Array::new_with_length(32);
    fill(&bytes);
    let mut seed = [0; 32];
    bytes.copy_to(&mut seed);
    seed
}

pub(crate) async fn sleep(time: Duration) {
    // JavaScript ignores a longer timeout.
    let milliseconds = (time.as_secs_f64() * 1e3).min(f64::from(i32::MAX));
    let timer = Promise::new(&mut |resolve, _| set_timeout(&resolve, milliseconds));
    _ = JsFuture::from(timer).await;
}
