//! Ends a process during a refresh.
//!
//! If the process calls `close` or waits until the call ends, no token must be lost. For every other way to
//! end the process, the test counts the lost tokens.
//!
//! `cargo test -p connect-tests --test shutdown -- --nocapture` prints the counts.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use connect_blocking::{Client, ErrorKind};
use connect_core::{SignIn, TokenStore};
use connect_sandbox::Fault;
use connect_stores::FileStore;
use connect_tests::world::{Place, World};

const EXCHANGE: &str = "POST /oauth/token";
/// The duration of an exchange.
const EXCHANGE_TIME: Duration = Duration::from_millis(300);
/// The times at which a process ends, in milliseconds after the start of the call.
///
/// They are before, during and after the exchange.
const END_TIMES_MS: [u64; 6] = [0, 60, 150, 250, 330, 600];

/// The outcome of one or several processes.
#[derive(Default, Debug)]
struct Count {
    granted: u64,
    /// Granted exchanges whose pair is not in the store.
    unsaved: u64,
    signed_out: u64,
}

fn end_process(how: &str, client: &str, rotation: &str, end_time: u64) -> Count {
    let world = World::new(Place::Socket).unwrap();
    world.set("rotation", rotation).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder = || {
        Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(world.base_url())
            .store(store.clone())
            .build()
            .unwrap()
    };
    let first = builder();
    let sign_in = first.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    let key = first.auth().finish(sign_in, &callback).unwrap().session().key().clone();
    let before = store.load(&key).unwrap();
    world.expire();
    world.fault(Fault::on(EXCHANGE).delay(EXCHANGE_TIME));

    let mut process = Command::new(env!("CARGO_BIN_EXE_ending-process"))
        .args([how, client, &world.base_url(), &app.client_id, &app.client_secret, &app.redirect_uri])
        .arg(folder.path())
        .arg("ann")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "calling");
    writeln!(process.stdin.as_ref().unwrap(), "{end_time}").unwrap();
    if how.starts_with("terminated") {
        assert_eq!(lines.next().unwrap().unwrap(), "terminate");
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
    let status = process.wait().unwrap();
    assert_eq!(status.success(), how != "terminated", "{how}: {status}");

    thread::sleep(EXCHANGE_TIME + Duration::from_millis(500)); // a sent request still arrives
    let granted = world.refreshes();
    let saved = u64::from(store.load(&key).unwrap() != before);
    // The next process.
    let outcome = builder().user("ann").calendars().list();
    let signed_out = match outcome {
        Ok(_) => 0,
        Err(error) if matches!(error.kind(), ErrorKind::Authentication) => 1,
        Err(error) => panic!("{how}, {client}, {rotation}, {end_time} ms: {error}"),
    };
    assert!(granted <= 1 && saved <= granted);
    Count { granted, unsaved: granted - saved, signed_out }
}

/// Ends one process at each of the times `END_TIMES_MS`, and returns the sum of the outcomes.
fn count(how: &'static str, client: &'static str, rotation: &'static str) -> Count {
    let runs: Vec<_> = END_TIMES_MS
        .into_iter()
        .map(|end_time| thread::spawn(move || end_process(how, client, rotation, end_time)))
        .collect();
    let mut total = Count::default();
    for run in runs {
        let one = run.join().unwrap();
        total.granted += one.granted;
        total.unsaved += one.unsaved;
        total.signed_out += one.signed_out;
    }
    println!(
        "{client:<9} {how:<18} {rotation:<7} {} ends: {} exchanges granted, {} unsaved, {} signed out",
        END_TIMES_MS.len(),
        total.granted,
        total.unsaved,
        total.signed_out
    );
    total
}

#[test]
fn close_before_the_end_loses_no_token() {
    for (client, how) in [
        ("hyper", "close"),
        ("hyper", "terminated, close"),
        ("hyper", "wait"),
        ("blocking", "close"),
        ("blocking", "wait"),
    ] {
        let lost = count(how, client, "strict");
        assert!(lost.granted > 0, "{how}, {client}");
        assert_eq!((lost.unsaved, lost.signed_out), (0, 0), "{how}, {client}");
    }
}

/// With grace rotation, no user must be signed out. With strict rotation, each exchange whose pair is not
/// saved must sign out one user.
#[test]
fn end_without_close_loses_only_unsaved_pairs() {
    let mut unsaved = 0;
    for (client, how) in [
        ("hyper", "terminated"),
        ("hyper", "exit"),
        ("hyper", "runtime dropped"),
        ("blocking", "exit"),
        ("blocking", "return"),
    ] {
        let kept = count(how, client, "grace");
        assert_eq!(kept.signed_out, 0, "{how}, {client}");
        let lost = count(how, client, "strict");
        assert_eq!(lost.signed_out, lost.unsaved, "{how}, {client}");
        unsaved += lost.unsaved + kept.unsaved;
    }
    assert!(unsaved > 0, "no process ended between an exchange and its save");
}
