//! What comes back to the redirect URI, `$` standing for the state of the sign-in: without the state nothing is
//! exchanged, and it is all the same whether the query comes alone, behind a `?`, or in a whole URL. At a server that says
//! who it is, nothing is exchanged without its name.

#![no_main]

use connect_core::{Callback, SignIn, machine::RefreshStep, oauth::{IssuerParameter, Profile}};
use connect_fuzz::{USER, World, state};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let outcome = finish(&text);
    if let Ok(request) = finish_at(&text, &World::at(named())) {
        assert!(request.contains("code_verifier="), "{request}");
        // White space around it and a fragment are no part of the query.
        let query = text.trim().split('#').next().unwrap_or_default();
        let named = form_urlencoded::parse(query.as_bytes()).filter(|(name, value)| name == "iss" && value == ISSUER).count();
        assert!(named == 1 || text.contains('?'), "the issuer is not named, but believed");
    }
    if !text.contains('$') {
        assert!(outcome.is_err(), "a callback without the state is believed");
    }
    if let Ok(request) = &outcome {
        assert!(request.starts_with("grant_type=authorization_code&"), "{request}");
        assert!(!request.contains(['\r', '\n', ' ']), "{request}");
    }
    // A query of its own, which only a whole URL could have something before or behind.
    if !text.contains(['?', '#']) && text.trim() == text {
        let whole = ["?", "/callback?", "https://app.example/callback?", "app://a?"];
        for before in whole {
            assert_eq!(finish(&format!("{before}{text}")), outcome, "{before}");
            assert_eq!(finish(&format!(" {before}{text}#_=_\n")), outcome, "{before}");
        }
    }
});

const ISSUER: &str = "https://as.example";

/// A server that sends its issuer (RFC 9207).
fn named() -> Profile {
    let mut profile = Profile::new(ISSUER, "https://as.example/authorize", "https://as.example/token");
    profile.issuer_parameter = IssuerParameter::Required;
    profile
}

/// The body of the request that the callback leads to, or the text of the error.
fn finish(text: &str) -> Result<String, String> {
    finish_at(text, &World::new())
}

fn finish_at(text: &str, world: &World) -> Result<String, String> {
    let pending = SignIn::new(USER).start(&world.app, world.now).expect("a sign-in");
    let state = state(&pending);
    let callback = Callback::parse(&text.replace('$', &state)).map_err(|error| error.to_string())?;
    // Only of `error`, its description and `iss` it is said what they are.
    let shown = text.contains('%') || text.contains("error") || text.contains("iss");
    assert!(shown || !format!("{callback:?}").contains(&state), "the state is shown");
    match pending.finish(&world.session, &callback, world.now) {
        RefreshStep::Send(request, _) => Ok(String::from_utf8_lossy(request.body()).into_owned()),
        RefreshStep::Done(Err(error)) => {
            let said = format!("{error} {error:?}");
            assert!(shown || !said.contains(&state), "{said}");
            Err(error.to_string())
        }
        _ => panic!("a sign-in begins with the exchange"),
    }
}
