//! A changed event of a webhook delivery.

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::typed::Source;
use crate::wire::{Fields, JsonText, Slot, fields, read_into};
use crate::{ChangeType, Event};

/// A changed event of a webhook delivery, with the kind of change.
///
/// The service sends an id for every changed event, and may send a deleted event without times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct EventChange {
    /// The kind of change. `None` in the undocumented form of a delivery, which contains `eventType` instead.
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

    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        source: Source<'de>,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match name {
            "changeType" => self.change_type.fill_typed(source, map),
            _ => self.event.read_field(name, source, map),
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
