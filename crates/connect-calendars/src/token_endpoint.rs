//! The server's half of Mobiscroll's calendar integration with `auth: 'server'`: what its `authUrl` and `refreshUrl` name.
//!
//! ```text
//! page      POST authUrl (code)                      200 access_token, expires_in, scope
//!             │                                        ^
//!             v                                        │
//! server    refuse(head) ─> its body ─> accept(..) ─> Asked { work } ─> client ─> reply(outcome)
//!             │ 204 404 405          │ 413 401               │
//!             │ 403 415 413          │ 403 400               v
//!             v                      v               the token endpoint, once
//!           reply                  reply
//! ```
//!
//! It does no input or output: any server hands it requests, and any client does the work. [`Asked::work`] is one thing
//! to be done, and [`Asked::reply`] makes the answer of its outcome.
//!
//! ```
//! use connect_blocking::{Client, Request, Response, oauth::POSTMESSAGE};
//! use connect_calendars::{google, token_endpoint::{TokenEndpoint, Visitor, Work}};
//!
//! fn serve(endpoint: &TokenEndpoint, connect: &Client, request: &Request, visitor: Option<&Visitor>) -> Response {
//!     match endpoint.accept(request, visitor) {
//!         Err(reply) => reply,
//!         Ok(asked) => {
//!             let user = connect.user(asked.user());
//!             let tokens = match asked.work() {
//!                 Work::Exchange(code) => user.exchange(code),
//!                 Work::Tokens(max_age) => user.tokens(*max_age),
//!                 Work::Grant(grant) => connect.grant(grant),
//!             };
//!             asked.reply(tokens)
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let google = |_: Request| {
//!     let tokens = r#"{"access_token":"1/a","refresh_token":"1//r","token_type":"Bearer","expires_in":3599}"#;
//!     Ok(Response::new(tokens.into()))
//! };
//! let connect = Client::builder("id", "secret", POSTMESSAGE).profile(google::profile()).transport(google).build()?;
//! let endpoint = TokenEndpoint::new("https://app.example")?;
//!
//! let request = http::Request::post("/auth")
//!     .header("origin", "https://app.example")
//!     .header("x-requested-with", "XmlHttpRequest")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body("code=4%2F0Ab".into())?;
//! let visitor = Visitor::new("user-123"); // who the application's own session says it is
//! let reply = serve(&endpoint, &connect, &request, Some(&visitor));
//! assert_eq!(reply.status(), 200);
//! assert!(!reply.body().windows(4).any(|part| part == b"1//r"), "the refresh token stays here");
//! assert_eq!(serve(&endpoint, &connect, &request, None).status(), 401);
//! # Ok(()) }
//! ```
//!
//! Rules it keeps:
//!
//! * Only pages of the origins that were named are served. Others are refused before anything is sent, and can read no
//!   answer (no CORS headers).
//! * Only users of the application are served: without a [`Visitor`] nothing is sent. How often one may come is for the
//!   server to limit; after one that succeeded, refreshes of a user are a minute apart.
//! * The refresh token stays on the server, with the client's token store, unless [`pass_through`](TokenEndpoint::pass_through)
//!   is chosen.
//! * A code is sent once, whatever becomes of it.
//! * Errors are JSON with texts of this module; of the authorization server's nothing but a code that is known.
//!
//! Serve it over TLS, or behind a proxy that does: that cannot be seen from here. Give reading a body a time limit of the
//! server's own.
//!
//! Google sends a refresh token with the first consent of a user only; a page that signs a user in again asks for one with
//! `prompt=consent`, or later refreshes are answered with `invalid_grant` and the user has to sign in anew. The integration
//! is documented to post the refresh token that it was given. It is given none here, and whatever it posts instead is not
//! read; should a version of it not ask `refreshUrl` without one, that version needs
//! [`pass_through`](TokenEndpoint::pass_through).

mod answer;
mod asked;
mod form;
mod head;
mod origin;
mod refusal;
mod upstream;

use std::time::Duration;

use connect_core::{AuthorizationCode, Error, Grant, Request, Response};
use http::request::Parts;

pub use self::asked::{Asked, Visitor, Work};
use self::{
    answer::Cors,
    form::Form,
    head::{Endpoint, Head},
    origin::Origin,
    refusal::Refusal,
};

/// The token endpoint of one application. See [the module](self) for how it is used.
///
/// Requests are forms sent with `POST`, `X-Requested-With: XMLHttpRequest` and an allowed `Origin`:
///
/// | path | field | |
/// |---|---|---|
/// | `/auth` | `code` | the authorization code |
/// | | `code_verifier` | of a code that was asked for with a challenge (RFC 7636 4.5) |
/// | | `state` | the visitor's [`nonce`](Visitor::nonce), where there is one |
/// | `/refresh` | `refresh_token` | with [`pass_through`](Self::pass_through); otherwise nothing is read |
///
/// Other fields are ignored, and so is a query. A path is that of the request as it is, to the letter.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    origins: Vec<Origin>,
    missing_origin: bool,
    credentials: bool,
    auth_path: String,
    refresh_path: String,
    pass_through: bool,
    max_age: Duration,
    body_limit: usize,
}

impl TokenEndpoint {
    /// An endpoint for pages of this origin, as in `https://app.example`.
    ///
    /// # Errors
    /// As of [`allow_origin`](Self::allow_origin).
    pub fn new(origin: &str) -> Result<Self, Error> {
        Ok(Self {
            origins: vec![Origin::new(origin)?],
            missing_origin: false,
            credentials: false,
            auth_path: "/auth".to_owned(),
            refresh_path: "/refresh".to_owned(),
            pass_through: false,
            max_age: Duration::from_secs(60),
            body_limit: 16 << 10,
        })
    }

    /// Serves pages of this origin as well: scheme, host and port (RFC 6454 6.2), no pattern.
    ///
    /// # Errors
    /// If it is none, or `http` of a host that is not this machine: who changes such a page on its way can read all it is
    /// given.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, Error> {
        self.origins.push(Origin::new(origin)?);
        Ok(self)
    }

    /// Takes requests without an `Origin` too, unless a browser says in `Sec-Fetch-Site` that they come from elsewhere.
    /// Every browser sends an `Origin` with a `POST`: this is for other programs that have the application's session.
    #[must_use]
    pub fn allow_missing_origin(mut self) -> Self {
        self.missing_origin = true;
        self
    }

    /// Lets pages of the allowed origins send cookies (`Access-Control-Allow-Credentials`). Needed where the application's
    /// session is a cookie and the pages are of another origin than this endpoint, and not otherwise: so it is off. From
    /// another site, the cookie needs `SameSite=None; Secure` as well.
    #[must_use]
    pub fn allow_credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Where it is. Default: `/auth` and `/refresh`.
    ///
    /// # Errors
    /// If they are not two paths.
    pub fn paths(mut self, auth: impl Into<String>, refresh: impl Into<String>) -> Result<Self, Error> {
        (self.auth_path, self.refresh_path) = (auth.into(), refresh.into());
        let is_path = |path: &String| path.starts_with('/') && !path.contains(['?', '#']);
        if !is_path(&self.auth_path) || !is_path(&self.refresh_path) || self.auth_path == self.refresh_path {
            return Err(Error::configuration(
                "the paths of the token endpoint are two that begin with a slash",
            ));
        }
        Ok(self)
    }

    /// Hands the refresh token to the page, which sends it back for each refresh, and keeps nothing here: what the
    /// sample servers of the calendar integration do. Whoever can run a script in the page then has a credential that
    /// outlives it, any user of the application can have any refresh token exchanged, and nothing keeps refreshes apart.
    #[must_use]
    pub fn pass_through(mut self) -> Self {
        self.pass_through = true;
        self
    }

    /// How young an access token has to be for a refresh to answer with it instead of getting another one: so far apart
    /// are the refreshes of one user. Default 60 s. Not with [`pass_through`](Self::pass_through).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The largest body that is read, in bytes. Default 16 KiB.
    #[must_use]
    pub fn limit_body(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How much of a body the server has to read at most, in bytes: if there is more, [`too_large`](Self::too_large) is
    /// the answer.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// The answer to a request that can be answered without its body: a preflight, or one that is refused whatever the
    /// body holds. [`accept`](Self::accept) has the same answers; this one spares the server reading the body first.
    pub fn refuse(&self, head: &Parts) -> Option<Response> {
        self.check(&head.into()).err()
    }

    /// The answer to a request whose body is larger than [`body_limit`](Self::body_limit), or could not be read.
    pub fn too_large(&self, head: &Parts) -> Response {
        let head = Head::from(head);
        self.check(&head).err().unwrap_or_else(|| Cors::of(self, head.headers).refuse(&Refusal::TOO_LARGE))
    }

    /// What a request asks for, or the answer to one that is not served. `visitor` is the signed-in user of the
    /// application that the request comes from, as the server knows it by its own session, such as a cookie.
    #[allow(clippy::result_large_err, reason = "it is the answer, made once a request")]
    pub fn accept(&self, request: &Request, visitor: Option<&Visitor>) -> Result<Asked, Response> {
        let head = Head::from(request);
        let endpoint = self.check(&head)?;
        let cors = Cors::of(self, head.headers);
        match self.read(endpoint, request.body(), visitor) {
            Ok((visitor, work)) => Ok(Asked::new(visitor, work, cors, self.pass_through)),
            Err(refusal) => Err(cors.refuse(&refusal)),
        }
    }

    fn read<'a>(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        visitor: Option<&'a Visitor>,
    ) -> Result<(&'a Visitor, Work), Refusal> {
        if body.len() > self.body_limit {
            return Err(Refusal::TOO_LARGE);
        }
        let visitor = visitor.filter(|visitor| visitor.is_somebody()).ok_or(Refusal::LOGIN_REQUIRED)?;
        let form = Form::parse(body)?;
        let work = match endpoint {
            Endpoint::Auth => {
                let code = code(&form, visitor)?;
                if self.pass_through {
                    Work::Grant(Grant::AuthorizationCode(code))
                } else {
                    Work::Exchange(code)
                }
            }
            Endpoint::Refresh if self.pass_through => {
                Work::Grant(Grant::RefreshToken(form.need("refresh_token")?))
            }
            Endpoint::Refresh => Work::Tokens(self.max_age),
        };
        Ok((visitor, work))
    }
}

fn code(form: &Form, visitor: &Visitor) -> Result<AuthorizationCode, Refusal> {
    if !visitor.sent(form.find("state")) {
        return Err(Refusal::STATE);
    }
    let code = AuthorizationCode::new(form.need("code")?);
    Ok(match form.verifier()? {
        Some(verifier) => code.verifier(verifier),
        None => code,
    })
}
