//! Checks the conformance tests of replay guards.
//!
//! A correct replay guard must pass, and a guard with a known fault must break the matching rule.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use connect_core::{
    StoreError,
    webhooks::{Claimed, ReplayClaim, ReplayGuard, ReplayMemory},
};
use connect_stores::conformance::replay_guard;
use jiff::Timestamp;

/// A fault that a replay guard can have.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// The check and the write of a claim are not atomic.
    NotAtomic,
    /// A claim never expires.
    NoLease,
    /// Dropping an expired claim frees the delivery, even if a newer claim holds the delivery.
    FreesOthers,
    /// Dropping the claim of a handled delivery makes the delivery new again.
    FreesTheDone,
    /// `done` is ignored after the claim expired.
    ForgetsTheLate,
    /// Ids that differ only in case are treated as equal.
    NoCase,
}

#[derive(Clone)]
struct Book {
    known: Arc<Mutex<HashMap<String, Entry>>>,
    fault: Fault,
    lease: Duration,
}

#[derive(Clone, Copy)]
struct Entry {
    ticket: Instant,
    lease: Duration,
    done: bool,
}

impl Book {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayGuard for Book {
    fn claim(&self, id: &str, _: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        let id = if self.fault == Fault::NoCase { id.to_lowercase() } else { id.to_owned() };
        let mut known = self.known();
        if let Some(entry) = known.get(&id) {
            if entry.done {
                return Ok(Claimed::Done);
            }
            if entry.ticket.elapsed() < entry.lease || self.fault == Fault::NoLease {
                return Ok(Claimed::InProgress);
            }
        }
        if self.fault == Fault::NotAtomic {
            drop(known);
            thread::sleep(Duration::from_millis(1));
            known = self.known();
        }
        let ticket = Instant::now();
        known.insert(id.clone(), Entry { ticket, lease: self.lease, done: false });
        Ok(Claimed::New(Box::new(Claim { book: self.clone(), id, ticket })))
    }
}

struct Claim {
    book: Book,
    id: String,
    ticket: Instant,
}

impl ReplayClaim for Claim {
    fn done(&mut self) -> Result<(), StoreError> {
        let late = self.ticket.elapsed() >= self.book.lease;
        if !late || self.book.fault != Fault::ForgetsTheLate {
            self.book
                .known()
                .insert(self.id.clone(), Entry { ticket: self.ticket, lease: self.book.lease, done: true });
        }
        Ok(())
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let (mut known, fault) = (self.book.known(), self.book.fault);
        let frees = known.get(&self.id).is_some_and(|entry| {
            (entry.ticket == self.ticket || fault == Fault::FreesOthers)
                && (!entry.done || fault == Fault::FreesTheDone)
        });
        if frees {
            known.remove(&self.id);
        }
    }
}

#[test]
fn correct_guard_passes() {
    let known = Arc::default();
    replay_guard(|lease| Ok(Book { known: Arc::clone(&known), fault: Fault::None, lease })).unwrap();
    let memory = ReplayMemory::new();
    replay_guard(|lease| Ok(memory.clone().lease(lease))).unwrap();
}

#[test]
fn every_fault_breaks_its_rule() {
    let faults = [
        (Fault::NotAtomic, "exactly one of many concurrent claims for a delivery succeeds"),
        (Fault::NoLease, "an expired claim frees the delivery"),
        (Fault::FreesOthers, "an expired claim frees the delivery"),
        (Fault::FreesTheDone, "a handled delivery stays handled after a second `done` and a release"),
        (Fault::ForgetsTheLate, "a delivery handled after its claim expired stays handled"),
        (Fault::NoCase, "an id may contain any text"),
    ];
    for (fault, rule) in faults {
        let known = Arc::default();
        let tried = replay_guard(|lease| Ok(Book { known: Arc::clone(&known), fault, lease }));
        let Err(broken) = tried else { panic!("the conformance tests do not detect {fault:?}") };
        assert!(broken.rules().any(|name| name == rule), "{fault:?} breaks only: {broken}");
    }
}
