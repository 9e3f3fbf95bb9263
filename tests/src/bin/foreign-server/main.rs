//! Tests both clients against a third-party authorization server.
//!
//! Prints a line for each check and stops at the first failure. Arguments: the server (`oidc-provider` or
//! `oauth2-mock-server`), the server's issuer, a client id, the client authentication (`basic`, `post` or
//! `none`), and the secret, if the client has one. At `/witness/token-requests`, the server must return how
//! many requests its token endpoint has received.

mod browser;
mod client;

use std::process::ExitCode;

use base64::{Engine, engine::general_purpose::STANDARD};
use browser::Browser;
use client::{Blocking, Get, Hyper, TestClient};
use connect_core::{
    Error, ErrorKind, MemoryStore, PendingSignIn, Response, Secret, SignIn, SignInFault, TokenStore, Tokens,
    oauth::{ClientAuth, IssuerParameter, Pkce, Profile, Revocation},
};
use form_urlencoded::{Serializer, byte_serialize, parse};
use http::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;
type Outcome<T = ()> = Result<T, Failure>;

const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";
const USER: &str = "ann";

fn main() -> ExitCode {
    match run_both_clients() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("FAIL {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run_both_clients() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ([server, issuer, id, how], secret) = args.split_first_chunk().ok_or("expected four arguments")?;
    let app = Application { id: id.clone(), how: how.clone(), secret: secret.first().cloned() };
    let strict = match server.as_str() {
        "oidc-provider" => true,
        "oauth2-mock-server" => false,
        other => {
            return Err(format!(
                "{other} is not a known server (expected oidc-provider or oauth2-mock-server)"
            )
            .into());
        }
    };
    run::<Blocking>("blocking", server, issuer, &app, strict)?;
    run::<Hyper>("hyper", server, issuer, &app, strict)
}

fn run<D: TestClient>(client: &str, server: &str, issuer: &str, app: &Application, strict: bool) -> Outcome {
    let name = format!("{client} at {server} ({})", app.how);
    Witness::<D>::new(name.clone(), issuer, app)
        .and_then(|mut witness| if strict { witness.strict() } else { witness.lenient() })
        .map_err(|failure| format!("{name}: {failure}").into())
}

/// The client that is registered at the server.
#[derive(Clone)]
struct Application {
    id: String,
    how: String,
    secret: Option<String>,
}

struct Witness<D> {
    name: String,
    issuer: String,
    app: Application,
    profile: Profile,
    metadata: Value,
    browser: Browser,
    store: MemoryStore,
    client: D,
}

impl<D: TestClient> Witness<D> {
    /// Creates a client from the server's metadata.
    fn new(name: String, issuer: &str, app: &Application) -> Outcome<Self> {
        let browser = Browser::new()?;
        let anonymous = D::anonymous()?;
        let document = Profile::metadata_urls(issuer)?
            .into_iter()
            .find_map(|url| match anonymous.send(&Get::anonymous(&url)) {
                // Not every server has metadata at both URLs.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound) => None,
                response => Some(response),
            })
            .ok_or("the server publishes no metadata")??;
        let mut profile = anonymous.discover(issuer)?;
        if app.how == "post" {
            profile.client_auth = ClientAuth::Body;
        }
        let store = MemoryStore::new();
        let client = D::new(app, &profile, &store)?;
        let metadata = document.decode()?;
        let (issuer, app) = (issuer.to_owned(), app.clone());
        Ok(Self { name, issuer, app, profile, metadata, browser, store, client })
    }

    /// The checks for a server that follows the RFCs.
    fn strict(&mut self) -> Outcome {
        let profile = &self.profile;
        ensure(profile.pkce == Pkce::Used, "the metadata do not announce S256")?;
        ensure(profile.issuer_parameter == IssuerParameter::Required, "the metadata do not announce iss")?;
        ensure(
            matches!(profile.revocation, Revocation::Form(_)),
            "the metadata have no revocation endpoint",
        )?;
        self.ok("the metadata become a profile");
        self.forged_callbacks()?;
        self.user_cancels()?;
        self.without_pkce()?;
        self.wrong_secret()?;
        self.wrong_verifier("invalid_grant")?;

        self.sign_in()?;
        ensure(self.userinfo()? == USER, "the access token is of another user")?;
        self.ok("a call with the access token succeeds");
        let first = self.stored_tokens()?;
        self.refresh_rotates()?;
        self.refresh_rotates()?;
        let last = self.stored_tokens()?;
        ensure(last.access_token != first.access_token, "the access token did not change")?;
        ensure(self.is_active(&last.access_token)?, "the new access token is not active")?;
        self.ok("each of two refreshes returns a new refresh token");

        self.unknown_access_token()?;
        let last = self.stored_tokens()?;

        // A refresh token that is sent twice may be stolen, so the server revokes all tokens (RFC 9700
        // section 4.14.2).
        self.raw_refresh_is_refused(&first)?;
        ensure(!self.is_active(&last.access_token)?, "the newer access token is still active")?;
        self.ok("a used refresh token is refused, and all newer tokens are revoked");
        let error = self.client.refresh().err().ok_or("the refresh token is still valid")?;
        ensure(matches!(error.kind(), ErrorKind::Authentication), &format!("{error:?}"))?;
        ensure(error.server_code() == Some("invalid_grant"), &format!("{error:?}"))?;
        self.signed_out()?;
        self.ok("the client ends the session on invalid_grant");

        self.sign_in()?;
        let tokens = self.stored_tokens()?;
        self.client.sign_out()?;
        self.signed_out()?;
        ensure(!self.is_active(&tokens.access_token)?, "the access token is still active")?;
        let response = self.browser.bearer(&self.endpoint("userinfo_endpoint")?, &tokens)?;
        ensure(response.status() == StatusCode::UNAUTHORIZED, "a call with the access token still succeeds")?;
        self.raw_refresh_is_refused(&tokens)?;
        self.ok("a sign-out revokes both tokens");
        Ok(())
    }

    /// The checks for a server that accepts every client and token, sends no `iss`, and revokes nothing.
    fn lenient(&mut self) -> Outcome {
        ensure(self.profile.pkce == Pkce::Used, "the metadata do not announce S256")?;
        ensure(self.profile.issuer_parameter == IssuerParameter::Compared, "the metadata announce iss")?;
        ensure(
            matches!(self.profile.revocation, Revocation::Form(_)),
            "the metadata have no revocation endpoint",
        )?;
        self.ok("the metadata become a profile");
        self.refused("another state", SignInFault::State, |query| set(query, "state", Some("other")))?;
        self.refused("another iss", SignInFault::Issuer, |query| {
            set(query, "iss", Some("http://127.0.0.2"))
        })?;
        self.wrong_verifier("invalid_request")?;

        self.sign_in()?;
        ensure(self.userinfo()? == "johndoe", "the access token is of another user")?;
        self.ok("a call with the access token succeeds");
        self.refresh_rotates()?;
        self.refresh_rotates()?;
        self.ok("each of two refreshes returns a new refresh token");
        self.client.sign_out()?;
        self.signed_out()?;
        self.ok("a sign-out is accepted");
        Ok(())
    }

    fn forged_callbacks(&mut self) -> Outcome {
        self.refused("another state", SignInFault::State, |query| set(query, "state", Some("other")))?;
        self.refused("another iss", SignInFault::Issuer, |query| {
            set(query, "iss", Some("http://127.0.0.2"))
        })?;
        let slash = format!("{}/", self.issuer);
        self.refused("an iss with an extra slash", SignInFault::Issuer, |query| {
            set(query, "iss", Some(&slash));
        })?;
        self.refused("no iss", SignInFault::Issuer, |query| set(query, "iss", None))?;
        self.refused("an error without iss", SignInFault::Issuer, |query| {
            set(query, "iss", None);
            set(query, "code", None);
            set(query, "error", Some("access_denied"));
        })
    }

    /// Checks that a changed callback is refused without an exchange.
    fn refused(&mut self, name: &str, fault: SignInFault, change: impl Fn(&mut Query)) -> Outcome {
        let pending = self.start()?;
        let mut query = self.callback(&pending, true)?;
        change(&mut query);
        let requests = self.token_requests()?;
        let error = self.finish_query(pending, &query).err().ok_or("the callback was accepted")?;
        let same = matches!(error.kind(), ErrorKind::SignIn(found) if *found == fault);
        ensure(same, &format!("{name}: {error:?}"))?;
        ensure(self.token_requests()? == requests, "the code was exchanged")?;
        self.signed_out()?;
        self.ok(&format!("a callback with {name} is refused without an exchange"));
        Ok(())
    }

    fn user_cancels(&mut self) -> Outcome {
        let pending = self.start()?;
        let query = self.callback(&pending, false)?;
        let error = self.finish_query(pending, &query).err().ok_or("the callback was accepted")?;
        ensure(is_denied(&error, "access_denied"), &format!("{error:?}"))?;
        self.ok("a cancelled sign-in is reported as denied");
        Ok(())
    }

    /// Checks that the server refuses a sign-in without PKCE.
    ///
    /// A client that signs in successfully must then have used PKCE.
    fn without_pkce(&mut self) -> Outcome {
        if self.app.secret.is_none() {
            return Ok(()); // the library refuses a public client without PKCE
        }
        let mut profile = self.profile.clone();
        profile.pkce = Pkce::Absent;
        let error = self.refused_as(&self.app.clone(), &profile)?;
        ensure(is_denied(&error, "invalid_request"), &format!("{error:?}"))?;
        self.ok("the server refuses a sign-in without PKCE");
        Ok(())
    }

    fn wrong_secret(&mut self) -> Outcome {
        let Some(secret) = self.app.secret.clone() else { return Ok(()) };
        let wrong = Application { secret: Some(format!("{secret}?")), ..self.app.clone() };
        let error = self.refused_as(&wrong, &self.profile.clone())?;
        ensure(matches!(error.kind(), ErrorKind::Configuration), &format!("{error:?}"))?;
        ensure(error.server_code() == Some("invalid_client"), &format!("{error:?}"))?;
        self.ok("the server refuses a wrong secret");
        if self.app.how == "basic" {
            let mut profile = self.profile.clone();
            profile.client_auth = ClientAuth::PlainBasic;
            // The server cannot decode a secret that is not form-encoded.
            let error = self.refused_as(&self.app.clone(), &profile)?;
            ensure(error.server_code() == Some("invalid_request"), &format!("{error:?}"))?;
            self.ok("the server refuses a secret that is not form-encoded");
        }
        Ok(())
    }

    /// Returns the error of a sign-in with a differently configured client.
    fn refused_as(&mut self, app: &Application, profile: &Profile) -> Outcome<Error> {
        let client = D::new(app, profile, &self.store)?;
        let pending = client.start(sign_in())?;
        let query = self.callback(&pending, true)?;
        let error = client.finish(pending, &written(&query)).err().ok_or("the sign-in was accepted")?;
        self.signed_out()?;
        Ok(error)
    }

    /// Checks that a code is refused with the PKCE verifier of another sign-in.
    fn wrong_verifier(&mut self, code: &str) -> Outcome {
        let (one, other) = (self.start()?, self.start()?);
        let (mut query, theirs) = (self.callback(&one, true)?, self.callback(&other, true)?);
        set(&mut query, "code", value(&theirs, "code"));
        let error = self.finish_query(one, &query).err().ok_or("the code was accepted")?;
        ensure(error.server_code() == Some(code), &format!("{error:?}"))?;
        self.signed_out()?;
        self.ok("the server refuses the verifier of another sign-in");
        Ok(())
    }

    fn sign_in(&mut self) -> Outcome {
        let pending = self.start()?;
        let query = self.callback(&pending, true)?;
        let requests = self.token_requests()?;
        self.finish_query(pending, &query)?;
        ensure(self.token_requests()? == requests + 1, "the code was not exchanged exactly once")?;
        self.ok("a sign-in succeeds");
        Ok(())
    }

    /// Checks that a call refreshes once if the server does not know the access token.
    ///
    /// A server may not know a token after a restart of the server.
    fn unknown_access_token(&mut self) -> Outcome {
        let refresh_token = self.stored_tokens()?.refresh_token.ok_or("no refresh token")?;
        self.client.import(Tokens::new("unknown", refresh_token))?;
        let requests = self.token_requests()?;
        ensure(self.userinfo()? == USER, "the access token is of another user")?;
        ensure(self.token_requests()? == requests + 1, "the token was not refreshed exactly once")?;
        self.ok("a call with an unknown access token is repeated with a new one");
        Ok(())
    }

    fn refresh_rotates(&mut self) -> Outcome {
        let (before, requests) = (self.stored_tokens()?, self.token_requests()?);
        self.client.refresh()?;
        let after = self.stored_tokens()?;
        ensure(self.token_requests()? == requests + 1, "the token was not refreshed exactly once")?;
        ensure(
            after.refresh_token.is_some() && after.refresh_token != before.refresh_token,
            "the refresh token did not change",
        )?;
        self.userinfo().map(drop)
    }

    fn start(&self) -> Outcome<PendingSignIn> {
        Ok(self.client.start(sign_in())?)
    }

    /// Returns the query of the callback.
    fn callback(&mut self, pending: &PendingSignIn, consents: bool) -> Outcome<Query> {
        let url = self.browser.callback(pending.url(), consents)?;
        let (_, query) = url.split_once('?').ok_or("the callback has no query")?;
        Ok(parse(query.as_bytes()).into_owned().collect())
    }

    fn finish_query(&self, pending: PendingSignIn, query: &Query) -> Result<(), Error> {
        self.client.finish(pending, &written(query))
    }

    /// Returns the subject that the server's userinfo endpoint reports.
    fn userinfo(&self) -> Outcome<String> {
        let endpoint = Get::of_user(&self.endpoint("userinfo_endpoint")?);
        let info: Value = self.client.call(&endpoint)?.decode()?;
        Ok(info["sub"].as_str().ok_or("userinfo has no sub")?.to_owned())
    }

    fn stored_tokens(&self) -> Outcome<Tokens> {
        Ok(self.stored()?.ok_or("the store has no tokens")?)
    }

    /// Checks that the store has no tokens and that a call fails.
    fn signed_out(&self) -> Outcome {
        ensure(self.stored()?.is_none(), "the store still has tokens")?;
        let endpoint = Get::of_user(&self.endpoint("userinfo_endpoint")?);
        let error = self.client.call(&endpoint).err().ok_or("a call succeeded after the sign-out")?;
        ensure(matches!(error.kind(), ErrorKind::Authentication), &format!("{error:?}"))
    }

    fn stored(&self) -> Outcome<Option<Tokens>> {
        Ok(TokenStore::load(&self.store, &self.client.key())?)
    }

    /// Sends a refresh request without the tested client, and checks that the server refuses the request.
    fn raw_refresh_is_refused(&self, tokens: &Tokens) -> Outcome {
        let token = tokens.refresh_token.as_ref().ok_or("no refresh token")?;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
        let response = self.send_raw(&self.profile.token_url, &fields)?;
        let body: Value = serde_json::from_slice(response.body())?;
        let refused = response.status() == StatusCode::BAD_REQUEST && body["error"] == "invalid_grant";
        ensure(refused, &format!("the refresh got {} (expected invalid_grant)", response.status()))
    }

    /// Returns whether the server reports the token as active (RFC 7662).
    fn is_active(&self, token: &Secret) -> Outcome<bool> {
        let response =
            self.send_raw(&self.endpoint("introspection_endpoint")?, &[("token", token.expose())])?;
        let body: Value = serde_json::from_slice(response.body())?;
        Ok(body["active"].as_bool().ok_or_else(|| format!("introspection got {}", response.status()))?)
    }

    fn send_raw(&self, url: &str, fields: &[(&str, &str)]) -> Outcome<Response> {
        let (id, secret) = (self.app.id.as_str(), self.app.secret.as_deref().unwrap_or_default());
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut request = http::Request::post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.app.how.as_str() {
            "basic" => {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
                request = request.header(AUTHORIZATION, format!("Basic {pair}"));
            }
            "post" => drop(form.extend_pairs([("client_id", id), ("client_secret", secret)])),
            _ => drop(form.append_pair("client_id", id)),
        }
        self.browser.send(request.body(form.finish().into())?)
    }

    fn token_requests(&self) -> Outcome<u64> {
        let url = format!("{}/witness/token-requests", self.issuer);
        let response = self.browser.send(http::Request::get(url).body("".into())?)?;
        let body: Value = serde_json::from_slice(response.body())?;
        Ok(body["requests"].as_u64().ok_or("the request counter is missing")?)
    }

    fn endpoint(&self, name: &str) -> Outcome<String> {
        Ok(self.metadata[name].as_str().ok_or_else(|| format!("the metadata have no {name}"))?.to_owned())
    }

    fn ok(&self, check: &str) {
        println!("ok   {}: {check}", self.name);
    }
}

/// Returns a sign-in with the prompt that `offline_access` requires (OpenID Connect Core section 11).
fn sign_in() -> SignIn {
    SignIn::new(USER).scopes(["openid", "offline_access"]).parameter("prompt", "consent")
}

fn is_denied(error: &Error, code: &str) -> bool {
    matches!(error.kind(), ErrorKind::SignIn(SignInFault::Denied)) && error.server_code() == Some(code)
}

fn ensure(holds: bool, otherwise: &str) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

type Query = Vec<(String, String)>;

fn value<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn set(query: &mut Query, name: &str, value: Option<&str>) {
    query.retain(|(known, _)| known != name);
    query.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

fn written(query: &Query) -> String {
    Serializer::new(String::new()).extend_pairs(query).finish()
}
