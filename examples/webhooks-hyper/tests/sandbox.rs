//! Runs the example with a sandbox that sends deliveries.

#[path = "../../webhooks-axum/tests/receiver/mod.rs"]
mod receiver;

#[test]
fn each_change_is_handled_once() {
    receiver::handles_each_change_once(env!("CARGO_BIN_EXE_webhooks-hyper"));
}
