//! The client: the machines of the core, driven by the calling thread.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{
    AtOnce, ErrorKind, Locked, Now, Refresh, RefreshStep, Registry, Request, Response, Session, Step,
    StoreLock, Timeout, TokenKey, TokenStore, Transport, TransportError,
};
use jiff::Timestamp;

use crate::{
    Pages,
    gate::{Busy, Gates, Slots, Working},
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
            if let Some(refresh) = member.session.settle(deadline) {
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

    /// Refreshes under the session's gate. Who leads goes on to the save even past the call's deadline.
    fn refresh(&self, refresh: Refresh) -> Result<(), Error> {
        self.refresh_with(refresh, Busy::enter_unless_closed)
    }

    fn refresh_with<'a, B>(&'a self, refresh: Refresh, begin: impl FnOnce(&'a Busy) -> B) -> Result<(), Error>
    where
        B: Into<Option<Working<'a>>>,
    {
        let member = self.0.registry.member(&refresh.session().key().user);
        let left = refresh.deadline().saturating_sub(self.now().monotonic);
        let Some(_pass) = member.gate.refresh.enter(left) else { return Err(refresh.timed_out()) };
        let Some(_busy) = begin(&self.0.busy).into() else { return Err(closed()) };
        self.run(&refresh.session().clone(), refresh.start(self.now()))
    }

    /// Carries out the steps of whatever changes tokens.
    pub(crate) fn keep(&self, session: &Session, step: RefreshStep) -> Result<(), Error> {
        let Some(_busy) = self.0.busy.enter_unless_closed() else { return Err(closed()) };
        self.run(session, step)
    }

    fn run(&self, session: &Session, mut step: RefreshStep) -> Result<(), Error> {
        let (key, store): (&TokenKey, &dyn TokenStore) = (session.key(), &self.0.store);
        let mut lock = Locked::<dyn StoreLock>::new();
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load(),
                        None => store.load(key),
                    };
                    next.resume(stored, self.now())
                }
                RefreshStep::Lock(lease, next) => next.resume(lock.take(store.lock(key, lease)), self.now()),
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
                    next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), self.now())
                }
                RefreshStep::Done(outcome) => return outcome,
            };
        }
    }
}

fn closed() -> Error {
    Error::configuration("the client is closed: it loads and changes no tokens any more, so make another one")
}
