//! The limits of a service, and the cool-downs after a 429.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::base::{Error, ErrorKind, Now};

/// The longest cool-down. Without this limit, one very long `Retry-After` could stop an application
/// for days.
const MAX_COOL_DOWN: Duration = Duration::from_secs(3600);

/// The request limits of a service. Default: unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The highest number of concurrent requests of one user. Further requests of the user wait. All
    /// endpoints of a service must return the same number.
    pub at_once: Option<NonZeroU32>,
    /// Whether the service limits each user separately. If so, a 429 for a user delays no other user.
    pub per_user: bool,
}

impl Limits {
    /// Creates limits per user, with at most `at_once` concurrent requests.
    pub const fn per_user(at_once: u32) -> Self {
        Self { at_once: NonZeroU32::new(at_once), per_user: true }
    }

    /// Creates limits per user, without a limit for concurrent requests.
    pub const fn of_each_user() -> Self {
        Self { at_once: None, per_user: true }
    }
}

/// A request extension: the highest number of concurrent requests of the user.
///
/// A driver must not send more requests of the user at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimit(pub NonZeroU32);

/// The cool-downs of a service, for all calls or for the calls of one user.
#[derive(Debug, Default)]
pub(crate) struct CoolDowns(Mutex<CoolDownEnds>);

#[derive(Debug, Default)]
struct CoolDownEnds {
    /// The (monotonic) end of the cool-down for all calls.
    all: Duration,
    /// The (monotonic) end of each user's cool-down. Sessions do not store this time, because idle
    /// sessions are dropped.
    users: HashMap<Box<str>, Duration>,
}

impl CoolDowns {
    /// Returns the remaining cool-down for the calls of this user, or for all calls if `user` is `None`.
    pub(crate) fn left(&self, user: Option<&str>, now: Now) -> Duration {
        let until = self.until();
        let until = match user {
            Some(user) => until.users.get(user).copied().unwrap_or_default(),
            None => until.all,
        };
        until.saturating_sub(now.monotonic)
    }

    /// Begins a cool-down if `error` is a 429 with `Retry-After`.
    pub(crate) fn after(&self, user: Option<&str>, error: &Error, now: Now) {
        if let (ErrorKind::RateLimited, Some(wait)) = (error.kind(), error.retry_after()) {
            self.begin(user, wait, now);
        }
    }

    /// Begins a cool-down of length `wait`. A current cool-down that ends later is not shortened.
    pub(crate) fn begin(&self, user: Option<&str>, wait: Duration, now: Now) {
        let over = now.monotonic.saturating_add(wait.min(MAX_COOL_DOWN));
        let mut until = self.until();
        let longest = match user {
            Some(user) => {
                until.users.retain(|_, over| *over > now.monotonic);
                until.users.entry(user.into()).or_default()
            }
            None => &mut until.all,
        };
        *longest = over.max(*longest);
    }

    fn until(&self) -> MutexGuard<'_, CoolDownEnds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
