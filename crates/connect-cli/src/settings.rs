//! The settings that all commands share.
//!
//! Options override the environment, which overrides profiles and `.env`.
//!
//! A `.env` in a downloaded folder must not change the proxy, affect other programs, or redirect
//! credentials. Therefore only the `MOBISCROLL_CONNECT_*` variables of `.env` are read, and they
//! are not added to the environment. A base URL in `.env` must be that of the service or of a
//! sandbox on this machine. If `.env` sets the base URL to a sandbox, only credentials from `.env`
//! are sent to the sandbox.

pub(crate) mod sources;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ColorChoice, ValueEnum as _, value_parser};
use connect_calendars::google;
use connect_hyper::{
    Builder, CONNECT_BASE_URL, Client, HyperTransport, Network, RetryPolicy, Secret, is_loopback,
};
use connect_stores::FileStore;
use http::Uri;
use jiff::tz::TimeZone;

pub(crate) use self::sources::PREFIX;
use self::sources::{Setting, Source, Sources};
use crate::{
    failure::{Exit, Failure},
    input,
    output::JsonForm,
    via::Via,
    when,
    write_guard::{self, Held},
};

pub(crate) const DEFAULT_USER: &str = "me";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";

/// The options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Settings {
    /// Use the settings of this profile: see connect config [env: MOBISCROLL_CONNECT_PROFILE].
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The base URL of the API [env: MOBISCROLL_CONNECT_BASE_URL] [default: Mobiscroll Connect].
    #[arg(long, global = true, value_name = "URL")]
    base_url: Option<String>,
    /// The application's client id [env: MOBISCROLL_CONNECT_CLIENT_ID].
    #[arg(long, global = true, value_name = "ID")]
    client_id: Option<String>,
    /// Use this service instead of Mobiscroll Connect. Only doctor, login, logout and token support all
    /// services.
    /// Each service has its own variables, such as MOBISCROLL_CONNECT_GOOGLE_CLIENT_ID.
    /// [env: MOBISCROLL_CONNECT_VIA] [default: connect]
    #[arg(long, global = true, value_enum, value_name = "SERVICE")]
    via: Option<Via>,
    /// The redirect URI [env: MOBISCROLL_CONNECT_REDIRECT_URI] [default: http://127.0.0.1:8765/callback].
    #[arg(long, global = true, value_name = "URI")]
    redirect_uri: Option<String>,
    /// The application's id for the user [env: MOBISCROLL_CONNECT_USER] [default: me].
    #[arg(long, global = true, value_name = "ID")]
    user: Option<String>,
    /// Store tokens in this folder [env: MOBISCROLL_CONNECT_TOKENS].
    /// [default: mobiscroll-connect/tokens in the user's state folder]
    #[arg(long, global = true, value_name = "DIR")]
    tokens: Option<PathBuf>,
    /// Trust this root certificate (PEM) in addition to the built-in ones.
    /// [env: MOBISCROLL_CONNECT_ROOT_CERTIFICATE]
    #[arg(long, global = true, value_name = "FILE")]
    root_certificate: Option<PathBuf>,
    /// Limit a call, with its retries, to this time [env: MOBISCROLL_CONNECT_TIMEOUT] [default: 60].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=MAX_TIMEOUT))]
    timeout: Option<u64>,
    /// Read and print times in this time zone, such as Europe/Berlin [default: TZ, or the system's].
    #[arg(long, global = true, value_name = "ZONE", value_parser = when::named_zone)]
    pub(crate) tz: Option<TimeZone>,
    /// Print results and errors as JSON with the API's field names; --json=lines prints one item per line.
    #[arg(long, global = true, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "document", hide_possible_values = true)]
    pub(crate) json: Option<JsonForm>,
    /// Lay out text for people, in this width; 0 for no limit [default: the terminal's width].
    #[arg(long, global = true, value_name = "COLUMNS")]
    pub(crate) width: Option<usize>,
    /// Use colours: auto (on a terminal, unless NO_COLOR is set), always or never.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "MODE",
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) color: ColorChoice,
}

/// The maximum of `--timeout`, in seconds: one day.
const MAX_TIMEOUT: u64 = 86_400;

/// A setting that `connect config` knows.
#[derive(Debug)]
pub(crate) struct KnownSetting {
    pub(crate) name: &'static str,
    pub(crate) is_secret: bool,
}

const fn plain(name: &'static str) -> KnownSetting {
    KnownSetting { name, is_secret: false }
}

const fn secret(name: &'static str) -> KnownSetting {
    KnownSetting { name, is_secret: true }
}

/// All settings that have a variable.
pub(crate) const KNOWN: &[KnownSetting] = &[
    plain("base-url"),
    plain("client-id"),
    secret("client-secret"),
    plain("redirect-uri"),
    plain("user"),
    plain("via"),
    plain("read-only"),
    plain("tokens"),
    plain("root-certificate"),
    plain("timeout"),
    plain("google-client-id"),
    secret("google-client-secret"),
    plain("google-redirect-uri"),
    secret("google-api-key"),
    plain("microsoft-client-id"),
    secret("microsoft-client-secret"),
    plain("microsoft-redirect-uri"),
    plain("microsoft-tenant"),
    plain("apptoto-client-id"),
    secret("apptoto-client-secret"),
    plain("apptoto-redirect-uri"),
];

/// The client id and the secret, if set.
pub(crate) struct Credentials {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<Secret>,
}

impl Settings {
    /// Returns the options of this command that are added to suggested commands, quoted for a shell.
    pub(crate) fn repeated(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let options = [
            ("--profile", self.profile.clone()),
            ("--base-url", self.base_url.clone()),
            ("--client-id", self.client_id.clone()),
            ("--via", self.via.map(|via| via.option().to_owned())),
            ("--redirect-uri", self.redirect_uri.clone()),
            ("--user", self.user.clone()),
            ("--tokens", path(&self.tokens)),
            ("--root-certificate", path(&self.root_certificate)),
            ("--tz", self.tz.as_ref().and_then(TimeZone::iana_name).map(str::to_owned)),
        ];
        let given = options.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        given.map(|(name, value)| format!(" {name} {}", quoted(&value))).collect()
    }

    /// Returns the name of the profile, if one is given.
    pub(crate) fn profile(&self) -> Option<String> {
        self.profile.clone().or_else(|| sources::environment("profile").map(|setting| setting.value))
    }

    /// Returns the value of an option. `--client-id` and `--redirect-uri` set those of the service `via`.
    fn argument(&self, name: &str, via: Via) -> Option<Setting> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let (option, value) = match name {
            "base-url" => ("--base-url", self.base_url.clone()),
            "user" => ("--user", self.user.clone()),
            "via" => ("--via", self.via.map(|via| via.option().to_owned())),
            "tokens" => ("--tokens", path(&self.tokens)),
            "root-certificate" => ("--root-certificate", path(&self.root_certificate)),
            "timeout" => ("--timeout", self.timeout.map(|seconds| seconds.to_string())),
            name => match name.strip_prefix(via.prefix())? {
                "client-id" => ("--client-id", self.client_id.clone()),
                "redirect-uri" => ("--redirect-uri", self.redirect_uri.clone()),
                _ => return None,
            },
        };
        value.map(|value| Setting { value, source: Source::Argument(option) })
    }

    /// Returns the value of a setting and its source.
    ///
    /// An empty argument overrides a variable too: a script may have expanded an unset variable.
    fn find(&self, name: &str, via: Via, sources: &Sources) -> Option<Setting> {
        self.argument(name, via).or_else(|| sources.find(name))
    }

    /// Returns the service.
    fn via(&self, sources: &Sources) -> Result<Via, Failure> {
        self.find("via", Via::Connect, sources).map_or(Ok(Via::default()), |setting| service(&setting))
    }

    /// Returns the path of the profile, and each setting of [`KNOWN`] with its source.
    pub(crate) fn every(&self) -> Result<(PathBuf, Vec<Option<Setting>>), Failure> {
        let sources = Sources::read(self.profile().as_deref())?;
        let via = self.via(&sources)?;
        let find = |known: &KnownSetting| match known.name {
            "read-only" => sources.read_only(),
            name => Ok(self.find(name, via, &sources)),
        };
        let every = KNOWN.iter().map(find).collect::<Result<_, Failure>>()?;
        Ok((sources.profile().to_owned(), every))
    }

    /// Returns an error if the value is not valid for the setting.
    pub(crate) fn check(name: &str, value: &str) -> Result<(), Failure> {
        let setting = Setting { value: value.to_owned(), source: Source::Argument("VALUE") };
        match name {
            "read-only" => setting.is_on().map(drop),
            "timeout" => timeout(&setting).map(drop),
            "via" => service(&setting).map(drop),
            "root-certificate" => certificate(&setting).map(drop),
            _ => Ok(()),
        }
    }

    /// Combines the options with the environment, the profile and `.env`.
    pub(crate) fn resolve(&self) -> Result<Resolved, Failure> {
        let sources = Sources::read(self.profile().as_deref())?;
        let via = self.via(&sources)?;
        let named = |name: &str| self.find(name, via, &sources);
        let own = |name: &str| named(&format!("{}{name}", via.prefix()));
        let text = |setting: Option<Setting>| setting.map(|setting| setting.value);

        let base_url = named("base-url");
        let (id, secret, api_key) = (own("client-id"), own("client-secret"), own("api-key"));
        let redirect_uri = text(own("redirect-uri"));
        let any_port = redirect_uri.is_none() && via.takes_any_port(secret.is_some());
        let named_user = text(named("user"));
        let sandbox_from_file = base_url.as_ref().and_then(sandbox_from_dot_env).transpose()?;
        let credential_outside_file =
            [&secret, &id].into_iter().flatten().find_map(Setting::source_outside_dot_env);
        let api_key_outside_file = api_key.as_ref().and_then(Setting::source_outside_dot_env);
        Ok(Resolved {
            sandbox_from_file,
            credential_outside_file,
            api_key_outside_file,
            credentials: Credentials { id: text(id), secret: text(secret).map(Secret::from) },
            via,
            read_only: read_only(&sources)?,
            tenant: text(own("tenant")),
            api_key: text(api_key),
            any_port,
            redirect_uri: redirect_uri.unwrap_or_else(|| REDIRECT_URI.to_owned()),
            base_url: text(base_url).filter(|url| !url.is_empty()),
            user: named_user.clone().unwrap_or_else(|| DEFAULT_USER.to_owned()),
            named_user,
            tokens: text(named("tokens")).map(PathBuf::from),
            root_certificate: named("root-certificate").map(|setting| certificate(&setting)).transpose()?,
            timeout: named("timeout").map(|setting| timeout(&setting)).transpose()?,
        })
    }
}

/// Returns the setting that makes the program read-only, if it is on.
fn read_only(sources: &Sources) -> Result<Option<Source>, Failure> {
    let Some(setting) = sources.read_only()? else { return Ok(None) };
    Ok(setting.is_on()?.then_some(setting.source))
}

fn service(setting: &Setting) -> Result<Via, Failure> {
    Via::from_str(&setting.value, true).map_err(|_| {
        let names: Vec<_> = Via::ALL.iter().map(|via| via.option()).collect();
        setting.refused(&format!("{:?} is not a service (expected {})", setting.value, names.join(", ")))
    })
}

fn timeout(setting: &Setting) -> Result<Duration, Failure> {
    let seconds = setting.value.parse().ok().filter(|seconds| (1..=MAX_TIMEOUT).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        setting
            .refused(&format!("{:?} is not a timeout (expected 1 to {MAX_TIMEOUT} seconds)", setting.value))
    })
}

/// Quotes the word for a shell if needed.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "@%+=:,./_-".contains(c);
    match word.is_empty() || !word.chars().all(is_plain) {
        true => format!("'{}'", word.replace('\'', r"'\''")),
        false => word.to_owned(),
    }
}

/// Returns the source of the base URL if `.env` sets it to a sandbox on this machine.
///
/// Returns an error if `.env` sets the base URL to another machine, unless the URL is that of the
/// service.
fn sandbox_from_dot_env(base_url: &Setting) -> Option<Result<Source, Failure>> {
    let Source::DotEnv(..) = base_url.source else { return None };
    let uri: Option<Uri> = base_url.value.parse().ok();
    if uri.as_ref().is_some_and(is_service) {
        return None;
    }
    if uri.is_some_and(|uri| is_loopback(uri.host().unwrap_or_default())) {
        return Some(Ok(base_url.source.clone()));
    }
    let message = format!(
        "{} must be the base URL of Mobiscroll Connect or of a sandbox on this machine",
        base_url.source
    );
    Some(Err(Failure::new(Exit::Usage, "CONFIGURATION_ERROR", message)
        .cause("a file in the current folder must not decide where tokens are sent")
        .next("set the base URL with --base-url or in the environment")))
}

/// Returns whether the URL is the service's base URL in any spelling.
fn is_service(url: &Uri) -> bool {
    let parts = |url: &Uri| {
        let authority = url.authority()?.as_str().to_ascii_lowercase();
        let host = authority.strip_suffix(":443").unwrap_or(&authority).to_owned();
        Some((url.scheme().cloned(), host, url.path().trim_end_matches('/').to_owned()))
    };
    url.query().is_none() && parts(url) == parts(&Uri::from_static(CONNECT_BASE_URL))
}

/// The settings, combined from the options, the environment and `.env`.
pub(crate) struct Resolved {
    credentials: Credentials,
    /// The source of the base URL, if `.env` sets it to a sandbox.
    sandbox_from_file: Option<Source>,
    /// The source of the first credential that is not from `.env`: the client secret, else the client id.
    ///
    /// `None` if neither the client secret nor the client id is set outside `.env`.
    credential_outside_file: Option<Source>,
    api_key_outside_file: Option<Source>,
    pub(crate) via: Via,
    /// The setting that makes the program read-only, if it is on.
    pub(crate) read_only: Option<Source>,
    tenant: Option<String>,
    api_key: Option<String>,
    pub(crate) redirect_uri: String,
    /// Whether no redirect URI is set and the service accepts any loopback port.
    pub(crate) any_port: bool,
    base_url: Option<String>,
    pub(crate) user: String,
    /// The user, if one is set.
    pub(crate) named_user: Option<String>,
    tokens: Option<PathBuf>,
    pub(crate) root_certificate: Option<Vec<u8>>,
    timeout: Option<Duration>,
}

impl Resolved {
    /// Returns the credentials, or an error if they must not be sent to the base URL.
    pub(crate) fn credentials(&self) -> Result<&Credentials, Failure> {
        self.check_source(self.credential_outside_file.as_ref()).map(|()| &self.credentials)
    }

    /// Returns the client id, which is not secret.
    pub(crate) fn client_id(&self) -> Option<&str> {
        self.credentials.id.as_deref()
    }

    /// Returns an error if `.env` sets the base URL to a sandbox, and the credential is not from `.env`.
    fn check_source(&self, credential: Option<&Source>) -> Result<(), Failure> {
        let (Some(base_url), Some(credential)) = (&self.sandbox_from_file, credential) else { return Ok(()) };
        let message = format!("{credential} must not be sent to {base_url}");
        Err(Failure::new(Exit::Usage, "CONFIGURATION_ERROR", message)
            .cause("the URL of a sandbox in .env is only used with credentials from the same file")
            .next("put the credentials into .env too, or set the base URL with --base-url or in the environment"))
    }

    /// Creates the application's client, with a file token store.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(self.client_builder()?.build()?)
    }

    /// Creates the application's client, which sends no writes. The first write is put into `held`.
    pub(crate) fn guarded_client(&self, held: Held) -> Result<Client, Failure> {
        let transport = self.transport(&self.client()?)?;
        Ok(self.client_builder()?.transport(write_guard::guarded(transport, held)).build()?)
    }

    fn client_builder(&self) -> Result<Builder, Failure> {
        let missing = |setting: &str, name: &str| {
            let name = format!("{}{name}", self.via.prefix());
            let variable = sources::variable(&name);
            let message = format!("the {setting} is not set");
            let failure = Failure::new(Exit::Usage, "CONFIGURATION_ERROR", message).next(format!(
                "set {variable} in the environment or in .env, or save it: connect config set {name}; then check \
                 with: connect doctor"
            ));
            match &self.api_key {
                Some(_) => {
                    failure.cause("an API key cannot sign in; it only gives access to public calendars")
                }
                None => failure,
            }
        };
        let credentials = self.credentials()?;
        let id = credentials.id.as_deref().ok_or_else(|| missing("client id", "client-id"))?;
        if credentials.secret.is_none() && self.via == Via::Connect {
            return Err(missing("client secret", "client-secret"));
        }
        Ok(self.service_builder(id, credentials.secret.as_ref())?.store(self.store()?))
    }

    /// Creates a client without retries, for requests that need no user.
    pub(crate) fn probe(&self, id: &str, secret: Option<&Secret>) -> Result<Client, Failure> {
        Ok(self.service_builder(id, secret)?.retry(RetryPolicy::none()).build()?)
    }

    /// Returns the builder of a client of the service of `--via`; without a secret, of a public client.
    fn service_builder(&self, id: &str, secret: Option<&Secret>) -> Result<Builder, Failure> {
        let builder = match secret {
            Some(secret) => self.builder(id, secret.clone())?,
            None => self.configure(Client::public_builder(id).redirect_uri(&self.redirect_uri))?,
        };
        Ok(match self.via.profile(self.base_url.as_deref(), self.tenant.as_deref())? {
            Some(profile) => builder.profile(profile),
            None => builder,
        })
    }

    /// Creates a client without credentials, to receive deliveries or to control a sandbox.
    ///
    /// `webhook_key` is used until the service's keys can be fetched.
    pub(crate) fn anonymous(&self, webhook_key: Option<&str>) -> Result<Client, Failure> {
        let builder = self.builder("nobody", Secret::from("none"))?.retry(RetryPolicy::none());
        Ok(match webhook_key {
            Some(key) => builder.webhook_key(key).build()?,
            None => builder.build()?,
        })
    }

    /// Creates a client without credentials for public Google calendars.
    pub(crate) fn public(&self) -> Result<Client, Failure> {
        if self.via != Via::Google {
            return Err(
                Failure::usage("--public-calendar is only supported with Google").next("add --via google")
            );
        }
        Ok(self.configure(Client::anonymous_builder())?.build()?)
    }

    /// Returns the Google API key from the argument or, without one, from the environment or `.env`.
    pub(crate) fn api_key(&self, argument: Option<&str>) -> Result<google::ApiKey, Failure> {
        match argument {
            Some(_) => self.check_source(Some(&Source::Argument("--api-key")))?,
            None => self.check_source(self.api_key_outside_file.as_ref())?,
        }
        let Some(key) = argument.or(self.api_key.as_deref()) else {
            return Err(Failure::usage("public calendars need an API key")
                .next("set MOBISCROLL_CONNECT_GOOGLE_API_KEY, or add --api-key"));
        };
        Ok(google::ApiKey::new(key)?)
    }

    /// Creates a transport with the proxy and certificate settings.
    pub(crate) fn transport(&self, client: &Client) -> Result<HyperTransport, Failure> {
        let mut network = Network::from_vars(|name| std::env::var(name).ok());
        network.root_certificates.extend(self.root_certificate.clone());
        Ok(HyperTransport::new(&network, client.app().config())?)
    }

    fn builder(&self, id: &str, secret: Secret) -> Result<Builder, Failure> {
        self.configure(Client::builder(id, secret).redirect_uri(&self.redirect_uri))
    }

    fn configure(&self, builder: Builder) -> Result<Builder, Failure> {
        let mut builder = builder.user_agent(concat!("connect-cli/", env!("CARGO_PKG_VERSION")));
        if let Some(url) = self.via.api(self.base_url.as_deref())? {
            builder = builder.base_url(url);
        }
        if let Some(pem) = &self.root_certificate {
            builder = builder.root_certificates(pem.clone());
        }
        if let Some(time) = self.timeout {
            // Does not change the timeout of token exchanges: a shorter timeout could lose the new tokens.
            builder = builder
                .timeout(time)
                .attempt_timeout(time.min(Duration::from_secs(30)))
                .connect_timeout(time.min(Duration::from_secs(10)));
        }
        Ok(builder)
    }

    pub(crate) fn store(&self) -> Result<FileStore, Failure> {
        let store = match &self.tokens {
            Some(folder) => FileStore::open(folder),
            None => FileStore::open_default(),
        };
        store.map_err(|error| {
            Failure::new(Exit::Failed, "TOKEN_STORE_ERROR", "cannot open the token store")
                .cause(error)
                .next("make the token folder writable, or choose another folder: --tokens")
        })
    }
}

fn certificate(setting: &Setting) -> Result<Vec<u8>, Failure> {
    input::read(Some(Path::new(&setting.value))).map(String::into_bytes).map_err(|error| {
        Failure::usage(format!("cannot read the root certificate {}", setting.value)).cause(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_url_in_dot_env_is_recognized_in_any_spelling() {
        let from_file = |value: &str| Setting {
            value: value.to_owned(),
            source: Source::DotEnv("BASE_URL".to_owned(), 1),
        };
        for same in ["/api", "/api/", "/api//", ":443/api"] {
            let url = format!("https://connect.mobiscroll.com{same}");
            assert!(sandbox_from_dot_env(&from_file(&url)).is_none(), "{url}");
        }
        assert!(sandbox_from_dot_env(&from_file("HTTPS://Connect.Mobiscroll.COM/api/")).is_none());
        for other in [
            "http://connect.mobiscroll.com/api",
            "https://connect.mobiscroll.com:444/api",
            "https://connect.mobiscroll.com:87650/api",
            "https://connect.mobiscroll.com/API",
            "https://connect.mobiscroll.com/api?a",
            "https://a@connect.mobiscroll.com/api",
            "https://connect.mobiscroll.com.example/api",
            "connect.mobiscroll.com/api",
        ] {
            assert!(matches!(sandbox_from_dot_env(&from_file(other)), Some(Err(_))), "{other}");
        }
        assert!(matches!(sandbox_from_dot_env(&from_file("http://127.0.0.1:1/api/")), Some(Ok(_))));
    }
}
