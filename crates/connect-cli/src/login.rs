//! `connect login`: signs the user in with the browser.
//!
//! The program listens for the callback at the address and port of the redirect URI, or at a free port if no
//! redirect URI is set and the service accepts any port. If the redirect URI points to another machine, the
//! user can paste the callback URL instead. The library checks the `state` of the callback, and that a JWT
//! access token belongs to the user of the sign-in.

mod browser;
mod paste;

use std::{future::Future, time::Duration};

use clap::Args;
use connect_hyper::loopback::{Loopback, LoopbackError};
use connect_hyper::{
    SignIn, User,
    types::{Language, Provider},
};
use serde_json::json;

use crate::{
    context::{Command, Context, Effect},
    failure::{Exit, Failure},
    output::note,
    provider,
    text::clean,
    via::Via,
};

/// The timeout of the wait for the callback: the library refuses a callback after ten minutes.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(600);

/// The arguments of `connect login`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Request this scope: free-busy, read or read-write [default: read-write]. With --via, scopes of that
    /// service, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// Offer only these providers, separated by commas: google, microsoft, apple, caldav.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = provider::known)]
    providers: Vec<Provider>,
    /// Show Connect's pages in this language, such as es or pt-BR [default: the browser's].
    #[arg(long)]
    language: Option<Language>,
    /// Paste the callback URL from the browser instead of listening for it.
    #[arg(long)]
    paste: bool,
    /// Print the URL, but open no browser.
    #[arg(long)]
    no_browser: bool,
}

impl Command for Arguments {
    const SERVICES: &[Via] = Via::ALL;

    fn effect(&self) -> Effect {
        Effect::SignsIn
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let user =
            if self.paste { self.by_paste(context).await? } else { self.by_listening(context).await? };
        let id = user.id();
        context
            .out
            .print(&json!({ "user": id, "signedIn": true }), || format!("Signed in as {}.\n", clean(id)))
    }
}

impl Arguments {
    fn sign_in(&self, context: &Context) -> Result<SignIn, Failure> {
        let via = context.settings.via;
        if via != Via::Connect && (self.language.is_some() || !self.providers.is_empty()) {
            return Err(Failure::usage(
                "--providers and --language are only supported with Mobiscroll Connect",
            ));
        }
        let sign_in = SignIn::new(context.user.id()).providers(self.providers.iter().cloned());
        let sign_in = via.with_scopes(sign_in, self.scope.as_deref())?;
        Ok(match &self.language {
            Some(language) => sign_in.language(language),
            None => sign_in,
        })
    }

    async fn by_listening(&self, context: &Context) -> Result<User, Failure> {
        let sign_in = self.sign_in(context)?;
        // The listener must exist before the browser opens, because the callback may follow immediately.
        let settings = &context.settings;
        let listener =
            if settings.any_port { Loopback::bind() } else { Loopback::at(&settings.redirect_uri) }
                .map_err(not_listening)?;
        let sign_in = context.client.auth().sign_in(sign_in.redirect_uri(listener.redirect_uri()))?;
        let url = sign_in.url().to_owned();
        self.show(context, &url);
        note("Waiting for the browser; press Ctrl-C to cancel.");
        let visit = tokio::task::spawn_blocking(move || listener.callback(&url, LOGIN_TIMEOUT)).await;
        let visit = visit
            .map_err(|error| Failure::usage("the callback listener failed").cause(error))?
            .map_err(not_listening)?;
        let outcome = context.client.auth().finish(sign_in, visit.query()).await;
        visit.answer(outcome.is_ok());
        outcome.map_err(refused)
    }

    async fn by_paste(&self, context: &Context) -> Result<User, Failure> {
        let sign_in = context.client.auth().sign_in(self.sign_in(context)?)?;
        self.show(context, sign_in.url());
        let _whole_lines = paste::WholeLines::new();
        note("After signing in, paste the whole URL from the browser's address bar, and press Enter:");
        let callback = in_time(pasted()).await?;
        context.client.auth().finish(sign_in, &callback).await.map_err(refused)
    }

    fn show(&self, context: &Context, url: &str) {
        note(&format!("Open this page to sign in:\n\n  {url}\n"));
        if !self.no_browser {
            let advice = "No browser could be started. Open the page above by hand. If your browser is on \
                          another machine, press Ctrl-C and sign in with: connect login --paste";
            let advice = context.out.next_steps.complete(advice);
            browser::open(url, move || note(&advice));
        }
    }
}

async fn pasted() -> Result<String, Failure> {
    // A separate thread reads stdin, because Ctrl-C has no effect on a thread that waits for input.
    let read = tokio::task::spawn_blocking(|| paste::line(std::io::stdin().lock()));
    let nothing = || {
        Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "no URL was pasted")
            .next("start again: connect login --paste")
    };
    let line = read.await.map_err(|_| nothing())?.map_err(|error| nothing().cause(error))?;
    if line.trim().is_empty() { Err(nothing()) } else { Ok(line) }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(LOGIN_TIMEOUT, work).await.unwrap_or_else(|_| Err(late()))
}

fn late() -> Failure {
    Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "no callback arrived within ten minutes")
        .cause("the sign-in page may be closed, or the registered redirect URI may point to another address")
        .next("check the redirect URI: connect doctor; or start again: connect login --paste")
}

fn not_listening(error: LoopbackError) -> Failure {
    match error {
        LoopbackError::Late => late(),
        LoopbackError::Elsewhere(uri) => Failure::usage(format!("cannot listen at the redirect URI {uri}"))
            .cause("login can only listen at an http URI of 127.0.0.1, [::1] or localhost")
            .next("sign in with: connect login --paste"),
        LoopbackError::Port(_) => Failure::usage(error.to_string()).next("correct the port: --redirect-uri"),
        LoopbackError::Listen(address, error) => {
            Failure::new(Exit::Failed, "LISTEN_ERROR", format!("cannot listen on {address}"))
                .cause(error)
                .next("stop the program that uses the port, or sign in with: connect login --paste")
        }
        error => Failure::new(Exit::Failed, "LISTEN_ERROR", error.to_string()),
    }
}

/// Converts the error; if the service refused the redirect URI, the next step is to correct that URI.
fn refused(error: connect_hyper::Error) -> Failure {
    let about_redirect = error.message().is_some_and(|text| text.to_ascii_lowercase().contains("redirect"));
    let failure = Failure::from(error);
    if about_redirect {
        return failure.next("set the redirect URI exactly as registered: --redirect-uri");
    }
    failure
}
