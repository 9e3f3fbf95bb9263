//! A pair the server handed out that is not saved yet: what it may be saved over, and what becomes of it.

use std::time::Duration;

use crate::{Now, Tokens, session::State};

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

/// What a pending pair may be saved over.
#[derive(Clone)]
pub(crate) enum Over {
    /// The pair it was exchanged from, or nothing; anything else is newer.
    Pair(Tokens),
    /// Nothing: the store was empty.
    Nothing,
    /// Whatever is there: the user signed in anew.
    Anything,
    /// A pair that is older. It was written once over what could not be read, and nobody knows whether that was kept:
    /// what is there now may have come from it.
    Older,
}

impl State {
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
            Some(tokens) if same_pair(Some(&pending.tokens), &tokens) => self.adopt_pending(),
            Some(tokens) if !pending.may_replace(&tokens) => {
                // Another process has rotated since: its pair is the newer one.
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
        let pending = self.pending.as_mut().filter(|pending| matches!(pending.over, Over::Anything))?;
        pending.over = Over::Older;
        Some(pending.clone())
    }
}

impl Pending {
    fn may_replace(&self, stored: &Tokens) -> bool {
        match &self.over {
            Over::Anything => true,
            Over::Nothing => false,
            Over::Pair(from) => same_pair(Some(from), stored),
            Over::Older => stored.is_older_than(&self.tokens),
        }
    }
}

/// A pair is another one when either token is: some servers keep the refresh token, and two access tokens
/// minted in one second may have the same claims, hence be the same text.
pub(crate) fn same_pair(one: Option<&Tokens>, other: &Tokens) -> bool {
    one.is_some_and(|one| one.access_token == other.access_token && one.refresh_token == other.refresh_token)
}
