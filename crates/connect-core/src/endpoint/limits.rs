//! What a service allows one application, and what it says when that was too much.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::base::{Error, ErrorKind, Now};

/// A 429 that asks for more than this is obeyed for this long: one absurd answer must not silence a server that runs for
/// months.
const MAX_COOL_DOWN: Duration = Duration::from_secs(3600);

/// What a service allows. Default: nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many requests of one user may be under way at the same time. Others wait for them. All endpoints of a service say
    /// the same.
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

/// Until when (monotonic) a service asked not to be called: by anybody, or in the name of one user.
#[derive(Debug, Default)]
pub(crate) struct CoolDowns(Mutex<CoolDownEnds>);

#[derive(Debug, Default)]
struct CoolDownEnds {
    all: Duration,
    /// Here and not with the sessions, which go when nobody holds them.
    users: HashMap<Box<str>, Duration>,
}

impl CoolDowns {
    /// How long it still is, for the calls of this user, or of all.
    pub(crate) fn left(&self, user: Option<&str>, now: Now) -> Duration {
        let until = self.until();
        let until = match user {
            Some(user) => until.users.get(user).copied().unwrap_or_default(),
            None => until.all,
        };
        until.saturating_sub(now.monotonic)
    }

    /// After a 429 that says how long to wait.
    pub(crate) fn after(&self, user: Option<&str>, error: &Error, now: Now) {
        if let (ErrorKind::RateLimited, Some(wait)) = (error.kind(), error.retry_after()) {
            self.begin(user, wait, now);
        }
    }

    /// The service asked to be left alone for `wait`.
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
