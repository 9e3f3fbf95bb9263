//! The application: its configuration, and the state that all its calls share.

mod observer;
mod retry;
mod wire;

pub use observer::{Observer, SessionEnded};
pub use retry::RetryPolicy;
pub(crate) use retry::surely_not_processed;
pub(crate) use wire::RequestTemplate;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderValue, Uri};

use crate::{
    app::retry::RetryBudget,
    base::{Entropy, Error, Secret, Seed, Service, is_protected},
    endpoint::CoolDowns,
    oauth::{self, Pkce, Profile},
    tokens::TokenKey,
};

/// The base URL of the Mobiscroll Connect API.
pub const CONNECT_BASE_URL: &str = "https://connect.mobiscroll.com/api";

/// The configuration of an application. Only the credentials and the seed have no default.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The client id of the application.
    pub client_id: String,
    /// The client secret, or `None` for a public client (RFC 6749 2.1), which cannot protect a secret.
    pub client_secret: Option<Secret>,
    /// The redirect URI, exactly as registered, or `postmessage` for codes from Google's popup.
    ///
    /// Only sign-ins need a redirect URI. Default: none, so each sign-in must have its own.
    pub redirect_uri: Option<String>,
    /// The base URL of the API. Default [`CONNECT_BASE_URL`].
    ///
    /// If [`profile`](Self::profile) is set or the client is anonymous, there is no default, because
    /// credentials for one service must not be sent to another service.
    pub base_url: Option<String>,
    /// The authorization server. Default: Mobiscroll Connect at the base URL.
    pub profile: Option<Profile>,
    /// The `User-Agent` header. Default `connect-rs/` and the version.
    pub user_agent: String,
    /// The rules for sending a failed request again.
    pub retry: RetryPolicy,
    /// The timeout of a call with all its attempts and pauses. Default 60 s.
    pub timeout: Duration,
    /// The timeout of one attempt. Default 30 s.
    pub attempt_timeout: Duration,
    /// The timeout of a token exchange, independent of the caller's deadline. Default 30 s.
    pub exchange_timeout: Duration,
    /// The maximum size of a decoded response body, in bytes. Default 32 MiB.
    pub max_response_size: usize,
    /// The seed of all random numbers: see [`Seed`].
    pub seed: Seed,
    /// The public key (`whpk_..`) that verifies webhook deliveries until the client has fetched the keys.
    /// Default: no key.
    pub webhook_key: Option<String>,
    /// The observer of ended sessions, and of writes that a crash may undo. Default: no observer.
    pub observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("base_url", &self.base_url)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Creates a configuration from the credentials and the seed. All other fields have their defaults.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        seed: impl Into<Seed>,
    ) -> Self {
        let client_secret = Some(client_secret.into());
        Self { client_secret, ..Self::public(client_id, seed) }
    }

    /// Creates the configuration of an anonymous client, for endpoints that need no user.
    pub fn anonymous(seed: impl Into<Seed>) -> Self {
        Self::public("", seed)
    }

    /// Creates the configuration of a public client, such as an installed program or a device.
    ///
    /// Set [`profile`](Self::profile) to the profile of a server that checks PKCE ([`Pkce::Used`]).
    pub fn public(client_id: impl Into<String>, seed: impl Into<Seed>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            redirect_uri: None,
            base_url: None,
            profile: None,
            user_agent: concat!("connect-rs/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            exchange_timeout: Duration::from_secs(30),
            max_response_size: 32 << 20,
            seed: seed.into(),
            webhook_key: None,
            observer: None,
        }
    }

    /// Creates a configuration from environment variables. `var` returns the value of a variable.
    ///
    /// `MOBISCROLL_CONNECT_CLIENT_ID` and `MOBISCROLL_CONNECT_CLIENT_SECRET` are required.
    /// `MOBISCROLL_CONNECT_REDIRECT_URI` and `MOBISCROLL_CONNECT_BASE_URL` are optional.
    ///
    /// # Errors
    /// If a required variable is missing or empty.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>, seed: impl Into<Seed>) -> Result<Self, Error> {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let need = |name: &str| {
            var(name).ok_or_else(|| {
                Error::configuration(format!("the environment variable {name} is missing or empty"))
            })
        };
        let mut config =
            Self::new(need("MOBISCROLL_CONNECT_CLIENT_ID")?, need("MOBISCROLL_CONNECT_CLIENT_SECRET")?, seed);
        config.redirect_uri = var("MOBISCROLL_CONNECT_REDIRECT_URI");
        config.base_url = var("MOBISCROLL_CONNECT_BASE_URL");
        Ok(config)
    }

    /// Returns the error for a sign-in or call that needs a user, but has an empty user id.
    pub(crate) fn no_user(&self) -> Error {
        match self.is_anonymous() {
            true => Error::configuration(
                "this client has no client id, so users cannot sign in (an API key gives access to public data only)",
            ),
            false => Error::validation("the user id must not be empty"),
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.client_id.is_empty() && self.client_secret.is_none() && self.redirect_uri.is_none()
    }

    /// Returns the redirect URI `own` of a sign-in, or the configured one.
    pub(crate) fn redirect_uri<'a>(&'a self, own: Option<&'a str>) -> Result<&'a str, Error> {
        own.or(self.redirect_uri.as_deref()).ok_or_else(|| {
            Error::configuration(
                "a sign-in needs the redirect URI that is registered for the client (set it in the builder, or MOBISCROLL_CONNECT_REDIRECT_URI)",
            )
        })
    }
}

/// An application with a checked configuration, shared by its sessions and calls. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppData>);

struct AppData {
    config: Config,
    service: Service,
    profile: Profile,
    /// The `Authorization` header, if the client authenticates with HTTP Basic.
    basic: Option<HeaderValue>,
    user_agent: HeaderValue,
    entropy: Entropy,
    budget: Mutex<RetryBudget>,
    cool_downs: CoolDowns,
    exchange_cool_down: CoolDowns,
}

impl App {
    /// Creates an application from a configuration.
    ///
    /// # Errors
    /// A configuration error if a value is missing or not valid. The message names the value.
    pub fn new(config: Config) -> Result<Self, Error> {
        let service = Service::new(config.base_url.as_deref().unwrap_or(CONNECT_BASE_URL))?;
        let empty = config.client_secret.as_ref().is_some_and(|secret| secret.expose().is_empty());
        let profile = config.profile.clone().unwrap_or_else(|| Profile::connect(&service));
        profile.check()?;
        if !config.is_anonymous() {
            if config.client_id.is_empty() || empty {
                return Err(Error::configuration("the client id and the client secret must not be empty"));
            }
            if config.client_secret.is_none() && profile.pkce != Pkce::Used && profile.relay.is_none() {
                return Err(Error::configuration(
                    "a client without a client secret needs the profile of a server that checks PKCE, or a relay",
                ));
            }
            config.redirect_uri.as_deref().map_or(Ok(()), check_redirect_uri)?;
        }
        if *config.seed.0 == [0; 32] {
            return Err(Error::configuration(
                "the seed must not be all zero: the random number generator may have failed",
            ));
        }
        let basic = match &config.client_secret {
            Some(secret) => oauth::basic(profile.client_auth, &config.client_id, secret)?,
            None => None,
        };
        let user_agent = HeaderValue::try_from(config.user_agent.as_str()).map_err(|_| {
            Error::configuration("the user agent has characters that are not allowed in a header")
        })?;
        let entropy = Entropy::new(config.seed.clone());
        Ok(Self(Arc::new(AppData {
            config,
            service,
            profile,
            basic,
            user_agent,
            entropy,
            budget: Mutex::new(RetryBudget::new()),
            cool_downs: CoolDowns::default(),
            exchange_cool_down: CoolDowns::default(),
        })))
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Returns whether the API has a base URL, either configured or the default.
    pub(crate) fn has_service(&self) -> bool {
        let config = self.config();
        config.base_url.is_some() || !(config.profile.is_some() || config.is_anonymous())
    }

    /// Returns the API service.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// Returns the profile of the authorization server.
    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    /// Returns the key of a user's tokens in the token store.
    pub fn token_key(&self, user: &str) -> TokenKey {
        TokenKey {
            issuer: self.0.profile.issuer.as_str().into(),
            client_id: self.config().client_id.as_str().into(),
            user: user.into(),
        }
    }

    pub(crate) fn basic(&self) -> Option<&HeaderValue> {
        self.0.basic.as_ref()
    }

    pub(crate) fn user_agent(&self) -> &HeaderValue {
        &self.0.user_agent
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    /// Returns the cool-downs of the API.
    ///
    /// After a 429 with `Retry-After`, all calls of the user wait or, if the service limits the
    /// application, all calls of the application.
    pub(crate) fn cool_downs(&self) -> &CoolDowns {
        &self.0.cool_downs
    }

    /// Returns the cool-down of the token endpoint.
    ///
    /// After a 429 or 503 with `Retry-After`, all exchanges wait.
    pub(crate) fn exchange_cool_down(&self) -> &CoolDowns {
        &self.0.exchange_cool_down
    }

    pub(crate) fn deposit_retry(&self) {
        self.budget().deposit();
    }

    pub(crate) fn withdraw_retry(&self) -> bool {
        self.budget().withdraw()
    }

    fn budget(&self) -> MutexGuard<'_, RetryBudget> {
        self.0.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("client_id", &self.config().client_id)
            .field("base_url", &self.0.service.base_url())
            .finish_non_exhaustive()
    }
}

/// Checks that a redirect URI is https, http to a loopback address, or has a private-use scheme.
///
/// A scheme other than http and https counts as private-use (RFC 8252 section 7.1). `postmessage` is also
/// accepted.
///
/// The browser sends the authorization code to the redirect URI. The code must not be sent unencrypted.
pub(crate) fn check_redirect_uri(text: &str) -> Result<(), Error> {
    if text == oauth::POSTMESSAGE {
        return Ok(());
    }
    let wrong = |what: &str| Error::configuration(format!("the redirect URI {what}"));
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(wrong("must not contain a space or control character"));
    }
    let Some((scheme, _)) = text.split_once(':') else {
        return Err(wrong("must have a scheme such as https"));
    };
    if text.contains('#') {
        return Err(wrong("must not have a fragment (RFC 6749 3.1.2)"));
    }
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    let uri: Uri = text.parse().map_err(|_| wrong("is not a valid URL"))?;
    if is_protected(&uri) { Ok(()) } else { Err(wrong("must be https (http is allowed for loopback only)")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(base_url: &str, redirect_uri: &str) -> Result<App, Error> {
        let mut config = Config::new("id", "secret", [7; 32]);
        config.redirect_uri = Some(redirect_uri.to_owned());
        config.base_url = Some(base_url.to_owned());
        App::new(config)
    }

    #[test]
    fn urls_for_tokens_and_codes_must_be_encrypted() {
        let (good, callback) = ("https://connect.example/api", "https://app.example/callback");
        for base in [
            "http://connect.example/api",
            "http://127.0.0.1.example/",
            "ftp://a/",
            "/api",
            "",
            "https://u:p@a/",
            "https://a/?b",
        ] {
            assert!(app(base, callback).is_err(), "{base}");
        }
        for redirect in [
            "http://app.example/callback",
            "callback",
            "",
            "https://a/#b",
            "https://a/\r\nb",
            "http:///",
            "com.example.app:/call back",
            "com.example.app:/\u{7f}",
        ] {
            assert!(app(good, redirect).is_err(), "{redirect:?}");
        }
        for base in
            [good, "http://127.0.0.1:80/api/", "http://localhost:1", "http://[::1]:9/x", "http://127.9.9.9"]
        {
            assert!(app(base, callback).is_ok(), "{base}");
        }
        for redirect in [callback, "http://localhost:8765/callback", "com.example.app:/callback"] {
            assert!(app(good, redirect).is_ok(), "{redirect}");
        }
    }

    #[test]
    fn app_debug_shows_no_secret() {
        let app = app("https://a.example", "https://b.example").unwrap();
        let shown = format!("{app:?}");
        assert!(!shown.contains("secret") && shown.contains("https://a.example"), "{shown}");
    }

    #[test]
    fn missing_variable_is_named_in_the_error() {
        for value in [None, Some(String::new())] {
            let error = Config::from_vars(|_| value.clone(), [0; 32]).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("MOBISCROLL_CONNECT_CLIENT_ID"));
        }
    }

    #[test]
    fn two_variables_are_enough() {
        let value = |name: &str| match name {
            "MOBISCROLL_CONNECT_CLIENT_ID" => Some("id".to_owned()),
            "MOBISCROLL_CONNECT_CLIENT_SECRET" => Some("secret".to_owned()),
            _ => None,
        };
        let config = Config::from_vars(value, [7; 32]).unwrap();
        assert_eq!((&config.redirect_uri, &config.base_url), (&None, &None));
        App::new(config).unwrap();
    }

    #[test]
    fn configuration_is_read_from_variables() {
        let config = |base_url: Option<&'static str>| {
            let var = move |name: &str| match name.trim_start_matches("MOBISCROLL_CONNECT_") {
                "CLIENT_ID" => Some("id"),
                "CLIENT_SECRET" => Some("secret"),
                "REDIRECT_URI" => Some("https://app.example/callback"),
                "BASE_URL" => base_url,
                _ => None,
            };
            Config::from_vars(|name| var(name).map(str::to_owned), [7; 32]).unwrap()
        };
        let from = config(Some("https://connect.example/api"));
        assert_eq!(
            (from.client_id.as_str(), from.client_secret.as_ref().unwrap().expose()),
            ("id", "secret")
        );
        assert_eq!(from.redirect_uri.as_deref(), Some("https://app.example/callback"));
        assert_eq!(from.base_url.as_deref(), Some("https://connect.example/api"));
        for unset in [None, Some("")] {
            assert_eq!(config(unset).base_url, None);
        }
    }
}
