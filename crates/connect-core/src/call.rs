//! The state machine of a call of an endpoint, from the first attempt to the response.
//!
//! ```text
//!            .-> Sleep (cool-down after a 429) --.
//!            |                                   v
//!   start -> prepare -> Refresh -> prepare ----> Send -> 2xx: Done
//!               ^                                 |
//!               |-- 401: with a newer pair, after a refresh, or after a pause
//!               '-- Sleep <- temporary failure that may be retried
//! ```

mod trace;

use std::{fmt, sync::Arc, time::Duration};

use connect_types::{Auth, Safety, Scope};
use http::{Method, StatusCode};

use crate::{
    app::{App, RequestTemplate, surely_not_processed},
    base::{Error, ErrorKind, Now, Request, Response, TransportError, opaque},
    call::trace::Trace,
    endpoint::{Endpoint, answer},
    session::{Plan, Session, TaskReason, TokenTask, Tried, Verdict},
};

/// The maximum number of times a request is sent again after a 401.
///
/// The request may be sent again once for each of three reasons: another caller obtained a newer
/// pair, the server did not accept a new pair yet, or this call refreshed the pair.
const MAX_REPLAYS: u32 = 3;

/// The next step of a call, with the continuation that takes the result of the step.
///
/// The enum is exhaustive on purpose: a driver that leaves out a step does not compile.
#[must_use = "a call makes no progress until its step is performed"]
pub enum Step {
    /// Send the request.
    Send(Request, Sending),
    /// Take the session's gate and run the task, which loads, saves or refreshes the tokens.
    Refresh(TokenTask, Refreshing),
    /// Wait this long.
    Sleep(Duration, Sleeping),
    /// The call has ended with a successful response or an error.
    Done(Result<Response, Error>),
}

opaque!(Call, Sending, Refreshing, Sleeping);

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send(..) => "Send",
            Self::Refresh(..) => "Refresh",
            Self::Sleep(..) => "Sleep",
            Self::Done(_) => "Done",
        })
    }
}

/// A response extension: the number of times the request was sent, if more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub u32);

/// A call of an endpoint, as a state machine. The driver is a loop over [`Step`].
///
/// ```
/// # use std::time::Duration;
/// # use connect_core::{machine::*, types::ListCalendars, *};
/// # let now = Now { wall: "2026-11-21T10:00:00Z".parse().unwrap(), monotonic: Duration::ZERO };
/// # let app = App::new(Config::new("id", "secret", [7; 32])).unwrap();
/// let session = Session::new(app, "user-123");
/// let mut step = Call::start(&session, &ListCalendars::new(), now);
/// let outcome = loop {
///     step = match step {
///         Step::Send(request, next) => {
///             next.resume(Err(TransportError::unreachable("this example has no network")), now)
///         }
///         Step::Refresh(refresh, next) => {
///             next.resume(Err(Error::configuration("this example has no token store")), now)
///         }
///         Step::Sleep(time, next) => next.resume(now),
///         Step::Done(outcome) => break outcome,
///     };
/// };
/// assert!(outcome.is_err());
/// ```
pub struct Call {
    app: App,
    session: Option<Arc<Session>>,
    template: RequestTemplate,
    safety: Safety,
    scope: Option<Scope>,
    explain: fn(&Response, Error) -> Error,
    per_user: bool,
    deadline: Duration,
    /// The number of times the request was sent.
    sent: u32,
    /// The number of attempts, for the retry policy.
    ///
    /// A failed refresh counts as an attempt. An attempt that got a 401 does not count.
    tries: u32,
    /// The number of times the request was sent again after a 401.
    replays: u32,
    /// Whether this process refreshed the tokens because this call got a 401.
    refreshed: bool,
    tried: Tried,
    generation: u64,
    /// Whether the server may have processed an earlier attempt.
    maybe_reached: bool,
    trace: Trace,
}

impl Call {
    /// Starts a call for a user and returns its first step.
    pub fn start<E: Endpoint>(session: &Arc<Session>, endpoint: &E, now: Now) -> Step {
        Self::begin(session.app(), Some(session.clone()), endpoint, now)
    }

    /// Starts a call of an endpoint that needs no user, such as webhook keys, and returns its first step.
    pub fn anonymous<E: Endpoint>(app: &App, endpoint: &E, now: Now) -> Step {
        Self::begin(app, None, endpoint, now)
    }

    fn begin<E: Endpoint>(app: &App, session: Option<Arc<Session>>, endpoint: &E, now: Now) -> Step {
        let template = match RequestTemplate::new(app, endpoint) {
            Ok(template) => template,
            Err(error) => return Step::Done(Err(error)),
        };
        let call = Self {
            app: app.clone(),
            session: session.filter(|_| template.auth == Auth::Bearer),
            template,
            safety: endpoint.safety(),
            scope: endpoint.scope(),
            explain: E::explain,
            per_user: endpoint.limits().per_user,
            deadline: now.monotonic.saturating_add(app.config().timeout),
            sent: 0,
            tries: 0,
            replays: 0,
            refreshed: false,
            tried: Tried::default(),
            generation: 0,
            maybe_reached: false,
            trace: Trace::start(app, endpoint, now),
        };
        if call.template.auth == Auth::Bearer {
            match &call.session {
                None => return Step::Done(Err(Error::configuration("this endpoint needs a signed-in user"))),
                Some(session) if session.key().user.is_empty() => {
                    return Step::Done(Err(app.config().no_user()));
                }
                Some(_) => {}
            }
        }
        Box::new(call).prepare(now)
    }

    /// Returns the next step: wait for a cool-down, refresh the tokens, send the request, or fail.
    fn prepare(mut self: Box<Self>, now: Now) -> Step {
        self.trace.update_time(now);
        let left = self.deadline.saturating_sub(now.monotonic);
        if left.is_zero() {
            return self.fail(Error::timeout().with_message("no time was left to send the request"));
        }
        let wait = self.app.cool_downs().left(self.limited_user(), now);
        if wait >= left {
            let limited = Error::new(ErrorKind::RateLimited).with_retry_after(Some(wait));
            return self.fail(limited.with_message(
                "the service asked the client to wait, but the call times out before that wait ends",
            ));
        }
        if !wait.is_zero() {
            return Step::Sleep(wait, Sleeping(self));
        }
        let bearer = match self.session.as_ref().map(|session| session.plan(self.tried, now, self.deadline)) {
            None => None,
            Some(Plan::Use { generation, bearer }) => {
                self.generation = generation;
                Some(bearer)
            }
            Some(Plan::Refresh(refresh)) => {
                let reason = refresh.reason();
                return Step::Refresh(refresh, Refreshing { call: self, reason });
            }
            Some(Plan::Fail(error)) => return self.fail(error),
        };
        self.sent += 1;
        self.tries += 1;
        let time = left.min(self.app.config().attempt_timeout);
        Step::Send(self.template.request(&self.app, bearer, time), Sending(self))
    }

    /// Returns the user, if the service limits each user separately.
    fn limited_user(&self) -> Option<&str> {
        self.session.as_ref().filter(|_| self.per_user).map(|session| &*session.key().user)
    }

    fn on_response(mut self: Box<Self>, mut response: Response, now: Now) -> Step {
        self.trace.update_time(now);
        let status = response.status();
        let cap = self.app.config().max_response_size;
        if response.body().len() > cap {
            let error = Error::new(ErrorKind::Decode { path: ".".into(), offset: cap }).with_status(status);
            return self.fail(error.with_message("the response is larger than `max_response_size`"));
        }
        if status.is_success() {
            if let Some(session) = &self.session {
                session.mark_proven(self.generation);
            }
            self.app.deposit_retry();
            self.trace.record_end(Some(status), None, self.sent);
            if self.sent > 1 {
                response.extensions_mut().insert(Attempts(self.sent));
            }
            return Step::Done(Ok(response));
        }
        let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
        if gone && self.template.method == Method::DELETE && self.maybe_reached {
            // An earlier attempt, whose response was lost or was a server error, has deleted the object.
            let mut gone = Response::default();
            *gone.status_mut() = StatusCode::NO_CONTENT;
            gone.extensions_mut().insert(Attempts(self.sent));
            self.trace.record_end(Some(status), None, self.sent);
            return Step::Done(Ok(gone));
        }
        let error = (self.explain)(&response, answer::classify(&response, self.scope.as_ref(), now.wall));
        if status == StatusCode::UNAUTHORIZED && matches!(error.kind(), ErrorKind::Authentication) {
            return self.unauthorized(error, now);
        }
        self.app.cool_downs().after(self.limited_user(), &error, now);
        self.maybe_reached |= status.is_server_error();
        self.retry_or_fail(error, now)
    }

    /// Handles a 401: the scope is too small, or the pair was replaced, has expired or is not accepted yet.
    fn unauthorized(mut self: Box<Self>, error: Error, now: Now) -> Step {
        let Some(session) = self.session.clone() else { return self.fail(error) };
        if let Some(needed) = self.scope.clone().filter(|needed| session.lacks(needed)) {
            return self
                .fail(error.with_kind(ErrorKind::Permission { needed: Some(needed), accounts: Vec::new() }));
        }
        if self.replays == MAX_REPLAYS {
            return self.fail(error);
        }
        let mut pause = Duration::ZERO;
        match session.unauthorized(self.generation, now) {
            Verdict::Wait(time) if time < self.deadline.saturating_sub(now.monotonic) => pause = time,
            Verdict::Wait(_) => {
                let text = "another process has just refreshed the tokens, and no time is left to wait until the server \
                            accepts them";
                return self.fail(Error::timeout().with_message(text));
            }
            // Not an authentication error, because a new sign-in would not help.
            Verdict::Fail => {
                let text =
                    "the server does not accept the access token that it issued a moment ago; try again";
                return self.fail(error.with_kind(ErrorKind::Server).with_message(text));
            }
            Verdict::Refresh if self.refreshed => return self.fail(error),
            // If a new pair is being saved, the call waits for it.
            Verdict::Refresh | Verdict::Again => self.tried.unauthorized = Some(self.generation),
        }
        // A request that got a 401 was not processed, so it does not count as an attempt.
        self.replays += 1;
        self.tries = self.tries.saturating_sub(1);
        if pause.is_zero() {
            return self.prepare(now);
        }
        self.trace.record_retry(&error, pause);
        Step::Sleep(pause, Sleeping(self))
    }

    fn on_transport_error(mut self: Box<Self>, error: TransportError, now: Now) -> Step {
        self.trace.update_time(now);
        let error = Error::from(error);
        self.maybe_reached |= error.may_have_happened();
        self.retry_or_fail(error, now)
    }

    fn on_refreshed(mut self: Box<Self>, reason: TaskReason, outcome: Result<(), Error>, now: Now) -> Step {
        let Some(session) = self.session.clone() else { return self.prepare(now) };
        self.tried.ahead |= matches!(reason, TaskReason::Early | TaskReason::Expired);
        match outcome {
            Ok(()) => {
                self.refreshed |= reason == TaskReason::Unauthorized && session.has_minted();
                self.prepare(now)
            }
            // After a failed early refresh the call uses the current pair, which still works.
            Err(_) if reason == TaskReason::Early && session.is_usable() => self.prepare(now),
            // The error is from the exchange. The request of the call itself was not sent.
            Err(error) if surely_not_processed(&error) => {
                let error = error.with_attempts(0);
                self.tries += 1;
                if reason == TaskReason::Expired {
                    self.tried.ahead = false;
                }
                self.retry_or_fail(error, now)
            }
            Err(error) => self.fail(error.with_attempts(0).with_may_have_happened(false)),
        }
    }

    fn retry_or_fail(self: Box<Self>, error: Error, now: Now) -> Step {
        let policy = &self.app.config().retry;
        let pause = policy.pause(self.tries, self.safety, &error, self.app.entropy().unit());
        let left = self.deadline.saturating_sub(now.monotonic);
        match pause {
            Some(pause) if pause < left && self.app.withdraw_retry() => {
                self.trace.record_retry(&error, pause);
                Step::Sleep(pause, Sleeping(self))
            }
            _ => self.fail(error),
        }
    }

    fn fail(self: Box<Self>, error: Error) -> Step {
        let may = self.safety != Safety::Safe && (error.may_have_happened() || self.maybe_reached);
        let attempts = self.sent.max(error.attempts());
        self.trace.record_end(error.status(), Some(&error), self.sent);
        Step::Done(Err(error.with_may_have_happened(may).with_attempts(attempts)))
    }
}

/// The continuation of [`Step::Send`].
#[must_use = "dropping the continuation abandons the call"]
pub struct Sending(Box<Call>);

impl Sending {
    /// Takes the response and returns the next step.
    pub fn resume(self, outcome: Result<Response, TransportError>, now: Now) -> Step {
        match outcome {
            Ok(response) => self.0.on_response(response, now),
            Err(error) => self.0.on_transport_error(error, now),
        }
    }
}

/// The continuation of [`Step::Refresh`].
#[must_use = "dropping the continuation abandons the call"]
pub struct Refreshing {
    call: Box<Call>,
    reason: TaskReason,
}

impl Refreshing {
    /// Takes the outcome of the task and returns the next step.
    pub fn resume(self, outcome: Result<(), Error>, now: Now) -> Step {
        self.call.on_refreshed(self.reason, outcome, now)
    }
}

/// The continuation of [`Step::Sleep`].
#[must_use = "dropping the continuation abandons the call"]
pub struct Sleeping(Box<Call>);

impl Sleeping {
    /// Returns the next step. The tokens are checked again.
    ///
    /// Another caller may have refreshed the tokens during the pause.
    pub fn resume(self, now: Now) -> Step {
        self.0.prepare(now)
    }
}
