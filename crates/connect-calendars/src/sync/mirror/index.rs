//! An index of the events in the copy: ids and digests, enough to detect changes.
//!
//! The index is saved as JSON, grouped by calendar:
//! `{"v":1,"calendars":[["google","work",[["id","digest",modified,"series"]]]]}`.

use std::{collections::BTreeMap, io};

use connect_core::types::{Event, Provider};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sync::EventId;

/// The identity of an event. Sorted keys are grouped by calendar, as in the saved text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventKey {
    pub(super) provider: String,
    pub(super) calendar: String,
    pub(super) id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) digest: u64,
    pub(super) modified: Option<Modified>,
    pub(super) series: Option<String>,
}

/// The time of an event's last change, in milliseconds since 1970 as in the saved text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Modified(i64);

#[derive(Clone, Debug, Default)]
pub(super) struct Index(BTreeMap<EventKey, IndexEntry>);

impl EventKey {
    pub(super) fn of(event: &Event) -> Self {
        let EventId { calendar, id } = EventId::from(event);
        Self { provider: calendar.provider.as_str().to_owned(), calendar: calendar.id, id }
    }

    /// Returns the key of the event with this id in the calendar of `self`.
    pub(super) fn sibling(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    pub(super) fn event_id(&self) -> EventId {
        EventId::new((Provider::from(&*self.provider), &*self.calendar), &*self.id)
    }
}

impl IndexEntry {
    pub(super) fn of(event: &Event) -> Self {
        let (modified, series) = (event.last_modified.map(Modified::from), event.recurring_event_id.clone());
        Self { digest: digest(event), modified, series }
    }
}

impl From<Timestamp> for Modified {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl Index {
    pub(super) fn get(&self, key: &EventKey) -> Option<&IndexEntry> {
        self.0.get(key)
    }

    pub(super) fn insert(&mut self, key: EventKey, entry: IndexEntry) {
        self.0.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: &EventKey) -> Option<IndexEntry> {
        self.0.remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&EventKey, &IndexEntry)> {
        self.0.iter()
    }

    pub(super) fn of_series(&self, series: &EventKey) -> impl Iterator<Item = (&EventKey, &IndexEntry)> {
        self.of_calendar(series).filter(|(_, entry)| entry.series.as_deref() == Some(&*series.id))
    }

    /// Returns the events in the calendar of `key`.
    fn of_calendar(&self, key: &EventKey) -> impl Iterator<Item = (&EventKey, &IndexEntry)> {
        let in_it = |other: &EventKey| other.provider == key.provider && other.calendar == key.calendar;
        self.0.range(key.sibling("")..).take_while(move |(other, _)| in_it(other))
    }
}

#[derive(Serialize, Deserialize)]
struct IndexJson {
    v: u32,
    calendars: Vec<(String, String, Vec<IndexRow>)>,
}

type IndexRow = (String, String, Option<Modified>, Option<String>);

const FORMAT_VERSION: u32 = 1;

impl Index {
    /// Returns the index as the text of a cursor.
    pub(super) fn to_text(&self) -> String {
        let mut calendars: Vec<(String, String, Vec<IndexRow>)> = Vec::new();
        for (key, entry) in &self.0 {
            let row = (key.id.clone(), format!("{:x}", entry.digest), entry.modified, entry.series.clone());
            match calendars.last_mut() {
                Some((provider, calendar, rows))
                    if *provider == key.provider && *calendar == key.calendar =>
                {
                    rows.push(row);
                }
                _ => calendars.push((key.provider.clone(), key.calendar.clone(), vec![row])),
            }
        }
        // Strings and numbers always serialize.
        serde_json::to_string(&IndexJson { v: FORMAT_VERSION, calendars }).unwrap_or_default()
    }

    /// Reads the index from the text of a cursor; `None` if the text is not valid.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let IndexJson { v: FORMAT_VERSION, calendars } = serde_json::from_str(text).ok()? else {
            return None;
        };
        let mut index = Self::default();
        for (provider, calendar, rows) in calendars {
            for (id, digest, modified, series) in rows {
                let key = EventKey { provider: provider.clone(), calendar: calendar.clone(), id };
                index.insert(
                    key,
                    IndexEntry { digest: u64::from_str_radix(&digest, 16).ok()?, modified, series },
                );
            }
        }
        Some(index)
    }
}

/// Returns the FNV-1a hash of the event's JSON. Cursors contain the hash, so the algorithm must never
/// change. The hash of the standard library is not used, because its algorithm may change.
fn digest(event: &Event) -> u64 {
    struct Fnv(u64);

    impl io::Write for Fnv {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut fnv = Fnv(0xcbf2_9ce4_8422_2325);
    // Hashing cannot fail, and every event serializes.
    let _ = serde_json::to_writer(&mut fnv, event);
    fnv.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn index_survives_its_text_form() {
        let mut index = Index::default();
        for (calendar, id) in [("home", "b"), ("work", "a"), ("work", "b\"\u{1F600}")] {
            let mut one = Event::new("google", calendar, id);
            one.recurring_event_id = (id == "a").then(|| "series".to_owned());
            one.last_modified = (id != "a").then(|| "2026-11-21T10:00:00.123456Z".parse().unwrap());
            index.insert(EventKey::of(&one), IndexEntry::of(&one));
        }
        assert_eq!(Index::from_text(&index.to_text()).unwrap().0, index.0);
        let wrong = [
            "",
            "{}",
            "[]",
            r#"{"v":2,"calendars":[]}"#,
            r#"{"v":1,"calendars":[["a","b",[["c","xyz",0,null]]]]}"#,
        ];
        for text in wrong {
            assert!(Index::from_text(text).is_none(), "{text}");
        }
    }

    #[test]
    fn digest_covers_all_fields_and_is_stable() {
        let text = r#"{"provider":"google","id":"e1","title":"One","original":{"a":1},"new":[true]}"#;
        assert_eq!(digest(&event(text)), digest(&event(text)));
        for (old, new) in [("One", "Two"), ("\"a\":1", "\"a\":2"), ("true", "false")] {
            assert_ne!(digest(&event(text)), digest(&event(&text.replace(old, new))), "{old}");
        }
        assert_eq!(format!("{:x}", digest(&event(text))), "66b1fb1de30cc281");
    }

    #[test]
    fn series_lookup_stays_within_its_calendar() {
        let mut index = Index::default();
        for (provider, calendar, id, series) in [
            ("apple", "a", "1", "s"),
            ("google", "a", "2", "s"),
            ("google", "b", "3", "s"),
            ("google", "a", "z", "t"),
        ] {
            let mut one = Event::new(provider, calendar, id);
            one.recurring_event_id = Some(series.to_owned());
            index.insert(EventKey::of(&one), IndexEntry::of(&one));
        }
        let series = EventKey::of(&Event::new("google", "a", "s"));
        assert_eq!(index.of_series(&series).map(|(key, _)| &*key.id).collect::<Vec<_>>(), ["2"]);
    }
}
