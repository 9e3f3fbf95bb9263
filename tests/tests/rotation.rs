//! Receives 10,000 deliveries while the service rotates its keys five times, in simulated time.
//!
//! Many deliveries are verified concurrently, fetches of the keys are slow and some fail, and the service
//! repeats each delivery that gets no 2xx response. The sandbox counts the fetches.

use std::collections::VecDeque;

use bytes::Bytes;
use connect_core::{
    App, Config, Response,
    machine::Now,
    webhooks::{CheckStep, Checking, Fetch, Fetching, KeyRing, Reason, Rejection, Verified},
};
use connect_sandbox::{AttemptOutcome, AttemptToken, Fault, Outcome, Sandbox, Settings, Trigger};
use http::{HeaderMap, Request};
use jiff::Timestamp;

const DELIVERIES: u64 = 10_000;
const ROTATIONS: i64 = 5;
const KEYS: &str = "GET /.well-known/webhook-keys";

/// The service, the receiver of its deliveries, and the simulated time.
struct World {
    sandbox: Sandbox,
    ring: KeyRing,
    start: Timestamp,
    /// The simulated time since the start, in seconds.
    second: i64,
    /// The running fetch of the keys: the second at which it ends, the fetch, and its response.
    fetching: Option<(i64, Fetching, Response)>,
    /// Deliveries that wait until they may fetch the keys, or until their own fetch ends.
    waiting: VecDeque<(Option<Fetch>, Checking<'static>, Delivery)>,
    fetched_at: Vec<i64>,
    seen: Seen,
    /// Whether one forged delivery is added for every ten accepted deliveries. Forged deliveries must not
    /// cause more than one fetch of the keys a minute.
    forge: bool,
}

/// The delivery being verified.
#[derive(Clone, Copy)]
enum Delivery {
    Genuine(AttemptToken),
    Forged,
}

#[derive(Debug, Default)]
struct Seen {
    accepted: u64,
    put_off: u64,
    forged: u64,
    most_at_once: usize,
}

impl World {
    fn new(overlap: &str) -> Self {
        let mut settings = Settings::default();
        for (name, value) in [
            ("webhook_url", "http://127.0.0.1:9/hook"),
            ("key_overlap", overlap),
            ("initial_sync", "off"),
            // Retries last more than a minute, because the receiver may not know a new key for a minute.
            ("delivery_retries", "6"),
        ] {
            settings.set(name, value).unwrap();
        }
        let app = App::new(Config::new("id", "secret", [7; 32])).unwrap();
        let start = "2026-11-21T10:00:00Z".parse().unwrap();
        let mut sandbox = Sandbox::new(settings);
        for user in 0..4 {
            let url = format!(
                "/api/oauth/authorize?response_type=code&client_id=sandbox-client&user_id=u{user}&state=s\
                 &redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback"
            );
            let request = Request::get(url).body(Bytes::new()).unwrap();
            let Outcome::Reply(reply) = sandbox.handle(request, start).outcome else { panic!("cut") };
            assert_eq!(reply.status(), 302, "{reply:?}");
        }
        Self {
            sandbox,
            ring: KeyRing::new(&app).unwrap(),
            start,
            second: 0,
            fetching: None,
            waiting: VecDeque::new(),
            fetched_at: Vec::new(),
            seen: Seen::default(),
            forge: true,
        }
    }

    fn wall(&self) -> Timestamp {
        self.start + jiff::SignedDuration::from_secs(self.second)
    }

    fn now(&self) -> Now {
        let monotonic = std::time::Duration::from_secs(self.second.unsigned_abs() + 1_000);
        Now { wall: self.wall(), monotonic }
    }

    /// Changes an event at Google or Outlook. The service sends the delivery one second later.
    fn change(&mut self, n: u64) {
        let trigger = Trigger::updated()
            .user(format!("u{}", n % 4))
            .provider(if n % 8 < 4 { "google" } else { "microsoft" })
            .title(format!("change {n}"));
        self.sandbox.trigger(trigger, self.wall()).unwrap();
    }

    /// Simulates one second.
    fn tick(&mut self) {
        if self.fetching.as_ref().is_some_and(|(due, ..)| *due <= self.second) {
            let (_, fetching, response) = self.fetching.take().unwrap();
            fetching.resume(Ok(response), self.now());
        }
        for attempt in self.sandbox.deliveries(self.wall()) {
            let forged = self.forge && attempt.number == 1 && self.seen.forged * 10 < self.seen.accepted;
            // The steps borrow the delivery; leaking it is fine in a test.
            let request: &'static _ = Box::leak(Box::new(attempt.request));
            if forged {
                let mut body = request.body().to_vec();
                let middle = body.len() / 2;
                body[middle] ^= 1;
                self.begin(request.headers(), Box::leak(body.into()), Delivery::Forged);
            }
            self.begin(request.headers(), request.body(), Delivery::Genuine(attempt.token));
        }
        self.seen.most_at_once = self.seen.most_at_once.max(self.waiting.len());
        self.serve_gate();
        self.second += 1;
    }

    fn begin(&mut self, headers: &'static HeaderMap, body: &'static [u8], delivery: Delivery) {
        let step = self.ring.check(headers, body, self.now());
        self.go_on(step, delivery);
    }

    fn go_on(&mut self, step: CheckStep<'static>, delivery: Delivery) {
        match step {
            CheckStep::Fetch(fetch, checking) => self.waiting.push_back((Some(fetch), checking, delivery)),
            CheckStep::Done(outcome, behind) => {
                if let Some(fetch) = behind.filter(|_| self.fetching.is_none()) {
                    self.fetch(fetch);
                }
                self.settle(outcome, delivery);
            }
        }
    }

    /// Continues the waiting deliveries in order, until one of them starts a fetch of the keys. The remaining
    /// deliveries wait until that fetch ends.
    fn serve_gate(&mut self) {
        while self.fetching.is_none() {
            let Some((fetch, checking, delivery)) = self.waiting.pop_front() else { return };
            if fetch.is_some_and(|fetch| self.fetch(fetch)) {
                self.waiting.push_front((None, checking, delivery));
            } else {
                let step = checking.resume(self.now());
                self.go_on(step, delivery);
            }
        }
    }

    /// Starts a fetch of the keys, unless it is too early for one, and returns whether the fetch
    /// started. Every third fetch fails.
    fn fetch(&mut self, fetch: Fetch) -> bool {
        let Some((request, fetching)) = fetch.start(self.now()) else { return false };
        self.fetched_at.push(self.second);
        if self.fetched_at.len() % 3 == 1 {
            self.sandbox.add_fault(Fault::on(KEYS).status(503));
        }
        let Outcome::Reply(reply) = self.sandbox.handle(request, self.wall()).outcome else { panic!("cut") };
        self.fetching = Some((self.second + 3, fetching, reply));
        true
    }

    fn settle(&mut self, outcome: Result<Verified, Rejection>, delivery: Delivery) {
        let token = match delivery {
            Delivery::Genuine(token) => token,
            Delivery::Forged => {
                self.seen.forged += 1;
                assert!(outcome.is_err(), "a forged delivery was accepted");
                return;
            }
        };
        let status = match outcome {
            Ok(_) => {
                self.seen.accepted += 1;
                200
            }
            Err(rejection) => {
                assert!(matches!(rejection.reason(), Reason::NoMatchingSignature | Reason::NoPublicKeys));
                self.seen.put_off += 1;
                rejection.status().as_u16()
            }
        };
        assert!(status == 200 || status == 503, "a genuine delivery was refused with a final status");
        self.sandbox.delivered(token, AttemptOutcome::Status(status), self.wall());
    }
}

fn run(overlap: &str, forge: bool) -> World {
    let mut world = World::new(overlap);
    world.forge = forge;
    let mut made = 0;
    let length = i64::try_from(DELIVERIES).unwrap();
    let mut rotated = 0;
    while made < DELIVERIES || world.second < length + 600 {
        // Eight changes every eight seconds.
        if world.second % 8 == 0 && made < DELIVERIES {
            (made..made + 8).for_each(|n| world.change(n));
            made += 8;
        }
        if rotated < ROTATIONS && world.second == length / (ROTATIONS + 1) * (rotated + 1) {
            world.sandbox.rotate_keys(world.wall());
            rotated += 1;
        }
        world.tick();
    }
    assert_eq!(rotated, ROTATIONS);
    world
}

#[test]
fn every_genuine_delivery_survives_key_rotation() {
    // With one day in which deliveries have the signatures of both keys, and without such a day.
    for (overlap, forge) in [("86400", false), ("0", true)] {
        let world = run(overlap, forge);
        let stats = world.sandbox.stats();
        println!(
            "overlap {overlap} s: {:?}, fetches {:?}, {:?}",
            world.seen, world.fetched_at, stats.deliveries
        );
        assert!(stats.deliveries.made >= DELIVERIES, "{:?}", stats.deliveries);
        assert_eq!(stats.deliveries.delivered, stats.deliveries.made, "every genuine delivery was handled");
        assert_eq!(stats.deliveries.failed, 0);
        assert_eq!(world.seen.accepted, stats.deliveries.made);
        assert!(world.seen.most_at_once >= 8, "deliveries were verified concurrently");

        assert_eq!(stats.total(KEYS), world.fetched_at.len() as u64, "the service saw the same fetches");
        let apart = world.fetched_at.windows(2).all(|pair| pair[1] - pair[0] >= 60);
        assert!(apart, "more than one fetch a minute: {:?}", world.fetched_at);
        assert_eq!(stats.faults.asked, stats.faults.fired);
        if forge {
            assert!(world.seen.forged >= DELIVERIES / 20, "{:?}", world.seen);
        } else {
            // Deliveries get a 503 until a fetch of the keys succeeds. This happens at the start, and when
            // the service has replaced all keys since the last fetch and the next fetch fails.
            assert!(world.seen.put_off < 500, "{:?}", world.seen);
            assert!((4..=8).contains(&world.fetched_at.len()), "{:?}", world.fetched_at);
        }
    }
}
