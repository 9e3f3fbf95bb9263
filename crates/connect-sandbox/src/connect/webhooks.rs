//! Webhooks: subscriptions of calendars, and the signed deliveries of their changes.
//!
//! ```text
//! POST /event ──┐ echo, 30 s                ┌─ retry after a back-off ─┐
//!               ▼                           ▼                          │
//!        notification ──▶ delivery ──▶ attempt, signed ──▶ 2xx, 401, or another result
//!               ▲ 1 s, or the next poll
//! trigger ──────┘
//! ```
//!
//! - [`subscribe`] and [`subscriptions`]: the subscribed calendars.
//! - [`keys`]: the signing keys and the endpoint that publishes them.
//! - [`notifications`]: changes that the provider has not reported yet.
//! - [`body`]: the body of a delivery.
//! - [`outbox`]: deliveries, attempts, retries and resends.
//! - [`trigger`]: simulated changes by a user of the provider.

mod body;
mod delivery;
mod keys;
mod notifications;
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
