//! The example as it runs, with a sandbox that delivers to it.

#[path = "../../webhooks-axum/tests/receiver/mod.rs"]
mod receiver;

#[test]
fn a_change_arrives_and_is_handled_once() {
    receiver::handles_each_change_once(env!("CARGO_BIN_EXE_webhooks-hyper"));
}
