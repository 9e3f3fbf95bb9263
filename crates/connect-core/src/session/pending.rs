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
    /// The store: no pair was in memory.
    Loaded,
    /// The store, at this time: a pair from another process replaced the pair in memory.
    Taken(Now),
    /// A sign-in or an import at this (monotonic) time.
    SignIn(Duration),
    /// A refresh by this process at this (monotonic) time.
    Refresh(Duration),
}

/// The stored pairs that a pending pair may replace, in addition to pairs that are known to be older.
#[derive(Clone)]
pub(crate) enum Replaceable {
    /// Only the contained pair may be replaced.
    ///
    /// This is the pair whose refresh token was exchanged for the pending pair, or the pair that the store
    /// had at the first try of the save.
    Pair(Tokens),
    /// No pair: the store was empty at the first try of the save.
    Nothing,
    /// Every pair except a pair from a later sign-in, because the pending pair is from a sign-in.
    SignIn,
    /// Every pair, because the application imported the pending pair.
    Import,
    /// Every pair except a pair from the sign-in of the pending pair or from a later sign-in. The
    /// store could not be read before the first save of the pending pair, and that save may have
    /// succeeded. Therefore a stored pair from the same sign-in may be the result of a refresh by
    /// another process.
    Unread,
}

impl Pending {
    pub(super) fn may_replace(&self, stored: &Tokens) -> bool {
        if stored.is_older_than(&self.tokens) {
            return true;
        }
        // A refused pair may be replaced even if it is from a later sign-in.
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

/// Returns whether `pair` equals `known`, or is an older pair from the sign-in of `known`.
pub(crate) fn is_same_or_older(pair: &Tokens, known: &Tokens) -> bool {
    same_pair(Some(known), pair) || pair.is_older_than(known) && pair.shares_sign_in_with(known)
}

/// Returns whether two pairs have equal access tokens and equal refresh tokens.
///
/// One equal token is not enough. A refresh may return the old refresh token, and two access tokens
/// that were issued in the same second may be equal.
pub(crate) fn same_pair(one: Option<&Tokens>, other: &Tokens) -> bool {
    one.is_some_and(|one| one.access_token == other.access_token && one.refresh_token == other.refresh_token)
}
