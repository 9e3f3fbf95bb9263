//! Compares two states of an event, since deliveries may arrive out of order.

use connect_types::Event;

/// How an event in a delivery compares with the copy that the application has stored.
///
/// The events are compared by `lastModified`, a time of the provider's clock. In two cases, `lastModified`
/// does not show which event is newer. Read the event from the API then, which always returns the current
/// state:
///
/// * `Same`: the two changes may have happened within one tick of the provider's clock, which is 1 ms or
///   longer, and 1 s with some providers;
/// * `Unknown`: an event has no `lastModified`. Some providers omit it from all events, others from deleted
///   events.
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
    /// The delivered event is newer: store it.
    Newer,
    /// Both events were modified at the same time.
    Same,
    /// The delivered event is older: ignore it.
    Older,
    /// One of the events has no `lastModified`.
    Unknown,
}

impl Order {
    /// Compares the delivered event with the stored event.
    pub fn of(came: &Event, held: &Event) -> Self {
        match (came.last_modified, held.last_modified) {
            (Some(came), Some(held)) if came > held => Self::Newer,
            (Some(came), Some(held)) if came < held => Self::Older,
            (Some(_), Some(_)) => Self::Same,
            _ => Self::Unknown,
        }
    }
}
