//! Connecting accounts, their status, disconnecting and signing out.

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::{CookieJar, PrivateCookieJar, cookie::Cookie};
use connect_hyper::{
    Callback, ErrorKind, PendingSignIn, SignIn,
    types::{Account, Disconnect, Provider, SyncState},
};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    App,
    failure::{Failure, Problem},
    page::{self, Page},
    session::{Form, Visitor},
};

#[rustfmt::skip]
const PROVIDERS: [(Provider, &str); 4] = [
    (Provider::Google, "Google"), (Provider::Microsoft, "Outlook"), (Provider::Apple, "Apple"), (Provider::CalDav, "CalDAV"),
];
/// The languages of the authorization pages.
#[rustfmt::skip]
const LANGUAGES: [(&str, &str); 8] = [
    ("en", "English"), ("ar", "العربية"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français"), ("it", "Italiano"),
    ("pt-BR", "Português (Brasil)"), ("pt-PT", "Português (Portugal)"),
];

#[derive(Deserialize)]
pub(crate) struct ConnectForm {
    #[serde(default)]
    provider: Vec<Provider>,
    language: String,
}

/// Returns the form that starts a sign-in. Without a choice, the next page offers every provider.
pub(crate) fn connect_form(visitor: &Visitor) -> Markup {
    html! {
        form.panel method="post" action="/connect" {
            (page::csrf(visitor))
            fieldset {
                legend { (visitor.t("Which calendars do you want to connect?")) }
                @for (provider, name) in &PROVIDERS {
                    label { input type="checkbox" name="provider" value=(provider); " " (name) }
                }
                p.hint { (visitor.t("Without a choice, the next page offers all of them.")) }
            }
            label { (visitor.t("Language of the next pages"))
                select name="language" {
                    @for (code, name) in LANGUAGES {
                        option value=(code) lang=(code) selected[code == visitor.language.code()] { (name) }
                    }
                }
            }
            button { (visitor.t("Connect calendars")) }
        }
    }
}

/// Starts a sign-in, and keeps it in an encrypted cookie until the callback.
pub(crate) async fn connect(
    State(app): State<App>,
    visitor: Visitor,
    jar: PrivateCookieJar,
    Form(form): Form<ConnectForm>,
) -> Result<Response, Failure> {
    let mut sign_in = SignIn::new(visitor.user.id()).language(&*form.language);
    if !form.provider.is_empty() {
        sign_in = sign_in.providers(form.provider);
    }
    let sign_in = app.connect.auth().sign_in(sign_in)?;
    let value = serde_json::to_string(&sign_in).expect("a sign-in has only texts");
    let mut cookie = app.cookie(pending_name(sign_in.state()), value, "/callback");
    cookie.set_max_age(time::Duration::minutes(10));
    // A redirect of a form is only allowed to sites in the policy, and the next site may redirect further.
    let refresh = format!("0; url={}", sign_in.url());
    let main = html! {
        meta http-equiv="refresh" content=(refresh);
        p { a href=(sign_in.url()) { (visitor.t("Continue to the sign-in")) } }
    };
    Ok((jar.add(cookie), Page::new(&visitor, visitor.t("Connect your calendars"), main)).into_response())
}

/// Several tabs can sign in at the same time, so each sign-in has its own cookie.
fn pending_name(state: &str) -> String {
    format!("sign-in-{state}")
}

/// Finishes the sign-in when the browser returns.
pub(crate) async fn callback(
    State(app): State<App>,
    visitor: Visitor,
    jar: PrivateCookieJar,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let callback = Callback::parse(&query).ok();
    let name = callback.as_ref().and_then(Callback::state).map(pending_name).unwrap_or_default();
    let pending =
        jar.get(&name).and_then(|cookie| serde_json::from_str::<PendingSignIn>(cookie.value()).ok());
    // The cookie is removed, so that each sign-in has one callback.
    let jar = jar.remove(Cookie::build(name).path("/callback"));
    let Some(sign_in) = pending.filter(|sign_in| sign_in.user() == visitor.user.id()) else {
        return (jar, Problem::UNKNOWN_SIGN_IN).into_response();
    };
    match app.connect.auth().finish(sign_in, &query).await {
        // The redirect removes the code from the address bar.
        Ok(_) => (jar, Redirect::to("/")).into_response(),
        Err(error) if matches!(error.kind(), ErrorKind::SignIn(_) | ErrorKind::Authentication) => {
            (jar, Failure::Call(error)).into_response()
        }
        Err(error) => {
            eprintln!("{error:?}");
            (jar, Problem::UNFINISHED_SIGN_IN).into_response()
        }
    }
}

/// Shows the connected accounts, and what is wrong with them.
pub(crate) async fn accounts(visitor: Visitor) -> Result<Page, Failure> {
    let status = visitor.user.connections().status().await?;
    let accounts =
        status.connections.iter().flat_map(|(provider, all)| all.iter().map(move |one| (provider, one)));
    let main = html! {
        ul.accounts {
            @for (provider, account) in accounts {
                li.panel {
                    h2 { (name(provider)) " · " bdi { (account.display.as_deref().unwrap_or(&account.id)) } }
                    @let (text, is_good) = state(account);
                    p.warning[!is_good] { (visitor.t(text)) }
                    form method="post" action="/disconnect" {
                        (page::csrf(&visitor))
                        input type="hidden" name="provider" value=(provider);
                        input type="hidden" name="account" value=(account.id);
                        button.quiet aria-label={ (visitor.t("Disconnect")) " " (account.id) } { (visitor.t("Disconnect")) }
                    }
                }
            }
        }
        @if status.limit_reached == Some(true) {
            p.warning { (visitor.t("You have as many accounts as your plan allows. Disconnect one to connect another.")) }
        }
        h2 { (visitor.t("Connect or repair an account")) }
        (connect_form(&visitor))
        form.panel method="post" action="/sign-out" {
            (page::csrf(&visitor))
            p { (visitor.t("Signing out withdraws the access of this application to all of your calendars.")) }
            button.danger { (visitor.t("Sign out")) }
        }
    };
    Ok(Page::new(&visitor, visitor.t("Accounts"), main))
}

fn name(provider: &Provider) -> &str {
    PROVIDERS.iter().find(|(known, _)| known == provider).map_or(provider.as_str(), |(_, name)| name)
}

/// Returns what to tell about the state of an account, and whether the account works.
fn state(account: &Account) -> (&'static str, bool) {
    if account.sync_state == Some(SyncState::ReauthRequired) {
        ("The provider no longer accepts this connection. Connect the account again below.", false)
    } else if account.calendar_permission_granted == Some(false) {
        (
            "You did not permit access to the calendars of this account. Connect it again below, and permit it.",
            false,
        )
    } else {
        ("This account works.", true)
    }
}

#[derive(Deserialize)]
pub(crate) struct DisconnectForm {
    provider: Provider,
    account: String,
}

pub(crate) async fn disconnect(
    visitor: Visitor,
    Form(form): Form<DisconnectForm>,
) -> Result<Redirect, Failure> {
    let request = Disconnect::new(form.provider).account(form.account);
    let done = visitor.user.connections().disconnect(request).await;
    done?;
    Ok(Redirect::to("/accounts"))
}

#[derive(Deserialize)]
pub(crate) struct NoFields {}

/// Revokes and deletes the tokens. The tokens are deleted even if the service cannot revoke them now.
pub(crate) async fn sign_out(
    State(app): State<App>,
    visitor: Visitor,
    jar: CookieJar,
    _: Form<NoFields>,
) -> Response {
    let revoked = visitor.user.sign_out().await;
    // The next page starts a new session, so a copy of the old cookie has no tokens.
    let jar = jar.remove(app.cookie(app.session_cookie(), String::new(), "/"));
    match revoked {
        Ok(()) => (jar, Redirect::to("/")).into_response(),
        Err(error) => {
            eprintln!("{error:?}");
            (jar, Problem::NOT_REVOKED).into_response()
        }
    }
}
