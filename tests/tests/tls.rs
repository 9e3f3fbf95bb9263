//! Whom the clients trust: over real TLS, with certificates made for the run.

use std::{process::Command, sync::LazyLock};

use connect_core::{Error, ErrorKind, Sent};
use connect_sandbox::Server;
use connect_tests::certificates::{Authority, Identity};

/// A sandbox with this certificate, asked for its health by both clients that trust this authority.
fn asked(authority: Option<&Authority>, identity: Identity) -> (Server, [Result<(), Error>; 2]) {
    asked_with(authority.map(Authority::pem), identity)
}

fn asked_with(root: Option<String>, identity: Identity) -> (Server, [Result<(), Error>; 2]) {
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let mut blocking = connect_blocking::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(server.base_url())
        .retry(connect_core::RetryPolicy::none());
    let mut hyper = connect_hyper::Client::builder("id", "secret", "https://app.example/callback")
        .base_url(server.base_url())
        .retry(connect_core::RetryPolicy::none());
    if let Some(root) = root {
        blocking = blocking.root_certificates(root.clone());
        hyper = hyper.root_certificates(root);
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

/// The one in front is the one a byte order mark hides.
#[test]
fn root_certificate_behind_a_byte_order_mark_is_trusted() {
    let [authority, other] = &*AUTHORITIES;
    for pem in [format!("\u{feff}{}", authority.pem()), format!("\u{feff}{}{}", authority.pem(), other.pem())]
    {
        let (_server, outcomes) = asked_with(Some(pem), authority.identity("localhost").unwrap());
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    }
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

/// What both clients say of servers of two authorities, of which the operating system trusts the first.
fn judged(trust: &str, added: Option<&Authority>) -> [String; 2] {
    let [system, other] = &*AUTHORITIES;
    let file = |authority: &Authority| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, authority.pem()).unwrap();
        file
    };
    let (trusted, added) = (file(system), added.map(file));
    [system, other].map(|authority| {
        let identity = authority.identity("localhost").unwrap();
        let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_health-process"))
            .args([server.base_url(), trust.to_owned()])
            .args(added.as_ref().map(|file| file.path()))
            .env("SSL_CERT_FILE", trusted.path())
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    })
}

static AUTHORITIES: LazyLock<[Authority; 2]> =
    LazyLock::new(|| [Authority::new().unwrap(), Authority::new().unwrap()]);

/// The feature that makes the operating system's verifier available is on here.
#[test]
fn trust_is_what_the_builder_says() {
    let well = |text: &String| text == "blocking: ok\nhyper: ok\n";
    let refused = |text: &String| text.matches("TLS failed").count() == 2;
    let [_, other] = &*AUTHORITIES;

    let [system_server, other_server] = judged("mozilla", None);
    assert!(refused(&system_server) && refused(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = judged("mozilla", Some(other));
    assert!(refused(&system_server) && well(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = judged("platform", None);
    assert!(well(&system_server) && refused(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = judged("platform", Some(other));
    assert!(well(&system_server) && well(&other_server), "{system_server}{other_server}");
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
