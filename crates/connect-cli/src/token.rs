//! `connect token`: `refresh` exchanges the tokens now, `import` takes those that another SDK or program got.
//!
//! Imported tokens come from a file or from stdin, never from the command line, where everybody on the machine can see
//! them. What cannot be read is not quoted.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use connect_hyper::{Secret, Tokens, types::Scope};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::json;

use crate::{
    context::{Command, Context},
    failure::Failure,
    input,
    text::clean,
    via::Via,
};

/// The arguments of `connect token`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Exchange the tokens for new ones now, to see that it works; calls do so by themselves in time.
    Refresh,
    /// Save tokens: JSON with access_token, refresh_token, and expires_at or expires_in if known.
    ///
    /// The answer of the token endpoint will do as it is. Whoever used the tokens before must stop: two that
    /// refresh the same token end the sign-in.
    Import {
        /// The file; without it, or with -, they are read from stdin.
        file: Option<PathBuf>,
    },
}

/// As the token endpoint writes it, or as this program's store and other SDKs do.
#[derive(Deserialize)]
struct Given {
    #[serde(alias = "accessToken")]
    access_token: Secret,
    #[serde(default, alias = "refreshToken")]
    refresh_token: Option<Secret>,
    #[serde(default, alias = "expiresAt", deserialize_with = "end")]
    expires_at: Option<Timestamp>,
    #[serde(default, alias = "expiresIn", deserialize_with = "seconds")]
    expires_in: Option<f64>,
    #[serde(default)]
    scope: Option<String>,
}

/// Programs write numbers as texts too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

impl Written {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
    let written = Option::<Written>::deserialize(input)?;
    let number = |written: Written| written.number().ok_or_else(|| D::Error::custom("no number"));
    written.map(number).transpose()
}

/// A time in RFC 3339, or the seconds since 1970.
fn end<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(written) = Option::<Written>::deserialize(input)? else { return Ok(None) };
    let end = match (written.number(), written) {
        (Some(seconds), _) => SignedDuration::try_from_secs_f64(seconds).and_then(Timestamp::from_duration),
        (None, Written::Text(text)) => text.parse(),
        (None, Written::Number(_)) => return Err(D::Error::custom("no time")),
    };
    end.map(Some).map_err(|_| D::Error::custom("no time"))
}

impl Command for Arguments {
    const SERVICES: &[Via] = Via::ALL;

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.action {
            Action::Refresh => refresh(context).await,
            Action::Import { file } => import(context, file.clone()).await,
        }
    }
}

async fn refresh(context: &Context) -> Result<(), Failure> {
    context.user.refresh().await?;
    let id = context.user.id();
    context.out.print(&json!({ "user": id, "refreshed": true }), || {
        format!("The tokens of {} are new and saved.\n", clean(id))
    })
}

async fn import(context: &Context, file: Option<PathBuf>) -> Result<(), Failure> {
    let file = file.filter(|file| file.as_os_str() != "-");
    // On a thread of its own: who types it in may still press Ctrl-C.
    let read = tokio::task::spawn_blocking(move || read(file.as_deref())).await;
    let tokens = read.map_err(|error| Failure::usage("the tokens cannot be read").cause(error))??;
    context.user.import(tokens).await?;
    let id = context.user.id();
    context.out.print(&json!({ "user": id, "signedIn": true }), || {
        format!("The tokens of {} are saved.\n", clean(id))
    })
}

fn read(file: Option<&Path>) -> Result<Tokens, Failure> {
    let text = input::read(file).map_err(|error| Failure::usage("the tokens cannot be read").cause(error))?;
    let text = Secret::from(text);
    // The parser's own words may quote a token.
    let given: Given = serde_json::from_str(text.expose()).map_err(|error| {
        Failure::usage(format!(
            "the tokens cannot be read at line {}, column {}",
            error.line(),
            error.column()
        ))
        .next(r#"give JSON such as {"access_token": "...", "refresh_token": "...", "expires_in": 3600}"#)
    })?;
    given.tokens()
}

impl Given {
    fn tokens(self) -> Result<Tokens, Failure> {
        let empty = |secret: &Secret| secret.expose().trim().is_empty();
        if empty(&self.access_token) {
            return Err(Failure::usage("the access token is empty"));
        }
        let mut tokens = Tokens::access_only(self.access_token);
        if let Some(refresh) = self.refresh_token.filter(|token| !empty(token)) {
            tokens = tokens.with_refresh_token(refresh);
        }
        // As in the client, a lifetime of zero or less counts as unknown.
        let lifetime = self.expires_in.filter(|seconds| *seconds > 0.0).and_then(|seconds| {
            Timestamp::now().checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
        });
        // How long ago an answer came is not known, so the token's own end is believed first.
        if let Some(end) = self.expires_at.or(tokens.expires_at).or(lifetime) {
            tokens = tokens.with_expires_at(end);
        }
        if let Some(scope) = self.scope.filter(|scope| !scope.is_empty()) {
            tokens = tokens.with_scope(Scope::from(scope));
        }
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(field: &str) -> Result<Tokens, ()> {
        let json = format!(r#"{{"access_token": "a", {field}}}"#);
        serde_json::from_str::<Given>(&json).map_err(drop)?.tokens().map_err(drop)
    }

    #[test]
    fn end_is_read_as_programs_write_it() {
        for end in ["1790000000", "\"1790000000\"", "1790000000.0", "\"2026-09-21T14:13:20Z\""] {
            for name in ["expires_at", "expiresAt"] {
                let tokens = given(&format!(r#""{name}": {end}"#)).unwrap();
                assert_eq!(tokens.expires_at, Some(Timestamp::from_second(1_790_000_000).unwrap()), "{end}");
            }
        }
        let half = given(r#""expires_at": 1790000000.5"#).unwrap().expires_at.unwrap();
        assert_eq!(half.as_millisecond(), 1_790_000_000_500);
        assert_eq!(given(r#""expires_at": null, "expires_in": null"#).unwrap().expires_at, None);
        for wrong in ["\"soon\"", "\"\"", "\"NaN\"", "\"inf\"", "1e300", "true", "[]"] {
            assert!(given(&format!(r#""expires_at": {wrong}"#)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lifetime_is_read_as_programs_write_it() {
        for lifetime in ["3600", "\"3600\"", "3600.5", "\" 3600.0 \""] {
            let before = Timestamp::now();
            let end = given(&format!(r#""expires_in": {lifetime}"#)).unwrap().expires_at.unwrap();
            assert!(end >= before + SignedDuration::from_secs(3600), "{lifetime}");
            assert!(end <= Timestamp::now() + SignedDuration::from_secs(3601), "{lifetime}");
        }
        for wrong in ["\"soon\"", "\"\"", "\"NaN\"", "true"] {
            assert!(given(&format!(r#""expires_in": {wrong}"#)).is_err(), "{wrong}");
        }
    }
}
