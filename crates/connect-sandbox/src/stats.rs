//! What happened so far, in numbers.

use crate::oauth_server::AuthorizationServer;
use serde::Serialize;
use std::collections::BTreeMap;

/// The figures of `GET /sandbox/stats`. Control calls are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Answers by endpoint (`GET /calendars`) and status; an answer that was cut is under `cut`, a path the service does not
    /// know under `unknown`.
    pub requests: BTreeMap<String, BTreeMap<String, u64>>,
    /// What the token endpoint did.
    pub exchanges: Exchanges,
    /// How often every access token was made to expire.
    pub expiries: u64,
    /// The 401s given because a token had expired.
    pub expired_answers: u64,
    /// Calls of the revoke endpoint that hit a known token.
    pub revocations: u64,
    /// Replays of an old refresh token that cost the user the sign-in.
    pub family_revocations: u64,
    /// Faults asked for and faults that happened.
    pub faults: FaultCounts,
    /// Users that were ever created.
    pub users: u64,
    /// The most requests of one application that Graph had to do with at once, by mailbox. One is being dealt with until its
    /// answer goes out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub most_at_once: BTreeMap<String, u64>,
    /// What became of webhook deliveries.
    pub deliveries: DeliveryCounts,
    /// What Google, Microsoft and Apptoto did; the other figures of sign-in are Connect's. Over the wire they are there once
    /// there is something to tell.
    #[serde(skip_serializing_if = "Providers::are_unused")]
    pub providers: Providers,
}

/// Exchanges at the token endpoint, by grant type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exchanges {
    /// `authorization_code`.
    pub code: GrantCounts,
    /// `refresh_token`.
    pub refresh: GrantCounts,
}

/// How one grant type fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GrantCounts {
    /// Exchanges that gave tokens, whether or not the answer arrived.
    pub granted: u64,
    /// Exchanges that were refused.
    pub refused: u64,
}

/// Sign-ins beside Connect's, by authorization server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Providers {
    /// Google.
    pub google: ProviderCounts,
    /// Microsoft.
    pub microsoft: ProviderCounts,
    /// Apptoto.
    pub apptoto: ProviderCounts,
}

/// What one authorization server did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProviderCounts {
    /// Authorization requests that gave a code, and those that gave an error. A consent page is neither.
    pub authorizations: GrantCounts,
    /// Exchanges of `authorization_code`.
    pub code: GrantCounts,
    /// Exchanges of `refresh_token`.
    pub refresh: GrantCounts,
    /// Calls of the revocation endpoint that ended a grant.
    pub revocations: u64,
}

impl Providers {
    /// Who only has to do with Connect sees nothing of them.
    fn are_unused(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn of(&mut self, server: AuthorizationServer) -> &mut ProviderCounts {
        match server {
            AuthorizationServer::Google => &mut self.google,
            AuthorizationServer::Microsoft => &mut self.microsoft,
            AuthorizationServer::Apptoto => &mut self.apptoto,
        }
    }
}

/// How many faults were asked for, and how many happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FaultCounts {
    /// The sum of `times` over all faults added.
    pub asked: u64,
    /// How often one was carried out.
    pub fired: u64,
}

/// Deliveries so far. Each one is sent once, or twice with `delivery_duplicates`, and again whenever it is resent; every
/// sending ends as delivered or as failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// Deliveries made, each with an id of its own.
    pub made: u64,
    /// Sendings that a 2xx ended.
    pub delivered: u64,
    /// Sendings given up: on a 401, after the last retry, or because nobody is to hear of them any more.
    pub failed: u64,
    /// Requests to the application, retries included.
    pub attempts: u64,
    /// Changes swallowed as echoes of the application's own writes.
    pub suppressed: u64,
    /// Sendings asked for by `resend`.
    pub resent: u64,
}

impl Stats {
    /// How often `endpoint` (`GET /calendars`) answered with `status`.
    pub fn answered(&self, endpoint: &str, status: u16) -> u64 {
        self.count(endpoint, &status.to_string())
    }

    /// How often the answer of `endpoint` was cut.
    pub fn cut(&self, endpoint: &str) -> u64 {
        self.count(endpoint, "cut")
    }

    /// How often `endpoint` was called, whatever came of it.
    pub fn total(&self, endpoint: &str) -> u64 {
        self.requests.get(endpoint).map_or(0, |statuses| statuses.values().sum())
    }

    fn count(&self, endpoint: &str, status: &str) -> u64 {
        self.requests.get(endpoint).and_then(|statuses| statuses.get(status)).copied().unwrap_or(0)
    }

    pub(crate) fn record(&mut self, endpoint: &str, status: Option<u16>) {
        let status = status.map_or_else(|| "cut".to_owned(), |status| status.to_string());
        *self.requests.entry(endpoint.to_owned()).or_default().entry(status).or_default() += 1;
    }
}
