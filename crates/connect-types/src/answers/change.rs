//! A changed event of a webhook delivery.

use serde::ser::SerializeMap;

use crate::wire::{Fields, Piece, Slot, fields, put};
use crate::{ChangeType, Event};

/// A changed event: the event, and what happened to it.
///
/// Only the event's id is certain to be there; a deleted one may have no times.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct EventChange {
    /// What happened; absent in one of the known shapes.
    pub change_type: Option<ChangeType>,
    /// The event, with its unknown fields.
    pub event: Event,
}

impl Fields for EventChange {
    fn absorb(&mut self, name: &str, piece: Piece<'_>) {
        match name {
            "changeType" => put(&mut self.change_type, name, piece, &mut self.event.extra),
            _ => self.event.absorb(name, piece),
        }
    }

    fn settle(&mut self) -> Result<(), &'static str> {
        self.event.settle()
    }

    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        Slot::emit(&self.change_type, "changeType", map)?;
        self.event.emit(map)
    }
}

fields!(EventChange);
