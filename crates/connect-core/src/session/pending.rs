//! A pair the server handed out that is not saved yet: what it may be saved over.

use std::time::Duration;

use crate::{base::Now, tokens::Tokens};

/// A pair the server handed out that is not saved yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) tokens: Tokens,
    pub(crate) origin: PairOrigin,
    pub(crate) replaceable: Replaceable,
}

/// Where a pair comes from.
#[derive(Clone, Copy)]
pub(crate) enum PairOrigin {
    /// The store, when nothing was in memory.
    Loaded,
    /// The store, in place of another: a process put it there.
    Taken(Now),
    /// A sign-in, or the caller's hands, at this time (monotonic).
    SignIn(Duration),
    /// A refresh by this process at this time (monotonic).
    Refresh(Duration),
}

/// The stored pair that a pending pair may be saved over. One that is known to be older may always be.
#[derive(Clone)]
pub(crate) enum Replaceable {
    /// The pair it was exchanged from, or nothing; another pair is newer, as far as is known.
    Pair(Tokens),
    /// Nothing: the store was empty.
    Nothing,
    /// Any pair but that of a later sign-in: the user signed in anew.
    SignIn,
    /// Any pair: the application handed these tokens in.
    Import,
    /// The pair that could not be read when this sign-in was first saved, in a save of unknown outcome; but not a pair of
    /// this sign-in, which another process has gone on with.
    Unread,
}

impl Pending {
    pub(super) fn may_replace(&self, stored: &Tokens) -> bool {
        if stored.is_older_than(&self.tokens) {
            return true; // of two pairs the older never replaces the newer
        }
        // One that is refused has to give way, whatever the server's clock said at its sign-in.
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

/// Whether `pair` is `known` itself or an older pair of the same sign-in.
pub(crate) fn is_same_or_older(pair: &Tokens, known: &Tokens) -> bool {
    same_pair(Some(known), pair) || pair.is_older_than(known) && pair.shares_sign_in_with(known)
}

/// A pair is another one when either token is: some servers keep the refresh token, and two access tokens
/// minted in one second may have the same claims, hence be the same text.
pub(crate) fn same_pair(one: Option<&Tokens>, other: &Tokens) -> bool {
    one.is_some_and(|one| one.access_token == other.access_token && one.refresh_token == other.refresh_token)
}
