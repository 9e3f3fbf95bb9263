//! Users, their connected accounts, and the calendars behind them. No user sees another's, and no application another's users.

use crate::demo;
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use crate::world::random::hash;
use crate::world::{News, World};
use std::collections::BTreeMap;

/// A user of an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserKey {
    pub(crate) client: String,
    pub(crate) id: String,
}

/// The accounts a user connected, at most one of each provider.
pub(crate) type Connections = BTreeMap<Provider, Connection>;

pub(crate) type Users = BTreeMap<UserKey, Connections>;

/// An account of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) account: String,
    /// Whether the user let the service see the calendars; nothing where the provider does not ask.
    pub(crate) granted: Option<bool>,
    pub(crate) reauth: bool,
    /// Filled when they are first asked for.
    pub(crate) calendars: Option<Vec<Calendar>>,
}

/// The user has as many accounts as the switch `account_limit` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitReached;

impl World {
    /// Creates the user, unless there is one; with the accounts a seed file gives it.
    pub(crate) fn load_user(&mut self, user: &UserKey) {
        if !self.users.contains_key(user) {
            let connections = self.seeded.get(&user.id).cloned().unwrap_or_default();
            self.stats.users += 1;
            self.give(user, connections);
        }
    }

    /// Gives the user these accounts in place of its own.
    pub(crate) fn give(&mut self, user: &UserKey, connections: Connections) {
        let providers: Vec<_> = connections.keys().copied().collect();
        self.users.insert(user.clone(), connections);
        Provider::ALL
            .into_iter()
            .for_each(|provider| self.news.push(News::Disconnected(user.clone(), provider)));
        providers.into_iter().for_each(|provider| self.news.push(News::Connected(user.clone(), provider)));
    }

    /// Connects the demo account of a provider; a connected one stays as it is.
    pub(crate) fn connect(
        &mut self,
        user: &UserKey,
        provider: Provider,
        withheld: bool,
    ) -> Result<(), LimitReached> {
        let full = self.limit_reached(user);
        let Some(connections) = self.users.get_mut(user) else { return Ok(()) };
        if connections.contains_key(&provider) {
            return Ok(());
        }
        if full {
            return Err(LimitReached);
        }
        let account = account(&user.id, provider);
        // What was written at the provider before is there.
        let known = self.accounts.take(provider, &account);
        let connection = Connection {
            account,
            granted: (!provider.granted_scopes().is_empty()).then_some(!withheld),
            reauth: false,
            calendars: known,
        };
        connections.insert(provider, connection);
        self.news.push(News::Connected(user.clone(), provider));
        Ok(())
    }

    pub(crate) fn limit_reached(&self, user: &UserKey) -> bool {
        let count = self.users.get(user).map_or(0, BTreeMap::len);
        let limit = self.settings.connect.account_limit;
        limit.is_some_and(|limit: u64| u64::try_from(count).is_ok_and(|count| count >= limit))
    }

    /// The user's connections, with their calendars there.
    pub(crate) fn connections(&mut self, user: &UserKey) -> Option<&mut Connections> {
        let (seed, anchor) = (self.settings.itself.seed.0, self.anchor.unwrap_or_default());
        let connections = self.users.get_mut(user)?;
        for (provider, connection) in connections.iter_mut() {
            let account = &connection.account;
            let owner = demo::Owner { seed, user: &user.id, account, anchor };
            connection.calendars.get_or_insert_with(|| demo::calendars(&owner, *provider));
        }
        Some(connections)
    }

    /// Connect's word for whether the user has to sign in again; the switch `reauth` overrules the account.
    pub(crate) fn sync_state(&self, provider: Provider, connection: &Connection) -> &'static str {
        let by_switch = self.settings.connect.reauth.as_str() == provider.name();
        if connection.reauth || by_switch { "reauth_required" } else { "active" }
    }

    /// Forgets an account and the subscriptions of its calendars.
    pub(crate) fn disconnect_account(&mut self, user: &UserKey, provider: Provider) {
        self.users.entry(user.clone()).or_default().remove(&provider);
        self.news.push(News::Disconnected(user.clone(), provider));
    }
}

/// An e-mail address that says whose account it is.
pub(crate) fn account(user: &str, provider: Provider) -> String {
    let plain: String =
        user.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(24).collect();
    let name = if plain == user { plain } else { format!("{plain}{:06x}", hash(0, user) & 0xff_ffff) };
    let host = match provider {
        Provider::Google => "gmail",
        Provider::Microsoft => "outlook",
        Provider::Apple => "icloud",
        Provider::Caldav => "fastmail",
    };
    format!("{name}@{host}.example")
}
