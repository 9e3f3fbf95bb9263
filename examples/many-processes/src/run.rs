//! Signs users in, expires their tokens, kills processes, and counts the exchanges and sign-outs.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use connect_blocking::{Client, SignIn, TokenKey, TokenStore, Tokens};
use connect_sandbox::{Fault, Outcome, Sandbox, Server};
use jiff::Timestamp;

use crate::{Failure, Rotation, StoreOptions, fleet::Fleet, store::StoreKind, worker::user_id};

#[derive(clap::Args, Clone)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    place: StoreOptions,
    /// Start this many processes.
    #[arg(long, default_value_t = 8)]
    processes: usize,
    /// Sign in this many users; every process calls the API for each user.
    #[arg(long, default_value_t = 1)]
    users: usize,
    /// Expire all access tokens this many times.
    #[arg(long, default_value_t = 20)]
    expiries: u64,
    /// Kill a random process at a random time after each expiry, and start another one.
    #[arg(long)]
    kill: bool,
    /// How the sandbox treats a used refresh token.
    #[arg(long, value_enum, default_value = "grace")]
    rotation: Rotation,
}

/// The duration of an exchange, so long that some kills happen during an exchange.
const EXCHANGE: Duration = Duration::from_millis(40);
/// The exchange timeout without and with `--kill`.
///
/// With `--kill` the timeout is short: the lease of a lock is 15 s longer than the timeout, and the lock of a
/// killed process may last until the lease ends.
const EXCHANGE_TIMEOUT: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(2)];
/// The timeout of each step of the run.
const STEP_TIMEOUT: Duration = Duration::from_secs(120);

pub(crate) fn main(options: &RunOptions) -> Result<(), Failure> {
    let mut options = options.clone();
    let folder = tempfile::tempdir()?;
    if options.place.store == StoreKind::File && options.place.folder.is_none() {
        options.place.folder = Some(folder.path().join("tokens"));
    }
    let mut run = Run::start(&options)?;
    for _ in 0..options.expiries {
        run.expire(options.kill)?;
    }
    run.fleet.end()?;
    run.report(&options)
}

struct Run {
    server: Server,
    client: Client,
    store: Arc<dyn TokenStore>,
    fleet: Fleet,
    users: Vec<SignedInUser>,
    /// The number of pairs that replaced another pair in the store.
    saved: u64,
    sign_outs: u64,
    started: Instant,
}

/// A user and the token pair last read from the store.
struct SignedInUser {
    key: TokenKey,
    pair: Option<Tokens>,
    /// Whether the pair was replaced after the main process last expired all access tokens.
    renewed: bool,
}

impl Run {
    fn start(options: &RunOptions) -> Result<Self, Failure> {
        let server = Sandbox::start()?;
        let app = server.credentials();
        let rotation = if options.rotation == Rotation::Strict { "strict" } else { "grace" };
        server.with(|sandbox| sandbox.set("rotation", rotation))?;
        let slow = Fault::on("POST /oauth/token").grant_type("refresh_token").delay(EXCHANGE);
        server.with(|sandbox| sandbox.add_fault(slow.times(u64::from(u32::MAX))));
        let store = options.place.open()?;
        let client = Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(server.base_url())
            .store(store.clone())
            .build()?;
        let mut users = Vec::new();
        for number in 0..options.users {
            let user = sign_in(&server, &client, &user_id(number))?;
            let key = user.session().key().clone();
            users.push(SignedInUser { pair: store.load(&key)?, key, renewed: false });
        }
        let arguments = options.worker(&server);
        let fleet = Fleet::start(options.processes, arguments)?;
        let mut run =
            Self { server, client, store, fleet, users, saved: 0, sign_outs: 0, started: Instant::now() };
        run.fleet.check(STEP_TIMEOUT)?;
        Ok(run)
    }

    /// Expires all access tokens, and waits until all processes make calls with new tokens.
    fn expire(&mut self, kill: bool) -> Result<(), Failure> {
        self.users.iter_mut().for_each(|user| user.renewed = false);
        self.server.expire_all();
        if kill {
            thread::sleep(EXCHANGE.mul_f64(2.0 * fastrand::f64()));
            let number = self.fleet.kill()?;
            self.record_saved_pairs()?;
            self.fleet.restart(number)?;
        }
        let until = Instant::now() + STEP_TIMEOUT;
        let mut waiting: Vec<_> = (0..self.users.len()).collect();
        while !waiting.is_empty() {
            if Instant::now() > until {
                return Err(format!("{} users still have their expired token pair", waiting.len()).into());
            }
            thread::sleep(Duration::from_millis(5));
            let mut left = Vec::new();
            for number in waiting {
                if !self.renewed(number)? {
                    left.push(number);
                }
            }
            waiting = left;
        }
        self.fleet.check(STEP_TIMEOUT)
    }

    /// Counts the pairs that were saved since the last count. First blocks the sandbox for a moment, so that
    /// the processes save every pair that the sandbox has granted.
    fn record_saved_pairs(&mut self) -> Result<(), Failure> {
        let (store, users) = (&self.store, &mut self.users);
        let saved = self.server.with(|_| {
            thread::sleep(EXCHANGE + Duration::from_millis(200));
            users.iter_mut().map(|user| user.moved(&**store)).sum::<Result<u64, Failure>>()
        })?;
        self.saved += saved;
        Ok(())
    }

    /// Returns whether a user has a new pair. Signs the user in again if the store has no pair.
    fn renewed(&mut self, number: usize) -> Result<bool, Failure> {
        let user = &mut self.users[number];
        self.saved += user.moved(&*self.store)?;
        if user.pair.is_none() {
            self.sign_outs += 1;
            sign_in(&self.server, &self.client, &user.key.user)?;
            user.pair = self.store.load(&user.key)?;
            user.renewed = true;
        }
        Ok(user.renewed)
    }

    fn report(&self, options: &RunOptions) -> Result<(), Failure> {
        let stats = self.server.stats();
        let (refreshes, due) = (stats.exchanges.refresh, options.expiries * options.users as u64);
        let unsaved = refreshes.granted.saturating_sub(self.saved);
        println!("store      {}", options.place.name());
        println!("processes  {}, killed {} times", options.processes, self.fleet.kills);
        println!("users      {}", options.users);
        println!("calls      {} succeeded", stats.answered("GET /calendars", 200));
        println!("expiries   {}", stats.expiries);
        println!("exchanges  {} granted, {} refused", refreshes.granted, refreshes.refused);
        println!("unsaved    {unsaved} exchanges whose process was killed before the save");
        println!("failed     {} calls, and {} of signed-out users", self.fleet.failed, self.fleet.signed_out);
        println!("sign-outs  {}", self.sign_outs);
        println!("time       {:.1} s", self.started.elapsed().as_secs_f64());
        let strict = options.rotation == Rotation::Strict;
        let lost = if strict { unsaved } else { 0 };
        let faults: Vec<_> = [
            (self.fleet.failed == 0, "calls failed"),
            (options.kill || unsaved == 0, "exchanges were not saved although no process was killed"),
            (self.sign_outs == lost, "sign-ins were lost although their tokens were saved"),
            (
                lost > 0 || self.fleet.signed_out == 0,
                "calls failed as signed out although the user was signed in",
            ),
            (
                self.saved + self.sign_outs == due,
                "the number of new pairs differs from the number of expiries",
            ),
        ]
        .into_iter()
        .filter_map(|(right, otherwise)| (!right).then_some(otherwise))
        .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(format!("{}; {:?}", faults.join(", "), self.fleet.examples).into())
    }
}

impl SignedInUser {
    /// Reads the pair from the store. Returns 1 if the store has a pair that differs from the last one read,
    /// and 0 otherwise.
    fn moved(&mut self, store: &dyn TokenStore) -> Result<u64, Failure> {
        let pair = store.load(&self.key)?;
        let moved = pair.is_some() && pair != self.pair;
        self.pair = pair;
        self.renewed |= moved;
        Ok(u64::from(moved))
    }
}

impl RunOptions {
    fn worker(&self, server: &Server) -> Vec<String> {
        let app = server.credentials();
        let mut arguments = vec![
            ("--base-url", server.base_url()),
            ("--client-id", app.client_id),
            ("--client-secret", app.client_secret),
            ("--redirect-uri", app.redirect_uri),
            ("--users", self.users.to_string()),
            ("--exchange-timeout-ms", EXCHANGE_TIMEOUT[usize::from(self.kill)].as_millis().to_string()),
        ];
        arguments.extend(self.place.arguments());
        arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

/// Signs the user in as a browser would.
fn sign_in(server: &Server, client: &Client, user: &str) -> Result<connect_blocking::User, Failure> {
    let sign_in = client.auth().sign_in(SignIn::new(user))?;
    let request = http::Request::get(sign_in.url()).body(Bytes::new())?;
    let Outcome::Reply(reply) = server.with(|sandbox| sandbox.handle(request, Timestamp::now())).outcome
    else {
        return Err("the consent page sent no response".into());
    };
    let callback = reply.headers().get("location").ok_or("no redirect")?.to_str()?.to_owned();
    Ok(client.auth().finish(sign_in, callback.as_str())?)
}
