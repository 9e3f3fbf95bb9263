//! The state machine of the sandbox, which handles a request and returns a response.
//!
//! ```text
//! request ──▶ route ──▶ faults ──▶ a service ──▶ faults ──▶ response
//!                                     │ uses its own state and the shared world
//!                                     ▼
//!                                   world: accounts, calendars, ... ──account changes──▶ connect: webhooks
//! ```
//!
//! To add an endpoint, add a row to `routes.rs` and an arm to `serve_endpoint` of its service. To add a
//! switch, add a row in `settings/`, which becomes a field of the settings. To delay a response, increase
//! `world.pause`. To add an authorization server, implement `oauth_server::Rules`.

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
use crate::microsoft::graph::{self, Graph, Validation};
use crate::oauth_server::{
    self, AuthorizationServer, ClientType, OAuthApp, OAuthCredentials, ProviderToken, Servers,
};
use crate::recorded::{Recorded, Recorder};
use crate::reply::{Problem, Reply};
use crate::route::{Control, Endpoint, Route, Service};
use crate::settings::{DeliveryOrder, SettingError, Settings};
use crate::state::StartState;
use crate::stats::Stats;
use crate::world::World;
use crate::world::apps::{App, AppError, Credentials, Registered};
use crate::world::invitations::Invitation;
use crate::world::random::Random;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::uri::InvalidUri;
use http::{Request, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The sandbox as a state machine, without clock and sockets.
///
/// ```
/// use connect_sandbox::{Outcome, Sandbox, Settings};
///
/// let mut sandbox = Sandbox::new(Settings::default());
/// let request = http::Request::get("/api/health").body(bytes::Bytes::new())?;
/// let Outcome::Reply(response) = sandbox.handle(request, jiff::Timestamp::UNIX_EPOCH).outcome else {
///     panic!("the connection was cut");
/// };
/// assert_eq!(response.status(), 200);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) world: World,
    pub(crate) connect: connect::State,
    pub(crate) servers: oauth_server::State,
    pub(crate) google: calendar::State,
    pub(crate) graph: graph::State,
    pub(crate) apptoto: api::State,
    pub(crate) faults: Faults,
    /// The host names that control calls can use, in addition to loopback names.
    pub(crate) hosts: Hosts,
    /// How far the sandbox's clock is ahead of the caller's clock.
    pub(crate) ahead: SignedDuration,
    pub(crate) recorder: Recorder,
    pub(crate) start: StartState,
}

/// The outcome of a request, and the delay before the outcome.
#[derive(Debug)]
pub struct Answer {
    /// The time to wait before the outcome.
    pub delay: Duration,
    /// The response, or a cut connection.
    pub outcome: Outcome,
}

/// A response, or a connection that closes without a response.
#[derive(Debug)]
pub enum Outcome {
    /// The response to send.
    Reply(http::Response<Bytes>),
    /// The connection closes without a response.
    Cut,
}

impl Sandbox {
    /// Creates a sandbox with the demo applications and no users.
    pub fn new(settings: Settings) -> Self {
        let seed = settings.itself.seed.0;
        Self {
            start: StartState { settings: settings.clone(), seeds: Vec::new(), is_over: false },
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

    /// Signs a user in as a browser does: see [`Server::consent`](crate::Server::consent).
    ///
    /// # Errors
    /// If the response is not a redirect to the application. The text says what the response is.
    pub fn consent(&mut self, url: &str, now: Timestamp) -> Result<String, String> {
        let request = Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
        self.redirect_of(request, now)
    }

    /// Refuses a sign-in as a user does: see [`Server::deny`](crate::Server::deny).
    ///
    /// # Errors
    /// If the response is not a redirect to the application. The text says what the response is.
    pub fn deny(&mut self, url: &str, now: Timestamp) -> Result<String, String> {
        let url: Uri = url.parse().map_err(|error: InvalidUri| error.to_string())?;
        // Connect has a separate page for the decision, the other servers decide at the same path.
        let path = match url.path() {
            "/api/oauth/authorize" | "/oauth/authorize" => "/api/oauth/providers",
            path => path,
        };
        let request = Request::post(format!("{path}?{}", url.query().unwrap_or_default()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"decision=deny"))
            .map_err(|error| error.to_string())?;
        self.redirect_of(request, now)
    }

    /// Returns the URL of the redirect to the application.
    fn redirect_of(&mut self, request: Request<Bytes>, now: Timestamp) -> Result<String, String> {
        let Outcome::Reply(reply) = self.handle(request, now).outcome else {
            return Err("the connection was cut".to_owned());
        };
        match reply.headers().get(http::header::LOCATION).map(|location| location.to_str()) {
            Some(Ok(page)) if page.starts_with('/') => {
                Err(format!("the sandbox shows the page {page} (the switch `auto_consent` is `off`)"))
            }
            Some(Ok(location)) => Ok(location.to_owned()),
            _ => Err(String::from_utf8_lossy(reply.body()).into_owned()),
        }
    }

    /// Handles a request at the time `now`.
    pub fn handle(&mut self, request: Request<Bytes>, now: Timestamp) -> Answer {
        if guard::is_control_path(request.uri().path()) {
            if let Err(refused) = self.guard(&request) {
                return Answer { delay: Duration::ZERO, outcome: Outcome::Reply(refused.into()) };
            }
        }
        let now = self.sandbox_time(now);
        let route = Route::find(request.method(), request.uri().path());
        // Viewing the page must not change the state.
        if route != Route::Control(Control::Page) {
            self.process_due(now);
        }
        let changes = !request.method().is_safe();
        let answer = match route {
            Route::Control(control) => {
                let reply = self.control(control, &request, now).unwrap_or_else(Reply::from);
                self.connect().apply_account_changes();
                Answer { delay: Duration::ZERO, outcome: Outcome::Reply(reply) }
            }
            Route::Service(endpoint, name) => self.service(endpoint, &Call::new(name, request, now)),
        };
        if changes {
            self.push_changes(now);
        }
        answer
    }

    /// Returns the validation requests that Graph sends before it responds to `request`.
    ///
    /// The list is empty unless `request` creates a subscription, or changes its receiver, and is valid. Send
    /// the requests, pass each response to [`Validation::respond`], and then call
    /// [`handle_validated`](Self::handle_validated).
    pub fn validations(&mut self, request: &Request<Bytes>, now: Timestamp) -> Vec<Validation> {
        let Route::Service(Endpoint::Graph(endpoint), name) =
            Route::find(request.method(), request.uri().path())
        else {
            return Vec::new();
        };
        let call = Call::new(name, request.clone(), self.sandbox_time(now));
        self.graph().validations(endpoint, &call)
    }

    /// Handles a request whose receivers were validated: see [`validations`](Self::validations).
    ///
    /// [`handle`](Self::handle) accepts every receiver without a validation.
    pub fn handle_validated(
        &mut self,
        request: Request<Bytes>,
        validations: Vec<Validation>,
        now: Timestamp,
    ) -> Answer {
        self.graph.validations = validations;
        let answer = self.handle(request, now);
        self.graph.validations.clear();
        answer
    }

    /// Returns the statistics, as `GET /sandbox/stats` does.
    pub fn stats(&self) -> Stats {
        self.world.stats.clone()
    }

    /// Returns the recorded requests: at least the last ten thousand.
    ///
    /// The credentials in the header `Authorization` are not recorded.
    pub fn requests(&self) -> &[Recorded] {
        self.recorder.all()
    }

    /// Makes every issued access token expire now.
    pub fn expire_all(&mut self, _now: Timestamp) {
        self.connect.grants.expire_all();
        self.servers.issued.expire_all();
        self.world.stats.expiries += 1;
    }

    /// Makes every issued Google Calendar sync token and Graph delta link expire.
    ///
    /// A request with an expired token or link gets a 410.
    pub fn expire_sync_tokens(&mut self) {
        self.world.accounts.generation += 1;
    }

    /// Returns the messages to guests (at least the last ten thousand), as `GET /sandbox/invitations` does.
    pub fn invitations(&self) -> &[Invitation] {
        &self.world.invitations
    }

    /// Registers an application of Connect and returns its new credentials.
    pub fn register(&mut self, app: App) -> Result<Credentials, AppError> {
        self.world.register(app)
    }

    /// Updates an application of Connect. The client id and secret do not change.
    pub fn update_app(&mut self, client_id: &str, app: App) -> Result<(), AppError> {
        self.world.update_app(client_id, app)
    }

    /// Returns the application of Connect with this client id.
    pub fn app(&self, client_id: &str) -> Option<App> {
        self.world.registered(client_id).map(|registered| registered.app)
    }

    /// Returns the credentials of every application of Connect, the demo application first.
    pub fn apps(&self) -> Vec<Credentials> {
        self.world.all_apps().iter().map(Registered::credentials).collect()
    }

    /// Returns the credentials of the demo application.
    pub fn credentials(&self) -> Credentials {
        self.world.demo_app().credentials()
    }

    /// Returns the keys that sign deliveries at the time `now`, the active key first.
    pub fn webhook_keys(&self, now: Timestamp) -> Vec<WebhookKey> {
        self.connect.keys.listed(self.world.anchor, self.sandbox_time(now))
    }

    /// Creates a new active webhook key and returns the same keys as [`webhook_keys`](Self::webhook_keys).
    ///
    /// Until the next rotation, but for at most `key_overlap` seconds, the previous key stays listed and also
    /// signs deliveries.
    pub fn rotate_keys(&mut self, now: Timestamp) -> Vec<WebhookKey> {
        let now = self.sandbox_time(now);
        self.connect().rotate_keys(now)
    }

    /// Returns the subscriptions, in the order of their creation.
    pub fn subscriptions(&self) -> &[Subscription] {
        self.connect.subscriptions.all()
    }

    /// Changes an event as a user of the provider would do.
    ///
    /// `GET /events` then shows the change, and a delivery reports the change.
    pub fn trigger(&mut self, trigger: Trigger, now: Timestamp) -> Result<Triggered, TriggerError> {
        let now = self.sandbox_time(now);
        let triggered = self.connect().trigger(trigger, now);
        self.push_changes(now);
        triggered
    }

    /// Returns the delivery attempts that are due.
    ///
    /// Send the request of each attempt, and pass the outcome to [`delivered`](Self::delivered).
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Attempt> {
        let now = self.sandbox_time(now);
        self.push_changes(now);
        self.connect().deliveries(now)
    }

    /// Records the outcome of an attempt. If the token is unknown or was used before, the outcome is ignored.
    pub fn delivered(&mut self, token: AttemptToken, outcome: AttemptOutcome, now: Timestamp) {
        let now = self.sandbox_time(now);
        self.connect().delivered(token, outcome, now);
        self.push_changes(now);
    }

    /// Returns the earliest time at which [`deliveries`](Self::deliveries) can return an attempt.
    ///
    /// A call of another method can make an attempt due earlier.
    pub fn next_delivery(&self) -> Option<Timestamp> {
        let in_order = self.world.settings.webhooks.delivery_order == DeliveryOrder::InOrder;
        self.connect.outbox.next(in_order).map(|due| self.caller_time(due))
    }

    /// Returns the stored deliveries, the oldest first.
    ///
    /// If a thousand deliveries are stored, a new delivery replaces the oldest completed delivery. If no
    /// delivery is completed, up to ten thousand deliveries are stored.
    pub fn delivery_log(&self) -> impl Iterator<Item = &Delivery> {
        self.connect.outbox.log()
    }

    /// Resends a delivery (by default the last one) and returns its id.
    ///
    /// The id and the body stay the same. The timestamp and the signature are new.
    pub fn resend(&mut self, id: Option<&str>, now: Timestamp) -> Result<String, ResendError> {
        let now = self.sandbox_time(now);
        self.connect().resend(id, now)
    }

    /// Registers an application with Google, Microsoft or Apptoto and returns its new credentials.
    pub fn register_provider_app(
        &mut self,
        server: AuthorizationServer,
        app: OAuthApp,
    ) -> Result<OAuthCredentials, AppError> {
        self.servers().register(server, app)
    }

    /// Updates an application of this server. The client id and secret do not change.
    pub fn update_provider_app(
        &mut self,
        server: AuthorizationServer,
        client_id: &str,
        app: OAuthApp,
    ) -> Result<(), AppError> {
        self.servers.update(server, client_id, app)
    }

    /// Deletes an application of this server and revokes its codes and tokens.
    ///
    /// Returns whether the application existed.
    pub fn delete_provider_app(&mut self, server: AuthorizationServer, client_id: &str) -> bool {
        self.servers.delete(server, client_id)
    }

    /// Returns the credentials of every application of this server, its default applications first.
    pub fn provider_apps(&self, server: AuthorizationServer) -> Vec<OAuthCredentials> {
        self.servers.apps(server)
    }

    /// Returns the application of this server with this client id.
    pub fn provider_app(&self, server: AuthorizationServer, client_id: &str) -> Option<OAuthApp> {
        self.servers.app(server, client_id)
    }

    /// Returns the credentials of the first application of this type at the server.
    ///
    /// The first application is the default application, unless that was deleted.
    pub fn provider_credentials(
        &self,
        server: AuthorizationServer,
        client_type: ClientType,
    ) -> Option<OAuthCredentials> {
        self.servers.credentials(server, client_type)
    }

    /// Returns the user and scopes of an access token of Google, Microsoft or Apptoto.
    ///
    /// Also finds an expired token. Returns `None` if the token is unknown or revoked.
    pub fn provider_token(&self, token: &str) -> Option<ProviderToken> {
        self.servers.issued.find(token)
    }

    /// Withdraws a user's consent for an application, as a user can do in the settings of the provider.
    ///
    /// Revokes the tokens that the application got for the user. Returns false if the user had not
    /// consented.
    pub fn withdraw_consent(&mut self, server: AuthorizationServer, client_id: &str, user: &str) -> bool {
        self.servers.issued.withdraw(server, client_id, user)
    }

    /// Returns the sent, pending and cancelled messages of Apptoto at the time `now`.
    ///
    /// Returns at most the last ten thousand messages of each account.
    pub fn apptoto_messages(&self, now: Timestamp) -> Vec<ApptotoMessage> {
        self.apptoto.messages(self.sandbox_time(now))
    }

    /// Adds a fault, which applies to the next matching requests.
    pub fn add_fault(&mut self, fault: Fault) {
        let faults = &mut self.world.stats.faults;
        faults.asked = faults.asked.saturating_add(self.faults.add(fault));
    }

    /// Removes all faults that can still apply. They no longer count as asked for in the statistics.
    pub fn clear_faults(&mut self) {
        let faults = &mut self.world.stats.faults;
        faults.asked = faults.asked.saturating_sub(self.faults.clear());
    }

    /// Returns the current values of all switches.
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// Sets a switch. A new `seed` applies to later random values.
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

    /// Processes the notifications that are due, and records the time of the request.
    fn process_due(&mut self, now: Timestamp) {
        self.start.is_over = true;
        self.connect().process_notifications(now);
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
        let caller = is_graph.then(|| self.graph().request_started(call)).flatten();

        let early = self.faults.fire(&Matched { endpoint: call.name, grant_type, status: None });
        let acts = early.as_ref().is_none_or(Fault::reaches_service);
        self.world.pause = Duration::from_millis(self.world.settings.itself.latency_ms.0);
        let mut reply = acts.then(|| self.serve(endpoint, call));
        self.connect().apply_account_changes();
        let status = reply.as_ref().map(|reply| reply.status().as_u16());
        let late =
            status.and_then(|_| self.faults.fire(&Matched { endpoint: call.name, grant_type, status }));

        let mut delay = self.world.pause;
        let mut cut = false;
        for fault in [early, late].into_iter().flatten() {
            self.world.stats.faults.fired += 1;
            delay = delay.saturating_add(fault.pause());
            reply = fault.apply(reply);
            cut |= reply.is_none();
        }
        let reply = reply.filter(|_| !cut);
        if let Some(caller) = caller {
            let end = crate::world::time::plus(call.now, delay);
            self.graph().request_ended(&caller, end);
        }
        self.record(call, reply.as_ref().map(|reply| reply.status().as_u16()));
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

    /// Creates an error response in the format of Connect, with the form that `error_style` sets.
    fn problem(&self, problem: Problem) -> Reply {
        problem.styled(self.world.settings.connect.error_style).into()
    }

    /// Returns a 404 for an unknown path, or a 405 with the methods that a known path supports.
    fn unknown(&mut self, call: &Call) -> Reply {
        let path = call.request.uri().path();
        let methods = Route::methods(path).join(", ");
        let mut reply = match Route::service(path) {
            Service::Connect => return self.problem(unknown(&methods)),
            Service::Google => calendar::unknown(&methods),
            Service::Graph => self.graph().unknown(&methods, call),
            Service::Apptoto => api::unknown(&methods, &self.world.settings),
        };
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().extend(HeaderValue::from_str(&methods).ok().map(|allow| (ALLOW, allow)));
        }
        reply
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

    fn record(&mut self, call: &Call, status: Option<u16>) {
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
