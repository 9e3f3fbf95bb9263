//! Apptoto's API, under `/apptoto/api/v1`, over accounts of its own.
//!
//! ```text
//! request ──▶ access: token with its scope, or e-mail address and API key ──▶ rate ──▶ account ──▶ events, contacts, ...
//!                                                                                         │
//!                                                                                         ▼
//!                                                        messages: who would have been written to, under /sandbox
//! ```
//!
//! - [`access`], [`refused`]: who may do what, and the form of an error.
//! - [`account`]: what an account holds, and how much at the most. [`seed`] fills one from a file.
//! - [`fields`], [`form`], [`moment`], [`phone`]: what a request says.
//! - [`events`], [`write_events`], [`contacts`], [`write_contacts`], [`bookings`], [`imports`], [`messages`]: the calls.
//!
//! # What this rests on
//!
//! Documented, on Apptoto's API pages: the paths, parameters and fields; paging by `page` and `page_size` (30); that a list by
//! phone number or e-mail address has an entry for each participant who matches; that `PUT` creates what is not there, keeps
//! what is not named and replaces `participants`, `custom_data` and lists of numbers and addresses whole; that participants
//! who were written to stay; that nothing moves to another calendar or address book; that deleting marks an event and stops
//! its messages; the states of an import; a 403 `insufficient_scope` for `GET /v1/event` and `POST /v1/import`; that Basic
//! is not scope-gated.
//!
//! Inferred: the scopes of the other calls (from what the manual says a scope allows), the name `end` of the upper bound,
//! `success: false` for a booking that is refused, and that a booking is an event. Seen in clients of others only:
//! `GET /v1/contact` and the names `normalized` and `address`, `prevent_calendar_creation` in a `PUT`, 200 as the status of
//! a create, the rate and the size of a batch. General knowledge: the `WWW-Authenticate` headers (RFC 6750, RFC 7617).
//!
//! Not documented, and the sandbox's own: the form and the status of every other error, the order of a list (by start), the
//! answers with contacts, address books, conversations and to `send_message`, the types of phone numbers, one credit a
//! message, when automatic messages go out (a day before the start), and that a batch is done whole or not at all. The
//! switches that begin with `apptoto_` change what a client may depend on.
//!
//! `/v1/calendars`, lists of contacts, opt-in and opt-out lists, conversations and bookings to read are not there: no page
//! describes them. What a file of an import holds becomes nothing: the specification of its columns is not documented.

mod access;
mod account;
mod bookings;
mod contacts;
mod events;
mod fields;
mod form;
mod imports;
mod messages;
mod moment;
mod phone;
mod refused;
mod routes;
mod seed;
mod write_contacts;
mod write_events;

use crate::call::Call;
use crate::oauth_server::Issued;
use crate::reply::{Reply, json_reply};
use crate::settings::ApptotoCreateStatus;
use crate::settings::Settings;
use account::{Account, Ids};
use http::StatusCode;
use jiff::Timestamp;
pub use messages::{ApptotoMessage, ApptotoMessageState};
use refused::Refused;
pub(crate) use routes::ROUTES;
pub(crate) use seed::Seeded;
use serde_json::Value;
use std::collections::BTreeMap;

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    ListEvents,
    GetEvent,
    CreateEvents,
    UpsertEvents,
    DeleteEvent,
    GetContact,
    CreateContacts,
    UpsertContacts,
    ListAddressBooks,
    BookNow,
    SendMessage,
    StartImport,
    GetImport,
}

/// Apptoto's API. Its accounts have nothing to do with those of the world.
pub(crate) struct ApptotoApi<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// The accounts, by e-mail address.
#[derive(Debug, Default)]
pub(crate) struct State {
    accounts: BTreeMap<String, Account>,
    ids: Ids,
}

impl State {
    /// An account is there from the first call on.
    fn open<'a>(&'a mut self, email: &'a str, settings: &'a Settings, now: Timestamp) -> Api<'a> {
        let Self { accounts, ids } = self;
        if !accounts.contains_key(email) {
            accounts.insert(email.to_owned(), Account::new(ids));
        }
        let account = accounts.entry(email.to_owned()).or_default();
        Api { account, ids, settings, email, now }
    }
}

/// One call on one account.
struct Api<'a> {
    account: &'a mut Account,
    ids: &'a mut Ids,
    settings: &'a Settings,
    email: &'a str,
    now: Timestamp,
}

/// Of a path that is not there, or there for these methods alone.
pub(crate) fn unknown(methods: &str, settings: &Settings) -> Reply {
    let refused = if methods.is_empty() { Refused::not_found("endpoint") } else { Refused::method() };
    refused.reply(settings)
}

impl ApptotoApi<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        self.serve_endpoint(endpoint, call).unwrap_or_else(|refused| refused.reply(self.settings))
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, Refused> {
        let email = self.caller(endpoint, call)?;
        let mut api = self.own.open(&email, self.settings, call.now);
        api.check_rate()?;
        match endpoint {
            Endpoint::ListEvents => api.list_events(call),
            Endpoint::GetEvent => api.get_event(call),
            Endpoint::CreateEvents => api.create_events(call),
            Endpoint::UpsertEvents => api.upsert_events(call),
            Endpoint::DeleteEvent => api.delete_event(call),
            Endpoint::GetContact => api.get_contact(call),
            Endpoint::CreateContacts => api.create_contacts(call),
            Endpoint::UpsertContacts => api.upsert_contacts(call),
            Endpoint::ListAddressBooks => Ok(api.list_address_books()),
            Endpoint::BookNow => api.book_now(call),
            Endpoint::SendMessage => api.send_message(call),
            Endpoint::StartImport => api.start_import(call),
            Endpoint::GetImport => api.get_import(call),
        }
    }
}

impl Api<'_> {
    /// The answer to what was created, with the status of the switch `apptoto_create_status`.
    fn created(&self, body: &Value) -> Reply {
        let created = self.settings.apptoto.create_status == ApptotoCreateStatus::Created;
        json_reply(if created { StatusCode::CREATED } else { StatusCode::OK }, body)
    }
}
