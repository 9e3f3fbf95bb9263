//! `connect webhooks verify`: verifies a saved delivery or reports why the delivery is refused.
//!
//! The command sends no requests and reads no settings, so the result depends only on the body, the
//! headers, the keys and the time.

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
    /// Read the body, exactly as received, from this file; - reads stdin.
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// Add a header of the delivery, such as 'webhook-id: msg_1'; may be given more than once.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Verify with this public key (whpk_...) of the service; may be given more than once.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// Use this as the current time, in seconds since 1970 [default: now].
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
                .map_err(|error| Failure::usage("--now: the time is out of range").cause(error))?,
            None => Timestamp::now(),
        };
        let keys = self.keys();
        let body = read(&self.body)?;
        let outcome = verify(&headers, &body, &keys, now);
        if outcome == Err(Reason::NoMatchingSignature) {
            let without_mark = body.strip_prefix(b"\xef\xbb\xbf");
            let without_line_break = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n"));
            for (shortened, extra) in [
                (without_mark, "the byte order mark at the start"),
                (without_line_break, "the line break at the end"),
            ] {
                if shortened.is_some_and(|body| verify(&headers, body, &keys, now).is_ok()) {
                    note(&format!("The delivery would be genuine without {extra} of the body."));
                }
            }
        }
        Ok(outcome)
    }

    /// Parses the keys. Malformed keys are skipped, as in the official SDKs.
    fn keys(&self) -> Vec<PublicKey> {
        let key = |text: &String| match text.parse() {
            Ok(key) => Some(key),
            Err(error) => {
                note(&format!("Skipped the key {}: {error}.", clean(text)));
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

/// Parses the header lines. Repeated headers are kept, because `verify` refuses them as ambiguous.
fn headers(lines: &[String]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = header(line).ok_or_else(|| {
            Failure::usage(format!("--header: {line:?} is not a header"))
                .next("write the name, a colon and the value, such as 'webhook-id: msg_1'")
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Parses a header line; only the value may be surrounded by blanks and tabs (RFC 9112 section 5).
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
        Err(error) => {
            Err(Failure::usage(format!("cannot read the body from {}", file.display())).cause(error))
        }
    }
}
