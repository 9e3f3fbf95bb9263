//! Microsoft.

pub(crate) mod graph;
