//! `connect token`: `refresh` refreshes the saved tokens now, `import` saves tokens of another program.
//!
//! Imported tokens are read from a file or stdin, never from an argument, which every user of the machine
//! could see. Errors do not quote the input.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use connect_hyper::{Secret, Tokens, types::Scope};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::json;

use crate::{
    context::{Command, Context, Effect},
    failure::Failure,
    input,
    text::clean,
    via::Via,
};

/// The arguments of `connect token`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: TokenAction,
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Refresh the tokens now, as a test; commands refresh them automatically when needed.
    #[command(after_help = "Example: connect token refresh")]
    Refresh,
    /// Save another program's tokens: JSON with access_token, refresh_token, and expires_at or expires_in.
    ///
    /// A response of the token endpoint is accepted unchanged. The other program must stop using the tokens:
    /// if two programs refresh the same token, the service ends the sign-in.
    #[command(after_help = "Example: connect token import tokens.json")]
    Import {
        /// Read the tokens from this file; - means stdin [default: stdin].
        file: Option<PathBuf>,
    },
}

/// Tokens in the format of the token endpoint, of the file store, or of other SDKs.
#[derive(Deserialize)]
struct ImportedTokens {
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

/// A number, which some programs write as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(f64),
    Text(String),
}

impl NumberOrText {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
    let written = Option::<NumberOrText>::deserialize(input)?;
    let number = |written: NumberOrText| written.number().ok_or_else(|| D::Error::custom("not a number"));
    written.map(number).transpose()
}

/// Reads a time in RFC 3339 format, or in seconds since 1970.
fn end<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(written) = Option::<NumberOrText>::deserialize(input)? else { return Ok(None) };
    let end = match (written.number(), written) {
        (Some(seconds), _) => SignedDuration::try_from_secs_f64(seconds).and_then(Timestamp::from_duration),
        (None, NumberOrText::Text(text)) => text.parse(),
        (None, NumberOrText::Number(_)) => return Err(D::Error::custom("not a time")),
    };
    end.map(Some).map_err(|_| D::Error::custom("not a time"))
}

impl Command for Arguments {
    const SERVICES: &[Via] = Via::ALL;

    fn effect(&self) -> Effect {
        Effect::SignsIn
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.action {
            TokenAction::Refresh => refresh(context).await,
            TokenAction::Import { file } => import(context, file.clone()).await,
        }
    }
}

async fn refresh(context: &Context) -> Result<(), Failure> {
    context.user.refresh().await?;
    let id = context.user.id();
    context.out.print(&json!({ "user": id, "refreshed": true }), || {
        format!("Refreshed and saved the tokens of {}.\n", clean(id))
    })
}

async fn import(context: &Context, file: Option<PathBuf>) -> Result<(), Failure> {
    let file = file.filter(|file| file.as_os_str() != "-");
    // A separate thread reads stdin, because Ctrl-C has no effect on a thread that waits for input.
    let read = tokio::task::spawn_blocking(move || read(file.as_deref())).await;
    let tokens = read.map_err(|error| Failure::usage("cannot read the tokens").cause(error))??;
    context.user.import(tokens).await?;
    let id = context.user.id();
    context
        .out
        .print(&json!({ "user": id, "signedIn": true }), || format!("Saved the tokens of {}.\n", clean(id)))
}

fn read(file: Option<&Path>) -> Result<Tokens, Failure> {
    let text = input::read(file).map_err(|error| Failure::usage("cannot read the tokens").cause(error))?;
    let text = Secret::from(text);
    // The parser's message is not shown, because it may quote a token.
    let imported: ImportedTokens = serde_json::from_str(text.expose()).map_err(|error| {
        Failure::usage(format!(
            "the tokens are not valid at line {}, column {}",
            error.line(),
            error.column()
        ))
        .next(r#"expected JSON such as {"access_token": "...", "refresh_token": "...", "expires_in": 3600}"#)
    })?;
    imported.tokens()
}

impl ImportedTokens {
    fn tokens(self) -> Result<Tokens, Failure> {
        let empty = |secret: &Secret| secret.expose().trim().is_empty();
        if empty(&self.access_token) {
            return Err(Failure::usage("the access token is empty"));
        }
        let mut tokens = Tokens::access_only(self.access_token);
        if let Some(refresh) = self.refresh_token.filter(|token| !empty(token)) {
            tokens = tokens.with_refresh_token(refresh);
        }
        // Like the client, treat a lifetime of zero or less as unknown.
        let lifetime = self.expires_in.filter(|seconds| *seconds > 0.0).and_then(|seconds| {
            Timestamp::now().checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
        });
        // `expires_in` counts from the time of the response, which is unknown, so the expiry in the access
        // token takes precedence.
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

    fn imported(field: &str) -> Result<Tokens, ()> {
        let json = format!(r#"{{"access_token": "a", {field}}}"#);
        serde_json::from_str::<ImportedTokens>(&json).map_err(drop)?.tokens().map_err(drop)
    }

    #[test]
    fn expiry_is_read_in_all_common_formats() {
        for end in ["1790000000", "\"1790000000\"", "1790000000.0", "\"2026-09-21T14:13:20Z\""] {
            for name in ["expires_at", "expiresAt"] {
                let tokens = imported(&format!(r#""{name}": {end}"#)).unwrap();
                assert_eq!(tokens.expires_at, Some(Timestamp::from_second(1_790_000_000).unwrap()), "{end}");
            }
        }
        let half = imported(r#""expires_at": 1790000000.5"#).unwrap().expires_at.unwrap();
        assert_eq!(half.as_millisecond(), 1_790_000_000_500);
        assert_eq!(imported(r#""expires_at": null, "expires_in": null"#).unwrap().expires_at, None);
        for wrong in ["\"soon\"", "\"\"", "\"NaN\"", "\"inf\"", "1e300", "true", "[]"] {
            assert!(imported(&format!(r#""expires_at": {wrong}"#)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lifetime_is_read_in_all_common_formats() {
        for lifetime in ["3600", "\"3600\"", "3600.5", "\" 3600.0 \""] {
            let before = Timestamp::now();
            let end = imported(&format!(r#""expires_in": {lifetime}"#)).unwrap().expires_at.unwrap();
            assert!(end >= before + SignedDuration::from_secs(3600), "{lifetime}");
            assert!(end <= Timestamp::now() + SignedDuration::from_secs(3601), "{lifetime}");
        }
        for wrong in ["\"soon\"", "\"\"", "\"NaN\"", "true"] {
            assert!(imported(&format!(r#""expires_in": {wrong}"#)).is_err(), "{wrong}");
        }
    }
}
