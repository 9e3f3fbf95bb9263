// Rustdoc uses the first definition of a link. The definitions in the README are for crates.io.
//! [`profile`]: crate::profile
//! [`ApiKey`]: crate::ApiKey
//!
#![doc = include_str!("../README.md")]
//!
//! ```text
//!   profile() + Scope ──▶ sign-in ──▶ user.send(&call) ───────────────┐
//!                                                                     ├──▶ https://api.apptoto.com/v1/..
//!   ApiKey ─────────────▶ client.send(&key.over(&call)) ──────────────┘
//! ```
//!
//! ```
//! use connect_blocking::{Client, Request, Response};
//! use connect_apptoto::{ApiKey, BASE_URL, ListEvents};
//!
//! let client = Client::anonymous_builder()
//!     .base_url(BASE_URL)
//!     .transport(|request: Request| {
//!         assert_eq!(request.uri(), "https://api.apptoto.com/v1/events?page_size=50");
//!         Ok(Response::new(r#"{"events": [{"id": 123, "title": "Check-up"}]}"#.into()))
//!     })
//!     .build()?;
//! let key = ApiKey::new("ada@example.com", "the key")?;
//! let page = client.send(&key.over(&ListEvents::new().page_size(50)))?;
//! assert_eq!(page.events[0].title.as_deref(), Some("Check-up"));
//! # Ok::<(), connect_blocking::Error>(())
//! ```
//!
//! * A call is a value. Pass the call to the `send` method of a signed-in user. With an [`ApiKey`], pass
//!   `key.over(&call)` to the `send` method of a client. Build the client with [`BASE_URL`] as its base URL.
//! * Apptoto responds with a 403 `insufficient_scope` if the token lacks the scope that a call needs. The
//!   error has the kind [`Permission`](connect_core::ErrorKind::Permission) and names the scope. Apptoto
//!   documents the scopes that `GET /v1/event` and `POST /v1/import` need. The scopes of all other calls are
//!   inferred from Apptoto's descriptions of its scopes.
//! * Every field of a response is optional. A field is absent if its JSON value has an unexpected type.
//!   `raw` is the whole object as JSON.
//! * Undocumented parts of the API are not guessed. `.parameter(..)` and `.field(..)` set parameters and
//!   fields for which this crate has no method. A response in an undocumented format is returned as JSON
//!   ([`Anything`]). Use [`RawCall`] for calls without a type in this crate.
//!
//! # Calls that are never retried
//!
//! A second request of [`CreateEvents`], [`CreateContacts`], [`BookNow`], [`SendMessage`] or [`StartImport`]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]
//! could send messages to people, cost credit or create duplicates. So could a second request of
//! [`UpsertContacts`] that adds a phone number or an e-mail address. The client repeats these calls only
//! after a 401, with a new token, because a 401 means that Apptoto did nothing. If a call fails,
//! [`may_have_happened`](connect_core::Error::may_have_happened) returns whether the call may have had an
//! effect.
//!
//! To retry the creation of an event safely, use [`UpsertEvents`] with an external id.

mod address_books;
mod answer;
mod bookings;
mod contacts;
mod endpoint;
mod events;
mod imports;
mod key;
mod list_events;
mod messages;
mod object;
mod open;
mod raw_call;
mod scope;
mod values;
mod write_contacts;
mod write_events;

use connect_core::oauth::{ClientAuth, Profile};

pub use address_books::ListAddressBooks;
pub use bookings::{BookNow, Booked, Booking};
pub use contacts::{Contact, EmailAddress, GetContact, PhoneNumber};
pub use events::{Event, Events, GetEvent, Participant, ParticipantState};
pub use imports::{GetImport, Import, ImportState, ImportType, Imported, StartImport};
pub use key::{ApiKey, Keyed};
pub use list_events::{EventPage, ListEvents};
pub use messages::{Content, MessageType, Recipient, SendMessage};
pub use open::Unknown;
pub use raw_call::{Anything, RawCall};
pub use scope::Scope;
pub use values::{Id, Place, ShowAs, When};
pub use write_contacts::{CreateContacts, NewContact, NewPhoneNumber, UpsertContact, UpsertContacts};
pub use write_events::{CreateEvents, DeleteEvent, NewEvent, NewParticipant, UpsertEvent, UpsertEvents};

/// The base URL of the Apptoto API.
pub const BASE_URL: &str = "https://api.apptoto.com";

/// Returns the OAuth profile of Apptoto.
///
/// Source: Apptoto's API page "OAuth 2.0 Authentication".
///
/// The profile uses PKCE (RFC 7636), which Apptoto requires for applications without a server. For other
/// applications the documentation does not mention PKCE. If Apptoto refuses PKCE, set `profile.pkce =
/// Pkce::Absent`.
///
/// Apptoto documents no revocation endpoint: a sign-out only deletes the stored tokens. Users revoke access
/// in Apptoto, under "Authorized Applications". The following endpoint is a guess that was not tested:
/// `profile.revocation = Revocation::Form("https://api.apptoto.com/oauth/revoke".to_owned())`.
///
/// The documentation does not say whether Apptoto issues refresh tokens. Without a refresh token, users sign
/// in again when their access token expires.
///
/// Until Apptoto publishes an application, only the user who registered the application can sign in.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use connect_blocking::{Client, SignIn};
/// use connect_apptoto::{BASE_URL, Scope};
///
/// let client = Client::builder("id", "secret")
///     .profile(connect_apptoto::profile())
///     .base_url(BASE_URL)
///     .build()?;
/// let scopes = [Scope::EventsRead, Scope::ContactsRead];
/// let sign_in = client.auth().sign_in(SignIn::new("user-123").scopes(scopes))?;
/// # Ok(()) }
/// ```
pub fn profile() -> Profile {
    profile_at("https://www.apptoto.com", BASE_URL)
}

/// Returns the [`profile`] with these URLs instead of `https://www.apptoto.com` and [`BASE_URL`].
///
/// The URLs of a sandbox end in `/apptoto/www` and `/apptoto/api`.
pub fn profile_at(www: &str, api: &str) -> Profile {
    // Apptoto documents no issuer. `www` identifies Apptoto in the token store.
    let mut profile = Profile::new(www, format!("{www}/oauth/authorize"), format!("{api}/oauth/token"));
    profile.client_auth = ClientAuth::Body;
    profile
}
