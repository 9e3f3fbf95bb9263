//! Checks the conformance tests of token stores.
//!
//! A correct token store must pass, and a store with a known fault must break the matching rule.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use connect_core::{MemoryStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};
use connect_stores::{
    FileStore,
    conformance::{Broken, Leases, token_store},
};

/// A fault that a store can have.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// An attempt to take a held lock succeeds.
    NoLock,
    /// An attempt to take a held lock waits.
    WaitsForTheLock,
    /// A lock ends before its lease ends.
    EndsEarly,
    /// A save succeeds without the lock.
    IgnoresTheLease,
    /// Releasing an expired lock releases the lock of its new holder.
    ReleasesForOthers,
    /// A release does nothing.
    NeverReleases,
    /// Dropping a lock does not release it.
    KeepsDropped,
    /// The parts of a key are joined with a separator that the parts may contain.
    MixesKeys,
    /// The issuer of a key is ignored.
    ForgetsTheIssuer,
    /// User ids are trimmed.
    TrimsIds,
    /// All keys share one lock.
    OneLock,
    /// The expiry time is not stored.
    ForgetsTheEnd,
    /// The refusal of a refresh token is not stored.
    ForgetsTheRefusal,
    /// A save of a pair without a refresh token keeps the previous refresh token.
    Merges,
    /// Long tokens are truncated.
    CutsLong,
    /// Taking a lock stores tokens.
    StoresWhenLocked,
    /// A delete does nothing.
    NeverDeletes,
    /// A lock allows only one write.
    WritesOnce,
    /// A load takes the lock.
    ReadsUnderTheLock,
    /// A save after a prepare does nothing.
    LosesThePrepared,
    /// A prepare removes the record.
    PrepareDeletes,
    /// A second prepare fails.
    PreparesOnce,
    /// A delete after a prepare does nothing.
    KeepsThePrepared,
    /// A prepare succeeds without the lock.
    PreparesWithoutLock,
}

/// An in-memory token store that has the fault `fault`. Its locks expire.
#[derive(Clone)]
struct Book {
    pages: Arc<Mutex<Pages>>,
    fault: Fault,
}

#[derive(Default)]
struct Pages {
    kept: HashMap<String, Tokens>,
    /// The number that identifies the holder, and the end of the lease.
    locks: HashMap<String, (u64, Instant)>,
    tickets: u64,
}

impl Book {
    fn new(fault: Fault) -> Self {
        Self { pages: Arc::default(), fault }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, key: &TokenKey) -> String {
        match self.fault {
            Fault::MixesKeys => format!("{}/{}/{}", key.issuer, key.client_id, key.user),
            Fault::TrimsIds => format!("{:?}", (&key.issuer, &key.client_id, key.user.trim())),
            // The conformance tests append this suffix to the second issuer.
            Fault::ForgetsTheIssuer => {
                format!("{:?}", (key.issuer.trim_end_matches(".other"), &key.client_id, &key.user))
            }
            _ => format!("{key:?}"),
        }
    }

    fn locked(&self, key: &TokenKey) -> String {
        if self.fault == Fault::OneLock { "all".to_owned() } else { self.name(key) }
    }

    fn take(&self, key: &TokenKey, lease: Duration) -> Option<u64> {
        let (mut pages, now) = (self.pages(), Instant::now());
        let taken = pages.locks.get(&self.locked(key)).is_some_and(|(_, until)| *until > now);
        if taken && self.fault != Fault::NoLock {
            return None;
        }
        pages.tickets += 1;
        let ticket = pages.tickets;
        let lease = if self.fault == Fault::EndsEarly { lease * 2 / 3 } else { lease };
        pages.locks.insert(self.locked(key), (ticket, now + lease));
        if self.fault == Fault::StoresWhenLocked {
            pages.kept.entry(self.name(key)).or_insert_with(|| Tokens::new("", ""));
        }
        Some(ticket)
    }
}

impl TokenStore for Book {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        if self.fault == Fault::ReadsUnderTheLock && self.take(key, Duration::from_millis(1)).is_none() {
            return Err(StoreError::new("another holder has the lock"));
        }
        Ok(self.pages().kept.get(&self.name(key)).cloned())
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let mut ticket = self.take(key, lease);
        if self.fault == Fault::WaitsForTheLock {
            let until = Instant::now() + Duration::from_millis(2100);
            while ticket.is_none() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
                ticket = self.take(key, lease);
            }
        }
        Ok(ticket.map(|ticket| Box::new(BookLock::new(self.clone(), key.clone(), ticket)) as _))
    }
}

struct BookLock {
    book: Book,
    key: TokenKey,
    ticket: u64,
    prepared: bool,
    written: bool,
    over: bool,
}

impl BookLock {
    fn new(book: Book, key: TokenKey, ticket: u64) -> Self {
        Self { book, key, ticket, prepared: false, written: false, over: false }
    }

    fn has(&self, fault: Fault) -> bool {
        self.book.fault == fault
    }

    fn holds(&self) -> bool {
        let pages = self.book.pages();
        let held = pages.locks.get(&self.book.locked(&self.key));
        held.is_some_and(|(ticket, until)| *ticket == self.ticket && *until > Instant::now())
    }

    fn write(&mut self, write: impl FnOnce(&mut Pages, String)) -> Result<Written, StoreError> {
        if !self.holds() && !self.has(Fault::IgnoresTheLease) && !self.has(Fault::NoLock) {
            return Err(StoreError::lost_lease());
        }
        if !(self.has(Fault::WritesOnce) && self.written) {
            write(&mut self.book.pages(), self.book.name(&self.key));
        }
        self.written = true;
        Ok(Written::Durable)
    }

    fn free(&mut self) {
        let mut pages = self.book.pages();
        let name = self.book.locked(&self.key);
        let mine = pages.locks.get(&name).is_some_and(|(ticket, _)| *ticket == self.ticket);
        if mine || self.book.fault == Fault::ReleasesForOthers {
            pages.locks.remove(&name);
        }
        self.over = true;
    }
}

impl StoreLock for BookLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        Ok(self.book.pages().kept.get(&self.book.name(&self.key)).cloned())
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        if !self.holds() && !self.has(Fault::PreparesWithoutLock) {
            return Err(StoreError::lost_lease());
        }
        if self.prepared && self.has(Fault::PreparesOnce) {
            return Err(StoreError::new("the lock is prepared already"));
        }
        if self.has(Fault::PrepareDeletes) {
            self.book.pages().kept.remove(&self.book.name(&self.key));
        }
        self.prepared = true;
        Ok(())
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let mut tokens = tokens.clone();
        match self.book.fault {
            Fault::ForgetsTheEnd => tokens.expires_at = None,
            Fault::ForgetsTheRefusal => tokens.refused = None,
            Fault::CutsLong if tokens.access_token.expose().len() > 5000 => {
                tokens.access_token = "short".into();
            }
            Fault::LosesThePrepared if self.prepared => return Ok(Written::Durable),
            _ => {}
        }
        let merges = self.has(Fault::Merges);
        self.write(|pages, name| {
            let before = pages.kept.remove(&name);
            if merges && tokens.refresh_token.is_none() {
                tokens.refresh_token = before.and_then(|before| before.refresh_token);
            }
            pages.kept.insert(name, tokens);
        })
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        let keeps = self.has(Fault::NeverDeletes) || (self.has(Fault::KeepsThePrepared) && self.prepared);
        self.write(|pages, name| {
            if !keeps {
                pages.kept.remove(&name);
            }
        })
    }

    fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.has(Fault::NeverReleases) {
            self.over = true;
        } else {
            self.free();
        }
        Ok(())
    }
}

impl Drop for BookLock {
    fn drop(&mut self) {
        if !self.over && !self.has(Fault::KeepsDropped) {
            self.free();
        }
    }
}

fn check(fault: Fault) -> Result<(), Broken> {
    let book = Book::new(fault);
    token_store(Leases::EndInTime, move || Ok(book.clone()))
}

#[test]
fn correct_store_passes() {
    check(Fault::None).unwrap();
}

#[test]
fn stores_whose_locks_end_with_their_holder_pass() {
    let memory = MemoryStore::new();
    token_store(Leases::EndWithHolder, || Ok(memory.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    token_store(Leases::EndWithHolder, || FileStore::open(folder.path())).unwrap();
    #[cfg(feature = "seal")]
    {
        let seal = connect_stores::Seal::new("one", [1; 32]);
        let folder = tempfile::tempdir().unwrap();
        let open = || Ok(FileStore::open(folder.path())?.sealed(seal.clone()));
        token_store(Leases::EndWithHolder, open).unwrap();
    }
}

#[test]
fn every_fault_breaks_its_rule() {
    let faults = [
        (Fault::StoresWhenLocked, "a key without saved tokens loads nothing"),
        (Fault::ForgetsTheEnd, "a saved pair is loaded unchanged"),
        (Fault::ForgetsTheRefusal, "a saved pair is loaded unchanged"),
        (Fault::Merges, "a saved pair replaces the previous one"),
        (Fault::CutsLong, "a large pair is loaded unchanged"),
        (Fault::NeverDeletes, "a deleted pair is not loaded"),
        (Fault::WritesOnce, "a lock can save and delete more than once"),
        (Fault::ForgetsTheIssuer, "keys that differ in one part have separate tokens"),
        (Fault::TrimsIds, "an id may contain any text"),
        (
            Fault::MixesKeys,
            "keys with different parts have separate tokens, even if the joined parts are the same text",
        ),
        (Fault::LosesThePrepared, "a pair that was saved after prepare is loaded"),
        (Fault::PrepareDeletes, "prepare alone changes nothing"),
        (Fault::PreparesOnce, "prepare may be called twice"),
        (Fault::KeepsThePrepared, "a delete after prepare removes the tokens"),
        (Fault::NoLock, "a held lock cannot be taken again"),
        (Fault::WaitsForTheLock, "an attempt at a held lock returns immediately"),
        (Fault::OneLock, "a lock does not block other keys"),
        (Fault::NeverReleases, "a released lock is free immediately"),
        (Fault::KeepsDropped, "a dropped lock becomes free"),
        (Fault::ReadsUnderTheLock, "a load needs no lock"),
        (Fault::NoLock, "concurrent writers lose no update"),
        (Fault::EndsEarly, "a lock lasts exactly as long as its lease"),
        (Fault::IgnoresTheLease, "a save or delete fails when the lease is lost"),
        (Fault::ReleasesForOthers, "a holder that lost its lease does not release another holder's lock"),
        (Fault::PreparesWithoutLock, "prepare fails when the lease is lost"),
    ];
    thread::scope(|scope| {
        for (fault, rule) in faults {
            scope.spawn(move || {
                let Err(broken) = check(fault) else {
                    panic!("the conformance tests do not detect {fault:?}")
                };
                assert!(broken.rules().any(|name| name == rule), "{fault:?} breaks only: {broken}");
            });
        }
    });
}
