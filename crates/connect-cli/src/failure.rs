//! The failure of a command: its exit code and its output.
//!
//! A failure has a message, a cause and a next step, which `--json` prints as one object. A failure contains
//! no secrets, because the library's errors contain no secrets. In texts from the service, characters that
//! could control a terminal are replaced.

use std::{error::Error as _, fmt, io::Write as _, process::ExitCode};

use connect_hyper::{Error, ErrorKind, SignInFault, TransportError, TransportErrorKind};
use serde_json::json;

use crate::{
    next_steps::NextSteps,
    progress,
    settings::Settings,
    text::{MAX_MESSAGE_CHARS, brief, escape_json, limit},
};

/// The exit codes; listed in the README and in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    SignIn = 3,
    NotAllowed = 4,
    NotFound = 5,
    Service = 6,
    Incomplete = 7,
    Interrupted = 130,
}

/// The text at the end of the output of `--help`.
///
/// No option sets the client secret, because every user of the machine can see a program's arguments.
pub(crate) const AFTER_HELP: &str = "\
Examples:
  connect demo
  connect login
  connect events list --from today --to +7d
  connect events create --calendar Work --title Review --start \"tomorrow 14:00\" --duration 45m

`connect COMMAND --help` shows more examples and the global options.

The client secret has no option: set it with `connect config set client-secret`
or in MOBISCROLL_CONNECT_CLIENT_SECRET. Options override the environment, which
overrides profiles and a file .env in the current folder.

Exit codes:
  0    success
  1    another failure: the token store, a file, a conflict, a refused delivery
  2    an argument, a setting or an event field is invalid
  3    not signed in, or the sign-in was not completed: connect login
  4    signed in, but the scope or the calendar permission is missing
  5    the calendar, event or account does not exist
  6    the network or the service failed: try again later
  7    connect free: a calendar was not read completely
  130  interrupted with Ctrl-C; tokens are saved first";

/// The failure of a command: exit code, message, cause and next step.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    code: &'static str,
    pub(crate) message: String,
    cause: Option<String>,
    next: Option<String>,
    error: Option<Box<Error>>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), cause: None, next: None, error: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE_ERROR", message)
    }

    pub(crate) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Replaces the message, and prepends the old message to the cause.
    pub(crate) fn while_doing(mut self, message: impl Into<String>) -> Self {
        let before = std::mem::replace(&mut self.message, message.into());
        self.cause = Some(match self.cause {
            Some(cause) => format!("{before}: {cause}"),
            None => before,
        });
        self
    }

    /// Adds an earlier failure to the cause.
    pub(crate) fn after(mut self, first: &Self) -> Self {
        let cause = self.cause.take().unwrap_or_default();
        self.cause = Some(format!("{cause}; earlier failure: {}", first.message));
        self
    }

    /// Returns whether the service denied permission.
    pub(crate) fn is_denied(&self) -> bool {
        self.exit == Exit::NotAllowed
    }

    /// Prints the failure on stderr and returns the exit code.
    pub(crate) fn report(&self, settings: &Settings) -> ExitCode {
        let next_steps = NextSteps::of(settings);
        let next = self.next.as_deref().map(|next| next_steps.complete(next));
        let text = if settings.json.is_some() { self.json(next) } else { self.text(next) };
        progress::clear();
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        ExitCode::from(self.exit as u8)
    }

    fn text(&self, next: Option<String>) -> String {
        let mut text = format!("connect: {}\n", brief(&self.message));
        if let Some(cause) = &self.cause {
            text.push_str(&format!("  cause: {}\n", brief(cause)));
        }
        if let Some(next) = &next {
            text.push_str(&format!("  next:  {}\n", brief(next)));
        }
        if let Some(id) = self.error.as_ref().and_then(|error| error.request_id()) {
            text.push_str(&format!("  request id: {}\n", brief(id)));
        }
        text
    }

    fn json(&self, next: Option<String>) -> String {
        let error = self.error.as_deref();
        let object = json!({ "error": {
            "code": self.code,
            "exitCode": self.exit as u8,
            "message": limit(&self.message, MAX_MESSAGE_CHARS),
            "cause": self.cause.as_deref().map(|cause| limit(cause, MAX_MESSAGE_CHARS)),
            "next": next,
            "status": error.and_then(|error| error.status()).map(|status| status.as_u16()),
            "requestId": error.and_then(|error| error.request_id()).map(|id| limit(id, MAX_MESSAGE_CHARS)),
            "mayHaveHappened": error.is_some_and(|error| error.may_have_happened()),
        } });
        format!("{}\n", escape_json(&object.to_string()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (exit, next) = advice(&error);
        let mut failure = Self::new(exit, error.code(), error.kind().to_string());
        if matches!(error.kind(), ErrorKind::Authentication) && error.status().is_none() {
            // No request was sent. The library's message is left out because it is meant for programmers.
            failure.message = "not signed in".to_owned();
        } else {
            failure.cause = cause(&error);
        }
        failure.next = next;
        failure.error = Some(Box::new(error));
        failure
    }
}

impl From<connect_hyper::types::Invalid> for Failure {
    fn from(invalid: connect_hyper::types::Invalid) -> Self {
        Error::from(invalid).into()
    }
}

/// Returns the message of the error and its innermost cause.
///
/// Any other causes are omitted, because the innermost cause is the most specific.
fn cause(error: &Error) -> Option<String> {
    let mut inner = error.source();
    while let Some(next) = inner.and_then(|inner| inner.source()) {
        inner = Some(next);
    }
    let inner = inner.map(ToString::to_string);
    let mut cause = match (error.message(), inner) {
        (Some(message), Some(inner)) if !message.contains(&inner) => format!("{message}: {inner}"),
        (Some(message), _) => message.to_owned(),
        (None, inner) => inner?,
    };
    if let ErrorKind::Validation { details: Some(details) } = error.kind() {
        cause.push_str(&format!(" {}", details.get()));
    }
    Some(cause)
}

/// Returns the exit code and the next step.
fn advice(error: &Error) -> (Exit, Option<String>) {
    let (exit, next) = match error.kind() {
        ErrorKind::Authentication if error.server_code() == Some("invalid_client") => {
            (Exit::Usage, "check the client id and secret: connect doctor")
        }
        ErrorKind::Authentication => (Exit::SignIn, "sign in: connect login"),
        ErrorKind::SignIn(SignInFault::Denied) => (Exit::SignIn, "start again: connect login"),
        ErrorKind::SignIn(_) => (Exit::SignIn, "no tokens were saved; start again: connect login"),
        ErrorKind::Permission { accounts, .. } if !accounts.is_empty() => {
            return (Exit::NotAllowed, Some(withheld(accounts)));
        }
        ErrorKind::Permission { .. } => {
            (Exit::NotAllowed, "sign in with more permissions: connect login --scope read-write")
        }
        ErrorKind::Validation { .. } => (Exit::Usage, "correct the named field and try again"),
        ErrorKind::NotFound => {
            (Exit::NotFound, "list calendars or events: connect calendars, connect events list")
        }
        ErrorKind::Configuration => (Exit::Usage, "check the settings: connect doctor"),
        ErrorKind::Conflict => (Exit::Failed, "read the object again, then repeat the change"),
        ErrorKind::TokenStore => {
            (Exit::Failed, "make the token folder writable, or choose another folder: --tokens")
        }
        ErrorKind::RateLimited => return (Exit::Service, Some(wait(error))),
        ErrorKind::Network { .. } | ErrorKind::Timeout | ErrorKind::Server => return network(error),
        ErrorKind::Http => (Exit::Service, "check the base URL: connect doctor"),
        _ => (Exit::Service, "if the command keeps failing, contact the operator of the service"),
    };
    (exit, Some(next.to_owned()))
}

fn withheld(accounts: &[(String, String)]) -> String {
    let list: Vec<_> = accounts.iter().map(|(provider, account)| format!("{account} ({provider})")).collect();
    format!("grant calendar access for {}: connect login", list.join(", "))
}

fn wait(error: &Error) -> String {
    match error.retry_after() {
        Some(time) => format!("try again in {} s", time.as_secs().max(1)),
        None => "try again later".to_owned(),
    }
}

fn network(error: &Error) -> (Exit, Option<String>) {
    let transport = error.source().and_then(|source| source.downcast_ref::<TransportError>());
    let next = if error.may_have_happened() {
        "the change may have been made: check before trying again"
    } else {
        match transport.map(TransportError::kind) {
            Some(TransportErrorKind::Tls) => {
                "if you use your own certificate authority, add its certificate: --root-certificate FILE"
            }
            Some(TransportErrorKind::Connect) => "check the network and the base URL: connect doctor",
            _ => "try again later, or with a longer --timeout",
        }
    };
    (Exit::Service, Some(next.to_owned()))
}
