//! Flaws of the ASP.NET sample server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use connect_calendars::token_endpoint::{Visitor, Work};
use connect_core::{Response, TransportError};

use crate::common::{
    upstream::{GOOD, Upstream, field, response},
    *,
};

/// The sample does not decode a form, so it sends values encoded twice and cut at `=`.
#[test]
fn form_is_decoded_exactly_once() {
    let upstream = Upstream::good();
    for connect in upstream.both() {
        for (body, code) in [
            ("code=4%2F0Ab%2Bc%3Dd%26e", "4/0Ab+c=d&e"),
            ("code=4/0Ab==", "4/0Ab=="),
            ("code=a+b", "a b"),
            ("code=4%252F0", "4%2F0"),
            ("alone&code=4&=&&x=", "4"),
            ("x=1&x=2&code=4", "4"),
        ] {
            granted(&serve(&endpoint(), &*connect, &post("/auth", body), Some(&ada())));
            let forms = upstream.forms();
            assert_eq!(field(&forms[0], "code"), Some(code), "{body}");
            assert_eq!(field(&forms[0], "client_secret"), Some("client&secret=+"));
        }
    }
}

/// The first request without a body stops the sample server.
#[test]
fn request_without_a_code_is_400_and_the_next_is_served() {
    let upstream = Upstream::good();
    for connect in upstream.both() {
        for body in ["", "&", "=", "code", "\u{0}", "a=b=c"] {
            let reply = serve(&endpoint(), &*connect, &post("/auth", body), Some(&ada()));
            assert_eq!(refused(&reply), error(400, "invalid_request"));
            granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada())));
        }
    }
}

/// While the sample waits for the authorization server, it serves no other request.
#[test]
fn slow_response_delays_no_other_user() {
    let released = Arc::new(AtomicBool::new(false));
    let seen = released.clone();
    let client = connect_hyper::Client::builder("id", "secret")
        .redirect_uri("postmessage")
        .profile(connect_calendars::google::profile())
        .transport(move |request: connect_core::Request| {
            let (slow, seen) = (request.body().windows(4).any(|part| part == b"slow"), seen.clone());
            async move {
                while slow && !seen.load(SeqCst) {
                    tokio::task::yield_now().await;
                }
                Ok::<Response, TransportError>(response(200, GOOD))
            }
        });
    let hyper = Hyper::new(client);
    let sign_in = |user: &'static str, code: &'static str| {
        let client = hyper.1.clone();
        hyper.0.spawn(async move {
            let asked =
                endpoint().accept(&ask("/auth", &[("code", code)]), Some(&Visitor::new(user))).unwrap();
            let Work::Exchange(code) = asked.work() else { panic!("{:?}", asked.work()) };
            let tokens = client.user(asked.user()).exchange(code).await;
            granted(&asked.reply(tokens));
        })
    };
    let slow = sign_in("ada", "slow");
    for user in ["bob", "cy", "di"] {
        hyper.0.block_on(sign_in(user, "4/0")).unwrap();
    }
    assert!(!slow.is_finished());
    released.store(true, SeqCst);
    hyper.0.block_on(slow).unwrap();
}

/// The sample responds with an empty 200 if the authorization server refuses the request.
#[test]
fn refusal_is_a_400_with_its_code() {
    let upstream = Upstream::says(400, r#"{"error":"invalid_grant","error_description":"Bad Request"}"#);
    for connect in upstream.both() {
        let endpoint = endpoint().pass_through();
        for request in [ask("/auth", &[("code", "4/0")]), ask("/refresh", &[("refresh_token", "1//r")])] {
            let reply = serve(&endpoint, &*connect, &request, Some(&ada()));
            assert_eq!(refused(&reply), error(400, "invalid_grant"));
        }
    }
}

/// The sample accepts URLs that contain a known path anywhere, and never responds to other URLs.
#[test]
fn paths_in_hosts_and_queries_are_404() {
    for uri in
        ["https://auth.example/auth.html", "/page?next=/auth", "https://x.example/?/refresh", "/?a#/auth"]
    {
        let reply = turned_away(&endpoint(), &ask(uri, &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(404, "invalid_request"), "{uri}");
    }
}
