//! A changed event of a webhook delivery.

use serde::ser::SerializeMap;

use crate::wire::{Fields, JsonText, Slot, fields, read_into};
use crate::{ChangeType, Event};

/// A changed event of a webhook delivery, with the kind of change.
///
/// Only the event's id is always present. A deleted event may have no times.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct EventChange {
    /// The kind of change. Absent in the undocumented form of a delivery.
    pub change_type: Option<ChangeType>,
    /// The event, with any unknown fields.
    pub event: Event,
}

impl Fields for EventChange {
    fn take_field(&mut self, name: &str, json: JsonText<'_>) {
        match name {
            "changeType" => read_into(&mut self.change_type, name, json, &mut self.event.extra),
            _ => self.event.take_field(name, json),
        }
    }

    fn finish(&mut self) -> Result<(), &'static str> {
        self.event.finish()
    }

    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        Slot::emit(&self.change_type, "changeType", map)?;
        self.event.emit(map)
    }
}

fields!(EventChange);
