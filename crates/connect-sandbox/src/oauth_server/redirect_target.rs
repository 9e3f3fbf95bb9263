//! Redirects to the application with a code or an error (RFC 6749 4.1.2).

use super::Servers;
use super::error::{OAuthError, uncached};
use super::parameters::Parameters;
use super::{AuthorizationServer, clients::Client};
use crate::call::Call;
use crate::connect::oauth::with_query;
use crate::pages::escape;
use crate::reply::{Reply, html, ok, redirect};
use crate::settings::CallbackIss;
use serde_json::{Map, json};

/// The redirect URI, response mode, `state` and `iss` of the response to an authorization request.
pub(crate) struct RedirectTarget {
    pub(crate) client: Client,
    /// The redirect URI of the authorization request, as sent.
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    state: Option<String>,
    issuer: Option<String>,
}

/// How the response of the authorization endpoint reaches the application (`response_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    /// An HTML page that submits itself as a form (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// The real server passes the parameters to a JavaScript callback in the application's page. The sandbox
    /// returns the parameters as JSON in the response body.
    Popup,
}

impl RedirectTarget {
    pub(super) fn reply(&self, response: &[(&str, &str)]) -> Reply {
        let fixed = [("state", self.state.as_deref()), ("iss", self.issuer.as_deref())];
        let parameters: Vec<_> =
            response.iter().map(|(name, value)| (*name, Some(*value))).chain(fixed).collect();
        match self.mode {
            ResponseMode::Query => {
                redirect(&with_query(&self.redirect_uri, &parameters)).map_or_else(Reply::from, uncached)
            }
            ResponseMode::Fragment => {
                // A registered URI has no fragment.
                let fragment = with_query("", &parameters).replacen('?', "#", 1);
                redirect(&format!("{}{fragment}", self.redirect_uri)).map_or_else(Reply::from, uncached)
            }
            ResponseMode::FormPost => uncached(html(form_post(&self.redirect_uri, &parameters))),
            ResponseMode::Popup => {
                let body: Map<_, _> = parameters
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
                    .collect();
                uncached(ok(&body.into()))
            }
        }
    }

    pub(super) fn error_reply(&self, error: &OAuthError) -> Reply {
        let code = self.client.server.rules().error_code(error);
        self.reply(&[("error", code), ("error_description", &error.description())])
    }
}

impl Servers<'_> {
    /// Returns the redirect target. If this method fails, the response must not be a redirect (RFC 6749
    /// 4.1.2.1), because the redirect URI may be unregistered.
    pub(super) fn redirect_target(
        &self,
        server: AuthorizationServer,
        call: &Call,
        query: &Parameters,
    ) -> Result<RedirectTarget, OAuthError> {
        let rules = server.rules();
        rules.check_path(call)?;
        let client = self.own.client(server, query.need("client_id")?).ok_or(OAuthError::UnknownClient)?;
        let redirect_uri = query.need("redirect_uri")?.to_owned();
        if !client.allows(&redirect_uri) {
            return Err(OAuthError::RedirectUri);
        }
        let mode = rules.response_mode(&redirect_uri, query)?;
        let state = query.find("state").map(str::to_owned);
        Ok(RedirectTarget { client, redirect_uri, mode, state, issuer: self.issuer(server, call) })
    }

    /// Returns the `iss` of the callback (RFC 9207 2), depending on the switch `callback_iss`.
    fn issuer(&self, server: AuthorizationServer, call: &Call) -> Option<String> {
        match self.world.settings.oauth.callback_iss {
            CallbackIss::On => Some(format!("{}{}", self.world.origin, server.rules().issuer_path(call))),
            CallbackIss::Wrong => Some(format!("{}/elsewhere", self.world.origin)),
            _ => None,
        }
    }
}

fn form_post(redirect_uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let field = |(name, value): &(&str, Option<&str>)| {
        value.map(|value| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value)))
    };
    let fields: String = parameters.iter().filter_map(field).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Sign in</title>\n</head>\n\
         <body onload=\"document.forms[0].submit()\">\n<form method=\"post\" action=\"{}\">\n{fields}\
         <button>Continue</button>\n</form>\n</body>\n</html>\n",
        escape(redirect_uri)
    )
}
