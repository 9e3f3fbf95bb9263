//! Whose calendar it is: the account's own, or one that is shown to everybody.

use super::GoogleCalendar;
use super::access::{Sight, Visitor};
use super::holidays;
use super::refused::Refused;
use crate::world::accounts::{EventLedger, Home};
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
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
    pub(super) at: crate::world::accounts::Place,
    pub(super) role: Role,
    pub(super) sight: Sight,
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
    /// What its tokens are good for.
    pub(super) fn name(&self) -> String {
        self.at.name()
    }
}

impl GoogleCalendar<'_> {
    /// The calendar `id` as the caller has it; 404 for one that is not there and for one that is not theirs to see.
    pub(super) fn place(&mut self, visitor: &Visitor, id: &str) -> Result<Place, Refused> {
        let own = visitor.account.clone().and_then(|account| {
            let home = self.world.home_of(Provider::Google, &account);
            let calendars = self.world.calendars_of(Provider::Google, &account, &home);
            let calendar = calendars.iter().find(|one| one.answers_to(id))?;
            Some((account, home, calendar.id.clone(), Role::of(calendar), calendar.public))
        });
        let found = own.or_else(|| {
            let (account, home) = self.public_calendar(id)?;
            Some((account, home, id.to_owned(), Role::Reader, true))
        });
        let (account, home, id, role, public) = found.ok_or_else(Refused::not_found)?;
        let sight = visitor.sight(role, public)?;
        let at = crate::world::accounts::Place { provider: Provider::Google, account, home, id };
        Ok(Place { at, role, sight })
    }

    /// Works on a calendar, as [`World::at_place`](crate::world::World::at_place) does.
    pub(super) fn at<T>(
        &mut self,
        place: &Place,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Result<T, Refused> {
        self.world.at_place(&place.at, now, work).ok_or_else(Refused::not_found)
    }

    /// Where a calendar is that is shown to everybody.
    fn public_calendar(&mut self, id: &str) -> Option<(String, Home)> {
        if id == holidays::ID {
            return Some((holidays::ID.to_owned(), Home::Everybody));
        }
        let shows = |connections: &crate::world::users::Connections| {
            let calendars = connections.get(&Provider::Google)?;
            let mut shown = calendars.calendars.iter().flatten();
            shown.any(|one| one.public && one.id == id).then(|| calendars.account.clone())
        };
        let account = self.world.users.values().chain(self.world.seeded.values()).find_map(shows)?;
        let home = self.world.home_of(Provider::Google, &account);
        Some((account, home))
    }
}
