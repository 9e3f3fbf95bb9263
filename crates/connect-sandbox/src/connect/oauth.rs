//! Sign-in: authorize, the provider pages, the token and revocation endpoints, and access token checks.

mod access;
mod authorize;
mod consent;
mod grants;
mod rotation;
mod token;

pub(crate) use access::Scope;
pub(crate) use authorize::with_query;
pub(crate) use grants::Grants;
pub(crate) use token::grant_type;
