//! The conformance tests find what is wrong with a store: a store that keeps every rule passes, and each fault that it
//! can be given breaks the rules that it should.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use connect_core::{MemoryStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens};
use connect_stores::{
    FileStore,
    conformance::{Broken, Leases, token_store},
};

/// What may be wrong with a store.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// Everybody gets the lock.
    NoLock,
    /// A save is made whether or not the lock is still held.
    IgnoresTheLease,
    /// A lock that is over is given back all the same, for whoever has it by now.
    ReleasesForOthers,
    /// A dropped lock stays.
    KeepsDropped,
    /// The parts of a key run together.
    MixesKeys,
    /// One lock for all keys.
    OneLock,
    /// The end of the tokens' life is forgotten.
    ForgetsTheEnd,
    /// A delete does nothing.
    NeverDeletes,
    /// Reading waits for the lock.
    ReadsUnderTheLock,
    /// Who waits for a lock does so longer than asked.
    WaitsTooLong,
}

/// A store in memory whose locks are leases.
#[derive(Clone)]
struct Book {
    pages: Arc<Mutex<Pages>>,
    fault: Fault,
}

#[derive(Default)]
struct Pages {
    kept: HashMap<String, Tokens>,
    /// Who has the lock, and until when.
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
        pages.locks.insert(self.locked(key), (ticket, now + lease));
        Some(ticket)
    }
}

impl TokenStore for Book {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        if self.fault == Fault::ReadsUnderTheLock {
            self.lock(key, Duration::from_secs(3))?.release()?;
        }
        Ok(self.pages().kept.get(&self.name(key)).cloned())
    }

    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let longer = Duration::from_secs(if self.fault == Fault::WaitsTooLong { 3 } else { 0 });
        let until = Instant::now() + lease + longer;
        loop {
            if let Some(ticket) = self.take(key, lease) {
                return Ok(Box::new(BookLock { book: self.clone(), key: key.clone(), ticket, over: false }));
            }
            if Instant::now() >= until {
                return Err(StoreError::new("another holder keeps the tokens locked"));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

struct BookLock {
    book: Book,
    key: TokenKey,
    ticket: u64,
    over: bool,
}

impl BookLock {
    fn write(&self, write: impl FnOnce(&mut Pages, String)) -> Result<(), StoreError> {
        let mut pages = self.book.pages();
        let held = pages.locks.get(&self.book.locked(&self.key));
        let holds = held.is_some_and(|(ticket, until)| *ticket == self.ticket && *until > Instant::now());
        if !holds && !matches!(self.book.fault, Fault::IgnoresTheLease | Fault::NoLock) {
            return Err(StoreError::lost_lease());
        }
        write(&mut pages, self.book.name(&self.key));
        Ok(())
    }

    fn give_back(&mut self) {
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

    fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        let mut tokens = tokens.clone();
        tokens.expires_at = tokens.expires_at.filter(|_| self.book.fault != Fault::ForgetsTheEnd);
        self.write(|pages, name| drop(pages.kept.insert(name, tokens)))
    }

    fn delete(&mut self) -> Result<(), StoreError> {
        let does = self.book.fault != Fault::NeverDeletes;
        self.write(|pages, name| drop(does.then(|| pages.kept.remove(&name))))
    }

    fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        self.give_back();
        Ok(())
    }
}

impl Drop for BookLock {
    fn drop(&mut self) {
        if !self.over && self.book.fault != Fault::KeepsDropped {
            self.give_back();
        }
    }
}

fn tried(fault: Fault) -> Result<(), Broken> {
    let book = Book::new(fault);
    token_store(Leases::EndInTime, move || Ok(book.clone()))
}

#[test]
fn a_store_that_keeps_the_rules_passes() {
    tried(Fault::None).unwrap();
}

#[test]
fn the_stores_whose_locks_end_with_their_holder_pass() {
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
        (Fault::NoLock, "a lock keeps others out"),
        (Fault::NoLock, "writers that take turns lose nothing"),
        (Fault::IgnoresTheLease, "a lease that is over is lost before the write"),
        (Fault::ReleasesForOthers, "a lost lease cannot be given back for another"),
        (Fault::KeepsDropped, "a lock that is dropped is free"),
        (Fault::MixesKeys, "the parts of a key do not run together"),
        (Fault::OneLock, "a lock of one key keeps nobody from another"),
        (Fault::ForgetsTheEnd, "a pair comes back whole"),
        (Fault::NeverDeletes, "a deleted pair is gone"),
        (Fault::ReadsUnderTheLock, "reading needs no lock"),
        (Fault::WaitsTooLong, "who waits for a lock waits no longer than asked"),
    ];
    thread::scope(|scope| {
        for (fault, rule) in faults {
            scope.spawn(move || {
                let Err(broken) = tried(fault) else { panic!("{fault:?} is not found") };
                assert!(broken.rules().any(|name| name == rule), "{fault:?} breaks only: {broken}");
            });
        }
    });
}
