//! The data that all services share. This module does not depend on HTTP.

pub(crate) mod accounts;
pub(crate) mod apps;
pub(crate) mod calendar;
pub(crate) mod invitations;
pub(crate) mod ledger;
pub(crate) mod limit;
pub(crate) mod provider;
pub(crate) mod random;
pub(crate) mod time;
pub(crate) mod users;

use crate::push::Channels;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::world::accounts::Accounts;
use crate::world::apps::Registered;
use crate::world::calendar::Changes;
use crate::world::invitations::Invitation;
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::users::{Connections, UserKey, Users};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct World {
    #[serde(with = "crate::settings::stored")]
    pub(crate) settings: Settings,
    pub(crate) random: Random,
    pub(crate) stats: Stats,
    /// The registered applications, without the demo application.
    pub(crate) apps: Vec<Registered>,
    #[serde(with = "crate::stored::pairs")]
    pub(crate) users: Users,
    /// The accounts from seeds, by user id.
    pub(crate) seeded: BTreeMap<String, Connections>,
    pub(crate) accounts: Accounts,
    pub(crate) invitations: Vec<Invitation>,
    /// The notification channels of Google, and the subscriptions of Graph.
    pub(crate) push: Channels,
    /// The account changes that Connect has not processed yet.
    pub(crate) account_changes: Vec<AccountChange>,
    /// The delay of the current response: the switch `latency_ms`, plus the delay that a service adds.
    #[serde(skip)]
    pub(crate) pause: Duration,
    /// The time of the first request, to which the dates of the demo events are relative.
    pub(crate) anchor: Option<Timestamp>,
    /// The time of the last request.
    pub(crate) latest: Option<Timestamp>,
    /// The scheme, host and port of the sandbox.
    #[serde(skip)]
    pub(crate) origin: String,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            random: Random::new(settings.itself.seed.0),
            push: Channels::new(settings.itself.seed.0),
            settings,
            stats: Stats::default(),
            apps: Vec::new(),
            users: Users::default(),
            seeded: BTreeMap::new(),
            accounts: Accounts::default(),
            invitations: Vec::new(),
            account_changes: Vec::new(),
            pause: Duration::ZERO,
            anchor: None,
            latest: None,
            origin: "http://localhost".to_owned(),
        }
    }

    /// Returns a random number generator for one request, usable while the world is borrowed.
    pub(crate) fn stream(&mut self) -> Random {
        Random::new(self.random.number())
    }
}

/// A change of a connected account or its events.
///
/// Connect processes the change after the request that made the change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AccountChange {
    Connected(UserKey, Provider),
    Disconnected(UserKey, Provider),
    /// Events were changed, but not through Connect.
    EventsChanged(UserKey, Changes),
}
