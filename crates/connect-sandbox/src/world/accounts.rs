//! The accounts that the Google Calendar and Graph APIs serve, and the ledgers of their calendars.
//!
//! The calendars of an account are stored with the user of Connect who connected it. An account
//! that no user has connected has demo calendars. A user who connects the account later gets the
//! demo calendars with all changes.

use crate::demo;
use crate::world::World;
use crate::world::calendar::{Calendar, Event};
use crate::world::ledger::Ledger;
use crate::world::provider::Provider;
use crate::world::users::{Connections, UserKey, account};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ledger of the events of a calendar.
pub(crate) type EventLedger = Ledger<Arc<Event>>;

/// The calendars that are not stored with users of Connect, and the ledgers of all calendars.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Accounts {
    /// The calendars of accounts that no user of Connect has connected.
    #[serde(with = "crate::stored::pairs")]
    unconnected: BTreeMap<(Provider, String), Vec<Calendar>>,
    /// The public calendars of a provider, created on first use.
    everybody: BTreeMap<Provider, Vec<Calendar>>,
    /// The ledgers by provider, account and calendar id.
    #[serde(with = "crate::stored::pairs")]
    ledgers: BTreeMap<(Provider, String, String), EventLedger>,
    /// The current generation of sync tokens; tokens of an earlier generation have expired.
    pub(crate) generation: u64,
}

/// Identifies a calendar of an account.
#[derive(Clone, Debug)]
pub(crate) struct CalendarRef {
    pub(crate) provider: Provider,
    pub(crate) account: String,
    pub(crate) home: Home,
    pub(crate) id: String,
}

/// Where the calendars of an account are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// With this user of Connect, who connected the account.
    User(UserKey),
    Unconnected,
    Everybody,
}

impl CalendarRef {
    /// Returns the user of Connect who connected the account, if any.
    pub(crate) fn user(&self) -> Option<&UserKey> {
        match &self.home {
            Home::User(user) => Some(user),
            _ => None,
        }
    }

    /// Returns the name that the page tokens and sync tokens of the calendar are bound to.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.account, self.id)
    }
}

impl Accounts {
    /// Removes and returns the calendars of an account, for the user who connects it.
    pub(crate) fn take(&mut self, provider: Provider, account: &str) -> Option<Vec<Calendar>> {
        self.unconnected.remove(&(provider, account.to_owned()))
    }
}

impl World {
    /// Finds where the calendars of an account are stored.
    ///
    /// If several users have connected the account, returns the home with one of these users, preferably a
    /// user of the demo application. If no user has connected the account, loads a seeded user who has the
    /// account.
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
        self.calendar_store(provider, account, home).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Returns the calendars of an account, to add or remove one.
    pub(crate) fn calendar_store(
        &mut self,
        provider: Provider,
        account: &str,
        home: &Home,
    ) -> Option<&mut Vec<Calendar>> {
        Some(match home {
            Home::User(user) => return self.calendars(user, provider),
            Home::Unconnected => {
                let (seed, anchor) = (self.settings.itself.seed.0, self.anchor.unwrap_or_default());
                self.accounts.unconnected.entry((provider, account.to_owned())).or_insert_with(|| {
                    let owner = demo::DemoAccount { seed, user: user_of(account, provider), account, anchor };
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
        })
    }

    /// Calls `work` with a calendar and its ledger, and updates the ledger before and after `work`.
    ///
    /// Returns `None` if the calendar does not exist.
    pub(crate) fn with_calendar<T>(
        &mut self,
        place: &CalendarRef,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Option<T> {
        let key = (place.provider, place.account.clone(), place.id.clone());
        let mut ledger = self.accounts.ledgers.remove(&key).unwrap_or_default();
        let calendars = self.calendars_of(place.provider, &place.account, &place.home);
        let result = calendars.iter_mut().find(|calendar| calendar.id == place.id).map(|calendar| {
            calendar.events.update_ledger(&mut ledger, now);
            let result = work(calendar, &mut ledger);
            calendar.events.update_ledger(&mut ledger, now);
            result
        });
        self.accounts.ledgers.insert(key, ledger);
        result
    }
}

/// Returns the id of the user whose demo account has this address.
///
/// Demo calendars that are created for this id are equal to the demo calendars that Connect
/// creates.
fn user_of(address: &str, provider: Provider) -> &str {
    let name = address.split('@').next().unwrap_or(address);
    if account(name, provider) == address { name } else { address }
}
