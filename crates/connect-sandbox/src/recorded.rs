//! The recorded requests, for assertions in tests.

use http::header::AUTHORIZATION;

/// A request to the sandbox. Control calls are not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The method, in capitals.
    pub method: String,
    /// The path and query as received.
    pub path: String,
    /// The name of the endpoint (`GET /calendars`), or `unknown`.
    pub endpoint: &'static str,
    /// The status of the response; `None` if the connection was cut.
    pub status: Option<u16>,
    /// The scheme of the `Authorization` header, without the credentials (`Bearer ***`).
    pub authorization: Option<String>,
}

/// How many of the most recent requests are never removed.
const MIN_STORED: usize = 10_000;

/// The query parameters that contain credentials.
const SECRETS: [&str; 8] =
    ["access_token", "assertion", "client_secret", "code", "code_verifier", "key", "refresh_token", "token"];

#[derive(Debug, Default)]
pub(crate) struct Recorder(Vec<Recorded>);

impl Recorder {
    pub(crate) fn all(&self) -> &[Recorded] {
        &self.0
    }

    /// Adds a request. If the list is full, first removes the older half of the requests.
    pub(crate) fn push(&mut self, recorded: Recorded) {
        if self.0.len() >= 2 * MIN_STORED {
            self.0.drain(..MIN_STORED);
        }
        self.0.push(recorded);
    }
}

impl Recorded {
    /// Returns the path and query, with credentials replaced by `***`.
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
