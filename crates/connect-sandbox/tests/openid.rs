//! OpenID Connect at Google and Microsoft: metadata, keys, ID tokens, userinfo and sign-out. An independent
//! library verifies the ID tokens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::oauth::*;
use common::{App, claims, get, parameter, read};
use connect_sandbox::{AuthorizationServer, OAuthApp};
use http::{Request, StatusCode};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const HOME: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const ALL: &str = "openid profile email";

/// A server, under its name or under the path of the real server.
struct Provider {
    name: &'static str,
    /// The path of the issuer, without the tenant id of Microsoft.
    base: &'static str,
    authorize: String,
    token: String,
    metadata: String,
}

fn google(base: &'static str) -> Provider {
    Provider {
        name: "google",
        base,
        authorize: format!("{base}/o/oauth2/v2/auth"),
        token: format!("{base}/token"),
        metadata: format!("{base}/.well-known/openid-configuration"),
    }
}

fn microsoft(base: &'static str, tenant: &str) -> Provider {
    Provider {
        name: "microsoft",
        base,
        authorize: format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        token: format!("{base}/{tenant}/oauth2/v2.0/token"),
        metadata: format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
    }
}

fn both() -> [Provider; 2] {
    [google("/google"), microsoft("/microsoft", HOME)]
}

impl Provider {
    fn client(&self) -> String {
        format!("{}-client", self.name)
    }

    /// Signs in and returns the token response.
    fn sign_in(&self, app: &mut App, changes: Pairs<'_>, exchanged: Pairs<'_>) -> Value {
        let client = self.client();
        let asked = [
            ("client_id", client.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", ALL),
            ("login_hint", "ada.lovelace@example.org"),
        ];
        let code = app.new_code(&self.authorize, &with(&asked, changes));
        self.exchange(app, &with(&[("grant_type", "authorization_code"), ("code", &code)], exchanged))
    }

    fn exchange(&self, app: &mut App, fields: Pairs<'_>) -> Value {
        let (client, secret) = (self.client(), format!("{}-secret", self.name));
        let known =
            [("client_id", client.as_str()), ("client_secret", secret.as_str()), ("redirect_uri", REDIRECT)];
        app.granted(&self.token, &with(&known, fields))
    }

    fn metadata(&self, app: &mut App) -> Value {
        app.document(&self.metadata)
    }

    fn verify(&self, app: &mut App, token: &str) -> Result<Value, ErrorKind> {
        let metadata = self.metadata(app);
        let keys: JwkSet = serde_json::from_value(app.document(path(&metadata["jwks_uri"]))).unwrap();
        let key_id = decode_header(token).unwrap().kid.unwrap();
        let key = keys.find(&key_id).ok_or(ErrorKind::InvalidKeyFormat)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[self.client()]);
        validation.set_issuer(&[metadata["issuer"].as_str().unwrap()]);
        // The library compares with the clock of the machine.
        validation.validate_exp = false;
        let decoded = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
        decoded.map(|decoded| decoded.claims).map_err(|error| error.kind().clone())
    }
}

impl App {
    fn document(&mut self, path: &str) -> Value {
        let (status, body) = read(&self.send(get(path)));
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn userinfo(&mut self, path: &str, token: &str) -> (u16, Value) {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let (status, body) = read(&self.send(request.body(bytes::Bytes::new()).unwrap()));
        (status.as_u16(), body)
    }
}

/// Returns the path of a URL of the sandbox.
fn path(url: &Value) -> &str {
    url.as_str().and_then(|url| url.strip_prefix("http://localhost")).unwrap_or_else(|| panic!("{url}"))
}

fn id_token(tokens: &Value) -> String {
    text(tokens, "id_token")
}

#[test]
fn metadata_lists_existing_endpoints_of_the_same_base() {
    let mut app = App::new(&[]);
    let tenants = ["common", "organizations", "consumers", HOME, "contoso.example"];
    let named = tenants.map(|tenant| microsoft("/microsoft", tenant));
    let real = tenants.map(|tenant| microsoft("", tenant));
    for provider in [google("/google"), google("")].into_iter().chain(named).chain(real) {
        let metadata = provider.metadata(&mut app);
        for (name, url) in metadata.as_object().unwrap() {
            if !name.ends_with("_endpoint") && name != "jwks_uri" {
                continue;
            }
            let path = path(url).to_owned();
            assert!(path.starts_with(provider.base), "{name}: {path}");
            let statuses = [app.send(get(&path)).status(), app.send(form(&path, "")).status()];
            assert!(statuses.iter().any(|status| *status != 404 && *status != 405), "{path}: {statuses:?}");
        }
    }
    for path in ["v2.0/.well-known/openid-configuration", "discovery/v2.0/keys"] {
        assert_eq!(app.send(get(&format!("/microsoft/nobody/{path}"))).status(), 400, "{path}");
    }
}

#[test]
fn id_token_verifies_with_the_keys_of_the_metadata() {
    for provider in [google("/google"), google(""), microsoft("/microsoft", HOME), microsoft("", "consumers")]
    {
        let mut app = App::new(&[]);
        let tokens = provider.sign_in(&mut app, &[("nonce", "n-0S6_WzA2Mj")], &[]);
        let claims = provider.verify(&mut app, &id_token(&tokens)).unwrap();
        let now = app.now.as_second();
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 3600)));
        assert_eq!(claims["nonce"], "n-0S6_WzA2Mj");
        assert_eq!(
            (&claims["email"], &claims["name"]),
            (&json!("ada.lovelace@example.org"), &json!("Ada Lovelace"))
        );
        let again = provider.sign_in(&mut app, &[], &[]);
        assert_eq!(common::claims(&id_token(&again))["sub"], claims["sub"]);
        let other = provider.sign_in(&mut app, &[("login_hint", "grace@example.org")], &[]);
        assert_ne!(common::claims(&id_token(&other))["sub"], claims["sub"]);
    }
}

#[test]
fn changed_id_token_does_not_verify() {
    for provider in both() {
        let mut app = App::new(&[]);
        let token = id_token(&provider.sign_in(&mut app, &[], &[]));
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("{token}")
        };
        let mut changed = claims(&token);
        changed["sub"] = json!("root");
        let changed = URL_SAFE_NO_PAD.encode(changed.to_string());
        let refused = provider.verify(&mut app, &format!("{header}.{changed}.{signature}"));
        assert_eq!(refused, Err(ErrorKind::InvalidSignature));
        assert!(provider.verify(&mut app, &format!("{header}.{payload}.{signature}")).is_ok());
    }
}

#[test]
fn each_id_token_fault_is_refused() {
    let faults = [
        ("signature", ErrorKind::InvalidSignature),
        ("key", ErrorKind::InvalidKeyFormat),
        ("issuer", ErrorKind::InvalidIssuer),
        ("audience", ErrorKind::InvalidAudience),
    ];
    for provider in both() {
        for (fault, kind) in &faults {
            let mut app = App::new(&[("id_token_fault", fault)]);
            let token = id_token(&provider.sign_in(&mut app, &[], &[]));
            assert_eq!(provider.verify(&mut app, &token).as_ref(), Err(kind), "{fault}");
        }
        let mut app = App::new(&[("id_token_fault", "expired")]);
        let token = id_token(&provider.sign_in(&mut app, &[], &[]));
        assert!(provider.verify(&mut app, &token).unwrap()["exp"].as_i64().unwrap() < app.now.as_second());
        let mut app = App::new(&[("id_token_fault", "nonce")]);
        let token = id_token(&provider.sign_in(&mut app, &[("nonce", "n")], &[]));
        assert_ne!(provider.verify(&mut app, &token).unwrap()["nonce"], "n");
    }
}

#[test]
fn nonce_is_that_of_the_authorization_request_only() {
    for provider in both() {
        let mut app = App::new(&[]);
        let offline = [("scope", "openid offline_access"), ("access_type", "offline"), ("nonce", "first")];
        let offline = if provider.name == "google" { &offline[1..] } else { &offline };
        let tokens = provider.sign_in(&mut app, offline, &[("nonce", "other")]);
        assert_eq!(claims(&id_token(&tokens))["nonce"], "first");
        let without = provider.sign_in(&mut app, &[], &[("nonce", "other")]);
        assert_eq!(claims(&id_token(&without)).get("nonce"), None);
        let refresh = text(&tokens, "refresh_token");
        app.pass(60);
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("nonce", "first")];
        let again = claims(&id_token(&provider.exchange(&mut app, &fields)));
        assert_eq!((again.get("nonce"), &again["iat"]), (None, &json!(app.now.as_second())));
        assert_eq!(again["sub"], claims(&id_token(&tokens))["sub"]);
    }
}

#[test]
fn no_id_token_without_the_scope_openid() {
    let mut app = App::new(&[]);
    for (provider, scope) in
        both().into_iter().zip(["https://www.googleapis.com/auth/calendar", "Calendars.Read"])
    {
        let scope = format!("{scope} profile email");
        let asked = [("scope", scope.as_str()), ("nonce", "n")];
        let tokens = provider.sign_in(&mut app, &asked, &[("client_info", "1")]);
        assert_eq!((tokens.get("id_token"), tokens.get("client_info")), (None, None));
    }
    let provider = microsoft("/microsoft", "common");
    let scope = [("scope", "openid Calendars.Read offline_access")];
    let tokens = provider.sign_in(&mut app, &scope, &[("scope", "Calendars.Read")]);
    assert!(tokens.get("id_token").is_some(), "the sign-in had the scope");
    let refresh = text(&tokens, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    let narrow = provider.exchange(&mut app, &with(&fields, &[("scope", "Calendars.Read")]));
    assert_eq!(narrow.get("id_token"), None);
    assert!(provider.exchange(&mut app, &fields).get("id_token").is_some());
}

#[test]
fn claims_follow_the_scopes() {
    let mut app = App::new(&[]);
    for (provider, named, always) in [
        (google("/google"), &["name", "given_name", "family_name"][..], &["azp", "at_hash"][..]),
        (microsoft("/microsoft", HOME), &["name", "oid", "preferred_username"], &["tid", "ver", "nbf"]),
    ] {
        for (scope, profile, email) in
            [("openid", false, false), ("openid profile", true, false), ("openid email", false, true)]
        {
            let tokens = provider.sign_in(&mut app, &[("scope", scope)], &[]);
            let claims = claims(&id_token(&tokens));
            assert!(named.iter().all(|name| claims.get(name).is_some() == profile), "{scope}: {claims}");
            assert_eq!(claims.get("email").is_some(), email, "{scope}: {claims}");
            assert!(always.iter().all(|name| claims.get(name).is_some()), "{scope}: {claims}");
            assert_eq!(claims.get("at_hash").is_some(), provider.name == "google", "{claims}");
        }
    }
}

#[test]
fn google_at_hash_is_that_of_the_access_token() {
    let mut app = App::new(&[]);
    let tokens = google("/google").sign_in(&mut app, &[], &[]);
    let hash = Sha256::digest(text(&tokens, "access_token").as_bytes());
    assert_eq!(claims(&id_token(&tokens))["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
    assert_eq!(
        tokens["scope"],
        "openid https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/userinfo.email"
    );
}

#[test]
fn microsoft_issuer_has_the_id_of_the_tenant() {
    let organisation = "72F988BF-86F1-41AF-91AB-2D7CD011DB47";
    let lower = organisation.to_ascii_lowercase();
    let mut app = App::new(&[]);
    for (tenant, issuer, id) in [
        ("common", "{tenantid}", HOME),
        ("organizations", "{tenantid}", HOME),
        ("consumers", CONSUMERS, CONSUMERS),
        (CONSUMERS, CONSUMERS, CONSUMERS),
        (HOME, HOME, HOME),
        (organisation, lower.as_str(), lower.as_str()),
    ] {
        let provider = microsoft("/microsoft", tenant);
        let origin = "http://localhost/microsoft";
        assert_eq!(provider.metadata(&mut app)["issuer"], format!("{origin}/{issuer}/v2.0"), "{tenant}");
        let claims = claims(&id_token(&provider.sign_in(&mut app, &[], &[])));
        assert_eq!((&claims["iss"], &claims["tid"]), (&json!(format!("{origin}/{id}/v2.0")), &json!(id)));
    }
    let domain = |name: &str, app: &mut App| {
        let provider = microsoft("/microsoft", name);
        let token = id_token(&provider.sign_in(app, &[], &[]));
        provider.verify(app, &token).unwrap()["tid"].clone()
    };
    assert_eq!(domain("contoso.example", &mut app), domain("Contoso.Example", &mut app));
    assert_ne!(domain("contoso.example", &mut app), domain("fabrikam.example", &mut app));

    let mut app = App::new(&[("microsoft_tenant", organisation)]);
    let token = id_token(&microsoft("/microsoft", "common").sign_in(&mut app, &[], &[]));
    assert_eq!(claims(&token)["tid"], lower);
    let elsewhere = microsoft("/microsoft", HOME).verify(&mut app, &token);
    assert_eq!(elsewhere, Err(ErrorKind::InvalidIssuer));
    assert!(app.sandbox.set("microsoft_tenant", "common").is_err());
}

#[test]
fn microsoft_ids_are_pairwise_and_per_tenant() {
    let mut app = App::new(&[]);
    let subject = |app: &mut App, tenant: &str, client: &str| {
        let provider = microsoft("/microsoft", tenant);
        let exchange = [("client_id", client), ("client_secret", ""), ("redirect_uri", LOOPBACK)];
        claims(&id_token(&provider.sign_in(app, &exchange, &exchange)))
    };
    let mine = OAuthApp::new("Mine", LOOPBACK).public();
    let other = app.sandbox.register_provider_app(AuthorizationServer::Microsoft, mine).unwrap().client_id;
    let [first, second] = [&*other, "microsoft-public-client"].map(|client| subject(&mut app, HOME, client));
    assert_ne!(first["sub"], second["sub"], "sub is different for each application");
    assert_eq!(first["oid"], second["oid"], "oid is the same for each application");
    let personal = subject(&mut app, "consumers", "microsoft-public-client");
    assert_ne!(second["oid"], personal["oid"], "oid is different for each tenant");
}

#[test]
fn microsoft_client_info_has_the_ids_of_the_user() {
    let mut app = App::new(&[]);
    let provider = microsoft("/microsoft", "common");
    let tokens = provider.sign_in(&mut app, &[], &[("client_info", "1")]);
    let info: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text(&tokens, "client_info")).unwrap()).unwrap();
    let claims = claims(&id_token(&tokens));
    assert_eq!(info, json!({ "uid": claims["oid"], "utid": claims["tid"] }));
    assert_eq!(provider.sign_in(&mut app, &[], &[]).get("client_info"), None, "not requested");
    let without = provider.sign_in(&mut app, &[("scope", "openid")], &[("client_info", "1")]);
    assert_eq!(without.get("client_info"), None, "oid needs the scope profile");
    let google = google("/google").sign_in(&mut app, &[], &[("client_info", "1")]);
    assert_eq!(google.get("client_info"), None);
}

#[test]
fn google_issuer_follows_its_switch() {
    for (value, issuer) in [
        ("sandbox", "http://localhost/google"),
        ("https://accounts.google.com", "https://accounts.google.com"),
        ("accounts.google.com", "accounts.google.com"),
    ] {
        let mut app = App::new(&[("google_issuer", value)]);
        let provider = google("/google");
        assert_eq!(provider.metadata(&mut app)["issuer"], issuer);
        let token = id_token(&provider.sign_in(&mut app, &[], &[]));
        assert_eq!(provider.verify(&mut app, &token).unwrap()["iss"], issuer);
    }
}

#[test]
fn certificate_has_the_key_of_the_key_set() {
    let mut app = App::new(&[]);
    let certificates = app.document("/google/oauth2/v1/certs");
    let google_keys = app.document("/google/oauth2/v3/certs");
    let key = &google_keys["keys"][0];
    let pem = text(&certificates, key["kid"].as_str().unwrap());
    let lines: Vec<_> = pem.lines().collect();
    let [begin, body @ .., end] = lines.as_slice() else { panic!("{pem}") };
    assert_eq!((*begin, *end), ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"));
    assert!(body.iter().all(|line| line.len() <= 64), "RFC 7468 3");
    let certificate = STANDARD.decode(body.concat()).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(text(key, "n")).unwrap();
    assert!(certificate.windows(modulus.len()).any(|part| part == modulus));
    let microsoft_keys = app.document(&format!("/microsoft/{HOME}/discovery/v2.0/keys"));
    assert_eq!(microsoft_keys["keys"][0]["x5c"], json!([body.concat()]));
    assert_eq!(microsoft_keys["keys"][0]["issuer"], "http://localhost/microsoft/{tenantid}/v2.0");
}

#[test]
fn same_seed_issues_the_same_id_token() {
    for provider in both() {
        let sign_in = |seed: &str| {
            let mut app = App::new(&[("seed", seed)]);
            provider.sign_in(&mut app, &[("nonce", "n")], &[])
        };
        assert_eq!(sign_in("1"), sign_in("1"));
        let (one, two) = (sign_in("1"), sign_in("2"));
        assert_ne!(one["access_token"], two["access_token"]);
        assert_eq!(claims(&id_token(&one))["sub"], claims(&id_token(&two))["sub"]);
    }
}

#[test]
fn userinfo_returns_the_subject_of_the_id_token() {
    let mut app = App::new(&[]);
    for provider in both() {
        let endpoint = provider.metadata(&mut app)["userinfo_endpoint"].clone();
        for (scope, names) in [
            ("openid", &["sub"][..]),
            ("openid email", &["email", "sub"]),
            (ALL, &["email", "family_name", "given_name", "name", "sub"]),
        ] {
            let tokens = provider.sign_in(&mut app, &[("scope", scope)], &[]);
            let (status, mut found) = app.userinfo(path(&endpoint), &text(&tokens, "access_token"));
            assert_eq!((status, &found["sub"]), (200, &claims(&id_token(&tokens))["sub"]));
            let verified = found.as_object_mut().unwrap().remove("email_verified");
            assert_eq!(verified.is_some(), provider.name == "google" && scope != "openid");
            let mut found: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
            found.sort();
            assert_eq!(found, names);
        }
    }
    for path in ["/v1/userinfo", "/oauth2/v3/userinfo", "/oidc/userinfo"] {
        assert_eq!(app.send(get(path)).status(), 401, "{path}");
    }
}

#[test]
fn userinfo_needs_a_valid_token_with_a_scope() {
    let mut app = App::new(&[]);
    let [google, microsoft] = both();
    let tokens = [&google, &microsoft].map(|one| text(&one.sign_in(&mut app, &[], &[]), "access_token"));
    let endpoints = ["/google/v1/userinfo", "/microsoft/graph/oidc/userinfo"];
    for (endpoint, other) in endpoints.into_iter().zip([&tokens[1], &tokens[0]]) {
        for token in [other.as_str(), "", "unknown"] {
            let (status, body) = app.userinfo(endpoint, token);
            assert_eq!((status, &body["error"]), (401, &json!("invalid_token")), "{endpoint} {token}");
        }
        assert_eq!(app.send(get(endpoint)).headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
    for (provider, endpoint, scope) in [
        (google, endpoints[0], "https://www.googleapis.com/auth/calendar"),
        (microsoft, endpoints[1], "Calendars.Read profile email"),
    ] {
        let tokens = provider.sign_in(&mut app, &[("scope", scope)], &[]);
        let (status, body) = app.userinfo(endpoint, &text(&tokens, "access_token"));
        assert_eq!((status, &body["error"]), (403, &json!("insufficient_scope")));
    }
    app.pass(3600);
    for (endpoint, token) in endpoints.into_iter().zip(&tokens) {
        assert_eq!(app.userinfo(endpoint, token).0, 401, "expired");
    }
}

#[test]
fn microsoft_default_scope_means_the_registered_permissions() {
    let mut app = App::new(&[]);
    let provider = microsoft("/microsoft", "common");
    for scope in ["https://graph.microsoft.com/.default offline_access", ".default offline_access openid"] {
        let tokens = provider.sign_in(&mut app, &[("scope", scope)], &[]);
        let told = text(&tokens, "scope");
        assert!(scope.split(' ').all(|scope| told.split(' ').any(|told| told == scope)), "{told}");
        let refresh = text(&tokens, "refresh_token");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
        let again = provider.exchange(&mut app, &with(&fields, &[("scope", scope)]));
        for token in [&tokens, &again].map(|tokens| text(tokens, "access_token")) {
            assert_eq!(app.graph(&token, "GET", "/me/calendars", None).0, 200);
        }
    }
    let other = provider.sign_in(&mut app, &[("scope", "https://other.example/.default")], &[]);
    assert_eq!(other["scope"], "https://other.example/.default");
}

#[test]
fn sign_out_redirects_only_to_registered_uris() {
    let mut app = App::new(&[]);
    let path = "/microsoft/common/oauth2/v2.0/logout";
    let to = |uri: &'static str| ("post_logout_redirect_uri", uri);
    let redirect = [to(REDIRECT), ("state", "s 1")];
    let location = app.sent_to_status(path, &redirect, 302).unwrap();
    assert!(location.starts_with(REDIRECT) && parameter(&location, "state").as_deref() == Some("s 1"));
    assert_eq!(
        app.sent_to_status(path, &[to(REDIRECT), ("client_id", "microsoft-client")], 302).unwrap(),
        REDIRECT
    );
    for query in [
        &[][..],
        &[to("https://evil.example/")],
        &[to(REDIRECT), ("client_id", "google-client")],
        &[to("http://127.0.0.1:8765/callback/more")],
    ] {
        assert_eq!(app.sent_to_status(path, query, 200), None);
    }
    let posted = app.send(form(path, &encoded(&redirect)));
    assert_eq!(posted.status(), 302);
    assert_eq!(app.visit("/microsoft/nobody/oauth2/v2.0/logout", &[]).status(), 400);
    let tokens = microsoft("/microsoft", "common").sign_in(&mut app, &[], &[]);
    app.visit(path, &redirect);
    assert!(
        app.sandbox.provider_token(&text(&tokens, "access_token")).is_some(),
        "sign-out revokes no token"
    );
}

impl App {
    fn sent_to_status(&mut self, path: &str, query: Pairs<'_>, status: u16) -> Option<String> {
        let reply = self.visit(path, query);
        assert_eq!(reply.status(), StatusCode::from_u16(status).unwrap(), "{query:?}");
        reply.headers().get("location").map(|location| location.to_str().unwrap().to_owned())
    }
}

#[test]
fn trace_parameter_may_be_in_query_and_form() {
    let mut app = App::new(&[]);
    let provider = microsoft("/microsoft", "common");
    let asked = [
        ("client_id", "microsoft-client"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", ALL),
    ];
    let code = app.new_code(&provider.authorize, &asked);
    let token = |id: &str| format!("{}?{id}=1", provider.token);
    let fields = [
        ("client_id", "microsoft-client"),
        ("client_secret", "microsoft-secret"),
        ("redirect_uri", REDIRECT),
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client-request-id", "1"),
    ];
    assert_eq!(app.refused(&token("client_id"), &fields), error(400, "invalid_request"));
    app.granted(&token("client-request-id"), &fields);
}

#[test]
fn instance_discovery_names_the_tenant_of_the_authority() {
    let mut app = App::new(&[]);
    let query = "api-version=1.1&authorization_endpoint=https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize";
    let found = app.document(&format!("/common/discovery/instance?{query}"));
    let endpoint = path(&found["tenant_discovery_endpoint"]).to_owned();
    assert_eq!(endpoint, "/contoso.example/v2.0/.well-known/openid-configuration");
    app.document(&endpoint);
    assert!(
        found["metadata"][0]["aliases"].as_array().unwrap().contains(&json!("login.microsoftonline.com"))
    );
}

#[test]
fn apptoto_is_no_openid_provider() {
    let mut app = App::new(&[]);
    for path in ["/apptoto/.well-known/openid-configuration", "/apptoto/www/.well-known/openid-configuration"]
    {
        assert_eq!(app.send(get(path)).status(), 404, "{path}");
    }
    assert!(app.sandbox.provider_apps(AuthorizationServer::Apptoto).len() == 2);
}
