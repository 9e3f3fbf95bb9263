//! Whom the clients trust: over real TLS, with certificates made for the run.

use connect_core::{Error, ErrorKind, Sent};
use connect_sandbox::Server;
use connect_tests::certificates::{Authority, Identity};

/// A sandbox with this certificate, asked for its health by both clients that trust this authority.
fn asked(authority: Option<&Authority>, identity: Identity) -> (Server, [Result<(), Error>; 2]) {
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let mut blocking = connect_blocking::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(server.base_url())
        .retry(connect_core::RetryPolicy::none());
    let mut hyper = connect_hyper::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(server.base_url())
        .retry(connect_core::RetryPolicy::none());
    if let Some(authority) = authority {
        blocking = blocking.root_certificates(authority.pem());
        hyper = hyper.root_certificates(authority.pem());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcomes = [
        blocking.build().unwrap().health().map(drop),
        runtime.block_on(hyper.build().unwrap().health()).map(drop),
    ];
    (server, outcomes)
}

fn refused((server, outcomes): (Server, [Result<(), Error>; 2])) {
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::No }), "{error:?}");
        assert!(error.to_string().contains("TLS failed"), "{error}");
    }
    assert!(server.stats().requests.is_empty(), "nothing was sent");
}

#[test]
fn a_server_with_the_right_certificate_is_trusted() {
    let authority = Authority::new().unwrap();
    let (server, outcomes) = asked(Some(&authority), authority.identity("localhost").unwrap());
    for outcome in outcomes {
        outcome.unwrap();
    }
    assert_eq!(server.stats().requests["GET /health"]["200"], 2);
}

#[test]
fn a_wrong_host_name_is_refused() {
    let authority = Authority::new().unwrap();
    refused(asked(Some(&authority), authority.identity("elsewhere.example").unwrap()));
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new().unwrap();
    refused(asked(Some(&authority), authority.expired("localhost").unwrap()));
}

#[test]
fn an_unknown_authority_is_refused() {
    let authority = Authority::new().unwrap();
    refused(asked(None, authority.identity("localhost").unwrap()));
    let other = Authority::new().unwrap();
    refused(asked(Some(&other), authority.identity("localhost").unwrap()));
}

#[test]
fn a_root_certificate_that_is_none_is_said_at_once() {
    for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let blocking =
            connect_blocking::Client::builder("id", "secret", "https://app.example").root_certificates(pem);
        let hyper =
            connect_hyper::Client::builder("id", "secret", "https://app.example").root_certificates(pem);
        for error in [blocking.build().unwrap_err(), hyper.build().unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        }
    }
}
