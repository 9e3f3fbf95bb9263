//! Lists of events whose date range is split into windows.

use std::collections::HashMap;

use connect_types::{Event, EventTime, ListEvents, Provider};
use jiff::{SignedDuration, Timestamp};

/// The windows of a date range, and the events near their edges.
///
/// An event that overlaps several windows is in the list of each. [`Self::remove_repeated`] keeps the first.
///
/// ```
/// use connect_core::{EventWindows, types::ListEvents};
///
/// let mut windows = EventWindows::new(&ListEvents::between("2027-01-01", "2028-01-01"), 4);
/// assert_eq!(windows.requests().len(), 4);
/// # let mut events = Vec::new(); // from a page of the list `windows.requests()[0]`
/// windows.remove_repeated(0, &mut events);
/// ```
#[derive(Debug)]
pub struct EventWindows {
    requests: Vec<ListEvents>,
    /// The windows in which the events near an edge were first listed.
    first_window: HashMap<EventKey, usize>,
}

/// What identifies an event.
///
/// Includes the start, because a provider may give all occurrences the id of their series.
type EventKey = (Option<Provider>, Option<String>, String, Option<EventTime>);

fn key(event: &Event) -> EventKey {
    (event.provider.clone(), event.calendar_id.clone(), event.id.clone(), event.start.clone())
}

/// An event that ends longer before an edge than this is not in the window behind the edge. Dates and local
/// times are at most 14 hours from UTC, and a window starts a second before the edge.
const EDGE_MARGIN: SignedDuration = SignedDuration::from_hours(24);

impl EventWindows {
    /// Splits the date range of `request` into `count` windows, at most 16: see [`ListEvents::windows`].
    #[must_use]
    pub fn new(request: &ListEvents, count: u8) -> Self {
        Self { requests: request.windows(count.min(16)), first_window: HashMap::new() }
    }

    /// Returns the request for each window, in order.
    pub fn requests(&self) -> &[ListEvents] {
        &self.requests
    }

    /// Removes the events that an earlier window has listed.
    ///
    /// Call this for each page, and for all pages of a window before the pages of the next window. `window`
    /// is the index of the window in [`Self::requests`].
    pub fn remove_repeated(&mut self, window: usize, events: &mut Vec<Event>) {
        if window > 0 {
            events.retain(|event| self.first_window.get(&key(event)).is_none_or(|first| *first == window));
        }
        let next = self.requests.get(window + 1).and_then(|request| request.range().ok()?);
        let Some((edge, _)) = next else { return };
        for event in events.iter().filter(|event| may_reach(event, edge)) {
            self.first_window.entry(key(event)).or_insert(window);
        }
    }
}

/// Whether the event may overlap the window that starts at `edge`.
fn may_reach(event: &Event, edge: Timestamp) -> bool {
    let utc = jiff::tz::Offset::UTC;
    let end = match &event.end {
        Some(EventTime::Instant(end)) => Some(*end),
        Some(EventTime::Local(end)) => utc.to_timestamp(*end).ok(),
        Some(EventTime::Date(end)) => utc.to_timestamp(end.at(0, 0, 0, 0)).ok(),
        _ => None,
    };
    end.is_none_or(|end| end.duration_since(edge) > -EDGE_MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows() -> EventWindows {
        EventWindows::new(&ListEvents::between("2027-01-01", "2027-01-31"), 3)
    }

    fn event(id: &str, start: &str, end: Option<&str>) -> Event {
        let mut event = Event::default();
        event.id = id.to_owned();
        event.start = Some(start.into());
        event.end = end.map(Into::into);
        event
    }

    /// Returns the ids of the events that remain.
    fn listed(windows: &mut EventWindows, window: usize, mut events: Vec<Event>) -> Vec<String> {
        windows.remove_repeated(window, &mut events);
        events.into_iter().map(|event| event.id).collect()
    }

    #[test]
    fn event_in_several_windows_is_listed_once() {
        for (start, end) in [
            ("2027-01-10T23:00:00Z", Some("2027-01-11T01:00:00Z")),
            ("2027-01-10T23:59:59Z", Some("2027-01-10T23:59:59Z")), // the windows overlap by a second
            ("2027-01-02T00:00:00Z", Some("2027-01-30T01:00:00Z")),
            ("2027-01-10", Some("2027-01-12")),
            ("2027-01-10T09:00", Some("2027-01-10T10:00")),
            ("2027-01-10", None),
            ("soon", Some("later")),
        ] {
            let mut windows = windows();
            let whole = || event("a", start, end);
            assert_eq!(listed(&mut windows, 0, vec![whole()]), ["a"], "{start}");
            assert_eq!(listed(&mut windows, 1, vec![whole(), event("b", start, end)]), ["b"], "{start}");
            assert!(listed(&mut windows, 2, vec![whole()]).is_empty(), "{start}");
        }
    }

    #[test]
    fn events_that_differ_in_one_part_of_the_key_are_all_listed() {
        let mut windows = windows();
        let (start, end) = ("2027-01-10T23:00:00Z", Some("2027-01-12T00:00:00Z"));
        assert_eq!(listed(&mut windows, 0, vec![event("a", start, end)]), ["a"]);
        let next = event("a", "2027-01-11T23:00:00Z", Some("2027-01-12T23:00:00Z"));
        let mut of_calendar = event("a", start, end);
        of_calendar.calendar_id = Some("c".to_owned());
        let mut of_google = event("a", start, end);
        of_google.provider = Some(Provider::Google);
        assert_eq!(listed(&mut windows, 1, vec![next, of_calendar, of_google]).len(), 3);
    }

    #[test]
    fn repeated_events_of_the_same_window_are_kept() {
        let mut windows = windows();
        let same = || event("a", "2027-01-10T23:00:00Z", Some("2027-01-12T00:00:00Z"));
        assert_eq!(listed(&mut windows, 0, vec![same(), same()]).len(), 2);
        assert_eq!(listed(&mut windows, 0, vec![same()]).len(), 1, "on the next page");
        assert_eq!(listed(&mut windows, 1, vec![same(), same()]).len(), 0);
    }

    #[test]
    fn only_events_near_an_edge_are_remembered() {
        let mut windows = windows();
        let far = event("a", "2027-01-02T00:00:00Z", Some("2027-01-09T00:00:00Z"));
        windows.remove_repeated(0, &mut vec![far]);
        assert!(windows.first_window.is_empty());
        let near = event("a", "2027-01-29T00:00:00Z", Some("2027-01-30T23:00:00Z"));
        windows.remove_repeated(2, &mut vec![near]);
        assert!(windows.first_window.is_empty(), "no window follows");
    }
}
