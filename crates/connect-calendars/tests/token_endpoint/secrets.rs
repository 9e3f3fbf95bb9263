//! Tests that no secret is logged or printed, not even by other libraries at the most verbose level.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use connect_calendars::token_endpoint::{TokenEndpoint, Work};
use connect_sandbox::Fault;

use crate::common::{world::World, *};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct LogEverything;

impl log::Log for LogEverything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        log_line(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn log_line(line: String) {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

#[test]
fn no_code_token_or_secret_is_logged_or_printed() {
    log::set_logger(&LogEverything).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let world = World::new(&[]);
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let mut secrets = vec![world.client_secret.clone(), verifier.to_owned(), "nonce-of-ada".to_owned()];
    for connect in world.both() {
        for endpoint in [endpoint().max_age(Duration::ZERO), endpoint().pass_through()] {
            let code = world.code(&[
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                ("code_challenge_method", "S256"),
            ]);
            let fields = [("code", code.as_str()), ("code_verifier", verifier), ("state", "nonce-of-ada")];
            let first = request(&endpoint, &*connect, "/auth", &fields);
            let again = request(&endpoint, &*connect, "/auth", &fields);
            assert_eq!(again["error"], "invalid_grant");
            // The code was used twice, so the server revoked the code's tokens.
            let refresh_token = first["refresh_token"].as_str().unwrap_or("1//none");
            request(&endpoint, &*connect, "/refresh", &[("refresh_token", refresh_token)]);
            let code_of_a_fault = world.code(&[]);
            world.server.with(|sandbox| {
                sandbox.add_fault(Fault::on("POST /google/token").cut_after());
            });
            request(&endpoint, &*connect, "/auth", &[("code", &code_of_a_fault), ("state", "nonce-of-ada")]);
            secrets.extend([code, code_of_a_fault, first["access_token"].as_str().unwrap().to_owned()]);
            secrets.extend(first["refresh_token"].as_str().map(str::to_owned));
        }
    }
    let lines = LINES.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.starts_with("ureq")),
        "the logger receives the lines of the libraries"
    );
    for secret in &secrets {
        assert!(secret.len() > 8);
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let seen = lines.iter().find(|line| line.contains(secret) || line.contains(&encoded));
        assert_eq!(seen, None, "{secret}");
    }
}

fn request(
    endpoint: &TokenEndpoint,
    connect: &dyn Connect,
    path: &str,
    fields: &[(&str, &str)],
) -> serde_json::Value {
    let visitor = ada().nonce("nonce-of-ada");
    log_line(format!("{endpoint:?} {visitor:?}"));
    let asked = endpoint.accept(&ask(path, fields), Some(&visitor)).unwrap();
    log_line(format!("{asked:?}"));
    let outcome = connect.work(asked.user(), asked.work());
    if let (Work::Exchange(_) | Work::Grant(_), Err(error)) = (asked.work(), &outcome) {
        log_line(format!("{error:?} {error}"));
    }
    log_line(format!("{outcome:?}"));
    json(&asked.reply(outcome)).1
}
