//! What a service allows one application, and what it says when that was too much.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{Error, ErrorKind, Now};

/// A 429 that asks for more than this is obeyed for this long: one absurd answer must not silence a server that runs for
/// months.
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(3600);

/// What a service allows. Default: nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many requests of one user may be under way at the same time. Others wait for them.
    pub at_once: Option<NonZeroU32>,
    /// Whether users have limits of their own: then only the calls of the user whose call was answered with a 429 wait
    /// as long as that says, and not those of all users.
    pub per_user: bool,
}

impl Limits {
    /// Users have limits of their own, this many requests at the same time among them.
    pub const fn per_user(at_once: u32) -> Self {
        Self { at_once: NonZeroU32::new(at_once), per_user: true }
    }

    /// Users have limits of their own, and none is known on requests at the same time.
    pub const fn of_each_user() -> Self {
        Self { at_once: None, per_user: true }
    }
}

/// How many requests of the user may be under way at the same time, this one included: an extension of the request, which
/// the driver of the steps keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce(pub NonZeroU32);

/// Until when (monotonic) a service asked not to be called.
#[derive(Debug, Default)]
pub(crate) struct CoolDown(Mutex<Duration>);

impl CoolDown {
    /// How long it still is.
    pub(crate) fn left(&self, now: Now) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saturating_sub(now.monotonic)
    }

    /// After a 429 that says how long to wait.
    pub(crate) fn after(&self, error: &Error, now: Now) {
        let (ErrorKind::RateLimited, Some(wait)) = (error.kind(), error.retry_after()) else { return };
        let until = now.monotonic.saturating_add(wait.min(LONGEST_COOL_DOWN));
        let mut longest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *longest = until.max(*longest);
    }
}
