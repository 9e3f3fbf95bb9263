//! The control calls for webhook deliveries, and for the clock.

use super::refused;
use crate::reply::{Problem, Reply, ok};
use crate::sandbox::Sandbox;
use crate::world::time;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

impl Sandbox {
    pub(super) fn take_trigger(&mut self, body: &[u8], now: Timestamp) -> Result<Reply, Problem> {
        let trigger = serde_json::from_slice(or_empty_object(body)).map_err(refused)?;
        let triggered = self.connect().trigger(trigger, now).map_err(refused)?;
        Ok(ok(&success(json!(triggered))))
    }

    pub(super) fn take_resend(&mut self, body: &[u8], now: Timestamp) -> Result<Reply, Problem> {
        let request: ResendRequest = serde_json::from_slice(or_empty_object(body)).map_err(refused)?;
        let delivery = self.connect().resend(request.id.as_deref(), now).map_err(refused)?;
        Ok(ok(&success(json!({ "delivery": delivery }))))
    }

    pub(super) fn list_deliveries(&self) -> Reply {
        ok(&json!({ "deliveries": self.delivery_log().collect::<Vec<_>>() }))
    }

    /// Advances the clock. The response has the new time of the sandbox's clock.
    pub(super) fn take_advance(&mut self, body: &[u8], now: Timestamp) -> Result<Reply, Problem> {
        let request: AdvanceRequest = serde_json::from_slice(body).map_err(refused)?;
        let by = Duration::try_from_secs_f64(request.seconds)
            .map_err(|_| Problem::bad_request("seconds must be a number of 0 or more"))?;
        let caller_time = self.caller_time(now);
        self.advance(by);
        Ok(ok(&success(json!({ "now": time::wire(self.sandbox_time(caller_time)) }))))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendRequest {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceRequest {
    seconds: f64,
}

/// Replaces an empty body with an empty object.
fn or_empty_object(body: &[u8]) -> &[u8] {
    if body.is_empty() { b"{}" } else { body }
}

fn success(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.insert("success".to_owned(), Value::Bool(true));
    }
    body
}
