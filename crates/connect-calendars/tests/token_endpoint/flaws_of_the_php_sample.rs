//! Flaws of the PHP sample server.

use std::time::{Duration, Instant};

use connect_core::oauth::POSTMESSAGE;
use connect_sandbox::Server;

use crate::common::{
    upstream::{Upstream, field},
    wire::{Behaviour, Wire, at},
    *,
};

/// The sample trusts any certificate, so it sends the secret to any server.
#[test]
fn server_with_an_untrusted_certificate_gets_nothing() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let server = Server::builder().tls(certificate, key).start().unwrap();
    let profile = at(&format!("{}/google/token", server.origin()));
    let blocking =
        connect_blocking::Client::builder("google-client", "google-secret").redirect_uri(POSTMESSAGE);
    let hyper = connect_hyper::Client::builder("google-client", "google-secret").redirect_uri(POSTMESSAGE);
    let both: Both = [
        Box::new(blocking.profile(profile.clone()).build().unwrap()),
        Box::new(Hyper::new(hyper.profile(profile))),
    ];
    for connect in both {
        let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(502, "server_error"));
    }
    assert!(server.stats().requests.is_empty(), "no request was sent");
}

/// The sample cannot read its own credentials, and sends empty ones.
#[test]
fn empty_client_credentials_are_refused() {
    for (id, secret) in [("", "secret"), ("id", "")] {
        let profile = connect_calendars::google::profile();
        let blocking =
            connect_blocking::Client::builder(id, secret).redirect_uri(POSTMESSAGE).profile(profile.clone());
        let hyper = connect_hyper::Client::builder(id, secret).redirect_uri(POSTMESSAGE).profile(profile);
        assert!(blocking.build().is_err() && hyper.build().is_err());
    }
    let upstream = Upstream::good();
    for connect in upstream.both() {
        granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada())));
    }
    for form in upstream.forms() {
        assert_eq!(field(&form, "client_id"), Some("client-id"));
        assert_eq!(field(&form, "client_secret"), Some("client&secret=+"));
    }
}

/// The sample serves both routes at one path. Its response to any other action is 200 without a body.
#[test]
fn action_names_the_route_of_a_single_path() {
    let endpoint = endpoint().action_path("/server.php").unwrap();
    let upstream = Upstream::good();
    for connect in upstream.both() {
        let fields = [("code", "4/0")];
        let ask_for = |target| serve(&endpoint, &*connect, &ask(target, &fields), Some(&ada()));
        granted(&ask_for("/server.php?action=auth"));
        granted(&ask_for("/server.php?tenant=7&action=refresh"));
        let forms = upstream.forms();
        assert_eq!(
            forms.iter().filter_map(|form| field(form, "grant_type")).next(),
            Some("authorization_code")
        );
        for target in [
            "/server.php",
            "/server.php?action=",
            "/server.php?action=Auth",
            "/server.php?action=auth&action=refresh",
            "/server.php?action[]=auth",
            "/server.php/?action=auth",
            "/auth",
            "/auth?action=auth",
        ] {
            assert_eq!(refused(&ask_for(target)), error(404, "invalid_request"), "{target}");
        }
        assert!(upstream.forms().is_empty(), "a request to another path was sent on");
    }
    for path in ["server.php", "", "/a?action=auth", "/a#b"] {
        assert!(super::common::endpoint().action_path(path).is_err(), "{path}");
    }
}

/// The sample sends the fields for codes and for refresh tokens in each request.
#[test]
fn grant_is_sent_with_its_fields_only() {
    let upstream = Upstream::good();
    let everything = [("code", "4/0"), ("refresh_token", "1//r"), ("grant_type", "password"), ("scope", "x")];
    let of_a_code = ["client_id", "client_secret", "code", "grant_type", "redirect_uri"];
    let of_a_refresh = ["client_id", "client_secret", "grant_type", "refresh_token"];
    for connect in upstream.both() {
        for endpoint in [endpoint(), endpoint().pass_through()] {
            for (path, names, grant) in [
                ("/auth", &of_a_code[..], "authorization_code"),
                ("/refresh", &of_a_refresh, "refresh_token"),
            ] {
                let endpoint = endpoint.clone().max_age(Duration::ZERO);
                granted(&serve(&endpoint, &*connect, &ask(path, &everything), Some(&ada())));
                let form = upstream.forms().remove(0);
                let mut sent: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
                sent.sort_unstable();
                assert_eq!(sent, names);
                assert_eq!(field(&form, "grant_type"), Some(grant));
                let redirect_uri = (path == "/auth").then_some(POSTMESSAGE);
                assert_eq!(field(&form, "redirect_uri"), redirect_uri);
            }
        }
    }
}

/// The sample prints network errors and responses of the authorization server as HTML.
#[test]
fn no_text_of_server_or_network_is_passed_on() {
    let html = "<script>alert('text of the server')</script>";
    let json = |code: &str| format!(r#"{{"error":"{code}","error_description":"text of the server"}}"#);
    for (status, body) in [
        (200, html.to_owned()),
        (400, html.to_owned()),
        (400, json("invalid_grant")),
        (400, json("text of the server")),
        (403, json("access_denied")),
        (502, json("server_error")),
    ] {
        for connect in Upstream::says(status, body).both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            refused(&reply);
            assert!(!String::from_utf8_lossy(reply.body()).contains("text of the server"));
        }
    }
    for connect in Wire::new(Behaviour::Close).both() {
        let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
        let body = String::from_utf8(reply.body().to_vec()).unwrap();
        assert!(!body.contains("127.0.0.1"), "{body}");
    }
}

/// The sample reads a field with brackets as a list, and sends several parameters for it.
#[test]
fn field_with_brackets_is_ignored() {
    let endpoint = endpoint().pass_through();
    for (path, body) in [
        ("/refresh", "refresh_token[]=x"),
        ("/refresh", "refresh_token%5B%5D=x"),
        ("/refresh", "refresh_token[client_id]=x"),
        ("/auth", "code[]=x&code[]=y"),
        ("/auth", "code[0]=x"),
    ] {
        let reply = turned_away(&endpoint, &post(path, body), Some(&ada()));
        assert_eq!(refused(&reply), error(400, "invalid_request"), "{body}");
    }
}

/// The sample responds to invalid requests with an empty 200, or with PHP notices.
#[test]
fn invalid_request_is_never_an_empty_200() {
    let endpoint = endpoint();
    for (request, status) in [
        (ask("/token.php?action=auth", &[("code", "4/0")]), 404),
        (ask("/token.php?action=other", &[]), 404),
        (ask("/token.php", &[]), 404),
        (with(ask("/auth", &[("code", "4/0")]), "x-requested-with", None), 403),
        (with(ask("/auth", &[("code", "4/0")]), "x-requested-with", Some("&quot;XmlHttpRequest&quot;")), 403),
        (ask("/auth", &[]), 400),
        (post("/refresh", &b"\xff"[..]), 400),
    ] {
        assert_eq!(refused(&turned_away(&endpoint, &request, Some(&ada()))).0, status);
    }
}

/// The sample waits for the authorization server without a timeout.
#[test]
fn authorization_server_without_a_response_is_504() {
    let wire = Wire::new(Behaviour::Nothing);
    for connect in wire.both_within(Duration::from_millis(500)) {
        let began = Instant::now();
        let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(504, "temporarily_unavailable"));
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    assert_eq!(wire.bodies().len(), 2, "one request for each client");
}

/// The sample would follow a redirect, and send the secret to the target of the redirect.
#[test]
fn a_redirect_is_not_followed() {
    let redirect_target = Wire::new(Behaviour::Close);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let response = format!(
            "HTTP/1.1 {status}\r\nlocation: {}/token\r\ncontent-length: 0\r\n\r\n",
            redirect_target.origin
        );
        let wire = Wire::new(Behaviour::Bytes(response.into_bytes()));
        for connect in wire.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(refused(&reply), error(502, "server_error"));
        }
        assert_eq!(wire.bodies().len(), 2);
    }
    assert!(redirect_target.bodies().is_empty());
}
