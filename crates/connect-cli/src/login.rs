//! `connect login`: signs the user in with the browser.
//!
//! Connect sends the browser back to the registered redirect URI, whatever a request says, so this listens on that URI's
//! own loopback address and port, for the answer to this sign-in; at a service that takes any port, on one that is free. Where the URI leads elsewhere, the URL the browser ended at can be pasted instead. The library checks the
//! `state` and that the tokens are this user's.

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
    context::{Command, Context},
    failure::{Exit, Failure},
    output::note,
    provider,
    text::clean,
    via::Via,
};

/// The library takes no callback that comes later.
const PATIENCE: Duration = Duration::from_secs(600);

/// The arguments of `connect login`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to ask for: free-busy, read or read-write; without it the service grants read-write. With --via, the scopes
    /// of that service, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// Offer only these providers of Connect, separated by commas: google, microsoft, apple, caldav.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = provider::known)]
    providers: Vec<Provider>,
    /// The language of Connect's pages, such as es or pt-BR [default: the browser's].
    #[arg(long)]
    language: Option<Language>,
    /// Paste the URL the browser ends at, instead of listening for it.
    #[arg(long)]
    paste: bool,
    /// Print the URL without opening a browser.
    #[arg(long)]
    no_browser: bool,
}

impl Command for Arguments {
    const SERVICES: &[Via] = Via::ALL;

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let user =
            if self.paste { self.by_paste(context).await? } else { self.by_listening(context).await? };
        let id = user.id();
        context
            .out
            .print(&json!({ "user": id, "signedIn": true }), || format!("{} is signed in.\n", clean(id)))
    }
}

impl Arguments {
    fn sign_in(&self, context: &Context) -> Result<SignIn, Failure> {
        let via = context.settings.via;
        if via != Via::Connect && (self.language.is_some() || !self.providers.is_empty()) {
            return Err(Failure::usage("--providers and --language are for Mobiscroll Connect alone"));
        }
        let sign_in = SignIn::new(context.user.id()).providers(self.providers.iter().cloned());
        let sign_in = via.ask(sign_in, self.scope.as_deref())?;
        Ok(match &self.language {
            Some(language) => sign_in.language(language),
            None => sign_in,
        })
    }

    async fn by_listening(&self, context: &Context) -> Result<User, Failure> {
        let sign_in = self.sign_in(context)?;
        // Listening comes before the browser, which may be back at once.
        let settings = &context.settings;
        let listener =
            if settings.any_port { Loopback::bind() } else { Loopback::at(&settings.redirect_uri) }
                .map_err(not_listening)?;
        let sign_in = context.client.auth().sign_in(sign_in.redirect_uri(listener.redirect_uri()))?;
        let url = sign_in.url().to_owned();
        self.show(&url);
        note("Waiting for the browser to come back; Ctrl-C gives up.");
        let visit = tokio::task::spawn_blocking(move || listener.callback(&url, PATIENCE)).await;
        let visit =
            visit.map_err(|error| Failure::usage("nobody listens").cause(error))?.map_err(not_listening)?;
        let outcome = context.client.auth().finish(sign_in, visit.query()).await;
        visit.answer(outcome.is_ok());
        outcome.map_err(refused)
    }

    async fn by_paste(&self, context: &Context) -> Result<User, Failure> {
        let sign_in = context.client.auth().sign_in(self.sign_in(context)?)?;
        self.show(sign_in.url());
        let _whole_lines = paste::WholeLines::new();
        note("Then paste the whole URL the browser ends at, and press Enter:");
        let callback = in_time(pasted()).await?;
        context.client.auth().finish(sign_in, &callback).await.map_err(refused)
    }

    fn show(&self, url: &str) {
        note(&format!("Open this page to sign in:\n\n  {url}\n"));
        if !self.no_browser {
            browser::open(url);
        }
    }
}

async fn pasted() -> Result<String, Failure> {
    // On a thread of its own: whoever is to paste may press Ctrl-C.
    let read = tokio::task::spawn_blocking(|| paste::line(std::io::stdin().lock()));
    let nothing = || {
        Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "no URL was pasted")
            .next("start again: connect login --paste")
    };
    let line = read.await.map_err(|_| nothing())?.map_err(|error| nothing().cause(error))?;
    if line.trim().is_empty() { Err(nothing()) } else { Ok(line) }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}

fn late() -> Failure {
    Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "nobody came back within ten minutes")
        .cause("the page was left, or the registered redirect URI leads elsewhere")
        .next("check the redirect URI: connect doctor; or start again: connect login --paste")
}

fn not_listening(error: LoopbackError) -> Failure {
    match error {
        LoopbackError::Late => late(),
        LoopbackError::Elsewhere(uri) => {
            Failure::usage(format!("nothing can be listened for at the redirect URI {uri}"))
                .cause("it is not http at 127.0.0.1, [::1] or localhost")
                .next("sign in with: connect login --paste")
        }
        LoopbackError::Port(_) => Failure::usage(error.to_string()).next("correct it: --redirect-uri"),
        LoopbackError::Listen(address, error) => {
            Failure::new(Exit::Failed, "LISTEN_ERROR", format!("cannot listen on {address}"))
                .cause(error)
                .next("end what uses the port, or sign in with: connect login --paste")
        }
        error => Failure::new(Exit::Failed, "LISTEN_ERROR", error.to_string()),
    }
}

/// A mismatch of the redirect URI is found only here, by the service.
fn refused(error: connect_hyper::Error) -> Failure {
    let about_redirect = error.message().is_some_and(|text| text.to_ascii_lowercase().contains("redirect"));
    let failure = Failure::from(error);
    if about_redirect {
        return failure.next("set the redirect URI as it is registered, to the letter: --redirect-uri");
    }
    failure
}
