//! `connect doctor` must report the right code for valid settings and for each misconfiguration.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{Outcome, SECRET, World};
use connect_sandbox::{AuthorizationServer, Fault, OAuthApp, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use std::process::Command;

/// Runs the doctor; returns the `code` in its JSON output, the exit code, and the whole JSON output.
fn diagnose(command: &mut Command) -> (String, i32, Value) {
    let done = Outcome::of(command.output().unwrap());
    let response: Value =
        serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}{}", done.out, done.err));
    assert_eq!(done.code, response["exitCode"].as_i64().map(|code| code as i32));
    assert_eq!(response["ok"], done.code == Some(0));
    assert!(!response["next"].as_str().unwrap().is_empty());
    assert!(!done.out.contains(SECRET) && !done.err.contains(SECRET), "{}{}", done.out, done.err);
    (response["code"].as_str().unwrap().to_owned(), done.code.unwrap(), response)
}

fn doctor(world: &World) -> Command {
    world.command(&["doctor", "--json"])
}

#[test]
fn valid_settings_pass_all_checks() {
    let world = World::new();
    let (code, exit, response) = diagnose(&mut doctor(&world));
    assert_eq!((code.as_str(), exit), ("all_well", 0));
    assert!(response["checks"].as_array().unwrap().iter().all(|check| check["result"] == "ok"), "{response}");
}

#[test]
fn redirect_uri_is_unknown_before_consent() {
    let world = World::with(&[("auto_consent", "off")]);
    let (code, exit, response) = diagnose(&mut doctor(&world));
    assert_eq!((code.as_str(), exit), ("all_well", 0));
    let checks = response["checks"].as_array().unwrap();
    let redirect = checks.iter().find(|check| check["name"] == "redirect URI").unwrap();
    assert_eq!(redirect["result"], "unknown");
}

#[test]
fn wrong_credentials_have_distinct_codes() {
    let world = World::new();
    let id = "MOBISCROLL_CONNECT_CLIENT_ID";
    let secret = "MOBISCROLL_CONNECT_CLIENT_SECRET";
    let (code, exit, _) = diagnose(doctor(&world).env(id, "nobody"));
    assert_eq!((code.as_str(), exit), ("wrong_client_id", 2));
    let (code, exit, _) = diagnose(doctor(&world).env(secret, "wrong"));
    assert_eq!((code.as_str(), exit), ("wrong_client_secret", 2));
    let before = world.server.with(|sandbox| sandbox.requests().len());
    let (code, exit, _) = diagnose(doctor(&world).env(id, SECRET).env(secret, "sandbox-client"));
    assert_eq!((code.as_str(), exit), ("client_id_and_secret_swapped", 2));
    world.server.with(|sandbox| {
        let mut requests = sandbox.requests().iter().skip(before);
        assert!(requests.all(|one| !one.path.contains(SECRET)), "a URL contains the secret");
    });
    let (code, exit, _) = diagnose(doctor(&world).env_remove(secret));
    assert_eq!((code.as_str(), exit), ("not_set", 2));
}

#[test]
fn unregistered_redirect_uri_is_detected() {
    let world = World::new();
    let (code, exit, response) =
        diagnose(doctor(&world).env("MOBISCROLL_CONNECT_REDIRECT_URI", "https://app.example/back"));
    assert_eq!((code.as_str(), exit), ("redirect_uri_mismatch", 2));
    assert!(response["next"].as_str().unwrap().contains(&world.redirect_uri), "{response}");

    let with_query = format!("{}?action=callback", world.redirect_uri);
    world.server.with(|sandbox| sandbox.set("redirect_uri", &with_query).map(drop)).unwrap();
    let (code, _, response) = diagnose(&mut doctor(&world));
    assert_eq!(code, "redirect_uri_mismatch", "{response}");
    let (code, ..) = diagnose(doctor(&world).env("MOBISCROLL_CONNECT_REDIRECT_URI", with_query));
    assert_eq!(code, "all_well");
}

#[test]
fn other_error_responses_have_the_expected_code() {
    let page = "/api/error?error=invalid_client";
    let mismatch = r#"{"error":"invalid_grant","error_description":"Redirect URI mismatch"}"#;
    let (authorize, token) = ("GET /oauth/authorize", "POST /oauth/token");
    for (fault, expected) in [
        (
            Fault::on(authorize).status(400).body(r#"{"error":"redirect_uri mismatch"}"#),
            "redirect_uri_mismatch",
        ),
        (Fault::on(token).status(400).body(mismatch), "redirect_uri_mismatch"),
        (Fault::on(authorize).status(302).header("location", "/api/oauth/providers?x=1"), "all_well"),
        (Fault::on(authorize).status(200).body("<html>"), "all_well"),
        (Fault::on(authorize).status(302).header("location", page), "service_failed"),
        (Fault::on(authorize).status(500), "service_failed"),
        (Fault::on(token).status(500), "service_failed"),
        (Fault::on(token).status(404), "all_well"),
        (Fault::on(token).status(400).body(r#"{"error":"invalid_client"}"#).times(9), "wrong_client_secret"),
        (Fault::on("GET /health").status(404), "all_well"),
        (Fault::on("GET /health").cut_before(), "unreachable"),
    ] {
        let world = World::new();
        world.server.with(|sandbox| sandbox.add_fault(fault));
        let (code, _, response) = diagnose(&mut doctor(&world));
        assert_eq!(code, expected, "{response}");
    }
}

#[test]
fn closed_port_is_unreachable() {
    let world = World::new();
    let (code, exit, _) = diagnose(doctor(&world).env("MOBISCROLL_CONNECT_BASE_URL", common::nowhere()));
    assert_eq!((code.as_str(), exit), ("unreachable", 6));
}

#[test]
fn untrusted_certificate_is_a_tls_failure() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap().pem();
    let server = Server::builder().tls(certificate, key.serialize_pem()).start().unwrap();
    let world = World::new();

    let mut command = doctor(&world);
    command.env("MOBISCROLL_CONNECT_BASE_URL", server.base_url());
    command.env("MOBISCROLL_CONNECT_REDIRECT_URI", server.credentials().redirect_uri);
    let (code, exit, response) = diagnose(&mut command);
    assert_eq!((code.as_str(), exit), ("tls_failed", 6));
    assert!(response["next"].as_str().unwrap().contains("--root-certificate"));

    command.args(["--root-certificate", "root.pem"]);
    let marked = format!("\u{feff}{}", authority.pem());
    let utf16 = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [authority.pem().into_bytes(), marked.into_bytes(), utf16] {
        std::fs::write(world.folder.path().join("root.pem"), bytes).unwrap();
        let (code, exit, _) = diagnose(&mut command);
        assert_eq!((code.as_str(), exit), ("all_well", 0));
    }
}

/// A client of another service: the service, the client id, the secret and the redirect URI.
type ServiceClient<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn service_doctor(world: &World, (service, id, secret, redirect_uri): ServiceClient<'_>) -> Command {
    let mut command = world.command(&["doctor", "--json", "--via", service]);
    let name = |rest: &str| format!("MOBISCROLL_CONNECT_{}_{rest}", service.to_uppercase());
    command.env(name("CLIENT_ID"), id);
    for (rest, value) in [("CLIENT_SECRET", secret), ("REDIRECT_URI", redirect_uri)] {
        if let Some(value) = value {
            command.env(name(rest), value);
        }
    }
    command
}

#[test]
fn other_services_are_diagnosed() {
    let world = World::new();
    for service in ["google", "microsoft", "apptoto"] {
        let confidential = format!("{service}-client");
        let secret = format!("{service}-secret");
        let public = format!("{service}-public-client");
        let registered = world.server.with(|sandbox| {
            let server = match service {
                "google" => AuthorizationServer::Google,
                "microsoft" => AuthorizationServer::Microsoft,
                _ => AuthorizationServer::Apptoto,
            };
            let app = OAuthApp::new("Own", &world.redirect_uri);
            sandbox.update_provider_app(server, &confidential, app).unwrap();
            world.redirect_uri.clone()
        });
        let at = Some(registered.as_str());
        let elsewhere = Some("https://app.example/back");
        for ((id, secret, redirect_uri), expected) in [
            ((confidential.as_str(), Some(secret.as_str()), at), "all_well"),
            ((&public, None, None), "all_well"),
            (("nobody", Some(&secret), at), "wrong_client_id"),
            (("nobody", None, at), "wrong_client_id"),
            ((&confidential, Some("wrong-secret"), at), "wrong_client_secret"),
            ((&confidential, None, at), "missing_client_secret"),
            ((&secret, Some(&confidential), at), "client_id_and_secret_swapped"),
            ((&confidential, Some(&secret), elsewhere), "redirect_uri_mismatch"),
        ] {
            let client = (service, id, secret, redirect_uri);
            let (code, exit, response) = diagnose(&mut service_doctor(&world, client));
            assert_eq!(code, expected, "{client:?}: {response}");
            assert_eq!(exit, if code == "all_well" { 0 } else { 2 });
            let next = response["next"].as_str().unwrap();
            let names_setting = next.contains(&format!("MOBISCROLL_CONNECT_{}_", service.to_uppercase()));
            assert!(names_setting || next.contains("connect login --via"), "{next}");
        }
        let mut not_set = world.command(&["doctor", "--json", "--via", service]);
        assert_eq!(diagnose(&mut not_set).0, "not_set");
        let mut closed = service_doctor(&world, (service, &public, None, None));
        closed.env("MOBISCROLL_CONNECT_BASE_URL", common::nowhere());
        assert_eq!(diagnose(&mut closed).0, "unreachable");
    }
    // No URL of an authorize request contains a swapped secret.
    let requests = world.server.requests();
    assert!(requests.iter().all(|request| !request.path.contains("-secret")));
}
