#![doc = include_str!("../README.md")]

pub mod apptoto;
pub mod backend;
pub mod busy;
pub mod eventcalendar;
pub mod google;
pub mod integration;
pub mod loopback;
pub mod microsoft;
pub mod mirror;
pub mod outlook;
pub mod sync;
pub mod token_endpoint;
mod zones;
