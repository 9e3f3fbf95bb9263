//! The pages for users: plain HTML without scripts, in eight languages, light or dark.
//!
//! All text from requests and data is escaped.

mod language;
mod report;
mod style;
mod words;

use crate::reply::{Reply, no_store};
use crate::world::provider::Provider;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
pub(crate) use language::words_for;
pub(crate) use report::{Section, report};
use style::STYLE;
use words::Words;

/// The data that every page needs.
pub(crate) struct Page<'a> {
    pub(crate) words: &'static Words,
    pub(crate) theme: Option<&'a str>,
    /// The application's display name.
    pub(crate) app: Option<&'a str>,
    pub(crate) user: &'a str,
    /// The query of the authorization request.
    pub(crate) query: &'a str,
    pub(crate) notice: Option<Notice>,
    /// The CSRF token of the forms.
    pub(crate) csrf: &'a str,
}

/// A message at the top of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    LimitReached,
}

/// Writes the provider page, which lists each provider with its connected account.
///
/// The values of a connected account are the account's address and whether calendar permission was granted.
pub(crate) fn providers(page: &Page<'_>, accounts: &[(Provider, Option<(&str, bool)>)]) -> String {
    let words = page.words;
    let items: String =
        accounts.iter().map(|(provider, account)| provider_item(page, *provider, *account)).collect();
    let (using, back) = match page.app {
        Some(app) => (page.fill(words.using, app), page.fill(words.back, app)),
        None => (words.using_generic.to_owned(), words.back_generic.to_owned()),
    };
    let content = format!(
        "<h1>{title}</h1>\n<p>{using}</p>\n<p>{user}</p>\n\
         <h2 id=\"accounts\">{accounts}</h2>\n<ul aria-labelledby=\"accounts\">\n{items}</ul>\n\
         <form method=\"post\" action=\"{action}\">\n\
         <p><button class=\"main\" name=\"decision\" value=\"back\">{back}</button>\n\
         <button name=\"decision\" value=\"deny\">{deny}</button></p>\n</form>\n",
        title = words.title,
        user = page.fill(words.for_user, page.user),
        accounts = words.accounts,
        action = escape(&providers_path(page.query)),
        deny = words.deny,
    );
    document(page, words.title, &content)
}

/// Writes the consent page of a provider: a request for access to one account and its calendars.
pub(crate) fn consent(page: &Page<'_>, provider: Provider, account: &str) -> String {
    let words = page.words;
    let title = format!("{}: {}", provider.title(), words.title);
    let permission = if provider.granted_scopes().is_empty() {
        String::new()
    } else {
        format!(
            "<p><input type=\"checkbox\" id=\"calendars\" name=\"calendars\" value=\"on\" checked>\n\
             <label for=\"calendars\">{}</label></p>\n",
            words.allow_calendars
        )
    };
    let using = page.app.map_or_else(|| words.using_generic.to_owned(), |app| page.fill(words.using, app));
    let content = format!(
        "<h1>{heading}</h1>\n<p>{using}</p>\n<form method=\"post\" action=\"{action}\">\n\
         <fieldset>\n<legend>{account}</legend>\n<p><strong><bdi>{address}</bdi></strong></p>\n{permission}</fieldset>\n\
         <p><button class=\"main\" name=\"decision\" value=\"allow\">{allow}</button>\n\
         <button name=\"decision\" value=\"deny\">{deny}</button></p>\n</form>\n",
        heading = escape(&title),
        action = escape(&consent_path(provider, page.query)),
        account = words.account,
        address = escape(account),
        allow = words.allow,
        deny = words.deny,
    );
    document(page, &title, &content)
}

fn provider_item(page: &Page<'_>, provider: Provider, account: Option<(&str, bool)>) -> String {
    let words = page.words;
    let content = match account {
        Some((account, true)) => page.fill(words.connected, account),
        Some((account, false)) => page.fill(words.connected_without, account),
        None => format!(
            "<a class=\"button\" id=\"connect-{}\" href=\"{}\">{}</a>",
            provider.name(),
            escape(&consent_path(provider, page.query)),
            page.fill(words.connect, provider.title()),
        ),
    };
    let id = provider.name();
    let form = if account.is_some() { disconnect_form(page, provider) } else { String::new() };
    format!("<li id=\"{id}\"><h3><bdi>{}</bdi></h3>\n<p>{content}</p>{form}</li>\n", provider.title())
}

fn disconnect_form(page: &Page<'_>, provider: Provider) -> String {
    format!(
        "\n<form method=\"post\" action=\"{action}\">\n<input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\n\
         <input type=\"hidden\" name=\"provider\" value=\"{name}\">\n\
         <p><button id=\"disconnect-{name}\" name=\"decision\" value=\"disconnect\">{label}</button></p>\n</form>",
        action = escape(&providers_path(page.query)),
        csrf = escape(page.csrf),
        name = provider.name(),
        label = page.fill(page.words.disconnect, provider.title()),
    )
}

fn providers_path(query: &str) -> String {
    format!("/api/oauth/providers?{query}")
}

fn consent_path(provider: Provider, query: &str) -> String {
    format!("/api/oauth/consent?provider={}&{query}", provider.name())
}

fn document(page: &Page<'_>, title: &str, content: &str) -> String {
    let words = page.words;
    let theme = page.theme.filter(|theme| ["light", "dark"].contains(theme)).unwrap_or("auto");
    let notice = page.notice.map_or_else(String::new, |notice| match notice {
        Notice::LimitReached => format!("<p role=\"alert\">{}</p>\n", words.limit_reached),
    });
    let dir = if words.right_to_left { "rtl" } else { "ltr" };
    let kind = format!("lang=\"{}\" dir=\"{dir}\" data-theme=\"{theme}\"", words.tag);
    frame(&kind, title, STYLE, &format!("{notice}{content}"))
}

/// Writes the HTML document around the content of a page.
fn frame(kind: &str, title: &str, style: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html {kind}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{style}</style>\n</head>\n<body>\n<main>\n{content}</main>\n</body>\n</html>\n",
        title = escape(title),
    )
}

/// Adds the headers that forbid caching, framing and scripts. `form_action` is appended to the content
/// security policy.
pub(crate) fn secured(mut reply: Reply, form_action: &str) -> Reply {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'{form_action}"
    );
    let policy = HeaderValue::from_str(&policy).ok().map(|policy| (CONTENT_SECURITY_POLICY, policy));
    reply.headers_mut().extend(policy);
    let mut reply = no_store(reply);
    let headers = reply.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer`, browsers would send `Origin: null` with the forms of the page.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    reply
}

impl Page<'_> {
    /// Inserts a text into a sentence. In right-to-left languages, `<bdi>` isolates the inserted text.
    fn fill(&self, sentence: &str, text: &str) -> String {
        let text = escape(text);
        let text = if self.words.right_to_left { format!("<bdi>{text}</bdi>") } else { text };
        sentence.replacen("{}", &text, 1)
    }
}

/// Escapes text for HTML elements and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
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
