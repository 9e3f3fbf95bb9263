//! The states of a task, the faults, and the report of a run.

use std::ops::AddAssign;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident $list:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$each])* $variant,)*
        }

        /// All values of the enum, in order of declaration.
        pub const $list: &[$name] = &[$($name::$variant,)*];

        impl $name {
            /// Returns the name for the output.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// The state of a task when a fault occurs.
    State STATES {
        /// A call that waits for the response of the service.
        Calling = "calling",
        /// A task that waits at the gate of its session.
        AtGate = "at the gate",
        /// A call that waits for the refresh it leads.
        Waiting = "waiting",
        /// A call between two attempts.
        Sleeping = "sleeping",
        /// A refresh that reads the store.
        Loading = "loading",
        /// A refresh that tries to lock the user's tokens.
        Locking = "locking",
        /// A refresh between two attempts to lock the user's tokens.
        RefreshSleeping = "resting",
        /// A refresh that checks whether the store can save.
        Preparing = "preparing",
        /// A refresh or a sign-in that waits for the response of the token endpoint.
        Exchanging = "exchanging",
        /// A sign-out that waits for the response of the service or for its next attempt.
        Revoking = "revoking",
        /// A refresh that saves the new pair.
        Saving = "saving",
        /// A session that ends and deletes its record.
        Deleting = "deleting",
        /// A refresh that releases the lock.
        Releasing = "releasing",
    }
}

named! {
    /// A fault, or an event that the client does not control.
    Fault FAULTS {
        /// The future of a task is dropped.
        Dropped = "dropped",
        /// The process is killed.
        Killed = "killed",
        /// The process's wall clock jumps forwards.
        JumpForward = "clock forward",
        /// The process's wall clock jumps back.
        JumpBack = "clock back",
        /// Every access token expires.
        Expired = "expired",
        /// The user's tokens are revoked at the service.
        Revoked = "revoked",
        /// The user signs in again.
        SignIn = "signs in",
        /// The user signs out.
        SignOut = "signs out",
        /// The process removes idle sessions from memory.
        Swept = "swept",
        /// The process is suspended for some time and keeps its locks.
        Stopped = "stopped",
        /// The store is restored to an older record.
        Restored = "restored",
        /// The store refuses writes for some time.
        ReadOnly = "read-only",
        /// The lock of the user's tokens is lost.
        LockLost = "lock lost",
        /// The service cannot be reached.
        Unreachable = "unreachable",
        /// The request is lost.
        RequestLost = "request lost",
        /// The service executes the request, and its response is lost.
        AnswerLost = "answer lost",
        /// The service is slow.
        Slow = "slow",
        /// The service responds with 503 and does not execute the request.
        Unavailable = "503",
        /// The service executes the request but responds with 503.
        ActedUnavailable = "acted, 503",
        /// The service responds with 429 and any error code.
        Limited = "429",
        /// The service refuses the refresh token for now.
        RefusedForNow = "refused for now",
        /// The service executes the request, and its response is not readable.
        Garbage = "garbage",
        /// The service refuses the application's credentials once.
        InvalidClient = "invalid_client",
        /// The store fails without writing.
        StoreFailed = "store failed",
        /// The store fails after writing.
        StoreUnsure = "store unsure",
        /// The store is slow.
        StoreSlow = "store slow",
    }
}

impl State {
    /// Returns whether this fault can occur in this state.
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

/// The counted events and the broken rules of one or several runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Simulated users.
    pub users: u64,
    /// Started calls.
    pub calls: u64,
    /// Calls with at least one fault.
    pub calls_met: u64,
    /// Refreshes that the service granted.
    pub exchanges: u64,
    /// The number of times that each fault occurred in each state.
    pub met: [[u64; FAULTS.len()]; STATES.len()],
    /// Sign-ins that ended without an allowed reason.
    pub lost_sign_ins: u64,
    /// Sign-ins that ended although no client could prevent the end.
    ///
    /// An example: the service accepts each refresh token only once, and the response with the new pair was
    /// lost.
    pub unavoidable_losses: u64,
    /// The broken rules with their seeds.
    pub breaches: Vec<String>,
    /// The events of the run, if requested.
    pub history: Vec<String>,
}

impl Report {
    /// Creates the report of a seed that panicked.
    pub fn panicked(seed: u64) -> Self {
        Self { breaches: vec![format!("seed {seed}: panicked")], ..Self::default() }
    }

    /// Returns the number of times that a fault occurred, in all states together.
    pub fn faults(&self, fault: Fault) -> u64 {
        self.met.iter().map(|row| row[fault as usize]).sum()
    }

    /// Returns the possible pairs of state and fault that never occurred.
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
