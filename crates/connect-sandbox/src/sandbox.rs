//! The state machine itself: one request in, one answer out.
//!
//! ```text
//! request ──▶ route ──▶ faults ──▶ a service ──▶ faults ──▶ answer
//!                                     │ works on what it keeps of its own, and on
//!                                     ▼
//!                                   world: accounts, calendars, time, chance ──news──▶ connect: webhooks
//! ```
//!
//! A new endpoint is a row in its service's `routes.rs` and an arm in its `serve_endpoint`. A new switch is a row in
//! `settings/`, read as a field. A new authorization server is an implementation of `oauth_server::Rules`.

use crate::apptoto::api::{self, ApptotoApi, ApptotoMessage};
use crate::call::Call;
use crate::connect::webhooks::{
    Attempt, AttemptOutcome, AttemptToken, Delivery, ResendError, Subscription, Trigger, TriggerError,
    Triggered, WebhookKey,
};
use crate::connect::{self, Connect};
use crate::faults::{Fault, Faults, Matched};
use crate::google::calendar::{self, GoogleCalendar};
use crate::guard::{self, Hosts};
use crate::microsoft::graph::{self, Graph};
use crate::oauth_server::{
    self, AuthorizationServer, ClientType, OAuthApp, OAuthCredentials, ProviderToken, Servers,
};
use crate::recorded::{Recorded, Recorder};
use crate::reply::{Problem, Reply};
use crate::route::{Control, Endpoint, Owner, Route};
use crate::settings::{DeliveryOrder, SettingError, Settings};
use crate::stats::Stats;
use crate::world::World;
use crate::world::apps::{App, AppError, Credentials, Registered};
use crate::world::invitations::Invitation;
use crate::world::random::Random;
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The service as a pure state machine.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) world: World,
    pub(crate) connect: connect::State,
    servers: oauth_server::State,
    google: calendar::State,
    graph: graph::State,
    pub(crate) apptoto: api::State,
    pub(crate) faults: Faults,
    /// The names control calls may be made under, beside loopback ones.
    pub(crate) hosts: Hosts,
    /// How far its clock is ahead of the caller's.
    pub(crate) ahead: SignedDuration,
    recorder: Recorder,
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
            world: World::new(settings),
            connect: connect::State::new(seed),
            servers: oauth_server::State::new(seed),
            google: calendar::State::default(),
            graph: graph::State::new(seed),
            apptoto: api::State::default(),
            faults: Faults::default(),
            hosts: Hosts::default(),
            ahead: SignedDuration::ZERO,
            recorder: Recorder::default(),
        }
    }

    /// Answers one request at the time `now`.
    pub fn handle(&mut self, request: Request<Bytes>, now: Timestamp) -> Answer {
        if guard::covers(request.uri().path()) {
            if let Err(refused) = self.guard(&request) {
                return Answer { delay: Duration::ZERO, outcome: Outcome::Reply(refused.into()) };
            }
        }
        let now = self.clock(now);
        let route = Route::find(request.method(), request.uri().path());
        // Looking at the page changes nothing.
        if route != Route::Control(Control::Page) {
            self.take_time(now);
        }
        match route {
            Route::Control(control) => {
                let reply = self.control(control, &request, now).unwrap_or_else(Reply::from);
                self.settle();
                Answer { delay: Duration::ZERO, outcome: Outcome::Reply(reply) }
            }
            Route::Service(endpoint, name) => self.service(endpoint, &Call::new(name, request, now)),
        }
    }

    /// The figures so far, the same as `GET /sandbox/stats`.
    pub fn stats(&self) -> Stats {
        self.world.stats.clone()
    }

    /// The requests so far (the last ten thousand at least), without secrets in their headers.
    pub fn requests(&self) -> &[Recorded] {
        self.recorder.all()
    }

    /// Makes every access token given out so far expire now.
    pub fn expire_all(&mut self, _now: Timestamp) {
        self.connect.grants.expire_all();
        self.servers.issued.expire_all();
        self.world.stats.expiries += 1;
    }

    /// Makes every sync token that Google Calendar gave out so far, and every delta link of Microsoft Graph, expire: the
    /// next use of one is a 410.
    pub fn expire_sync_tokens(&mut self) {
        self.world.accounts.generation += 1;
    }

    /// The messages to guests so far (the last ten thousand at least), the same as `GET /sandbox/invitations`.
    pub fn invitations(&self) -> &[Invitation] {
        &self.world.invitations
    }

    /// Registers an application beside the demo application, and makes its id and secret.
    pub fn register(&mut self, app: App) -> Result<Credentials, AppError> {
        self.world.register(app)
    }

    /// Changes what an application says of itself; its id and secret stay.
    pub fn update_app(&mut self, client_id: &str, app: App) -> Result<(), AppError> {
        self.world.update_app(client_id, app)
    }

    /// What an application says of itself.
    pub fn app(&self, client_id: &str) -> Option<App> {
        self.world.registered(client_id).map(|registered| registered.app)
    }

    /// What every application signs in with; the demo application is the first.
    pub fn apps(&self) -> Vec<Credentials> {
        self.world.all_apps().iter().map(Registered::credentials).collect()
    }

    /// What the demo application signs in with.
    pub fn credentials(&self) -> Credentials {
        self.world.demo_app().credentials()
    }

    /// The keys that sign deliveries at the time `now`, the active one first.
    pub fn webhook_keys(&self, now: Timestamp) -> Vec<WebhookKey> {
        self.connect.keys.listed(self.world.anchor, self.clock(now))
    }

    /// Makes a new key active. The one before stays listed and signs as well for the time of the switch `key_overlap`.
    pub fn rotate_keys(&mut self, now: Timestamp) -> Vec<WebhookKey> {
        let now = self.clock(now);
        self.connect().rotate_keys(now)
    }

    /// The subscriptions there are, in the order they were made.
    pub fn subscriptions(&self) -> &[Subscription] {
        self.connect.subscriptions.all()
    }

    /// Makes a change as the provider's user would: `GET /events` shows it, and a delivery tells of it.
    pub fn trigger(&mut self, trigger: Trigger, now: Timestamp) -> Result<Triggered, TriggerError> {
        let now = self.clock(now);
        self.connect().trigger(trigger, now)
    }

    /// The attempts that are due: make each one, and say with [`delivered`](Self::delivered) what came of it.
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Attempt> {
        let now = self.clock(now);
        self.connect().deliveries(now)
    }

    /// What came of an attempt. A token that is not known, or known no more, changes nothing.
    pub fn delivered(&mut self, token: AttemptToken, outcome: AttemptOutcome, now: Timestamp) {
        let now = self.clock(now);
        self.connect().delivered(token, outcome, now);
    }

    /// When [`deliveries`](Self::deliveries) has something to give again, as far as is known now.
    pub fn next_delivery(&self) -> Option<Timestamp> {
        let in_order = self.world.settings.webhooks.delivery_order == DeliveryOrder::InOrder;
        self.connect.outbox.next(in_order).map(|due| self.callers(due))
    }

    /// What was made so far and what became of it, the oldest first: the last thousand, and every one that is not over.
    pub fn delivery_log(&self) -> impl Iterator<Item = &Delivery> {
        self.connect.outbox.log()
    }

    /// Sends a delivery again, the last one if none is named: the same id and body, with a new timestamp and signature. Gives
    /// back the id.
    pub fn resend(&mut self, id: Option<&str>, now: Timestamp) -> Result<String, ResendError> {
        let now = self.clock(now);
        self.connect().resend(id, now)
    }

    /// Registers an application with Google, Microsoft or Apptoto, and makes its credentials.
    pub fn register_provider_app(
        &mut self,
        server: AuthorizationServer,
        app: OAuthApp,
    ) -> Result<OAuthCredentials, AppError> {
        self.servers().register(server, app)
    }

    /// Changes what an application says of itself; its id and secret stay.
    pub fn update_provider_app(
        &mut self,
        server: AuthorizationServer,
        client_id: &str,
        app: OAuthApp,
    ) -> Result<(), AppError> {
        self.servers.update(server, client_id, app)
    }

    /// Deletes an application; every code and token it was given is worthless at once. Returns whether there was one.
    pub fn delete_provider_app(&mut self, server: AuthorizationServer, client_id: &str) -> bool {
        self.servers.delete(server, client_id)
    }

    /// What every application of this server signs in with; its default applications are the first.
    pub fn provider_apps(&self, server: AuthorizationServer) -> Vec<OAuthCredentials> {
        self.servers.apps(server)
    }

    /// What an application says of itself.
    pub fn provider_app(&self, server: AuthorizationServer, client_id: &str) -> Option<OAuthApp> {
        self.servers.app(server, client_id)
    }

    /// What the default application of this type signs in with: the first registered, while it is there.
    pub fn provider_credentials(
        &self,
        server: AuthorizationServer,
        client_type: ClientType,
    ) -> Option<OAuthCredentials> {
        self.servers.credentials(server, client_type)
    }

    /// Who is behind an access token of Google, Microsoft or Apptoto; `None` for one that is unknown or revoked. Whether it
    /// has expired is for the caller to see.
    pub fn provider_token(&self, token: &str) -> Option<ProviderToken> {
        self.servers.issued.find(token)
    }

    /// The user takes back what they allowed an application, as in the account's settings: its tokens for that user are
    /// worthless at once. False if there was nothing to take back.
    pub fn withdraw_consent(&mut self, server: AuthorizationServer, client_id: &str, user: &str) -> bool {
        self.servers.issued.withdraw(server, client_id, user)
    }

    /// The messages that Apptoto would have sent until `now`, those that wait and those that were cancelled: the last ten
    /// thousand of each account.
    pub fn apptoto_messages(&self, now: Timestamp) -> Vec<ApptotoMessage> {
        self.apptoto.messages(self.clock(now))
    }

    /// Adds a fault; it takes effect with the next request it matches.
    pub fn add_fault(&mut self, fault: Fault) {
        self.world.stats.faults.asked += self.faults.add(fault);
    }

    /// The switches as they are.
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// Sets one switch while the sandbox runs. A new seed is for what is drawn from now on.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let before = (self.world.settings.itself.seed.0, self.world.settings.connect.reauth);
        self.world.settings.set(name, value)?;
        let (seed, reauth) = (self.world.settings.itself.seed.0, self.world.settings.connect.reauth);
        if seed != before.0 {
            self.world.random = Random::new(seed);
            self.servers.reseed(seed);
        }
        if reauth != before.1 {
            self.connect.reauth_since = self.world.latest;
        }
        Ok(())
    }

    /// Does what is due by the time of a request, before the request is handled.
    fn take_time(&mut self, now: Timestamp) {
        self.connect().notice(now);
        self.world.anchor.get_or_insert(now);
        self.connect.reauth_since = self.connect.reauth_since.or(Some(now));
        self.world.latest = Some(now);
    }

    fn service(&mut self, endpoint: Endpoint, call: &Call) -> Answer {
        let is_token = matches!(
            endpoint,
            Endpoint::Connect(connect::Endpoint::Token) | Endpoint::OAuth(oauth_server::Endpoint::Token(_))
        );
        let grant_type = is_token.then(|| crate::connect::oauth::grant_type(call)).flatten();
        let grant_type = grant_type.as_deref();
        let is_graph = matches!(endpoint, Endpoint::Graph(_));
        let caller = is_graph.then(|| self.graph().begins(call)).flatten();

        let early = self.faults.fire(&Matched { endpoint: call.name, grant_type, status: None });
        let acts = early.as_ref().is_none_or(Fault::lets_act);
        self.world.pause = Duration::from_millis(self.world.settings.itself.latency_ms.0);
        let mut reply = acts.then(|| self.serve(endpoint, call));
        self.settle();
        let status = reply.as_ref().map(|reply| reply.status().as_u16());
        let late =
            status.and_then(|_| self.faults.fire(&Matched { endpoint: call.name, grant_type, status }));

        let mut delay = self.world.pause;
        let mut cut = false;
        for fault in [early, late].into_iter().flatten() {
            self.world.stats.faults.fired += 1;
            delay = delay.saturating_add(fault.pause());
            reply = fault.shape(reply);
            cut |= reply.is_none();
        }
        let reply = reply.filter(|_| !cut);
        if let Some(caller) = caller {
            let end = crate::world::time::plus(call.now, delay);
            self.graph().ends(&caller, end);
        }
        self.keep(call, reply.as_ref().map(|reply| reply.status().as_u16()));
        Answer { delay, outcome: reply.map_or(Outcome::Cut, Outcome::Reply) }
    }

    fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        if call.body().len() > crate::MAX_BODY {
            return self
                .problem(Problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"));
        }
        match endpoint {
            Endpoint::Connect(endpoint) => self.connect().serve(endpoint, call),
            Endpoint::OAuth(endpoint) => {
                self.servers().serve(endpoint, call).unwrap_or_else(|problem| self.problem(problem))
            }
            Endpoint::GoogleCalendar(endpoint) => self.google().serve(endpoint, call),
            Endpoint::Graph(endpoint) => self.graph().serve(endpoint, call),
            Endpoint::Apptoto(endpoint) => self.apptoto().serve(endpoint, call),
            Endpoint::Unknown => self.unknown(call),
        }
    }

    /// In Connect's form, which is that of the sandbox itself as well.
    fn problem(&self, problem: Problem) -> Reply {
        problem.styled(self.world.settings.connect.error_style).into()
    }

    /// A path that is there for other methods names them.
    fn unknown(&mut self, call: &Call) -> Reply {
        let path = call.request.uri().path();
        let methods = Route::methods(path).join(", ");
        let mut reply = match Route::owner(path) {
            Owner::Connect => return self.problem(unknown(&methods)),
            Owner::Google => calendar::unknown(&methods),
            Owner::Graph => self.graph().unknown(&methods, call),
            Owner::Apptoto => api::unknown(&methods, &self.world.settings),
        };
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().extend(HeaderValue::from_str(&methods).ok().map(|allow| (ALLOW, allow)));
        }
        reply
    }

    /// Lets Connect hear of what happened to accounts.
    fn settle(&mut self) {
        self.connect().hear();
    }

    pub(crate) fn connect(&mut self) -> Connect<'_> {
        Connect { world: &mut self.world, own: &mut self.connect }
    }

    pub(crate) fn servers(&mut self) -> Servers<'_> {
        Servers { world: &mut self.world, own: &mut self.servers }
    }

    fn google(&mut self) -> GoogleCalendar<'_> {
        GoogleCalendar { world: &mut self.world, own: &mut self.google, tokens: &self.servers.issued }
    }

    fn graph(&mut self) -> Graph<'_> {
        Graph { world: &mut self.world, own: &mut self.graph, tokens: &self.servers.issued }
    }

    fn apptoto(&mut self) -> ApptotoApi<'_> {
        ApptotoApi { settings: &self.world.settings, own: &mut self.apptoto, tokens: &self.servers.issued }
    }

    fn keep(&mut self, call: &Call, status: Option<u16>) {
        self.world.stats.record(call.name, status);
        self.recorder.push(Recorded { status, ..Recorded::of(&call.request, call.name) });
    }
}

pub(crate) fn unknown(methods: &str) -> Problem {
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
