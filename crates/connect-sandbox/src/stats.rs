//! Statistics of the sandbox.

use crate::oauth_server::AuthorizationServer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The statistics that `GET /sandbox/stats` returns. Control calls are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stats {
    /// The number of responses by endpoint (`GET /calendars`) and status.
    ///
    /// A cut connection has the status `cut`. An unknown path has the endpoint `unknown`.
    pub requests: BTreeMap<String, BTreeMap<String, u64>>,
    /// The exchanges at Connect's token endpoint.
    pub exchanges: Exchanges,
    /// How often [`Sandbox::expire_all`](crate::Sandbox::expire_all) made all access tokens expire.
    pub expiries: u64,
    /// The number of 401 responses of Connect because of an expired access token.
    pub expired_answers: u64,
    /// The number of requests to Connect that revoked a known token.
    pub revocations: u64,
    /// How often Connect revoked a sign-in because a refresh token was replayed.
    pub family_revocations: u64,
    /// The faults added and applied.
    pub faults: FaultCounts,
    /// The number of users created.
    pub users: u64,
    /// The maximum number of concurrent requests of one application to Graph, by mailbox. A request ends when
    /// its response is sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub most_at_once: BTreeMap<String, u64>,
    /// The webhook deliveries.
    pub deliveries: DeliveryCounts,
    /// The requests to the authorization servers of Google, Microsoft and Apptoto. The JSON omits
    /// the field if no requests were counted.
    #[serde(default, skip_serializing_if = "Providers::are_unused")]
    pub providers: Providers,
}

/// The number of exchanges at Connect's token endpoint, by grant type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exchanges {
    /// The exchanges with the grant type `authorization_code`.
    pub code: GrantCounts,
    /// The exchanges with the grant type `refresh_token`.
    pub refresh: GrantCounts,
}

/// The number of granted and refused requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantCounts {
    /// Granted requests, including those whose response was lost.
    pub granted: u64,
    /// Refused requests.
    pub refused: u64,
}

/// The requests to each authorization server other than Connect's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Providers {
    /// Google.
    pub google: ProviderCounts,
    /// Microsoft.
    pub microsoft: ProviderCounts,
    /// Apptoto.
    pub apptoto: ProviderCounts,
}

/// The requests to an authorization server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProviderCounts {
    /// Authorization requests that ended with a code or an error. A shown consent page is not counted.
    pub authorizations: GrantCounts,
    /// Exchanges with the grant type `authorization_code`.
    pub code: GrantCounts,
    /// Exchanges with the grant type `refresh_token`.
    pub refresh: GrantCounts,
    /// Revocations that ended a grant.
    pub revocations: u64,
}

impl Providers {
    /// Whether no requests were counted, in which case the JSON omits the field `providers`.
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

/// The number of faults added and applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultCounts {
    /// The sum of `times` over all faults that were added and not removed.
    pub asked: u64,
    /// The total number of times that a fault was applied to a request.
    pub fired: u64,
}

/// The number of deliveries and transmissions.
///
/// A delivery has one transmission, or two with the switch `delivery_duplicates`, and one more for each
/// resend. Every transmission ends as delivered or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// Deliveries created, each with a unique id.
    pub made: u64,
    /// Transmissions that ended with a 2xx.
    pub delivered: u64,
    /// Transmissions that were given up.
    ///
    /// A transmission is given up after a 401, after the last retry, or if the application no longer receives
    /// deliveries of the calendar.
    pub failed: u64,
    /// Attempts to post a delivery to the application, retries included.
    pub attempts: u64,
    /// Changes that were not delivered because the application had made them itself.
    pub suppressed: u64,
    /// Transmissions started by a resend.
    pub resent: u64,
}

impl Stats {
    /// Returns how often `endpoint` (such as `GET /calendars`) responded with `status`.
    pub fn answered(&self, endpoint: &str, status: u16) -> u64 {
        self.count(endpoint, &status.to_string())
    }

    /// Returns how often the connection was cut at `endpoint`.
    pub fn cut(&self, endpoint: &str) -> u64 {
        self.count(endpoint, "cut")
    }

    /// Returns how often `endpoint` was called, with any result.
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
