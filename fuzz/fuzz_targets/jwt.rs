//! The payload of an access token (a JSON Web Token).
//!
//! A valid `exp` must become the expiry time of the tokens. A token of another user or application must be
//! refused.

#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_core::{ErrorKind, Tokens, machine::RefreshStep};
use connect_fuzz::{CLIENT, USER, World};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    // The input as an opaque token.
    let text = String::from_utf8_lossy(bytes);
    import(Tokens::access_only(&*text));

    // The input as the payload of a JWT.
    let tokens = Tokens::access_only(format!("h.{}.s", URL_SAFE_NO_PAD.encode(bytes)));
    let payload: Option<Value> = serde_json::from_slice(bytes).ok().filter(Value::is_object);
    let exp = payload.as_ref().and_then(|payload| payload.get("exp")).and_then(Value::as_i64);
    if let Some(end) = tokens.expires_at {
        assert!(exp.is_none_or(|exp| end == Timestamp::from_second(exp).expect("a time")), "{end}");
    }
    let accepted = import(tokens.clone());
    if let Some(payload) = payload.filter(|_| accepted) {
        let is = |claim: &Value, wanted: &str| claim.as_str() == Some(wanted) || claim.is_number();
        let sub = payload.get("sub").is_some_and(|sub| is(sub, USER));
        let aud = payload.get("aud").is_some_and(|aud| match aud {
            Value::Array(all) => all.iter().any(|one| is(one, CLIENT)),
            one => is(one, CLIENT),
        });
        // No server issues a token with a duplicate claim, so the session may accept it as an opaque token.
        let twice = ["sub", "aud", "exp", "iat"].iter().any(|name| text.matches(name).count() > 1)
            || text.contains("\\u");
        assert!((sub && aud) || twice, "a token of another user or application is accepted: {payload}");
    }
});

/// Returns whether the session accepts the tokens.
fn import(tokens: Tokens) -> bool {
    let world = World::new();
    match world.session.import(tokens, world.now) {
        RefreshStep::Queue(_) => true,
        RefreshStep::Done(Err(error)) => {
            assert!(matches!(error.kind(), ErrorKind::SignIn(_)), "{error:?}");
            false
        }
        _ => panic!("an import does not begin with `RefreshStep::Queue`"),
    }
}
