//! The settings all commands share: from the arguments, the environment, and `.env`, in this order.
//!
//! `.env` is read, never put into the environment: only `MOBISCROLL_CONNECT_*` counts, so that a file in
//! somebody's folder changes neither the proxy nor the programs this one starts, and the secret is not handed
//! on to a browser.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use clap::{Args, value_parser};
use connect_hyper::{
    Builder, CONNECT_BASE_URL, Client, HyperTransport, Network, RetryPolicy, Secret, is_loopback,
};
use connect_providers::google;
use connect_stores::FileStore;

use crate::{
    failure::{Exit, Failure},
    via::Via,
};

pub(crate) const PREFIX: &str = "MOBISCROLL_CONNECT_";
const REDIRECT_URI: &str = "http://127.0.0.1:8765/callback";

/// The options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Settings {
    /// Where the API is [env: MOBISCROLL_CONNECT_BASE_URL] [default: Mobiscroll Connect].
    #[arg(long, global = true, value_name = "URL")]
    base_url: Option<String>,
    /// The application's client id [env: MOBISCROLL_CONNECT_CLIENT_ID].
    #[arg(long, global = true, value_name = "ID")]
    client_id: Option<String>,
    /// Whose authorization server the user signs in at: login, logout and token work with all of them. The
    /// credentials of the others are in MOBISCROLL_CONNECT_GOOGLE_CLIENT_ID and so on.
    #[arg(long, global = true, value_enum, value_name = "SERVICE", default_value_t)]
    pub(crate) via: Via,
    /// The registered redirect URI [env: MOBISCROLL_CONNECT_REDIRECT_URI] [default:
    /// http://127.0.0.1:8765/callback].
    #[arg(long, global = true, value_name = "URI")]
    redirect_uri: Option<String>,
    /// The application's own id of the user [env: MOBISCROLL_CONNECT_USER] [default: me].
    #[arg(long, global = true, value_name = "ID")]
    user: Option<String>,
    /// The folder of the tokens [default: mobiscroll-connect/tokens in the user's state folder].
    #[arg(long, global = true, value_name = "DIR")]
    tokens: Option<PathBuf>,
    /// Trust this certificate (PEM) as well as the usual ones.
    #[arg(long, global = true, value_name = "FILE")]
    root_certificate: Option<PathBuf>,
    /// How long a call may take, with its retries [default: 60].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    timeout: Option<u64>,
    /// Print one JSON document, with the field names of the API; errors too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Fit tables into so many columns; 0 never cuts [default: 80 on a terminal, else 0].
    #[arg(long, global = true, value_name = "COLUMNS")]
    pub(crate) width: Option<usize>,
}

/// The credentials, as far as they are set.
pub(crate) struct Credentials {
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<Secret>,
}

impl Settings {
    /// The settings with what the environment and `.env` add.
    pub(crate) fn resolve(&self) -> Result<Resolved, Failure> {
        let file = dot_env()?;
        let var = |name: &str| {
            let name = format!("{PREFIX}{name}");
            let own = std::env::var(&name).ok().filter(|value| !value.is_empty());
            own.or_else(|| file.get(&name).cloned()).filter(|value| !value.is_empty())
        };
        let own = |name: &str| var(&format!("{}{name}", self.via.prefix()));
        let redirect_uri = self.redirect_uri.clone().or_else(|| own("REDIRECT_URI"));
        let secret = own("CLIENT_SECRET").map(Secret::from);
        let any_port = redirect_uri.is_none() && self.via.takes_any_port(secret.is_some());
        let named_user = self.user.clone().or_else(|| var("USER"));
        Ok(Resolved {
            credentials: Credentials { id: self.client_id.clone().or_else(|| own("CLIENT_ID")), secret },
            via: self.via,
            tenant: own("TENANT"),
            api_key: own("API_KEY"),
            any_port,
            redirect_uri: redirect_uri.unwrap_or_else(|| REDIRECT_URI.to_owned()),
            base_url: self.base_url(&file)?,
            user: named_user.clone().unwrap_or_else(|| "me".to_owned()),
            named_user,
            tokens: self.tokens.clone(),
            root_certificate: self.root_certificate.as_ref().map(read).transpose()?,
            timeout: self.timeout.map(Duration::from_secs),
        })
    }
}

impl Settings {
    /// Whoever puts a file into a folder must not have tokens sent elsewhere: in `.env` the base URL may lead
    /// to this machine, for a sandbox, and no further.
    fn base_url(&self, file: &HashMap<String, String>) -> Result<Option<String>, Failure> {
        let name = format!("{PREFIX}BASE_URL");
        let named = self.base_url.clone().or_else(|| std::env::var(&name).ok()).filter(|url| !url.is_empty());
        let Some(url) = file.get(&name).filter(|url| named.is_none() && !url.is_empty()) else {
            return Ok(named);
        };
        let uri: Option<http::Uri> = url.parse().ok();
        if url == CONNECT_BASE_URL || uri.is_some_and(|uri| is_loopback(uri.host().unwrap_or_default())) {
            return Ok(Some(url.clone()));
        }
        Err(Failure::new(Exit::Usage, "CONFIGURATION_ERROR", ".env names a base URL on another machine")
            .cause("a file in the current folder does not decide where tokens are sent")
            .next("name it with --base-url, or in the environment"))
    }
}

/// The settings, once it is known where each comes from.
pub(crate) struct Resolved {
    pub(crate) credentials: Credentials,
    pub(crate) via: Via,
    tenant: Option<String>,
    api_key: Option<String>,
    pub(crate) redirect_uri: String,
    /// Whether no redirect URI is set, and the service lets such a program listen on any port.
    pub(crate) any_port: bool,
    base_url: Option<String>,
    pub(crate) user: String,
    /// The user, where one is named.
    pub(crate) named_user: Option<String>,
    tokens: Option<PathBuf>,
    pub(crate) root_certificate: Option<Vec<u8>>,
    timeout: Option<Duration>,
}

impl Resolved {
    /// The client of the application, with its tokens in files.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let missing = |what: &str, name: &str| {
            let check = if self.via == Via::Connect { "; then check with: connect doctor" } else { "" };
            let name = format!("{PREFIX}{}{name}", self.via.prefix());
            Failure::new(Exit::Usage, "CONFIGURATION_ERROR", format!("the {what} is not set"))
                .next(format!("set {name}, in the environment or in .env{check}"))
        };
        let id = self.credentials.id.as_deref().ok_or_else(|| missing("client id", "CLIENT_ID"))?;
        let builder = match &self.credentials.secret {
            Some(secret) => self.builder(id, secret.clone())?,
            None if self.via == Via::Connect => return Err(missing("client secret", "CLIENT_SECRET")),
            None => self.settle(Client::public_builder(id, &self.redirect_uri))?,
        };
        let builder = match self.via.profile(self.base_url.as_deref(), self.tenant.as_deref())? {
            Some(profile) => builder.profile(profile),
            None => builder,
        };
        Ok(builder.store(self.store()?).build()?)
    }

    /// A client that signs nobody in and tries once: for what needs no user.
    pub(crate) fn probe(&self, id: &str, secret: Secret) -> Result<Client, Failure> {
        Ok(self.builder(id, secret)?.retry(RetryPolicy::none()).build()?)
    }

    /// A client for what needs no credentials: taking deliveries, and controlling a sandbox. A pinned key stands
    /// in for as long as none can be fetched.
    pub(crate) fn anonymous(&self, webhook_key: Option<&str>) -> Result<Client, Failure> {
        let builder = self.builder("nobody", Secret::from("none"))?.retry(RetryPolicy::none());
        Ok(match webhook_key {
            Some(key) => builder.webhook_key(key).build()?,
            None => builder.build()?,
        })
    }

    /// A client for what is public at Google.
    pub(crate) fn public(&self) -> Result<Client, Failure> {
        if self.via != Via::Google {
            return Err(Failure::usage("public calendars are Google's").next("add --via google"));
        }
        Ok(self.settle(Client::anonymous_builder())?.build()?)
    }

    /// The key of Google's API: that of the arguments, or else that of the environment.
    pub(crate) fn api_key(&self, argument: Option<&str>) -> Result<google::ApiKey, Failure> {
        let Some(key) = argument.or(self.api_key.as_deref()) else {
            return Err(Failure::usage("public calendars need an API key")
                .next("set MOBISCROLL_CONNECT_GOOGLE_API_KEY, or add --api-key"));
        };
        Ok(google::ApiKey::new(key)?)
    }

    /// Sends any request, with the network as it is set.
    pub(crate) fn transport(&self, client: &Client) -> Result<HyperTransport, Failure> {
        let mut network = Network::from_vars(|name| std::env::var(name).ok());
        network.root_certificates.extend(self.root_certificate.clone());
        Ok(HyperTransport::new(&network, client.app().config())?)
    }

    fn builder(&self, id: &str, secret: Secret) -> Result<Builder, Failure> {
        self.settle(Client::builder(id, secret, &self.redirect_uri))
    }

    fn settle(&self, builder: Builder) -> Result<Builder, Failure> {
        let mut builder = builder.user_agent(concat!("connect-cli/", env!("CARGO_PKG_VERSION")));
        if let Some(url) = self.via.api(self.base_url.as_deref())? {
            builder = builder.base_url(url);
        }
        if let Some(pem) = &self.root_certificate {
            builder = builder.root_certificates(pem.clone());
        }
        if let Some(time) = self.timeout {
            // The exchange of tokens keeps its own time: a short one would lose what it is there to get.
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
            Failure::new(Exit::Failed, "TOKEN_STORE_ERROR", "the token store failed")
                .cause(error)
                .next("make the folder of tokens writable, or name another: --tokens")
        })
    }
}

/// What `.env` in the current folder sets. Its text is never shown: it holds the secret.
fn dot_env() -> Result<HashMap<String, String>, Failure> {
    let unreadable = |what| {
        Failure::new(Exit::Usage, "CONFIGURATION_ERROR", format!(".env cannot be read: {what}"))
            .next("write one NAME=value a line; quote a value with spaces, quotes or $ with '...'")
    };
    let lines = match dotenvy::from_path_iter(".env") {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(_) => return Err(unreadable("it is there, but cannot be opened")),
    };
    let mut found = HashMap::new();
    for line in lines {
        let (name, value) = match line {
            Ok(setting) => setting,
            // What others keep there in a form of their own is none of our business.
            Err(dotenvy::Error::LineParse(text, _)) if !text.contains(PREFIX) => continue,
            Err(_) => return Err(unreadable("a setting of ours is malformed")),
        };
        if name.starts_with(PREFIX) {
            found.insert(name, value);
        }
    }
    Ok(found)
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::usage(format!("the root certificate {} cannot be read", path.display())).cause(error)
    })
}
