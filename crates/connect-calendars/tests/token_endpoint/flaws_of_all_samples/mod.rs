//! What is wrong with all three sample servers.

mod access;
mod replies;
mod requests;
