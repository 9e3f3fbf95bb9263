//! The response to a create or an update.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::answers::decode_typed;
use crate::typed::{self, Source};
use crate::wire::{Fields, JsonText, Slot, fields, read_into, take_fields};
use crate::{CalendarRef, Event, ResponseBody};

/// The response to a create or an update of an event.
///
/// The event's fields are at the root next to `success` (documented since 2025-12-12), or under `event`
/// (documented until then). Both forms are read. A `Written` is serialized in the first form, unless an extra
/// field of the event makes that form ambiguous.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Written {
    /// False if the write failed despite a success status.
    pub success: Option<bool>,
    /// The reason for the failure.
    pub message: Option<String>,
    /// The event after the write.
    pub event: Event,
}

impl Written {
    /// Returns the event, with the provider and calendar of `target` if the response lacks them.
    ///
    /// An event that lacks the provider or the calendar id cannot be changed. The responses in the
    /// documentation's examples lack both the provider and the calendar id.
    #[must_use]
    pub fn into_event(self, target: CalendarRef) -> Event {
        let mut event = self.event;
        event.provider = event.provider.or(Some(target.provider));
        event.calendar_id = event.calendar_id.or(Some(target.id));
        event
    }
}

impl ResponseBody for Written {
    fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        decode_typed(body)
    }

    fn refused(&self) -> Option<Cow<'_, str>> {
        (self.success == Some(false)).then(|| self.message.as_deref().unwrap_or_default().into())
    }
}

impl Fields for Written {
    fn take_field(&mut self, name: &str, json: JsonText<'_>) {
        match name {
            "success" => read_into(&mut self.success, name, json, &mut self.event.extra),
            "message" => read_into(&mut self.message, name, json, &mut self.event.extra),
            "event" if json.text() == "null" => {}
            "event"
                if json.text().starts_with('{') && take_fields(&mut self.event, json.text()).is_some() => {}
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
            "success" => self.success.fill_typed(source, map),
            "message" => self.message.fill_typed(source, map),
            "event" => typed::merge(&mut self.event, source, map),
            _ => self.event.read_field(name, source, map),
        }
    }

    fn finish(&mut self) -> Result<(), &'static str> {
        self.event.finish()
    }

    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        Slot::emit(&self.success, "success", map)?;
        Slot::emit(&self.message, "message", map)?;
        // At the root, extra fields of the event with these names would be read as fields of the response.
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
    fn event_without_calendar_gets_the_one_it_was_written_to() {
        let written: Written = serde_json::from_str(r#"{"id":"e","provider":"apple"}"#).unwrap();
        let event = written.into_event(CalendarRef::new("google", "work"));
        assert_eq!(event.calendar_id.as_deref(), Some("work"));
        assert_eq!(event.provider, Some(crate::Provider::Apple));
        assert!(event.change().is_ok());
    }
}
