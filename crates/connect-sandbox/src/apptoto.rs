//! Apptoto.

pub(crate) mod api;
