//! An authorization server that is a closure, and counts.

use std::sync::{Arc, Mutex};

use connect_calendars::google;
use connect_core::{
    Request, Response, TransportError,
    oauth::{POSTMESSAGE, Profile},
};

use super::{Both, Hyper};

type Answer = dyn Fn(&Request) -> Result<Response, TransportError> + Send + Sync;

#[derive(Clone)]
pub struct Upstream {
    seen: Arc<Mutex<Vec<Request>>>,
    answer: Arc<Answer>,
}

impl Upstream {
    pub fn new(
        answer: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self { seen: Arc::default(), answer: Arc::new(answer) }
    }

    /// One with this answer to everything.
    pub fn says(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::new(move |_| Ok(response(status, &body)))
    }

    /// One that grants everything.
    pub fn good() -> Self {
        Self::says(200, GOOD)
    }

    pub fn send(&self, request: Request) -> Result<Response, TransportError> {
        let answer = (self.answer)(&request);
        self.seen.lock().unwrap().push(request);
        answer
    }

    pub fn blocking(&self, profile: Profile) -> connect_blocking::Client {
        let upstream = self.clone();
        connect_blocking::Client::builder("client-id", "client&secret=+", POSTMESSAGE)
            .profile(profile)
            .transport(move |request: Request| upstream.send(request))
            .build()
            .unwrap()
    }

    pub fn hyper(&self, profile: Profile) -> Hyper {
        let upstream = self.clone();
        let builder = connect_hyper::Client::builder("client-id", "client&secret=+", POSTMESSAGE)
            .profile(profile)
            .transport(move |request: Request| {
                let answer = upstream.send(request);
                async { answer }
            });
        Hyper::new(builder)
    }

    pub fn both(&self) -> Both {
        [Box::new(self.blocking(google::profile())), Box::new(self.hyper(google::profile()))]
    }

    /// How many requests it got.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Those it got, which are forgotten.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The fields of those it got.
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

/// The value of a field.
pub fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
