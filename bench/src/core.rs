//! Work without a network: the cost of the core alone, in instructions, allocations and retained bytes.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use connect_core::machine::{Call, Now, Session, Step};
use connect_core::types::{self, Calendar, EventPage, ListCalendars, Safety};
use connect_core::webhooks::{testing, verify};
use connect_core::{App, Config, Endpoint, Response, SignIn, decode_response};
use jiff::Timestamp;
use serde_json::Value;

use crate::Failure;
use crate::availability;
use crate::data::{self, Shape};
use crate::work;
use crate::yardstick;

/// A piece of work, counted per unit.
pub(crate) struct Piece {
    name: &'static str,
    /// The number of repetitions in the short run. The long run has twice as many.
    times: usize,
    /// The number of units in one repetition.
    units: usize,
    prepare: fn() -> Result<Repetition, Failure>,
}

type Repetition = Box<dyn Fn() -> Result<(), Failure>>;

const EVENTS: usize = 1000;

pub(crate) const PIECES: &[Piece] = &[
    Piece { name: "decode an event of a page", times: 2, units: EVENTS, prepare: || page(None) },
    Piece {
        name: "decode an event of a page, every tenth with a field of another type",
        times: 2,
        units: EVENTS,
        prepare: || page(Some(10)),
    },
    Piece {
        name: "decode an event of a page, and its original",
        times: 2,
        units: EVENTS,
        prepare: originals,
    },
    Piece { name: "the same by hand: RawValue, then Value", times: 2, units: EVENTS, prepare: raw_originals },
    Piece { name: "decode a list of 60 calendars", times: 50, units: 1, prepare: calendars },
    Piece { name: "decode the response to a create", times: 100, units: 1, prepare: created },
    Piece { name: "a GET from start to done", times: 500, units: 1, prepare: get },
    Piece { name: "a create from start to done", times: 500, units: 1, prepare: create },
    Piece { name: "verify a webhook delivery", times: 50, units: 1, prepare: delivery },
    Piece { name: "start a sign-in, with its URL", times: 50, units: 1, prepare: authorize },
    Piece {
        name: "find the free times of 20 people in a week, with 40 events each",
        times: 2,
        units: 1,
        prepare: || availability::prepare(availability::USUAL),
    },
];

fn page(odd_every: Option<usize>) -> Result<Repetition, Failure> {
    let response = Response::new(data::page(Shape { events: EVENTS, odd_every }, 0, 2).into());
    Ok(Box::new(move || {
        black_box(decode_response::<EventPage>(&response, Safety::Safe)?);
        Ok(())
    }))
}

fn originals() -> Result<Repetition, Failure> {
    let response = Response::new(data::page(Shape { events: EVENTS, odd_every: None }, 0, 2).into());
    Ok(Box::new(move || {
        for event in decode_response::<EventPage>(&response, Safety::Safe)?.events {
            let original = event.original.as_ref().ok_or("an event has no original")?;
            black_box(original.decode::<Value>()?);
        }
        Ok(())
    }))
}

fn raw_originals() -> Result<Repetition, Failure> {
    let body = data::page(Shape { events: EVENTS, odd_every: None }, 0, 2);
    Ok(Box::new(move || {
        for event in serde_json::from_slice::<yardstick::Page>(body.as_bytes())?.events {
            let original = event.original.as_ref().ok_or("an event has no original")?;
            black_box(serde_json::from_str::<Value>(original.get())?);
        }
        Ok(())
    }))
}

fn calendars() -> Result<Repetition, Failure> {
    let response = Response::new(data::calendars().into());
    Ok(Box::new(move || {
        black_box(decode_response::<Vec<Calendar>>(&response, Safety::Safe)?);
        Ok(())
    }))
}

fn created() -> Result<Repetition, Failure> {
    let response = Response::new(data::created().into());
    Ok(Box::new(move || {
        black_box(decode_response::<types::Written>(&response, Safety::Once)?);
        Ok(())
    }))
}

fn get() -> Result<Repetition, Failure> {
    call(ListCalendars::new())
}

fn create() -> Result<Repetition, Failure> {
    call(work::new_event())
}

/// Runs the state machine of a call, without a driver and without decoding the response.
fn call<E: Endpoint + 'static>(endpoint: E) -> Result<Repetition, Failure> {
    let user = work::user_without_network()?;
    let session: Arc<Session> = user.session().clone();
    let now = now();
    Ok(Box::new(move || {
        let Step::Send(request, next) = Call::start(&session, &endpoint, now) else {
            return Err("the call did not start with a request".into());
        };
        drop(black_box(request));
        match next.resume(Ok(Response::default()), now) {
            Step::Done(outcome) => black_box(outcome).map(drop).map_err(Into::into),
            _ => Err("the call did not end with the response".into()),
        }
    }))
}

fn now() -> Now {
    Now { wall: Timestamp::now(), monotonic: Duration::from_secs(1) }
}

fn delivery() -> Result<Repetition, Failure> {
    let now = "2026-12-01T09:00:00Z".parse()?; // the cost of a signature depends on the signed bytes
    let body = format!(r#"{{"userId":"ada","events":[{}]}}"#, data::event(1, false));
    let (request, key) = (testing::sign("msg_1", body, now), testing::public_key());
    Ok(Box::new(move || {
        let keys = std::slice::from_ref(&key);
        black_box(
            verify(request.headers(), request.body(), keys, now).map_err(|reason| format!("{reason:?}"))?,
        );
        Ok(())
    }))
}

fn authorize() -> Result<Repetition, Failure> {
    let mut config = Config::new("id", "secret", [7; 32]);
    config.redirect_uri = Some("https://app.example/callback".to_owned());
    let app = App::new(config)?;
    let now = now();
    Ok(Box::new(move || {
        let sign_in = SignIn::new("ada").start(&app, now)?;
        black_box(sign_in.url().to_owned());
        Ok(())
    }))
}

fn piece(name: &str) -> Result<&'static Piece, Failure> {
    PIECES
        .iter()
        .find(|piece| piece.name == name)
        .ok_or_else(|| format!("unknown piece of work {name:?}").into())
}

/// Runs a piece of work this many times.
pub(crate) fn run(name: &str, times: usize) -> Result<(), Failure> {
    let repetition = (piece(name)?.prepare)()?;
    (0..times).try_for_each(|_| repetition())
}

/// Returns the name and the number of instructions of each piece of work.
pub(crate) fn count_instructions() -> Result<Vec<(&'static str, u64)>, Failure> {
    let count = |piece: &Piece, times: usize| -> Result<u64, Failure> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
        valgrind.args(["piece", piece.name, &times.to_string()]);
        crate::rows::collected(&valgrind.stdout(Stdio::null()).output()?)
    };
    let each = |piece: &Piece| {
        // The set-up is part of both counts, so their difference does not contain it.
        let long = count(piece, 2 * piece.times)?;
        Ok((piece.name, (long - count(piece, piece.times)?) / (piece.times * piece.units) as u64))
    };
    PIECES.iter().map(each).collect()
}

/// Prints the allocations and the retained bytes of a page of events, and of idle sessions.
#[cfg(feature = "allocations")]
pub(crate) fn allocations() -> Result<(), Failure> {
    use allocation_counter::{AllocationInfo, measure};

    fn retained<T>(
        units: usize,
        make: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<AllocationInfo, Failure> {
        let mut made = None;
        let info = measure(|| made = Some(make()));
        made.ok_or("nothing was made")??;
        let units = units as u64;
        Ok(AllocationInfo {
            count_total: info.count_total / units,
            bytes_current: info.bytes_current / units as i64,
            ..info
        })
    }

    let body = data::page(Shape { events: EVENTS, odd_every: None }, 0, 2);
    let response = Response::new(body.clone().into());
    println!("| what | allocations | retained bytes |");
    println!("|---|---|---|");
    let print = |name: &str, info: AllocationInfo| {
        println!("| {name} | {} | {} |", info.count_total, info.bytes_current);
    };
    print("decoded event", retained(EVENTS, || Ok(decode_response::<EventPage>(&response, Safety::Safe)?))?);
    print("event decoded by hand", retained(EVENTS, || Ok(serde_json::from_str::<yardstick::Page>(&body)?))?);
    let app = App::new(Config::new("id", "secret", [7; 32]))?;
    for count in [1, 1_000, 100_000] {
        let sessions = || (0..count).map(|number| idle_session(&app, number)).collect::<Result<Vec<_>, _>>();
        print(&format!("idle session, one of {count}"), retained(count, sessions)?);
    }
    Ok(())
}

/// Returns a session with tokens of 900 bytes each.
#[cfg(feature = "allocations")]
fn idle_session(app: &App, number: usize) -> Result<Arc<Session>, Failure> {
    use connect_core::{Tokens, Written, machine::RefreshStep};

    let session = Session::new(app.clone(), &format!("user-{number:06}"));
    let now = now();
    let token = |kind: &str| format!("{kind}-{number:0>892}");
    let mut step = session.import(Tokens::new(token("access-"), token("refresh")), now);
    loop {
        step = match step {
            RefreshStep::Queue(task) => task.start(now),
            RefreshStep::TryLock(_, next) => next.resume(Ok(true), now, now),
            RefreshStep::Load(next) => next.resume(Ok(None), now),
            RefreshStep::Prepare(next) => next.resume(Ok(()), now),
            RefreshStep::Save(_, next) => next.resume(Ok(Written::Durable), now),
            RefreshStep::Release(next) => next.resume(Ok(()), now),
            RefreshStep::Done(outcome) => return Ok(outcome.map(|()| session)?),
            _ => return Err("the import has an unexpected step".into()),
        }
    }
}
