//! Google Calendar v3, under `/google/calendar/v3`, over the same calendars that Connect shows of its Google accounts.
//!
//! ```text
//! request ──▶ access: token or API key ──▶ limits ──▶ accounts: whose calendar ──▶ list, write, ...
//!                                                            │ before and after
//!                                                            ▼
//!                                                         ledger: what has changed, from either side
//! ```
//!
//! - [`access`] and [`refused`]: who may do what, and Google's form of an error.
//! - [`accounts`]: which calendar, and what the caller may do with it. [`holidays`] is everybody's.
//! - [`resource`], [`body`], [`rrule`], [`times`]: an event in Google's words, and back.
//! - [`list`], [`query`], [`view`]: lists, pages and incremental synchronisation. A sync token is a place in the ledger;
//!   what comes of it is the difference between what the list showed there and what it shows now.
//!
//! Partial answers (`fields`), batches, access lists, notification channels, and moving, importing and quick-adding events
//! are not there.

mod access;
mod accounts;
mod body;
mod calendars;
mod colors;
mod free_busy;
mod holidays;
mod list;
mod original;
mod query;
mod refused;
mod resource;
mod routes;
mod times;
mod view;
mod write;

use crate::call::Call;
use crate::oauth_server::Issued;
use crate::reply::Reply;
use crate::world::World;
use crate::world::ledger::Ledger;
use crate::world::limit::Count;
pub(crate) use holidays::calendar as holidays;
use refused::Refused;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) use original::{conference, original};
pub(crate) use routes::ROUTES;

/// An endpoint of Google Calendar.
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
}

/// Google Calendar, over the world.
pub(crate) struct GoogleCalendar<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// What Google Calendar keeps of its own.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Of calendar lists, by account.
    lists: BTreeMap<String, Ledger<Value>>,
    /// Calls while the switch `google_limit` is on.
    limited: Count,
}

/// The answer where there is nothing, or nothing but other methods.
pub(crate) fn unknown(methods: &str) -> Reply {
    let refused = if methods.is_empty() { Refused::not_found() } else { Refused::method_not_allowed() };
    refused.into()
}

impl GoogleCalendar<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        self.serve_endpoint(endpoint, call).unwrap_or_else(Reply::from)
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, Refused> {
        let visitor = self.visitor(endpoint, call)?;
        self.limit()?;
        match endpoint {
            Endpoint::CalendarList => self.calendar_list(&visitor, call),
            Endpoint::CalendarListEntry => self.calendar_list_entry(&visitor, call),
            Endpoint::Calendar => self.calendar_resource(&visitor, call),
            Endpoint::Colors => Ok(colors::reply()),
            Endpoint::Events => self.events(&visitor, call),
            Endpoint::Instances => self.instances(&visitor, call),
            Endpoint::Event => self.event(&visitor, call),
            Endpoint::Insert => self.insert(&visitor, call),
            Endpoint::Patch => self.update(&visitor, call, body::Manner::Patch),
            Endpoint::Update => self.update(&visitor, call, body::Manner::Replace),
            Endpoint::Delete => self.delete(&visitor, call),
            Endpoint::FreeBusy => self.free_busy(&visitor, call),
        }
    }

    /// The switches `google_limit` and `google_limit_every`.
    fn limit(&mut self) -> Result<(), Refused> {
        let Some(limit) = refused::limit(self.world.settings.google.limit) else { return Ok(()) };
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
