//! Simulates users, processes and calls against the real sandbox, with faults and a simulated clock.
//!
//! ```text
//!   a seed ─> World ── steps of the core's machines ──> Network ──> Sandbox (the real one)
//!               │  │                                      │ lost, slow, failing
//!               │  └── locks, loads, saves ──> Storage <──┤ failing, slow, lock lost
//!               │        cancelled calls, killed processes, clock jumps, sign-ins, revocations
//!               └── sent and saved tokens ──> Truth ──> checks the rules
//! ```
//!
//! A seed always gives the same run: the same order of events and the same faults at the same times. `Truth`
//! records the tokens at the service, in the store, and in the memory of each process.
//!
//! The rules:
//!
//! * Only saved tokens are sent.
//! * A refresh token is sent a second time only if the response was lost, the process that received the
//!   response ended, or the new pair was not saved.
//! * While the access token of a pair is valid, the pair's refresh token is sent only shortly before the
//!   access token expires, or for an explicit refresh.
//! * A refresh token whose exchange had no response is sent again only after its access token has expired.
//! * A refresh token that is two generations old is never sent.
//! * A sign-in ends only by a revocation, a sign-out, or, if the service accepts each refresh token only
//!   once, by a lost response.
//! * When the faults stop, every session that has not ended works, also after the next expiry of
//!   its access token.
//! * No task loops forever.

mod network;
mod report;
mod storage;
mod tasks;
mod truth;
mod world;

pub use report::{FAULTS, Fault, Report, STATES, State};
use truth::Truth;
pub use world::run;
