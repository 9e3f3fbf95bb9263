//! The provider page and the consent pages, and the forms that these pages post.
//!
//! ```text
//! GET /oauth/providers ──connect──▶ GET /oauth/consent?provider=… ──allow──▶ back to the first page
//!        │                                        └──deny──▶ redirect with error=access_denied
//!        ├──disconnect──▶ back to the same page, without the account
//!        └──back──▶ redirect with a code, or with access_denied while nothing is connected
//! ```
//!
//! A script needs no pages: the script sends one `POST /oauth/providers` with `decision=approve`, a
//! `provider` for each account to connect, and a `withhold` for each account without calendar
//! permission.

use super::authorize::{AuthorizeRequest, session, set_session};
use crate::call::Call;
use crate::connect::Connect;
use crate::pages::{self, Notice, Page};
use crate::reply::{Problem, Reply, html, redirect};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::users::LimitReached;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use sha2::{Digest as _, Sha256};

impl Connect<'_> {
    /// `GET /oauth/providers`: shows the connected accounts, and the providers that can be connected.
    pub(crate) fn provider_page(&mut self, call: &Call) -> Result<Reply, Problem> {
        let request = self.authorize_request(call)?;
        self.world.load_user(&request.user);
        Ok(self.show_providers(call, &request, None))
    }

    /// `POST /oauth/providers`: connects or disconnects accounts, or returns to the application.
    pub(crate) fn return_to_app(&mut self, call: &Call) -> Result<Reply, Problem> {
        let request = self.authorize_request(call)?;
        self.world.load_user(&request.user);
        let form = ConsentForm::read(call);
        match form.first("decision") {
            Some("back") if self.world.users.get(&request.user).is_some_and(|user| !user.is_empty()) => {
                self.approve(call, &request)
            }
            Some("back" | "deny") => self.deny(&request),
            Some("approve") => self.connect_and_approve(call, &request, &form),
            Some("disconnect") => self.disconnect_on_page(call, &request, &form),
            _ => Err(Problem::bad_request("decision must be back, approve, deny or disconnect")),
        }
    }

    /// `GET /oauth/consent`: shows the consent page of the provider.
    pub(crate) fn consent_page(&mut self, call: &Call) -> Result<Reply, Problem> {
        let request = self.authorize_request(call)?;
        let provider = requested_provider(call, &request)?;
        self.world.load_user(&request.user);
        let notice = self.world.limit_reached(&request.user).then_some(Notice::LimitReached);
        Ok(self.show_consent(call, &request, provider, notice))
    }

    /// `POST /oauth/consent`: connects the account, or denies the request.
    ///
    /// A checkbox of the form sets whether the account has calendar permission.
    pub(crate) fn consent(&mut self, call: &Call) -> Result<Reply, Problem> {
        let request = self.authorize_request(call)?;
        let provider = requested_provider(call, &request)?;
        self.world.load_user(&request.user);
        let form = ConsentForm::read(call);
        match form.first("decision") {
            Some("deny") => self.deny(&request),
            Some("allow") => {
                match self.world.connect(&request.user, provider, form.first("calendars").is_none()) {
                    Ok(()) => redirect(&format!("/api/oauth/providers?{}", authorize_query(call))),
                    Err(LimitReached) => {
                        Ok(self.show_consent(call, &request, provider, Some(Notice::LimitReached)))
                    }
                }
            }
            _ => Err(Problem::bad_request("decision must be allow or deny")),
        }
    }

    /// Disconnects an account. Requires the CSRF token, so that no other site can submit the form.
    fn disconnect_on_page(
        &mut self,
        call: &Call,
        request: &AuthorizeRequest,
        form: &ConsentForm,
    ) -> Result<Reply, Problem> {
        let expected = session(call).map(|session| self.csrf(session, request));
        let shown = expected.is_some_and(|expected| form.first("csrf") == Some(&expected));
        if !shown || crate::guard::is_cross_site(&call.request, &self.world.origin) {
            return Err(Problem::plain(
                StatusCode::FORBIDDEN,
                "The form was not sent from this browser's provider page: open the provider page again",
            ));
        }
        let provider = form.first("provider").and_then(Provider::parse);
        let provider = provider.ok_or_else(|| Problem::bad_request("provider is not supported"))?;
        self.world.disconnect_account(&request.user, provider);
        redirect(&format!("/api/oauth/providers?{}", authorize_query(call)))
    }

    /// Returns the CSRF token of a session and a user.
    ///
    /// The token depends on the user, because all ports of a host share cookies: another server on
    /// this machine can set an attacker's session cookie in the victim's browser. A token that
    /// depends only on the session would then be the same for the attacker and the victim.
    fn csrf(&self, session: &str, request: &AuthorizeRequest) -> String {
        let secret = Random::named(self.world.settings.itself.seed.0, &["csrf"]).token(32);
        let parts = json!([secret, session, request.user.client, request.user.id]);
        URL_SAFE_NO_PAD.encode(Sha256::digest(parts.to_string()))
    }

    /// Connects all accounts of the form. If the accounts exceed the account limit, connects none.
    fn connect_and_approve(
        &mut self,
        call: &Call,
        request: &AuthorizeRequest,
        form: &ConsentForm,
    ) -> Result<Reply, Problem> {
        let known = |name| form.all(name).filter_map(Provider::parse).collect::<Vec<_>>();
        let (mut chosen, withheld) = (known("provider"), known("withhold"));
        chosen.retain(|provider| request.providers.contains(provider));
        if chosen.is_empty() {
            return Err(Problem::bad_request("Choose at least one provider"));
        }
        let before = self.world.users.get(&request.user).cloned();
        for provider in chosen {
            if self.world.connect(&request.user, provider, withheld.contains(&provider)).is_err() {
                self.world.users.insert(request.user.clone(), before.unwrap_or_default());
                return Ok(self.show_providers(call, request, Some(Notice::LimitReached)));
            }
        }
        self.approve(call, request)
    }

    fn show_providers(&mut self, call: &Call, request: &AuthorizeRequest, notice: Option<Notice>) -> Reply {
        let known = session(call).map(str::to_owned);
        let session = known.clone().unwrap_or_else(|| self.world.random.token(16));
        let csrf = self.csrf(&session, request);
        let connected = |provider: Provider| {
            let connection = self.world.users.get(&request.user)?.get(&provider)?;
            Some((connection.account.as_str(), !self.withholds(provider, connection)))
        };
        let accounts: Vec<_> =
            request.providers.iter().map(|provider| (*provider, connected(*provider))).collect();
        let page = Page { csrf: &csrf, ..page(call, request, authorize_query(call), notice) };
        let reply = with_security_headers(html(pages::providers(&page, &accounts)), request, notice);
        if known.is_some() { reply } else { set_session(reply, &session) }
    }

    fn show_consent(
        &self,
        call: &Call,
        request: &AuthorizeRequest,
        provider: Provider,
        notice: Option<Notice>,
    ) -> Reply {
        let account = crate::world::users::account(&request.user.id, provider);
        let page = page(call, request, authorize_query(call), notice);
        with_security_headers(html(pages::consent(&page, provider, &account)), request, notice)
    }
}

struct ConsentForm(Vec<(String, String)>);

impl ConsentForm {
    fn read(call: &Call) -> Self {
        Self(form_urlencoded::parse(call.body()).into_owned().collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }
}

fn page<'a>(
    call: &'a Call,
    request: &'a AuthorizeRequest,
    query: &'a str,
    notice: Option<Notice>,
) -> Page<'a> {
    let accepted = call.header(http::header::ACCEPT_LANGUAGE);
    Page {
        words: pages::words_for(call.query("lng"), accepted),
        theme: call.query("theme"),
        app: request.app.display_name.as_deref(),
        user: &request.user.id,
        query,
        notice,
        csrf: "",
    }
}

fn requested_provider(call: &Call, request: &AuthorizeRequest) -> Result<Provider, Problem> {
    let provider = call.query("provider").and_then(Provider::parse);
    provider
        .filter(|provider| request.providers.contains(provider))
        .ok_or_else(|| Problem::bad_request("provider must be one of the providers that the sign-in offers"))
}

/// Returns the query of the authorization request, without the `provider` of the consent page.
fn authorize_query(call: &Call) -> &str {
    let query = call.request.uri().query().unwrap_or("");
    match query.split_once('&') {
        Some((first, rest)) if first.starts_with("provider=") => rest,
        _ => query,
    }
}

fn with_security_headers(mut reply: Reply, request: &AuthorizeRequest, notice: Option<Notice>) -> Reply {
    if notice.is_some() {
        *reply.status_mut() = StatusCode::FORBIDDEN;
    }
    pages::secured(reply, &form_action(&request.app.redirect_uri))
}

/// Returns the `form-action` policy. The policy includes the origin of the application, because browsers also
/// apply the policy to the redirect after a form is posted.
fn form_action(redirect_uri: &str) -> String {
    let Some((scheme, rest)) = redirect_uri.split_once("://") else { return String::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    match scheme {
        "http" | "https" if plain => format!("; form-action 'self' {scheme}://{authority}"),
        "http" | "https" => String::new(),
        _ => format!("; form-action 'self' {scheme}:"),
    }
}
