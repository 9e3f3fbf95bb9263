//! What a failed command says, and the exit code it leaves with.
//!
//! A failure is three things for people: what happened, the cause, the next step. `--json` prints the same as
//! one object. None of them holds a secret: the library's errors hold none, and what comes from the service
//! is cleaned of whatever could drive a terminal.

use std::{error::Error as _, fmt, io::Write as _, process::ExitCode};

use connect_hyper::{Error, ErrorKind, SignInFault, TransportError, TransportErrorKind};
use serde_json::json;

use crate::{
    next_steps::NextSteps,
    settings::Settings,
    text::{LONGEST, brief, escape_json, limit},
};

/// The exit codes, as the README and `--help` list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    SignIn = 3,
    NotAllowed = 4,
    NotFound = 5,
    Service = 6,
    Interrupted = 130,
}

/// What stands below `--help`. The secret has no option: everybody on the machine can see a program's
/// arguments.
pub(crate) const AFTER_HELP: &str = "\
The client secret is read from MOBISCROLL_CONNECT_CLIENT_SECRET alone. A file .env
in the current folder may set this and the other MOBISCROLL_CONNECT_ variables; the
environment wins over it, and an option over both.

Exit codes:
  0    all went well
  1    it failed otherwise: the token store, a file, a conflict, a refused delivery
  2    the arguments, the settings or the values of an event are wrong
  3    nobody is signed in, or the sign-in was not completed: connect login
  4    signed in, but not allowed: the scope, or calendar access withheld
  5    there is no such calendar, event or account
  6    the network or the service failed: another time it may work
  130  interrupted with Ctrl-C; tokens are saved first";

/// A command that did not do what it was asked for.
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

    /// Replaces the first line, which says what was attempted.
    pub(crate) fn while_doing(mut self, message: impl Into<String>) -> Self {
        let before = std::mem::replace(&mut self.message, message.into());
        self.cause = Some(match self.cause {
            Some(cause) => format!("{before}: {cause}"),
            None => before,
        });
        self
    }

    /// Names what had failed before.
    pub(crate) fn after(mut self, first: &Self) -> Self {
        let cause = self.cause.take().unwrap_or_default();
        self.cause = Some(format!("{cause}; before that: {}", first.message));
        self
    }

    /// Whether the service does not let the user do it.
    pub(crate) fn is_denied(&self) -> bool {
        self.exit == Exit::NotAllowed
    }

    /// Says it on stderr, and gives the exit code.
    pub(crate) fn report(&self, settings: &Settings) -> ExitCode {
        let next_steps = NextSteps::of(settings);
        let next = self.next.as_deref().map(|next| next_steps.complete(next));
        let text = if settings.json { self.json(next) } else { self.text(next) };
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
            "message": limit(&self.message, LONGEST),
            "cause": self.cause.as_deref().map(|cause| limit(cause, LONGEST)),
            "next": next,
            "status": error.and_then(|error| error.status()).map(|status| status.as_u16()),
            "requestId": error.and_then(|error| error.request_id()).map(|id| limit(id, LONGEST)),
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
            // Nobody was asked: the library's cause is for who writes programs.
            failure.message = "nobody is signed in, or no longer".to_owned();
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

/// The message of the error, and below it the innermost cause: the middle repeats one or the other.
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

/// The exit code, and what to do about it.
fn advice(error: &Error) -> (Exit, Option<String>) {
    let (exit, next) = match error.kind() {
        ErrorKind::Authentication if error.server_code() == Some("invalid_client") => {
            (Exit::Usage, "check the client id and secret: connect doctor")
        }
        ErrorKind::Authentication => (Exit::SignIn, "sign in: connect login"),
        ErrorKind::SignIn(SignInFault::Denied) => (Exit::SignIn, "start again: connect login"),
        ErrorKind::SignIn(_) => (Exit::SignIn, "nothing was saved; start again: connect login"),
        ErrorKind::Permission { accounts, .. } if !accounts.is_empty() => {
            return (Exit::NotAllowed, Some(withheld(accounts)));
        }
        ErrorKind::Permission { .. } => {
            (Exit::NotAllowed, "sign in with a wider scope: connect login --scope read-write")
        }
        ErrorKind::Validation { .. } => (Exit::Usage, "change what it names and try again"),
        ErrorKind::NotFound => (Exit::NotFound, "list what there is: connect calendars, connect events list"),
        ErrorKind::Configuration => (Exit::Usage, "check the settings: connect doctor"),
        ErrorKind::Conflict => (Exit::Failed, "look at it again, then repeat the change"),
        ErrorKind::TokenStore => {
            (Exit::Failed, "make the folder of tokens writable, or name another: --tokens")
        }
        ErrorKind::RateLimited => return (Exit::Service, Some(wait(error))),
        ErrorKind::Network { .. } | ErrorKind::Timeout | ErrorKind::Server => return network(error),
        ErrorKind::Http => (Exit::Service, "check the base URL: connect doctor"),
        _ => (Exit::Service, "if it stays so, tell whoever runs the service"),
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
        "it may have happened all the same: look before trying again"
    } else {
        match transport.map(TransportError::kind) {
            Some(TransportErrorKind::Tls) => {
                "if the certificate is your own authority's, name it: --root-certificate FILE"
            }
            Some(TransportErrorKind::Connect) => "check the network and the base URL: connect doctor",
            _ => "try again later, or with a longer --timeout",
        }
    };
    (Exit::Service, Some(next.to_owned()))
}
