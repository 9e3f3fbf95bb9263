//! The frame of every page, and the pages about problems.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use crate::{session::Visitor, texts::Language};

/// A page of this application.
pub(crate) struct Page {
    status: StatusCode,
    markup: Markup,
}

impl Page {
    pub(crate) fn new(visitor: &Visitor, title: &str, main: Markup) -> Self {
        Self { status: StatusCode::OK, markup: frame(visitor, title, main) }
    }

    /// Creates a page whose part `live` is read again when the calendars of the visitor change.
    pub(crate) fn live(visitor: &Visitor, title: &str, fixed: Markup, live: Markup) -> Self {
        Self::new(visitor, title, html! { (fixed) div #live { (live) } })
    }

    /// Creates a page with a form, and with what is wrong in the form that was sent.
    pub(crate) fn form(visitor: &Visitor, title: &str, form: Markup, wrong: Option<&'static str>) -> Self {
        let main = html! {
            @if let Some(wrong) = wrong { p.warning role="alert" { (visitor.t(wrong)) } }
            (form)
        };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Self::new(visitor, title, main).with_status(status)
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (self.status, self.markup).into_response()
    }
}

fn frame(visitor: &Visitor, title: &str, main: Markup) -> Markup {
    let links = [
        ("/events", visitor.t("Calendar")),
        ("/events/new", visitor.t("New event")),
        ("/free", visitor.t("Free times")),
        ("/accounts", visitor.t("Accounts")),
    ];
    html! {
        (DOCTYPE)
        html lang=(visitor.language.code()) dir=(visitor.language.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (visitor.t("Sample calendar")) }
                link rel="stylesheet" href="/style.css";
                script src="/live.js" defer {}
            }
            body {
                a.skip href="#main" { (visitor.t("Skip to the content")) }
                header {
                    nav aria-label=(visitor.t("Pages")) {
                        @for (path, text) in links {
                            @let current = visitor.path.split('?').next() == Some(path);
                            a href=(path) aria-current=[current.then_some("page")] { (text) }
                        }
                    }
                }
                main #main {
                    h1 { (title) }
                    (main)
                }
                p #status.hidden role="status" data-text=(visitor.t("The events have changed.")) {}
                footer { (settings(visitor)) }
            }
        }
    }
}

/// The form for the language and the time zone. Its state tells the script whether a time zone is chosen.
fn settings(visitor: &Visitor) -> Markup {
    let zone = visitor.zone.iana_name().unwrap_or("UTC");
    html! {
        form #settings.settings method="post" action="/settings" data-zone=(if visitor.has_zone { zone } else { "" }) {
            (csrf(visitor))
            input type="hidden" name="path" value=(visitor.path);
            label { (visitor.t("Language"))
                select name="language" {
                    @for language in [Language::English, Language::Arabic] {
                        option value=(language.code()) lang=(language.code()) selected[language == visitor.language] { (language.name()) }
                    }
                }
            }
            label { (visitor.t("Time zone")) input name="zone" value=(zone) required dir="ltr" spellcheck="false" autocapitalize="off"; }
            button.quiet { (visitor.t("Save")) }
        }
    }
}

/// The field that every form needs: see `session::Form`.
pub(crate) fn csrf(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.csrf); }
}
