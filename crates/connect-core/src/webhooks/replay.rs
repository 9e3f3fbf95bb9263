//! A delivery is handled once, although it may come several times.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{Now, StoreError};

/// Remembers which deliveries were handled, for the blocking client.
///
/// A delivery is claimed by its id, handled, and then done. A claim that is dropped, or that lasts longer than the
/// guard's lease, frees the id: a handler that crashes loses no delivery, since the service sends it again. So a
/// delivery is handled at least once if processes crash, and once otherwise.
///
/// A guard in the memory of one process is [`ReplayMemory`]; where several take deliveries, they share one in a
/// database.
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or done.
    fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn ReplayClaim>, StoreError>;
}

/// The right to handle a delivery; dropped, it is given back.
pub trait ReplayClaim: Send {
    /// The delivery was handled: it will not be handed out again.
    fn done(self: Box<Self>) -> Result<(), StoreError>;
}

/// The asynchronous twin of [`ReplayGuard`].
#[async_trait]
pub trait AsyncReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or done.
    async fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError>;
}

/// The asynchronous twin of [`ReplayClaim`].
#[async_trait]
pub trait AsyncReplayClaim: Send {
    /// The delivery was handled: it will not be handed out again.
    async fn done(self: Box<Self>) -> Result<(), StoreError>;
}

/// What came of a claim.
pub enum Claimed<C: ?Sized> {
    /// It is new, and the caller's.
    New(Box<C>),
    /// Somebody else has it in hand.
    InHand,
    /// It was handled.
    Done,
}

impl<C: ?Sized> fmt::Debug for Claimed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New(_) => "New",
            Self::InHand => "InHand",
            Self::Done => "Done",
        })
    }
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for Arc<G> {
    fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        (**self).claim(id, now)
    }
}

#[async_trait]
impl<G: AsyncReplayGuard + ?Sized> AsyncReplayGuard for Arc<G> {
    async fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        (**self).claim(id, now).await
    }
}

/// A guard in memory, bounded in number and in time. Clones share what is remembered.
///
/// It remembers a delivery for a day, a hundred thousand of them at most: beyond that the one remembered longest is
/// forgotten. A captured delivery is refused after 300 s by its timestamp, and what the service itself sends again
/// comes within a day. A claim lasts 60 s.
#[derive(Clone, Debug)]
pub struct ReplayMemory {
    most: usize,
    keep: Duration,
    lease: Duration,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    by_id: HashMap<Arc<str>, Entry>,
    /// In the order they were claimed in.
    by_ticket: BTreeMap<u64, Arc<str>>,
    next_ticket: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    ticket: u64,
    done: bool,
    /// Until when (monotonic) the claim lasts, and the memory of it.
    claimed_until: Duration,
    kept_until: Duration,
}

impl Entry {
    fn is_over(&self, now: Duration) -> bool {
        now >= if self.done { self.kept_until } else { self.claimed_until }
    }
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

    /// Remembers a delivery for so long, from when it was claimed.
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// How long a handler may take before the delivery is handed out again.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    fn take<C: ?Sized>(
        &self,
        id: &str,
        now: Now,
        boxed: impl FnOnce(MemoryClaim) -> Box<C>,
    ) -> Result<Claimed<C>, StoreError> {
        let now = now.monotonic;
        let mut memory = self.memory();
        match memory.by_id.get(id).copied() {
            Some(entry) if entry.is_over(now) => memory.forget(entry.ticket),
            Some(entry) => return Ok(if entry.done { Claimed::Done } else { Claimed::InHand }),
            None => {}
        }
        memory.make_room(self.most, now)?;
        let id: Arc<str> = id.into();
        let ticket = memory.next_ticket;
        memory.next_ticket += 1;
        let (claimed_until, kept_until) = (now.saturating_add(self.lease), now.saturating_add(self.keep));
        memory.by_id.insert(id.clone(), Entry { ticket, done: false, claimed_until, kept_until });
        memory.by_ticket.insert(ticket, id.clone());
        drop(memory);
        Ok(Claimed::New(boxed(MemoryClaim { guard: self.clone(), id, ticket, kept_until })))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Forgets what is over, from the oldest on; where nothing is, the oldest that was done.
    fn make_room(&mut self, most: usize, now: Duration) -> Result<(), StoreError> {
        while self.by_id.len() >= most {
            let mut oldest = self.by_ticket.iter();
            let entry = |(ticket, id): (&u64, &Arc<str>)| Some((*ticket, *self.by_id.get(id)?));
            let over = oldest.next().and_then(entry).filter(|(_, entry)| entry.is_over(now));
            let done = || self.by_ticket.iter().filter_map(entry).find(|(_, entry)| entry.done);
            let Some((ticket, _)) = over.or_else(done) else {
                return Err(StoreError::new("too many deliveries are in hand"));
            };
            self.forget(ticket);
        }
        Ok(())
    }

    fn forget(&mut self, ticket: u64) {
        if let Some(id) = self.by_ticket.remove(&ticket) {
            self.by_id.remove(&id);
        }
    }
}

struct MemoryClaim {
    guard: ReplayMemory,
    id: Arc<str>,
    ticket: u64,
    kept_until: Duration,
}

impl MemoryClaim {
    /// Also when the claim is over: it was handled, whoever else has it in hand by now.
    fn finish(self) {
        let mut memory = self.guard.memory();
        let over = Entry {
            ticket: self.ticket,
            done: true,
            claimed_until: Duration::ZERO,
            kept_until: self.kept_until,
        };
        let entry =
            *memory.by_id.entry(self.id.clone()).and_modify(|entry| entry.done = true).or_insert(over);
        memory.by_ticket.insert(entry.ticket, self.id.clone());
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        let mut memory = self.guard.memory();
        if !memory.by_id.get(&self.id).is_some_and(|entry| entry.done) {
            memory.forget(self.ticket);
        }
    }
}

impl ReplayGuard for ReplayMemory {
    fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        self.take(id, now, |claim| Box::new(claim) as Box<dyn ReplayClaim>)
    }
}

impl ReplayClaim for MemoryClaim {
    fn done(self: Box<Self>) -> Result<(), StoreError> {
        self.finish();
        Ok(())
    }
}

#[async_trait]
impl AsyncReplayGuard for ReplayMemory {
    async fn claim(&self, id: &str, now: Now) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        self.take(id, now, |claim| Box::new(claim) as Box<dyn AsyncReplayClaim>)
    }
}

#[async_trait]
impl AsyncReplayClaim for MemoryClaim {
    async fn done(self: Box<Self>) -> Result<(), StoreError> {
        self.finish();
        Ok(())
    }
}
