//! The client: the machines of the core, driven by the calling thread.

use std::{
    num::NonZeroU32,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{
    ErrorKind, Request, Response, StoreLock, Timeout, TokenKey, TokenStore, Transport, TransportError,
    machine::{AtOnce, Locked, MAX_TASKS_AT_ONCE, Now, RefreshStep, Registry, Session, Step, TokenTask},
};
use jiff::Timestamp;

use crate::{
    Events, Pages,
    gate::{Busy, Gates, Pass, Slots, Working},
};

connect_core::facade!(blocking);

/// One application at Mobiscroll Connect, or at another authorization server: credentials, transport, token store, policy. Cheap to clone; clones
/// are the same client, and may be used from many threads.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) registry: Registry<Gates>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) started: Instant,
    /// The threads that may hold a lock of the store, or have an exchange under way.
    pub(crate) places: Slots,
    /// The threads that are changing tokens.
    pub(crate) busy: Busy,
    #[cfg(feature = "webhooks")]
    pub(crate) receiver: crate::deliveries::Receiver,
}

impl Client {
    /// Sees that no token is lost with this client: waits for what other threads refresh and save, and saves
    /// what could not be saved before, for at most this long. From then on no tokens are loaded or changed any more:
    /// a call, a sign-in or a sign-out that would need that fails. Call it before the process ends, and again if it
    /// says that the time was over.
    pub fn close(&self, at_most: Duration) -> Result<(), Error> {
        let deadline = self.now().monotonic.saturating_add(at_most);
        if !self.0.busy.close_within(at_most) {
            return Err(
                Error::new(ErrorKind::Timeout).with_message("tokens are still being refreshed or saved")
            );
        }
        let mut outcome = Ok(());
        for member in self.0.registry.unsaved() {
            if let Some(refresh) = member.session.flush_pending(deadline) {
                outcome = outcome.and(self.refresh_with(refresh, Busy::enter)); // one that fails keeps no other back
            }
        }
        outcome
    }

    pub(crate) fn now(&self) -> Now {
        Now { wall: Timestamp::now(), monotonic: self.0.started.elapsed() }
    }

    /// Sends a request as it is.
    pub(crate) fn transmit(&self, request: Request) -> Result<Response, Error> {
        Ok(self.0.transport.send(request)?)
    }

    pub(crate) fn drive(&self, mut step: Step, gates: Option<&Gates>) -> Result<Response, Error> {
        loop {
            step = match step {
                Step::Send(request, next) => {
                    let outcome = match request.extensions().get().copied().zip(gates) {
                        Some((at_once, gates)) => self.send_in_turn(request, at_once, &gates.slots),
                        None => self.0.transport.send(request),
                    };
                    next.resume(outcome, self.now())
                }
                Step::Refresh(refresh, next) => next.resume(self.refresh(refresh), self.now()),
                Step::Sleep(time, next) => {
                    thread::sleep(time);
                    next.resume(self.now())
                }
                Step::Done(outcome) => return outcome,
            };
        }
    }

    /// Sends a request when the service takes it, within the request's own time.
    fn send_in_turn(
        &self,
        mut request: Request,
        AtOnce(at_once): AtOnce,
        slots: &Slots,
    ) -> Result<Response, TransportError> {
        let (time, asked) = (Timeout::of(&request), self.now().monotonic);
        let Some(_slot) = slots.take(at_once, time) else { return Err(TransportError::no_turn()) };
        Timeout(time.saturating_sub(self.now().monotonic.saturating_sub(asked))).set(&mut request);
        self.0.transport.send(request)
    }

    /// Carries out a task under the session's gate. An exchange goes on to the save even past the call's deadline.
    fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        self.refresh_with(task, Busy::enter_unless_closed)
    }

    fn refresh_with<'a, B>(&'a self, task: TokenTask, begin: impl FnOnce(&'a Busy) -> B) -> Result<(), Error>
    where
        B: Into<Option<Working<'a>>>,
    {
        let member = self.0.registry.member(&task.session().key().user);
        let pass = self.pass_gate(&member.gate, &task);
        if pass.is_none() {
            return Err(task.timed_out());
        }
        let Some(_busy) = begin(&self.0.busy).into() else { return Err(closed()) };
        self.run(&task.session().clone(), task.start(self.now()), pass)
    }

    /// Waits until no other task of the session is under way, within the caller's time.
    fn pass_gate<'a>(&self, gates: &'a Gates, task: &TokenTask) -> Option<Pass<'a>> {
        gates.refresh.enter(task.deadline().saturating_sub(self.now().monotonic))
    }

    /// Begins a sign-in, and carries out its steps.
    pub(crate) fn persist(
        &self,
        session: &Arc<Session>,
        begin: impl FnOnce(Now) -> RefreshStep,
    ) -> Result<(), Error> {
        let Some(_busy) = self.0.busy.enter_unless_closed() else { return Err(closed()) };
        self.run(session, begin(self.now()), None)
    }

    fn run(&self, session: &Session, mut step: RefreshStep, pass: Option<Pass<'_>>) -> Result<(), Error> {
        let (key, store): (&TokenKey, &dyn TokenStore) = (session.key(), &self.0.store);
        let member = self.0.registry.member(&key.user);
        let mut lock = Locked::<dyn StoreLock>::new();
        let (mut pass, mut place) = (pass, None);
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load(),
                        None => store.load(key),
                    };
                    next.resume(stored, self.now())
                }
                RefreshStep::TryLock(lease, next) => {
                    let left = next.deadline().saturating_sub(self.now().monotonic);
                    place = self.0.places.take(PLACES, left);
                    let tried = self.now();
                    let held = match &place {
                        Some(_) => lock.take(store.try_lock(key, lease)),
                        None => Ok(false), // too many others hold one
                    };
                    if !matches!(held, Ok(true)) {
                        drop(place.take());
                    }
                    next.resume(held, tried, self.now())
                }
                RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), self.now()),
                RefreshStep::Send(request, next) => next.resume(self.0.transport.send(request), self.now()),
                RefreshStep::Save(tokens, next) => {
                    next.resume(lock.with(|lock| lock.save(&tokens)), self.now())
                }
                RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), self.now()),
                RefreshStep::Sleep(time, next) => {
                    thread::sleep(time);
                    next.resume(self.now())
                }
                RefreshStep::Release(next) => {
                    let released = lock.release().map_or(Ok(()), |lock| lock.release());
                    // The next task need not wait for what the observer does.
                    drop((place.take(), pass.take()));
                    next.resume(released, self.now())
                }
                RefreshStep::Queue(task) => {
                    pass = self.pass_gate(&member.gate, &task);
                    if pass.is_none() {
                        return Err(task.timed_out());
                    }
                    task.start(self.now())
                }
                RefreshStep::Done(outcome) => {
                    drop(pass);
                    return outcome;
                }
            };
        }
    }
}

const PLACES: NonZeroU32 = NonZeroU32::new(MAX_TASKS_AT_ONCE).unwrap();

fn closed() -> Error {
    Error::configuration("the client is closed: it loads and changes no tokens any more, so make another one")
}
