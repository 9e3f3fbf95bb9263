//! Generated from `schema/connect.openapi.json` by `cargo xtask codegen`.

pub(crate) mod answers;
pub(crate) mod enums;
pub(crate) mod requests;
