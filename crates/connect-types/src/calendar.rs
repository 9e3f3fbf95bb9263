//! References to calendars in requests.

use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::operation::Invalid;
use crate::send::{Param, check_not_empty};
use crate::{Calendar, Event, Provider};

/// A reference to a calendar: its provider and its id.
///
/// Created from a [`Calendar`], an [`Event`], or a pair such as `(Provider::Google, "primary")`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CalendarRef {
    /// The provider of the calendar.
    pub provider: Provider,
    /// The provider's id of the calendar, as returned by `GET /calendars`.
    pub id: String,
}

impl CalendarRef {
    /// Creates a reference to a calendar.
    pub fn new(provider: impl Into<Provider>, id: impl Into<String>) -> Self {
        Self { provider: provider.into(), id: id.into() }
    }
}

/// Creates a reference to a calendar.
///
/// If the calendar has no provider, a request with the reference fails before the request is sent.
impl From<&Calendar> for CalendarRef {
    fn from(calendar: &Calendar) -> Self {
        Self::new(provider(calendar.provider.as_ref()), &calendar.id)
    }
}

/// Creates a reference to the calendar of an event.
///
/// If the event has no provider or no calendar id, a request with the reference fails before the request is
/// sent.
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

/// Calendar ids by provider, in the order in which they were added.
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
            check_not_empty("calendarIds", provider.as_str())?;
            ids.iter().try_for_each(|id| check_not_empty("calendarIds", id))
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

/// Writes the selection as JSON. If the selection is empty, the query parameter is not sent.
impl Param for CalendarSelection {
    fn param(&self) -> Option<String> {
        if self.0.is_empty() { None } else { serde_json::to_string(self).ok() }
    }
}
