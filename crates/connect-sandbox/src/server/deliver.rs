//! Sends the deliveries and notifications that are due, each attempt in a separate task.
//!
//! Also sends the requests that validate receivers.

use super::{Shared, now, post};
use crate::connect::webhooks::{Attempt, AttemptOutcome};
use crate::microsoft::graph::Validation;
use std::time::Duration;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum time to sleep, which is short because the system clock may be changed during a
/// sleep.
const MAX_SLEEP: Duration = Duration::from_secs(1);

pub(super) async fn run(sandbox: Shared) {
    loop {
        let (attempts, next) = sandbox.with(|sandbox| (sandbox.deliveries(now()), sandbox.next_delivery()));
        for attempt in attempts {
            tokio::spawn(send(attempt, sandbox.clone()));
        }
        let woken = sandbox.0.due.notified();
        match next.map(|next| now().duration_until(next)) {
            None => woken.await,
            Some(wait) => {
                let wait = Duration::try_from(wait).unwrap_or_default().min(MAX_SLEEP);
                let _ = tokio::time::timeout(wait, woken).await;
            }
        }
    }
}

async fn send(attempt: Attempt, sandbox: Shared) {
    let outcome = match tokio::time::timeout(RESPONSE_TIMEOUT, post::post(attempt.request)).await {
        Ok(Ok(response)) => AttemptOutcome::Status(response.status().as_u16()),
        Ok(Err(reason)) => AttemptOutcome::Failed(reason),
        Err(_) => {
            AttemptOutcome::Failed(format!("no response within {} seconds", RESPONSE_TIMEOUT.as_secs()))
        }
    };
    sandbox.with(|sandbox| sandbox.delivered(attempt.token, outcome, now()));
}

/// Sends the request of a validation.
pub(super) async fn validate(validation: &mut Validation) {
    let request = validation.request.clone();
    if let Ok(Ok(response)) = tokio::time::timeout(RESPONSE_TIMEOUT, post::post(request)).await {
        validation.respond(&response);
    }
}
