//! Flaws that all three sample servers have.

mod access;
mod replies;
mod requests;
