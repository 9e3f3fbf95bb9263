//! Webhooks: which calendars an application hears of, and what it hears.
//!
//! ```text
//! POST /event ──┐ echo, 30 s                ┌─ again after a back-off ─┐
//!               ▼                           ▼                          │
//!            notice ──▶ delivery ──▶ attempt, signed ──▶ 2xx, 401, or anything else
//!               ▲ 1 s, or the next poll
//! trigger ──────┘
//! ```
//!
//! - [`subscribe`] and [`subscriptions`]: the calendars; [`keys`]: the pairs that sign, and the document that lists them.
//! - [`notices`]: changes until the provider tells of them; [`body`]: what a delivery says.
//! - [`outbox`]: deliveries and their attempts; [`trigger`]: changes by the provider's user, and sending again.

mod body;
mod delivery;
mod keys;
mod notices;
mod outbox;
mod subscribe;
mod subscriptions;
mod trigger;

pub use delivery::{Attempt, AttemptOutcome, AttemptToken, Delivery, DeliveryState, Tried};
pub(crate) use keys::Keys;
pub use keys::WebhookKey;
pub(crate) use outbox::Outbox;
pub use outbox::ResendError;
pub use subscriptions::Subscription;
pub(crate) use subscriptions::Subscriptions;
pub use trigger::{Trigger, TriggerError, Triggered};
