//! The consent page, for `auto_consent=off`: a form that posts the decision to where it came from.
//!
//! A script needs no page: it posts `decision=approve` or `decision=deny` to the path and query of authorize.

use super::authorize::Asked;
use super::clients::Client;
use super::parameters::Parameters;
use super::refused::{Refused, unstored};
use crate::pages::escape;
use crate::reply::{Reply, html};
use crate::sandbox::Call;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Ask,
    Approve,
    Deny,
}

impl Decision {
    pub(super) fn read(call: &Call) -> Result<Self, Refused> {
        match Parameters::form(call)?.need("decision")? {
            "approve" => Ok(Self::Approve),
            "deny" => Ok(Self::Deny),
            _ => Err(Refused::Value("decision")),
        }
    }
}

pub(super) fn page(call: &Call, client: &Client, asked: &Asked) -> Reply {
    let action = call.request.uri().path_and_query().map_or("", |path| path.as_str());
    let scopes: String = asked.scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(scope))).collect();
    unstored(html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{app}</title>\n</head>\n<body>\n\
         <h1>{app}</h1>\n<p>{user}</p>\n<ul>\n{scopes}</ul>\n<form method=\"post\" action=\"{action}\">\n\
         <button name=\"decision\" value=\"approve\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n</form>\n</body>\n</html>\n",
        app = escape(&client.app.name),
        user = escape(&asked.owner.user),
        action = escape(action),
    )))
}
