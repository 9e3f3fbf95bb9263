//! The provider page: which accounts a user connects, or none.

use super::authorize::AuthorizeRequest;
use crate::provider::Provider;
use crate::reply::{Problem, Reply, html};
use crate::sandbox::{Call, Sandbox};
use http::header::{HeaderName, HeaderValue};

impl Sandbox {
    /// `GET /oauth/providers`: a form that works without scripts.
    pub(crate) fn provider_page(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        let query = call.request.uri().query().unwrap_or("");
        let mut reply = html(page(&asked, query));
        for (name, value) in [
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
        ] {
            reply.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Ok(reply)
    }

    /// `POST /oauth/providers`: the form, with the query of the page.
    pub(crate) fn consent(&mut self, call: &Call) -> Result<Reply, Problem> {
        let asked = self.authorize_request(call)?;
        let form: Vec<_> = form_urlencoded::parse(call.body()).collect();
        let all = |name| form.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_ref());
        let chosen = all("provider").filter_map(Provider::parse);
        let chosen: Vec<_> = chosen.filter(|provider| asked.providers.contains(provider)).collect();
        match all("decision").next() {
            Some("approve") if chosen.is_empty() => Err(Problem::bad_request("Choose at least one provider")),
            Some("approve") => {
                self.load_user(&asked.user);
                self.approve(call, &asked, &chosen)
            }
            Some("deny") => self.deny(&asked),
            _ => Err(Problem::bad_request("decision must be approve or deny")),
        }
    }
}

fn page(asked: &AuthorizeRequest, query: &str) -> String {
    let boxes: String = asked
        .providers
        .iter()
        .map(|provider| {
            let (name, title) = (provider.name(), provider.title());
            format!(
                "<p><label><input type=\"checkbox\" name=\"provider\" value=\"{name}\" checked> {title}</label></p>\n"
            )
        })
        .collect();
    let (user, action) = (escape(&asked.user), escape(&format!("/api/oauth/providers?{query}")));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Connect your calendars</title>\n</head>\n<body>\n<main>\n<h1>Connect your calendars</h1>\n\
         <p>The application asks for the calendars of <strong>{user}</strong>.</p>\n\
         <form method=\"post\" action=\"{action}\">\n<fieldset>\n<legend>Accounts to connect</legend>\n{boxes}</fieldset>\n\
         <p><button name=\"decision\" value=\"approve\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Cancel</button></p>\n</form>\n</main>\n</body>\n</html>\n"
    )
}

/// Text made fit for HTML, inside elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
