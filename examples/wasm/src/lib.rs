//! A client for JavaScript: the core drives the calls, `fetch` sends the requests.
//!
//! JavaScript has one thread: the driver in `examples/async-driver` carries out the steps of the core.
#![cfg(target_arch = "wasm32")]

mod fetch;
mod host;

use std::time::Duration;

use async_driver::{Host, User};
use connect_core::{
    App, Config, MemoryStore, PendingSignIn, Request, Response, TransportError,
    machine::Now,
    types::{ListCalendars, ListEvents},
};
use wasm_bindgen::prelude::*;

/// One signed-in user.
#[wasm_bindgen]
pub struct Connect(User<JavaScript>);

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
        let mut config = Config::new(client_id, client_secret, host::seed());
        config.base_url = Some(base_url);
        config.redirect_uri = Some(redirect_uri);
        Ok(Self(User::new(JavaScript, &App::new(config)?, MemoryStore::new(), user)))
    }

    /// Starts a sign-in, and returns it as JSON: keep it until the user returns. `url` is the URL to open.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.0.sign_in()?)?)
    }

    /// Finishes a sign-in with the query of the redirect.
    pub async fn finish(&self, sign_in: &str, callback: &str) -> Result<(), JsError> {
        let sign_in: PendingSignIn = serde_json::from_str(sign_in)?;
        Ok(self.0.finish(sign_in, callback).await?)
    }

    /// Returns the user's calendars as JSON.
    pub async fn calendars(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.0.call(&ListCalendars::new()).await?)?)
    }

    /// Returns the first page of the events in a range of dates as JSON.
    pub async fn events(&self, start: &str, end: &str) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.0.call(&ListEvents::between(start, end)).await?.events)?)
    }
}

/// The clocks, the timers and `fetch` of JavaScript.
struct JavaScript;

impl Host for JavaScript {
    fn now(&self) -> Now {
        host::now()
    }

    async fn sleep(&self, time: Duration) {
        host::sleep(time).await;
    }

    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        fetch::send(request).await
    }
}
