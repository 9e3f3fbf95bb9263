//! The consent page, for `auto_consent=off`: a form that posts the decision to where it came from.
//!
//! A script needs no page: it posts `decision=approve` or `decision=deny` to the path and query of authorize.

use super::AuthorizationServer;
use super::authorize::Asked;
use super::clients::Client;
use super::parameters::Parameters;
use super::refused::{Refused, unstored};
use super::rules::ConsentWords;
use crate::call::Call;
use crate::pages::escape;
use crate::reply::{Reply, html};
use std::borrow::Cow;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Ask,
    Approve,
    Deny,
}

impl Decision {
    pub(super) fn read(call: &Call) -> Result<Self, Refused> {
        match Parameters::anywhere(call)?.need("decision")? {
            "approve" => Ok(Self::Approve),
            "deny" => Ok(Self::Deny),
            _ => Err(Refused::Value("decision")),
        }
    }
}

/// In the words of the real page: who asks, for what, and the two buttons.
pub(super) fn page(call: &Call, client: &Client, asked: &Asked) -> Reply {
    let server = asked.owner.server;
    let ConsentWords { heading, allow, deny } = server.rules().consent_words();
    let uri = call.request.uri();
    let form = String::from_utf8_lossy(call.body());
    let query = [uri.query().unwrap_or(""), &form].join("&");
    let action = format!("{}?{}", uri.path(), query.trim_matches('&'));
    // Two scopes can have one description.
    let mut lines: Vec<_> = Vec::new();
    for scope in &asked.scopes {
        let line = description(server, scope);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let lines: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    unstored(html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{heading}</title>\n</head>\n<body>\n\
         <h1>{heading}</h1>\n<p>{user}</p>\n<ul>\n{lines}</ul>\n<form method=\"post\" action=\"{action}\">\n\
         <button name=\"decision\" value=\"approve\">{allow}</button>\n\
         <button name=\"decision\" value=\"deny\">{deny}</button>\n</form>\n</body>\n</html>\n",
        heading = heading.replacen("{}", &escape(&client.app.name), 1),
        user = escape(&asked.owner.user),
        action = escape(&action),
    )))
}

/// The text for a scope, not escaped. A scope without one stands there as it was asked for.
fn description(server: AuthorizationServer, scope: &str) -> Cow<'_, str> {
    let rules = server.rules();
    let name = rules.short_scope(scope);
    let known = rules.descriptions().iter().find(|(known, _)| *known == name);
    known.map_or(scope, |(_, text)| text).into()
}
