//! `connect webhooks verify`: whether a delivery is genuine, from what was kept of it.
//!
//! For who has to find out why a delivery is refused. Nothing is asked of anybody, and no settings are read, so it
//! says the same everywhere: the body, the headers, the keys and the time are all there is.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use connect_hyper::webhooks::{PublicKey, Reason, Verified, verify};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    failure::{Exit, Failure},
    output::{Output, note},
    settings::Settings,
    text::clean,
    when,
};

/// The arguments of `connect webhooks verify`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The body, to the byte; - reads it from stdin.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// A header of the delivery, as in 'webhook-id: msg_1'; may be given more than once.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// A public key (whpk_...) of the service; may be given more than once.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// The time to take for now, in seconds since 1970 [default: the present].
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,
}

impl Arguments {
    pub(super) fn run(&self, settings: &Settings) -> ExitCode {
        let out = Output::new(settings);
        match self.verify().and_then(|outcome| self.report(&outcome, &out).map(|()| outcome)) {
            Ok(Ok(_)) => ExitCode::SUCCESS,
            Ok(Err(_)) => ExitCode::from(Exit::Failed as u8),
            Err(failure) => failure.report(settings),
        }
    }

    fn verify(&self) -> Result<Result<Verified, Reason>, Failure> {
        let headers = headers(&self.headers)?;
        let now = match self.now {
            Some(seconds) => Timestamp::from_second(seconds)
                .map_err(|error| Failure::usage("--now is no time").cause(error))?,
            None => Timestamp::now(),
        };
        let keys = self.keys();
        let body = read(&self.body)?;
        let outcome = verify(&headers, &body, &keys, now);
        if outcome == Err(Reason::NoMatchingSignature) {
            let unmarked = body.strip_prefix(b"\xef\xbb\xbf");
            let unended = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n"));
            for (without, what) in
                [(unmarked, "the byte order mark at the start"), (unended, "the line break at the end")]
            {
                if without.is_some_and(|body| verify(&headers, body, &keys, now).is_ok()) {
                    note(&format!("Without {what} of the body it would be genuine."));
                }
            }
        }
        Ok(outcome)
    }

    /// One that is malformed is skipped, as the official SDKs do.
    fn keys(&self) -> Vec<PublicKey> {
        let key = |text: &String| match text.parse() {
            Ok(key) => Some(key),
            Err(error) => {
                note(&format!("The key {} is skipped: {error}.", clean(text)));
                None
            }
        };
        self.keys.iter().filter_map(key).collect()
    }

    fn report(&self, outcome: &Result<Verified, Reason>, out: &Output) -> Result<(), Failure> {
        let reason = outcome.as_ref().err();
        let value = json!({ "verified": reason.is_none(), "reason": reason.map(|reason| reason.code()) });
        out.print(&value, || match outcome {
            Ok(verified) => format!(
                "The delivery {} is genuine, sent {}.\n",
                clean(&verified.id),
                when::second(verified.timestamp, &out.zone)
            ),
            Err(reason) => format!("The delivery is refused: {reason} ({}).\n", reason.code()),
        })
    }
}

/// Those given more than once stay so: of two it cannot be said which one was signed.
fn headers(lines: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = header(line).ok_or_else(|| {
            Failure::usage(format!("--header is no header: {line:?}"))
                .next("write the name, a colon and the value, as in 'webhook-id: msg_1'")
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Around a value HTTP allows blanks and tabs; around a name it allows nothing (RFC 9112 5).
fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let value = value.trim_matches([' ', '\t']);
    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let outcome = if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut body)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut body))
    };
    match outcome {
        Ok(_) => Ok(body),
        Err(error) => Err(Failure::usage(format!("the body {} cannot be read", file.display())).cause(error)),
    }
}
