//! What is wrong with the sample server in ASP.NET.

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

/// It splits a form and does not decode it, so what is sent on is encoded twice; `=` in a value cuts it off.
#[test]
fn a_form_is_decoded_once_whatever_is_in_it() {
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

/// It ends with the first request that has no body.
#[test]
fn a_request_without_a_body_is_refused_and_the_next_one_served() {
    let upstream = Upstream::good();
    for connect in upstream.both() {
        for body in ["", "&", "=", "code", "\u{0}", "a=b=c"] {
            let reply = serve(&endpoint(), &*connect, &post("/auth", body), Some(&ada()));
            assert_eq!(refused(&reply), error(400, "invalid_request"));
            granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada())));
        }
    }
}

/// It serves one request at a time, and waits for each answer.
#[test]
fn a_slow_answer_holds_up_nobody_else() {
    let released = Arc::new(AtomicBool::new(false));
    let seen = released.clone();
    let client = connect_hyper::Client::builder("id", "secret", "postmessage")
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

/// It answers 200 with nothing when the authorization server refuses.
#[test]
fn a_refusal_is_passed_on_as_one() {
    let upstream = Upstream::says(400, r#"{"error":"invalid_grant","error_description":"Bad Request"}"#);
    for connect in upstream.both() {
        let endpoint = endpoint().pass_through();
        for request in [ask("/auth", &[("code", "4/0")]), ask("/refresh", &[("refresh_token", "1//r")])] {
            let reply = serve(&endpoint, &*connect, &request, Some(&ada()));
            assert_eq!(refused(&reply), error(400, "invalid_grant"));
        }
    }
}

/// It looks for its paths anywhere in a URL, and closes nothing that it does not know.
#[test]
fn hosts_and_queries_are_no_route() {
    for uri in
        ["https://auth.example/auth.html", "/page?next=/auth", "https://x.example/?/refresh", "/?a#/auth"]
    {
        let reply = turned_away(&endpoint(), &ask(uri, &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(404, "invalid_request"), "{uri}");
    }
}
