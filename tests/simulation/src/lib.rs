//! Users, processes and calls in simulated time, against the real sandbox, with everything going wrong that can.
//!
//! ```text
//!   a seed ─> World ── steps of the core's machines ──> Network ──> Sandbox (the real one)
//!               │  │                                      │ lost, slow, failing
//!               │  └── locks, loads, saves ──> Storage <──┤ failing, slow, lock lost
//!               │        calls given up, processes killed, clocks that jump, sign-ins, revocations
//!               └── what is sent and saved ──> Truth ──> the rules, broken or not
//! ```
//!
//! One seed gives one run, always the same: the order of everything that happens, what goes wrong, and when. `Truth`
//! looks at it from the service's side and from the store's, never from the client's.
//!
//! The rules:
//!
//! * a token that is sent is one that was saved;
//! * a refresh token is not presented again unless the answer, its holder or its save was lost, and while its pair still
//!   works it is not presented at all, but for the early window;
//! * one of unknown fate is presented again only when its access token works no more;
//! * none is presented that is two generations old;
//! * a sign-in ends only by a revocation, by signing out, or where the service forgives no lost answer;
//! * when nothing goes wrong any more, every session that is not over works, also past its next expiry;
//! * nothing goes round in circles.

mod network;
mod report;
mod storage;
mod tasks;
mod truth;
mod world;

pub use report::{FAULTS, Fault, Report, STATES, State};
use truth::Truth;
pub use world::run;
