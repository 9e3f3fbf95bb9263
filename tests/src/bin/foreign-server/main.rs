//! Both clients against an authorization server that others wrote: prints a line for each check, and ends with the first
//! one that fails.
//!
//! Arguments: `oidc-provider` or `oauth2-mock-server`, its issuer, a client id, how this client authenticates (`basic`,
//! `post` or `none`), and its secret if it has one. The server is expected to serve how many requests its token endpoint
//! got at `/witness/token-requests`.

mod browser;
mod client;

use std::process::ExitCode;

use base64::{Engine, engine::general_purpose::STANDARD};
use browser::Browser;
use client::{Blocking, Door, Get, Hyper};
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
    match both() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("FAIL {failure}");
            ExitCode::FAILURE
        }
    }
}

fn both() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ([server, issuer, id, how], secret) = args.split_first_chunk().ok_or("four arguments, please")?;
    let app = Application { id: id.clone(), how: how.clone(), secret: secret.first().cloned() };
    let strict = match server.as_str() {
        "oidc-provider" => true,
        "oauth2-mock-server" => false,
        other => return Err(format!("there is nothing to expect of {other}").into()),
    };
    run::<Blocking>("blocking", server, issuer, &app, strict)?;
    run::<Hyper>("hyper", server, issuer, &app, strict)
}

fn run<D: Door>(client: &str, server: &str, issuer: &str, app: &Application, strict: bool) -> Outcome {
    let name = format!("{client} at {server} ({})", app.how);
    Witness::<D>::new(name.clone(), issuer, app)
        .and_then(|mut witness| if strict { witness.strict() } else { witness.lenient() })
        .map_err(|failure| format!("{name}: {failure}").into())
}

/// What is registered at the server.
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

impl<D: Door> Witness<D> {
    /// Sets a client up from what the server publishes about itself.
    fn new(name: String, issuer: &str, app: &Application) -> Outcome<Self> {
        let browser = Browser::new()?;
        let anonymous = D::anonymous()?;
        let document = Profile::metadata_urls(issuer)?
            .into_iter()
            .find_map(|url| match anonymous.send(&Get::anonymous(&url)) {
                // Not every server has both places.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound) => None,
                answer => Some(answer),
            })
            .ok_or("it publishes nothing about itself")??;
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

    /// What a server does that keeps to the RFCs.
    fn strict(&mut self) -> Outcome {
        let profile = &self.profile;
        ensure(profile.pkce == Pkce::Used, "it publishes S256")?;
        ensure(profile.issuer_parameter == IssuerParameter::Required, "it publishes that it sends an iss")?;
        ensure(matches!(profile.revocation, Revocation::Form(_)), "it publishes where tokens are revoked")?;
        self.ok("its metadata are a profile");
        self.false_callbacks()?;
        self.user_says_no()?;
        self.without_pkce()?;
        self.wrong_secret()?;
        self.wrong_verifier("invalid_grant")?;

        self.sign_in()?;
        ensure(self.userinfo()? == USER, "another user")?;
        self.ok("the access token is good for a call");
        let first = self.kept()?;
        self.refresh_rotates()?;
        self.refresh_rotates()?;
        let last = self.kept()?;
        ensure(last.access_token != first.access_token, "the access token is the same")?;
        ensure(self.is_active(&last.access_token)?, "the server does not know its token")?;
        self.ok("two refreshes, and each refresh token is a new one");

        self.late_401()?;
        let last = self.kept()?;

        // The server takes it for stolen, and ends all of the sign-in (RFC 9700 4.14.2).
        self.refused_by_hand(&first)?;
        ensure(!self.is_active(&last.access_token)?, "the newer access token is still good")?;
        self.ok("the old refresh token is refused, and ends the newer ones");
        let error = self.client.refresh().err().ok_or("the refresh token is still good")?;
        ensure(matches!(error.kind(), ErrorKind::Authentication), &format!("{error:?}"))?;
        ensure(error.server_code() == Some("invalid_grant"), &format!("{error:?}"))?;
        self.signed_out()?;
        self.ok("the client takes invalid_grant for the end of the session");

        self.sign_in()?;
        let tokens = self.kept()?;
        self.client.sign_out()?;
        self.signed_out()?;
        ensure(!self.is_active(&tokens.access_token)?, "the access token is still good")?;
        let answer = self.browser.bearer(&self.endpoint("userinfo_endpoint")?, &tokens)?;
        ensure(answer.status() == StatusCode::UNAUTHORIZED, "the access token is still good for a call")?;
        self.refused_by_hand(&tokens)?;
        self.ok("a sign-out revokes both tokens");
        Ok(())
    }

    /// What is left with a server that gives tokens to everybody, sends no `iss`, takes every token for a good one, and
    /// revokes none.
    fn lenient(&mut self) -> Outcome {
        ensure(self.profile.pkce == Pkce::Used, "it publishes S256")?;
        ensure(self.profile.issuer_parameter == IssuerParameter::Compared, "it publishes nothing of an iss")?;
        ensure(
            matches!(self.profile.revocation, Revocation::Form(_)),
            "it publishes where tokens are revoked",
        )?;
        self.ok("its metadata are a profile");
        self.refused("another state", SignInFault::State, |query| set(query, "state", Some("other")))?;
        self.refused("another iss", SignInFault::Issuer, |query| {
            set(query, "iss", Some("http://127.0.0.2"))
        })?;
        self.wrong_verifier("invalid_request")?;

        self.sign_in()?;
        ensure(self.userinfo()? == "johndoe", "another user")?;
        self.ok("the access token is good for a call");
        self.refresh_rotates()?;
        self.refresh_rotates()?;
        self.ok("two refreshes, and each refresh token is a new one");
        self.client.sign_out()?;
        self.signed_out()?;
        self.ok("a sign-out is accepted");
        Ok(())
    }

    fn false_callbacks(&mut self) -> Outcome {
        self.refused("another state", SignInFault::State, |query| set(query, "state", Some("other")))?;
        self.refused("another iss", SignInFault::Issuer, |query| {
            set(query, "iss", Some("http://127.0.0.2"))
        })?;
        let slash = format!("{}/", self.issuer);
        self.refused("an iss that is only nearly right", SignInFault::Issuer, |query| {
            set(query, "iss", Some(&slash));
        })?;
        self.refused("no iss", SignInFault::Issuer, |query| set(query, "iss", None))?;
        self.refused("an error without iss", SignInFault::Issuer, |query| {
            set(query, "iss", None);
            set(query, "code", None);
            set(query, "error", Some("access_denied"));
        })
    }

    /// A callback that was changed on the way is refused, and nothing is exchanged.
    fn refused(&mut self, what: &str, fault: SignInFault, change: impl Fn(&mut Query)) -> Outcome {
        let pending = self.start()?;
        let mut query = self.callback(&pending, true)?;
        change(&mut query);
        let requests = self.token_requests()?;
        let error = self.finish_query(pending, &query).err().ok_or("it was taken")?;
        let same = matches!(error.kind(), ErrorKind::SignIn(found) if *found == fault);
        ensure(same, &format!("{what}: {error:?}"))?;
        ensure(self.token_requests()? == requests, "a code was exchanged all the same")?;
        self.signed_out()?;
        self.ok(&format!("a callback with {what} is refused, and nothing is exchanged"));
        Ok(())
    }

    fn user_says_no(&mut self) -> Outcome {
        let pending = self.start()?;
        let query = self.callback(&pending, false)?;
        let error = self.finish_query(pending, &query).err().ok_or("it was taken")?;
        ensure(is_denied(&error, "access_denied"), &format!("{error:?}"))?;
        self.ok("the user says no");
        Ok(())
    }

    /// The server insists on it: that it takes our sign-ins is no indulgence.
    fn without_pkce(&mut self) -> Outcome {
        if self.app.secret.is_none() {
            return Ok(()); // the client is not even set up
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
            // It cannot even be read.
            let error = self.refused_as(&self.app.clone(), &profile)?;
            ensure(error.server_code() == Some("invalid_request"), &format!("{error:?}"))?;
            self.ok("the server refuses a secret that is not form-encoded");
        }
        Ok(())
    }

    /// How a sign-in fails with a client that is set up in another way.
    fn refused_as(&mut self, app: &Application, profile: &Profile) -> Outcome<Error> {
        let client = D::new(app, profile, &self.store)?;
        let pending = client.start(sign_in())?;
        let query = self.callback(&pending, true)?;
        let error = client.finish(pending, &written(&query)).err().ok_or("it was taken")?;
        self.signed_out()?;
        Ok(error)
    }

    /// A code with the verifier of another sign-in.
    fn wrong_verifier(&mut self, code: &str) -> Outcome {
        let (one, other) = (self.start()?, self.start()?);
        let (mut query, theirs) = (self.callback(&one, true)?, self.callback(&other, true)?);
        set(&mut query, "code", value(&theirs, "code"));
        let error = self.finish_query(one, &query).err().ok_or("it was taken")?;
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
        ensure(self.token_requests()? == requests + 1, "more than one exchange")?;
        self.ok("a sign-in");
        Ok(())
    }

    /// With an access token that the server does not know, as after its restart.
    fn late_401(&mut self) -> Outcome {
        let refresh_token = self.kept()?.refresh_token.ok_or("no refresh token")?;
        self.client.import(Tokens::new("unknown", refresh_token))?;
        let requests = self.token_requests()?;
        ensure(self.userinfo()? == USER, "another user")?;
        ensure(self.token_requests()? == requests + 1, "it was not refreshed once")?;
        self.ok("a call whose access token is not known is repeated with a new one");
        Ok(())
    }

    fn refresh_rotates(&mut self) -> Outcome {
        let (before, requests) = (self.kept()?, self.token_requests()?);
        self.client.refresh()?;
        let after = self.kept()?;
        ensure(self.token_requests()? == requests + 1, "more than one exchange")?;
        ensure(after.refresh_token.is_some() && after.refresh_token != before.refresh_token, "it is kept")?;
        self.userinfo().map(drop)
    }

    fn start(&self) -> Outcome<PendingSignIn> {
        Ok(self.client.start(sign_in())?)
    }

    /// What the user's browser brings back.
    fn callback(&mut self, pending: &PendingSignIn, consents: bool) -> Outcome<Query> {
        let url = self.browser.walk(pending.url(), consents)?;
        let (_, query) = url.split_once('?').ok_or("a callback without a query")?;
        Ok(parse(query.as_bytes()).into_owned().collect())
    }

    fn finish_query(&self, pending: PendingSignIn, query: &Query) -> Result<(), Error> {
        self.client.finish(pending, &written(query))
    }

    /// Who the server says the tokens are of.
    fn userinfo(&self) -> Outcome<String> {
        let endpoint = Get::of_user(&self.endpoint("userinfo_endpoint")?);
        let info: Value = self.client.call(&endpoint)?.decode()?;
        Ok(info["sub"].as_str().ok_or("no sub")?.to_owned())
    }

    fn kept(&self) -> Outcome<Tokens> {
        Ok(self.stored()?.ok_or("no tokens are kept")?)
    }

    /// Nothing is kept, and a call says so.
    fn signed_out(&self) -> Outcome {
        ensure(self.stored()?.is_none(), "tokens are kept")?;
        let endpoint = Get::of_user(&self.endpoint("userinfo_endpoint")?);
        let error = self.client.call(&endpoint).err().ok_or("the user is signed in")?;
        ensure(matches!(error.kind(), ErrorKind::Authentication), &format!("{error:?}"))
    }

    fn stored(&self) -> Outcome<Option<Tokens>> {
        Ok(TokenStore::load(&self.store, &self.client.key())?)
    }

    /// A refresh without the client's help.
    fn refused_by_hand(&self, tokens: &Tokens) -> Outcome {
        let token = tokens.refresh_token.as_ref().ok_or("no refresh token")?;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
        let answer = self.by_hand(&self.profile.token_url, &fields)?;
        let body: Value = serde_json::from_slice(answer.body())?;
        let refused = answer.status() == StatusCode::BAD_REQUEST && body["error"] == "invalid_grant";
        ensure(refused, &format!("the answer to a refresh is {}", answer.status()))
    }

    /// What the server says of a token (RFC 7662).
    fn is_active(&self, token: &Secret) -> Outcome<bool> {
        let answer = self.by_hand(&self.endpoint("introspection_endpoint")?, &[("token", token.expose())])?;
        let body: Value = serde_json::from_slice(answer.body())?;
        Ok(body["active"].as_bool().ok_or_else(|| format!("introspection says {}", answer.status()))?)
    }

    fn by_hand(&self, url: &str, fields: &[(&str, &str)]) -> Outcome<Response> {
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
        let answer = self.browser.send(http::Request::get(url).body("".into())?)?;
        let body: Value = serde_json::from_slice(answer.body())?;
        Ok(body["requests"].as_u64().ok_or("no figure")?)
    }

    fn endpoint(&self, name: &str) -> Outcome<String> {
        Ok(self.metadata[name].as_str().ok_or_else(|| format!("it publishes no {name}"))?.to_owned())
    }

    fn ok(&self, what: &str) {
        println!("ok   {}: {what}", self.name);
    }
}

/// Without the prompt no `offline_access` is granted (OpenID Connect Core 11).
fn sign_in() -> SignIn {
    SignIn::new(USER).scopes(["openid", "offline_access"]).parameter("prompt", "consent")
}

fn is_denied(error: &Error, code: &str) -> bool {
    matches!(error.kind(), ErrorKind::SignIn(SignInFault::Denied)) && error.server_code() == Some(code)
}

fn ensure(is_so: bool, otherwise: &str) -> Outcome {
    if is_so { Ok(()) } else { Err(otherwise.into()) }
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
