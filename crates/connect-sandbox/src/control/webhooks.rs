//! The control calls about deliveries, and the clock they depend on.

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
        let trigger = serde_json::from_slice(or_nothing(body)).map_err(refused)?;
        let triggered = self.connect().trigger(trigger, now).map_err(refused)?;
        Ok(ok(&success(json!(triggered))))
    }

    pub(super) fn take_resend(&mut self, body: &[u8], now: Timestamp) -> Result<Reply, Problem> {
        let named: Named = serde_json::from_slice(or_nothing(body)).map_err(refused)?;
        let delivery = self.connect().resend(named.id.as_deref(), now).map_err(refused)?;
        Ok(ok(&success(json!({ "delivery": delivery }))))
    }

    pub(super) fn list_deliveries(&self) -> Reply {
        ok(&json!({ "deliveries": self.delivery_log().collect::<Vec<_>>() }))
    }

    /// The time in the answer is the sandbox's from now on.
    pub(super) fn take_advance(&mut self, body: &[u8], now: Timestamp) -> Result<Reply, Problem> {
        let far: Far = serde_json::from_slice(body).map_err(refused)?;
        let by = Duration::try_from_secs_f64(far.seconds)
            .map_err(|_| Problem::bad_request("seconds must be a number from 0 on"))?;
        let told = self.callers(now);
        self.advance(by);
        Ok(ok(&success(json!({ "now": time::wire(self.clock(told)) }))))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Far {
    seconds: f64,
}

/// No body stands for an empty object.
fn or_nothing(body: &[u8]) -> &[u8] {
    if body.is_empty() { b"{}" } else { body }
}

fn success(mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("success".to_owned(), Value::Bool(true));
    }
    answer
}
