//! Tests with real TLS connections which certificates the clients trust.

use std::{process::Command, sync::LazyLock};

use connect_core::{Error, ErrorKind, Sent};
use connect_sandbox::Server;
use connect_tests::certificates::{Authority, Identity};

/// Starts a sandbox with this certificate, and requests its health with clients that trust `authority`.
fn request_health(authority: Option<&Authority>, identity: Identity) -> (Server, [Result<(), Error>; 2]) {
    request_health_with(authority.map(Authority::pem), identity)
}

fn request_health_with(root: Option<String>, identity: Identity) -> (Server, [Result<(), Error>; 2]) {
    let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
    let mut blocking = connect_blocking::Client::builder("id", "secret")
        .base_url(server.base_url())
        .retry(connect_core::RetryPolicy::none());
    let mut hyper = connect_hyper::Client::builder("id", "secret")
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
fn certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new().unwrap();
    let (server, outcomes) = request_health(Some(&authority), authority.identity("localhost").unwrap());
    for outcome in outcomes {
        outcome.unwrap();
    }
    assert_eq!(server.stats().requests["GET /health"]["200"], 2);
}

/// A parser that does not expect the byte order mark would lose the first certificate.
#[test]
fn root_certificate_after_a_byte_order_mark_is_trusted() {
    let [authority, other] = &*AUTHORITIES;
    for pem in [format!("\u{feff}{}", authority.pem()), format!("\u{feff}{}{}", authority.pem(), other.pem())]
    {
        let (_server, outcomes) = request_health_with(Some(pem), authority.identity("localhost").unwrap());
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    }
}

#[test]
fn wrong_host_name_is_refused() {
    let authority = Authority::new().unwrap();
    refused(request_health(Some(&authority), authority.identity("elsewhere.example").unwrap()));
}

#[test]
fn expired_certificate_is_refused() {
    let authority = Authority::new().unwrap();
    refused(request_health(Some(&authority), authority.expired("localhost").unwrap()));
}

#[test]
fn unknown_authority_is_refused() {
    let authority = Authority::new().unwrap();
    refused(request_health(None, authority.identity("localhost").unwrap()));
    let other = Authority::new().unwrap();
    refused(request_health(Some(&other), authority.identity("localhost").unwrap()));
}

/// Returns, for each of two servers, the output of both clients. The operating system trusts only the first
/// server.
fn outcomes_with(trust: &str, added: Option<&Authority>) -> [String; 2] {
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

/// This test needs the feature `platform-verifier`, which the crate of the tests enables.
#[test]
fn builder_chooses_the_trusted_certificates() {
    let well = |text: &String| text == "blocking: ok\nhyper: ok\n";
    let refused = |text: &String| text.matches("TLS failed").count() == 2;
    let [_, other] = &*AUTHORITIES;

    let [system_server, other_server] = outcomes_with("mozilla", None);
    assert!(refused(&system_server) && refused(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = outcomes_with("mozilla", Some(other));
    assert!(refused(&system_server) && well(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = outcomes_with("platform", None);
    assert!(well(&system_server) && refused(&other_server), "{system_server}{other_server}");
    let [system_server, other_server] = outcomes_with("platform", Some(other));
    assert!(well(&system_server) && well(&other_server), "{system_server}{other_server}");
}

/// Without the feature, the clients have no method `crypto`.
#[cfg(feature = "aws-lc-rs")]
mod crypto {
    use std::{
        io::Read,
        net::TcpListener,
        thread::{self, JoinHandle},
    };

    use connect_core::{Crypto, Error, RetryPolicy};
    use connect_sandbox::Server;
    use connect_tests::certificates::Authority;

    /// The number of the signature scheme `ecdsa_secp521r1_sha512` (RFC 8446 4.2.3).
    ///
    /// AWS-LC supports this scheme, and ring does not.
    const ECDSA_P521: u16 = 0x0603;

    /// Requests the health with both clients.
    fn request_health(base_url: &str, crypto: Option<Crypto>, root: String) -> [Result<(), Error>; 2] {
        macro_rules! client {
            ($client:ident) => {{
                let builder = $client::Client::builder("id", "secret")
                    .base_url(base_url)
                    .retry(RetryPolicy::none())
                    .root_certificates(root.clone());
                match crypto {
                    Some(crypto) => builder.crypto(crypto),
                    None => builder,
                }
                .build()
                .unwrap()
            }};
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        [
            client!(connect_blocking).health().map(drop),
            runtime.block_on(client!(connect_hyper).health()).map(drop),
        ]
    }

    /// Starts a server that returns the first messages of two handshakes and closes the connections.
    fn hellos() -> (String, JoinHandle<[Vec<u8>; 2]>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("https://localhost:{}/api", listener.local_addr().unwrap().port());
        let hello = move |_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut record = [0; 5];
            stream.read_exact(&mut record).unwrap();
            let mut message = vec![0; u16::from_be_bytes([record[3], record[4]]).into()];
            stream.read_exact(&mut message).unwrap();
            message
        };
        (base_url, thread::spawn(move || [(); 2].map(hello)))
    }

    /// Returns the signature schemes that a ClientHello offers (RFC 8446 4.1.2).
    fn signature_schemes(hello: &[u8]) -> Vec<u16> {
        fn take<'a>(rest: &mut &'a [u8], length_bytes: usize) -> &'a [u8] {
            let (length, after) = rest.split_at(length_bytes);
            let length = length.iter().fold(0, |length, byte| length * 256 + usize::from(*byte));
            let (value, after) = after.split_at(length);
            *rest = after;
            value
        }
        let mut rest = &hello[4 + 2 + 32..];
        for length_bytes in [1, 2, 1] {
            take(&mut rest, length_bytes); // the session id, the cipher suites, the compression methods
        }
        let mut extensions = take(&mut rest, 2);
        while let [first, second, after @ ..] = extensions {
            extensions = after;
            let mut extension = take(&mut extensions, 2);
            if u16::from_be_bytes([*first, *second]) == 13 {
                let pairs = take(&mut extension, 2).chunks_exact(2);
                return pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            }
        }
        panic!("the ClientHello has no signature schemes")
    }

    #[test]
    fn builder_chooses_the_cryptography_library() {
        for (crypto, is_aws_lc) in [(None, false), (Some(Crypto::Ring), false), (Some(Crypto::AwsLcRs), true)]
        {
            let authority = Authority::new().unwrap();
            let identity = authority.identity("localhost").unwrap();
            let server = Server::builder().tls(identity.certificate, identity.key).start().unwrap();
            for outcome in request_health(&server.base_url(), crypto, authority.pem()) {
                outcome.unwrap();
            }
            let (base_url, hellos) = hellos();
            for outcome in request_health(&base_url, crypto, authority.pem()) {
                outcome.unwrap_err();
            }
            for hello in hellos.join().unwrap() {
                let schemes = signature_schemes(&hello);
                assert_eq!(schemes.contains(&ECDSA_P521), is_aws_lc, "{crypto:?}: {schemes:x?}");
            }
        }
    }
}

#[test]
fn invalid_root_certificate_is_refused_by_build() {
    for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let blocking = connect_blocking::Client::builder("id", "secret")
            .redirect_uri("https://app.example")
            .root_certificates(pem);
        let hyper = connect_hyper::Client::builder("id", "secret")
            .redirect_uri("https://app.example")
            .root_certificates(pem);
        for error in [blocking.build().unwrap_err(), hyper.build().unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        }
    }
}
