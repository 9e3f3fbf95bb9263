//! The program `connect`.
fn main() {}
