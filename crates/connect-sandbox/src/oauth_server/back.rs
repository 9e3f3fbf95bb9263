//! The way back to the application (RFC 6749 4.1.2), with a code or with an error.

use super::Servers;
use super::parameters::Parameters;
use super::refused::{Refused, unstored};
use super::{AuthorizationServer, clients::Client};
use crate::call::Call;
use crate::connect::oauth::with_query;
use crate::pages::escape;
use crate::reply::{Reply, html, ok, redirect};
use crate::settings::CallbackIss;
use serde_json::{Map, json};

/// Where authorize may answer to, and what goes with every answer.
pub(crate) struct Back {
    pub(crate) client: Client,
    /// As it was sent: the exchange has to repeat it.
    pub(crate) redirect_uri: String,
    pub(crate) mode: Mode,
    state: Option<String>,
    issuer: Option<String>,
}

/// How it gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Query,
    Fragment,
    /// A page that posts itself (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// A popup hands it to a callback of the page; a script finds it in the body.
    Popup,
}

impl Back {
    pub(super) fn reply(&self, answer: &[(&str, &str)]) -> Reply {
        let fixed = [("state", self.state.as_deref()), ("iss", self.issuer.as_deref())];
        let parameters: Vec<_> =
            answer.iter().map(|(name, value)| (*name, Some(*value))).chain(fixed).collect();
        match self.mode {
            Mode::Query => {
                redirect(&with_query(&self.redirect_uri, &parameters)).map_or_else(Reply::from, unstored)
            }
            Mode::Fragment => {
                // The registered URI has no fragment of its own.
                let fragment = with_query("", &parameters).replacen('?', "#", 1);
                redirect(&format!("{}{fragment}", self.redirect_uri)).map_or_else(Reply::from, unstored)
            }
            Mode::FormPost => unstored(html(form_post(&self.redirect_uri, &parameters))),
            Mode::Popup => {
                let body: Map<_, _> = parameters
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
                    .collect();
                unstored(ok(&body.into()))
            }
        }
    }

    pub(super) fn error(&self, refused: &Refused) -> Reply {
        let error = self.client.server.rules().error(refused);
        self.reply(&[("error", error), ("error_description", &refused.description())])
    }
}

impl Servers<'_> {
    /// The application and its redirect URI. Whatever is wrong with these is never told by a redirect (RFC 6749 4.1.2.1).
    pub(super) fn way_back(
        &self,
        server: AuthorizationServer,
        call: &Call,
        query: &Parameters,
    ) -> Result<Back, Refused> {
        let rules = server.rules();
        rules.check_path(call)?;
        let client = self.own.client(server, query.need("client_id")?).ok_or(Refused::UnknownClient)?;
        let redirect_uri = query.need("redirect_uri")?.to_owned();
        if !client.allows(&redirect_uri) {
            return Err(Refused::RedirectUri);
        }
        let mode = rules.response_mode(&redirect_uri, query)?;
        let state = query.find("state").map(str::to_owned);
        Ok(Back { client, redirect_uri, mode, state, issuer: self.issuer(server, call) })
    }

    /// The `iss` of the callback (RFC 9207 2), if the switch `callback_iss` wants one.
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
