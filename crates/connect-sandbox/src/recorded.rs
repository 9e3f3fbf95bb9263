//! The last requests, for assertions.

use http::header::AUTHORIZATION;

/// One request the sandbox answered. Control calls are not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The method, in capitals.
    pub method: String,
    /// Path and query as they arrived.
    pub path: String,
    /// The endpoint's name (`GET /calendars`), or `unknown`.
    pub endpoint: &'static str,
    /// The status of the answer; `None` when the connection was cut.
    pub status: Option<u16>,
    /// The scheme of the authorization header with its value struck out (`Bearer ***`).
    pub authorization: Option<String>,
}

/// How many requests are kept at least.
const KEPT: usize = 10_000;

/// Query parameters whose values are credentials.
const SECRETS: [&str; 8] =
    ["access_token", "assertion", "client_secret", "code", "code_verifier", "key", "refresh_token", "token"];

#[derive(Debug, Default)]
pub(crate) struct Recorder(Vec<Recorded>);

impl Recorder {
    pub(crate) fn all(&self) -> &[Recorded] {
        &self.0
    }

    /// Keeps one more; now and then the older half goes, so that the list stays a slice and bounded.
    pub(crate) fn push(&mut self, recorded: Recorded) {
        if self.0.len() >= 2 * KEPT {
            self.0.drain(..KEPT);
        }
        self.0.push(recorded);
    }
}

impl Recorded {
    /// The path, with the credentials in its query struck out.
    pub(crate) fn path_without_secrets(&self) -> String {
        let Some((path, query)) = self.path.split_once('?') else { return self.path.clone() };
        let shown = |pair| match form_urlencoded::parse(str::as_bytes(pair)).next() {
            Some((name, _)) if SECRETS.contains(&&*name) => format!("{name}=***"),
            _ => pair.to_owned(),
        };
        format!("{path}?{}", query.split('&').map(shown).collect::<Vec<_>>().join("&"))
    }

    pub(crate) fn of<T>(request: &http::Request<T>, endpoint: &'static str) -> Self {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let authorization = request.headers().get(AUTHORIZATION).map(|value| {
            let scheme =
                value.to_str().ok().and_then(|value| value.split_once(' ')).map_or("", |(scheme, _)| scheme);
            format!("{scheme} ***")
        });
        Self {
            method: request.method().to_string(),
            path: path.to_owned(),
            endpoint,
            status: None,
            authorization,
        }
    }
}
