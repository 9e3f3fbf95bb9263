//! Requests to the token endpoint, and reading its responses (RFC 6749 5).

use std::time::Duration;

use connect_types::{Auth, Body, ErrorBody, ResponseBody, TokenResponse};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::{
    app::{App, RequestTemplate},
    base::{Error, ErrorKind, FreshConnection, Now, Request, Response, Secret, SignInFault},
    endpoint::answer,
    oauth::{ClientAuth, Relay, Revocation},
    tokens::{Claims, Tokens},
};

/// The error of a response without tokens.
pub(crate) enum TokenRequestError {
    /// The grant is used up, revoked or invalid.
    Final(Error),
    /// The server refused the grant, but the refusal may be temporary.
    Recoverable(Error),
    /// Any other error. The grant may still be valid.
    Other(Error),
}

impl TokenRequestError {
    pub(crate) fn into_error(self) -> Error {
        let (Self::Final(error) | Self::Recoverable(error) | Self::Other(error)) = self;
        error
    }
}

/// The longest time from taking the lock to sending the exchange. The [`lease`] includes this time.
pub(crate) const MAX_EXCHANGE_DELAY: Duration = Duration::from_secs(5);

/// Returns the lease of the store's lock. The lease outlasts the exchange and the save of the new pair.
pub(crate) fn lease(app: &App) -> Duration {
    app.config().exchange_timeout.saturating_add(Duration::from_secs(15))
}

/// Returns the request that exchanges a code (RFC 6749 4.1.3, RFC 7636 4.5).
pub(crate) fn exchange_request(
    app: &App,
    code: &Secret,
    redirect_uri: &str,
    verifier: Option<&Secret>,
) -> Result<Request, Error> {
    let code = ("code", code.expose().to_owned());
    let verifier = verifier.map(|verifier| ("code_verifier", verifier.expose().to_owned()));
    if let Some(relay) = &app.profile().relay {
        return relay_request(app, relay, &relay.auth_url, [code].into_iter().chain(verifier).collect());
    }
    let grant = ("grant_type", "authorization_code".to_owned());
    let redirect_uri = ("redirect_uri", redirect_uri.to_owned());
    form_request(
        app,
        &app.profile().token_url,
        [grant, code, redirect_uri].into_iter().chain(verifier).collect(),
    )
}

/// Returns the request for a refresh (RFC 6749 6). The request has no scope, so the scope of the
/// sign-in applies.
pub(crate) fn refresh_request(app: &App, refresh_token: &Secret) -> Result<Request, Error> {
    let profile = app.profile();
    let token = ("refresh_token", refresh_token.expose().to_owned());
    if let Some(relay) = &profile.relay {
        return relay_request(app, relay, &relay.refresh_url, vec![token]);
    }
    let grant = ("grant_type", "refresh_token".to_owned());
    let redirect_uri = app.config().redirect_uri.clone().filter(|_| profile.redirect_uri_on_refresh);
    let redirect_uri = redirect_uri.map(|uri| ("redirect_uri", uri));
    form_request(app, &profile.token_url, [grant, token].into_iter().chain(redirect_uri).collect())
}

/// Returns the request that revokes a user's tokens, or `None` if the server has no revocation.
///
/// If there is a refresh token, the request contains only the refresh token, because the server also revokes
/// the access tokens that belong to it (RFC 7009 2.1).
pub(crate) fn revocation_request(app: &App, tokens: &Tokens) -> Option<Result<Request, Error>> {
    let (token, hint) = match &tokens.refresh_token {
        Some(token) => (token, "refresh_token"),
        None => (&tokens.access_token, "access_token"),
    };
    let token = ("token", token.expose().to_owned());
    Some(match &app.profile().revocation {
        Revocation::None => return None,
        Revocation::Form(url) => form_request(app, url, vec![token, ("token_type_hint", hint.to_owned())]),
        Revocation::TokenAlone(url) => {
            post_request(app, url, Auth::None, HeaderMap::new(), Body::Form(vec![token]))
        }
        Revocation::Json(url) => {
            let body = serde_json::json!({ "token": token.1 }).to_string();
            post_request(app, url, Auth::None, HeaderMap::new(), Body::Json(body))
        }
    })
}

/// Returns whether the response says that the tokens are revoked, now or earlier (RFC 7009 2.2).
pub(crate) fn is_revoked(app: &App, response: &Response) -> bool {
    let body = || answer::from_json::<ErrorBody>(response.body()).unwrap_or_default();
    let gone = matches!(app.profile().revocation, Revocation::TokenAlone(_))
        && response.status() == StatusCode::BAD_REQUEST
        && body().error.as_deref() == Some("invalid_token");
    response.status().is_success() || gone
}

/// Checks that the access token was issued for the user and the client, if the token is a JWT.
pub(crate) fn check_token_owner(app: &App, user: &str, tokens: &Tokens) -> Result<(), Error> {
    if app.profile().user_parameter.is_none() {
        return Ok(()); // this server does not know the application's user ids
    }
    let Some(claims) = Claims::of(&tokens.access_token) else { return Ok(()) };
    let fault = if !claims.is_user(user) {
        SignInFault::WrongUser
    } else if !claims.is_client(&app.config().client_id) {
        SignInFault::WrongClient
    } else {
        return Ok(());
    };
    Err(Error::sign_in(fault).with_message("the tokens were not saved"))
}

/// Returns a form request with the client's credentials, in a header or in the form (RFC 6749 2.3).
fn form_request(app: &App, url: &str, mut fields: Vec<(&'static str, String)>) -> Result<Request, Error> {
    let config = app.config();
    match &config.client_secret {
        None => fields.push(("client_id", config.client_id.clone())),
        Some(secret) if app.profile().client_auth == ClientAuth::Body => {
            fields.push(("client_id", config.client_id.clone()));
            fields.push(("client_secret", secret.expose().to_owned()));
        }
        Some(_) => {}
    }
    post_request(app, url, Auth::Client, HeaderMap::new(), Body::Form(fields))
}

/// Returns a form request to a relay. The relay adds the client's credentials.
fn relay_request(
    app: &App,
    relay: &Relay,
    url: &str,
    fields: Vec<(&'static str, String)>,
) -> Result<Request, Error> {
    let wrong = |_: http::Error| {
        Error::configuration("the profile's relay has a header with an invalid name or value")
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-requested-with", HeaderValue::from_static("XmlHttpRequest"));
    for (name, value) in &relay.headers {
        let mut value = HeaderValue::from_str(value.expose()).map_err(|error| wrong(error.into()))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name.as_str()).map_err(|error| wrong(error.into()))?, value);
    }
    post_request(app, url, Auth::None, headers, Body::Form(fields))
}

fn post_request(app: &App, url: &str, auth: Auth, headers: HeaderMap, body: Body) -> Result<Request, Error> {
    let uri = url
        .parse()
        .map_err(|_| Error::configuration(format!("the profile has an invalid endpoint URL: {url:?}")))?;
    let template = RequestTemplate::for_uri(Method::POST, uri, auth, headers, body);
    let mut request = template.request(app, None, app.config().exchange_timeout);
    request.extensions_mut().insert(FreshConnection);
    Ok(request)
}

/// Returns an error if the token endpoint has a cool-down.
pub(crate) fn cool_down_error(app: &App, now: Now) -> Option<Error> {
    let left = app.exchange_cool_down().left(None, now);
    let error = Error::new(ErrorKind::RateLimited).with_retry_after(Some(left));
    (!left.is_zero()).then(|| error.with_message("the token endpoint asked to wait before the next request"))
}

/// Returns the error of a response with a 2xx status and `success: false` in its body.
fn refused_with_success(response: &Response) -> TokenRequestError {
    let reason = answer::refusal_message(response.body()).filter(|reason| !reason.is_empty());
    let reason = reason.unwrap_or_else(|| "no reason given".to_owned());
    let error = Error::new(ErrorKind::Http).with_status(response.status()).with_may_have_happened(true);
    TokenRequestError::Other(error.with_message(format!("the token endpoint refused the request: {reason}")))
}

/// Returns the tokens of a response. A scope or refresh token that the response omits is copied from
/// `before`.
pub(crate) fn read_tokens(
    app: &App,
    response: &Response,
    before: Option<&Tokens>,
    now: Now,
) -> Result<Tokens, TokenRequestError> {
    let status = response.status();
    if status.is_success() {
        return match answer::from_json::<TokenResponse>(response.body()) {
            // The token type is checked only after the exchange of a code (RFC 6749 7.1). A refresh accepts
            // every type, because the old refresh token may be used up.
            Ok(answer) if before.is_none() && !is_bearer(&answer) => {
                let error = Error::new(ErrorKind::Http).with_status(status).with_may_have_happened(true);
                Err(TokenRequestError::Other(
                    error.with_message("the token endpoint returned a token whose type is not `Bearer`"),
                ))
            }
            Ok(answer) if before.is_none() && answer.refused().is_some() => {
                Err(refused_with_success(response))
            }
            Ok(answer) => Ok(Tokens::from_response(answer, before, app.entropy().text(), now.wall)),
            Err(_) if answer::refusal_message(response.body()).is_some() => {
                Err(refused_with_success(response))
            }
            Err(error) => {
                Err(TokenRequestError::Other(error.with_status(status).with_may_have_happened(true)))
            }
        };
    }
    let body: ErrorBody = answer::from_json(response.body()).unwrap_or_default();
    let mut error = answer::classify(response, None, now.wall);
    if let Some(code) = &body.error {
        error = error.with_server_code(code.as_str()); // takes precedence over `code` (RFC 6749 5.2)
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        if let Some(wait) = error.retry_after() {
            app.exchange_cool_down().begin(None, wait, now);
        }
    }
    let text = error.message().unwrap_or("the token endpoint gave no reason").to_owned();
    // An error code is a refusal of the grant only with status 400 or 401 (RFC 6749 5.2).
    let is_refusal = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED);
    let is_one_of = |codes: &[String]| {
        is_refusal && body.error.as_ref().is_some_and(|code| codes.iter().any(|known| known == code))
    };
    let (profile, refused) = (app.profile(), error.clone().with_kind(ErrorKind::Authentication));
    if is_one_of(&profile.final_errors) {
        return Err(TokenRequestError::Final(refused.with_message(text)));
    }
    if is_one_of(&profile.recoverable_errors) {
        return Err(TokenRequestError::Recoverable(refused.with_message(text)));
    }
    Err(match body.error.as_deref() {
        _ if status == StatusCode::TOO_MANY_REQUESTS => TokenRequestError::Other(error),
        Some("temporarily_unavailable") => TokenRequestError::Other(error.with_kind(ErrorKind::Server)),
        Some("invalid_client" | "unauthorized_client") if status.is_client_error() => {
            TokenRequestError::Other(
                error
                    .with_kind(ErrorKind::Configuration)
                    .with_message(format!("the service does not accept the client id and secret: {text}")),
            )
        }
        _ => {
            // These kinds describe the object of a call, such as a missing event, but not tokens.
            let error = match error.kind() {
                ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Permission { .. } => error
                    .with_kind(ErrorKind::Http)
                    .with_message(format!("error of the token endpoint: {text}")),
                _ => error,
            };
            let unknown = status.is_server_error();
            TokenRequestError::Other(error.with_may_have_happened(unknown))
        }
    })
}

fn is_bearer(answer: &TokenResponse) -> bool {
    answer.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
}
