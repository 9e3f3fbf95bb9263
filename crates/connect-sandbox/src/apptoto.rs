//! Apptoto.

pub(crate) mod api;
pub(crate) mod oauth;
