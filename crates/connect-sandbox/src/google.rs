//! Google.

pub(crate) mod calendar;
pub(crate) mod oauth;
