//! The answer to a create or an update.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::ser::SerializeMap;

use crate::wire::{Fields, Piece, Slot, absorb_object, fields, put};
use crate::{Answer, CalendarRef, Event};

/// A written event: beside `success` at the root (documented since 2025-12-12), or under `event`
/// (before). Both shapes read as the same; it is written in the first where that is
/// unambiguous.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Written {
    /// False when the write failed, though the status was a success.
    pub success: Option<bool>,
    /// Why it failed.
    pub message: Option<String>,
    /// The event as it is now.
    pub event: Event,
}

impl Written {
    /// The event, in the calendar it was written to where the answer does not say: the documentation's own
    /// examples name none, and without it the event could not be changed.
    #[must_use]
    pub fn into_event(self, target: CalendarRef) -> Event {
        let mut event = self.event;
        event.provider = event.provider.or(Some(target.provider));
        event.calendar_id = event.calendar_id.or(Some(target.id));
        event
    }
}

impl Answer for Written {
    fn refused(&self) -> Option<Cow<'_, str>> {
        (self.success == Some(false)).then(|| self.message.as_deref().unwrap_or_default().into())
    }
}

impl Fields for Written {
    fn absorb(&mut self, name: &str, piece: Piece<'_>) {
        match name {
            "success" => put(&mut self.success, name, piece, &mut self.event.extra),
            "message" => put(&mut self.message, name, piece, &mut self.event.extra),
            "event" if piece.text() == "null" => {}
            "event"
                if piece.text().starts_with('{')
                    && absorb_object(&mut self.event, piece.text()).is_some() => {}
            _ => self.event.absorb(name, piece),
        }
    }

    fn settle(&mut self) -> Result<(), &'static str> {
        self.event.settle()
    }

    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        Slot::emit(&self.success, "success", map)?;
        Slot::emit(&self.message, "message", map)?;
        // What the event itself has under these names would be taken for the answer's at the root.
        if ["success", "message", "event"].iter().any(|name| self.event.extra.get(name).is_some()) {
            return map.serialize_entry("event", &self.event);
        }
        self.event.emit(map)
    }
}

fields!(Written);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_event_is_in_the_calendar_it_was_written_to() {
        let written: Written = serde_json::from_str(r#"{"id":"e","provider":"apple"}"#).unwrap();
        let event = written.into_event(CalendarRef::new("google", "work"));
        assert_eq!(event.calendar_id.as_deref(), Some("work"));
        assert_eq!(event.provider, Some(crate::Provider::Apple));
        assert!(event.change().is_ok());
    }
}
