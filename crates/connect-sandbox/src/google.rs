//! The simulated Google: its authorization server and Google Calendar.

pub(crate) mod calendar;
pub(crate) mod oauth;
mod openid;
