//! The accounts of providers whose own interface is here: whose calendars they are, and what has changed in them.
//!
//! An account is that of the user of Connect who connected it. One that nobody connected has the demo calendars, and
//! Connect finds it as it is when someone does.

use crate::demo;
use crate::world::World;
use crate::world::calendar::{Calendar, Event};
use crate::world::ledger::Ledger;
use crate::world::provider::Provider;
use crate::world::users::{Connections, UserKey, account};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What has changed in a calendar.
pub(crate) type EventLedger = Ledger<Arc<Event>>;

/// What is kept beside the calendars that users of Connect have connected.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// The calendars of accounts that nobody connected, by account.
    unconnected: BTreeMap<(Provider, String), Vec<Calendar>>,
    /// A provider's calendars for everybody, once they are asked for.
    everybody: BTreeMap<Provider, Vec<Calendar>>,
    /// By account and calendar, wherever they are kept.
    ledgers: BTreeMap<(Provider, String, String), EventLedger>,
    /// Sync tokens of an earlier one have expired.
    pub(crate) generation: u64,
}

/// One calendar of an account.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) provider: Provider,
    pub(crate) account: String,
    pub(crate) home: Home,
    pub(crate) id: String,
}

/// Where the calendars of an account are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// With the user of Connect who connected the account.
    User(UserKey),
    Unconnected,
    Everybody,
}

impl Place {
    /// The user of Connect who hears of a change.
    pub(crate) fn user(&self) -> Option<&UserKey> {
        match &self.home {
            Home::User(user) => Some(user),
            _ => None,
        }
    }

    /// What its tokens are good for.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.account, self.id)
    }
}

impl Accounts {
    /// The calendars of an account that someone connects now.
    pub(crate) fn take(&mut self, provider: Provider, account: &str) -> Option<Vec<Calendar>> {
        self.unconnected.remove(&(provider, account.to_owned()))
    }
}

impl World {
    /// With the user of the demo application first, where several applications have one with this account; a user of a seed
    /// who never signed in to Connect is one of the demo application's.
    pub(crate) fn home_of(&mut self, provider: Provider, account: &str) -> Home {
        let demo = self.settings.app.client_id.to_string();
        let has =
            |connections: &Connections| connections.get(&provider).is_some_and(|one| one.account == account);
        let mut connected = self.users.iter().filter(|(_, connections)| has(connections)).map(|(key, _)| key);
        let first = connected.next();
        let user = first.into_iter().chain(connected).find(|key| key.client == demo).or(first).cloned();
        let seeded =
            || self.seeded.iter().find(|(_, connections)| has(connections)).map(|(id, _)| id.clone());
        let seeded = if user.is_none() { seeded() } else { None };
        let seeded =
            seeded.map(|id| UserKey { client: demo, id }).filter(|key| !self.users.contains_key(key));
        if let Some(key) = &seeded {
            self.load_user(key);
        }
        user.or(seeded).map_or(Home::Unconnected, Home::User)
    }

    pub(crate) fn calendars_of(&mut self, provider: Provider, account: &str, home: &Home) -> &mut [Calendar] {
        match home {
            Home::User(user) => self.calendars(user, provider).map_or(&mut [], Vec::as_mut_slice),
            Home::Unconnected => {
                let (seed, anchor) = (self.settings.itself.seed.0, self.anchor.unwrap_or_default());
                self.accounts.unconnected.entry((provider, account.to_owned())).or_insert_with(|| {
                    let owner = demo::Owner { seed, user: user_of(account, provider), account, anchor };
                    demo::calendars(&owner, provider)
                })
            }
            Home::Everybody => {
                let anchor = self.anchor.unwrap_or_default();
                let make = || match provider {
                    Provider::Google => vec![crate::google::calendar::holidays(anchor)],
                    _ => Vec::new(),
                };
                self.accounts.everybody.entry(provider).or_insert_with(make)
            }
        }
    }

    /// Works on a calendar; the ledger knows of everything that changed until then, and of what `work` changed. Nothing
    /// where there is no such calendar any more.
    pub(crate) fn at_place<T>(
        &mut self,
        place: &Place,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Option<T> {
        let key = (place.provider, place.account.clone(), place.id.clone());
        let mut ledger = self.accounts.ledgers.remove(&key).unwrap_or_default();
        let calendars = self.calendars_of(place.provider, &place.account, &place.home);
        let result = calendars.iter_mut().find(|calendar| calendar.id == place.id).map(|calendar| {
            calendar.events.show(&mut ledger, now);
            let result = work(calendar, &mut ledger);
            calendar.events.show(&mut ledger, now);
            result
        });
        self.accounts.ledgers.insert(key, ledger);
        result
    }
}

/// The user of Connect whose account it would be: the demo calendars are the same then.
fn user_of(address: &str, provider: Provider) -> &str {
    let name = address.split('@').next().unwrap_or(address);
    if account(name, provider) == address { name } else { address }
}
