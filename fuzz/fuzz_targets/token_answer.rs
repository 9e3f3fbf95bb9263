//! The answer of the token endpoint: to the code of a sign-in, and to a refresh token.
//!
//! Whatever it says: a pair is saved only from a success that holds an access token, the old one goes only with
//! `invalid_grant`, and nothing that is secret is in the error.

#![no_main]

use connect_core::{Callback, Error, SignIn, types::ListCalendars};
use connect_fuzz::{Input, SECRET, USER, World, answer, state, tokens};
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let status = input.status();
    let body = input.rest();
    signed_in(status, body);
    refreshed(status, body);
});

fn signed_in(status: StatusCode, body: &[u8]) {
    let mut world = World::new();
    let pending = SignIn::new(USER).start(&world.app, world.now).expect("a sign-in");
    let state = state(&pending);
    let callback = Callback::parse(&format!("code=ada&state={state}")).expect("a callback");
    let step = pending.finish(&world.session, &callback, world.now);
    let outcome = world.keep(step, |_| Ok(answer(status, body)));
    assert_eq!(world.sent.len(), 1, "a code is exchanged once");
    assert_eq!(world.saves, usize::from(outcome.is_ok()));
    match (outcome, world.stored()) {
        (Ok(()), Some(stored)) => {
            assert!(status.is_success() && !stored.access_token.expose().is_empty());
            assert!(field(body, "token_type").is_none_or(|kind| is_bearer(&kind)));
            assert!(stored.expires_at.is_none_or(|end| end > world.now.wall), "{stored:?}");
            if let Some(told) = field(body, "access_token") {
                assert_eq!(stored.access_token.expose(), told);
            }
        }
        (Err(error), None) => {
            silent(&error, body);
            let told = field(body, "access_token").filter(|token| !token.is_empty());
            let bearer = field(body, "token_type").is_some_and(|kind| is_bearer(&kind));
            // Only a token that says that it is somebody else's is refused.
            assert!(
                told.is_none_or(|token| !status.is_success() || !bearer || token.contains('.')),
                "{error:?}"
            );
        }
        (outcome, stored) => panic!("{outcome:?} with {stored:?}"),
    }
}

fn refreshed(status: StatusCode, body: &[u8]) {
    let mut world = World::signed_in();
    let outcome = world.call(&ListCalendars::new(), |request| {
        let old = request.headers().get("authorization").is_some_and(|bearer| *bearer == *bearer_of_old());
        let exchange = request.uri().path().ends_with("/oauth/token");
        Ok(match (exchange, old) {
            (true, _) => answer(status, body),
            (false, true) => answer(StatusCode::UNAUTHORIZED, b""),
            (false, false) => answer(StatusCode::OK, b"[]"),
        })
    });
    let exchanges =
        world.sent.iter().filter(|request| request.uri().path().ends_with("/oauth/token")).count();
    assert!((1..=3).contains(&exchanges), "{exchanges} exchanges");
    assert!(exchanges == 1 || status == 429, "a refresh token that may have been used is not sent again");
    match world.stored() {
        None => {
            assert!(status.is_client_error(), "{status} ends no session");
            assert!(field(body, "error").is_none_or(|error| error == "invalid_grant"));
            assert!(outcome.is_err());
        }
        Some(kept) if kept == tokens() || kept.access_token == tokens().access_token => {
            assert_eq!(kept.refresh_token.is_some(), tokens().refresh_token.is_some());
        }
        Some(new) => {
            assert!(status.is_success() && world.saves == 1);
            let told = field(body, "refresh_token").filter(|token| !token.is_empty());
            let before = tokens().refresh_token;
            let refresh = new.refresh_token.as_ref().expect("a refresh token is never lost");
            assert!(told.is_none_or(|told| refresh.expose() == told || Some(refresh) == before.as_ref()));
        }
    }
    if let Err(error) = outcome {
        silent(&error, body);
    }
}

fn is_bearer(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("bearer")
}

fn bearer_of_old() -> String {
    format!("Bearer {}", tokens().access_token.expose())
}

/// Neither what we know nor what the service sent as tokens is in a text that people read.
fn silent(error: &Error, body: &[u8]) {
    let mut said = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said += &format!(" {error} {error:?}");
        cause = error.source();
    }
    assert!(!said.contains(SECRET) || String::from_utf8_lossy(body).contains("unter"), "{said}");
    for name in ["access_token", "refresh_token"] {
        let Some(token) = field(body, name).filter(|token| token.len() > 12) else { continue };
        let others = ["message", "error_description", "error", "code", "details"];
        let elsewhere = others.iter().any(|other| field(body, other).is_some());
        assert!(elsewhere || !said.contains(&token), "{said}");
    }
}

/// A text of the answer as another reader sees it.
fn field(body: &[u8], name: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.get(name)?.as_str().map(str::to_owned)
}
