//! OAuth 2.0 (RFC 6749) beyond one server: how an authorization server is spoken to.
//!
//! ```text
//!   Profile ──> Config ──> App ──> SignIn ──> PendingSignIn ──> finish ──┐
//!     ^                            AuthorizationCode (a popup) ─ exchange ┼──> Session: tokens that are kept
//!     └── metadata of the server                                          │
//!                                  Grant ──> request, read ───────────────┴──> tokens that are handed out
//! ```
//!
//! Of a server's ways only those are believed that its [`Profile`] says. A public client (RFC 6749 2.1) has no secret to
//! send, and a server that may not look at the challenge (RFC 7636) is none for it.

mod client_auth;
pub mod google;
mod metadata;
pub mod microsoft;
mod pkce;
mod profile;
mod scope;

/// The redirect URI of codes that Google's popup hands to the page.
pub const POSTMESSAGE: &str = "postmessage";

pub use client_auth::ClientAuth;
pub(crate) use client_auth::basic;
pub use metadata::GetMetadata;
pub(crate) use pkce::Verifier;
pub use profile::{IssuerParameter, Pkce, Profile, Relay, Revocation, Rotation};
pub(crate) use scope::check as check_scope;
