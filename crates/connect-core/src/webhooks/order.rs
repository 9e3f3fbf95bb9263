//! Compares two states of an event, because deliveries may arrive out of order.

use connect_types::Event;

/// The age of a delivered event, compared with the event that the application has stored.
///
/// The events are compared by `lastModified`, a time of the provider's clock. In two cases, `lastModified`
/// does not show which event is newer. In these cases, read the event from the API, which returns its current
/// state:
///
/// * `Same`: both changes may have happened within one tick of the provider's clock. A tick is 1 ms or
///   longer, with some providers 1 s.
/// * `Unknown`: at least one of the two events has no `lastModified`. Some providers omit `lastModified` from
///   all events, others only from deleted events.
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
    /// Both events have the same `lastModified`.
    Same,
    /// The delivered event is older: ignore it.
    Older,
    /// At least one of the two events has no `lastModified`.
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
