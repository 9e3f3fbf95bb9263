//! The Google endpoints of the sandbox, and an application registered there.

use connect_calendars::google;
use connect_core::oauth::{POSTMESSAGE, Profile, Revocation};
use connect_sandbox::ProviderCounts;
use connect_sandbox::{AuthorizationServer, ClientType, Outcome, Server, Settings};
use jiff::Timestamp;
use serde_json::Value;

use super::{Both, Hyper};

pub struct World {
    pub server: Server,
    pub client_id: String,
    pub client_secret: String,
}

impl World {
    pub fn new(switches: &[(&str, &str)]) -> Self {
        let mut settings = Settings::default();
        for (name, value) in switches {
            settings.set(name, value).unwrap();
        }
        let server = Server::builder().settings(settings).start().unwrap();
        let known = server.with(|sandbox| {
            sandbox.provider_credentials(AuthorizationServer::Google, ClientType::Confidential)
        });
        let known = known.unwrap();
        Self { server, client_id: known.client_id, client_secret: known.client_secret.unwrap() }
    }

    pub fn profile(&self) -> Profile {
        let at = |path: &str| format!("{}/google{path}", self.server.origin());
        let mut profile = google::profile();
        profile.authorize_url = at("/o/oauth2/v2/auth");
        profile.token_url = at("/token");
        profile.revocation = Revocation::TokenAlone(at("/revoke"));
        profile
    }

    pub fn blocking(&self) -> connect_blocking::Client {
        connect_blocking::Client::builder(&*self.client_id, &*self.client_secret)
            .redirect_uri(POSTMESSAGE)
            .profile(self.profile())
            .build()
            .unwrap()
    }

    pub fn hyper(&self) -> Hyper {
        let builder =
            connect_hyper::Client::builder(&*self.client_id, &*self.client_secret).redirect_uri(POSTMESSAGE);
        Hyper::new(builder.profile(self.profile()))
    }

    pub fn both(&self) -> Both {
        [Box::new(self.blocking()), Box::new(self.hyper())]
    }

    /// An authorization code, as the Google popup returns it to the page.
    pub fn code(&self, changes: &[(&str, &str)]) -> String {
        let scopes = google::SCOPES.join(" ");
        let known = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", POSTMESSAGE),
            ("response_type", "code"),
            ("scope", &scopes),
            ("prompt", "consent"),
        ];
        let kept = known.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept.chain(changes)).finish();
        let request = http::Request::get(format!("/google/o/oauth2/v2/auth?{query}"));
        let request = request.body(bytes::Bytes::new()).unwrap();
        let response = self.server.with(|sandbox| sandbox.handle(request, Timestamp::now()));
        let Outcome::Reply(reply) = response.outcome else { panic!("the response was cut") };
        let body: Value = serde_json::from_slice(reply.body()).unwrap();
        body["code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    pub fn counts(&self) -> ProviderCounts {
        self.server.stats().providers.google
    }

    /// The number of requests that the token endpoint received.
    pub fn exchanges(&self) -> u64 {
        let counts = self.counts();
        counts.code.granted + counts.code.refused + counts.refresh.granted + counts.refresh.refused
    }
}
