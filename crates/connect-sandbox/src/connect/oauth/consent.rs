//! The pages a user sees, and what their forms do.
//!
//! ```text
//! GET /oauth/providers ──connect──▶ GET /oauth/consent?provider=… ──allow──▶ back to the first page
//!        │                                        └──deny──▶ redirect with error=access_denied
//!        ├──disconnect──▶ back to the same page, without the account
//!        └──back──▶ redirect with a code, or with access_denied while nothing is connected
//! ```
//!
//! A script needs no pages: `POST /oauth/providers` with `decision=approve`, a `provider` for each account and perhaps
//! `withhold` for some of them does it all.

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
    /// `GET /oauth/providers`: which accounts there are and which can be connected.
    pub(crate) fn provider_page(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        self.world.load_user(&asked.user);
        Ok(self.show_providers(call, &asked, None))
    }

    /// `POST /oauth/providers`: the way back to the application.
    pub(crate) fn return_to_app(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        self.world.load_user(&asked.user);
        let form = Form::read(call);
        match form.first("decision") {
            Some("back") if self.world.users.get(&asked.user).is_some_and(|user| !user.is_empty()) => {
                self.approve(call, &asked)
            }
            Some("back" | "deny") => self.deny(&asked),
            Some("approve") => self.approve_at_once(call, &asked, &form),
            Some("disconnect") => self.disconnect_on_page(call, &asked, &form),
            _ => Err(Problem::bad_request("decision must be back, approve, deny or disconnect")),
        }
    }

    /// `GET /oauth/consent`: what the provider itself would ask.
    pub(crate) fn consent_page(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        let provider = asked_provider(call, &asked)?;
        self.world.load_user(&asked.user);
        let notice = self.world.limit_reached(&asked.user).then_some(Notice::LimitReached);
        Ok(self.show_consent(call, &asked, provider, notice))
    }

    /// `POST /oauth/consent`: allow, with or without the calendars, or deny.
    pub(crate) fn consent(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        let provider = asked_provider(call, &asked)?;
        self.world.load_user(&asked.user);
        let form = Form::read(call);
        match form.first("decision") {
            Some("deny") => self.deny(&asked),
            Some("allow") => {
                match self.world.connect(&asked.user, provider, form.first("calendars").is_none()) {
                    Ok(()) => redirect(&format!("/api/oauth/providers?{}", query_of(call))),
                    Err(LimitReached) => {
                        Ok(self.show_consent(call, &asked, provider, Some(Notice::LimitReached)))
                    }
                }
            }
            _ => Err(Problem::bad_request("decision must be allow or deny")),
        }
    }

    /// Only for a form that this browser was shown: another site could have it send one without asking.
    fn disconnect_on_page(
        &mut self,
        call: &Call,
        asked: &AuthorizeRequest,
        form: &Form,
    ) -> Result<Reply, Problem> {
        let expected = session(call).map(|session| self.csrf(session, asked));
        let shown = expected.is_some_and(|expected| form.first("csrf") == Some(&expected));
        if !shown || crate::guard::is_cross_site(&call.request, &self.world.origin) {
            return Err(Problem::plain(
                StatusCode::FORBIDDEN,
                "The form does not belong to this browser's page",
            ));
        }
        let provider = form.first("provider").and_then(Provider::parse);
        let provider = provider.ok_or_else(|| Problem::bad_request("provider is not supported"))?;
        self.world.disconnect_account(&asked.user, provider);
        redirect(&format!("/api/oauth/providers?{}", query_of(call)))
    }

    /// What the forms of a session's pages carry. It is bound to the user too: cookies do not tell ports apart, so that a
    /// page of another server on this machine could set one that it knows.
    fn csrf(&self, session: &str, asked: &AuthorizeRequest) -> String {
        let secret = Random::named(self.world.settings.itself.seed.0, &["csrf"]).token(32);
        let parts = json!([secret, session, asked.user.client, asked.user.id]);
        URL_SAFE_NO_PAD.encode(Sha256::digest(parts.to_string()))
    }

    /// All accounts of the form or none.
    fn approve_at_once(
        &mut self,
        call: &Call,
        asked: &AuthorizeRequest,
        form: &Form,
    ) -> Result<Reply, Problem> {
        let known = |name| form.all(name).filter_map(Provider::parse).collect::<Vec<_>>();
        let (mut chosen, withheld) = (known("provider"), known("withhold"));
        chosen.retain(|provider| asked.providers.contains(provider));
        if chosen.is_empty() {
            return Err(Problem::bad_request("Choose at least one provider"));
        }
        let before = self.world.users.get(&asked.user).cloned();
        for provider in chosen {
            if self.world.connect(&asked.user, provider, withheld.contains(&provider)).is_err() {
                self.world.users.insert(asked.user.clone(), before.unwrap_or_default());
                return Ok(self.show_providers(call, asked, Some(Notice::LimitReached)));
            }
        }
        self.approve(call, asked)
    }

    fn show_providers(&mut self, call: &Call, asked: &AuthorizeRequest, notice: Option<Notice>) -> Reply {
        let known = session(call).map(str::to_owned);
        let session = known.clone().unwrap_or_else(|| self.world.random.token(16));
        let csrf = self.csrf(&session, asked);
        let connected = |provider: Provider| {
            let connection = self.world.users.get(&asked.user)?.get(&provider)?;
            Some((connection.account.as_str(), !self.withholds(provider, connection)))
        };
        let accounts: Vec<_> =
            asked.providers.iter().map(|provider| (*provider, connected(*provider))).collect();
        let page = Page { csrf: &csrf, ..page(call, asked, query_of(call), notice) };
        let reply = secured(html(pages::providers(&page, &accounts)), asked, notice);
        if known.is_some() { reply } else { set_session(reply, &session) }
    }

    fn show_consent(
        &self,
        call: &Call,
        asked: &AuthorizeRequest,
        provider: Provider,
        notice: Option<Notice>,
    ) -> Reply {
        let account = crate::world::users::account(&asked.user.id, provider);
        let page = page(call, asked, query_of(call), notice);
        secured(html(pages::consent(&page, provider, &account)), asked, notice)
    }
}

/// The fields of a form.
struct Form(Vec<(String, String)>);

impl Form {
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

fn page<'a>(call: &'a Call, asked: &'a AuthorizeRequest, query: &'a str, notice: Option<Notice>) -> Page<'a> {
    let accepted = call.header(http::header::ACCEPT_LANGUAGE);
    Page {
        words: pages::words_for(call.query("lng"), accepted),
        theme: call.query("theme"),
        app: asked.app.display_name.as_deref(),
        user: &asked.user.id,
        query,
        notice,
        csrf: "",
    }
}

fn asked_provider(call: &Call, asked: &AuthorizeRequest) -> Result<Provider, Problem> {
    let provider = call.query("provider").and_then(Provider::parse);
    provider
        .filter(|provider| asked.providers.contains(provider))
        .ok_or_else(|| Problem::bad_request("provider must be one that is offered"))
}

/// The query authorize was called with: the consent page has its provider in front of it.
fn query_of(call: &Call) -> &str {
    let query = call.request.uri().query().unwrap_or("");
    match query.split_once('&') {
        Some((first, rest)) if first.starts_with("provider=") => rest,
        _ => query,
    }
}

fn secured(mut reply: Reply, asked: &AuthorizeRequest, notice: Option<Notice>) -> Reply {
    if notice.is_some() {
        *reply.status_mut() = StatusCode::FORBIDDEN;
    }
    pages::secured(reply, &form_action(&asked.app.redirect_uri))
}

/// Browsers hold the redirect after a form to this rule too, so the application's origin belongs to it.
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
