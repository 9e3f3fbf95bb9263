//! Finds the calendar that a call names, in the caller's account or among the public calendars.

use super::GoogleCalendar;
use super::access::{Principal, ReadAccess};
use super::error::ApiError;
use super::holidays;
use crate::world::accounts::{EventLedger, Home};
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use jiff::Timestamp;

/// The role of an account in a calendar. The roles are ordered by their permissions, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    FreeBusyReader,
    Reader,
    Writer,
    Owner,
}

/// A calendar and the caller's access to it.
#[derive(Clone, Debug)]
pub(super) struct CalendarAccess {
    pub(super) place: crate::world::accounts::CalendarRef,
    pub(super) role: Role,
    pub(super) read_access: ReadAccess,
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

    /// Returns the role that the account of a calendar has in the calendar. The default role is
    /// owner.
    pub(super) fn of(calendar: &Calendar) -> Self {
        let told = calendar.info.get("original").and_then(|original| original.get("accessRole"));
        told.and_then(|role| role.as_str()).and_then(Self::parse).unwrap_or(Self::Owner)
    }
}

impl CalendarAccess {
    /// Returns the name that the page tokens and sync tokens of the calendar are bound to.
    pub(super) fn name(&self) -> String {
        self.place.name()
    }
}

impl GoogleCalendar<'_> {
    /// Returns the calendar `id` and the caller's access to it. Fails with 404 if the caller can see no
    /// calendar with this id.
    pub(super) fn calendar_access(
        &mut self,
        principal: &Principal,
        id: &str,
    ) -> Result<CalendarAccess, ApiError> {
        let own = principal.account.clone().and_then(|account| {
            let home = self.world.home_of(Provider::Google, &account);
            let calendars = self.world.calendars_of(Provider::Google, &account, &home);
            let calendar = calendars.iter().find(|one| one.has_id(id))?;
            Some((account, home, calendar.id.clone(), Role::of(calendar), calendar.public))
        });
        let found = own.or_else(|| {
            let (account, home) = self.public_calendar(id)?;
            Some((account, home, id.to_owned(), Role::Reader, true))
        });
        let (account, home, id, role, public) = found.ok_or_else(ApiError::not_found)?;
        let read_access = principal.read_access(role, public)?;
        let place = crate::world::accounts::CalendarRef { provider: Provider::Google, account, home, id };
        Ok(CalendarAccess { place, role, read_access })
    }

    /// Runs `work` on a calendar, as [`World::with_calendar`](crate::world::World::with_calendar) does.
    pub(super) fn at<T>(
        &mut self,
        access: &CalendarAccess,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Result<T, ApiError> {
        self.world.with_calendar(&access.place, now, work).ok_or_else(ApiError::not_found)
    }

    /// Returns the account of a public calendar, and where the calendar is stored.
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
