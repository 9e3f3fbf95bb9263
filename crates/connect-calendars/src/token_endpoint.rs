//! The server half of the Mobiscroll calendar integration with `auth: 'server'`. It serves `authUrl` and
//! `refreshUrl`.
//!
//! ```text
//! page      POST authUrl (code)                      200 access_token, expires_in, scope
//!             │                                        ^
//!             v                                        │
//! server    refuse(head) ─> read body ─> accept(..) ─> Accepted { work } ─> client ─> reply(outcome)
//!             │ 204 404 405          │ 413 401               │
//!             │ 403 415 413          │ 403 400               v
//!             v                      v               the token endpoint, once
//!           reply                  reply
//! ```
//!
//! The module does no I/O, so it works with any HTTP server and with both clients. [`Accepted::work`] is the
//! call to make with the client, and [`Accepted::reply`] converts the result to the response.
//!
//! ```
//! use connect_blocking::{Client, Request, Response, oauth::POSTMESSAGE};
//! use connect_calendars::{google, token_endpoint::{TokenEndpoint, Visitor, Work}};
//!
//! fn serve(
//!     endpoint: &TokenEndpoint,
//!     connect: &Client,
//!     request: &Request,
//!     visitor: Option<&Visitor>,
//! ) -> Response {
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
//!     let tokens = r#"{"access_token":"1/a","refresh_token":"1//r","token_type":"Bearer","expires_in":59}"#;
//!     Ok(Response::new(tokens.into()))
//! };
//! let connect = Client::builder("id", "secret").redirect_uri(POSTMESSAGE)
//!     .profile(google::profile())
//!     .transport(google)
//!     .build()?;
//! let endpoint = TokenEndpoint::new("https://app.example")?;
//!
//! let request = http::Request::post("/auth")
//!     .header("origin", "https://app.example")
//!     .header("x-requested-with", "XmlHttpRequest")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body("code=4%2F0Ab".into())?;
//! let visitor = Visitor::new("user-123"); // the user of the application's session
//! let reply = serve(&endpoint, &connect, &request, Some(&visitor));
//! assert_eq!(reply.status(), 200);
//! assert!(!reply.body().windows(4).any(|part| part == b"1//r"), "the refresh token stays on the server");
//! assert_eq!(serve(&endpoint, &connect, &request, None).status(), 401);
//! # Ok(()) }
//! ```
//!
//! Rules:
//!
//! * Only pages of the configured origins are served. A request of a page with another origin is refused and
//!   causes no request to the authorization server. The response has no CORS headers, so the page
//!   cannot read the response.
//! * Only users of the application are served. A request without a [`Visitor`] is refused.
//! * The HTTP server must limit the rate of requests, because this module does not. By default, the tokens of
//!   a user are refreshed at most once a minute ([`max_age`](TokenEndpoint::max_age)).
//! * The refresh token stays on the server, in the token store of the client, unless
//!   [`pass_through`](TokenEndpoint::pass_through) is set.
//! * A code is sent to the authorization server once, whatever the result.
//! * Errors are JSON with texts of this module. An error of the authorization server is passed on only as its
//!   code, and only if the code is known.
//!
//! Serve the endpoint over TLS, or behind a proxy with TLS: the module cannot check the connection.
//! The HTTP server must limit the time for reading a body.
//!
//! Google issues a refresh token only with the first consent of a user. If a page signs a user in again, the
//! page must set `prompt=consent` in the authorization URL. Without `prompt=consent`, later refreshes fail
//! with `invalid_grant`, and the user has to sign in again.
//!
//! According to its documentation, the integration posts to `refreshUrl` the refresh token that it
//! received. This endpoint sends no refresh token to the page, and ignores any refresh token that
//! the page posts. If a version of the integration calls `refreshUrl` only after it received a refresh
//! token, use [`pass_through`](TokenEndpoint::pass_through).

mod accepted;
mod answer;
mod form;
mod head;
mod origin;
mod refusal;
mod upstream;

use std::time::Duration;

use connect_core::{AuthorizationCode, Error, Grant, Request, Response};
use http::request::Parts;

pub use self::accepted::{Accepted, Visitor, Work};
use self::{
    answer::Cors,
    form::Form,
    head::{Head, Paths, Route},
    origin::Origin,
    refusal::Refusal,
};

/// The token endpoint of one application: see [the module](self).
///
/// Requests are forms sent with `POST`, `X-Requested-With: XMLHttpRequest` and an allowed `Origin`:
///
/// | path | field | |
/// |---|---|---|
/// | `/auth` | `code` | the authorization code |
/// | | `code_verifier` | for a code requested with a challenge (RFC 7636 4.5) |
/// | | `state` | the [`nonce`](Visitor::nonce) of the visitor, if set |
/// | `/refresh` | `refresh_token` | only with [`pass_through`](Self::pass_through) |
///
/// Other fields and the query are ignored. The path of the request is compared exactly, without decoding.
/// With [`action_path`](Self::action_path), both have one path, and the query parameter `action` is `auth` or
/// `refresh`.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    origins: Vec<Origin>,
    missing_origin: bool,
    credentials: bool,
    paths: Paths,
    pass_through: bool,
    max_age: Duration,
    body_limit: usize,
}

impl TokenEndpoint {
    /// Creates an endpoint for pages of this origin, such as `https://app.example`.
    ///
    /// # Errors
    /// If [`allow_origin`](Self::allow_origin) refuses the origin.
    pub fn new(origin: &str) -> Result<Self, Error> {
        Ok(Self {
            origins: vec![Origin::new(origin)?],
            missing_origin: false,
            credentials: false,
            paths: Paths::Two { auth: "/auth".to_owned(), refresh: "/refresh".to_owned() },
            pass_through: false,
            max_age: Duration::from_secs(60),
            body_limit: 16 << 10,
        })
    }

    /// Also serves pages of this origin: scheme, host and port (RFC 6454 6.2), without patterns.
    ///
    /// # Errors
    /// If the text is not an origin, or if its scheme is `http` and its host is not loopback. Anyone on the
    /// network path can change a page that is loaded over `http`, and read its tokens.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, Error> {
        self.origins.push(Origin::new(origin)?);
        Ok(self)
    }

    /// Also serves requests without an `Origin`, unless `Sec-Fetch-Site` marks the request as cross-origin.
    /// Browsers always send an `Origin` with `POST`. Call this method if programs other than browsers use the
    /// endpoint.
    #[must_use]
    pub fn allow_missing_origin(mut self) -> Self {
        self.missing_origin = true;
        self
    }

    /// Lets pages of the allowed origins send cookies (`Access-Control-Allow-Credentials`). This
    /// option is off by default. Call this method only if the session of the application is a
    /// cookie and the pages have another origin than this endpoint. If the pages are on another
    /// site, the cookie also needs `SameSite=None; Secure`.
    #[must_use]
    pub fn allow_credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// Sets the paths of `authUrl` and `refreshUrl`. Default: `/auth` and `/refresh`.
    ///
    /// # Errors
    /// If a path does not begin with a slash, a path has a query or fragment, or the two paths are equal.
    pub fn paths(mut self, auth: impl Into<String>, refresh: impl Into<String>) -> Result<Self, Error> {
        let (auth, refresh) = (auth.into(), refresh.into());
        if !is_path(&auth) || !is_path(&refresh) || auth == refresh {
            return Err(Error::configuration(
                "the paths of the token endpoint must be different and begin with a slash, without `?` and `#`",
            ));
        }
        self.paths = Paths::Two { auth, refresh };
        Ok(self)
    }

    /// Serves `authUrl` at `path?action=auth` and `refreshUrl` at `path?action=refresh`.
    ///
    /// The PHP sample of the calendar integration has such a path.
    ///
    /// # Errors
    /// If the path does not begin with a slash, or has a query or fragment.
    pub fn action_path(mut self, path: impl Into<String>) -> Result<Self, Error> {
        let path = path.into();
        if !is_path(&path) {
            return Err(Error::configuration(
                "the path of the token endpoint must begin with a slash, without `?` and `#`",
            ));
        }
        self.paths = Paths::Action(path);
        Ok(self)
    }

    /// Sends the refresh token to the page. The page sends the token back for each refresh. The server stores
    /// nothing, like the sample servers of the calendar integration.
    ///
    /// A refresh token in the page is less secure than a refresh token on the server. A script
    /// injected into the page obtains a credential that outlives the page. Any user of the
    /// application can exchange any refresh token, and the number of refreshes is not limited. Only tokens of
    /// Mobiscroll Connect that are JSON Web Tokens are checked: they must be those of the [`Visitor`].
    #[must_use]
    pub fn pass_through(mut self) -> Self {
        self.pass_through = true;
        self
    }

    /// Sets the age up to which the endpoint returns the current access token instead of a new one.
    ///
    /// This age is the minimum interval between two refreshes of a user. The default is 60 s. The
    /// age has no effect with [`pass_through`](Self::pass_through).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets the largest accepted body, in bytes. Default 16 KiB.
    #[must_use]
    pub fn limit_body(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Returns the largest accepted body, in bytes. If a body is larger, respond with
    /// [`too_large`](Self::too_large).
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Returns the response to a preflight, or to a request that is refused because of its head.
    ///
    /// Returns `None` if the head is accepted. [`accept`](Self::accept) makes the same checks, but needs the
    /// body.
    pub fn refuse(&self, head: &Parts) -> Option<Response> {
        self.check(&head.into()).err()
    }

    /// Returns the response to a request with a body that is too large or cannot be read.
    ///
    /// The limit is [`body_limit`](Self::body_limit).
    pub fn too_large(&self, head: &Parts) -> Response {
        let head = Head::from(head);
        self.check(&head).err().unwrap_or_else(|| Cors::of(self, head.headers).refuse(&Refusal::TOO_LARGE))
    }

    /// Returns the call to make for a request, or the response to a request that is refused.
    ///
    /// `visitor` is the signed-in user whose page sent the request. The server finds this user through the
    /// session of the application, such as a session cookie.
    #[allow(clippy::result_large_err, reason = "the error is the response, which is built once per request")]
    pub fn accept(&self, request: &Request, visitor: Option<&Visitor>) -> Result<Accepted, Response> {
        let head = Head::from(request);
        let endpoint = self.check(&head)?;
        let cors = Cors::of(self, head.headers);
        match self.read(endpoint, request.body(), visitor) {
            Ok((visitor, work)) => Ok(Accepted::new(visitor, work, cors, self.pass_through)),
            Err(refusal) => Err(cors.refuse(&refusal)),
        }
    }

    fn read<'a>(
        &self,
        endpoint: Route,
        body: &[u8],
        visitor: Option<&'a Visitor>,
    ) -> Result<(&'a Visitor, Work), Refusal> {
        if body.len() > self.body_limit {
            return Err(Refusal::TOO_LARGE);
        }
        let visitor = visitor.filter(|visitor| visitor.has_user_id()).ok_or(Refusal::LOGIN_REQUIRED)?;
        let form = Form::parse(body)?;
        let work = match endpoint {
            Route::Auth => {
                let code = code(&form, visitor)?;
                if self.pass_through {
                    Work::Grant(Grant::AuthorizationCode(code).of_user(visitor.user()))
                } else {
                    Work::Exchange(code)
                }
            }
            Route::Refresh if self.pass_through => {
                Work::Grant(Grant::RefreshToken(form.required("refresh_token")?).of_user(visitor.user()))
            }
            Route::Refresh => Work::Tokens(self.max_age),
        };
        Ok((visitor, work))
    }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.contains(['?', '#'])
}

fn code(form: &Form, visitor: &Visitor) -> Result<AuthorizationCode, Refusal> {
    if !visitor.accepts_state(form.optional("state")) {
        return Err(Refusal::STATE);
    }
    let code = AuthorizationCode::new(form.required("code")?);
    Ok(match form.verifier()? {
        Some(verifier) => code.verifier(verifier),
        None => code,
    })
}
