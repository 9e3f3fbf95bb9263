//! The callback at the redirect URI, with `$` as a placeholder for the state of the sign-in.
//!
//! The code of a callback without the state must not be exchanged. A query must have the same outcome alone,
//! after a `?`, and in a whole URL. If the authorization server sends its issuer (RFC 9207), the code of a
//! callback without the issuer must not be exchanged.

#![no_main]

use connect_core::{
    Callback, SignIn,
    machine::RefreshStep,
    oauth::{IssuerParameter, Profile},
};
use connect_fuzz::{USER, World, state};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let outcome = finish(&text);
    if let Ok(request) = finish_at(&text, &World::at(named())) {
        assert!(request.contains("code_verifier="), "{request}");
        // The query includes neither a fragment nor white space around the text.
        let query = text.trim().split('#').next().unwrap_or_default();
        let named = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, value)| name == "iss" && value == ISSUER)
            .count();
        assert!(named == 1 || text.contains('?'), "a callback without the issuer is accepted");
    }
    if !text.contains('$') {
        assert!(outcome.is_err(), "a callback without the state is accepted");
    }
    if let Ok(request) = &outcome {
        assert!(request.starts_with("grant_type=authorization_code&"), "{request}");
        assert!(!request.contains(['\r', '\n', ' ']), "{request}");
    }
    // The text is only a query, so every form of the callback with this query has the same outcome.
    if !text.contains(['?', '#']) && text.trim() == text {
        let whole = ["?", "/callback?", "https://app.example/callback?", "app://a?"];
        for before in whole {
            assert_eq!(finish(&format!("{before}{text}")), outcome, "{before}");
            assert_eq!(finish(&format!(" {before}{text}#_=_\n")), outcome, "{before}");
        }
    }
});

const ISSUER: &str = "https://as.example";

/// Returns an authorization server that sends its issuer (RFC 9207).
fn named() -> Profile {
    let mut profile = Profile::new(ISSUER, "https://as.example/authorize", "https://as.example/token");
    profile.issuer_parameter = IssuerParameter::Required;
    profile
}

/// Returns the body of the exchange request that the callback leads to, or the text of the error.
fn finish(text: &str) -> Result<String, String> {
    finish_at(text, &World::new())
}

fn finish_at(text: &str, world: &World) -> Result<String, String> {
    let pending = SignIn::new(USER).start(&world.app, world.now).expect("a sign-in");
    let state = state(&pending);
    let callback = Callback::parse(&text.replace('$', &state)).map_err(|error| error.to_string())?;
    // Errors quote only `error`, its description and `iss`.
    let shown = text.contains('%') || text.contains("error") || text.contains("iss");
    assert!(shown || !format!("{callback:?}").contains(&state), "the state is shown");
    match pending.finish(&world.session, &callback, world.now) {
        RefreshStep::Send(request, _) => Ok(String::from_utf8_lossy(request.body()).into_owned()),
        RefreshStep::Done(Err(error)) => {
            let text = format!("{error} {error:?}");
            assert!(shown || !text.contains(&state), "{text}");
            Err(error.to_string())
        }
        _ => panic!("a sign-in begins with the exchange"),
    }
}
