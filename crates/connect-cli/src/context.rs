//! What a command works with, and how it is run: to its end or until Ctrl-C, and never without saving tokens.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    process::ExitCode,
    task::Poll,
    time::Duration,
};

use connect_calendars::backend::{AsyncCalendarBackend, Backend, PublicGoogle};
use connect_hyper::{Client, User};

use crate::{
    failure::{Exit, Failure},
    output::{Output, note},
    settings::{Resolved, Settings},
    via::Via,
};

/// A token exchange and the save after it end within this time.
const CLOSING: Duration = Duration::from_secs(50);

/// The client, the user, and where to print.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) user: User,
    /// The user's calendars.
    pub(crate) backend: Box<dyn AsyncCalendarBackend>,
    pub(crate) out: Output,
    pub(crate) settings: Resolved,
}

/// A command: what it does with the context.
pub(crate) trait Command {
    /// What it works with.
    const SERVICES: &[Via] = &[Via::Connect];

    /// Whether it reads what is public at Google, with an API key in place of a sign-in.
    fn is_public(&self) -> bool {
        false
    }

    /// The API key, where it is an argument.
    fn api_key(&self) -> Option<&str> {
        None
    }

    async fn run(&self, context: &Context) -> Result<(), Failure>;
}

/// Runs a command for a user of the application.
pub(crate) fn run<C: Command>(settings: &Settings, command: &C) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        only(C::SERVICES, &resolved)?;
        let out = Output::new(settings);
        let context = if command.is_public() {
            let key = resolved.api_key(command.api_key())?;
            let client = resolved.public()?;
            let user = client.nobody();
            let backend = Box::new(Backend::new(PublicGoogle::new(key), user.clone()));
            Context { client, user, backend, out, settings: resolved }
        } else {
            let client = resolved.client()?;
            let user = client.user(&resolved.user);
            let backend = resolved.via.backend(user.clone());
            Context { client, user, backend, out, settings: resolved }
        };
        block_on(async {
            let outcome = until_interrupted(command.run(&context)).await;
            match close(&context.client).await {
                Ok(()) => outcome,
                Err(error) => Err(unsaved(outcome, error)),
            }
        })
    });
    finish(outcome, settings)
}

/// Nothing of another service is sent to Mobiscroll Connect.
fn only(services: &[Via], resolved: &Resolved) -> Result<(), Failure> {
    if services.contains(&resolved.via) {
        return Ok(());
    }
    let others: Vec<_> = services.iter().filter(|via| **via != Via::Connect).map(|via| via.name()).collect();
    let message = match others.join(" and ") {
        others if others.is_empty() => "this command works with Mobiscroll Connect alone".to_owned(),
        others => format!("this command works with Mobiscroll Connect, {others}"),
    };
    Err(Failure::usage(message).next(
        "leave --via out; with other services there are: login, logout, token, and with Google and Outlook calendars, events",
    ))
}

/// Waits for tokens in flight, and says so where that takes its time.
async fn close(client: &Client) -> Result<(), connect_hyper::Error> {
    let mut closing = pin!(client.close(CLOSING));
    if let Ok(closed) = tokio::time::timeout(Duration::from_secs(1), closing.as_mut()).await {
        return closed;
    }
    note("Waiting until new tokens are saved.");
    closing.await
}

/// Tokens that may be lost outweigh whatever else there is to say.
fn unsaved(outcome: Result<(), Failure>, error: connect_hyper::Error) -> Failure {
    let failure = Failure::from(error).while_doing("new tokens may not be saved");
    match outcome {
        Ok(()) => failure,
        Err(first) => failure.after(&first),
    }
}

/// Runs a command that needs no user.
pub(crate) fn run_alone<F: Future<Output = Result<(), Failure>>>(
    settings: &Settings,
    command: impl FnOnce(Resolved, Output) -> F,
) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        only(&[Via::Connect], &resolved)?;
        let out = Output::new(settings);
        block_on(until_interrupted(command(resolved, out)))
    });
    finish(outcome, settings)
}

/// Runs what goes on until it is told to stop. That is its end, and no failure.
pub(crate) fn serve<F: Future<Output = Result<(), Failure>>>(
    settings: &Settings,
    command: impl FnOnce(Resolved, Output) -> F,
) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        only(&[Via::Connect], &resolved)?;
        let out = Output::new(settings);
        block_on(async { unless_interrupted(command(resolved, out)).await.unwrap_or(Ok(())) })
    });
    finish(outcome, settings)
}

fn finish(outcome: Result<(), Failure>, settings: &Settings) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(settings),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(Exit::Failed, "RUNTIME_ERROR", "the runtime cannot be started").cause(error)
    })?;
    let outcome = runtime.block_on(work);
    // Somebody may still be asked to paste something: that thread is not waited for.
    runtime.shutdown_background();
    outcome
}

async fn until_interrupted(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    unless_interrupted(work).await.unwrap_or_else(|| {
        Err(Failure::new(Exit::Interrupted, "INTERRUPTED", "interrupted")
            .next("what was under way may have happened: look before repeating it"))
    })
}

/// What comes of the work, or nothing if it was interrupted.
async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut interrupted = pin!(interruption());
    poll_fn(|cx| {
        // First, so that the signals are caught before anything is sent or said.
        if interrupted.as_mut().poll(cx).is_ready() {
            note("");
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Ctrl-C, or being asked to end. Where signals cannot be caught, the usual thing happens.
#[cfg(unix)]
async fn interruption() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    poll_fn(|cx| {
        let ended = interrupt.poll_recv(cx).is_ready() || terminate.poll_recv(cx).is_ready();
        if ended { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[cfg(not(unix))]
async fn interruption() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
