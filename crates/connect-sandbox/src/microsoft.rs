//! The simulated Microsoft: its authorization server and the calendars of Microsoft Graph.

pub(crate) mod graph;
pub(crate) mod oauth;
pub(crate) mod openid;
