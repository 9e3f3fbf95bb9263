//! Sets up a sandbox and an application at one of its authorization servers, for tests of sign-ins.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "not every test file uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, outside of a test fn"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use connect_apptoto as apptoto;
use connect_calendars::{
    google,
    microsoft::{self, Tenant},
};
use connect_core::{
    MemoryStore, Secret, SignIn, TokenKey, TokenStore, Tokens,
    oauth::{Profile, Revocation},
};
use connect_sandbox::{AuthorizationServer, ClientType, ProviderToken, Server, Settings};

/// The authorization server at which a user signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Connect,
    Google,
    Microsoft,
    Apptoto,
}

/// Each authorization server with each client type that it supports. Connect has no public clients.
pub const CASES: [(Whose, ClientType); 7] = [
    (Whose::Connect, ClientType::Confidential),
    (Whose::Google, ClientType::Confidential),
    (Whose::Google, ClientType::Public),
    (Whose::Microsoft, ClientType::Confidential),
    (Whose::Microsoft, ClientType::Public),
    (Whose::Apptoto, ClientType::Confidential),
    (Whose::Apptoto, ClientType::Public),
];

/// The sandbox's counters for one authorization server.
#[derive(Debug, PartialEq, Eq)]
pub struct Counts {
    pub codes: u64,
    pub refreshes: u64,
    pub revocations: u64,
    pub refused: u64,
}

/// The credentials of an application.
pub struct Credentials {
    pub client_id: String,
    /// `None` for a public client.
    pub client_secret: Option<Secret>,
    pub redirect_uri: String,
}

/// A sandbox, an application at one of its authorization servers, and the application's token store.
pub struct SignInSetup {
    pub server: Server,
    pub whose: Whose,
    pub kind: ClientType,
    pub store: MemoryStore,
}

impl SignInSetup {
    /// Creates a sandbox in which Apptoto issues refresh tokens.
    ///
    /// By default, Apptoto issues no refresh tokens in the sandbox, because Apptoto's documentation does not
    /// mention refresh tokens.
    pub fn new(whose: Whose, kind: ClientType) -> Self {
        Self::with(whose, kind, &[("apptoto_refresh_tokens", "new"), ("callback_iss", "on")])
    }

    pub fn with(whose: Whose, kind: ClientType, switches: &[(&str, &str)]) -> Self {
        let mut settings = Settings::default();
        for (name, value) in switches {
            settings.set(name, value).unwrap();
        }
        let server = Server::builder().settings(settings).start().unwrap();
        Self { server, whose, kind, store: MemoryStore::new() }
    }

    /// Returns the library's profile with URLs of the sandbox; `None` for Connect.
    pub fn profile(&self) -> Option<Profile> {
        let (mut profile, hosts): (Profile, &[(&str, &str)]) = match self.whose {
            Whose::Connect => return None,
            Whose::Google => (
                google::profile(),
                &[("https://accounts.google.com", "/google"), ("https://oauth2.googleapis.com", "/google")],
            ),
            Whose::Microsoft => {
                (microsoft::profile(&Tenant::Common), &[("https://login.microsoftonline.com", "/microsoft")])
            }
            Whose::Apptoto => (
                apptoto::profile(),
                &[("https://www.apptoto.com", "/apptoto/www"), ("https://api.apptoto.com", "/apptoto/api")],
            ),
        };
        let replace_host = |url: &mut String| {
            let (host, path) = hosts.iter().find(|(host, _)| url.starts_with(host)).unwrap();
            *url = url.replacen(host, &format!("{}{path}", self.server.origin()), 1);
        };
        replace_host(&mut profile.issuer);
        replace_host(&mut profile.authorize_url);
        replace_host(&mut profile.token_url);
        match &mut profile.revocation {
            Revocation::Form(url) | Revocation::TokenAlone(url) | Revocation::Json(url) => replace_host(url),
            _ => {}
        }
        Some(profile)
    }

    pub fn credentials(&self) -> Credentials {
        let Some(server) = self.neighbour() else {
            let own = self.server.credentials();
            return Credentials {
                client_id: own.client_id,
                client_secret: Some(own.client_secret.into()),
                redirect_uri: own.redirect_uri,
            };
        };
        let own = self.server.with(|sandbox| sandbox.provider_credentials(server, self.kind)).unwrap();
        // The sandbox's Apptoto also issues a secret to public clients.
        let secret = own.client_secret.filter(|_| self.kind == ClientType::Confidential);
        Credentials {
            client_id: own.client_id,
            client_secret: secret.map(Secret::from),
            redirect_uri: own.redirect_uri,
        }
    }

    /// Creates a sign-in that requests the scopes for the service's API.
    pub fn sign_in(&self) -> SignIn {
        let sign_in = SignIn::new("user-123");
        match self.whose {
            Whose::Connect => sign_in.scope(connect_core::types::Scope::ReadWrite),
            Whose::Google => sign_in.scopes(google::SCOPES),
            Whose::Microsoft => sign_in.scopes(microsoft::SCOPES),
            Whose::Apptoto => sign_in.scopes(apptoto::Scope::ALL),
        }
    }

    /// Returns whether the authorization request uses PKCE.
    pub fn is_bound(&self, url: &str) -> bool {
        url.contains("code_challenge=") && url.contains("code_challenge_method=S256")
    }

    pub fn stored(&self, key: &TokenKey) -> Option<Tokens> {
        self.store.load(key).unwrap()
    }

    /// Returns the sandbox's record of the access token.
    pub fn known(&self, tokens: &Tokens) -> Option<ProviderToken> {
        self.server.with(|sandbox| sandbox.provider_token(tokens.access_token.expose()))
    }

    /// Returns the base URL of the service's API.
    pub fn base_url(&self) -> String {
        let origin = self.server.origin();
        match self.whose {
            Whose::Connect => self.server.base_url(),
            Whose::Google => format!("{origin}/google/calendar/v3"),
            Whose::Microsoft => format!("{origin}/microsoft/graph/v1.0"),
            Whose::Apptoto => format!("{origin}/apptoto/api"),
        }
    }

    pub fn counts(&self) -> Counts {
        let stats = self.server.stats();
        let (code, refresh, revocations) = match self.neighbour() {
            None => (stats.exchanges.code, stats.exchanges.refresh, stats.revocations),
            Some(server) => {
                let counts = match server {
                    AuthorizationServer::Google => stats.providers.google,
                    AuthorizationServer::Microsoft => stats.providers.microsoft,
                    AuthorizationServer::Apptoto => stats.providers.apptoto,
                    other => panic!("the sandbox has no figures of {other:?}"),
                };
                (counts.code, counts.refresh, counts.revocations)
            }
        };
        let refused = code.refused + refresh.refused;
        Counts { codes: code.granted, refreshes: refresh.granted, revocations, refused }
    }

    pub fn neighbour(&self) -> Option<AuthorizationServer> {
        match self.whose {
            Whose::Connect => None,
            Whose::Google => Some(AuthorizationServer::Google),
            Whose::Microsoft => Some(AuthorizationServer::Microsoft),
            Whose::Apptoto => Some(AuthorizationServer::Apptoto),
        }
    }
}

/// Opens the URL as the user's browser would, and returns the URL of the redirect.
pub fn consent(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let head = response.split("\r\n\r\n").next().unwrap();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    });
    location.unwrap_or_else(|| panic!("no redirect: {response}"))
}

/// Builds an async or blocking client for a [`SignInSetup`](crate::authorization::SignInSetup).
#[macro_export]
macro_rules! client_of {
    ($client:ty, $world:expr) => {
        $crate::client_of!($client, $world, $world.profile())
    };
    ($client:ty, $world:expr, $profile:expr) => {{
        let world = $world;
        let own = world.credentials();
        let builder = match own.client_secret {
            Some(secret) => <$client>::builder(own.client_id, secret),
            None => <$client>::public_builder(own.client_id),
        };
        let builder =
            builder.redirect_uri(own.redirect_uri).base_url(world.base_url()).store(world.store.clone());
        match $profile {
            Some(profile) => builder.profile(profile),
            None => builder,
        }
        .build()
        .unwrap()
    }};
}
