//! The Rust snippets of the guide, as doc tests. The guide is in `docs/guide`.

#[doc = include_str!("../../guide/index.md")]
pub mod index {}
#[doc = include_str!("../../guide/start-server.md")]
pub mod start_server {}
#[doc = include_str!("../../guide/start-script.md")]
pub mod start_script {}
#[doc = include_str!("../../guide/start-program.md")]
pub mod start_program {}
#[doc = include_str!("../../guide/sign-in.md")]
pub mod sign_in {}
#[doc = include_str!("../../guide/tokens.md")]
pub mod tokens {}
#[doc = include_str!("../../guide/events.md")]
pub mod events {}
#[doc = include_str!("../../guide/webhooks.md")]
pub mod webhooks {}
#[doc = include_str!("../../guide/errors.md")]
pub mod errors {}
#[doc = include_str!("../../guide/direct.md")]
pub mod direct {}
#[doc = include_str!("../../guide/sync.md")]
pub mod sync {}
#[doc = include_str!("../../guide/testing.md")]
pub mod testing {}
#[doc = include_str!("../../guide/going-live.md")]
pub mod going_live {}
#[doc = include_str!("../../guide/from-python.md")]
pub mod from_python {}
#[doc = include_str!("../../guide/from-node.md")]
pub mod from_node {}
#[doc = include_str!("../../guide/runtimes.md")]
pub mod runtimes {}
#[doc = include_str!("../../guide/core.md")]
pub mod core {}
#[doc = include_str!("../../guide/security.md")]
pub mod security {}
