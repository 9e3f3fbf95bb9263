//! The names and colours of calendars in a list of events.

use std::collections::HashMap;

use anstyle::Style;
use connect_hyper::types::{Calendar, CalendarRef, Event, Provider};

use crate::{
    color,
    text::{clean, width},
};

/// The labels of calendars. An event of an unknown calendar is labelled with the calendar's id.
#[derive(Default)]
pub(super) struct CalendarNames(HashMap<CalendarRef, Label>);

/// The name of a calendar, and the style with its colour.
#[derive(Clone, Default)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) style: Option<Style>,
}

/// The assumed width of the names of unknown calendars.
const UNKNOWN_WIDTH: usize = 16;

impl CalendarNames {
    /// Calendars of different providers with the same title are labelled with the provider too.
    pub(super) fn of(calendars: &[Calendar]) -> Self {
        let label = |calendar: &Calendar| {
            let is_same =
                |other: &&Calendar| other.title == calendar.title && other.provider != calendar.provider;
            let text = match (&calendar.provider, calendars.iter().find(is_same)) {
                (Some(provider), Some(_)) => format!("{} ({provider})", calendar.title),
                _ => calendar.title.clone(),
            };
            Label { text: clean(&text), style: calendar.color.as_deref().and_then(color::foreground) }
        };
        Self(calendars.iter().map(|calendar| (CalendarRef::from(calendar), label(calendar))).collect())
    }

    pub(super) fn label(&self, event: &Event) -> Label {
        self.0.get(&CalendarRef::from(event)).cloned().unwrap_or_else(|| {
            let provider = || event.provider.as_ref().map_or("", Provider::as_str);
            Label { text: clean(event.calendar_id.as_deref().unwrap_or_else(provider)), style: None }
        })
    }

    /// Returns the width of the longest name.
    pub(super) fn width(&self) -> usize {
        self.0.values().map(|label| width(&label.text)).max().unwrap_or(UNKNOWN_WIDTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(provider: &'static str, id: &str, title: &str) -> Calendar {
        let mut calendar = Calendar::new(provider, id);
        calendar.title = title.to_owned();
        calendar
    }

    #[test]
    fn same_title_at_two_providers_is_told_apart() {
        let names = CalendarNames::of(&[
            calendar("google", "a", "Work"),
            calendar("apple", "b", "Work"),
            calendar("apple", "c", "Home\u{1b}"),
        ]);
        let label = |provider: &'static str, id| names.label(&Event::new(provider, id, "e")).text;
        assert_eq!(label("google", "a"), "Work (google)");
        assert_eq!(label("apple", "b"), "Work (apple)");
        assert_eq!(label("apple", "c"), "Home\u{fffd}");
        assert_eq!(label("apple", "a"), "a");
    }
}
