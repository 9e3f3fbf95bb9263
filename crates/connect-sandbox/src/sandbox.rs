//! The state machine itself: one request in, one answer out.

use crate::accounts::Accounts;
use crate::apps::Registered;
use crate::apptoto_api::ApptotoApi;
use crate::faults::{Fault, Faults, Matched};
use crate::google_calendar::GoogleCalendar;
use crate::graph::Graph;
use crate::guard::{self, Hosts};
use crate::invitations::Invitation;
use crate::limits::Limits;
use crate::neighbours::Neighbours;
use crate::oauth::Grants;
use crate::random::Random;
use crate::recorded::{Recorded, Recorder};
use crate::reply::{Problem, Reply, ok};
use crate::route::{Endpoint, Owner, Route};
use crate::settings::{SettingError, Settings};
use crate::stats::Stats;
use crate::users::{Connections, Users};
use crate::webhooks::{Keys, Outbox, Subscriptions};
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The service as a pure state machine.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) settings: Settings,
    pub(crate) random: Random,
    pub(crate) stats: Stats,
    pub(crate) faults: Faults,
    pub(crate) grants: Grants,
    pub(crate) users: Users,
    /// The first time the sandbox saw; the demo events lie around it.
    pub(crate) anchor: Option<Timestamp>,
    /// The time of the last request.
    pub(crate) latest: Option<Timestamp>,
    /// When the switch `reauth` was last set.
    pub(crate) reauth_since: Option<Timestamp>,
    /// The applications beside the demo application.
    pub(crate) apps: Vec<Registered>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) keys: Keys,
    pub(crate) outbox: Outbox,
    /// The accounts a seed gives to users, by their ids.
    pub(crate) seeded: BTreeMap<String, Connections>,
    /// Scheme, host and port people reach the sandbox at.
    pub(crate) origin: String,
    /// The names control calls may be made under, beside loopback ones.
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) neighbours: Neighbours,
    pub(crate) accounts: Accounts,
    pub(crate) google: GoogleCalendar,
    pub(crate) graph: Graph,
    pub(crate) apptoto: ApptotoApi,
    /// How far its clock is ahead of the caller's.
    pub(crate) ahead: SignedDuration,
    recorder: Recorder,
    pub(crate) invitations: Vec<Invitation>,
}

/// What the sandbox does with a request.
#[derive(Debug)]
pub struct Answer {
    /// How long to wait before the outcome happens.
    pub delay: Duration,
    /// What happens then.
    pub outcome: Outcome,
}

/// A reply, or a connection that closes without one.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Reply(http::Response<Bytes>),
    /// The connection closes and nothing is answered.
    Cut,
}

impl Sandbox {
    /// A service with one application and no users.
    pub fn new(settings: Settings) -> Self {
        let seed = settings.itself.seed.0;
        Self {
            settings,
            random: Random::new(seed),
            keys: Keys::new(seed),
            stats: Stats::default(),
            faults: Faults::default(),
            grants: Grants::default(),
            users: Users::default(),
            anchor: None,
            latest: None,
            reauth_since: None,
            apps: Vec::new(),
            subscriptions: Subscriptions::default(),
            outbox: Outbox::default(),
            seeded: BTreeMap::new(),
            origin: "http://localhost".to_owned(),
            hosts: Hosts::default(),
            limits: Limits::default(),
            neighbours: Neighbours::new(seed),
            accounts: Accounts::default(),
            google: GoogleCalendar::default(),
            graph: Graph::new(seed),
            apptoto: ApptotoApi::default(),
            ahead: SignedDuration::ZERO,
            recorder: Recorder::default(),
            invitations: Vec::new(),
        }
    }

    /// Answers one request at the time `now`.
    pub fn handle(&mut self, request: Request<Bytes>, now: Timestamp) -> Answer {
        let now = self.clock(now);
        self.notice(now);
        self.anchor.get_or_insert(now);
        self.reauth_since = self.reauth_since.or(Some(now));
        self.latest = Some(now);
        if guard::covers(request.uri().path()) {
            if let Err(refused) = self.guard(&request) {
                return Answer { delay: Duration::ZERO, outcome: Outcome::Reply(refused.into()) };
            }
        }
        match Route::find(request.method(), request.uri().path()) {
            Route::Control(control) => {
                let reply = self.control(control, &request, now).unwrap_or_else(Reply::from);
                Answer { delay: Duration::ZERO, outcome: Outcome::Reply(reply) }
            }
            Route::Service(endpoint, name) => self.service(endpoint, name, &Call::new(request, now)),
        }
    }

    /// The figures so far, the same as `GET /sandbox/stats`.
    pub fn stats(&self) -> Stats {
        self.stats.clone()
    }

    /// The requests so far (the last ten thousand at least), without secrets in their headers.
    pub fn requests(&self) -> &[Recorded] {
        self.recorder.all()
    }

    /// Makes every access token given out so far expire now.
    pub fn expire_all(&mut self, _now: Timestamp) {
        self.grants.expire_all();
        self.neighbours.issued.expire_all();
        self.stats.expiries += 1;
    }

    /// Adds a fault; it takes effect with the next request it matches.
    pub fn add_fault(&mut self, fault: Fault) {
        self.stats.faults.asked += self.faults.add(fault);
    }

    /// The switches as they are.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sets one switch while the sandbox runs. A new seed is for what is drawn from now on.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let before = (self.settings.itself.seed.0, self.settings.connect.reauth);
        self.settings.set(name, value)?;
        let (seed, reauth) = (self.settings.itself.seed.0, self.settings.connect.reauth);
        if seed != before.0 {
            self.random = Random::new(seed);
            self.neighbours.reseed(seed);
        }
        if reauth != before.1 {
            self.reauth_since = self.latest;
        }
        Ok(())
    }

    fn service(&mut self, endpoint: Endpoint, name: &'static str, call: &Call) -> Answer {
        let grant_type = Route::is_token(endpoint).then(|| crate::oauth::grant_type(call)).flatten();
        let grant_type = grant_type.as_deref();
        let caller = Route::is_graph(endpoint).then(|| self.graph_begins(call)).flatten();

        let early = self.faults.fire(&Matched { endpoint: name, grant_type, status: None });
        let acts = early.as_ref().is_none_or(Fault::lets_act);
        let mut reply = acts.then(|| {
            self.serve(endpoint, name, call)
                .unwrap_or_else(|problem| problem.styled(self.settings.connect.error_style).into())
        });
        let status = reply.as_ref().map(|reply| reply.status().as_u16());
        let late = status.and_then(|_| self.faults.fire(&Matched { endpoint: name, grant_type, status }));

        let mut delay = Duration::from_millis(self.settings.itself.latency_ms.0);
        let mut cut = false;
        for fault in [early, late].into_iter().flatten() {
            self.stats.faults.fired += 1;
            delay = delay.saturating_add(fault.pause());
            reply = fault.shape(reply);
            cut |= reply.is_none();
        }
        let reply = reply.filter(|_| !cut);
        if let Some(caller) = caller {
            let end = crate::time::plus(call.now, delay);
            self.graph_ends(&caller, end);
        }
        self.keep(call, name, reply.as_ref().map(|reply| reply.status().as_u16()));
        Answer { delay, outcome: reply.map_or(Outcome::Cut, Outcome::Reply) }
    }

    fn serve(&mut self, endpoint: Endpoint, name: &str, call: &Call) -> Result<Reply, Problem> {
        if call.body().len() > crate::MAX_BODY {
            return Err(Problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"));
        }
        if Route::is_legacy(name) && !self.settings.connect.legacy_routes {
            return Err(no_such_endpoint());
        }
        if Route::is_api(endpoint) {
            self.limit(call)?;
        }
        match endpoint {
            Endpoint::Authorize => self.authorize(call),
            Endpoint::Providers => self.provider_page(call),
            Endpoint::ReturnToApp => self.return_to_app(call),
            Endpoint::ConsentPage => self.consent_page(call),
            Endpoint::Consent => self.consent(call),
            Endpoint::Token => self.token(call),
            Endpoint::Revoke => self.revoke(call),
            Endpoint::ConnectionStatus => self.connection_status(call),
            Endpoint::Disconnect => self.disconnect(call),
            Endpoint::Calendars => self.list_calendars(call),
            Endpoint::Events => self.list_events(call),
            Endpoint::CreateEvent => self.create_event(call),
            Endpoint::UpdateEvent => self.update_event(call),
            Endpoint::DeleteEvent => self.delete_event(call),
            Endpoint::Subscribe => self.subscribe(call),
            Endpoint::Unsubscribe => self.unsubscribe(call),
            Endpoint::Health => Ok(ok(&json!({ "status": "ok" }))),
            Endpoint::WebhookKeys => Ok(self.serve_keys(call)),
            Endpoint::Neighbour(endpoint) => self.neighbour(endpoint, call),
            Endpoint::GoogleCalendar(endpoint) => Ok(self.google_calendar(endpoint, call)),
            Endpoint::Graph(endpoint) => Ok(self.graph(endpoint, call)),
            Endpoint::ApptotoApi(endpoint) => Ok(self.apptoto_api(endpoint, call)),
            Endpoint::Unknown => self.unknown(call),
        }
    }

    /// A path that is there for other methods names them.
    fn unknown(&mut self, call: &Call) -> Result<Reply, Problem> {
        let path = call.request.uri().path();
        let methods = Route::methods(path).join(", ");
        let mut reply = match Route::owner(path) {
            Owner::Connect => return Err(unknown(&methods)),
            Owner::Google => GoogleCalendar::unknown(&methods),
            Owner::Graph => self.graph_unknown(&methods, call),
            Owner::Apptoto => self.apptoto_unknown(&methods),
        };
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().extend(HeaderValue::from_str(&methods).ok().map(|allow| (ALLOW, allow)));
        }
        Ok(reply)
    }

    fn keep(&mut self, call: &Call, name: &'static str, status: Option<u16>) {
        self.stats.record(name, status);
        self.recorder.push(Recorded { status, ..Recorded::of(&call.request, name) });
    }
}

fn unknown(methods: &str) -> Problem {
    match HeaderValue::from_str(methods) {
        Ok(allow) if !methods.is_empty() => {
            let text = "The method is not allowed here";
            Problem::plain(StatusCode::METHOD_NOT_ALLOWED, text).with_header(ALLOW, allow)
        }
        _ => no_such_endpoint(),
    }
}

pub(crate) fn no_such_endpoint() -> Problem {
    Problem::not_found("There is no such endpoint")
}

/// A request with its query taken apart, and the time.
pub(crate) struct Call {
    pub(crate) request: Request<Bytes>,
    pub(crate) now: Timestamp,
    query: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(request: Request<Bytes>, now: Timestamp) -> Self {
        let query =
            form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).into_owned().collect();
        Self { request, now, query }
    }

    /// The first value of a query parameter; an empty one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter, also an empty one.
    pub(crate) fn query_given(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every parameter of the query, as it stands there.
    pub(crate) fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// Every value of a query parameter that is not empty.
    pub(crate) fn query_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.request.body()
    }

    /// A header's value, if it is there once and is text.
    pub(crate) fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
        match serde_json::from_slice(self.body()) {
            Ok(serde_json::Value::Object(object)) => Ok(object),
            Ok(_) => Err(Problem::bad_request("The body must be a JSON object")),
            Err(_) => Err(Problem::bad_request("The body is not valid JSON")),
        }
    }
}
