//! OAuth 2.0 (RFC 6749): the profiles of authorization servers.
//!
//! ```text
//!   Profile ──> Config ──> App ──> SignIn ──> PendingSignIn ──> finish ──┐
//!     ^                            AuthorizationCode (a popup) ─ exchange ┼──> Session: stored tokens
//!     └── metadata of the server                                          │
//!                                  Grant ──> request, read ───────────────┴──> tokens for the caller
//! ```
//!
//! The client relies only on what the [`Profile`] states about the server. A public client (RFC 6749 section
//! 2.1) has no secret, so its server must check the PKCE challenge (RFC 7636): [`Pkce::Used`].

mod client_auth;
pub mod google;
mod metadata;
pub mod microsoft;
mod pkce;
mod profile;
mod scope;

/// The redirect URI for authorization codes from Google's sign-in popup.
pub const POSTMESSAGE: &str = "postmessage";

pub use client_auth::ClientAuth;
pub(crate) use client_auth::basic;
pub use metadata::GetMetadata;
pub(crate) use pkce::Verifier;
pub use profile::{IssuerParameter, Pkce, Profile, Relay, Revocation, Rotation};
pub(crate) use scope::check as check_scope;
