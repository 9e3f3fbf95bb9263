//! Runs the sandbox, signs users in, and starts the client processes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::RecvTimeoutError,
    },
    thread,
    time::{Duration, Instant},
};

use connect_core::{SignIn, Tokens};
use connect_sandbox::Fault;
use connect_tests::world::{Failure, Place, World};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    children::Children,
    client::{SIGN_OUT_USERS, user_id},
    front::Front,
    place::{StoreKind, StoreLocation},
};

/// The duration of a token exchange.
const EXCHANGE: Duration = Duration::from_millis(100);
/// The lifetime of access tokens that expire before the calls.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// The lifetime of all other access tokens.
const LONG_LIFE: Duration = Duration::from_secs(3600);
/// The interval between two counts of open files.
const SAMPLE: Duration = Duration::from_millis(50);
/// How long a client process may run after the limit.
const GRACE: Duration = Duration::from_secs(60);
/// The number of users in the largest part.
pub(crate) const MOST_USERS: usize = 20_000;
/// How many threads sign users in.
const SIGN_IN_THREADS: usize = 8;

/// How a client finds out that an access token has expired.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Expiry {
    /// From the lifetime of the token: the client refreshes before the call.
    Known,
    /// From the 401 of a call.
    Silent,
    /// The token has not expired.
    Never,
}

/// The work of the client processes.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) work: &'static str,
    /// How many calls each process starts concurrently.
    pub(crate) size: usize,
    pub(crate) processes: usize,
    /// The timeout of a call in seconds.
    pub(crate) timeout: u64,
    pub(crate) limit: Duration,
}

/// The outcome of one or several runs.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The figures that the client processes print, by name.
    figures: BTreeMap<String, Vec<f64>>,
    /// The error kinds with their counts and first messages.
    pub(crate) errors: Vec<String>,
    pub(crate) granted: u64,
    pub(crate) refused: u64,
    /// The highest number of open files of a client process.
    pub(crate) files: usize,
    /// The highest number of concurrent exchanges at the sandbox.
    pub(crate) in_flight: usize,
    /// Whether a client process had to be killed.
    pub(crate) killed: bool,
}

impl Outcome {
    pub(crate) fn total(&self, name: &str) -> f64 {
        self.figures.get(name).into_iter().flatten().sum()
    }

    pub(crate) fn most(&self, name: &str) -> Option<f64> {
        self.figures.get(name).into_iter().flatten().copied().reduce(f64::max)
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (name, values) in other.figures {
            self.figures.entry(name).or_default().extend(values);
        }
        self.errors.extend(other.errors);
        self.granted += other.granted;
        self.refused += other.refused;
        self.files = self.files.max(other.files);
        self.in_flight = self.in_flight.max(other.in_flight);
        self.killed |= other.killed;
    }

    fn read(&mut self, line: &str) -> Result<(), Failure> {
        match line.split_once(' ') {
            Some(("error", text)) => self.errors.push(text.to_owned()),
            Some((name, value)) => self.figures.entry(name.to_owned()).or_default().push(value.parse()?),
            None => return Err(format!("a client printed {line:?} (expected NAME VALUE)").into()),
        }
        Ok(())
    }
}

/// A sandbox and a store for the tokens of its users.
pub(crate) struct Service {
    world: Arc<World>,
    front: Front,
    place: StoreLocation,
    client: connect_blocking::Client,
    expiry: Expiry,
    _folder: TempDir,
}

impl Service {
    pub(crate) fn start(kind: StoreKind, expiry: Expiry) -> Result<Self, Failure> {
        let world = Arc::new(World::new(Place::Memory)?);
        world.sandbox(|sandbox| sandbox.seed(&small_users().to_string()))?;
        let slow = Fault::on("POST /oauth/token").grant_type("refresh_token").delay(EXCHANGE);
        world.fault(slow.times(u64::from(u32::MAX)));
        let front = Front::start(world.clone())?;
        let folder = tempfile::tempdir()?;
        let place = StoreLocation::new(kind, folder.path())?;
        let app = world.sandbox(|sandbox| sandbox.credentials());
        let client = connect_blocking::Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(&*front.base_url)
            .store(place.open()?)
            .transport(world.in_memory())
            .build()?;
        Ok(Self { world, front, place, client, expiry, _folder: folder })
    }

    /// Signs users in and runs the client processes.
    ///
    /// The access tokens expire before the calls, except with the workload `sign-outs` or with
    /// [`Expiry::Never`].
    pub(crate) fn run(&self, workload: &Workload) -> Result<Outcome, Failure> {
        let signs_out = workload.work == "sign-outs";
        let known = !signs_out && self.expiry == Expiry::Known;
        self.set_lifetime(if known { SHORT_LIFE } else { LONG_LIFE })?;
        self.sign_in(if signs_out { SIGN_OUT_USERS } else { workload.size })?;
        self.set_lifetime(LONG_LIFE)?;
        if known {
            thread::sleep(SHORT_LIFE);
        }
        // Only clients of one process can share a memory store.
        let (processes, clients) = if self.place.kind == StoreKind::Memory {
            (1, workload.processes)
        } else {
            (workload.processes, 1)
        };
        let app = self.world.sandbox(|sandbox| sandbox.credentials());
        let arguments = [
            workload.work.to_owned(),
            workload.size.to_string(),
            clients.to_string(),
            workload.timeout.to_string(),
            workload.limit.as_secs().to_string(),
            self.place.kind.name().to_owned(),
            self.place.location.clone(),
            self.front.base_url.clone(),
            app.client_id,
            app.client_secret,
            app.redirect_uri,
        ];
        let mut children = Children::start(processes, &arguments)?;
        if !signs_out && self.expiry != Expiry::Never {
            self.world.expire();
        }
        self.watch(&mut children, workload.limit)
    }

    fn set_lifetime(&self, time: Duration) -> Result<(), Failure> {
        self.world.set("token_ttl", &time.as_secs().to_string())
    }

    /// Runs the application's own tasks without calls.
    pub(crate) fn tasks_alone(&self, limit: Duration) -> Result<Outcome, Failure> {
        self.watch(&mut Children::start(1, &["tasks".to_owned()])?, limit)
    }

    fn watch(&self, children: &mut Children, limit: Duration) -> Result<Outcome, Failure> {
        let (mut outcome, before) = (Outcome::default(), self.world.stats().exchanges.refresh);
        let until = Instant::now() + limit + GRACE;
        self.front.most_delayed();
        children.go()?;
        loop {
            match children.lines.recv_timeout(SAMPLE) {
                Ok(line) => outcome.read(&line)?,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if Instant::now() > until => {
                    outcome.killed = true;
                    break;
                }
                Err(RecvTimeoutError::Timeout) => outcome.files = outcome.files.max(children.open_files()),
            }
        }
        if !outcome.killed {
            children.end()?;
        }
        let after = self.world.stats().exchanges.refresh;
        outcome.granted = after.granted - before.granted;
        outcome.refused = after.refused - before.refused;
        outcome.in_flight = self.front.most_delayed();
        Ok(outcome)
    }

    fn sign_in(&self, users: usize) -> Result<(), Failure> {
        let next = AtomicUsize::new(0);
        let sign_in = || {
            let mut pairs = Vec::new();
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= users {
                    return Ok::<_, Failure>(pairs);
                }
                pairs.push(self.sign_in_user(number)?);
            }
        };
        let pairs = thread::scope(|scope| {
            let threads: Vec<_> = (0..SIGN_IN_THREADS).map(|_| scope.spawn(sign_in)).collect();
            let signed = threads.into_iter().map(|thread| thread.join().map_err(|_| "a sign-in panicked")?);
            signed.collect::<Result<Vec<_>, Failure>>()
        })?;
        match self.place.kind {
            StoreKind::Memory => self.place.write_pairs(&pairs.concat()),
            _ => Ok(()),
        }
    }

    fn sign_in_user(&self, number: usize) -> Result<(String, Tokens), Failure> {
        let id = user_id(number);
        let sign_in = self.client.auth().sign_in(SignIn::new(&*id))?;
        let callback = self.world.consent(sign_in.url())?;
        let user = self.client.auth().finish(sign_in, &callback)?;
        Ok((id, user.session().tokens()?))
    }
}

/// Returns a seed whose users have one empty calendar each, because demo events take much memory.
fn small_users() -> serde_json::Value {
    let user = json!({ "google": { "calendars": [{ "id": "work", "title": "Work" }] } });
    let users: serde_json::Map<_, _> =
        (0..MOST_USERS).map(|number| (user_id(number), user.clone())).collect();
    json!({ "users": users })
}
