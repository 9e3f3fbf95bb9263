//! `connect login`: signs the user in with the browser.
//!
//! The service sends the browser back to the registered redirect URI, whatever a request says, so this
//! listens on that URI's own loopback address and port, for one callback on exactly its path. Where the URI
//! leads elsewhere, the URL the browser ended at can be pasted instead. The library checks the `state` and
//! that the tokens are this user's.

mod browser;
mod listener;
mod page;

use std::{future::Future, io::BufRead as _, time::Duration};

use clap::Args;
use connect_hyper::{
    SignIn, User,
    types::{Language, Provider, Scope},
};
use serde_json::json;

use self::listener::Listener;
use crate::{
    context::{Command, Context},
    failure::{Exit, Failure},
    output::note,
    text::clean,
};

/// The library takes no callback that comes later.
const PATIENCE: Duration = Duration::from_secs(600);

/// The arguments of `connect login`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to ask for: free-busy, read or read-write; without it the service grants read-write.
    #[arg(long, value_parser = ["free-busy", "read", "read-write"])]
    scope: Option<String>,
    /// Offer only these providers, separated by commas: google, microsoft, apple, caldav.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    providers: Vec<Provider>,
    /// The language of the pages, such as es or pt-BR [default: the browser's].
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
    fn sign_in(&self, context: &Context) -> SignIn {
        let mut sign_in = SignIn::new(context.user.id()).providers(self.providers.iter().cloned());
        if let Some(scope) = &self.scope {
            sign_in = sign_in.scope(Scope::from(scope.as_str()));
        }
        match &self.language {
            Some(language) => sign_in.language(language),
            None => sign_in,
        }
    }

    async fn by_listening(&self, context: &Context) -> Result<User, Failure> {
        // Listening comes first: a browser may be back before this line is done otherwise.
        let listener = Listener::bind(&context.settings.redirect_uri).await?;
        let sign_in = context.client.auth().sign_in(self.sign_in(context))?;
        self.show(sign_in.url());
        note("Waiting for the browser to come back; Ctrl-C gives up.");
        let (callback, visitor) = in_time(listener.callback()).await?;
        let outcome = context.client.auth().finish(sign_in, &callback).await;
        visitor.answer(outcome.is_ok()).await;
        outcome.map_err(refused)
    }

    async fn by_paste(&self, context: &Context) -> Result<User, Failure> {
        let sign_in = context.client.auth().sign_in(self.sign_in(context))?;
        self.show(sign_in.url());
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
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let nothing = || {
        Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "no URL was pasted")
            .next("start again: connect login --paste")
    };
    let line = read.await.map_err(|_| nothing())?.map_err(|error| nothing().cause(error))?;
    if line.trim().is_empty() { Err(nothing()) } else { Ok(line) }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(Failure::new(Exit::SignIn, "AUTHENTICATION_ERROR", "nobody came back within ten minutes")
            .cause("the page was left, or the registered redirect URI leads elsewhere")
            .next("check the redirect URI: connect doctor; or start again: connect login --paste"))
    })
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
