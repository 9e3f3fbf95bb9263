//! Which calendar, and which event in it, a path is about.

use super::Graph;
use super::access::Visitor;
use super::refused::Refused;
use crate::call::Call;
use crate::world::accounts::{EventLedger, Place};
use crate::world::calendar::{Calendar, Target};
use crate::world::provider::Provider;
use jiff::Timestamp;

/// `/me/...`, `/me/calendar/...` or `/me/calendars/{id}/...`.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Mailbox,
    Default,
    Calendar(String),
}

/// What follows the calendar: `events` and the id of one.
#[derive(Debug)]
struct Path {
    asked: Asked,
    event: String,
}

impl Path {
    fn of(call: &Call) -> Self {
        let asked = match call.path_parameter("calendarId") {
            Some(id) => Asked::Calendar(id),
            None if call.name.split('/').any(|segment| segment == "calendar") => Asked::Default,
            None => Asked::Mailbox,
        };
        Self { asked, event: call.path_parameter("eventId").unwrap_or_default() }
    }
}

impl Graph<'_> {
    /// The calendar of the path; the mailbox's default one where it names none.
    pub(super) fn place(&mut self, visitor: &Visitor, call: &Call) -> Result<Place, Refused> {
        let asked = match Path::of(call).asked {
            Asked::Mailbox => Asked::Default,
            asked => asked,
        };
        self.places(visitor, &asked).into_iter().next().ok_or_else(Refused::not_found)
    }

    /// The default calendar of a mailbox, the caller's own or another one that is known.
    pub(super) fn mailbox(&mut self, address: &str, own: bool) -> Option<Place> {
        let known = own
            || self.world.users.values().chain(self.world.seeded.values()).any(|connections| {
                connections.get(&Provider::Microsoft).is_some_and(|one| one.account == address)
            });
        let visitor = Visitor { account: address.to_owned() };
        let places = if known { self.places(&visitor, &Asked::Default) } else { Vec::new() };
        places.into_iter().next()
    }

    /// The event of the path, and the calendar it is in. An id that nothing here can have is malformed.
    pub(super) fn event_place(&mut self, visitor: &Visitor, call: &Call) -> Result<(Place, Target), Refused> {
        let Path { asked, event: id } = Path::of(call);
        let places = self.places(visitor, &asked);
        if places.is_empty() {
            return Err(Refused::not_found());
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
        Err(if known { Refused::not_found() } else { Refused::malformed_id() })
    }

    /// Works on a calendar, as [`World::at_place`](crate::world::World::at_place) does.
    pub(super) fn at<T>(
        &mut self,
        place: &Place,
        now: Timestamp,
        work: impl FnOnce(&mut Calendar, &mut EventLedger) -> T,
    ) -> Result<T, Refused> {
        self.world.at_place(place, now, work).ok_or_else(Refused::not_found)
    }

    fn places(&mut self, visitor: &Visitor, asked: &Asked) -> Vec<Place> {
        let account = visitor.account.clone();
        let home = self.world.home_of(Provider::Microsoft, &account);
        let calendars = self.world.calendars_of(Provider::Microsoft, &account, &home).iter();
        let meant = calendars.filter(|calendar| match asked {
            Asked::Mailbox => true,
            Asked::Default => calendar.primary,
            Asked::Calendar(id) => calendar.id == *id,
        });
        let ids: Vec<_> = meant.map(|calendar| calendar.id.clone()).collect();
        let place =
            |id| Place { provider: Provider::Microsoft, account: account.clone(), home: home.clone(), id };
        ids.into_iter().map(place).collect()
    }
}

/// Whether something with this id was there, or could be: an occurrence of a series.
fn is_known(calendar: &Calendar, ledger: &EventLedger, id: &str) -> bool {
    let series = id.rsplit_once('_').map_or(id, |(series, _)| series);
    [id, series].iter().any(|id| ledger.gone(id).is_some()) || calendar.events.contains_key(series)
}

fn looks_like_id(id: &str) -> bool {
    let begins = ["AAMk", "AQMk"].iter().any(|start| id.starts_with(start));
    begins && id.len() > 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
}
