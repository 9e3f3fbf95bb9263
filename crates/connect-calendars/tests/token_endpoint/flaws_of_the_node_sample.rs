//! Flaws of the Node.js sample server.

use crate::common::{
    upstream::{Upstream, field},
    wire::{Behaviour, Wire, in_chunks},
    *,
};

/// The sample decodes a value, and appends the value to a form without encoding it again.
#[test]
fn value_is_encoded_and_adds_no_parameter() {
    let code = "4/0Ab+c=d&e";
    let wire = Wire::new(Behaviour::Bytes(in_chunks(upstream::GOOD)));
    for connect in wire.both() {
        granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", code)]), Some(&ada())));
    }
    for body in wire.bodies() {
        assert!(body.split('&').any(|field| field == "code=4%2F0Ab%2Bc%3Dd%26e"), "{body}");
        assert_eq!(body.split('&').count(), 5, "{body}");
    }

    let injected = "1//r&client_id=theirs&redirect_uri=https://evil.example&grant_type=password";
    let upstream = Upstream::good();
    for connect in upstream.both() {
        let requests = [ask("/auth", &[("code", injected)]), ask("/refresh", &[("refresh_token", injected)])];
        for request in requests {
            granted(&serve(&endpoint().pass_through(), &*connect, &request, Some(&ada())));
        }
    }
    let forms = upstream.forms();
    assert_eq!(forms.len(), 4);
    for form in &forms {
        let name = if field(form, "code").is_some() { "code" } else { "refresh_token" };
        assert_eq!(field(form, name), Some(injected));
        for (name, value) in [("client_id", "client-id"), ("client_secret", "client&secret=+")] {
            let values: Vec<_> =
                form.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
            assert_eq!(values, [value]);
        }
        assert!(form.iter().all(|(_, value)| value != "password" && value != "https://evil.example"));
    }
}

/// The sample sends a response for each chunk of the upstream response. The second chunk stops the sample.
#[test]
fn response_in_one_byte_chunks_is_read_whole() {
    let wire = Wire::new(Behaviour::Bytes(in_chunks(upstream::GOOD)));
    for connect in wire.both() {
        for _ in 0..2 {
            let body =
                granted(&serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada())));
            assert_eq!((&body["access_token"], &body["scope"]), (&"1/access".into(), &"a b".into()));
        }
    }
    let half = in_chunks(upstream::GOOD).into_iter().take(300).collect();
    let wire = Wire::new(Behaviour::Bytes(half));
    for connect in wire.both() {
        let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
        assert_eq!(refused(&reply), error(502, "server_error"), "a truncated response is an error");
    }
}

/// If the connection to the authorization server fails, the sample logs the error and never responds.
#[test]
fn unreachable_authorization_server_is_502() {
    for (wire, bodies) in [(Wire::new(Behaviour::Close), 2), (Wire::not_listening(), 0)] {
        for connect in wire.both() {
            let reply = serve(&endpoint(), &*connect, &ask("/auth", &[("code", "4/0")]), Some(&ada()));
            assert_eq!(refused(&reply), error(502, "server_error"));
        }
        assert_eq!(wire.bodies().len(), bodies);
    }
}

/// The sample never responds to requests to unknown paths.
#[test]
fn unknown_path_is_404() {
    for visitor in [None, Some(&ada())] {
        for path in ["/", "/favicon.ico", "/token"] {
            let reply = turned_away(&endpoint(), &ask(path, &[]), visitor);
            assert_eq!(refused(&reply), error(404, "invalid_request"));
        }
    }
}

/// The sample sends the text `undefined` for a missing field.
#[test]
fn missing_field_is_400() {
    let endpoint = endpoint().pass_through();
    for request in [
        ask("/auth", &[]),
        ask("/auth", &[("refresh_token", "1//r")]),
        ask("/refresh", &[]),
        ask("/refresh", &[("code", "4/0")]),
    ] {
        let reply = turned_away(&endpoint, &request, Some(&ada()));
        assert_eq!(refused(&reply), error(400, "invalid_request"));
    }
}
