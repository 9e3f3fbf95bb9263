//! `GET /oauth/authorize`, and the redirect back to the application.

use super::access::Scope;
use super::grants::Code;
use super::token::once;
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

/// What an application asked for at authorize.
pub(crate) struct AuthorizeRequest {
    pub(crate) app: App,
    pub(crate) user: UserKey,
    pub(crate) scope: Scope,
    pub(crate) state: Option<String>,
    /// The providers the picker offers.
    pub(crate) providers: Vec<Provider>,
}

impl Connect<'_> {
    pub(crate) fn authorize(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        self.world.load_user(&asked.user);
        let reply = if self.world.settings.oauth.auto_consent {
            self.connect_offered(&asked);
            self.approve(call, &asked)?
        } else {
            let query = call.request.uri().query().unwrap_or("");
            redirect(&format!("/api/oauth/providers?{query}"))?
        };
        Ok(self.with_cookie(reply))
    }

    /// The request, checked; the redirect URI of the query is ignored, the stored one wins.
    pub(crate) fn authorize_request(&self, call: &Call) -> Result<AuthorizeRequest, Problem> {
        once(call.query_pairs().iter().filter(|(name, _)| !name.starts_with("provider")))?;
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

    /// Consent without a page: every account offered, up to the limit. A user of a seed has the accounts of the seed.
    fn connect_offered(&mut self, asked: &AuthorizeRequest) {
        let seeded =
            self.world.seeded.get(&asked.user.id).map(|seeded| seeded.keys().copied().collect::<Vec<_>>());
        for provider in &asked.providers {
            if seeded.as_ref().is_none_or(|seeded| seeded.contains(provider)) {
                // Over the limit the remaining accounts are not connected; `limitReached` says so.
                let _ = self.world.connect(&asked.user, *provider, false);
            }
        }
    }

    /// Sends the browser back with a code.
    pub(crate) fn approve(&mut self, call: &Call, asked: &AuthorizeRequest) -> Result<Reply, Problem> {
        let redirect_uri = asked.app.redirect_uri.clone();
        let by_user = self.world.settings.connect.code == CodeForm::UserId;
        let code = if by_user { asked.user.id.clone() } else { self.world.random.token(32) };
        self.own.grants.add_code(
            code.clone(),
            Code {
                user: asked.user.id.clone(),
                client: asked.user.client.clone(),
                redirect_uri: redirect_uri.clone(),
                scope: asked.scope,
                issued: call.now,
            },
        );
        redirect(&with_query(&redirect_uri, &[("code", Some(&code)), ("state", asked.state.as_deref())]))
    }

    /// Sends the browser back without a code.
    pub(crate) fn deny(&self, asked: &AuthorizeRequest) -> Result<Reply, Problem> {
        let parameters = [("error", Some("access_denied")), ("state", asked.state.as_deref())];
        redirect(&with_query(&asked.app.redirect_uri, &parameters))
    }

    fn with_cookie(&mut self, reply: Reply) -> Reply {
        let id = self.world.random.token(16);
        set_session(reply, &id)
    }
}

/// The cookie of a browser that came through authorize.
const SESSION: &str = "oauth_req";

/// The session of the browser behind a call.
pub(super) fn session(call: &Call) -> Option<&str> {
    let cookies = call.header(COOKIE)?.split(';').filter_map(|pair| pair.trim().split_once('='));
    cookies.into_iter().find(|(name, value)| *name == SESSION && !value.is_empty()).map(|(_, value)| value)
}

pub(super) fn set_session(mut reply: Reply, id: &str) -> Reply {
    let cookie = format!("{SESSION}={id}; Max-Age=7200; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        reply.headers_mut().insert(SET_COOKIE, cookie);
    }
    reply
}

/// A comma list or repeated keys; unknown names are passed over, and without a known one all are offered.
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

/// Everything but the unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds parameters to a URI that may already have a query, and before its fragment.
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
        result.push_str(&format!("{name}={}", utf8_percent_encode(value, COMPONENT)));
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
    fn the_query_of_the_redirect_uri_stays() {
        let add = |uri| with_query(uri, &[("code", Some("a b/é")), ("none", None), ("state", Some("x&y"))]);
        assert_eq!(add("http://h/cb"), "http://h/cb?code=a%20b%2F%C3%A9&state=x%26y");
        assert_eq!(add("http://h/cb?a=1"), "http://h/cb?a=1&code=a%20b%2F%C3%A9&state=x%26y");
        assert_eq!(add("http://h/cb?#f"), "http://h/cb?code=a%20b%2F%C3%A9&state=x%26y#f");
    }
}
