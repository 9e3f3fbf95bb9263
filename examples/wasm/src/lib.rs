//! A client for JavaScript: the core drives the calls, `fetch` sends the requests.
//!
//! JavaScript has one thread, so this client drives the steps of the core itself.
#![cfg(target_arch = "wasm32")]

mod fetch;
mod host;

use std::sync::Arc;

use async_lock::Mutex;
use connect_core::{
    App, Callback, Config, Endpoint, Error, MemoryStore, PendingSignIn, Reply, Response, SignIn, StoreLock,
    TokenStore,
    machine::{Call, Locked, RefreshStep, Session, Step, TokenTask},
    types::{ListCalendars, ListEvents},
};
use wasm_bindgen::prelude::*;

use host::{now, seed, sleep};

/// One signed-in user.
#[wasm_bindgen]
pub struct Connect {
    session: Arc<Session>,
    store: MemoryStore,
    /// Allows one change of the tokens at a time.
    gate: Mutex<()>,
}

#[wasm_bindgen]
impl Connect {
    #[wasm_bindgen(constructor)]
    pub fn new(
        base_url: String,
        client_id: &str,
        client_secret: &str,
        redirect_uri: String,
        user: &str,
    ) -> Result<Connect, JsError> {
        let mut config = Config::new(client_id, client_secret, seed());
        config.base_url = Some(base_url);
        config.redirect_uri = Some(redirect_uri);
        let session = Session::new(App::new(config)?, user);
        Ok(Self { session, store: MemoryStore::new(), gate: Mutex::new(()) })
    }

    /// Starts a sign-in, and returns it as JSON: keep it until the user returns. `url` is the URL to open.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self) -> Result<String, JsError> {
        let sign_in = SignIn::new(&*self.session.key().user).start(self.session.app(), now())?;
        Ok(serde_json::to_string(&sign_in)?)
    }

    /// Finishes a sign-in with the query of the redirect.
    pub async fn finish(&self, sign_in: &str, callback: &str) -> Result<(), JsError> {
        let sign_in: PendingSignIn = serde_json::from_str(sign_in)?;
        let callback = Callback::parse(callback)?;
        Ok(self.change(sign_in.finish(&self.session, &callback, now())).await?)
    }

    /// Returns the user's calendars as JSON.
    pub async fn calendars(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.send(&ListCalendars::new()).await?)?)
    }

    /// Returns the first page of the events in a range of dates as JSON.
    pub async fn events(&self, start: &str, end: &str) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.send(&ListEvents::between(start, end)).await?.events)?)
    }
}

impl Connect {
    async fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, Error> {
        let response = self.call(Call::start(&self.session, endpoint, now())).await?;
        Ok(Reply::read(endpoint, response)?.value)
    }

    async fn call(&self, mut step: Step) -> Result<Response, Error> {
        loop {
            step = match step {
                Step::Send(request, next) => next.resume(fetch::send(request).await, now()),
                Step::Refresh(task, next) => next.resume(self.refresh(task).await, now()),
                Step::Sleep(time, next) => {
                    sleep(time).await;
                    next.resume(now())
                }
                Step::Done(outcome) => return outcome,
            };
        }
    }

    async fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        let _gate = self.gate.lock().await;
        self.change(task.start(now())).await
    }

    /// Carries out the steps of a change of the tokens.
    async fn change(&self, mut step: RefreshStep) -> Result<(), Error> {
        let (key, store) = (self.session.key(), &self.store);
        let mut lock = Locked::<dyn StoreLock>::new();
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load(),
                        None => store.load(key),
                    };
                    next.resume(stored, now())
                }
                RefreshStep::TryLock(lease, next) => {
                    let tried = now();
                    next.resume(lock.take(store.try_lock(key, lease)), tried, now())
                }
                RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), now()),
                RefreshStep::Send(request, next) => next.resume(fetch::send(request).await, now()),
                RefreshStep::Save(tokens, next) => next.resume(lock.with(|lock| lock.save(&tokens)), now()),
                RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), now()),
                RefreshStep::Release(next) => {
                    next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), now())
                }
                RefreshStep::Sleep(time, next) => {
                    sleep(time).await;
                    next.resume(now())
                }
                RefreshStep::Queue(task) => task.start(now()),
                RefreshStep::Done(outcome) => return outcome,
            };
        }
    }
}
