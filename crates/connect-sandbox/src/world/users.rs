//! The users of each application, their connected accounts, and the calendars of these accounts.

use crate::demo;
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use crate::world::random::hash;
use crate::world::{AccountChange, World};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserKey {
    pub(crate) client: String,
    pub(crate) id: String,
}

/// The connected accounts of a user, at most one for each provider.
pub(crate) type Connections = BTreeMap<Provider, Connection>;

pub(crate) type Users = BTreeMap<UserKey, Connections>;

/// A connected account of a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Connection {
    pub(crate) account: String,
    /// Whether the user granted calendar permission; `None` if the provider has no such permission.
    #[serde(rename = "calendarPermissionGranted")]
    pub(crate) granted: Option<bool>,
    pub(crate) reauth: bool,
    /// Whether the account was connected while the switch `shared_accounts` was on.
    pub(crate) shared: bool,
    /// The calendars, created on first use. The calendars of a shared account are stored with one of its
    /// users.
    pub(crate) calendars: Option<Vec<Calendar>>,
}

/// The error of connecting more accounts than the switch `account_limit` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitReached;

impl World {
    /// Creates the user with the accounts of the seed, unless the user exists.
    pub(crate) fn load_user(&mut self, user: &UserKey) {
        if !self.users.contains_key(user) {
            let connections = self.seeded.get(&user.id).cloned().unwrap_or_default();
            self.stats.users += 1;
            self.replace_accounts(user, connections);
        }
    }

    pub(crate) fn replace_accounts(&mut self, user: &UserKey, connections: Connections) {
        for provider in Provider::ALL {
            self.remove_account(user, provider);
            self.account_changes.push(AccountChange::Disconnected(user.clone(), provider));
        }
        self.users.entry(user.clone()).or_default();
        for (provider, mut connection) in connections {
            let calendars = connection.calendars.take();
            connection.shared = self.settings.connect.shared_accounts;
            self.users.entry(user.clone()).or_default().insert(provider, connection);
            self.add_calendars(user, provider, calendars);
            self.account_changes.push(AccountChange::Connected(user.clone(), provider));
        }
    }

    /// Adds the calendars of a new account. Does not replace the calendars that a shared account already has.
    fn add_calendars(&mut self, user: &UserKey, provider: Provider, calendars: Option<Vec<Calendar>>) {
        let holder = self.calendar_holder(user, provider);
        let Some(connection) = holder.and_then(|holder| self.users.get_mut(&holder)?.get_mut(&provider))
        else {
            return;
        };
        match (&mut connection.calendars, calendars) {
            (Some(existing), Some(calendars)) => {
                let new = calendars.into_iter().filter(|one| existing.iter().all(|known| known.id != one.id));
                let new: Vec<_> = new.collect();
                existing.extend(new);
            }
            (empty @ None, calendars) => *empty = calendars,
            (Some(_), None) => {}
        }
    }

    /// Connects the demo account of a provider, unless the user has an account of the provider.
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
        // A client of the provider's API may already have created and changed the calendars.
        let known = self.accounts.take(provider, &account);
        let connection = Connection {
            account,
            granted: (!provider.granted_scopes().is_empty()).then_some(!withheld),
            reauth: false,
            shared: self.settings.connect.shared_accounts,
            calendars: None,
        };
        connections.insert(provider, connection);
        self.add_calendars(user, provider, known);
        self.account_changes.push(AccountChange::Connected(user.clone(), provider));
        Ok(())
    }

    pub(crate) fn limit_reached(&self, user: &UserKey) -> bool {
        let count = self.users.get(user).map_or(0, BTreeMap::len);
        let limit = self.settings.connect.account_limit;
        limit.is_some_and(|limit: u64| u64::try_from(count).is_ok_and(|count| count >= limit))
    }

    /// Returns the calendars of the user's account at a provider, creating the demo calendars on first use.
    pub(crate) fn calendars(&mut self, user: &UserKey, provider: Provider) -> Option<&mut Vec<Calendar>> {
        let (seed, anchor) = (self.settings.itself.seed.0, self.anchor.unwrap_or_default());
        let holder = self.calendar_holder(user, provider)?;
        let connection = self.users.get_mut(&holder)?.get_mut(&provider)?;
        let owner = demo::DemoAccount { seed, user: &holder.id, account: &connection.account, anchor };
        Some(connection.calendars.get_or_insert_with(|| demo::calendars(&owner, provider)))
    }

    /// Returns the user with whom the calendars are stored. The calendars of a shared account may
    /// be stored with another user.
    pub(crate) fn calendar_holder(&self, user: &UserKey, provider: Provider) -> Option<UserKey> {
        let own = self.users.get(user)?.get(&provider)?;
        if own.calendars.is_some() {
            return Some(user.clone());
        }
        let mut others = self.sharing_users(user, provider).filter(|(_, one)| one.calendars.is_some());
        Some(others.next().map_or(user, |(key, _)| key).clone())
    }

    /// Returns the other users who share the account (switch `shared_accounts`).
    pub(crate) fn sharing_users(
        &self,
        user: &UserKey,
        provider: Provider,
    ) -> impl Iterator<Item = (&UserKey, &Connection)> {
        let own = self.users.get(user).and_then(|connections| connections.get(&provider));
        let own = own.filter(|one| one.shared).map(|one| &one.account);
        let others = self.users.iter().filter(move |(key, _)| *key != user);
        let connections = others.filter_map(move |(key, all)| Some((key, all.get(&provider)?)));
        connections.filter(move |(_, one)| one.shared && Some(&one.account) == own)
    }

    /// Removes an account from a user. If another user shares the account, the calendars move to that user.
    fn remove_account(&mut self, user: &UserKey, provider: Provider) {
        let successor = self.sharing_users(user, provider).next().map(|(key, _)| key.clone());
        let gone = self.users.get_mut(user).and_then(|connections| connections.remove(&provider));
        let Some(calendars) = gone.and_then(|connection| connection.calendars) else { return };
        let successor = successor.and_then(|successor| self.users.get_mut(&successor)?.get_mut(&provider));
        if let Some(successor) = successor {
            successor.calendars = Some(calendars);
        }
    }

    /// Returns the `syncState` of an account, which the seed or the switch `reauth` sets.
    pub(crate) fn sync_state(&self, provider: Provider, connection: &Connection) -> &'static str {
        let by_switch = self.settings.connect.reauth.as_str() == provider.name();
        if connection.reauth || by_switch { "reauth_required" } else { "active" }
    }

    /// Disconnects an account and removes its subscriptions.
    pub(crate) fn disconnect_account(&mut self, user: &UserKey, provider: Provider) {
        self.users.entry(user.clone()).or_default();
        self.remove_account(user, provider);
        self.account_changes.push(AccountChange::Disconnected(user.clone(), provider));
    }
}

/// Returns the e-mail address of a user's demo account at a provider.
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
