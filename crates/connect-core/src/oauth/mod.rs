//! OAuth 2.0 (RFC 6749) beyond one server: how an authorization server is spoken to.

mod client_auth;
mod grant;
mod metadata;
mod pkce;
mod profile;
mod scope;

pub use client_auth::ClientAuth;
pub(crate) use client_auth::basic;
pub use grant::{Code, Grant, POSTMESSAGE};
pub use metadata::GetMetadata;
pub(crate) use pkce::Verifier;
pub use profile::{IssuerParameter, Pkce, Profile, Relay, Revocation, Rotation};
pub(crate) use scope::check as check_scope;
