//! `GET /oauth/authorize`, and the redirect back to the application.

use super::access::Scope;
use super::grants::CodeGrant;
use super::token::reject_repeated;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Problem, Reply, redirect};
use crate::settings::CodeForm;
use crate::world::apps::App;
use crate::world::provider::Provider;
use crate::world::users::UserKey;
use http::StatusCode;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A validated authorization request.
pub(crate) struct AuthorizeRequest {
    pub(crate) app: App,
    pub(crate) user: UserKey,
    pub(crate) scope: Scope,
    pub(crate) state: Option<String>,
    /// The providers of which the user can connect an account.
    pub(crate) providers: Vec<Provider>,
}

impl Connect<'_> {
    pub(crate) fn authorize(&mut self, call: &Call) -> Result<Reply, Problem> {
        let request = self.authorize_request(call)?;
        self.world.load_user(&request.user);
        let reply = if self.world.settings.oauth.auto_consent {
            self.connect_offered(&request);
            self.approve(call, &request)?
        } else {
            let query = call.request.uri().query().unwrap_or("");
            redirect(&format!("/api/oauth/providers?{query}"))?
        };
        Ok(self.with_cookie(reply))
    }

    /// Validates the authorization request. Ignores the `redirect_uri` of the query, because only the
    /// registered redirect URI is used.
    pub(crate) fn authorize_request(&self, call: &Call) -> Result<AuthorizeRequest, Problem> {
        reject_repeated(call.query_pairs().iter().filter(|(name, _)| !name.starts_with("provider")))?;
        let client = call.query("client_id").and_then(|id| self.world.registered(id));
        let client = client.ok_or_else(|| Problem::plain(StatusCode::UNAUTHORIZED, "Invalid Client"))?;
        if call.query("response_type").is_some_and(|kind| kind != "code") {
            return Err(Problem::bad_request("response_type must be code"));
        }
        let user = call.query("user_id").ok_or_else(|| Problem::bad_request("user_id is required"))?;
        let scope = Scope::parse(call.query("scope"))
            .ok_or_else(|| Problem::bad_request("scope must be free-busy, read or read-write"))?;
        let state = call.query("state").map(str::to_owned);
        let user = UserKey { client: client.id, id: user.to_owned() };
        Ok(AuthorizeRequest { app: client.app, user, scope, state, providers: offered(call) })
    }

    /// Connects an account of every offered provider, up to `account_limit`. For a user of a seed, connects
    /// only providers that the user has in the seed.
    fn connect_offered(&mut self, request: &AuthorizeRequest) {
        let seeded =
            self.world.seeded.get(&request.user.id).map(|seeded| seeded.keys().copied().collect::<Vec<_>>());
        for provider in &request.providers {
            if seeded.as_ref().is_none_or(|seeded| seeded.contains(provider)) {
                // An account over the limit is not connected; `limitReached` reports the limit.
                let _ = self.world.connect(&request.user, *provider, false);
            }
        }
    }

    /// Redirects to the application with a code.
    pub(crate) fn approve(&mut self, call: &Call, request: &AuthorizeRequest) -> Result<Reply, Problem> {
        let redirect_uri = request.app.redirect_uri.clone();
        let by_user = self.world.settings.connect.code == CodeForm::UserId;
        let code = if by_user { request.user.id.clone() } else { self.world.random.token(32) };
        self.own.grants.add_code(
            code.clone(),
            CodeGrant {
                user: request.user.id.clone(),
                client: request.user.client.clone(),
                redirect_uri: redirect_uri.clone(),
                scope: request.scope,
                issued: call.now,
            },
        );
        redirect(&with_query(&redirect_uri, &[("code", Some(&code)), ("state", request.state.as_deref())]))
    }

    /// Redirects to the application with `error=access_denied`.
    pub(crate) fn deny(&self, request: &AuthorizeRequest) -> Result<Reply, Problem> {
        let parameters = [("error", Some("access_denied")), ("state", request.state.as_deref())];
        redirect(&with_query(&request.app.redirect_uri, &parameters))
    }

    fn with_cookie(&mut self, reply: Reply) -> Reply {
        let id = self.world.random.token(16);
        set_session(reply, &id)
    }
}

const SESSION_COOKIE: &str = "oauth_req";

pub(super) fn session(call: &Call) -> Option<&str> {
    let cookies = call.header(COOKIE)?.split(';').filter_map(|pair| pair.trim().split_once('='));
    cookies
        .into_iter()
        .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

pub(super) fn set_session(mut reply: Reply, id: &str) -> Reply {
    let cookie = format!("{SESSION_COOKIE}={id}; Max-Age=7200; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        reply.headers_mut().insert(SET_COOKIE, cookie);
    }
    reply
}

/// Reads the parameter `providers`: comma-separated names, in one or several parameters.
///
/// Ignores unknown names. If no name is known, offers all providers.
fn offered(call: &Call) -> Vec<Provider> {
    let mut providers: Vec<_> = call
        .query_all("providers")
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter_map(Provider::parse)
        .collect();
    providers.sort();
    providers.dedup();
    if providers.is_empty() { Provider::ALL.to_vec() } else { providers }
}

/// The characters to percent-encode: all except the unreserved characters (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends parameters to the query of a URI, before its fragment.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let (base, fragment) = uri.split_once('#').map_or((uri, None), |(base, fragment)| (base, Some(fragment)));
    let mut result = base.to_owned();
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        let separator = match result.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        result.push_str(separator);
        result.push_str(&format!("{name}={}", utf8_percent_encode(value, ESCAPED)));
    }
    if let Some(fragment) = fragment {
        result.push('#');
        result.push_str(fragment);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_and_fragment_of_redirect_uri_are_kept() {
        let add = |uri| with_query(uri, &[("code", Some("a b/é")), ("none", None), ("state", Some("x&y"))]);
        assert_eq!(add("http://h/cb"), "http://h/cb?code=a%20b%2F%C3%A9&state=x%26y");
        assert_eq!(add("http://h/cb?a=1"), "http://h/cb?a=1&code=a%20b%2F%C3%A9&state=x%26y");
        assert_eq!(add("http://h/cb?#f"), "http://h/cb?code=a%20b%2F%C3%A9&state=x%26y#f");
    }
}
