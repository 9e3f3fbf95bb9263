//! The consent page, which is shown if `auto_consent` is off.
//!
//! The form on the page posts the user's decision to the authorization URL. A script can skip the page and
//! post `decision=approve` or `decision=deny` to the same URL.

use super::AuthorizationServer;
use super::clients::Client;
use super::error::{OAuthError, uncached};
use super::parameters::Parameters;
use super::rules::ConsentWords;
use crate::call::Call;
use crate::pages::escape;
use crate::reply::{Reply, html};
use std::borrow::Cow;

/// The decision about an authorization request. `Ask` shows the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Ask,
    Approve,
    Deny,
}

impl Decision {
    pub(super) fn read(call: &Call) -> Result<Self, OAuthError> {
        match Parameters::query_or_form(call)?.need("decision")? {
            "approve" => Ok(Self::Approve),
            "deny" => Ok(Self::Deny),
            _ => Err(OAuthError::Value("decision")),
        }
    }
}

/// Renders the consent page with the texts that the server's rules define.
pub(super) fn page(call: &Call, client: &Client, user: &str, scopes: &[String]) -> Reply {
    let server = client.server;
    let ConsentWords { heading, allow, deny } = server.rules().consent_words();
    let uri = call.request.uri();
    let form = String::from_utf8_lossy(call.body());
    let query = [uri.query().unwrap_or(""), &form].join("&");
    let action = format!("{}?{}", uri.path(), query.trim_matches('&'));
    // Two scopes can have the same description.
    let mut lines: Vec<_> = Vec::new();
    for scope in scopes {
        let line = description(server, scope);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let lines: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    uncached(html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{heading}</title>\n</head>\n<body>\n\
         <h1>{heading}</h1>\n<p>{user}</p>\n<ul>\n{lines}</ul>\n<form method=\"post\" action=\"{action}\">\n\
         <button name=\"decision\" value=\"approve\">{allow}</button>\n\
         <button name=\"decision\" value=\"deny\">{deny}</button>\n</form>\n</body>\n</html>\n",
        heading = heading.replacen("{}", &escape(&client.app.name), 1),
        user = escape(user),
        action = escape(&action),
    )))
}

/// Renders a page with a heading and HTML content.
pub(super) fn message_page(heading: &str, content: &str) -> Reply {
    uncached(html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{heading}</title>\n</head>\n<body>\n\
         <h1>{heading}</h1>\n{content}</body>\n</html>\n",
    )))
}

/// Returns the description of a scope, or the scope itself if it has no description. The returned
/// text is not HTML-escaped.
fn description(server: AuthorizationServer, scope: &str) -> Cow<'_, str> {
    let rules = server.rules();
    let name = rules.short_scope(scope);
    let known = rules.descriptions().iter().find(|(known, _)| *known == name);
    known.map_or(scope, |(_, text)| text).into()
}
