//! The transport of commands that must not change anything: it sends reads, and holds back writes.
//!
//! `--dry-run` prints the first request that was held back, exactly as it would have been sent.

use std::sync::{Arc, Mutex, PoisonError};

use connect_hyper::{
    AsyncTransport, FreshConnection, HyperTransport, Request, Sent, TransportError, TransportErrorKind,
};
use http::Method;
use serde::Serialize;
use serde_json::Value;

/// A request that was not sent.
#[derive(Debug, Serialize)]
pub(crate) struct HeldRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    /// The body as JSON; text if it is not JSON.
    pub(crate) body: Value,
}

/// The last request that was held back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<Option<HeldRequest>>>);

impl Held {
    /// Takes the request out.
    pub(crate) fn take(&self) -> Option<HeldRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, request: &Request) {
        let body = match request.body() {
            body if body.is_empty() => Value::Null,
            body => serde_json::from_slice(body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())),
        };
        let (method, url) = (request.method().to_string(), request.uri().to_string());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(HeldRequest { method, url, body });
    }
}

/// Returns a transport that sends reads, and puts writes into `held`.
pub(crate) fn guarded(transport: HyperTransport, held: Held) -> impl AsyncTransport {
    let transport = Arc::new(transport);
    move |request: Request| {
        let (transport, held) = (transport.clone(), held.clone());
        async move {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            // Requests to a token endpoint need a fresh connection. They change no calendar.
            if is_read || FreshConnection::is_required(&request) {
                return transport.send(request).await;
            }
            held.put(&request);
            let why = "the request was held back";
            Err(TransportError::new(TransportErrorKind::Configuration, Sent::No, why))
        }
    }
}
