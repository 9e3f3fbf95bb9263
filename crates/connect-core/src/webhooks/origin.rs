//! A mark on the events an application writes, so that it knows them when they come back.

use connect_types::{Event, Raw};

use crate::base::Error;

/// A mark in the `custom` fields of events that this application writes.
///
/// The service holds back the echo of a write for some 30 s, but only in memory, and calendars that are polled are
/// looked at later than that. An application that writes in answer to what it receives leaves a mark, and does not
/// answer to events that carry it. Its limits: the shape of a delivery that carries little more than ids has no
/// `custom`; and a change that a person makes to a marked event carries the mark as well, so compare what matters
/// before leaving it aside.
///
/// ```
/// use connect_core::webhooks::Origin;
/// use connect_core::types::{Event, decode};
///
/// let origin = Origin::new("planner");
/// let custom = origin.mark(None)?; // NewEvent::new(..).custom(custom)
/// assert_eq!(custom.get(), r#"{"origin":"planner"}"#);
///
/// let back: Event = decode(br#"{"id": "e1", "custom": {"room": 5, "origin": "planner"}}"#).unwrap();
/// assert!(origin.is_of(&back));
/// # Ok::<(), connect_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    field: Box<str>,
    name: Box<str>,
}

impl Origin {
    /// The mark of the application with this name, in the field `origin`.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self { field: "origin".into(), name: name.into() }
    }

    /// Uses another field of `custom`.
    #[must_use]
    pub fn field(mut self, field: impl Into<Box<str>>) -> Self {
        self.field = field.into();
        self
    }

    /// `custom` with the mark: these fields and it, or it alone.
    ///
    /// # Errors
    /// When `custom` is not a JSON object.
    pub fn mark(&self, custom: Option<&Raw>) -> Result<Raw, Error> {
        Raw::with_field(custom, &self.field, &*self.name)
            .map_err(|error| Error::validation("`custom` has to be a JSON object").with_source(error))
    }

    /// Whether the event carries the mark.
    pub fn is_of(&self, event: &Event) -> bool {
        let name = event.custom.as_ref().and_then(|custom| custom.field::<String>(&self.field));
        name.is_some_and(|name| *name == *self.name)
    }
}
