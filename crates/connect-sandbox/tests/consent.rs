//! Tests of the consent pages, mainly of the scope descriptions.
//!
//! The pages of Google, Microsoft and Apptoto must describe each scope as the real pages do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod common;

use common::oauth::*;
use common::{App, get};
use connect_sandbox::{AuthorizationServer, OAuthApp};

const GOOGLE: &str = "/google/o/oauth2/v2/auth";
const MICROSOFT: &str = "/microsoft/common/oauth2/v2.0/authorize";
const APPTOTO: &str = "/apptoto/www/oauth/authorize";

fn asking() -> App {
    App::new(&[("auto_consent", "off")])
}

fn page(app: &mut App, path: &str, client_id: &str, redirect_uri: &str, scope: &str) -> String {
    let query = [
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", scope),
    ];
    let reply = app.visit(path, &query);
    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(reply.headers()["cache-control"], "no-store");
    String::from_utf8(reply.body().to_vec()).unwrap()
}

/// Returns the permissions that the page lists, as HTML.
fn lines(html: &str) -> Vec<&str> {
    html.split("<li>").skip(1).map(|rest| rest.split("</li>").next().unwrap()).collect()
}

fn shown(path: &str, client_id: &str, scope: &str) -> Vec<String> {
    let html = page(&mut asking(), path, client_id, REDIRECT, scope);
    lines(&html).into_iter().map(str::to_owned).collect()
}

#[test]
fn apptoto_page_shows_scope_descriptions() {
    for (scope, description) in [
        ("calendars:read", "View your calendars"),
        ("address_books:read", "View your address books"),
        ("contacts:read", "View your contacts"),
        ("contacts:write", "Create, update, and delete your contacts"),
        ("events:read", "View your calendar events"),
        ("events:write", "Create, update, and delete events; mark event statuses"),
        ("bookings:read", "View booking page availability and existing bookings"),
        ("bookings:write", "Create bookings on your booking pages"),
        ("imports:read", "Check the status of imports"),
        ("imports:write", "Upload imports (CSV / ICS / XML) that bulk-create data"),
        ("lists:read", "View your opt-in and opt-out lists"),
        ("lists:write", "Modify your opt-in and opt-out lists"),
        ("messaging:read", "View your conversations and message history"),
        ("messaging:send", "Send SMS or email messages on your behalf"),
    ] {
        assert_eq!(shown(APPTOTO, "apptoto-client", scope), [description], "{scope}");
    }
    let two = shown(APPTOTO, "apptoto-client", "messaging:send events:read");
    assert_eq!(
        two,
        ["Send SMS or email messages on your behalf", "View your calendar events"],
        "in the order of the request"
    );
}

#[test]
fn google_page_shows_scope_descriptions() {
    let auth = |name: &str| format!("https://www.googleapis.com/auth/{name}");
    for (scope, description) in [
        (
            auth("calendar"),
            "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
        ),
        (
            auth("calendar.readonly"),
            "See and download any calendar you can access using your Google Calendar",
        ),
        (auth("calendar.events.owned"), "See, create, change, and delete events on Google calendars you own"),
        (auth("calendar.events.public.readonly"), "See the events on public calendars"),
        (auth("calendar.calendarlist.readonly"), "See the list of Google calendars you’re subscribed to"),
        ("openid".to_owned(), "Associate you with your personal info on Google"),
        (
            "profile".to_owned(),
            "See your personal info, including any personal info you&#39;ve made publicly available",
        ),
    ] {
        assert_eq!(shown(GOOGLE, "google-client", &scope), [description], "{scope}");
    }
    let scopes = format!("email {}", auth("userinfo.email"));
    assert_eq!(
        shown(GOOGLE, "google-client", &scopes),
        ["See your primary Google Account email address"],
        "two scopes with the same description"
    );
}

#[test]
fn microsoft_page_describes_scopes_in_any_spelling() {
    for (scope, description) in [
        ("Calendars.Read", "Read your calendars"),
        ("Calendars.ReadWrite", "Have full access to your calendars"),
        ("https://graph.microsoft.com/Calendars.ReadWrite", "Have full access to your calendars"),
        ("calendars.readwrite", "Have full access to your calendars"),
        ("User.Read", "Sign you in and read your profile"),
        ("offline_access", "Maintain access to data you have given it access to"),
    ] {
        assert_eq!(shown(MICROSOFT, "microsoft-client", scope), [description], "{scope}");
    }
}

#[test]
fn scope_without_description_is_shown_itself() {
    let shown_as = |scope: &str| shown(MICROSOFT, "microsoft-client", scope);
    assert_eq!(shown_as("api://thing/<img>'&"), ["api://thing/&lt;img&gt;&#39;&amp;"]);
    assert_eq!(shown(GOOGLE, "google-client", "https://www.googleapis.com/auth/<b>").len(), 1);
    let mut app = App::new(&[("auto_consent", "off"), ("apptoto_scope_api", "on")]);
    let html = page(&mut app, APPTOTO, "apptoto-client", REDIRECT, "api");
    assert_eq!(lines(&html), ["api"], "the older scope has no description in the manual");
}

#[test]
fn page_shows_escaped_app_name_and_real_buttons() {
    for (server, path, heading, allow) in [
        (
            AuthorizationServer::Google,
            GOOGLE,
            "A &lt;b&gt; &amp; {} wants access to your Google Account",
            "Continue",
        ),
        (AuthorizationServer::Microsoft, MICROSOFT, "Permissions requested: A &lt;b&gt; &amp; {}", "Accept"),
        (AuthorizationServer::Apptoto, APPTOTO, "Connect A &lt;b&gt; &amp; {} to Apptoto", "Authorize"),
    ] {
        let mut app = asking();
        let own = OAuthApp::new("A <b> & {}", "https://a.example/cb");
        let own = app.sandbox.register_provider_app(server, own).unwrap();
        let scope = match server {
            AuthorizationServer::Google => "openid",
            AuthorizationServer::Microsoft => "User.Read",
            _ => "lists:read",
        };
        let html = page(&mut app, path, &own.client_id, "https://a.example/cb", scope);
        assert!(html.contains(&format!("<h1>{heading}</h1>")), "{html}");
        assert!(html.contains(&format!("<title>{heading}</title>")), "{html}");
        assert!(html.contains("<html lang=\"en\">"), "{html}");
        let button = format!("<button name=\"decision\" value=\"approve\">{allow}</button>");
        assert!(html.contains(&button), "{html}");
        assert!(html.contains("<button name=\"decision\" value=\"deny\">"), "{html}");
    }
}

#[test]
fn connect_page_describes_access_in_page_language() {
    for (language, text) in [
        ("en", "Allow access to the calendars of this account"),
        ("de", "Zugriff auf die Kalender dieses Kontos erlauben"),
        ("ar", "السماح بالوصول إلى تقويمات هذا الحساب"),
    ] {
        let mut app = asking();
        let query = format!("provider=google&client_id=sandbox-client&user_id=u&lng={language}");
        let reply = app.send(get(&format!("/api/oauth/consent?{query}")));
        let html = std::str::from_utf8(reply.body()).unwrap();
        assert!(html.contains(&format!(">{text}</label>")), "{html}");
        for name in ["https://www.googleapis.com/auth/calendar", "openid"] {
            assert!(!html.contains(name), "{name} is not shown to users: {html}");
        }
    }
}
