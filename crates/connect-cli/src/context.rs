//! Runs a command until it ends or Ctrl-C is pressed, and saves new tokens before the program exits.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use clap::Args;

use connect_calendars::backend::{AsyncCalendarBackend, Backend, PublicGoogle};
use connect_hyper::{Client, User, types::Calendar};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::{
    failure::{Exit, Failure},
    output::{Output, note},
    settings::{Resolved, Settings},
    text::{clean_lines, escape_json},
    via::Via,
    write_guard::{Held, HeldRequest},
};

/// The timeout of `close`: longer than a token exchange and the save after it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(50);

/// The client, the user and the output of a command.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) user: User,
    /// Reads and changes the user's calendars at the service of `--via`.
    pub(crate) backend: Box<dyn AsyncCalendarBackend>,
    /// The user's calendars, once they were requested: see [`listed`](crate::calendars::listed).
    pub(crate) calendars: OnceCell<Vec<Calendar>>,
    /// Whether only public Google calendars are read, without a sign-in.
    pub(crate) is_public: bool,
    pub(crate) out: Output,
    pub(crate) settings: Resolved,
    held: Held,
    plan: Mutex<Vec<PlannedChange>>,
}

/// What a command does at the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Reads only.
    Reads,
    /// Changes the sign-in, but no calendar and no account.
    SignsIn,
    /// Changes calendars, accounts or subscriptions.
    Writes,
    /// Shows the change that the command would make.
    DryRun,
}

/// The option of every command that changes something at the service.
#[derive(Debug, Args)]
pub(crate) struct DryRunOption {
    /// Print the change and its request, but do not send it.
    #[arg(long)]
    dry_run: bool,
}

impl DryRunOption {
    pub(crate) fn effect(&self) -> Effect {
        if self.dry_run { Effect::DryRun } else { Effect::Writes }
    }
}

/// A change that a dry run prints.
#[derive(Serialize)]
struct PlannedChange {
    change: String,
    request: HeldRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan<'a> {
    dry_run: bool,
    changes: &'a [PlannedChange],
}

impl Context {
    /// Sends a change, and returns the response.
    ///
    /// In a dry run, adds the change to the plan and returns `None`.
    ///
    /// `change` is the change in words: `Create "Stand-up" ..`.
    pub(crate) async fn perform<T>(
        &self,
        change: impl Into<String>,
        sending: impl Future<Output = Result<T, connect_hyper::Error>>,
    ) -> Result<Option<T>, Failure> {
        let outcome = sending.await;
        let Some(request) = self.held.take() else { return Ok(Some(outcome?)) };
        let planned = PlannedChange { change: change.into(), request };
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
        Ok(None)
    }

    /// Prints the changes of a dry run.
    fn print_plan(&self) -> Result<(), Failure> {
        let changes = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        self.out.print(&Plan { dry_run: true, changes: &changes }, || {
            let mut text = "Dry run: nothing was changed.\n".to_owned();
            for PlannedChange { change, request } in changes.iter() {
                let HeldRequest { method, url, body } = request;
                text.push_str(&clean_lines(&format!("\n{change}\n\n{method} {url}")));
                text.push('\n');
                if !body.is_null() {
                    text.push_str(&format!("{}\n", escape_json(&format!("{body:#}"))));
                }
            }
            text
        })
    }
}

/// A command that runs for a user of the application.
pub(crate) trait Command {
    /// The services that the command supports.
    const SERVICES: &[Via] = &[Via::Connect];

    /// Returns what the command does at the service. A read-only setting refuses [`Effect::Writes`].
    fn effect(&self) -> Effect;

    /// Returns whether the command reads public Google calendars, which need an API key and no sign-in.
    fn is_public(&self) -> bool {
        false
    }

    /// Returns the value of `--api-key`.
    fn api_key(&self) -> Option<&str> {
        None
    }

    async fn run(&self, context: &Context) -> Result<(), Failure>;
}

/// Runs a command for a user of the application.
pub(crate) fn run<C: Command>(settings: &Settings, command: &C) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        check_service(C::SERVICES, &resolved)?;
        let effect = command.effect();
        check_read_only(effect, &resolved)?;
        let out = Output::new(settings);
        let (held, plan) = (Held::default(), Mutex::default());
        let is_public = command.is_public();
        let (client, user, backend): (_, _, Box<dyn AsyncCalendarBackend>) = if is_public {
            let key = resolved.api_key(command.api_key())?;
            let client = resolved.public()?;
            let user = client.nobody();
            let backend = Backend::new(PublicGoogle::new(key), user.clone());
            (client, user, Box::new(backend))
        } else {
            let client = match effect {
                Effect::Reads | Effect::DryRun => resolved.guarded_client(held.clone())?,
                Effect::SignsIn | Effect::Writes => resolved.client()?,
            };
            let user = client.user(&resolved.user);
            let backend = resolved.via.backend(user.clone());
            (client, user, backend)
        };
        let (calendars, settings) = (OnceCell::new(), resolved);
        let context = Context { client, user, backend, calendars, is_public, out, settings, held, plan };
        block_on(async {
            let outcome = until_interrupted(effect, command.run(&context)).await;
            let outcome = match effect {
                Effect::DryRun => outcome.and_then(|()| context.print_plan()),
                _ => outcome,
            };
            match close(&context.client).await {
                Ok(()) => outcome,
                Err(error) => Err(unsaved(outcome, error)),
            }
        })
    });
    finish(outcome, settings)
}

/// Returns an error if the command writes and a setting makes the program read-only.
pub(crate) fn check_read_only(effect: Effect, resolved: &Resolved) -> Result<(), Failure> {
    match &resolved.read_only {
        Some(source) if effect == Effect::Writes => {
            Err(Failure::new(Exit::NotAllowed, "READ_ONLY", "the program is read-only, and this command makes a change")
                .cause(format!("{source} is on"))
                .next("see what the command would change: --dry-run; or switch the setting off: connect config unset read-only"))
        }
        _ => Ok(()),
    }
}

/// Returns an error if the command does not support the service of `--via`.
fn check_service(services: &[Via], resolved: &Resolved) -> Result<(), Failure> {
    if services.contains(&resolved.via) {
        return Ok(());
    }
    let others: Vec<_> = services.iter().filter(|via| **via != Via::Connect).map(|via| via.name()).collect();
    let message = match others.join(" and ") {
        others if others.is_empty() => "this command only supports Mobiscroll Connect".to_owned(),
        others => format!("this command only supports Mobiscroll Connect, {others}"),
    };
    Err(Failure::usage(message).cause(format!("--via is {}", resolved.via.option())).next(
        "omit --via, or use a service that the command supports: doctor, login, logout and token support all services; \
         calendars and events support Mobiscroll Connect, Google and Outlook",
    ))
}

/// Waits until running token exchanges end and their tokens are saved.
///
/// Prints a note if the wait takes more than one second.
async fn close(client: &Client) -> Result<(), connect_hyper::Error> {
    let mut closing = pin!(client.close(CLOSE_TIMEOUT));
    if let Ok(closed) = tokio::time::timeout(Duration::from_secs(1), closing.as_mut()).await {
        return closed;
    }
    note("Waiting for new tokens to be saved.");
    closing.await
}

/// Returns the failure to report if `close` failed, so that new tokens may be lost.
///
/// If the command failed too, the cause of the returned failure includes the command's failure.
fn unsaved(outcome: Result<(), Failure>, error: connect_hyper::Error) -> Failure {
    let failure = Failure::from(error).while_doing("new tokens may not have been saved");
    match outcome {
        Ok(()) => failure,
        Err(first) => failure.after(&first),
    }
}

/// Runs a command that needs no user.
pub(crate) fn run_alone<F: Future<Output = Result<(), Failure>>>(
    settings: &Settings,
    effect: Effect,
    command: impl FnOnce(Resolved, Output) -> F,
) -> ExitCode {
    run_alone_via(&[Via::Connect], settings, effect, command)
}

/// Runs a command that needs no user and supports these services.
pub(crate) fn run_alone_via<F: Future<Output = Result<(), Failure>>>(
    services: &[Via],
    settings: &Settings,
    effect: Effect,
    command: impl FnOnce(Resolved, Output) -> F,
) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        check_service(services, &resolved)?;
        check_read_only(effect, &resolved)?;
        let out = Output::new(settings);
        block_on(until_interrupted(effect, command(resolved, out)))
    });
    finish(outcome, settings)
}

/// Runs a command that sends no requests.
pub(crate) fn run_local(
    settings: &Settings,
    command: impl FnOnce(&Output) -> Result<(), Failure>,
) -> ExitCode {
    finish(command(&Output::new(settings)), settings)
}

/// Runs a command that serves requests until Ctrl-C, and then returns exit code 0.
pub(crate) fn serve<F: Future<Output = Result<(), Failure>>>(
    settings: &Settings,
    command: impl FnOnce(Resolved, Output) -> F,
) -> ExitCode {
    let outcome = settings.resolve().and_then(|resolved| {
        check_service(&[Via::Connect], &resolved)?;
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
        Failure::new(Exit::Failed, "RUNTIME_ERROR", "cannot start the async runtime").cause(error)
    })?;
    let outcome = runtime.block_on(work);
    // Does not wait for the thread that reads stdin, because that thread may never end.
    runtime.shutdown_background();
    outcome
}

async fn until_interrupted(
    effect: Effect,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    unless_interrupted(work).await.unwrap_or_else(|| {
        let failure = Failure::new(Exit::Interrupted, "INTERRUPTED", "interrupted");
        Err(match effect {
            Effect::Writes => failure.next("check whether the change was made before you repeat the command"),
            _ => failure,
        })
    })
}

/// Returns the outcome of `work`, or `None` if Ctrl-C or SIGTERM arrived first.
async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut interrupted = pin!(interruption());
    poll_fn(|cx| {
        // Polled before `work`, so that the signal handlers exist before `work` sends or prints anything.
        if interrupted.as_mut().poll(cx).is_ready() {
            note("");
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Ends on Ctrl-C or SIGTERM. If the handlers cannot be installed, the signals end the process as usual.
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
