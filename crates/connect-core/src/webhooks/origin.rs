//! Marks the events that an application writes, so that the application recognizes them in deliveries.

use connect_types::{Event, Raw};

use crate::base::Error;

/// A mark in the `custom` fields of events that the application writes.
///
/// The service does not deliver a write of the application if the provider reports the write within about
/// 30 s. But a restart makes the service forget the application's writes, and the service polls some
/// calendars less often than every 30 s. Therefore an application that writes events in response to
/// deliveries should mark these events, and ignore deliveries of marked events.
///
/// The mark has two limits. Some deliveries contain little more than ids, and no `custom` field. And the mark
/// stays when a person edits the event: compare the fields that matter before you ignore a delivery.
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
    /// Creates the mark of the application `name`, in the field `origin`.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self { field: "origin".into(), name: name.into() }
    }

    /// Sets the name of the field that contains the mark. The field is part of `custom`.
    #[must_use]
    pub fn field(mut self, field: impl Into<Box<str>>) -> Self {
        self.field = field.into();
        self
    }

    /// Returns a JSON object that contains the fields of `custom`, and the mark as a further field.
    ///
    /// # Errors
    /// If `custom` is not a JSON object.
    pub fn mark(&self, custom: Option<&Raw>) -> Result<Raw, Error> {
        Raw::with_field(custom, &self.field, &*self.name)
            .map_err(|error| Error::validation("`custom` is not a JSON object").with_source(error))
    }

    /// Returns whether the event has this mark.
    pub fn is_of(&self, event: &Event) -> bool {
        let name = event.custom.as_ref().and_then(|custom| custom.field::<String>(&self.field));
        name.is_some_and(|name| *name == *self.name)
    }
}
