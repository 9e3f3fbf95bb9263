//! A replay guard in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard, SHORTEST_MEMORY};
use crate::tokens::StoreError;

/// A replay guard in memory, for one process. Clones share their memory, and can serve several clients.
///
/// The guard remembers a delivery for a day, because the service does not document how long it
/// repeats a delivery. The guard remembers at most 100 000 deliveries. If more deliveries arrive,
/// the guard forgets the deliveries that were handled first, but never a current claim. A claim
/// lasts 60 s. All times are measured by the wall clock, so they get longer if the clock is set
/// back.
#[derive(Clone, Debug)]
pub struct ReplayMemory {
    most: usize,
    keep: Duration,
    lease: Duration,
    memory: Arc<Mutex<Memory>>,
}

impl Default for ReplayMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplayMemory {
    /// Creates an empty guard.
    pub fn new() -> Self {
        let (most, day) = (100_000, Duration::from_secs(24 * 3600));
        Self { most, keep: day, lease: Duration::from_secs(60), memory: Arc::default() }
    }

    /// Sets the maximum number of deliveries that the guard remembers, at least 1. Default: 100 000.
    #[must_use]
    pub fn most(mut self, deliveries: usize) -> Self {
        self.most = deliveries.max(1);
        self
    }

    /// Sets how long the guard remembers a delivery after its claim, at least [`SHORTEST_MEMORY`].
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time.max(SHORTEST_MEMORY);
        self
    }

    /// Sets how long a claim lasts. After the end of a claim, its delivery can be claimed again.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    fn try_claim(&self, id: &str, now: Timestamp) -> Result<Claimed<MemoryClaim>, StoreError> {
        let mut memory = self.memory();
        memory.now = now;
        match memory.by_id.get(id).copied() {
            Some(entry) if entry.is_expired(now) => memory.forget(entry),
            Some(entry) => return Ok(if entry.done { Claimed::Done } else { Claimed::InProgress }),
            None => {}
        }
        memory.make_room(self.most)?;
        let id: Arc<str> = id.into();
        let entry = memory.add(id.clone(), false, after(now, self.lease));
        drop(memory);
        let claim = MemoryClaim { guard: self.clone(), id, entry, kept_until: after(now, self.keep) };
        Ok(Claimed::New(Box::new(claim)))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Memory {
    by_id: HashMap<Arc<str>, Entry>,
    /// The claimed deliveries by `Entry::ticket`, the oldest claim first.
    in_hand: BTreeMap<u64, Arc<str>>,
    done: BTreeMap<u64, Arc<str>>,
    next_ticket: u64,
    /// The time of the last claim.
    now: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    ticket: u64,
    done: bool,
    /// The time at which the claim ends or the handled delivery is forgotten.
    until: Timestamp,
}

impl Entry {
    fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.until
    }
}

impl Memory {
    /// Removes expired claims, then the deliveries that were handled first, until there is room.
    ///
    /// Current claims are not removed.
    fn make_room(&mut self, most: usize) -> Result<(), StoreError> {
        while self.by_id.len() >= most {
            let entry = |queue: &BTreeMap<u64, Arc<str>>| {
                queue.first_key_value().and_then(|(_, id)| self.by_id.get(id)).copied()
            };
            let expired = entry(&self.in_hand).filter(|entry| entry.is_expired(self.now));
            let Some(entry) = expired.or_else(|| entry(&self.done)) else {
                return Err(StoreError::new(
                    "the replay guard is full (every delivery that it remembers is being handled)",
                ));
            };
            self.forget(entry);
        }
        Ok(())
    }

    fn add(&mut self, id: Arc<str>, done: bool, until: Timestamp) -> Entry {
        let entry = Entry { ticket: self.next_ticket, done, until };
        self.next_ticket += 1;
        self.queue(done).insert(entry.ticket, id.clone());
        self.by_id.insert(id, entry);
        entry
    }

    /// Removes the entry, unless a newer entry with the same id has replaced it.
    fn forget(&mut self, entry: Entry) {
        if let Some(id) = self.queue(entry.done).remove(&entry.ticket) {
            self.by_id.remove(&id);
        }
    }

    fn queue(&mut self, done: bool) -> &mut BTreeMap<u64, Arc<str>> {
        if done { &mut self.done } else { &mut self.in_hand }
    }
}

struct MemoryClaim {
    guard: ReplayMemory,
    id: Arc<str>,
    entry: Entry,
    kept_until: Timestamp,
}

impl MemoryClaim {
    /// Records the delivery as handled, even if the claim has expired or another caller has a claim.
    fn finish(&self) -> Result<(), StoreError> {
        let mut memory = self.guard.memory();
        match memory.by_id.get(&self.id).copied() {
            Some(entry) if entry.done => return Ok(()),
            Some(entry) => memory.forget(entry),
            None => memory.make_room(self.guard.most)?,
        }
        memory.add(self.id.clone(), true, self.kept_until);
        Ok(())
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        self.guard.memory().forget(self.entry);
    }
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

impl ReplayGuard for ReplayMemory {
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        Ok(self.try_claim(id, now)?.map(|claim| claim as _))
    }
}

impl ReplayClaim for MemoryClaim {
    fn done(&mut self) -> Result<(), StoreError> {
        self.finish()
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl AsyncReplayGuard for ReplayMemory {
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        Ok(self.try_claim(id, now)?.map(|claim| claim as _))
    }
}

#[async_trait]
impl AsyncReplayClaim for MemoryClaim {
    async fn done(&mut self) -> Result<(), StoreError> {
        self.finish()
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
