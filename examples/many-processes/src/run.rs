//! The run: sign in, expire, kill, and count.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use connect_blocking::{Client, SignIn, TokenKey, TokenStore, Tokens};
use connect_sandbox::{Fault, Outcome, Sandbox, Server};
use jiff::Timestamp;

use crate::{Failure, Place, Rotation, fleet::Fleet, store::Kind, worker::user_id};

#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// How many processes.
    #[arg(long, default_value_t = 8)]
    processes: usize,
    /// How many users, each of whom every process calls for.
    #[arg(long, default_value_t = 1)]
    users: usize,
    /// How often every access token expires.
    #[arg(long, default_value_t = 20)]
    expiries: u64,
    /// Kills a random process after each expiry, at a random time, and starts another.
    #[arg(long)]
    kill: bool,
    /// What a refresh token does that was used already.
    #[arg(long, value_enum, default_value = "grace")]
    rotation: Rotation,
}

/// How long an exchange takes, so that kills hit some.
const EXCHANGE: Duration = Duration::from_millis(40);
/// How long an exchange may take: short where processes are killed, since the lock of one that was lasts for as long and
/// a little more.
const EXCHANGE_TIMEOUT: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(2)];
/// How long anything may take.
const LONG: Duration = Duration::from_secs(120);

pub(crate) fn main(options: &Options) -> Result<(), Failure> {
    let mut options = options.clone();
    let folder = tempfile::tempdir()?;
    if options.place.store == Kind::File && options.place.folder.is_none() {
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
    users: Vec<Signed>,
    /// The pairs that were saved in place of others.
    saved: u64,
    sign_outs: u64,
    started: Instant,
}

/// A user, and the pair that the store was last seen with.
struct Signed {
    key: TokenKey,
    pair: Option<Tokens>,
    /// Whether that is another than when it expired.
    renewed: bool,
}

impl Run {
    fn start(options: &Options) -> Result<Self, Failure> {
        let server = Sandbox::start()?;
        let app = server.credentials();
        let rotation = if options.rotation == Rotation::Strict { "strict" } else { "grace" };
        server.with(|sandbox| sandbox.set("rotation", rotation))?;
        let slow = Fault::on("POST /oauth/token").grant_type("refresh_token").delay(EXCHANGE);
        server.with(|sandbox| sandbox.add_fault(slow.times(u64::from(u32::MAX))));
        let store = options.place.open()?;
        let client = Client::builder(&*app.client_id, &*app.client_secret, &*app.redirect_uri)
            .base_url(server.base_url())
            .store(store.clone())
            .build()?;
        let mut users = Vec::new();
        for number in 0..options.users {
            let user = sign_in(&server, &client, &user_id(number))?;
            let key = user.session().key().clone();
            users.push(Signed { pair: store.load(&key)?, key, renewed: false });
        }
        let arguments = options.worker(&server);
        let fleet = Fleet::start(options.processes, arguments)?;
        let mut run =
            Self { server, client, store, fleet, users, saved: 0, sign_outs: 0, started: Instant::now() };
        run.fleet.check(LONG)?;
        Ok(run)
    }

    /// Makes every access token expire, and waits until all processes call with new ones.
    fn expire(&mut self, kill: bool) -> Result<(), Failure> {
        self.users.iter_mut().for_each(|user| user.renewed = false);
        self.server.expire_all();
        if kill {
            thread::sleep(EXCHANGE.mul_f64(2.0 * fastrand::f64()));
            let number = self.fleet.kill()?;
            self.look_at_rest()?;
            self.fleet.restart(number)?;
        }
        let until = Instant::now() + LONG;
        let mut waiting: Vec<_> = (0..self.users.len()).collect();
        while !waiting.is_empty() {
            if Instant::now() > until {
                return Err(format!("{} users still have the pair that expired", waiting.len()).into());
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
        self.fleet.check(LONG)
    }

    /// Looks while the service answers nobody: what was granted by now is saved, or will never be.
    fn look_at_rest(&mut self) -> Result<(), Failure> {
        let (store, users) = (&self.store, &mut self.users);
        let saved = self.server.with(|_| {
            thread::sleep(EXCHANGE + Duration::from_millis(200));
            users.iter_mut().map(|user| user.moved(&**store)).sum::<Result<u64, Failure>>()
        })?;
        self.saved += saved;
        Ok(())
    }

    /// Whether a user has a new pair; who was signed out signs in again.
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

    fn report(&self, options: &Options) -> Result<(), Failure> {
        let stats = self.server.stats();
        let (refreshes, due) = (stats.exchanges.refresh, options.expiries * options.users as u64);
        let unsaved = refreshes.granted.saturating_sub(self.saved);
        println!("store      {}", options.place.name());
        println!("processes  {}, killed {} times", options.processes, self.fleet.kills);
        println!("users      {}", options.users);
        println!("calls      {} answered", stats.answered("GET /calendars", 200));
        println!("expiries   {}", stats.expiries);
        println!("exchanges  {} granted, {} refused", refreshes.granted, refreshes.refused);
        println!("unsaved    {unsaved} exchanges of processes that were killed before they saved");
        println!(
            "failed     {} calls, and {} of users who had been signed out",
            self.fleet.failed, self.fleet.signed_out
        );
        println!("sign-outs  {}", self.sign_outs);
        println!("time       {:.1} s", self.started.elapsed().as_secs_f64());
        let strict = options.rotation == Rotation::Strict;
        let lost = if strict { unsaved } else { 0 };
        let faults: Vec<_> = [
            (self.fleet.failed == 0, "calls failed"),
            (options.kill || unsaved == 0, "exchanges were not saved although nobody was killed"),
            (self.sign_outs == lost, "sign-ins were lost that could have been kept"),
            (lost > 0 || self.fleet.signed_out == 0, "calls found users signed out who were not"),
            (self.saved + self.sign_outs == due, "an expiry was not followed by one new pair"),
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

impl Signed {
    /// Whether the store has another pair than it had: 1 if so.
    fn moved(&mut self, store: &dyn TokenStore) -> Result<u64, Failure> {
        let pair = store.load(&self.key)?;
        let moved = pair.is_some() && pair != self.pair;
        self.pair = pair;
        self.renewed |= moved;
        Ok(u64::from(moved))
    }
}

impl Options {
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

/// What the user does in a browser.
fn sign_in(server: &Server, client: &Client, user: &str) -> Result<connect_blocking::User, Failure> {
    let sign_in = client.auth().sign_in(SignIn::new(user))?;
    let request = http::Request::get(sign_in.url()).body(Bytes::new())?;
    let Outcome::Reply(reply) = server.with(|sandbox| sandbox.handle(request, Timestamp::now())).outcome
    else {
        return Err("the consent page did not answer".into());
    };
    let callback = reply.headers().get("location").ok_or("no redirect")?.to_str()?.to_owned();
    Ok(client.auth().finish(sign_in, callback.as_str())?)
}
