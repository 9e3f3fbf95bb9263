//! Makes the deliveries that are due, each attempt on a task of its own.

use super::{Shared, now, post};
use crate::connect::webhooks::{Attempt, AttemptOutcome};
use std::time::Duration;

/// How long an application may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to sleep at the most: the system's clock may be set.
const NAP: Duration = Duration::from_secs(1);

/// Runs for as long as the server does.
pub(super) async fn run(sandbox: Shared) {
    loop {
        let (attempts, next) = sandbox.with(|sandbox| (sandbox.deliveries(now()), sandbox.next_delivery()));
        for attempt in attempts {
            tokio::spawn(make(attempt, sandbox.clone()));
        }
        let woken = sandbox.0.due.notified();
        match next.map(|next| now().duration_until(next)) {
            None => woken.await,
            Some(wait) => {
                let wait = Duration::try_from(wait).unwrap_or_default().min(NAP);
                let _ = tokio::time::timeout(wait, woken).await;
            }
        }
    }
}

async fn make(attempt: Attempt, sandbox: Shared) {
    let outcome = match tokio::time::timeout(PATIENCE, post::post(attempt.request)).await {
        Ok(Ok(status)) => AttemptOutcome::Status(status.as_u16()),
        Ok(Err(reason)) => AttemptOutcome::Failed(reason),
        Err(_) => AttemptOutcome::Failed(format!("no answer within {} seconds", PATIENCE.as_secs())),
    };
    sandbox.with(|sandbox| sandbox.delivered(attempt.token, outcome, now()));
}
