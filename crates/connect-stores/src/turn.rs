//! Waiting for a lock that others have: asking again and again, at growing distances that no two waiters share.

use std::time::Duration;

use connect_core::StoreError;
use tokio::time::{Instant, sleep};

const FIRST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(120);

/// Somebody's wait, with its end.
pub(crate) struct Turn {
    until: Instant,
    pause: Duration,
}

impl Turn {
    pub(crate) fn new(at_most: Duration) -> Self {
        let now = Instant::now();
        // What cannot be expressed as an instant is far enough.
        let until = now.checked_add(at_most).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Self { until, pause: FIRST }
    }

    /// Waits a little; an error when the time is over.
    pub(crate) async fn wait(&mut self) -> Result<(), StoreError> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(StoreError::new("another holder keeps the tokens locked"));
        }
        // Between half the pause and all of it.
        let part = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        sleep(self.pause.mul_f64(0.5 + part / 2.0).min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST);
        Ok(())
    }
}

/// How long a lock is given for, to who asks for this lease: less than who comes second waits, so that a holder who died
/// does not make all who wait for it fail at once, and the next of them has time for an exchange.
pub(crate) fn term(lease: Duration) -> Duration {
    lease - (lease / 3).min(Duration::from_secs(10))
}

/// A text that nobody else draws.
pub(crate) fn ticket() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    let failed = |_| StoreError::new("the system has no random numbers to sign a lock with");
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
