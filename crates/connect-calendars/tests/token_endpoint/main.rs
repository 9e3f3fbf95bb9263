//! Tests of the token endpoint for web pages, with the async and the blocking client. The authorization
//! server is the sandbox's Google server, a misbehaving server, or a server that sends scripted responses.
//!
//! The sample servers in the documentation of the calendar integration (Node.js, ASP.NET, PHP) have flaws.
//! For each flaw, a test shows what this endpoint does instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "all of this is test code"
)]

mod common;
mod errors;
mod flaws_of_all_samples;
mod flaws_of_the_aspnet_sample;
mod flaws_of_the_node_sample;
mod flaws_of_the_php_sample;
mod life;
mod properties;
mod secrets;
