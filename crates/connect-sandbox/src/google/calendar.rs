//! The Google Calendar API v3 under `/google/calendar/v3`. Connect and this API serve the same calendars of
//! Google accounts.
//!
//! ```text
//! request ──▶ access: token or API key ──▶ limits ──▶ accounts: find the calendar ──▶ list, write, ...
//!                                                                                        │ changes
//!                                                                                        ▼
//!                                                       ledger: changes made through Google or Connect
//! ```
//!
//! - [`access`] and [`error`]: authenticate the caller, check its scopes, and write errors in Google's
//!   format.
//! - [`accounts`]: finds the calendar and the caller's role in it. Everyone can read the calendar in
//!   [`holidays`](mod@holidays).
//! - [`resource`], [`body`], [`times`]: write and read events as Google JSON.
//! - [`list`], [`query`], [`view`]: lists, pages and incremental synchronisation. A sync token
//!   contains a position in the ledger. The changes since a sync token are the differences between
//!   the list at the token's position and the current list.
//!
//! - [`watch`]: notification channels.
//! - [`edit`]: writes to calendars and to the calendar list, moves of events, settings.
//! - [`partial`]: partial responses (`fields`).
//!
//! Not implemented: batches, access lists, and importing and quick-adding events.

mod access;
mod accounts;
mod body;
mod calendars;
mod colors;
mod edit;
mod error;
mod free_busy;
mod holidays;
mod list;
mod original;
mod partial;
mod query;
mod resource;
mod routes;
mod times;
mod view;
mod watch;
mod write;

use crate::call::Call;
use crate::oauth_server::Issued;
use crate::reply::Reply;
use crate::world::World;
use crate::world::ledger::Ledger;
use crate::world::limit::Count;
use access::Principal;
use error::ApiError;
pub(crate) use holidays::calendar as holidays;
use partial::Selection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) use original::{conference, original};
pub(crate) use routes::ROUTES;
pub(crate) use watch::{GoogleChannel, list_hash};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    CalendarList,
    CalendarListEntry,
    Calendar,
    Colors,
    Events,
    Event,
    Insert,
    Patch,
    Update,
    Delete,
    Instances,
    FreeBusy,
    WatchEvents,
    WatchList,
    Stop,
    Move,
    InsertCalendar,
    PatchCalendar,
    UpdateCalendar,
    DeleteCalendar,
    ClearCalendar,
    UpdateEntry,
    Settings,
    Setting,
}

/// The Google Calendar service, with the shared world and its own state.
pub(crate) struct GoogleCalendar<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// The data that only the Google Calendar service has.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    /// The change logs of calendar lists, by account.
    lists: BTreeMap<String, Ledger<Value>>,
    /// The number of calls that were made while the switch `google_limit` was on.
    limited: Count,
}

/// Returns the error for an unsupported method (405), or for an unknown path (404). `methods` lists the
/// methods that the path supports.
pub(crate) fn unknown(methods: &str) -> Reply {
    let error = if methods.is_empty() { ApiError::not_found() } else { ApiError::method_not_allowed() };
    error.into()
}

impl GoogleCalendar<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        self.serve_checked(endpoint, call).unwrap_or_else(Reply::from)
    }

    fn serve_checked(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, ApiError> {
        let principal = self.authenticate(endpoint, call)?;
        self.limit()?;
        let selection = Selection::requested(call)?; // an invalid selection must not change anything
        Ok(selection.apply(self.serve_endpoint(endpoint, &principal, call)?))
    }

    fn serve_endpoint(
        &mut self,
        endpoint: Endpoint,
        principal: &Principal,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        match endpoint {
            Endpoint::CalendarList => self.calendar_list(principal, call),
            Endpoint::CalendarListEntry => self.calendar_list_entry(principal, call),
            Endpoint::Calendar => self.calendar_resource(principal, call),
            Endpoint::Colors => Ok(colors::reply()),
            Endpoint::Events => self.events(principal, call),
            Endpoint::Instances => self.instances(principal, call),
            Endpoint::Event => self.event(principal, call),
            Endpoint::Insert => self.insert(principal, call),
            Endpoint::Patch => self.update(principal, call, body::UpdateMode::Patch),
            Endpoint::Update => self.update(principal, call, body::UpdateMode::Replace),
            Endpoint::Delete => self.delete(principal, call),
            Endpoint::FreeBusy => self.free_busy(principal, call),
            Endpoint::WatchEvents => self.watch_events(principal, call),
            Endpoint::WatchList => self.watch_list(principal, call),
            Endpoint::Stop => self.stop(principal, call),
            Endpoint::Move => self.move_event(principal, call),
            Endpoint::InsertCalendar => self.insert_calendar(principal, call),
            Endpoint::PatchCalendar => self.update_calendar(principal, call, body::UpdateMode::Patch),
            Endpoint::UpdateCalendar => self.update_calendar(principal, call, body::UpdateMode::Replace),
            Endpoint::DeleteCalendar => self.delete_calendar(principal, call),
            Endpoint::ClearCalendar => self.clear_calendar(principal, call),
            Endpoint::UpdateEntry => self.update_entry(principal, call),
            Endpoint::Settings => self.settings(principal),
            Endpoint::Setting => self.setting(principal, call),
        }
    }

    /// Refuses the calls that the switches `google_limit` and `google_limit_every` select.
    fn limit(&mut self) -> Result<(), ApiError> {
        let Some(limit) = error::limit(self.world.settings.google.limit) else { return Ok(()) };
        let refuses = self.own.limited.refuses(self.world.settings.google.limit_every.0);
        if refuses { Err(limit) } else { Ok(()) }
    }
}

fn calendar_id(call: &Call) -> String {
    call.path_parameter("calendarId").unwrap_or_default()
}

fn event_id(call: &Call) -> String {
    call.path_parameter("eventId").unwrap_or_default()
}
