//! The response of the token endpoint to the exchange of a code, and to a refresh.
//!
//! Only a pair from a successful response may be saved. Only the error code `invalid_grant` may delete the
//! old pair. No error may contain a secret.

#![no_main]

use connect_core::{Callback, Error, SignIn, types::ListCalendars};
use connect_fuzz::{Input, SECRET, USER, World, response, state, tokens};
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
    let outcome = world.run_refresh(step, |_| Ok(response(status, body)));
    assert_eq!(world.sent.len(), 1, "a code is exchanged once");
    assert_eq!(world.saves, usize::from(outcome.is_ok()));
    match (outcome, world.stored()) {
        (Ok(()), Some(stored)) => {
            assert!(status.is_success() && !stored.access_token.expose().is_empty());
            assert!(field(body, "token_type").is_none_or(|kind| is_bearer(&kind)));
            assert!(stored.expires_at.is_none_or(|end| end > world.now.wall), "{stored:?}");
            if let Some(received) = field(body, "access_token") {
                assert_eq!(stored.access_token.expose(), received);
            }
        }
        (Err(error), None) => {
            check_no_secret(&error, body);
            let received = field(body, "access_token").filter(|token| !token.is_empty());
            let bearer = field(body, "token_type").is_some_and(|kind| is_bearer(&kind));
            // A valid response is refused only if its access token is a JWT of another user or application.
            assert!(
                received.is_none_or(|token| !status.is_success() || !bearer || token.contains('.')),
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
            (true, _) => response(status, body),
            (false, true) => response(StatusCode::UNAUTHORIZED, b""),
            (false, false) => response(StatusCode::OK, b"[]"),
        })
    });
    let exchanges =
        world.sent.iter().filter(|request| request.uri().path().ends_with("/oauth/token")).count();
    assert!((1..=3).contains(&exchanges), "{exchanges} exchanges");
    assert!(exchanges == 1 || status == 429, "a refresh token that may have been used is sent again");
    match world.stored() {
        None => {
            assert!(status.is_client_error(), "{status} ended the session");
            assert!(field(body, "error").is_none_or(|error| error == "invalid_grant"));
            assert!(outcome.is_err());
        }
        Some(kept) if kept == tokens() || kept.access_token == tokens().access_token => {
            assert_eq!(kept.refresh_token.is_some(), tokens().refresh_token.is_some());
        }
        Some(new) => {
            assert!(status.is_success() && world.saves == 1);
            let received = field(body, "refresh_token").filter(|token| !token.is_empty());
            let before = tokens().refresh_token;
            let refresh = new.refresh_token.as_ref().expect("the new pair has a refresh token");
            assert!(
                received.is_none_or(|token| refresh.expose() == token || Some(refresh) == before.as_ref())
            );
        }
    }
    if let Err(error) = outcome {
        check_no_secret(&error, body);
    }
}

fn is_bearer(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("bearer")
}

fn bearer_of_old() -> String {
    format!("Bearer {}", tokens().access_token.expose())
}

/// Checks that the texts of an error contain neither `SECRET` nor the tokens of the response.
fn check_no_secret(error: &Error, body: &[u8]) {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(" {error} {error:?}");
        cause = error.source();
    }
    assert!(!text.contains(SECRET) || String::from_utf8_lossy(body).contains("unter"), "{text}");
    for name in ["access_token", "refresh_token"] {
        let Some(token) = field(body, name).filter(|token| token.len() > 12) else { continue };
        let others = ["message", "error_description", "error", "code", "details"];
        let elsewhere = others.iter().any(|other| field(body, other).is_some());
        assert!(elsewhere || !text.contains(&token), "{text}");
    }
}

/// Returns a string field of the response, without the decoder of the library.
fn field(body: &[u8], name: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.get(name)?.as_str().map(str::to_owned)
}
