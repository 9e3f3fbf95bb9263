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
    /// Whether the account was connected while accounts are shared.
    pub(crate) shared: bool,
    /// Filled when they are first asked for; of a shared account, with one of those who share it.
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
        for provider in Provider::ALL {
            self.let_go(user, provider);
            self.news.push(News::Disconnected(user.clone(), provider));
        }
        self.users.entry(user.clone()).or_default();
        for (provider, mut connection) in connections {
            let calendars = connection.calendars.take();
            connection.shared = self.settings.connect.shared_accounts;
            self.users.entry(user.clone()).or_default().insert(provider, connection);
            self.add_calendars(user, provider, calendars);
            self.news.push(News::Connected(user.clone(), provider));
        }
    }

    /// Adds the calendars that come with an account. Those that another user of a shared account has already stay as they are.
    fn add_calendars(&mut self, user: &UserKey, provider: Provider, calendars: Option<Vec<Calendar>>) {
        let keeper = self.keeper(user, provider);
        let Some(connection) = keeper.and_then(|keeper| self.users.get_mut(&keeper)?.get_mut(&provider))
        else {
            return;
        };
        match (&mut connection.calendars, calendars) {
            (Some(there), Some(calendars)) => {
                let new = calendars.into_iter().filter(|one| there.iter().all(|known| known.id != one.id));
                let new: Vec<_> = new.collect();
                there.extend(new);
            }
            (there @ None, calendars) => *there = calendars,
            (Some(_), None) => {}
        }
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
            shared: self.settings.connect.shared_accounts,
            calendars: None,
        };
        connections.insert(provider, connection);
        self.add_calendars(user, provider, known);
        self.news.push(News::Connected(user.clone(), provider));
        Ok(())
    }

    pub(crate) fn limit_reached(&self, user: &UserKey) -> bool {
        let count = self.users.get(user).map_or(0, BTreeMap::len);
        let limit = self.settings.connect.account_limit;
        limit.is_some_and(|limit: u64| u64::try_from(count).is_ok_and(|count| count >= limit))
    }

    /// The calendars of an account that the user connected.
    pub(crate) fn calendars(&mut self, user: &UserKey, provider: Provider) -> Option<&mut Vec<Calendar>> {
        let (seed, anchor) = (self.settings.itself.seed.0, self.anchor.unwrap_or_default());
        let keeper = self.keeper(user, provider)?;
        let connection = self.users.get_mut(&keeper)?.get_mut(&provider)?;
        let owner = demo::Owner { seed, user: &keeper.id, account: &connection.account, anchor };
        Some(connection.calendars.get_or_insert_with(|| demo::calendars(&owner, provider)))
    }

    /// With whom the calendars are that this user sees.
    pub(crate) fn keeper(&self, user: &UserKey, provider: Provider) -> Option<UserKey> {
        let own = self.users.get(user)?.get(&provider)?;
        if own.calendars.is_some() {
            return Some(user.clone());
        }
        let mut others = self.sharing(user, provider).filter(|(_, one)| one.calendars.is_some());
        Some(others.next().map_or(user, |(key, _)| key).clone())
    }

    /// The other users who share the account: see the switch `shared_accounts`.
    pub(crate) fn sharing(
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

    /// Takes an account from a user; who shares it goes on with its calendars.
    fn let_go(&mut self, user: &UserKey, provider: Provider) {
        let heir = self.sharing(user, provider).next().map(|(key, _)| key.clone());
        let gone = self.users.get_mut(user).and_then(|connections| connections.remove(&provider));
        let Some(calendars) = gone.and_then(|connection| connection.calendars) else { return };
        let heir = heir.and_then(|heir| self.users.get_mut(&heir)?.get_mut(&provider));
        if let Some(heir) = heir {
            heir.calendars = Some(calendars);
        }
    }

    /// Connect's word for whether the user has to sign in again; the switch `reauth` overrules the account.
    pub(crate) fn sync_state(&self, provider: Provider, connection: &Connection) -> &'static str {
        let by_switch = self.settings.connect.reauth.as_str() == provider.name();
        if connection.reauth || by_switch { "reauth_required" } else { "active" }
    }

    /// Forgets an account and the subscriptions of its calendars.
    pub(crate) fn disconnect_account(&mut self, user: &UserKey, provider: Provider) {
        self.users.entry(user.clone()).or_default();
        self.let_go(user, provider);
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
