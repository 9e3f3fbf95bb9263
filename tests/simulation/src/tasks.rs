//! Runs calls and token jobs: refreshes, sign-ins and sign-outs. A job continues even if its call
//! is cancelled.

use std::time::Duration;

use connect_core::{
    Error, Request, Response, StoreError, Tokens, TransportError, Written,
    machine::{
        Call, Deleting, Exchanging, Loading, Locking, Now, Preparing, RefreshSleeping, RefreshStep,
        Refreshing, Releasing, Saving, Sending, Sleeping, Step, TokenTask,
    },
    types::{GetConnectionStatus, NewEvent, Scope},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    Fault, State,
    network::Fate,
    truth::{Life, Presenter, Rotation},
    world::{Event, World},
};

/// A running call or job.
pub(super) struct Task {
    pub(super) process: usize,
    pub(super) life: Life,
    pub(super) user: usize,
    /// Counts the waits, so that the event of an earlier wait is ignored.
    pub(super) epoch: u32,
    /// Whether a fault occurred during the task.
    pub(super) met: bool,
    pub(super) kind: TaskKind,
}

#[allow(clippy::large_enum_variant)] // only a few dozen tasks exist at a time
pub(super) enum TaskKind {
    Call { sent: u32, state: CallState },
    Job(Job),
}

/// What a call waits for.
pub(super) enum CallState {
    Answer(Sending),
    Gate(TokenTask, After),
    Job(After),
    Pause(Sleeping),
    /// Nothing: the call is being resumed.
    Nothing,
}

/// How a call continues after a refresh.
pub(super) enum After {
    Call(Refreshing),
    /// An explicit refresh: a preparation if necessary, then the refresh itself. `last` is true for the
    /// refresh itself.
    Asked {
        last: bool,
    },
}

/// The purpose of a token job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A refresh because of an expiry or a 401, or the save of a pending pair.
    Refresh,
    /// An explicit refresh.
    Asked,
    SignIn,
    SignOut,
}

/// A token job.
pub(super) struct Job {
    state: JobState,
    purpose: Purpose,
    /// When the job locked the tokens; `None` if the job knows that it does not hold the lock.
    locked: Option<u64>,
    /// Whether the store has lost the job's lock.
    robbed: bool,
    /// The deadline until which the caller waits for the lock, on the process's monotonic clock.
    deadline: Duration,
    /// Whether the job holds the gate of its session.
    gate: bool,
    waiter: Option<u64>,
    loaded: Option<u64>,
    /// The access token that the job read from the store.
    read: Option<String>,
    /// The pair whose refresh token the job sends.
    presents: Option<usize>,
    /// When the job sent its exchange.
    sent_at: u64,
    fault: Option<Fault>,
}

enum JobState {
    Gate(TokenTask),
    Load(Loading),
    /// An attempt to lock the tokens: the requested lease, and the start of the attempt.
    TryLock(u64, Now, Locking),
    Rest(RefreshSleeping),
    Prepare(Preparing),
    Send(Exchanging),
    Save(Tokens, Saving),
    Delete(Deleting),
    Release(Releasing),
    Nothing,
}

impl Task {
    fn purpose(&self) -> Option<Purpose> {
        match &self.kind {
            TaskKind::Job(job) => Some(job.purpose),
            TaskKind::Call { .. } => None,
        }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, TaskKind::Call { .. })
    }

    /// Returns the pair that the task is exchanging, unless the store has lost the task's lock.
    fn exchanges(&self) -> Option<usize> {
        match &self.kind {
            TaskKind::Job(Job { state: JobState::Send(_), robbed: false, presents, .. }) => *presents,
            _ => None,
        }
    }

    pub(super) fn state(&self) -> State {
        match &self.kind {
            TaskKind::Call { state, .. } => match state {
                CallState::Answer(_) | CallState::Nothing => State::Calling,
                CallState::Gate(..) => State::AtGate,
                CallState::Job(_) => State::Waiting,
                CallState::Pause(_) => State::Sleeping,
            },
            TaskKind::Job(job) => match job.state {
                JobState::Gate(_) => State::AtGate,
                JobState::Load(_) | JobState::Nothing => State::Loading,
                JobState::TryLock(..) => State::Locking,
                JobState::Send(_) | JobState::Rest(_)
                    if job.purpose == Purpose::SignOut && job.locked.is_some() =>
                {
                    State::Revoking
                }
                JobState::Rest(_) => State::RefreshSleeping,
                JobState::Prepare(_) => State::Preparing,
                JobState::Send(_) => State::Exchanging,
                JobState::Save(..) => State::Saving,
                JobState::Delete(_) => State::Deleting,
                JobState::Release(_) => State::Releasing,
            },
        }
    }
}

impl World {
    /// Starts a call: usually a read, sometimes a forbidden write or an explicit refresh.
    pub(super) fn call(&mut self, process: usize, user: usize) {
        self.report.calls += 1;
        let now = self.time(process);
        let session = self.session(process, user);
        let id = self.add(process, user, TaskKind::Call { sent: 0, state: CallState::Nothing });
        self.note(|| format!("#{id} p{process} calls for u{user}"));
        match self.rng.u8(0..40) {
            0 if !self.strict => self.refresh_explicitly(id),
            1..8 if *self.scope(user) == Scope::Read => {
                let hour =
                    |hour: i64| Timestamp::from_second(1_800_000_000 + 3600 * hour).unwrap_or_default();
                let event = NewEvent::new(("google", "x"), "not allowed", hour(0), hour(1));
                self.advance_call(id, Call::start(&session, &event, now));
            }
            _ => self.advance_call(id, Call::start(&session, &GetConnectionStatus::new(), now)),
        }
    }

    /// Runs `User::refresh`: the preparation, if any, then the refresh.
    fn refresh_explicitly(&mut self, id: u64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let (process, session) = (task.process, self.session(task.process, task.user));
        let deadline = self.time(process).monotonic.saturating_add(std::time::Duration::from_secs(60));
        match session.before_refresh(deadline) {
            Some(first) => self.wait_at_gate(id, first, After::Asked { last: false }),
            None => match session.refresh(self.time(process), deadline) {
                Ok(refresh) => self.wait_at_gate(id, refresh, After::Asked { last: true }),
                Err(error) => self.call_ends(id, Err(error)),
            },
        }
    }

    fn advance_call(&mut self, id: u64, step: Step) {
        match step {
            Step::Send(request, next) => {
                let Some(task) = self.tasks.get_mut(&id) else { return };
                let (user, life) = (task.user, task.life);
                let TaskKind::Call { sent, state } = &mut task.kind else { return };
                *state = CallState::Answer(next);
                *sent += 1;
                let too_many = *sent > 12;
                if too_many {
                    self.breach(format!("#{id} was sent 13 times (expected at most 12)"));
                }
                let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
                let bearer = bearer.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
                if let Err(text) = self.truth.bears(bearer, user, life) {
                    self.breach(format!("#{id} sends {text}"));
                }
                self.send(id, request);
            }
            Step::Refresh(refresh, next) => self.wait_at_gate(id, refresh, After::Call(next)),
            Step::Sleep(time, next) => {
                let until = self.now + u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                let Some(epoch) = self.waits(id, CallState::Pause(next)) else { return };
                self.at(until, Event::Go { task: id, epoch });
            }
            Step::Done(outcome) => self.call_ends(id, outcome.map(|_| ())),
        }
    }

    fn call_ends(&mut self, id: u64, outcome: Result<(), Error>) {
        let Some(task) = self.tasks.remove(&id) else { return };
        self.note(|| format!("#{id} ends: {outcome:?}"));
        let denied = matches!(&outcome, Err(error) if matches!(error.kind(), connect_core::ErrorKind::Permission { .. }));
        if self.strict
            && !denied
            && self.has_to_work(task.process, task.user)
            && let Err(error) = outcome
        {
            self.breach(format!("#{id} fails without a fault: {error}"));
        }
    }

    fn wait_at_gate(&mut self, id: u64, refresh: TokenTask, after: After) {
        let deadline = refresh.deadline();
        let Some(task) = self.tasks.get(&id) else { return };
        let (process, user) = (task.process, task.user);
        let until = self.moment(process, deadline).max(self.now);
        let Some(epoch) = self.waits(id, CallState::Gate(refresh, after)) else { return };
        self.at(until, Event::Go { task: id, epoch });
        self.processes[process].gates[user].queue.push_back(id);
        self.open_gate(process, user);
    }

    /// Starts the next waiting task unless a leader is running.
    fn open_gate(&mut self, process: usize, user: usize) {
        while self.processes[process].gates[user].leader.is_none() {
            let Some(id) = self.processes[process].gates[user].queue.pop_front() else { return };
            let now = self.time(process);
            let Some(Task { kind, epoch, .. }) = self.tasks.get_mut(&id) else { continue };
            let state = match kind {
                TaskKind::Call { state, .. } => state,
                TaskKind::Job(job) => {
                    if let JobState::Gate(task) = std::mem::replace(&mut job.state, JobState::Nothing) {
                        *epoch += 1;
                        job.gate = true;
                        self.processes[process].gates[user].leader = Some(id);
                        self.advance_job(id, task.start(now));
                    }
                    continue;
                }
            };
            let CallState::Gate(refresh, after) = std::mem::replace(state, CallState::Nothing) else {
                continue;
            };
            *epoch += 1;
            let (epoch, deadline) = (*epoch, refresh.deadline());
            let asked = matches!(after, After::Asked { last: true });
            let purpose = if asked { Purpose::Asked } else { Purpose::Refresh };
            match refresh.start(now) {
                RefreshStep::Done(outcome) => self.after(id, after, outcome),
                step => {
                    *state = CallState::Job(after);
                    let until = self.moment(process, deadline).max(self.now);
                    self.at(until, Event::Go { task: id, epoch });
                    self.note(|| format!("#{id} leads a refresh"));
                    self.start_job(process, user, step, Some(id), purpose);
                }
            }
        }
    }

    fn after(&mut self, id: u64, after: After, outcome: Result<(), Error>) {
        let Some(task) = self.tasks.get(&id) else { return };
        let now = self.time(task.process);
        match (after, outcome) {
            (After::Call(next), outcome) => self.advance_call(id, next.resume(outcome, now)),
            (After::Asked { last: false }, Ok(())) => self.refresh_explicitly(id),
            (After::Asked { .. }, outcome) => self.call_ends(id, outcome),
        }
    }

    fn waits(&mut self, id: u64, wait: CallState) -> Option<u32> {
        let task = self.tasks.get_mut(&id)?;
        task.epoch += 1;
        if let TaskKind::Call { state, .. } = &mut task.kind {
            *state = wait;
        }
        Some(task.epoch)
    }

    fn send(&mut self, id: u64, request: Request) {
        let time =
            request.extensions().get::<connect_core::Timeout>().map_or(30_000, |time| time.0.as_millis());
        let time = u64::try_from(time).unwrap_or(30_000).max(4);
        let exchange = request.uri().path() == "/api/oauth/token";
        let refused = self.recoverable && field(request.body(), "refresh_token").is_some();
        let fate = Fate::of(&mut self.rng, self.often, exchange, refused, time);
        // Sign-outs are short and rare, so faults during them are made more likely.
        let schedule_fault_within = match request.uri().path() {
            "/api/oauth/token" => self.often / 8,
            "/api/oauth/revoke" => self.often * 3,
            _ => 0,
        };
        if exchange && self.rng.bool() {
            let Some(task) = self.tasks.get(&id) else { return };
            let whom = (task.process, task.user);
            match fate.fault {
                Some(Fault::RefusedForNow) => {
                    self.at(self.now + fate.there, Event::Fault(Fault::Restored, Some(whom)));
                }
                // Another sign-in finishes first, but the store refuses to save its pair for some time.
                Some(Fault::Slow) if task.purpose() == Some(Purpose::SignIn) => {
                    let granted = self.now + fate.there;
                    self.at(granted + 1_000, Event::Fault(Fault::ReadOnly, Some(whom)));
                    self.at(granted + 1_100, Event::Fault(Fault::SignIn, Some(whom)));
                }
                // The lock is lost, and another process takes the lock and finishes first.
                Some(Fault::Slow) => {
                    let process = self.rng.usize(0..self.processes.len());
                    self.at(self.now + 1, Event::Fault(Fault::LockLost, Some(whom)));
                    self.at(self.now + 2, Event::Call { process, user: whom.1 });
                }
                _ => {}
            }
        }
        if self.rng.u64(0..1000) < schedule_fault_within {
            let Some(task) = self.tasks.get(&id) else { return };
            self.schedule_fault_within(task.process, task.user, fate.there + fate.back);
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.epoch += 1;
        let epoch = task.epoch;
        if let Some(fault) = fate.fault {
            self.count_fault_of_task(id, fault);
        }
        self.note(|| format!("#{id} sends {} {}: {:?}", request.method(), request.uri().path(), fate.fault));
        self.at(self.now + fate.there, Event::Arrive { task: id, epoch, request, fate });
    }

    /// Delivers the request to the service, even if its sender no longer waits.
    pub(super) fn arrive(&mut self, task: u64, epoch: u32, request: Request, fate: Fate) {
        // The request is late if the sender no longer waits, or if the store has lost the sender's lock.
        let alive = self.tasks.get(&task).filter(|task| task.epoch == epoch);
        let late = !alive.is_some_and(|task| matches!(&task.kind, TaskKind::Job(job) if !job.robbed));
        let response = if fate.arrives() { self.served(request, late) } else { None };
        let outcome = fate.outcome(response, &mut self.rng);
        self.at(self.now + fate.back, Event::Answer { task, epoch, outcome, fate });
    }

    /// Passes the request to the service, and records the issued, refused and revoked tokens.
    fn served(&mut self, request: Request, late: bool) -> Option<Response> {
        let (path, body) = (request.uri().path().to_owned(), request.body().clone());
        let response = self.serve(request)?;
        match path.as_str() {
            "/api/oauth/token" => {
                let form = |name: &str| field(&body, name);
                let from = form("refresh_token");
                let granted = pair(&response);
                let Some(from) = from else {
                    if let Some((access, refresh)) = granted {
                        let user = user_of(&access);
                        self.truth.signs_in(user, &access, &refresh, self.now);
                    }
                    return Some(response);
                };
                let expected = self.truth.accepts(&from);
                if expected != granted.is_some() {
                    let did = if expected { "refuses" } else { "accepts" };
                    self.breach(format!("the service {did} a refresh token, against its rotation setting"));
                }
                match granted {
                    Some((access, _)) if self.truth.rotation == Rotation::Kept => {
                        self.report.exchanges += 1;
                        self.truth.renews(&from, &access, self.now);
                        return Some(without_refresh_token(&response));
                    }
                    Some((access, refresh)) => {
                        self.report.exchanges += 1;
                        self.truth.refreshes(&from, &access, &refresh, self.now);
                    }
                    None => self.refused(user_of(&from), &from, late),
                }
            }
            "/api/oauth/revoke" => {
                let token = serde_json::from_slice::<Value>(&body)
                    .ok()
                    .and_then(|body| Some(body["token"].as_str()?.to_owned()));
                if let Some(token) = token {
                    self.truth.revoke(user_of(&token), true);
                }
            }
            _ => {}
        }
        Some(response)
    }

    pub(super) fn answer(
        &mut self,
        id: u64,
        epoch: u32,
        outcome: Result<Response, TransportError>,
        fate: Fate,
    ) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.epoch == epoch) else { return };
        let (process, life, user) = (task.process, task.life, task.user);
        let skewed = self.processes[process].offset != 0;
        let now = self.time(process);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match &mut task.kind {
            TaskKind::Call { state, .. } => {
                if let CallState::Answer(next) = std::mem::replace(state, CallState::Nothing) {
                    self.advance_call(id, next.resume(outcome, now));
                }
            }
            TaskKind::Job(job) => {
                let JobState::Send(next) = std::mem::replace(&mut job.state, JobState::Nothing) else {
                    return;
                };
                let (presented, sent_at, robbed) = (job.presents.take(), job.sent_at, job.robbed);
                if job.purpose != Purpose::SignOut
                    && let Some(wait) = outcome.as_ref().ok().and_then(retry_after)
                {
                    let until = &mut self.processes[process].cools_down_until;
                    *until = (*until).max(self.now + wait);
                }
                if let Some(presented) = presented
                    && !fate.delivers_response()
                    && !matches!(
                        fate.fault,
                        Some(
                            Fault::Unreachable | Fault::Limited | Fault::InvalidClient | Fault::RefusedForNow
                        )
                    )
                {
                    self.truth.fate_unknown(presented, life);
                }
                if let (true, Ok(response)) = (fate.delivers_response(), &outcome)
                    && let Some((access, _)) = pair(response)
                {
                    if presented.is_none() {
                        // A sign-in replaces an unsaved pair of an earlier sign-in.
                        if !self.truth.waits_for_later_sign_in(&access, life) {
                            self.truth.gives_up(life, Some(user));
                        }
                        self.truth.forgets_sign_outs(life, user);
                        self.processes[process].signed_in[user] = self.now;
                    }
                    self.truth.arrives(&access, life, skewed);
                    if robbed {
                        self.truth.save_failed(&access); // without the lock the save is going to fail
                    }
                    if presented.is_some() && self.processes[process].signed_in[user] > sent_at {
                        self.truth.gives_up(life, Some(user));
                    }
                }
                self.advance_job(id, next.resume(outcome, now));
            }
        }
    }

    pub(super) fn start_job(
        &mut self,
        process: usize,
        user: usize,
        step: RefreshStep,
        waiter: Option<u64>,
        purpose: Purpose,
    ) {
        let job = Job {
            state: JobState::Nothing,
            purpose,
            locked: None,
            deadline: Duration::MAX,
            robbed: false,
            gate: waiter.is_some(),
            waiter,
            loaded: None,
            read: None,
            presents: None,
            sent_at: 0,
            fault: None,
        };
        let id = self.add(process, user, TaskKind::Job(job));
        if waiter.is_some() {
            self.processes[process].gates[user].leader = Some(id);
        }
        self.advance_job(id, step);
    }

    fn advance_job(&mut self, id: u64, step: RefreshStep) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let (process, life, user) = (task.process, task.life, task.user);
        let TaskKind::Job(job) = &mut task.kind else { return };
        let deadline = job.deadline;
        match step {
            RefreshStep::Load(next) => self.store(id, JobState::Load(next)),
            RefreshStep::Queue(next) => {
                let until = self.moment(process, next.deadline()).max(self.now);
                let Some(Task { kind: TaskKind::Job(job), epoch, .. }) = self.tasks.get_mut(&id) else {
                    return;
                };
                job.state = JobState::Gate(next);
                *epoch += 1;
                let epoch = *epoch;
                self.at(until, Event::Go { task: id, epoch });
                self.processes[process].gates[user].queue.push_back(id);
                self.open_gate(process, user);
            }
            RefreshStep::TryLock(lease, next) => {
                let lease = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
                job.deadline = next.deadline();
                let tried = self.time(process);
                self.store(id, JobState::TryLock(lease, tried, next));
            }
            RefreshStep::Prepare(next) => self.store(id, JobState::Prepare(next)),
            RefreshStep::Save(tokens, next) => self.store(id, JobState::Save(tokens, next)),
            RefreshStep::Delete(next) => self.store(id, JobState::Delete(next)),
            RefreshStep::Release(next) => self.store(id, JobState::Release(next)),
            RefreshStep::Sleep(time, next) => {
                let until = self.now + u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                job.state = JobState::Rest(next);
                task.epoch += 1;
                let (epoch, waits_for_lock) = (task.epoch, job.locked.is_none());
                let end = self.time(process).monotonic.saturating_add(time);
                if waits_for_lock && end > deadline {
                    self.breach(format!("#{id} waits for the lock past the deadline of its caller"));
                }
                self.at(until, Event::Go { task: id, epoch });
            }
            RefreshStep::Send(request, next) => {
                let presented = field(request.body(), "refresh_token");
                job.state = JobState::Send(next);
                job.sent_at = self.now;
                job.presents = presented.as_deref().and_then(|presented| self.truth.pair_of(presented));
                let (robbed, presents) = (job.robbed, job.presents);
                if let Some(presented) = presented {
                    let others = self.tasks.iter().filter(|(other, _)| **other != id);
                    let twice = presents.is_some()
                        && others
                            .filter_map(|(_, other)| other.exchanges())
                            .any(|other| Some(other) == presents);
                    let Some(Task { kind: TaskKind::Job(job), .. }) = self.tasks.get(&id) else { return };
                    let read_only = self.storage.read_only_since(user, self.now);
                    let who = Presenter {
                        life,
                        loaded: job.loaded,
                        locked: self.storage.holds(user, id, self.now),
                        robbed,
                        twice,
                        skewed: self.processes[process].offset != 0,
                        asked: job.purpose == Purpose::Asked,
                        unwritable: read_only.zip(job.locked).is_some_and(|(since, locked)| since <= locked),
                    };
                    self.note(|| format!("#{id} of p{process} for u{user} sends {}", short(&presented)));
                    if self.now < self.processes[process].cools_down_until {
                        self.breach(format!(
                            "#{id} does not wait for the Retry-After time of the token endpoint"
                        ));
                    }
                    if let Err(text) = self.truth.presents(&presented, &who, self.now) {
                        self.breach(format!("#{id}: {text}"));
                    }
                }
                self.send(id, request);
            }
            RefreshStep::Done(outcome) => self.job_ends(id, outcome),
        }
    }

    fn job_ends(&mut self, id: u64, outcome: Result<(), Error>) {
        let Some(task) = self.tasks.remove(&id) else { return };
        self.note(|| format!("#{id} is done: {outcome:?}"));
        let TaskKind::Job(job) = task.kind else { return };
        if job.locked.is_some() {
            self.storage.unlock(task.user, id);
        }
        self.leave(task.process, task.user, job.gate, job.waiter, outcome);
    }

    /// Passes the outcome of a job to its waiter. If the job held the gate, starts the next task at the gate.
    fn leave(
        &mut self,
        process: usize,
        user: usize,
        gate: bool,
        waiter: Option<u64>,
        outcome: Result<(), Error>,
    ) {
        if gate {
            self.processes[process].gates[user].leader = None;
        }
        if let Some(waiter) = waiter
            && let Some(Task { kind: TaskKind::Call { state, .. }, .. }) = self.tasks.get_mut(&waiter)
            && let CallState::Job(after) = std::mem::replace(state, CallState::Nothing)
        {
            self.after(waiter, after, outcome);
        }
        if gate {
            self.open_gate(process, user);
        }
    }

    /// Starts an operation of the store.
    fn store(&mut self, id: u64, work: JobState) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let TaskKind::Job(job) = &mut task.kind else { return };
        task.epoch += 1;
        let (process, user) = (task.process, task.user);
        let (epoch, unsure) = (task.epoch, matches!(work, JobState::Save(..) | JobState::Delete(_)));
        // These operations are short and rare, so faults during them are made more likely.
        let rare = match work {
            JobState::Delete(_) => self.often * 2,
            JobState::Save(..) | JobState::Release(_) | JobState::Prepare(_) => self.often / 8,
            _ => 0,
        };
        job.state = work;
        job.fault = None;
        let mut time = self.rng.u64(1..20);
        if self.rng.u64(0..1000) < self.often {
            let fault = match self.rng.u8(0..6) {
                0..3 => Fault::StoreFailed,
                3 if unsure => Fault::StoreUnsure,
                _ => Fault::StoreSlow,
            };
            if fault == Fault::StoreSlow {
                time = self.rng.u64(1_000..30_000);
                if let JobState::Save(tokens, _) = &job.state {
                    // The lease may end before the save.
                    self.truth.save_failed(tokens.access_token.expose());
                }
            }
            job.fault = Some(fault);
            self.count_fault_of_task(id, fault);
        }
        if self.rng.u64(0..1000) < rare {
            self.schedule_fault_within(process, user, time);
        }
        self.at(self.now + time, Event::Go { task: id, epoch });
    }

    /// Handles the end of a pause, the end of a store operation, or the timeout of a wait.
    pub(super) fn go(&mut self, id: u64, epoch: u32) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.epoch == epoch) else { return };
        let (process, user) = (task.process, task.user);
        match &mut task.kind {
            TaskKind::Call { state, .. } => match std::mem::replace(state, CallState::Nothing) {
                CallState::Pause(next) => {
                    let step = next.resume(self.time(process));
                    self.advance_call(id, step);
                }
                CallState::Gate(refresh, after) => {
                    self.processes[process].gates[user].queue.retain(|waiting| *waiting != id);
                    self.after(id, after, Err(refresh.timed_out()));
                }
                CallState::Job(after) => self.after(id, after, Err(late())),
                other => *state = other,
            },
            TaskKind::Job(job) => match std::mem::replace(&mut job.state, JobState::Nothing) {
                JobState::Rest(next) => {
                    let step = next.resume(self.time(process));
                    self.advance_job(id, step);
                }
                JobState::Gate(task) => {
                    self.processes[process].gates[user].queue.retain(|waiting| *waiting != id);
                    self.job_ends(id, Err(task.timed_out()));
                }
                work => self.stored(id, work),
            },
        }
    }

    /// Completes an operation of the store and continues its job.
    fn stored(&mut self, id: u64, work: JobState) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let (process, user, life) = (task.process, task.user, task.life);
        let TaskKind::Job(job) = &mut task.kind else { return };
        let fault = job.fault;
        let failed = fault == Some(Fault::StoreFailed);
        let unwritable = failed || self.storage.read_only_since(user, self.now).is_some();
        let failure = || StoreError::new("simulated");
        let holds = self.storage.holds(user, id, self.now);
        let (locked, purpose, loaded) = (job.locked.is_some(), job.purpose, job.loaded);
        let read = job.read.clone();
        let now = self.time(process);
        let step = match work {
            JobState::Load(next) => {
                let found = if failed { Err(failure()) } else { Ok(self.storage.load(user)) };
                self.note(|| {
                    let token = |tokens: &Tokens| {
                        tokens.refresh_token.as_ref().map(|token| short(token.expose()).to_owned())
                    };
                    let shown = found.as_ref().map(|found| found.as_ref().and_then(token));
                    format!("#{id} loads{}: {shown:?}", if locked { " under the lock" } else { "" })
                });
                let read = found.as_ref().ok().and_then(|found| found.as_ref());
                let read = read.map(|tokens| tokens.access_token.expose().to_owned());
                self.job(id, |job| job.read = read);
                if locked && (!failed || purpose == Purpose::SignOut) {
                    let at = self.now;
                    self.job(id, |job| job.loaded = Some(at));
                }
                next.resume(found, now)
            }
            JobState::TryLock(lease, tried, next) => {
                let held =
                    if failed { Err(failure()) } else { Ok(self.storage.lock(user, id, self.now, lease)) };
                self.note(|| format!("#{id} tries to lock: {held:?}"));
                if let Ok(true) = held {
                    let at = self.now;
                    self.job(id, |job| job.locked = Some(at));
                }
                next.resume(held, tried, now)
            }
            JobState::Prepare(next) => {
                let outcome = match holds {
                    false => Err(StoreError::lost_lease()),
                    true if unwritable => Err(failure()),
                    true => Ok(()),
                };
                next.resume(outcome, now)
            }
            JobState::Save(tokens, next) => {
                let access = tokens.access_token.expose().to_owned();
                let outcome = if !holds {
                    Err(StoreError::lost_lease())
                } else if unwritable {
                    Err(failure())
                } else {
                    let refresh = tokens.refresh_token.as_ref().map(|token| token.expose().to_owned());
                    let refused = tokens.refused.as_ref().and_then(|refused| self.since_start(refused.at));
                    let before = self.storage.load(user).filter(|tokens| tokens.refused.is_none());
                    let before = before.map(|tokens| tokens.access_token.expose().to_owned());
                    if before == read && before.is_some_and(|before| self.truth.is_older(&access, &before)) {
                        self.breach(format!("#{id} saves an older pair over a newer one"));
                    }
                    self.storage.save(user, tokens);
                    self.truth.saved(&access, self.now);
                    self.truth.refused_for_now(&access, refused.filter(|at| *at <= self.now));
                    self.note(|| format!("#{id} has written {}", short(&refresh.unwrap_or_default())));
                    if fault == Some(Fault::StoreUnsure) { Err(failure()) } else { Ok(Written::Durable) }
                };
                if outcome.is_err() {
                    self.truth.save_failed(&access);
                }
                self.note(|| format!("#{id} saves: {outcome:?}"));
                next.resume(outcome, now)
            }
            JobState::Delete(next) => {
                if purpose != Purpose::SignOut && self.recoverable {
                    self.breach(format!("#{id} deletes tokens that may be accepted again"));
                }
                let outcome = if !holds {
                    Err(StoreError::lost_lease())
                } else if unwritable {
                    Err(failure())
                } else {
                    self.storage.delete(user);
                    if fault == Some(Fault::StoreUnsure) { Err(failure()) } else { Ok(Written::Durable) }
                };
                if purpose == Purpose::SignOut {
                    read.iter().for_each(|access| self.truth.sees(access, life));
                    let since = loaded.is_none_or(|loaded| self.processes[process].signed_in[user] >= loaded);
                    self.truth.signs_out(life, user, since);
                }
                self.note(|| format!("#{id} deletes: {outcome:?}"));
                next.resume(outcome, now)
            }
            JobState::Release(next) => {
                self.job(id, |job| job.locked = None);
                if !failed || self.storage.ends_with_holder {
                    self.storage.unlock(user, id);
                }
                next.resume(if failed { Err(failure()) } else { Ok(()) }, now)
            }
            JobState::Gate(_) | JobState::Rest(_) | JobState::Send(_) | JobState::Nothing => return,
        };
        self.record_memory(process, user);
        self.advance_job(id, step);
    }

    /// Records the tokens that the process has in memory.
    fn record_memory(&mut self, process: usize, user: usize) {
        let (life, session) = (self.processes[process].life, self.session(process, user));
        match session.tokens() {
            // The session may have two pairs, and its current pair was recorded earlier.
            _ if session.has_pending() => {}
            Ok(tokens) => self.truth.knows(tokens.access_token.expose(), life),
            Err(_) => self.truth.forgets(life, Some(user)),
        }
    }

    fn job(&mut self, id: u64, change: impl FnOnce(&mut Job)) {
        if let Some(Task { kind: TaskKind::Job(job), .. }) = self.tasks.get_mut(&id) {
            change(job);
        }
    }

    /// Marks the lock of this job as lost.
    pub(super) fn rob(&mut self, id: u64) {
        self.job(id, |job| job.robbed = true);
        self.mark_save_failed(id);
    }

    /// Marks the save of this job as failed or uncertain.
    pub(super) fn mark_save_failed(&mut self, id: u64) {
        if let Some(Task { kind: TaskKind::Job(Job { state: JobState::Save(tokens, _), .. }), .. }) =
            self.tasks.get(&id)
        {
            self.truth.save_failed(tokens.access_token.expose());
        }
    }

    /// Drops a task before its end.
    pub(super) fn give_up(&mut self, id: u64) {
        self.mark_save_failed(id);
        let Some(task) = self.tasks.remove(&id) else { return };
        let (process, user, life) = (task.process, task.user, task.life);
        match task.kind {
            TaskKind::Call { .. } => {
                self.processes[process].gates[user].queue.retain(|waiting| *waiting != id)
            }
            TaskKind::Job(job) => {
                let Job { state, locked, gate, waiter, presents, .. } = job;
                self.processes[process].gates[user].queue.retain(|waiting| *waiting != id);
                drop(state);
                if let Some(presented) = presents {
                    self.truth.fate_unknown(presented, life);
                }
                if locked.is_some() {
                    self.storage.unlock(user, id);
                }
                self.leave(process, user, gate, waiter, Err(Error::configuration("the task was ended")));
            }
        }
    }
}

/// Returns the last characters of a token for the history.
fn short(token: &str) -> &str {
    token.get(token.len().saturating_sub(6)..).unwrap_or(token)
}

fn late() -> Error {
    Error::new(connect_core::ErrorKind::Timeout).with_message("the tokens are still being changed")
}

/// Returns a field of a form.
fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Returns the token pair in a response of the token endpoint.
fn pair(response: &Response) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(response.body()).ok()?;
    let refresh = body["refresh_token"].as_str().unwrap_or_default();
    Some((body["access_token"].as_str()?.to_owned(), refresh.to_owned()))
}

/// Returns the Retry-After time in milliseconds.
fn retry_after(response: &Response) -> Option<u64> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?;
    seconds.parse::<u64>().ok().map(|seconds| seconds * 1000)
}

/// Removes the refresh token from a response, as a service without rotation does (RFC 6749 section 6).
fn without_refresh_token(response: &Response) -> Response {
    let mut body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.remove("refresh_token");
    }
    let mut kept = response.clone();
    *kept.body_mut() = body.to_string().into();
    kept
}

/// Returns the number of the user in the token's `sub` claim (`u0`, `u1` and so on).
fn user_of(token: &str) -> usize {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
    claims["sub"].as_str().and_then(|user| user.strip_prefix('u')?.parse().ok()).unwrap_or_default()
}
