//! Which calendars a request is about.

use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::operation::Invalid;
use crate::send::{Param, required};
use crate::{Calendar, Event, Provider};

/// A calendar of a provider: what a request needs to know of it.
///
/// Built from a [`Calendar`], an [`Event`], or a pair: `(Provider::Google, "primary")`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CalendarRef {
    /// The service that holds the calendar.
    pub provider: Provider,
    /// The provider's id of the calendar, as `GET /calendars` returns it.
    pub id: String,
}

impl CalendarRef {
    /// A calendar by its ids.
    pub fn new(provider: impl Into<Provider>, id: impl Into<String>) -> Self {
        Self { provider: provider.into(), id: id.into() }
    }
}

/// A calendar without a provider is refused when the request is sent.
impl From<&Calendar> for CalendarRef {
    fn from(calendar: &Calendar) -> Self {
        Self::new(provider(calendar.provider.as_ref()), &calendar.id)
    }
}

/// The event's calendar; one that is not known is refused when the request is sent.
impl From<&Event> for CalendarRef {
    fn from(event: &Event) -> Self {
        Self::new(provider(event.provider.as_ref()), event.calendar_id.as_deref().unwrap_or_default())
    }
}

impl From<&Self> for CalendarRef {
    fn from(calendar: &Self) -> Self {
        calendar.clone()
    }
}

impl<P: Into<Provider>, I: Into<String>> From<(P, I)> for CalendarRef {
    fn from((provider, id): (P, I)) -> Self {
        Self::new(provider, id)
    }
}

fn provider(known: Option<&Provider>) -> Provider {
    known.cloned().unwrap_or_else(|| Provider::from(""))
}

/// Calendar ids by provider, in the order they were first named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CalendarSelection(Vec<(Provider, Vec<String>)>);

impl CalendarSelection {
    pub(crate) fn add(&mut self, calendar: CalendarRef) {
        match self.0.iter_mut().find(|(provider, _)| *provider == calendar.provider) {
            Some((_, ids)) if ids.contains(&calendar.id) => {}
            Some((_, ids)) => ids.push(calendar.id),
            None => self.0.push((calendar.provider, [calendar.id].into())),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.0.iter().try_for_each(|(provider, ids)| {
            required("calendarIds", provider.as_str())?;
            ids.iter().try_for_each(|id| required("calendarIds", id))
        })
    }
}

impl Serialize for CalendarSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (provider, ids) in &self.0 {
            map.serialize_entry(provider, ids)?;
        }
        map.end()
    }
}

/// The JSON text; nothing when no calendar is named.
impl Param for CalendarSelection {
    fn param(&self) -> Option<String> {
        if self.0.is_empty() { None } else { serde_json::to_string(self).ok() }
    }
}
