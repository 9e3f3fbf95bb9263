#![doc = include_str!("../README.md")]
//!
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
//! * A call is a value, for the `send` of a signed-in user or, under an [`ApiKey`], for the `send` of a client. The client
//!   needs [`BASE_URL`].
//! * A token whose scopes do not cover a call gets a 403 `insufficient_scope`: an error of the kind
//!   [`Permission`](connect_core::ErrorKind::Permission) that names the scope. Apptoto tells the scope of `GET /v1/event` and
//!   `POST /v1/import`; that of the other calls follows from what it says a scope allows. API keys have no scopes.
//! * Every field of an answer may be missing. One that is not of its type is missing as well; the whole object is kept as it
//!   came in `raw`.
//! * What Apptoto's documentation leaves open is not guessed: `.parameter(..)` and `.field(..)` set what has no method here,
//!   an answer of unknown form is JSON as it came ([`Anything`]), and [`RawCall`] is a call that has no type here.
//!
//! # Calls that reach people
//!
//! [`CreateEvents`], [`CreateContacts`], [`BookNow`], [`SendMessage`] and [`StartImport`] may send messages to people or cost
//! credit. They are sent once, whatever becomes of it: nothing that fails is followed by another try, and the error says whether
//! the call [`may_have_happened`](connect_core::Error::may_have_happened). Only a 401, which says that nothing was done, is
//! followed by the same call with a new token.
//!
//! An event that must be there after a failure, and once, is better written with [`UpsertEvents`] and an external id.

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

/// Apptoto's API.
pub const BASE_URL: &str = "https://api.apptoto.com";

/// Signing in with Apptoto (its API page "OAuth 2.0 Authentication").
///
/// Codes are bound to who asked for them (PKCE, RFC 7636), as Apptoto wants it of applications that are not server-side. Of
/// those that are, it says nothing about it; should one be refused, set `profile.pkce = Pkce::Absent`.
///
/// No revocation endpoint is documented: a sign-out deletes what is kept here, and the user ends the access under "Authorized
/// Applications". An unverified guess, for who wants to try it, is
/// `profile.revocation = Revocation::Form("https://api.apptoto.com/oauth/revoke".to_owned())`.
///
/// Nor is it documented whether refresh tokens are handed out. Without one, users sign in again when their access token
/// stops working.
///
/// Until Apptoto publishes an application, only the user who registered it can sign in; others are denied.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use connect_blocking::{Client, SignIn};
/// use connect_apptoto::{BASE_URL, Scope};
///
/// let client = Client::builder("id", "secret", "https://app.example/callback")
///     .profile(connect_apptoto::profile())
///     .base_url(BASE_URL)
///     .build()?;
/// let sign_in = client.auth().sign_in(SignIn::new("user-123").scopes([Scope::EventsRead, Scope::ContactsRead]))?;
/// # Ok(()) }
/// ```
pub fn profile() -> Profile {
    profile_at("https://www.apptoto.com", BASE_URL)
}

/// As [`profile`], with other URLs in place of `https://www.apptoto.com` and [`BASE_URL`]: the `/apptoto/www` and
/// `/apptoto/api` of a sandbox.
pub fn profile_at(www: &str, api: &str) -> Profile {
    // No issuer is documented: this one is what tokens are kept under.
    let mut profile = Profile::new(www, format!("{www}/oauth/authorize"), format!("{api}/oauth/token"));
    profile.client_auth = ClientAuth::Body;
    profile
}
