//! `connect doctor`: why it does not work, and what to do, without a user.
//!
//! ```text
//!   health            is the service there, and can it be believed (TLS)?
//!   token endpoint    a made-up code: `invalid_grant` means that the credentials are good
//!     refused         the same with id and secret changed round: were they swapped?
//!   authorize         a redirect means that the client id is known, and may show the registered redirect URI
//! ```
//!
//! The credentials come before the authorization: as long as it may be the secret that stands in the place of
//! the client id, it must not get into a URL. For the same reason the client id is not shown.

mod probe;
mod verdict;

use std::process::ExitCode;

use connect_hyper::Secret;
use serde::Serialize;

use self::{
    probe::{Authorized, Credentials, Probe},
    verdict::Verdict,
};
use crate::{
    context,
    failure::Failure,
    output::Output,
    settings::{Resolved, Settings},
    text::clean,
};

pub(crate) fn run(settings: &Settings) -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    let done = context::run_alone(settings, async |resolved, out| {
        let (verdict, checks) = examine(&resolved).await?;
        exit = ExitCode::from(verdict.exit_code());
        report(&verdict, &checks, &out)
    });
    if done == ExitCode::SUCCESS { exit } else { done }
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    result: Outcome,
    detail: String,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Failed,
    /// It cannot be told without a sign-in.
    Unknown,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn note(&mut self, name: &'static str, result: Outcome, detail: impl Into<String>) {
        self.0.push(Check { name, result, detail: detail.into() });
    }
}

async fn examine(settings: &Resolved) -> Result<(Verdict, Checks), Failure> {
    let mut checks = Checks::default();
    let verdict = find(settings, &mut checks).await?;
    Ok((verdict, checks))
}

async fn find(settings: &Resolved, checks: &mut Checks) -> Result<Verdict, Failure> {
    let credentials = settings.credentials()?;
    let (Some(id), Some(secret)) = (&credentials.id, &credentials.secret) else {
        checks.note("settings", Outcome::Failed, "the client id or the client secret is not set");
        return Ok(Verdict::NotSet);
    };
    let probe = Probe::new(settings, id, secret.clone())?;
    checks.note("settings", Outcome::Ok, "client id, client secret and redirect URI are set");

    if let Err((verdict, detail)) = probe.reach().await {
        checks.note("service", Outcome::Failed, detail);
        return Ok(verdict);
    }
    checks.note("service", Outcome::Ok, format!("{} answers", probe.base_url()));

    match probe.credentials().await {
        Credentials::Good => {
            checks.note("credentials", Outcome::Ok, "the token endpoint takes the client id and secret")
        }
        Credentials::RedirectUri(detail) => {
            checks.note("credentials", Outcome::Ok, "the token endpoint takes the client id and secret");
            checks.note("redirect URI", Outcome::Failed, detail);
            return Ok(Verdict::RedirectUri(None));
        }
        Credentials::Refused(detail) => {
            checks.note("credentials", Outcome::Failed, detail);
            return refused(settings, (id, secret), &probe, checks).await;
        }
        Credentials::Failed(verdict, detail) => {
            checks.note("credentials", Outcome::Failed, detail);
            return Ok(verdict);
        }
    }
    Ok(authorized(probe.authorize().await?, checks, &settings.redirect_uri))
}

/// Which of the two is wrong, or both in each other's place.
async fn refused(
    settings: &Resolved,
    (id, secret): (&str, &Secret),
    probe: &Probe,
    checks: &mut Checks,
) -> Result<Verdict, Failure> {
    let swapped = Probe::new(settings, secret.expose(), Secret::from(id))?;
    if matches!(swapped.credentials().await, Credentials::Good | Credentials::RedirectUri(_)) {
        checks.note("swapped", Outcome::Failed, "with id and secret changed round it takes them");
        return Ok(Verdict::Swapped);
    }
    match probe.authorize().await? {
        Authorized::UnknownClient(detail) => {
            checks.note("client id", Outcome::Failed, detail);
            Ok(Verdict::ClientId)
        }
        Authorized::Failed(verdict, detail) => {
            checks.note("client id", Outcome::Unknown, detail);
            Ok(verdict)
        }
        _ => {
            checks.note("client id", Outcome::Ok, "the authorization knows it");
            Ok(Verdict::ClientSecret)
        }
    }
}

fn authorized(answer: Authorized, checks: &mut Checks, redirect_uri: &str) -> Verdict {
    let known = "the authorization knows it";
    match answer {
        // The token endpoint knows the client, so it is no wrong client id.
        Authorized::UnknownClient(detail) => {
            checks.note("authorization", Outcome::Failed, detail);
            Verdict::Service
        }
        Authorized::Failed(verdict, detail) => {
            checks.note("client id", Outcome::Unknown, detail);
            verdict
        }
        Authorized::Consent => {
            checks.note("client id", Outcome::Ok, known);
            let detail =
                format!("{redirect_uri}: whether it is the registered one shows only at the end of a login");
            checks.note("redirect URI", Outcome::Unknown, detail);
            Verdict::Well
        }
        Authorized::Back => {
            checks.note("client id", Outcome::Ok, known);
            checks.note("redirect URI", Outcome::Ok, format!("{redirect_uri} is the registered one"));
            Verdict::Well
        }
        Authorized::Elsewhere(registered) => {
            checks.note("client id", Outcome::Ok, known);
            let detail = match &registered {
                Some(registered) => format!("the service redirects to {registered}, not to {redirect_uri}"),
                None => format!("the service refuses {redirect_uri}"),
            };
            checks.note("redirect URI", Outcome::Failed, detail);
            Verdict::RedirectUri(registered)
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    ok: bool,
    code: &'static str,
    message: &'static str,
    next: String,
    exit_code: u8,
    checks: &'a [Check],
}

fn report(verdict: &Verdict, checks: &Checks, out: &Output) -> Result<(), Failure> {
    let report = Report {
        ok: matches!(verdict, Verdict::Well),
        code: verdict.code(),
        message: verdict.message(),
        next: out.next_steps.complete(&verdict.next()),
        exit_code: verdict.exit_code(),
        checks: &checks.0,
    };
    out.print(&report, || {
        let mut text = String::new();
        for check in report.checks {
            let mark = match check.result {
                Outcome::Ok => "ok",
                Outcome::Failed => "FAILED",
                Outcome::Unknown => "?",
            };
            text.push_str(&format!("{mark:<7} {:<14} {}\n", check.name, clean(&check.detail)));
        }
        text + &format!("\n{}\nNext: {}\n", report.message, clean(&report.next))
    })
}
