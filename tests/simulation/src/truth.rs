//! Records the tokens of all processes, the store and the service, and checks the rules in `lib.rs`.

use std::collections::{HashMap, HashSet};

/// The pause after a temporary refusal, in milliseconds, before the refresh token may be sent
/// again.
const REFUSAL_PAUSE_MS: u64 = 600_000;

/// How the service rotates refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    Grace,
    Strict,
    Family,
    /// No rotation: a refresh token is valid until it is revoked.
    Kept,
}

/// A process between two restarts: its number and its restart count.
pub(super) type Life = (usize, u32);

/// All issued tokens.
pub(super) struct Truth {
    pub(super) rotation: Rotation,
    /// The lifetime of access tokens in milliseconds.
    pub(super) ttl: u64,
    pub(super) last_expiry: Option<u64>,
    families: Vec<Family>,
    pairs: Vec<Pair>,
    by_refresh: HashMap<String, usize>,
    by_access: HashMap<String, usize>,
    /// The last saved sign-in of each user.
    last_saved: HashMap<usize, usize>,
    /// The sign-ins that each life has signed out of.
    signed_out: HashSet<(Life, usize)>,
}

struct Family {
    user: usize,
    /// The time of the sign-in, in whole seconds, because access tokens contain whole seconds.
    began: u64,
    newest: u32,
    dead: bool,
    /// Whether the rules allow that the sign-in ends.
    ///
    /// The rules allow this after a revocation, a sign-out, a newer sign-in, a restore of the store, or an
    /// exchange by a sender that had stopped waiting or had lost its lock. If refresh tokens work only once,
    /// the rules also allow this after a new pair that was lost or not saved.
    excused: bool,
}

struct Pair {
    /// The refresh token that all pairs of the sign-in share, if the service does not rotate.
    refresh: Option<String>,
    family: usize,
    number: u32,
    /// The pair whose refresh token was exchanged for this pair.
    parent: Option<usize>,
    issued: u64,
    /// Whether the wall clock of the process that received the pair was wrong.
    skewed: bool,
    /// The time of the first save of the pair.
    saved: Option<u64>,
    /// The time of the last save; `None` before the first save, and after an older record was
    /// restored.
    stored: Option<u64>,
    /// Whether the store was restored to an older record after the save.
    rolled_back: bool,
    /// The lives that have this pair or a newer one in memory.
    known_to: HashSet<Life>,
    /// The lives whose current session has had this pair in memory or has read it for a sign-out.
    seen_by: HashSet<Life>,
    /// The time of the temporary refusal that the store has recorded.
    refused: Option<u64>,
    /// The life that received the pair.
    holder: Option<Life>,
    /// Whether the holder lost the pair before it was saved.
    given_up: bool,
    /// Whether a save failed or may have failed.
    save_failed: bool,
    /// How often the service accepted the refresh token of this pair.
    used: u32,
    /// The lives whose exchange of this pair had no response.
    unknown_to: Vec<Life>,
}

/// The sender of a refresh token, with the facts that the rules need.
pub(super) struct Presenter {
    pub(super) life: Life,
    /// When the sender read the store under the lock.
    pub(super) loaded: Option<u64>,
    /// Whether the sender holds the lock according to the store.
    pub(super) locked: bool,
    /// Whether the store has lost the sender's lock.
    pub(super) robbed: bool,
    /// Whether another exchange of the same pair is running.
    pub(super) twice: bool,
    /// Whether the sender's wall clock is wrong.
    pub(super) skewed: bool,
    /// Whether the refresh is explicit. An explicit refresh may be sent long before the expiry.
    pub(super) asked: bool,
    /// Whether the store already refused writes when the sender got the lock, and still refuses them.
    pub(super) unwritable: bool,
}

impl Truth {
    pub(super) fn new(rotation: Rotation, ttl: u64) -> Self {
        Self {
            rotation,
            ttl,
            last_expiry: None,
            families: Vec::new(),
            pairs: Vec::new(),
            by_refresh: HashMap::new(),
            by_access: HashMap::new(),
            last_saved: HashMap::new(),
            signed_out: HashSet::new(),
        }
    }

    /// Checks the rules for a refresh token that a client sends.
    pub(super) fn presents(&mut self, refresh: &str, who: &Presenter, now: u64) -> Result<(), String> {
        let Some(&index) = self.by_refresh.get(refresh) else {
            return Err("an unknown refresh token".to_owned());
        };
        let pair = &self.pairs[index];
        let family = &self.families[pair.family];
        let newer: Vec<_> = self.newer_than(index).collect();
        let knows_newer = newer.iter().any(|newer| newer.known_to.contains(&who.life));
        if newer.iter().any(|newer| newer.rolled_back) && !knows_newer {
            // No client can know that the store was restored to this pair, and so prevent the loss.
            let user = family.user;
            self.excuse(user);
            return Ok(());
        }
        if family.excused {
            return Ok(()); // the sign-in may end, so nothing can be lost
        }
        if knows_newer {
            return Err(format!("a process sends generation {} although it has a newer one", pair.number));
        }
        if who.unwritable {
            return Err("a refresh token is sent although the store refuses writes".to_owned());
        }
        if pair.refused.is_some_and(|at| now < at + REFUSAL_PAUSE_MS) && !who.skewed {
            return Err("a refused refresh token is sent again too early".to_owned());
        }
        if !who.locked && !who.robbed {
            return Err("a refresh token is sent without the lock".to_owned());
        }
        if who.twice && !who.robbed {
            return Err("a refresh token is sent during another exchange of the same token".to_owned());
        }
        if family.newest >= pair.number + 2 && who.locked {
            return Err(format!(
                "generation {} is sent although generation {} exists",
                pair.number, family.newest
            ));
        }
        let works = self.works(pair, now);
        if pair.unknown_to.contains(&who.life) && works {
            return Err(
                "a refresh token whose response was lost is sent again while its access token is valid"
                    .to_owned(),
            );
        }
        let early = (self.ttl / 2).min(60_000);
        let left = (pair.issued + self.ttl).saturating_sub(now);
        if works && left > early && !who.skewed && !pair.skewed && !who.asked {
            return Err(format!("a pair is exchanged {left} ms before it expires"));
        }
        for child in self.pairs.iter().filter(|child| child.parent == Some(index)) {
            let saved_before = child.stored.is_some_and(|at| who.loaded.is_some_and(|loaded| at <= loaded));
            if saved_before {
                return Err(
                    "a refresh token is sent although the sender could read its saved successor".to_owned()
                );
            }
            if child.holder == Some(who.life) && !child.given_up && child.saved.is_none() {
                return Err(
                    "a refresh token is sent by a process that holds its unsaved successor".to_owned()
                );
            }
        }
        Ok(())
    }

    /// Returns the pairs of the same user that are newer than this pair.
    ///
    /// Newer pairs are the later pairs of the same sign-in and all pairs of later sign-ins.
    fn newer_than(&self, index: usize) -> impl Iterator<Item = &Pair> {
        let (pair, family) = (&self.pairs[index], &self.families[self.pairs[index].family]);
        self.pairs.iter().filter(move |other| {
            let theirs = &self.families[other.family];
            theirs.user == family.user
                && if other.family == pair.family {
                    other.number > pair.number
                } else {
                    theirs.began > family.began
                }
        })
    }

    fn excuse(&mut self, user: usize) {
        self.families
            .iter_mut()
            .filter(|family| family.user == user)
            .for_each(|family| family.excused = true);
    }

    /// Returns whether the service will accept this refresh token.
    pub(super) fn accepts(&self, refresh: &str) -> bool {
        let Some(&index) = self.by_refresh.get(refresh) else { return false };
        let (pair, family) = (&self.pairs[index], &self.families[self.pairs[index].family]);
        !family.dead
            && match self.rotation {
                Rotation::Grace | Rotation::Kept => family.newest <= pair.number + 1,
                Rotation::Strict | Rotation::Family => pair.used == 0,
            }
    }

    /// Records that the service refused this refresh token.
    ///
    /// If the refusal is the loss of a sign-in, returns `Some(true)` if no client can prevent the loss, and
    /// `Some(false)` otherwise. `late`: before the request arrived, the sender stopped waiting or lost its
    /// lock.
    pub(super) fn refused(&mut self, refresh: &str, late: bool) -> Option<bool> {
        let &index = self.by_refresh.get(refresh)?;
        let family = self.pairs[index].family;
        // The response was lost, its receiver lost the pair before the save, or the save failed.
        let lost = |child: &Pair| {
            child.parent == Some(index)
                && child.saved.is_none()
                && (child.holder.is_none() || child.given_up || child.save_failed)
        };
        let Family { dead, excused, user, .. } = self.families[family];
        let cannot_count = dead || excused || late && self.rotation == Rotation::Strict;
        let once = matches!(self.rotation, Rotation::Strict | Rotation::Family);
        let helpless = excused || late || once && self.pairs.iter().any(lost);
        match self.rotation {
            Rotation::Strict => {}
            Rotation::Family => self.families[family].dead = true,
            Rotation::Grace | Rotation::Kept if !dead => self.revoke(user, helpless),
            Rotation::Grace | Rotation::Kept => {}
        }
        if !(late && self.rotation == Rotation::Strict) {
            self.families[family].excused |= helpless;
        }
        (!cannot_count).then_some(helpless)
    }

    /// Records the pair that the service issued for a sign-in.
    pub(super) fn signs_in(&mut self, user: usize, access: &str, refresh: &str, now: u64) {
        self.families.push(Family { user, began: now / 1000, newest: 0, dead: false, excused: false });
        self.add(self.families.len() - 1, 0, None, access, refresh, now);
    }

    /// Records the pair that the service issued for a refresh token.
    pub(super) fn refreshes(&mut self, from: &str, access: &str, refresh: &str, now: u64) {
        let Some(&parent) = self.by_refresh.get(from) else { return };
        self.pairs[parent].used += 1;
        let (family, number) = (self.pairs[parent].family, self.pairs[parent].number + 1);
        self.families[family].newest = self.families[family].newest.max(number);
        self.add(family, number, Some(parent), access, refresh, now);
    }

    /// Records an access token that the service issued without rotating the refresh token.
    pub(super) fn renews(&mut self, refresh: &str, access: &str, now: u64) {
        let Some(&before) = self.by_refresh.get(refresh) else { return };
        let (family, number) = (self.pairs[before].family, self.pairs[before].number);
        self.add(family, number, None, access, refresh, now);
        // The refresh token identifies the stored pair until the new pair is saved.
        self.by_refresh.insert(refresh.to_owned(), before);
    }

    fn add(
        &mut self,
        family: usize,
        number: u32,
        parent: Option<usize>,
        access: &str,
        refresh: &str,
        issued: u64,
    ) {
        let index = self.pairs.len();
        self.by_access.insert(access.to_owned(), index);
        self.by_refresh.insert(refresh.to_owned(), index);
        let kept = self.rotation == Rotation::Kept;
        self.pairs.push(Pair {
            refresh: kept.then(|| refresh.to_owned()),
            family,
            number,
            parent,
            issued,
            skewed: false,
            saved: None,
            stored: None,
            rolled_back: false,
            known_to: HashSet::new(),
            seen_by: HashSet::new(),
            refused: None,
            holder: None,
            given_up: false,
            save_failed: false,
            used: 0,
            unknown_to: Vec::new(),
        });
    }

    /// Records that a life received this access token.
    pub(super) fn arrives(&mut self, access: &str, life: Life, skewed: bool) {
        if let Some(&index) = self.by_access.get(access) {
            self.pairs[index].holder = Some(life);
            self.pairs[index].skewed = skewed;
        }
        self.knows(access, life);
    }

    /// Records that a life has this pair in memory, and has no pair of another sign-in of the user.
    pub(super) fn knows(&mut self, access: &str, life: Life) {
        let Some(&index) = self.by_access.get(access) else { return };
        let (family, user) = (self.pairs[index].family, self.families[self.pairs[index].family].user);
        if !self.signed_out.contains(&(life, family)) {
            self.forgets_sign_outs(life, user); // the user has signed in again in another process
        }
        self.pairs[index].known_to.insert(life);
        let Self { pairs, families, .. } = self;
        for pair in
            pairs.iter_mut().filter(|pair| families[pair.family].user == user && pair.family != family)
        {
            pair.seen_by.remove(&life);
        }
        self.sees(access, life);
    }

    /// Records that a sign-out in this life has read this pair.
    pub(super) fn sees(&mut self, access: &str, life: Life) {
        if let Some(&index) = self.by_access.get(access) {
            self.pairs[index].seen_by.insert(life);
        }
    }

    /// Records that a life no longer has the tokens of `user` in memory. `None` means all users.
    pub(super) fn forgets(&mut self, life: Life, user: Option<usize>) {
        let Self { pairs, families, .. } = self;
        let theirs = |pair: &&mut Pair| user.is_none_or(|user| families[pair.family].user == user);
        pairs.iter_mut().filter(theirs).for_each(|pair| {
            pair.known_to.remove(&life);
        });
    }

    /// Records that a life has removed the user's session from memory.
    pub(super) fn swept(&mut self, life: Life, user: usize) {
        self.forgets(life, Some(user));
        self.forgets_sign_outs(life, user);
        let Self { pairs, families, .. } = self;
        for pair in pairs.iter_mut().filter(|pair| families[pair.family].user == user) {
            pair.seen_by.remove(&life);
        }
    }

    /// Removes the record of this user's sign-outs in this life.
    pub(super) fn forgets_sign_outs(&mut self, life: Life, user: usize) {
        let Self { families, signed_out, .. } = self;
        signed_out.retain(|(ended, family)| *ended != life || families[*family].user != user);
    }

    /// Records that the store was restored to the record with this access token.
    pub(super) fn restored(&mut self, user: usize, access: &str) {
        let Some(&index) = self.by_access.get(access) else { return };
        let rolled_back: HashSet<_> = (0..self.pairs.len())
            .filter(|other| self.newer_than(index).any(|newer| std::ptr::eq(newer, &self.pairs[*other])))
            .collect();
        if let Some(refresh) = self.pairs[index].refresh.clone() {
            self.by_refresh.insert(refresh, index);
        }
        // No client can tell which of two sign-ins in one second is the later one.
        let began = |family: usize| self.families[family].began;
        let family = self.pairs[index].family;
        if self.last_saved.get(&user).is_some_and(|last| began(*last) == began(family)) {
            self.last_saved.insert(user, family);
        }
        for (other, pair) in self.pairs.iter_mut().enumerate() {
            if self.families[pair.family].user == user {
                pair.refused = None;
                if rolled_back.contains(&other) {
                    pair.rolled_back |= pair.stored.take().is_some();
                }
            }
        }
    }

    /// Records the time of a temporary refusal that the store has saved.
    pub(super) fn refused_for_now(&mut self, access: &str, at: Option<u64>) {
        if let Some(&index) = self.by_access.get(access) {
            self.pairs[index].refused = at;
        }
    }

    /// Records a sign-out.
    ///
    /// After the sign-out, this life must not use the user's earlier tokens again, unless the user signed in
    /// after the sign-out had read the store (`signed_in_since`).
    pub(super) fn signs_out(&mut self, life: Life, user: usize, signed_in_since: bool) {
        if !signed_in_since {
            self.gives_up(life, Some(user));
        }
        for pair in &self.pairs {
            let family = &mut self.families[pair.family];
            family.excused |= family.user == user && pair.saved.is_some();
            if family.user == user && pair.seen_by.contains(&life) && !signed_in_since {
                self.signed_out.insert((life, pair.family));
            }
        }
    }

    /// Returns whether this life has signed out of the token's sign-in or of a later sign-in.
    pub(super) fn has_signed_out(&self, life: Life, refresh: &str) -> bool {
        let Some(pair) = self.by_refresh.get(refresh).map(|index| &self.pairs[*index]) else { return false };
        let family = &self.families[pair.family];
        self.signed_out.iter().filter(|(ended, _)| *ended == life).any(|(_, index)| {
            let ended = &self.families[*index];
            *index == pair.family || ended.user == family.user && ended.began > family.began
        })
    }

    /// Returns the pair that a refresh token belongs to.
    pub(super) fn pair_of(&self, refresh: &str) -> Option<usize> {
        self.by_refresh.get(refresh).copied()
    }

    /// Records that an exchange of this pair's refresh token got no response.
    pub(super) fn fate_unknown(&mut self, pair: usize, life: Life) {
        self.pairs[pair].unknown_to.push(life);
    }

    /// Records a save.
    pub(super) fn saved(&mut self, access: &str, now: u64) {
        let Some(&index) = self.by_access.get(access) else { return };
        let pair = &mut self.pairs[index];
        let signs_in = pair.number == 0 && pair.saved.is_none();
        pair.saved.get_or_insert(now);
        pair.stored = Some(now);
        pair.rolled_back = false;
        let (user, family) = (self.families[pair.family].user, pair.family);
        let before = self.last_saved.insert(user, family);
        if let Some(before) = before.filter(|before| signs_in && *before != family) {
            // A new sign-in replaces the earlier one.
            self.families[before].excused = true;
        }
        if let Some(refresh) = self.pairs[index].refresh.clone().filter(|_| self.rotation == Rotation::Kept) {
            self.by_refresh.insert(refresh, index);
        }
    }

    /// Records a failed or uncertain save.
    pub(super) fn save_failed(&mut self, access: &str) {
        if let Some(&index) = self.by_access.get(access) {
            self.pairs[index].save_failed = true;
        }
    }

    /// Returns whether this life holds an unsaved pair that is newer than the pair of `access`.
    pub(super) fn waits_for_later_sign_in(&self, access: &str, life: Life) -> bool {
        let Some(&index) = self.by_access.get(access) else { return false };
        self.newer_than(index).any(|pair| pair.holder == Some(life) && !pair.given_up && pair.saved.is_none())
    }

    /// Returns whether the pair of `access` is older than the pair of `than`, or from an earlier sign-in.
    pub(super) fn is_older(&self, access: &str, than: &str) -> bool {
        let index = |access: &str| self.by_access.get(access).copied();
        let (Some(older), Some(newer)) = (index(access), index(than)) else { return false };
        self.newer_than(older).any(|pair| std::ptr::eq(pair, &self.pairs[newer]))
    }

    /// Returns whether one of these lives holds the unsaved first pair of a sign-in.
    ///
    /// A sign-in is ignored if one of its pairs, or a pair of a later sign-in, was ever saved.
    pub(super) fn has_unsaved_sign_in(&self, user: usize, lives: &[Life]) -> bool {
        self.pairs.iter().any(|pair| {
            let family = &self.families[pair.family];
            let is_theirs = pair.holder.is_some_and(|life| lives.contains(&life)) && !pair.given_up;
            let is_waiting = family.user == user && pair.number == 0 && pair.saved.is_none();
            is_theirs
                && is_waiting
                && !family.excused
                && !self.pairs.iter().any(|other| {
                    let theirs = &self.families[other.family];
                    theirs.user == user && theirs.began >= family.began && other.saved.is_some()
                })
        })
    }

    /// Returns whether one of these lives has an unsaved successor of this pair.
    pub(super) fn has_unsaved_successor(&self, of: usize, lives: &[Life]) -> bool {
        !self.families[self.pairs[of].family].excused
            && self.pairs.iter().any(|pair| {
                let held = pair.holder.is_some_and(|life| lives.contains(&life)) && !pair.given_up;
                pair.parent == Some(of) && pair.saved.is_none() && held
            })
    }

    /// Checks the rules for an access token that a client sends.
    pub(super) fn bears(&self, access: &str, user: usize, life: Life) -> Result<(), String> {
        let Some(&index) = self.by_access.get(access) else {
            return Err("an unknown access token".to_owned());
        };
        let pair = &self.pairs[index];
        if self.families[pair.family].user != user {
            return Err("the access token of another user".to_owned());
        }
        if self.signed_out.contains(&(life, pair.family)) {
            return Err("an access token of a sign-in that this process has signed out of".to_owned());
        }
        if pair.saved.is_none() { Err("an access token that was never saved".to_owned()) } else { Ok(()) }
    }

    /// Records that a life has lost its unsaved pairs of `user`. `None` means all users.
    ///
    /// A life loses its unsaved pairs when it ends, and those of one user when that user signs in again or
    /// signs out.
    pub(super) fn gives_up(&mut self, life: Life, user: Option<usize>) {
        let Self { pairs, families, .. } = self;
        let theirs = |pair: &&mut Pair| {
            pair.holder == Some(life) && user.is_none_or(|user| families[pair.family].user == user)
        };
        pairs.iter_mut().filter(theirs).for_each(|pair| pair.given_up = true);
    }

    /// Records that all tokens of the user are revoked.
    pub(super) fn revoke(&mut self, user: usize, excused: bool) {
        for family in self.families.iter_mut().filter(|family| family.user == user) {
            family.dead = true;
            family.excused |= excused;
        }
    }

    /// Returns whether the rules allow that the store has no tokens of the user.
    ///
    /// The rules allow this if no sign-in of the user was saved, or if the last saved sign-in had an allowed
    /// reason to end.
    pub(super) fn may_be_out(&self, user: usize) -> bool {
        self.last_saved.get(&user).is_none_or(|family| self.families[*family].excused)
    }

    /// Returns whether any sign-in of the user had an allowed reason to end.
    pub(super) fn any_is_over(&self, user: usize) -> bool {
        self.families.iter().any(|family| family.user == user && family.excused)
    }

    fn works(&self, pair: &Pair, now: u64) -> bool {
        !self.families[pair.family].dead
            && now < pair.issued + self.ttl
            && self.last_expiry.is_none_or(|at| pair.issued > at)
    }
}
