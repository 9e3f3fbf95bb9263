//! Runs one seed: schedules the events and executes them in order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use connect_core::{
    App, Callback, Config, Request, Response, Service, SessionEnded, SignIn, TransportError,
    machine::{Now, RefreshStep, Registry, Session},
    oauth::Profile,
    types::Scope,
};
use connect_sandbox::{Outcome, Sandbox, Settings};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Fault, Report, Truth,
    network::Fate,
    storage::Storage,
    tasks::{Purpose, Task, TaskKind},
    truth::{Life, Rotation},
};

/// Runs one seed. With `history` the report contains all events.
pub fn run(seed: u64, history: bool) -> Report {
    let mut world = World::new(seed, history);
    world.play();
    world.settle();
    let World { mut report, .. } = world;
    for breach in &mut report.breaches {
        breach.insert_str(0, &format!("seed {seed}: "));
    }
    report
}

/// The state of a run.
pub(super) struct World {
    pub(super) rng: Rng,
    /// The time since the start of the run, in milliseconds.
    pub(super) now: u64,
    start: Timestamp,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    sandbox: Sandbox,
    pub(super) storage: Storage,
    pub(super) truth: Truth,
    pub(super) processes: Vec<Process>,
    users: Vec<(String, Scope)>,
    pub(super) tasks: BTreeMap<u64, Task>,
    next_task: u64,
    /// Whether the clients treat `invalid_grant` as a temporary refusal and keep the tokens.
    pub(super) recoverable: bool,
    /// How many of 1,000 requests and store operations have a fault.
    pub(super) often: u64,
    /// Whether calls must succeed.
    pub(super) strict: bool,
    pub(super) report: Report,
    history: bool,
}

/// A process since its last restart.
pub(super) struct Process {
    pub(super) life: Life,
    registry: Registry<()>,
    pub(super) gates: Vec<Gate>,
    /// The time of each user's last sign-in.
    pub(super) signed_in: Vec<u64>,
    started_at: u64,
    /// The end of the process's suspension.
    stopped_until: u64,
    /// The end of the token endpoint's Retry-After time.
    pub(super) cools_down_until: u64,
    /// The error of the process's wall clock in milliseconds.
    pub(super) offset: i64,
    ended: Arc<Mutex<Vec<String>>>,
}

/// The queue of the refreshes of one session.
#[derive(Default)]
pub(super) struct Gate {
    pub(super) leader: Option<u64>,
    pub(super) queue: VecDeque<u64>,
}

/// A scheduled event.
pub(super) enum Event {
    Call {
        process: usize,
        user: usize,
    },
    /// A fault of this process and user, or of a random process and user if `None`.
    Fault(Fault, Option<(usize, usize)>),
    /// A request reaches the service, unless it is lost.
    Arrive {
        task: u64,
        epoch: u32,
        request: Request,
        fate: Fate,
    },
    /// The client receives the result of the request.
    Answer {
        task: u64,
        epoch: u32,
        outcome: Result<Response, TransportError>,
        fate: Fate,
    },
    /// A pause, a store operation or a wait has ended.
    Go {
        task: u64,
        epoch: u32,
    },
}

impl World {
    fn new(seed: u64, history: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rotations = [Rotation::Grace, Rotation::Strict, Rotation::Family, Rotation::Kept];
        let rotation = rotations[rng.usize(0..rotations.len())];
        let ttl = [30, 30, 120, 600, 3600][rng.usize(0..5)];
        let mut settings = Settings::default();
        let name = match rotation {
            // `Kept`: the new refresh token is hidden from the client, so the old one stays valid.
            Rotation::Grace | Rotation::Kept => "grace",
            Rotation::Strict => "strict",
            Rotation::Family => "family",
        };
        let bodies = ["message", "error", "empty"];
        let seed_text = rng.u64(..).to_string();
        for (switch, value) in [
            ("rotation", name),
            ("token_ttl", &ttl.to_string()),
            ("expired_body", bodies[rng.usize(0..3)]),
            ("write_denied", ["401", "403"][rng.usize(0..2)]),
            ("seed", &seed_text),
        ] {
            let _ = settings.set(switch, value);
        }
        let users = (0..rng.usize(1..4))
            .map(|n| (format!("u{n}"), if rng.u8(0..4) == 0 { Scope::Read } else { Scope::ReadWrite }))
            .collect();
        let mut world = Self {
            now: 0,
            start: "2026-11-21T10:00:00Z".parse().unwrap_or_default(),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            sandbox: Sandbox::new(settings),
            storage: Storage::new(rng.u8(0..3) == 0),
            recoverable: rng.u8(0..4) == 0,
            truth: Truth::new(rotation, ttl * 1000),
            processes: Vec::new(),
            users,
            tasks: BTreeMap::new(),
            next_task: 0,
            often: 0,
            strict: false,
            report: Report::default(),
            history,
            rng,
        };
        for index in 0..world.rng.usize(1..4) {
            let process = world.start_process((index, 0));
            world.processes.push(process);
        }
        world.report.users = world.users.len() as u64;
        world.note(|| format!("rotation {rotation:?}, access tokens live {ttl} s"));
        world
    }

    fn start_process(&mut self, life: Life) -> Process {
        let ended: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut seed = [1; 32];
        seed[..8].copy_from_slice(&self.rng.u64(..).to_le_bytes());
        let mut config = Config::new("sandbox-client", "sandbox-secret", seed);
        config.redirect_uri = Some("http://127.0.0.1:8765/callback".to_owned());
        let base_url = "http://127.0.0.1:1/api";
        config.base_url = Some(base_url.to_owned());
        if self.recoverable
            && let Ok(service) = Service::new(base_url)
        {
            let mut profile = Profile::connect(&service);
            std::mem::swap(&mut profile.final_errors, &mut profile.recoverable_errors);
            config.profile = Some(profile);
        }
        let told = ended.clone();
        config.observer = Some(Arc::new(move |over: SessionEnded| {
            if !over.may_recover {
                told.lock().unwrap_or_else(PoisonError::into_inner).push(over.key.user.to_string());
            }
        }));
        #[allow(clippy::expect_used)] // a constant configuration
        let app = App::new(config).expect("a configuration");
        Process {
            life,
            gates: self.users.iter().map(|_| Gate::default()).collect(),
            signed_in: vec![0; self.users.len()],
            registry: Registry::new(app),
            started_at: self.now,
            stopped_until: 0,
            cools_down_until: 0,
            offset: 0,
            ended,
        }
    }

    /// Signs all users in, then schedules and executes calls and faults.
    fn play(&mut self) {
        for user in 0..self.users.len() {
            self.sign_in(0, user);
            self.drain();
        }
        self.often = [0, 60, 150, 300][self.rng.usize(0..4)];
        let length = (self.truth.ttl * self.rng.u64(3..12)).min(7_200_000);
        let from = self.now;
        for _ in 0..self.rng.u64(30..90) {
            let at = from + self.rng.u64(0..length);
            for _ in 0..self.rng.u64(1..8) {
                let (process, user) =
                    (self.rng.usize(0..self.processes.len()), self.rng.usize(0..self.users.len()));
                let at = at + self.rng.u64(0..30);
                self.at(at, Event::Call { process, user });
            }
        }
        let fault = |world: &mut Self, kind, most| {
            for _ in 0..world.rng.u64(0..=most) {
                let at = from + world.rng.u64(0..length);
                world.at(at, Event::Fault(kind, None));
            }
        };
        fault(self, Fault::Expired, 6);
        if self.often > 0 {
            fault(self, Fault::Dropped, 30);
            fault(self, Fault::Killed, 3);
            fault(self, Fault::JumpForward, 1);
            fault(self, Fault::JumpBack, 1);
            fault(self, Fault::SignIn, 2);
            fault(self, Fault::SignOut, 2);
            fault(self, Fault::Swept, 4);
            fault(self, Fault::Stopped, 2);
            fault(self, Fault::Restored, 2);
            fault(self, Fault::ReadOnly, 2);
            fault(self, Fault::LockLost, 6);
            fault(self, Fault::Revoked, 1);
        }
        self.drain();
    }

    /// Stops all faults and checks that every remaining session works, also after the next expiry.
    fn settle(&mut self) {
        self.often = 0;
        self.processes.iter_mut().for_each(|process| process.offset = 0);
        // Longer than any delay. A clock that is hours ahead may have recorded a recoverable refusal.
        self.now += 16_000_000;
        for round in 0..4 {
            if round == 2 {
                self.expire();
            }
            for process in 0..self.processes.len() {
                for user in 0..self.users.len() {
                    self.now += 20_000;
                    self.strict = round > 0;
                    self.call(process, user);
                    self.drain();
                }
            }
        }
        for user in 0..self.users.len() {
            self.check_unsaved_pairs(user);
            match self.storage.load(user) {
                None if !self.truth.may_be_out(user) => self.lost(user, "the store has no tokens"),
                Some(tokens) => {
                    // Perhaps no process has sent this refresh token yet.
                    let refresh = tokens.refresh_token.as_ref().map_or("", |token| token.expose()).to_owned();
                    if !self.truth.accepts(&refresh) {
                        self.refused(user, &refresh, false);
                    }
                }
                None => {}
            }
        }
    }

    /// Checks that no process has an unsaved successor of the stored pair.
    fn check_unsaved_pairs(&mut self, user: usize) {
        let lives: Vec<_> = self.processes.iter().map(|process| process.life).collect();
        if self.truth.has_unsaved_sign_in(user, &lives) {
            self.breach(format!("the pair of a sign-in of u{user} was never saved"));
        }
        let stored = self.storage.load(user).and_then(|tokens| tokens.refresh_token);
        let Some(stored) = stored.and_then(|token| self.truth.pair_of(token.expose())) else { return };
        let lives: Vec<_> = self.processes.iter().map(|process| process.life).collect();
        if self.truth.has_unsaved_successor(stored, &lives) {
            self.breach(format!("the successor of the stored pair of u{user} was never saved"));
        }
    }

    /// Records the refusal of this refresh token. If a sign-in is lost, counts the loss.
    pub(super) fn refused(&mut self, user: usize, refresh: &str, late: bool) {
        match self.truth.refused(refresh, late) {
            Some(true) => self.report.unavoidable_losses += 1,
            Some(false) => self.lost(user, "the service refuses its refresh token"),
            None => {}
        }
    }

    fn lost(&mut self, user: usize, why: &str) {
        self.report.lost_sign_ins += 1;
        self.breach(format!("the sign-in of u{user} was lost: {why}"));
    }

    /// Schedules a random fault at a random time in the next `time` milliseconds.
    pub(super) fn schedule_fault_within(&mut self, process: usize, user: usize, time: u64) {
        let kinds = [
            Fault::Killed,
            Fault::JumpForward,
            Fault::JumpBack,
            Fault::Expired,
            Fault::Revoked,
            Fault::SignIn,
            Fault::SignIn,
            Fault::SignOut,
            Fault::Swept,
            Fault::Stopped,
            Fault::Restored,
            Fault::Restored,
            Fault::ReadOnly,
            Fault::LockLost,
        ];
        let fault = kinds[self.rng.usize(0..kinds.len())];
        let at = self.now + self.rng.u64(0..time.max(1));
        self.at(at, Event::Fault(fault, Some((process, user))));
    }

    /// Returns whether calls of this user must succeed in this process.
    pub(super) fn has_to_work(&self, process: usize, user: usize) -> bool {
        let life = self.processes[process].life;
        let token = self.storage.load(user).and_then(|tokens| tokens.refresh_token);
        token.is_some_and(|token| {
            self.truth.accepts(token.expose()) && !self.truth.has_signed_out(life, token.expose())
        })
    }

    pub(super) fn session(&self, process: usize, user: usize) -> Arc<Session> {
        self.processes[process].registry.member(&self.users[user].0).session.clone()
    }

    pub(super) fn breach(&mut self, text: String) {
        self.note(|| format!("BREACH: {text}"));
        self.report.breaches.push(format!("{} at {} ms", text, self.now));
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.history {
            let line = format!("{:>9} ms  {}", self.now, line());
            self.report.history.push(line);
        }
    }

    pub(super) fn at(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence)));
        self.events.insert(self.sequence, event);
    }

    /// Executes all scheduled events.
    fn drain(&mut self) {
        let mut steps = 0;
        while let Some(Reverse((at, sequence))) = self.queue.pop() {
            steps += 1;
            if steps > 300_000 {
                self.breach("the run does not end".to_owned());
                return;
            }
            self.now = self.now.max(at);
            let event = self.events.remove(&sequence);
            if let Some(process) = event.as_ref().and_then(|event| self.takes(event))
                && let until = self.processes[process].stopped_until
                && until > self.now
                && let Some(event) = event
            {
                self.at(until, event); // a suspended process handles the event when it resumes
                continue;
            }
            match event {
                Some(Event::Call { process, user }) => self.call(process, user),
                Some(Event::Fault(fault, at)) => self.strike(fault, at),
                Some(Event::Arrive { task, epoch, request, fate }) => self.arrive(task, epoch, request, fate),
                Some(Event::Answer { task, epoch, outcome, fate }) => self.answer(task, epoch, outcome, fate),
                Some(Event::Go { task, epoch }) => self.go(task, epoch),
                None => {}
            }
            self.record_ended_sessions();
        }
    }

    /// Returns the process that must be running to handle the event.
    fn takes(&self, event: &Event) -> Option<usize> {
        match event {
            Event::Call { process, .. } => Some(*process),
            Event::Answer { task, .. } | Event::Go { task, .. } => {
                self.tasks.get(task).map(|task| task.process)
            }
            Event::Fault(..) | Event::Arrive { .. } => None,
        }
    }

    pub(super) fn time(&self, process: usize) -> Now {
        let process = &self.processes[process];
        let wall = self.wall() + SignedDuration::from_millis(process.offset);
        Now { wall, monotonic: Duration::from_millis(self.now - process.started_at + 1_000_000) }
    }

    /// Converts a process's monotonic time to the clock of the run.
    pub(super) fn moment(&self, process: usize, monotonic: Duration) -> u64 {
        let shown = u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX);
        shown.saturating_sub(1_000_000).saturating_add(self.processes[process].started_at)
    }

    fn wall(&self) -> Timestamp {
        self.start + SignedDuration::from_millis(i64::try_from(self.now).unwrap_or(i64::MAX))
    }

    /// Converts a wall clock time to milliseconds since the start of the run.
    pub(super) fn since_start(&self, wall: Timestamp) -> Option<u64> {
        u64::try_from(wall.duration_since(self.start).as_millis()).ok()
    }

    pub(super) fn scope(&self, user: usize) -> &Scope {
        &self.users[user].1
    }

    pub(super) fn add(&mut self, process: usize, user: usize, kind: TaskKind) -> u64 {
        self.next_task += 1;
        let life = self.processes[process].life;
        self.tasks.insert(self.next_task, Task { process, life, user, epoch: 0, met: false, kind });
        self.next_task
    }

    /// Opens the authorization URL of a sign-in as a browser would, and starts to exchange the code.
    pub(super) fn sign_in(&mut self, process: usize, user: usize) {
        let now = self.time(process);
        let (name, scope) = self.users[user].clone();
        let app = self.processes[process].registry.app();
        let Ok(pending) = SignIn::new(name).scope(scope).start(app, now) else { return };
        let Ok(request) = http::Request::get(pending.url()).body(Bytes::new()) else { return };
        let Some(reply) = self.serve(request) else { return };
        let location = reply.headers().get("location").and_then(|value| value.to_str().ok());
        let Some(Ok(callback)) = location.map(Callback::parse) else {
            return self.breach("the authorization did not redirect".to_owned());
        };
        self.note(|| format!("p{process}: u{user} signs in"));
        let step = pending.finish(&self.session(process, user), &callback, now);
        self.start_job(process, user, step, None, Purpose::SignIn);
    }

    fn sign_out(&mut self, process: usize, user: usize) {
        self.note(|| format!("p{process}: u{user} signs out"));
        let deadline = self.time(process).monotonic.saturating_add(Duration::from_secs(60));
        let task = self.session(process, user).sign_out(deadline);
        self.start_job(process, user, RefreshStep::Queue(task), None, Purpose::SignOut);
    }

    /// Removes idle sessions without unsaved tokens from memory.
    fn sweep(&mut self, process: usize) {
        let users = 0..self.users.len();
        let sessions: Vec<Weak<Session>> =
            users.map(|user| Arc::downgrade(&self.session(process, user))).collect();
        self.processes[process].registry.sweep();
        for (user, session) in sessions.iter().enumerate() {
            if session.strong_count() == 0 {
                self.truth.swept(self.processes[process].life, user);
            }
        }
    }

    /// Passes a request to the sandbox. Returns `None` if the sandbox cuts the connection.
    pub(super) fn serve(&mut self, request: Request) -> Option<Response> {
        match self.sandbox.handle(request, self.wall()).outcome {
            Outcome::Reply(reply) => Some(reply),
            Outcome::Cut => None,
        }
    }

    pub(super) fn expire(&mut self) {
        self.sandbox.expire_all(self.wall());
        self.truth.last_expiry = Some(self.now);
        self.note(|| "all access tokens expire".to_owned());
    }

    /// Executes a fault.
    fn strike(&mut self, fault: Fault, whom: Option<(usize, usize)>) {
        let anybody = (self.rng.usize(0..self.processes.len()), self.rng.usize(0..self.users.len()));
        let (process, user) = whom.unwrap_or(anybody);
        let until = self.processes[process].stopped_until;
        if until > self.now && matches!(fault, Fault::SignIn | Fault::SignOut | Fault::Swept) {
            return self.at(until, Event::Fault(fault, Some((process, user)))); // a suspended process does nothing
        }
        match fault {
            Fault::Dropped => {
                let place = self.rng.usize(0..self.tasks.len().max(1));
                if let Some(id) = self.tasks.keys().nth(place).copied() {
                    self.count_fault_of_task(id, fault);
                    self.note(|| format!("#{id} is dropped"));
                    self.give_up(id);
                }
            }
            Fault::Killed => {
                self.count_fault(fault, |task| task.process == process);
                self.note(|| format!("p{process} is killed"));
                self.kill(process);
            }
            Fault::JumpForward | Fault::JumpBack => {
                self.count_fault(fault, |task| task.process == process);
                let far = i64::try_from(self.rng.u64(1_000..7_200_000)).unwrap_or(0);
                self.processes[process].offset += if fault == Fault::JumpForward { far } else { -far };
                self.note(|| format!("the clock of p{process} jumps by {far} ms: {}", fault.name()));
            }
            Fault::Expired => {
                self.count_fault(fault, |_| true);
                self.expire();
            }
            Fault::Revoked => {
                let token = self.storage.load(user).and_then(|tokens| tokens.refresh_token);
                let Some(token) = token else { return };
                self.count_fault(fault, |task| task.user == user);
                let body = format!(r#"{{"token":"{}"}}"#, token.expose());
                let request = http::Request::post("/api/oauth/revoke").body(Bytes::from(body));
                self.note(|| format!("u{user} is revoked"));
                if let Ok(request) = request {
                    self.serve(request);
                    self.truth.revoke(user, true);
                }
            }
            Fault::SignIn => {
                self.count_fault(fault, |task| task.user == user);
                self.sign_in(process, user);
                if self.often > 0 && self.rng.u8(0..4) == 0 {
                    // Starts a second sign-in in a random process. Either sign-in may end first.
                    let other = self.rng.usize(0..self.processes.len());
                    let at = self.now + self.rng.u64(1_000..6_000);
                    self.at(at, Event::Fault(fault, Some((other, user))));
                }
            }
            Fault::SignOut => {
                self.count_fault(fault, |task| task.user == user);
                self.sign_out(process, user);
            }
            Fault::Swept => {
                self.count_fault(fault, |task| task.process == process);
                self.note(|| format!("p{process} removes idle sessions"));
                self.sweep(process);
            }
            Fault::Stopped => {
                self.count_fault(fault, |task| task.process == process);
                let time = self.rng.u64(5_000..120_000);
                self.note(|| format!("p{process} is suspended for {time} ms"));
                self.processes[process].stopped_until = self.now + time;
                // Leases that end during the suspension are lost.
                let until = self.now + time;
                let theirs = self.tasks.iter().filter(|(_, task)| task.process == process);
                let lost = theirs.filter(|(id, task)| self.storage.ends_before(task.user, **id, until));
                let lost: Vec<u64> = lost.map(|(id, _)| *id).collect();
                lost.into_iter().for_each(|id| self.rob(id));
            }
            Fault::Restored => {
                let saves = self.rng.usize(1..4);
                let Some(tokens) = self.storage.restore(user, saves) else { return };
                let access = tokens.access_token.expose().to_owned();
                self.count_fault(fault, |task| task.user == user);
                self.note(|| {
                    format!("the store is restored to the record of u{user} from {saves} saves ago")
                });
                self.truth.restored(user, &access);
            }
            Fault::ReadOnly => {
                self.count_fault(fault, |task| task.user == user);
                let time = self.rng.u64(1_000..60_000);
                self.note(|| format!("the store refuses writes for u{user} for {time} ms"));
                self.storage.refuse_writes(user, self.now, time);
            }
            Fault::LockLost if self.storage.ends_with_holder => {}
            Fault::LockLost => {
                if let Some(holder) = self.storage.lose_lock(user) {
                    self.count_fault_of_task(holder, fault);
                    self.note(|| format!("#{holder} loses the lock of u{user}"));
                    self.rob(holder);
                }
            }
            _ => {}
        }
    }

    fn kill(&mut self, process: usize) {
        let life = self.processes[process].life;
        let gone: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| task.process == process).map(|(id, _)| *id).collect();
        for id in gone {
            let task = self.tasks.remove(&id);
            if let Some(task) = task.filter(|_| self.storage.ends_with_holder) {
                self.storage.unlock(task.user, id);
            }
        }
        self.truth.gives_up(life, None);
        self.truth.forgets(life, None);
        let offset = self.processes[process].offset;
        let mut next = self.start_process((life.0, life.1 + 1));
        next.offset = offset;
        self.processes[process] = next;
    }

    /// Counts a fault for every affected task.
    fn count_fault(&mut self, fault: Fault, about: impl Fn(&Task) -> bool) {
        let met: Vec<u64> = self.tasks.iter().filter(|(_, task)| about(task)).map(|(id, _)| *id).collect();
        met.into_iter().for_each(|id| self.count_fault_of_task(id, fault));
    }

    pub(super) fn count_fault_of_task(&mut self, id: u64, fault: Fault) {
        if let Some(task) = self.tasks.get_mut(&id) {
            let state = task.state();
            self.report.met[state as usize][fault as usize] += 1;
            let counts = !task.met && task.is_call();
            task.met = true;
            self.report.calls_met += u64::from(counts);
        }
    }

    fn record_ended_sessions(&mut self) {
        for process in 0..self.processes.len() {
            let ended = std::mem::take(
                &mut *self.processes[process].ended.lock().unwrap_or_else(PoisonError::into_inner),
            );
            for name in ended {
                let user = self.users.iter().position(|(user, _)| *user == name);
                self.note(|| format!("p{process}: the session of {name} has ended"));
                if let Some(user) = user.filter(|user| !self.truth.any_is_over(*user)) {
                    self.lost(user, "its session ended without an allowed reason");
                }
            }
        }
    }
}
