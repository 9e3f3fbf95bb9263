//! The simulated Apptoto: its authorization server and its API.

pub(crate) mod api;
pub(crate) mod oauth;
