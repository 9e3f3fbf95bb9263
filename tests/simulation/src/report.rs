//! What a run did, and what it met.

use std::ops::AddAssign;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident $list:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$each])* $variant,)*
        }

        /// All of them, in their order.
        pub const $list: &[$name] = &[$($name::$variant,)*];

        impl $name {
            /// Its name, for people.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// Where a machine is when something happens to it.
    State STATES {
        /// A call on its way to the service.
        Calling = "calling",
        /// A call or a sign-in that waits for its turn to change tokens.
        AtGate = "at the gate",
        /// A call that waits for the refresh it leads.
        Waiting = "waiting",
        /// A call between two attempts.
        Sleeping = "sleeping",
        /// A refresh that reads the store.
        Loading = "loading",
        /// A refresh that tries to lock.
        Locking = "locking",
        /// A refresh between two tries to lock.
        Resting = "resting",
        /// A refresh that checks whether it will be able to save.
        Preparing = "preparing",
        /// A refresh, or a sign-in, on its way to the token endpoint.
        Exchanging = "exchanging",
        /// A sign-out on its way to the service, or between two attempts.
        Revoking = "revoking",
        /// A refresh that saves the new pair.
        Saving = "saving",
        /// A session that ends, whose record is deleted.
        Deleting = "deleting",
        /// A refresh that gives the lock back.
        Releasing = "releasing",
    }
}

named! {
    /// What goes wrong.
    Fault FAULTS {
        /// Its future or its machine is dropped.
        Dropped = "dropped",
        /// Its process is killed.
        Killed = "killed",
        /// The process's wall clock jumps forwards.
        JumpForward = "clock forward",
        /// The process's wall clock jumps back.
        JumpBack = "clock back",
        /// Every access token expires.
        Expired = "expired",
        /// The user is revoked at the service.
        Revoked = "revoked",
        /// The user signs in again.
        SignIn = "signs in",
        /// The user signs out.
        SignOut = "signs out",
        /// The process lets idle sessions go.
        Swept = "swept",
        /// The process stops for a while, with what it holds.
        Stopped = "stopped",
        /// The store comes back with an older record.
        Restored = "restored",
        /// The store reads but does not write for a while.
        ReadOnly = "read-only",
        /// The lock of the user's tokens is lost.
        LockLost = "lock lost",
        /// The service was not reached.
        Unreachable = "unreachable",
        /// The request was lost on its way.
        RequestLost = "request lost",
        /// The service acted, and its answer was lost.
        AnswerLost = "answer lost",
        /// The service was slow.
        Slow = "slow",
        /// 503, and the service did not act.
        Unavailable = "503",
        /// 503, although the service acted.
        ActedUnavailable = "acted, 503",
        /// 429, with any error code.
        Limited = "429",
        /// The service refuses the refresh token for now.
        RefusedForNow = "refused for now",
        /// The service acted, and its answer is not readable.
        Garbage = "garbage",
        /// The credentials of the application were refused, for once.
        InvalidClient = "invalid_client",
        /// The store failed, and nothing was done.
        StoreFailed = "store failed",
        /// The store failed after it had written.
        StoreUnsure = "store unsure",
        /// The store took long.
        StoreSlow = "store slow",
    }
}

impl State {
    /// Whether this fault can meet a machine in this state.
    pub fn meets(self, fault: Fault) -> bool {
        use Fault::*;
        let holds = matches!(
            self,
            Self::Preparing
                | Self::Exchanging
                | Self::Revoking
                | Self::Saving
                | Self::Deleting
                | Self::Releasing
        );
        match fault {
            Dropped | Killed | JumpForward | JumpBack | Expired | Revoked | SignIn | SignOut | Swept
            | Stopped | Restored | ReadOnly => true,
            LockLost => holds,
            Unreachable | RequestLost | AnswerLost | Slow | Unavailable | ActedUnavailable | Limited
            | Garbage => {
                matches!(self, Self::Calling | Self::Exchanging | Self::Revoking)
            }
            InvalidClient | RefusedForNow => self == Self::Exchanging,
            StoreFailed | StoreSlow => {
                matches!(self, Self::Loading | Self::Locking | Self::Preparing)
                    || matches!(self, Self::Saving | Self::Deleting | Self::Releasing)
            }
            StoreUnsure => matches!(self, Self::Saving | Self::Deleting),
        }
    }
}

/// What one or several runs did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Users there were.
    pub users: u64,
    /// Calls that were started.
    pub calls: u64,
    /// Calls that at least one fault met.
    pub calls_met: u64,
    /// Exchanges of a refresh token that the service granted.
    pub exchanges: u64,
    /// How often each fault met each state.
    pub met: [[u64; FAULTS.len()]; STATES.len()],
    /// Sign-ins that ended without one of the reasons there may be.
    pub lost_sign_ins: u64,
    /// Sign-ins that ended because the service forgives no lost answer.
    pub unavoidable_losses: u64,
    /// Rules that were broken, with the seed.
    pub breaches: Vec<String>,
    /// What happened, line by line, where it was asked for.
    pub history: Vec<String>,
}

impl Report {
    /// A seed that came to no end.
    pub fn panicked(seed: u64) -> Self {
        Self { breaches: vec![format!("seed {seed}: it panicked")], ..Self::default() }
    }

    /// How often a fault happened, over all states.
    pub fn faults(&self, fault: Fault) -> u64 {
        self.met.iter().map(|row| row[fault as usize]).sum()
    }

    /// The pairs of state and fault that can meet and never did.
    pub fn gaps(&self) -> Vec<(State, Fault)> {
        let pairs = STATES.iter().flat_map(|state| FAULTS.iter().map(|fault| (*state, *fault)));
        pairs
            .filter(|(state, fault)| state.meets(*fault) && self.met[*state as usize][*fault as usize] == 0)
            .collect()
    }
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.users += other.users;
        self.calls += other.calls;
        self.calls_met += other.calls_met;
        self.exchanges += other.exchanges;
        self.lost_sign_ins += other.lost_sign_ins;
        self.unavoidable_losses += other.unavoidable_losses;
        for (row, other) in self.met.iter_mut().zip(other.met) {
            row.iter_mut().zip(other).for_each(|(count, more)| *count += more);
        }
        self.breaches.extend(other.breaches);
        self.history.extend(other.history);
    }
}
