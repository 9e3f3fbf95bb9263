//! Apptoto's API, under `/apptoto/api/v1`. The accounts of the API are separate from the accounts
//! that Connect shows.
//!
//! ```text
//! request ──▶ access: token, or address and API key ──▶ rate limit ──▶ account ──▶ events, contacts, ...
//!                                                                         │
//!                                                                         ▼
//!                                               messages: listed under /sandbox, never sent
//! ```
//!
//! - [`access`], [`error`]: authenticate the caller, check its scopes, and write errors.
//! - [`account`]: the data of an account and its size limits. [`seed`] reads accounts from a seed.
//! - [`fields`], [`form`], [`event_time`], [`phone`]: read and check request bodies.
//! - [`events`], [`write_events`], [`contacts`], [`write_contacts`], [`bookings`], [`imports`], [`messages`]:
//!   the endpoints.
//!
//! # Sources of the API's behaviour
//!
//! Documented on Apptoto's API pages:
//!
//! - The pages list the paths, parameters and fields, and the states of an import. Lists have the parameters
//!   `page` and `page_size` (default: 30).
//! - A list of events that is filtered by phone number or e-mail address has an entry for each matching
//!   participant.
//! - `PUT` creates missing items and does not change omitted fields. `PUT` replaces `participants`,
//!   `custom_data` and the lists of phone numbers and e-mail addresses as a whole, but does not remove
//!   participants who already got a message.
//! - An item never moves to another calendar or address book.
//! - A deletion marks the event as deleted and cancels its messages.
//! - Without the required scope, `GET /v1/event` and `POST /v1/import` fail with 403 `insufficient_scope`.
//!   API keys have no scopes.
//!
//! Inferred: the scopes of all other calls (from the manual's descriptions of scopes), the parameter name
//! `end`, `success: false` for a refused booking, and that a booking creates an event.
//!
//! Seen only in third-party clients: `GET /v1/contact`, the fields `normalized` and `address` of a contact,
//! `prevent_calendar_creation` in a `PUT`, 200 as the status of a `POST`, the rate limit and the batch limit.
//!
//! From other standards: the `WWW-Authenticate` headers (RFC 6750, RFC 7617).
//!
//! Not documented, and chosen by the sandbox: all other errors, the order of lists (by start), the format of
//! contacts, address books and conversations, the response to `send_message`, the types of phone numbers, the
//! price of a message (one credit), the time of automatic messages (a day before the start), and that a batch
//! succeeds or fails as a whole. The switches that begin with `apptoto_` change behaviour that clients may
//! depend on.
//!
//! Not implemented, because no page describes them: `/v1/calendars`, and the endpoints that list contacts,
//! read or change opt-in and opt-out lists, read conversations, or read bookings. An import creates nothing,
//! because the pages do not describe the column specification of an import.

mod access;
mod account;
mod bookings;
mod contacts;
mod error;
mod event_time;
mod events;
mod fields;
mod form;
mod imports;
mod messages;
mod phone;
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
use error::ApiError;
use http::StatusCode;
use jiff::Timestamp;
pub use messages::{ApptotoMessage, ApptotoMessageState};
pub(crate) use routes::ROUTES;
pub(crate) use seed::Seeded;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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

/// The Apptoto API, with its own accounts.
pub(crate) struct ApptotoApi<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// The accounts by e-mail address.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    accounts: BTreeMap<String, Account>,
    ids: Ids,
}

impl State {
    /// Returns the [`Api`] for one call on the account `email`. Creates the account if it is missing.
    fn open<'a>(&'a mut self, email: &'a str, settings: &'a Settings, now: Timestamp) -> Api<'a> {
        let Self { accounts, ids } = self;
        if !accounts.contains_key(email) {
            accounts.insert(email.to_owned(), Account::new(ids));
        }
        let account = accounts.entry(email.to_owned()).or_default();
        Api { account, ids, settings, email, now }
    }
}

/// The account of a call, with the settings, the id generator and the time of the call.
struct Api<'a> {
    account: &'a mut Account,
    ids: &'a mut Ids,
    settings: &'a Settings,
    email: &'a str,
    now: Timestamp,
}

/// Returns the error for an unsupported method (405), or for an unknown path (404). `methods` lists the
/// methods that the path supports.
pub(crate) fn unknown(methods: &str, settings: &Settings) -> Reply {
    let error = if methods.is_empty() { ApiError::not_found("endpoint") } else { ApiError::method() };
    error.reply(settings)
}

impl ApptotoApi<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        self.serve_endpoint(endpoint, call).unwrap_or_else(|error| error.reply(self.settings))
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, ApiError> {
        let email = self.authenticate(endpoint, call)?;
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
    /// Returns the response to a create request, with the status of the switch `apptoto_create_status`.
    fn created(&self, body: &Value) -> Reply {
        let created = self.settings.apptoto.create_status == ApptotoCreateStatus::Created;
        json_reply(if created { StatusCode::CREATED } else { StatusCode::OK }, body)
    }
}
