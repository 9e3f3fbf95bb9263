//! Microsoft.

pub(crate) mod graph;
pub(crate) mod oauth;
