//! A pair the server handed out that is not saved yet: what it may be saved over, and what becomes of it.

use std::time::Duration;

use crate::{base::Now, session::State, tokens::Tokens};

/// A pair the server handed out that is not saved yet.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) tokens: Tokens,
    pub(crate) origin: Origin,
    pub(crate) over: Over,
}

/// Where a pair comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
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
pub(crate) enum Over {
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

impl State {
    /// A pair of a new sign-in waits to be saved from now on, unless a later sign-in was faster: one that came since there
    /// had been `sign_ins`. Whatever was in doubt before is settled by it.
    pub(crate) fn sign_in(&mut self, tokens: Tokens, over: Over, sign_ins: u64, at: Duration) {
        let others = self.pending.as_ref().map(|pending| &pending.tokens).or(self.tokens());
        if self.sign_ins != sign_ins && others.is_some_and(|others| tokens.signed_in_before(others)) {
            return;
        }
        self.sign_ins += 1;
        self.failure = None;
        self.pending = Some(Pending { tokens, origin: Origin::SignIn(at), over });
    }

    /// Takes the pending pair into use: it is in the store now.
    pub(crate) fn adopt_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.adopt(pending.tokens, pending.origin);
        }
    }

    /// Holds the pending pair against what the store holds, read under the lock: adopts the one or the other, or says
    /// what is to be saved.
    pub(crate) fn reconcile(&mut self, stored: Option<Tokens>, now: Now) -> Option<Pending> {
        let pending = self.pending.as_mut()?;
        match stored {
            // As it is stored: another process may have marked it as refused meanwhile.
            Some(tokens) if same_pair(Some(&pending.tokens), &tokens) => {
                pending.tokens = tokens;
                self.adopt_pending();
            }
            Some(tokens) if !pending.may_replace(&tokens) => {
                // Another process has rotated since, as far as is known: its pair is the newer one.
                self.pending = None;
                self.adopt(tokens, Origin::Taken(now));
            }
            // What is there now is what it is saved over, should that have to be tried again.
            stored => pending.over = stored.map_or(Over::Nothing, Over::Pair),
        }
        self.pending.clone()
    }

    /// The pending pair, if it may be saved over what cannot be read: one that nobody has tried to save yet. Of another it
    /// may be what is there, or another process may have rotated it since.
    pub(crate) fn untried(&mut self) -> Option<Pending> {
        let pending = self.pending.as_mut();
        let pending = pending.filter(|pending| matches!(pending.over, Over::SignIn | Over::Import))?;
        pending.over = Over::Unread;
        Some(pending.clone())
    }
}

impl Pending {
    fn may_replace(&self, stored: &Tokens) -> bool {
        if stored.is_older_than(&self.tokens) {
            return true; // of two pairs the older never replaces the newer
        }
        // One that is refused has to give way, whatever the server's clock said at its sign-in.
        let is_later = |stored: &Tokens| stored.refused.is_none() && self.tokens.signed_in_before(stored);
        match &self.over {
            Over::Import => true,
            Over::Nothing => false,
            Over::Pair(from) => same_pair(Some(from), stored),
            Over::SignIn => !is_later(stored),
            Over::Unread => !is_later(stored) && !self.tokens.shares_sign_in_with(stored),
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
