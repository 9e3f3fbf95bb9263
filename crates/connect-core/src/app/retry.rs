//! Retries: the policy that decides when to send a failed request again, and the retry budget.

use std::time::Duration;

use connect_types::Safety;

use crate::base::{Error, ErrorKind, Sent};

/// The rules for sending a failed request again.
///
/// The pause before attempt `n + 1` is a random time between zero and `min(cap, base * 2^(n-1))`
/// (exponential back-off with full jitter). After a 429, `base` counts as at least 1 s, and the
/// pause is between `min(cap, base * 2^(n-1))` and twice that time, but at most `cap`. If the
/// server sends `Retry-After`, the pause is the time in `Retry-After`.
///
/// The [`Safety`] of the request decides which failures are retried:
///
/// | safety | retried after |
/// |---|---|
/// | `Safe`, `Idempotent` | a network failure, a timeout of an attempt, status 408, 429, 500, 502, 503, 504 |
/// | `Once` | failures that prove that the request was not processed: not sent, or status 429 |
/// | `Never` | no failure |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The highest number of attempts, including the first. Default 3.
    pub max_attempts: u32,
    /// The maximum of the first pause, except after a 429 or a `Retry-After`. Default 200 ms.
    pub base: Duration,
    /// The maximum of every pause, except after a `Retry-After`. Default 10 s.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, base: Duration::from_millis(200), cap: Duration::from_secs(10) }
    }
}

impl RetryPolicy {
    /// Creates a policy without retries.
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Creates a policy with at most `attempts` attempts (at least one).
    pub fn attempts(attempts: u32) -> Self {
        Self { max_attempts: attempts.max(1), ..Self::default() }
    }

    /// Sets [`base`](Self::base) and [`cap`](Self::cap).
    #[must_use]
    pub fn with_backoff(mut self, base: Duration, cap: Duration) -> Self {
        (self.base, self.cap) = (base, cap);
        self
    }

    /// Returns the pause before the next attempt, or `None` if the request must not be sent again.
    ///
    /// `attempt` is the number of attempts so far. `unit` is a random number in `[0, 1)`.
    pub fn pause(&self, attempt: u32, safety: Safety, error: &Error, unit: f64) -> Option<Duration> {
        if attempt >= self.max_attempts || !may_retry(safety, error) {
            return None;
        }
        Some(error.retry_after().unwrap_or_else(|| match error.kind() {
            ErrorKind::RateLimited => {
                self.backoff(self.base.max(RATE_LIMIT_BASE), attempt, 1.0 + unit.clamp(0.0, 1.0))
            }
            _ => self.backoff(self.base, attempt, unit.clamp(0.0, 1.0)),
        }))
    }

    fn backoff(&self, base: Duration, attempt: u32, factor: f64) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let time = base.saturating_mul(doubled).min(self.cap);
        Duration::try_from_secs_f64(time.as_secs_f64() * factor).map_or(self.cap, |pause| pause.min(self.cap))
    }
}

/// The minimum base of the pause after a 429 without `Retry-After`.
const RATE_LIMIT_BASE: Duration = Duration::from_secs(1);

/// Returns whether another attempt does no harm and may succeed.
fn may_retry(safety: Safety, error: &Error) -> bool {
    match safety {
        Safety::Safe | Safety::Idempotent => is_transient(error),
        Safety::Once => surely_not_processed(error),
        Safety::Never => false,
    }
}

/// Returns whether the request was certainly not processed: it was not sent, or got a 429.
pub(crate) fn surely_not_processed(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Network { sent } => *sent == Sent::No,
        ErrorKind::Timeout => !error.may_have_happened(),
        ErrorKind::RateLimited => true,
        _ => false,
    }
}

fn is_transient(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Network { .. } | ErrorKind::Timeout | ErrorKind::RateLimited => true,
        ErrorKind::Server => matches!(error.status().map(|s| s.as_u16()), Some(500 | 502 | 503 | 504)),
        ErrorKind::Http => error.status().map(|s| s.as_u16()) == Some(408),
        _ => false,
    }
}

/// The retry budget of all calls of a client. A success adds a tenth of a retry, a retry subtracts one.
///
/// Without the budget, retries could triple the load of an overloaded service.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tenths: u32,
}

/// The capacity of the budget (100 retries), in tenths of a retry.
const CAPACITY_TENTHS: u32 = 1_000;
/// The cost of a retry, in tenths of a retry.
const RETRY_TENTHS: u32 = 10;

impl RetryBudget {
    pub(crate) fn new() -> Self {
        Self { tenths: CAPACITY_TENTHS }
    }

    /// Adds a tenth of a retry, after a success.
    pub(crate) fn deposit(&mut self) {
        self.tenths = (self.tenths + 1).min(CAPACITY_TENTHS);
    }

    /// Subtracts one retry. Returns `false` if the budget is used up.
    pub(crate) fn withdraw(&mut self) -> bool {
        match self.tenths.checked_sub(RETRY_TENTHS) {
            Some(rest) => {
                self.tenths = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;

    use super::*;

    fn network(sent: Sent) -> Error {
        Error::new(ErrorKind::Network { sent }).with_attempts(1)
    }

    fn limited(retry_after: Option<Duration>) -> Error {
        Error::new(ErrorKind::RateLimited)
            .with_retry_after(retry_after)
            .with_status(StatusCode::TOO_MANY_REQUESTS)
    }

    #[test]
    fn once_request_is_retried_only_if_not_processed() {
        let policy = RetryPolicy::default();
        let repeats = |error: &Error| {
            assert!(policy.pause(1, Safety::Never, error, 0.5).is_none(), "{error:?}");
            policy.pause(1, Safety::Once, error, 0.5).is_some()
        };
        assert!(repeats(&network(Sent::No)));
        assert!(repeats(&limited(None)));
        assert!(repeats(&Error::timeout()), "no time was left to connect");
        assert!(!repeats(&network(Sent::Maybe)));
        assert!(!repeats(&Error::new(ErrorKind::Server).with_status(StatusCode::SERVICE_UNAVAILABLE)));
        assert!(!repeats(&Error::timeout().with_attempts(1).with_may_have_happened(true)));
    }

    #[test]
    fn policy_limits_the_attempts() {
        let repeats = |policy: RetryPolicy, attempt| {
            policy.pause(attempt, Safety::Safe, &network(Sent::No), 0.5).is_some()
        };
        assert!(!repeats(RetryPolicy::none(), 1));
        assert!(repeats(RetryPolicy::attempts(5), 4) && !repeats(RetryPolicy::attempts(5), 5));
    }

    #[test]
    fn pause_is_random_and_its_maximum_doubles_up_to_the_cap() {
        let policy = RetryPolicy::attempts(99);
        for (attempt, unit, millis) in
            [(1, 0.0, 0), (1, 0.5, 100), (2, 0.5, 200), (3, 0.25, 200), (6, 0.5, 3_200), (20, 0.5, 5_000)]
        {
            let pause = policy.pause(attempt, Safety::Safe, &network(Sent::No), unit);
            assert_eq!(pause, Some(Duration::from_millis(millis)), "{attempt} {unit}");
        }
    }

    #[test]
    fn rate_limit_without_retry_after_pauses_a_second() {
        let pause = |policy: &RetryPolicy, attempt, unit| {
            policy.pause(attempt, Safety::Once, &limited(None), unit).unwrap()
        };
        let policy = RetryPolicy::attempts(99);
        for (attempt, unit, millis) in
            [(1, 0.0, 1000), (1, 0.5, 1500), (2, 0.0, 2000), (3, 0.25, 5000), (9, 0.0, 10_000)]
        {
            assert_eq!(pause(&policy, attempt, unit), Duration::from_millis(millis), "{attempt} {unit}");
        }
        let slow = policy.clone().with_backoff(Duration::from_secs(3), Duration::from_secs(4));
        assert_eq!(
            (pause(&slow, 1, 0.0), pause(&slow, 2, 0.0)),
            (Duration::from_secs(3), Duration::from_secs(4))
        );
        assert_eq!(pause(&policy.with_backoff(Duration::ZERO, Duration::ZERO), 1, 0.9), Duration::ZERO);
    }

    #[test]
    fn request_timeout_408_is_retried_unless_once() {
        let error = Error::new(ErrorKind::Http).with_status(StatusCode::REQUEST_TIMEOUT);
        assert!(RetryPolicy::default().pause(1, Safety::Idempotent, &error, 0.5).is_some());
        assert!(RetryPolicy::default().pause(1, Safety::Once, &error, 0.5).is_none());
    }

    #[test]
    fn denied_request_is_never_retried() {
        let policy = RetryPolicy::default();
        for kind in [ErrorKind::NotFound, ErrorKind::Authentication, ErrorKind::Conflict, ErrorKind::PageLoop]
        {
            assert_eq!(policy.pause(1, Safety::Safe, &Error::new(kind), 0.5), None);
        }
        let not_implemented = Error::new(ErrorKind::Server).with_status(StatusCode::NOT_IMPLEMENTED);
        assert_eq!(policy.pause(1, Safety::Safe, &not_implemented, 0.5), None);
    }

    #[test]
    fn retry_after_replaces_the_back_off() {
        let asked = Duration::from_secs(17);
        let unwell = Error::new(ErrorKind::Server).with_status(StatusCode::SERVICE_UNAVAILABLE);
        for error in [limited(Some(asked)), unwell.with_retry_after(Some(asked))] {
            assert_eq!(RetryPolicy::default().pause(1, Safety::Safe, &error, 0.0), Some(asked));
        }
    }

    #[test]
    fn empty_budget_allows_no_retry_until_calls_succeed() {
        let mut budget = RetryBudget::new();
        assert_eq!((0..1_000).filter(|_| budget.withdraw()).count(), 100);
        (0..9).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
    }

    proptest! {
        #[test]
        fn pauses_stay_within_their_bounds(attempt in 1_u32..200, unit in -1.0_f64..2.0) {
            let policy = RetryPolicy::attempts(u32::MAX);
            let pause = policy.pause(attempt, Safety::Safe, &network(Sent::No), unit).unwrap();
            prop_assert!(pause <= policy.cap);
        }
    }
}
