//! Google.

pub(crate) mod calendar;
