//! Drives a session step by step, with scripted responses, a store in memory, and a settable clock.
#![allow(dead_code, unreachable_pub)] // each test file uses only a part
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_core::{machine::*, types::ListCalendars, *};
use jiff::{SignedDuration, Timestamp};

pub const HOUR: u64 = 3600;

/// A user of an application, with the times of the wall clock and the monotonic clock.
pub struct World {
    pub session: Arc<Session>,
    pub wall: Timestamp,
    pub monotonic: Duration,
}

impl Default for World {
    fn default() -> Self {
        Self::with(|_| {})
    }
}

impl World {
    pub fn with(edit: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("id", "hush-client", [7; 32]);
        config.redirect_uri = Some("https://app.example/callback".to_owned());
        edit(&mut config);
        let session = Session::new(App::new(config).unwrap(), "ann");
        Self { session, wall: "2026-11-21T10:00:00Z".parse().unwrap(), monotonic: secs(1000) }
    }

    /// A user whose session has loaded pair 1, which another process has just received.
    pub fn loaded() -> Self {
        Self::default().holding(1)
    }

    pub fn holding(self, n: u32) -> Self {
        let stored = self.pair(n);
        self.load(stored);
        self
    }

    /// Loads a pair by a call that is then dropped.
    pub fn load(&self, stored: Tokens) {
        let (task, _call) = token_task(self.call());
        let step = load(task.start(self.now()), Ok(Some(stored)), self.now());
        done(step).unwrap();
    }

    pub fn now(&self) -> Now {
        Now { wall: self.wall, monotonic: self.monotonic }
    }

    /// Advances both clocks.
    pub fn pass(&mut self, seconds: u64) {
        self.monotonic += secs(seconds);
        self.jump(i64::try_from(seconds).unwrap());
    }

    /// Moves only the wall clock, forwards or backwards.
    pub fn jump(&mut self, seconds: i64) {
        self.wall += SignedDuration::from_secs(seconds);
    }

    /// Pair `n`, issued now and valid for an hour.
    pub fn pair(&self, n: u32) -> Tokens {
        let mut tokens = Tokens::new(format!("hush-a{n}"), format!("hush-r{n}"));
        tokens.issued_at = Some(self.wall);
        tokens.expires_at = Some(self.wall + SignedDuration::from_secs(3600));
        tokens
    }

    pub fn call(&self) -> Step {
        Call::start(&self.session, &ListCalendars::new(), self.now())
    }

    /// Sends a call and resumes it with this response.
    pub fn answered(&self, answer: Response) -> Step {
        send(self.call()).1.resume(Ok(answer), self.now())
    }

    /// Makes a successful call, which proves the current pair.
    pub fn prove(&self) {
        response(self.answered(status(200, "[]"))).unwrap();
    }

    /// Returns the bearer token of a new call, which is then dropped.
    pub fn bearer(&self) -> String {
        bearer(&send(self.call()).0)
    }

    /// Carries out the steps of a refresh with a store. `answer` returns the responses of the token endpoint.
    pub fn drive(
        &self,
        mut step: RefreshStep,
        store: &mut Option<Tokens>,
        answer: impl Fn(&str) -> Result<Response, TransportError>,
    ) -> (Result<(), Error>, Vec<String>) {
        let (now, mut presented) = (self.now(), Vec::new());
        loop {
            assert!(presented.len() < 10, "too many exchanges");
            step = match step {
                RefreshStep::Load(next) => next.resume(Ok(store.clone()), now),
                RefreshStep::TryLock(_, next) => next.resume(Ok(true), now, now),
                RefreshStep::Prepare(next) => next.resume(Ok(()), now),
                RefreshStep::Send(request, next) => {
                    presented.push(grant(&request));
                    next.resume(answer(presented.last().unwrap()), now)
                }
                RefreshStep::Save(tokens, next) => {
                    *store = Some(tokens);
                    next.resume(Ok(Written::Durable), now)
                }
                RefreshStep::Delete(next) => {
                    *store = None;
                    next.resume(Ok(Written::Durable), now)
                }
                RefreshStep::Sleep(_, next) => next.resume(now),
                RefreshStep::Release(next) => next.resume(Ok(()), now),
                RefreshStep::Queue(task) => task.start(now),
                RefreshStep::Done(outcome) => return (outcome, presented),
            };
        }
    }

    /// Refreshes to pair `n` after a 401.
    pub fn refresh_to(&self, n: u32, store: &mut Option<Tokens>) {
        let (task, _call) = token_task(self.answered(status(401, "")));
        self.drive(task.start(self.now()), store, |_| Ok(minted(n))).0.unwrap();
    }

    /// Returns a leader whose exchange of the stored pair is running.
    pub fn exchanging(&self, store: &Tokens) -> (Exchanging, Refreshing) {
        let (task, call) = token_task(self.answered(status(401, "")));
        let step = load(lock(task.start(self.now()), self.now()), Ok(Some(store.clone())), self.now());
        (exchange(step).1, call)
    }
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn status(status: u16, body: &str) -> Response {
    http::Response::builder().status(status).body(body.to_owned().into()).unwrap()
}

pub fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

/// A response of the token endpoint with pair `n`, valid for an hour.
pub fn minted(n: u32) -> Response {
    minted_for(n, HOUR)
}

pub fn minted_for(n: u32, lifetime: u64) -> Response {
    status(
        200,
        &format!(
            r#"{{"access_token":"hush-a{n}","refresh_token":"hush-r{n}","token_type":"Bearer","expires_in":{lifetime}}}"#
        ),
    )
}

pub fn refused() -> Response {
    status(400, r#"{"error":"invalid_grant","error_description":"Invalid refresh token"}"#)
}

pub fn lost() -> TransportError {
    TransportError::broken("reset by peer")
}

pub fn unreachable() -> TransportError {
    TransportError::unreachable("no route")
}

pub fn jwt(payload: &str) -> String {
    format!("head.{}.hush-sign", URL_SAFE_NO_PAD.encode(payload))
}

pub fn field(text: &str, name: &str) -> Option<String> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Returns the refresh token or the code in a request. If the request has neither, returns its body.
pub fn grant(request: &Request) -> String {
    let body = std::str::from_utf8(request.body()).unwrap();
    field(body, "refresh_token").or_else(|| field(body, "code")).unwrap_or_else(|| body.to_owned())
}

pub fn bearer(request: &Request) -> String {
    request.headers()["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

fn name(step: &RefreshStep) -> &'static str {
    match step {
        RefreshStep::Load(_) => "Load",
        RefreshStep::TryLock(..) => "TryLock",
        RefreshStep::Prepare(_) => "Prepare",
        RefreshStep::Queue(_) => "Queue",
        RefreshStep::Send(..) => "Send",
        RefreshStep::Save(..) => "Save",
        RefreshStep::Delete(_) => "Delete",
        RefreshStep::Sleep(..) => "Sleep",
        RefreshStep::Release(_) => "Release",
        RefreshStep::Done(_) => "Done",
    }
}

/// Defines functions, each for one kind of step. A function returns the parts of its step, and
/// panics if the step is of another kind.
macro_rules! takers {
    ($($fn:ident($step:ty, $pattern:pat => $value:expr) -> $out:ty;)*) => {$(
        #[track_caller]
        pub fn $fn(step: $step) -> $out {
            match step {
                $pattern => $value,
                other => panic!(concat!("expected ", stringify!($pattern), ", got {}"), other.name()),
            }
        }
    )*};
}

trait Named {
    fn name(&self) -> String;
}

impl Named for RefreshStep {
    fn name(&self) -> String {
        name(self).to_owned()
    }
}

impl Named for Step {
    fn name(&self) -> String {
        match self {
            Step::Send(request, _) => format!("Send({})", request.uri()),
            Step::Refresh(..) => "Refresh".to_owned(),
            Step::Sleep(time, _) => format!("Sleep({time:?})"),
            Step::Done(outcome) => format!("Done({:?})", outcome.as_ref().map(Response::status)),
        }
    }
}

takers! {
    send(Step, Step::Send(request, next) => (request, next)) -> (Request, Sending);
    token_task(Step, Step::Refresh(refresh, next) => (refresh, next)) -> (TokenTask, Refreshing);
    sleep(Step, Step::Sleep(time, next) => (time, next)) -> (Duration, Sleeping);
    response(Step, Step::Done(outcome) => outcome) -> Result<Response, Error>;
    locking(RefreshStep, RefreshStep::TryLock(lease, next) => (lease, next)) -> (Duration, Locking);
    preparing(RefreshStep, RefreshStep::Prepare(next) => next) -> Preparing;
    queue(RefreshStep, RefreshStep::Queue(task) => task) -> TokenTask;
    loading(RefreshStep, RefreshStep::Load(next) => next) -> Loading;
    exchange(RefreshStep, RefreshStep::Send(request, next) => (grant(&request), next)) -> (String, Exchanging);
    save(RefreshStep, RefreshStep::Save(tokens, next) => (tokens, next)) -> (Tokens, Saving);
    deleting(RefreshStep, RefreshStep::Delete(next) => next) -> Deleting;
    resting(RefreshStep, RefreshStep::Sleep(time, next) => (time, next)) -> (Duration, RefreshSleeping);
    releasing(RefreshStep, RefreshStep::Release(next) => next) -> Releasing;
    done(RefreshStep, RefreshStep::Done(outcome) => outcome) -> Result<(), Error>;
}

/// Grants the store's lock. If the step waits for the gate, passes the gate first.
#[track_caller]
pub fn lock(step: RefreshStep, now: Now) -> RefreshStep {
    let step = if let RefreshStep::Queue(task) = step { task.start(now) } else { step };
    locking(step).1.resume(Ok(true), now, now)
}

impl World {
    pub fn sign_out(&self) -> RefreshStep {
        self.session.sign_out(self.monotonic + secs(60)).start(self.now())
    }
}

/// Resumes a load with this record. If a check of the store follows, resumes the check with success.
#[track_caller]
pub fn load(step: RefreshStep, stored: Result<Option<Tokens>, StoreError>, now: Now) -> RefreshStep {
    match loading(step).resume(stored, now) {
        RefreshStep::Prepare(next) => next.resume(Ok(()), now),
        step => step,
    }
}

#[track_caller]
pub fn release(step: RefreshStep, now: Now) -> Result<(), Error> {
    done(releasing(step).resume(Ok(()), now))
}
