//! Reads the calendars of a person from a backend.

use connect_core::{
    Error, ErrorKind,
    types::{Account, Calendar, CalendarRef, ConnectionStatus, Event, Provider, SyncState},
};
use jiff::Timestamp;

use super::{Gap, Reading};
use crate::{
    backend::{AsyncCalendarBackend, CalendarBackend, Gathered},
    busy::Interval,
};

/// Defines the blocking or the async function.
macro_rules! read {
    ($(#[$about:meta])* $read:ident, $backend:ident, [$($async:tt)*] [$($wait:tt)*]) => {
        $(#[$about])*
        pub $($async)* fn $read(
            backend: &dyn $backend,
            calendars: &[CalendarRef],
            range: Interval,
            now: Timestamp,
        ) -> Vec<Reading> {
            let mut readings = match backend.connections()$($wait)* {
                Ok(status) => accounts(status, calendars),
                Err(error) => vec![Reading::missing(name(backend.provider()), gap(error))],
            };
            let known = match backend.calendars()$($wait)* {
                Ok(known) => known,
                Err(error) => {
                    readings.push(Reading::missing(name(backend.provider()), gap(error)));
                    return readings;
                }
            };
            let wanted: Vec<_> = match calendars {
                [] => known.iter().map(CalendarRef::from).collect(),
                some => some.to_vec(),
            };
            // A request for no calendars would be a request for all.
            if !wanted.is_empty() {
                let gathered = backend.events(&wanted, range.start, range.end)$($wait)*;
                readings.extend(by_calendar(&wanted, &known, gathered, now));
            }
            readings
        }
    };
}

read! {
    /// Reads calendars with a blocking backend: a reading per calendar, and per account with a problem.
    ///
    /// An empty list means all calendars. Otherwise, only the accounts of their providers count. Pass the
    /// span of [`Query::reads`](super::Query::reads). An error is returned as a [`Gap`].
    read, CalendarBackend, [] []
}

read! {
    /// Reads calendars with an async backend: a reading per calendar, and per account with a problem.
    ///
    /// An empty list means all calendars. Otherwise, only the accounts of their providers count. Pass the
    /// span of [`Query::reads`](super::Query::reads). An error is returned as a [`Gap`].
    read_async, AsyncCalendarBackend, [async] [.await]
}

fn name(provider: Option<Provider>) -> String {
    provider.map_or_else(|| "all accounts".to_owned(), |provider| provider.as_str().to_owned())
}

fn gap(error: Error) -> Gap {
    match error.kind() {
        ErrorKind::Authentication => Gap::ReauthRequired,
        ErrorKind::Permission { .. } => Gap::PermissionWithheld,
        _ => Gap::Failed(error),
    }
}

/// Returns a reading for each account that has a problem. The events of such an account may be missing.
///
/// Does not return accounts of providers that no chosen calendar has. The API does not say to which account
/// of its provider a calendar belongs.
fn accounts(status: Option<ConnectionStatus>, calendars: &[CalendarRef]) -> Vec<Reading> {
    let connections = status.map(|status| status.connections).unwrap_or_default();
    let is_chosen = |provider: &Provider| {
        calendars.is_empty() || calendars.iter().any(|calendar| calendar.provider == *provider)
    };
    let problem = |account: &Account| match &account.sync_state {
        Some(SyncState::ReauthRequired) => Some(Gap::ReauthRequired),
        Some(SyncState::Other(state)) => Some(Gap::UnknownState(state.as_str().to_owned())),
        _ if account.calendar_permission_granted == Some(false) => Some(Gap::PermissionWithheld),
        _ => None,
    };
    let chosen = connections.into_iter().filter(|(provider, _)| is_chosen(provider));
    let accounts = chosen.flat_map(|(provider, accounts)| {
        accounts.into_iter().map(move |account| (provider.clone(), account))
    });
    let reading = |(provider, account): (Provider, Account)| {
        let name = format!("{} ({provider})", account.id);
        Some(Reading::missing(name, problem(&account)?))
    };
    accounts.filter_map(reading).collect()
}

/// Divides the events among their calendars.
fn by_calendar(
    wanted: &[CalendarRef],
    known: &[Calendar],
    gathered: Result<Gathered, Error>,
    now: Timestamp,
) -> Vec<Reading> {
    let (mut events, failed) = match gathered {
        Ok(gathered) => (gathered.events, gathered.failed),
        Err(error) => (Vec::new(), wanted.iter().map(|one| (one.clone(), error.clone())).collect()),
    };
    let mut readings = Vec::with_capacity(wanted.len());
    for calendar in wanted {
        let own = known.iter().find(|one| CalendarRef::from(*one) == *calendar);
        let title = own.map(|one| one.title.as_str()).filter(|title| !title.is_empty());
        let name = format!("{} ({})", title.unwrap_or(&calendar.id), calendar.provider);
        if let Some((_, error)) = failed.iter().find(|(failed, _)| failed == calendar) {
            readings.push(Reading::missing(name, gap(error.clone())));
            continue;
        }
        let is_here = |event: &Event| {
            event.calendar_id.as_ref().is_some_and(|id| *id == calendar.id)
                && event.provider.as_ref().is_none_or(|provider| *provider == calendar.provider)
        };
        let (here, others) = events.into_iter().partition(is_here);
        events = others;
        let reading = Reading::live(name, now, here);
        // Google's role of a reader that sees no details.
        let role = own.and_then(|one| one.original.as_ref()?.field::<String>("accessRole"));
        let is_free_busy = role.is_some_and(|role| role == "freeBusyReader");
        readings.push(if is_free_busy { reading.with_gap(Gap::OnlyFreeBusy) } else { reading });
    }
    // Events whose calendar is unknown belong to the person too.
    if !events.is_empty() {
        readings.push(Reading::live("other events", now, events));
    }
    readings
}
