//! The guard in memory: which deliveries are in hand, and which were handled, each in the order they became so.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard, SHORTEST_MEMORY};
use crate::tokens::StoreError;

/// A guard in memory, bounded in number and in time. Clones share what is remembered, and may serve several clients.
///
/// It remembers a delivery for a day, a hundred thousand of them at most: beyond that the one handled first is
/// forgotten, never one in hand. How long the service itself goes on sending again is unknown. A claim lasts 60 s. Time
/// is the wall clock's: where that is set back, all of this lasts longer.
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
    /// Remembers nothing yet.
    pub fn new() -> Self {
        let (most, day) = (100_000, Duration::from_secs(24 * 3600));
        Self { most, keep: day, lease: Duration::from_secs(60), memory: Arc::default() }
    }

    /// Remembers so many deliveries at most.
    #[must_use]
    pub fn most(mut self, deliveries: usize) -> Self {
        self.most = deliveries.max(1);
        self
    }

    /// Remembers a delivery for so long, from when it was claimed: [`SHORTEST_MEMORY`] at least.
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time.max(SHORTEST_MEMORY);
        self
    }

    /// How long a handler may take before the delivery is handed out again.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    fn take(&self, id: &str, now: Timestamp) -> Result<Claimed<MemoryClaim>, StoreError> {
        let mut memory = self.memory();
        memory.now = now;
        match memory.by_id.get(id).copied() {
            Some(entry) if entry.is_over(now) => memory.forget(entry),
            Some(entry) => return Ok(if entry.done { Claimed::Done } else { Claimed::InHand }),
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
    /// By ticket, so from the oldest on.
    in_hand: BTreeMap<u64, Arc<str>>,
    done: BTreeMap<u64, Arc<str>>,
    next_ticket: u64,
    /// When it was last asked.
    now: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    ticket: u64,
    done: bool,
    /// Until when the claim lasts, or the memory of what was handled.
    until: Timestamp,
}

impl Entry {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }
}

impl Memory {
    /// Forgets a claim that is over, else what was handled first. What is in hand stays.
    fn make_room(&mut self, most: usize) -> Result<(), StoreError> {
        while self.by_id.len() >= most {
            let entry = |queue: &BTreeMap<u64, Arc<str>>| {
                queue.first_key_value().and_then(|(_, id)| self.by_id.get(id)).copied()
            };
            let over = entry(&self.in_hand).filter(|entry| entry.is_over(self.now));
            let Some(entry) = over.or_else(|| entry(&self.done)) else {
                return Err(StoreError::new("too many deliveries are in hand"));
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

    /// Nothing, if the entry is there no more: another that has its id has another ticket.
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
    /// As it was when it was claimed: in hand.
    entry: Entry,
    kept_until: Timestamp,
}

impl MemoryClaim {
    /// Also when the claim is over: it was handled, whoever else has it in hand by now.
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
        Ok(self.take(id, now)?.map(|claim| claim as _))
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
        Ok(self.take(id, now)?.map(|claim| claim as _))
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
