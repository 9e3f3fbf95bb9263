//! What all services share: accounts, their calendars, time and chance. There is no HTTP in it.

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
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) random: Random,
    pub(crate) stats: Stats,
    /// The applications beside the demo application.
    pub(crate) apps: Vec<Registered>,
    pub(crate) users: Users,
    /// The accounts a seed gives to users, by their ids.
    pub(crate) seeded: BTreeMap<String, Connections>,
    pub(crate) accounts: Accounts,
    pub(crate) invitations: Vec<Invitation>,
    /// What Connect has not heard of yet.
    pub(crate) news: Vec<News>,
    /// How long the answer to the request at hand waits: the switch `latency_ms`, and what a service adds to it.
    pub(crate) pause: Duration,
    /// The first time the sandbox saw; the demo events lie around it.
    pub(crate) anchor: Option<Timestamp>,
    /// The time of the last request.
    pub(crate) latest: Option<Timestamp>,
    /// Scheme, host and port people reach the sandbox at.
    pub(crate) origin: String,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            random: Random::new(settings.itself.seed.0),
            settings,
            stats: Stats::default(),
            apps: Vec::new(),
            users: Users::default(),
            seeded: BTreeMap::new(),
            accounts: Accounts::default(),
            invitations: Vec::new(),
            news: Vec::new(),
            pause: Duration::ZERO,
            anchor: None,
            latest: None,
            origin: "http://localhost".to_owned(),
        }
    }

    /// Randomness for one request, while the world itself is borrowed.
    pub(crate) fn stream(&mut self) -> Random {
        Random::new(self.random.number())
    }
}

/// What happens to accounts of users of Connect, which subscribes to their calendars.
#[derive(Debug)]
pub(crate) enum News {
    Connected(UserKey, Provider),
    Disconnected(UserKey, Provider),
    /// Changes in the provider's own calendar.
    Changed(UserKey, Changes),
}
