//! Whose calendar it is: the account's own, or one that is shown to everybody.

use super::access::{Sight, Visitor};
use super::holidays;
use super::ledger::Ledger;
use super::refused::Refused;
use crate::demo;
use crate::events::{Calendar, Event};
use crate::provider::Provider;
use crate::sandbox::Sandbox;
use crate::users::{UserKey, account};
use jiff::Timestamp;

/// What an account may do with a calendar, from less to more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    FreeBusyReader,
    Reader,
    Writer,
    Owner,
}

/// A calendar, and what the caller may do with it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    account: String,
    home: Home,
    pub(super) id: String,
    pub(super) role: Role,
    pub(super) sight: Sight,
}

/// Where the calendars of an account are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// With the user of Connect who connected the account.
    User(UserKey),
    Unconnected,
    Everybody,
}

impl Role {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "freeBusyReader" => Self::FreeBusyReader,
            "reader" => Self::Reader,
            "writer" | "writerWithoutPrivateAccess" => Self::Writer,
            "owner" => Self::Owner,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }

    /// The account's role in a calendar of its own list.
    pub(super) fn of(calendar: &Calendar) -> Self {
        let told = calendar.info.get("original").and_then(|original| original.get("accessRole"));
        told.and_then(|role| role.as_str()).and_then(Self::parse).unwrap_or(Self::Owner)
    }
}

impl Place {
    /// The user of Connect who hears of a change.
    pub(super) fn user(&self) -> Option<&UserKey> {
        match &self.home {
            Home::User(user) => Some(user),
            _ => None,
        }
    }

    /// What its tokens are good for.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.account, self.id)
    }
}

impl Sandbox {
    /// The calendar `id` as the caller has it; 404 for one that is not there and for one that is not theirs to see.
    pub(super) fn google_place(&mut self, visitor: &Visitor, id: &str) -> Result<Place, Refused> {
        let own = visitor.account.clone().and_then(|account| {
            let home = self.google_home(&account);
            let calendar = self.google_calendars(&account, &home).iter().find(|one| one.answers_to(id))?;
            Some((account, home, calendar.id.clone(), Role::of(calendar), calendar.public))
        });
        let found = own.or_else(|| {
            let (account, home) = self.public_calendar(id)?;
            Some((account, home, id.to_owned(), Role::Reader, true))
        });
        let (account, home, id, role, public) = found.ok_or_else(Refused::not_found)?;
        let sight = visitor.sight(role, public)?;
        Ok(Place { account, home, id, role, sight })
    }

    /// Works on a calendar; the ledger knows of everything that changed until then, and of what `work` changed.
    pub(super) fn at_place<T>(
        &mut self,
        place: &Place,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut Ledger<Event>) -> T,
    ) -> Result<T, Refused> {
        let key = (place.account.clone(), place.id.clone());
        let mut ledger = self.google.ledgers.remove(&key).unwrap_or_default();
        let calendars = self.google_calendars_mut(&place.account, &place.home);
        let result = calendars.iter_mut().find(|calendar| calendar.id == place.id).map(|calendar| {
            ledger.look(&calendar.events, now);
            let result = work(calendar, &mut ledger);
            ledger.look(&calendar.events, now);
            result
        });
        self.google.ledgers.insert(key, ledger);
        result.ok_or_else(Refused::not_found)
    }

    /// With the user of the demo application first, where several applications have one with this account; a user of a seed
    /// who never signed in to Connect is one of the demo application's.
    pub(super) fn google_home(&mut self, account: &str) -> Home {
        let demo = self.settings.value("client_id").to_owned();
        let has = |connections: &crate::users::Connections| {
            connections.get(&Provider::Google).is_some_and(|one| one.account == account)
        };
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

    pub(super) fn google_calendars(&mut self, account: &str, home: &Home) -> &[Calendar] {
        self.google_calendars_mut(account, home)
    }

    fn google_calendars_mut(&mut self, account: &str, home: &Home) -> &mut [Calendar] {
        match home {
            Home::User(user) => {
                let connection = self.connections(user).and_then(|all| all.get_mut(&Provider::Google));
                connection.and_then(|one| one.calendars.as_mut()).map_or(&mut [], Vec::as_mut_slice)
            }
            Home::Unconnected => {
                let (seed, anchor) = (self.settings.number("seed"), self.anchor.unwrap_or_default());
                self.google.unconnected.entry(account.to_owned()).or_insert_with(|| {
                    let owner = demo::Owner { seed, user: user_of(account), account, anchor };
                    demo::calendars(&owner, Provider::Google)
                })
            }
            Home::Everybody => {
                if self.google.holidays.is_empty() {
                    self.google.holidays.push(holidays::calendar(self.anchor.unwrap_or_default()));
                }
                &mut self.google.holidays
            }
        }
    }

    /// Where a calendar is that is shown to everybody.
    fn public_calendar(&mut self, id: &str) -> Option<(String, Home)> {
        if id == holidays::ID {
            return Some((holidays::ID.to_owned(), Home::Everybody));
        }
        let shows = |connections: &crate::users::Connections| {
            let calendars = connections.get(&Provider::Google)?;
            let mut shown = calendars.calendars.iter().flatten();
            shown.any(|one| one.public && one.id == id).then(|| calendars.account.clone())
        };
        let account = self.users.values().chain(self.seeded.values()).find_map(shows)?;
        let home = self.google_home(&account);
        Some((account, home))
    }
}

/// The user of Connect whose account it would be: the demo calendars are the same then.
fn user_of(address: &str) -> &str {
    let name = address.split('@').next().unwrap_or(address);
    if account(name, Provider::Google) == address { name } else { address }
}
