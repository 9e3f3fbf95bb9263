#![doc = include_str!("../README.md")]

pub mod apptoto;
pub mod google;
pub mod loopback;
pub mod microsoft;
pub mod token_endpoint;
