//! Finds the calendar and the event that a path names.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use crate::call::Call;
use crate::world::accounts::{CalendarRef, EventLedger};
use crate::world::calendar::{Calendar, Target};
use crate::world::provider::Provider;
use jiff::Timestamp;

/// The calendar that a path names: `/me/...`, `/me/calendar/...` or `/me/calendars/{id}/...`.
#[derive(Debug, PartialEq, Eq)]
enum CalendarPath {
    Mailbox,
    Default,
    Calendar(String),
}

/// The calendar and the event id that a path names.
#[derive(Debug)]
struct EventPath {
    calendar: CalendarPath,
    event: String,
}

impl EventPath {
    fn of(call: &Call) -> Self {
        let calendar = match call.path_parameter("calendarId") {
            Some(id) => CalendarPath::Calendar(id),
            None if call.name.split('/').any(|segment| segment == "calendar") => CalendarPath::Default,
            None => CalendarPath::Mailbox,
        };
        Self { calendar, event: call.path_parameter("eventId").unwrap_or_default() }
    }
}

impl Graph<'_> {
    /// Returns the calendar that the path names. A path without a calendar means the mailbox's
    /// default calendar.
    pub(super) fn place(&mut self, principal: &Principal, call: &Call) -> Result<CalendarRef, ApiError> {
        let calendar = match EventPath::of(call).calendar {
            CalendarPath::Mailbox => CalendarPath::Default,
            calendar => calendar,
        };
        self.places(principal, &calendar).into_iter().next().ok_or_else(ApiError::not_found)
    }

    /// Returns the default calendar of a mailbox. Returns `None` unless the mailbox is the caller's own
    /// (`own`) or belongs to a known account.
    pub(super) fn mailbox(&mut self, address: &str, own: bool) -> Option<CalendarRef> {
        let known = own
            || self.world.users.values().chain(self.world.seeded.values()).any(|connections| {
                connections.get(&Provider::Microsoft).is_some_and(|one| one.account == address)
            });
        let principal = Principal { account: address.to_owned(), client: String::new() };
        let places = if known { self.places(&principal, &CalendarPath::Default) } else { Vec::new() };
        places.into_iter().next()
    }

    /// Returns the calendar and the event that the path names. If no event has the id, the error is
    /// 404 for an id that has the format of event ids or once belonged to an event, and 400 for any
    /// other id.
    pub(super) fn event_place(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<(CalendarRef, Target), ApiError> {
        let EventPath { calendar, event: id } = EventPath::of(call);
        let places = self.places(principal, &calendar);
        if places.is_empty() {
            return Err(ApiError::not_found());
        }
        let mut known = looks_like_id(&id);
        for place in places {
            let found = self.at(&place, call.now, |calendar, ledger| match calendar.locate(&id) {
                Some(target) => Ok(target),
                None => Err(is_known(calendar, ledger, &id)),
            })?;
            match found {
                Ok(target) => return Ok((place, target)),
                Err(was) => known |= was,
            }
        }
        Err(if known { ApiError::not_found() } else { ApiError::malformed_id() })
    }

    /// Runs `work` on a calendar, as [`World::with_calendar`](crate::world::World::with_calendar) does.
    pub(super) fn at<T>(
        &mut self,
        place: &CalendarRef,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Result<T, ApiError> {
        self.world.with_calendar(place, now, work).ok_or_else(ApiError::not_found)
    }

    fn places(&mut self, principal: &Principal, path: &CalendarPath) -> Vec<CalendarRef> {
        let account = principal.account.clone();
        let home = self.world.home_of(Provider::Microsoft, &account);
        let calendars = self.world.calendars_of(Provider::Microsoft, &account, &home).iter();
        let meant = calendars.filter(|calendar| match path {
            CalendarPath::Mailbox => true,
            CalendarPath::Default => calendar.primary,
            CalendarPath::Calendar(id) => calendar.id == *id,
        });
        let ids: Vec<_> = meant.map(|calendar| calendar.id.clone()).collect();
        let place = |id| CalendarRef {
            provider: Provider::Microsoft,
            account: account.clone(),
            home: home.clone(),
            id,
        };
        ids.into_iter().map(place).collect()
    }
}

/// Returns whether `id` belonged to a deleted event, or could belong to an occurrence of a series.
fn is_known(calendar: &Calendar, ledger: &EventLedger, id: &str) -> bool {
    let series = id.rsplit_once('_').map_or(id, |(series, _)| series);
    [id, series].iter().any(|id| ledger.gone(id).is_some()) || calendar.events.contains_key(series)
}

fn looks_like_id(id: &str) -> bool {
    let begins = ["AAMk", "AQMk"].iter().any(|start| id.starts_with(start));
    begins && id.len() > 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
}
