//! `connect doctor`: checks, without a sign-in, whether the application can use the service.
//!
//! ```text
//!   health            can the service be reached, with a trusted certificate? (--via: the API's base URL)
//!   token endpoint    send a made-up code: `invalid_grant` means that the credentials are valid
//!     if refused      send the client id and the secret swapped
//!   authorize         a redirect means that the client id is known; it may show the registered redirect URI
//! ```
//!
//! The credentials are checked before the authorize request, whose URL contains the client id. If
//! the user swapped the client id and the secret, the URL would contain the secret. The output does
//! not contain the client id, because a swapped client id is the secret.

mod probe;
mod verdict;

use std::process::ExitCode;

use connect_hyper::Secret;
use serde::Serialize;

use self::{
    probe::{AuthorizeCheck, CredentialCheck, Probe},
    verdict::Verdict,
};
use crate::{
    context,
    failure::Failure,
    output::Output,
    settings::{Resolved, Settings},
    text::clean,
    via::Via,
};

pub(crate) fn run(settings: &Settings) -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    let done = context::run_alone_via(Via::ALL, settings, context::Effect::Reads, async |resolved, out| {
        let (verdict, checks) = run_checks(&resolved).await?;
        exit = ExitCode::from(verdict.exit_code());
        report(&verdict, &checks, resolved.via, &out)
    });
    if done == ExitCode::SUCCESS { exit } else { done }
}

/// The result of one check.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    result: CheckResult,
    detail: String,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckResult {
    Ok,
    Failed,
    /// A request failed, or only a sign-in can show the result.
    Unknown,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn note(&mut self, name: &'static str, result: CheckResult, detail: impl Into<String>) {
        self.0.push(Check { name, result, detail: detail.into() });
    }
}

async fn run_checks(settings: &Resolved) -> Result<(Verdict, Checks), Failure> {
    let mut checks = Checks::default();
    let verdict = diagnose(settings, &mut checks).await?;
    Ok((verdict, checks))
}

async fn diagnose(settings: &Resolved, checks: &mut Checks) -> Result<Verdict, Failure> {
    let credentials = settings.credentials()?;
    let secret = credentials.secret.as_ref();
    let is_missing_secret = secret.is_none() && settings.via == Via::Connect;
    let Some(id) = credentials.id.as_deref().filter(|_| !is_missing_secret) else {
        let missing = match settings.via {
            Via::Connect => "the client id or the client secret is not set",
            _ => "the client id is not set",
        };
        checks.note("settings", CheckResult::Failed, missing);
        return Ok(Verdict::NotSet);
    };
    let probe = Probe::new(settings, id, secret)?;
    let described = match secret {
        Some(_) => "client id, client secret and redirect URI are set",
        None => "client id and redirect URI are set; without a secret, the client is public",
    };
    checks.note("settings", CheckResult::Ok, described);

    if let Err((verdict, detail)) = probe.reach().await {
        checks.note("service", CheckResult::Failed, detail);
        return Ok(verdict);
    }
    checks.note("service", CheckResult::Ok, format!("{} responds", probe.base_url()));

    let accepted = match secret {
        Some(_) => "the token endpoint accepts the client id and secret",
        None => "the token endpoint accepts the client id",
    };
    match probe.credentials().await? {
        CredentialCheck::Good => checks.note("credentials", CheckResult::Ok, accepted),
        CredentialCheck::RedirectUri(detail) => {
            checks.note("credentials", CheckResult::Ok, accepted);
            checks.note("redirect URI", CheckResult::Failed, detail);
            return Ok(Verdict::RedirectUri(None));
        }
        CredentialCheck::Refused(detail) => {
            checks.note("credentials", CheckResult::Failed, detail);
            return find_wrong_credential(settings, (id, secret), &probe, checks).await;
        }
        CredentialCheck::UnknownClient(detail) => {
            checks.note("client id", CheckResult::Failed, detail);
            let are_swapped = are_swapped(settings, (id, secret), checks).await?;
            return Ok(if are_swapped { Verdict::Swapped } else { Verdict::ClientId });
        }
        CredentialCheck::Failed(verdict, detail) => {
            checks.note("credentials", CheckResult::Failed, detail);
            return Ok(verdict);
        }
    }
    Ok(check_authorize(probe.authorize().await?, checks, &settings.redirect_uri))
}

/// Finds out whether the client id or the secret is wrong, or both are swapped.
async fn find_wrong_credential(
    settings: &Resolved,
    (id, secret): (&str, Option<&Secret>),
    probe: &Probe,
    checks: &mut Checks,
) -> Result<Verdict, Failure> {
    if are_swapped(settings, (id, secret), checks).await? {
        return Ok(Verdict::Swapped);
    }
    match probe.authorize().await? {
        AuthorizeCheck::UnknownClient(detail) => {
            checks.note("client id", CheckResult::Failed, detail);
            Ok(Verdict::ClientId)
        }
        AuthorizeCheck::Failed(verdict, detail) => {
            checks.note("client id", CheckResult::Unknown, detail);
            Ok(verdict)
        }
        _ => {
            checks.note("client id", CheckResult::Ok, "the authorize endpoint accepts the client id");
            Ok(if secret.is_some() { Verdict::ClientSecret } else { Verdict::MissingSecret })
        }
    }
}

/// Returns whether the token endpoint accepts the client id and the secret in each other's place.
async fn are_swapped(
    settings: &Resolved,
    (id, secret): (&str, Option<&Secret>),
    checks: &mut Checks,
) -> Result<bool, Failure> {
    let Some(secret) = secret else { return Ok(false) };
    let swapped = Probe::new(settings, secret.expose(), Some(&Secret::from(id)))?;
    let outcome = swapped.credentials().await?;
    let are_swapped = matches!(outcome, CredentialCheck::Good | CredentialCheck::RedirectUri(_));
    if are_swapped {
        let detail = "the token endpoint accepts the swapped client id and secret";
        checks.note("swapped", CheckResult::Failed, detail);
    }
    Ok(are_swapped)
}

fn check_authorize(outcome: AuthorizeCheck, checks: &mut Checks, redirect_uri: &str) -> Verdict {
    let known = "the authorize endpoint accepts the client id";
    match outcome {
        // The token endpoint accepted the client id, so the service contradicts itself.
        AuthorizeCheck::UnknownClient(detail) => {
            checks.note("authorization", CheckResult::Failed, detail);
            Verdict::Service
        }
        AuthorizeCheck::Failed(verdict, detail) => {
            checks.note("client id", CheckResult::Unknown, detail);
            verdict
        }
        AuthorizeCheck::Consent => {
            checks.note("client id", CheckResult::Ok, known);
            let detail = format!("only a login can show whether {redirect_uri} is registered");
            checks.note("redirect URI", CheckResult::Unknown, detail);
            Verdict::Well
        }
        AuthorizeCheck::Back => {
            checks.note("client id", CheckResult::Ok, known);
            checks.note("redirect URI", CheckResult::Ok, format!("{redirect_uri} is registered"));
            Verdict::Well
        }
        AuthorizeCheck::Elsewhere(registered) => {
            checks.note("client id", CheckResult::Ok, known);
            let detail = match &registered {
                Some(registered) => format!("the service redirects to {registered}, not to {redirect_uri}"),
                None => format!("the service refuses {redirect_uri}"),
            };
            checks.note("redirect URI", CheckResult::Failed, detail);
            Verdict::RedirectUri(registered)
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnosis<'a> {
    ok: bool,
    code: &'static str,
    message: &'static str,
    next: String,
    exit_code: u8,
    checks: &'a [Check],
}

fn report(verdict: &Verdict, checks: &Checks, via: Via, out: &Output) -> Result<(), Failure> {
    let report = Diagnosis {
        ok: matches!(verdict, Verdict::Well),
        code: verdict.code(),
        message: verdict.message(),
        next: out.next_steps.complete(&verdict.next(via)),
        exit_code: verdict.exit_code(),
        checks: &checks.0,
    };
    out.print(&report, || {
        let mut text = String::new();
        for check in report.checks {
            let mark = match check.result {
                CheckResult::Ok => "ok",
                CheckResult::Failed => "FAILED",
                CheckResult::Unknown => "?",
            };
            text.push_str(&format!("{mark:<7} {:<14} {}\n", check.name, clean(&check.detail)));
        }
        text + &format!("\n{}\nNext: {}\n", report.message, clean(&report.next))
    })
}
