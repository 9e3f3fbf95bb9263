//! Flaws in how the samples check the origin, the session and the state.

use std::time::Duration;

use connect_calendars::token_endpoint::{TokenEndpoint, Work};
use connect_core::Tokens;

use crate::common::{
    upstream::{Upstream, field},
    world::World,
    *,
};

/// The samples send `Access-Control-Allow-Origin: *`, so any page gets tokens.
#[test]
fn page_of_another_origin_gets_nothing() {
    let world = World::new(&[]);
    let code = world.code(&[]);
    let endpoint = endpoint().allow_origin("https://other.example:8443").unwrap();
    for connect in world.both() {
        for origin in [
            STRANGER,
            "null",
            "https://app.example.evil.example",
            "https://app.exampl",
            "https://app.example:444",
            "http://app.example",
            "https://app.example, https://app.example",
            "",
            "*",
        ] {
            let request = with(ask("/auth", &[("code", &code)]), "origin", Some(origin));
            let reply = serve(&endpoint, &*connect, &request, Some(&ada()));
            assert_eq!(refused(&reply), error(403, "access_denied"), "{origin}");
            assert_eq!(readable_by(&reply), None, "{origin}");
        }
        let mut twice = ask("/auth", &[("code", &code)]);
        twice.headers_mut().append("origin", STRANGER.parse().unwrap());
        assert_eq!(refused(&serve(&endpoint, &*connect, &twice, Some(&ada()))), error(403, "access_denied"));
    }
    assert!(world.server.stats().requests.keys().all(|name| !name.contains("token")), "nothing was sent");

    for origin in [PAGE, "https://other.example:8443"] {
        let request = with(ask("/refresh", &[]), "origin", Some(origin));
        let reply = serve(&endpoint, &world.blocking(), &request, Some(&ada()));
        assert_eq!(readable_by(&reply), Some(origin));
        assert_eq!(reply.headers()["vary"], "Origin");
    }
    for wrong in ["*", "null", "https://app.example/", "https://*.example"] {
        assert!(TokenEndpoint::new(wrong).is_err() && endpoint.clone().allow_origin(wrong).is_err());
    }
}

/// The samples check no `state`, so they exchange a code that an attacker injects into the page.
#[test]
fn code_with_a_wrong_state_is_refused() {
    let endpoint = endpoint();
    let visitor = ada().nonce("nonce-of-ada");
    let state = |state: &str| ask("/auth", &[("code", "4/0"), ("state", state)]);
    for wrong in [
        state("nonce-of-bob"),
        state("nonce-of-ad"),
        state(""),
        ask("/auth", &[("code", "4/0")]),
        ask("/auth", &[("code", "4/0"), ("state", "nonce-of-ada"), ("state", "nonce-of-ada")]),
    ] {
        let reply = turned_away(&endpoint, &wrong, Some(&visitor));
        assert_eq!(refused(&reply), error(403, "access_denied"));
    }
    assert!(endpoint.accept(&state("nonce-of-ada"), Some(&visitor)).is_ok());
    assert!(
        endpoint.accept(&state("anything"), Some(&ada())).is_ok(),
        "a visitor without a nonce needs no state"
    );
    let empty = ada().nonce("");
    assert!(endpoint.accept(&state(""), Some(&empty)).is_err(), "an empty nonce matches no state");
    assert!(endpoint.accept(&ask("/refresh", &[]), Some(&visitor)).is_ok(), "a refresh needs no state");

    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let upstream = Upstream::good();
    for connect in upstream.both() {
        let request = ask("/auth", &[("code", "4/0"), ("code_verifier", verifier)]);
        granted(&serve(&endpoint, &*connect, &request, Some(&ada())));
    }
    assert!(upstream.forms().iter().all(|form| field(form, "code_verifier") == Some(verifier)));
}

/// The samples accept requests without an `Origin` from any page.
#[test]
fn missing_origin_is_refused_unless_allowed() {
    let without_origin = |site| with(with(ask("/refresh", &[]), "origin", None), "sec-fetch-site", site);
    let by_default = endpoint();
    for site in [None, Some("same-origin"), Some("cross-site")] {
        let reply = turned_away(&by_default, &without_origin(site), Some(&ada()));
        assert_eq!(refused(&reply), error(403, "access_denied"));
        assert_eq!(readable_by(&reply), None);
    }
    let lenient = endpoint().allow_missing_origin();
    for site in [None, Some("same-origin")] {
        let asked = lenient.accept(&without_origin(site), Some(&ada())).unwrap();
        let reply = asked.reply(Ok(Tokens::access_only("a")));
        granted(&reply);
        assert_eq!(readable_by(&reply), None);
    }
    for site in ["cross-site", "same-site", "none", ""] {
        let reply = turned_away(&lenient, &without_origin(Some(site)), Some(&ada()));
        assert_eq!(refused(&reply), error(403, "access_denied"), "{site}");
    }
    let stranger = with(ask("/refresh", &[]), "origin", Some(STRANGER));
    assert_eq!(refused(&turned_away(&lenient, &stranger, Some(&ada()))), error(403, "access_denied"));
    assert_eq!(refused(&turned_away(&lenient, &without_origin(None), None)), error(401, "login_required"));
}

/// The samples exchange any code and refresh token, also for users who are not signed in.
#[test]
fn request_without_a_visitor_is_401() {
    let world = World::new(&[]);
    let code = world.code(&[]);
    for connect in world.both() {
        for endpoint in [endpoint(), endpoint().pass_through()] {
            for request in [ask("/auth", &[("code", &code)]), ask("/refresh", &[("refresh_token", "1//r")])] {
                let reply = serve(&endpoint, &*connect, &request, None);
                assert_eq!(refused(&reply), error(401, "login_required"));
                assert_eq!(readable_by(&reply), Some(PAGE));
            }
        }
    }
    assert_eq!(world.exchanges(), 0);
}

#[test]
fn refreshes_of_a_user_are_a_minute_apart_by_default() {
    let asked = endpoint().accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
    assert!(matches!(asked.work(), Work::Tokens(age) if *age == Duration::from_secs(60)));
    let shorter = endpoint().max_age(Duration::from_secs(5));
    let asked = shorter.accept(&ask("/refresh", &[]), Some(&ada())).unwrap();
    assert!(matches!(asked.work(), Work::Tokens(age) if *age == Duration::from_secs(5)));
}

/// The samples send the refresh token to the page.
#[test]
fn refresh_token_stays_on_the_server_unless_passed_through() {
    let upstream = Upstream::good();
    for connect in upstream.both() {
        let sign_in = |endpoint| serve(&endpoint, &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
        let body = granted(&sign_in(endpoint()));
        let mut fields: Vec<_> = body.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["access_token", "expires_in", "scope", "token_type"]);
        assert!(
            granted(&serve(&endpoint(), &*connect, &ask("/refresh", &[]), Some(&ada())))
                .get("refresh_token")
                .is_none()
        );
        assert_eq!(granted(&sign_in(endpoint().pass_through()))["refresh_token"], "1//refresh");
    }
}
