//! Deliveries come out of order: which of two states of an event is the newer one.

use connect_types::Event;

/// How an event in a delivery compares with the one the application holds.
///
/// It is judged by `lastModified`, the provider's clock. Where that does not tell, read the event from the API, which
/// always has the present state. Its limits:
///
/// * two changes within one tick of the provider's clock (a millisecond at best, a second with some) are `Same`;
/// * a deleted event may have no `lastModified`, and neither has every event of every provider: `Unknown`.
///
/// ```
/// use connect_core::{types::Event, webhooks::Order};
///
/// let event = |text: &str| connect_core::types::decode::<Event>(text.as_bytes());
/// let held = event(r#"{"id": "e1", "lastModified": "2026-11-21T10:00:00.000Z"}"#)?;
/// let late = event(r#"{"id": "e1", "lastModified": "2026-11-21T09:59:59.000Z"}"#)?;
/// assert_eq!(Order::of(&late, &held), Order::Older);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// It is newer than what is held: take it.
    Newer,
    /// Both were modified at the same time.
    Same,
    /// It is older than what is held: leave it.
    Older,
    /// One of them does not say when it was modified.
    Unknown,
}

impl Order {
    /// Compares the event that came with the one that is held.
    pub fn of(came: &Event, held: &Event) -> Self {
        match (came.last_modified, held.last_modified) {
            (Some(came), Some(held)) if came > held => Self::Newer,
            (Some(came), Some(held)) if came < held => Self::Older,
            (Some(_), Some(_)) => Self::Same,
            _ => Self::Unknown,
        }
    }
}
