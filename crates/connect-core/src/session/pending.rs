//! A token pair that is not saved yet, and the stored pairs that it may replace.

use std::time::Duration;

use crate::{base::Now, tokens::Tokens};

/// A token pair that the server has issued and that is not saved yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) tokens: Tokens,
    pub(crate) origin: PairOrigin,
    pub(crate) replaceable: Replaceable,
}

/// The source of a token pair.
#[derive(Clone, Copy)]
pub(crate) enum PairOrigin {
    /// Loaded from the store when no pair was in memory.
    Loaded,
    /// Read from the store at this time, in place of the pair in memory: another process had saved it.
    Taken(Now),
    /// A sign-in or an import at this (monotonic) time.
    SignIn(Duration),
    /// A refresh by this process at this (monotonic) time.
    Refresh(Duration),
}

/// The stored pairs that a pending pair may replace. It may always replace a pair known to be older.
#[derive(Clone)]
pub(crate) enum Replaceable {
    /// Only this pair: it was refreshed, or was stored at the first try of the save.
    Pair(Tokens),
    /// No pair: the store was empty at the first try of the save.
    Nothing,
    /// Every pair except one of a later sign-in. The pending pair is from a sign-in.
    SignIn,
    /// Every pair: the application imported the pending pair.
    Import,
    /// Every pair except one of a later sign-in, or of the same sign-in as the pending pair. The store could
    /// not be read before the first save, and the outcome of that save is unknown. Therefore a pair of the
    /// same sign-in may be from a refresh by another process.
    Unread,
}

impl Pending {
    pub(super) fn may_replace(&self, stored: &Tokens) -> bool {
        if stored.is_older_than(&self.tokens) {
            return true;
        }
        // A refused pair of a later sign-in may be replaced as well.
        let is_later = |stored: &Tokens| stored.refused.is_none() && self.tokens.signed_in_before(stored);
        match &self.replaceable {
            Replaceable::Import => true,
            Replaceable::Nothing => false,
            Replaceable::Pair(from) => same_pair(Some(from), stored),
            Replaceable::SignIn => !is_later(stored),
            Replaceable::Unread => !is_later(stored) && !self.tokens.shares_sign_in_with(stored),
        }
    }
}

/// Returns whether `pair` is the same as `known`, or an older pair of the same sign-in.
pub(crate) fn is_same_or_older(pair: &Tokens, known: &Tokens) -> bool {
    same_pair(Some(known), pair) || pair.is_older_than(known) && pair.shares_sign_in_with(known)
}

/// Returns whether both tokens of two pairs are equal.
///
/// One equal token is not enough: servers may keep the refresh token, and access tokens issued in the same
/// second may be equal.
pub(crate) fn same_pair(one: Option<&Tokens>, other: &Tokens) -> bool {
    one.is_some_and(|one| one.access_token == other.access_token && one.refresh_token == other.refresh_token)
}
