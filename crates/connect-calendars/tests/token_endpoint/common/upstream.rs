//! A scripted authorization server that counts its requests.

use std::sync::{Arc, Mutex};

use connect_calendars::google;
use connect_core::{
    Request, Response, TransportError,
    oauth::{POSTMESSAGE, Profile},
};

use super::{Both, Hyper};

type Respond = dyn Fn(&Request) -> Result<Response, TransportError> + Send + Sync;

#[derive(Clone)]
pub struct Upstream {
    seen: Arc<Mutex<Vec<Request>>>,
    respond: Arc<Respond>,
}

impl Upstream {
    pub fn new(
        respond: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self { seen: Arc::default(), respond: Arc::new(respond) }
    }

    /// A server that sends this response to every request.
    pub fn says(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::new(move |_| Ok(response(status, &body)))
    }

    /// A server that grants every request.
    pub fn good() -> Self {
        Self::says(200, GOOD)
    }

    pub fn send(&self, request: Request) -> Result<Response, TransportError> {
        let response = (self.respond)(&request);
        self.seen.lock().unwrap().push(request);
        response
    }

    pub fn blocking(&self, profile: Profile) -> connect_blocking::Client {
        let upstream = self.clone();
        connect_blocking::Client::builder("client-id", "client&secret=+")
            .redirect_uri(POSTMESSAGE)
            .profile(profile)
            .transport(move |request: Request| upstream.send(request))
            .build()
            .unwrap()
    }

    pub fn hyper(&self, profile: Profile) -> Hyper {
        let upstream = self.clone();
        let builder = connect_hyper::Client::builder("client-id", "client&secret=+")
            .redirect_uri(POSTMESSAGE)
            .profile(profile)
            .transport(move |request: Request| {
                let response = upstream.send(request);
                async { response }
            });
        Hyper::new(builder)
    }

    pub fn both(&self) -> Both {
        [Box::new(self.blocking(google::profile())), Box::new(self.hyper(google::profile()))]
    }

    /// The number of requests received.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Removes and returns the requests received.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Removes the requests received, and returns their form fields.
    pub fn forms(&self) -> Vec<Vec<(String, String)>> {
        let fields = |request: Request| form_urlencoded::parse(request.body()).into_owned().collect();
        self.take().into_iter().map(fields).collect()
    }
}

pub const GOOD: &str = r#"{"access_token":"1/access","token_type":"Bearer","expires_in":3599,"scope":"a b","refresh_token":"1//refresh"}"#;

pub fn response(status: u16, body: &str) -> Response {
    let reply = http::Response::builder().status(status).header("content-type", "application/json");
    reply.body(body.to_owned().into()).unwrap()
}

pub fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
