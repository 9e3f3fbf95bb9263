//! An index of the events in the copy: ids and fingerprints, enough to detect changes.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use connect_core::{
    Error,
    types::{Event, Provider},
};
use jiff::Timestamp;
use twox_hash::XxHash3_64;

use crate::sync::{EventId, occurrences::Occurrences};

/// The identity of an event.
///
/// The id comes first, because two ids differ earlier than two calendars do, and because a delivery may omit
/// the calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventKey {
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) calendar: String,
}

/// A short text that a mirror needs to detect changes of an event, to store next to the event.
///
/// Two events have the same fingerprint if all their fields are equal. [`Display`](fmt::Display) writes the
/// text, and [`FromStr`] reads it: about 32 bytes and the id of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub(super) digest: u64,
    pub(super) modified: Option<Modified>,
    pub(super) series: Option<String>,
}

/// An event in the copy.
#[derive(Clone, Debug)]
pub(super) struct IndexEntry {
    pub(super) fingerprint: Fingerprint,
    /// The last sweep that listed the event unchanged.
    pub(super) listed_by: Option<SweepNumber>,
}

/// The number of a sweep. A sweep that restarts gets a new number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SweepNumber(pub(super) u64);

/// The time of an event's last change, in milliseconds since 1970 as in the text of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Modified(i64);

/// The fingerprints of the events in the copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    entries: BTreeMap<EventKey, IndexEntry>,
    occurrences: Occurrences<EventKey>,
}

impl EventKey {
    pub(super) fn of(event: &Event) -> Self {
        EventId::from(event).into()
    }

    /// Returns the key of the event with this id in the calendar of `self`.
    pub(super) fn sibling(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    pub(super) fn event_id(&self) -> EventId {
        EventId::new((Provider::from(&*self.provider), &*self.calendar), &*self.id)
    }
}

impl From<EventId> for EventKey {
    fn from(EventId { calendar, id }: EventId) -> Self {
        Self { id, provider: calendar.provider.as_str().to_owned(), calendar: calendar.id }
    }
}

impl From<&Event> for Fingerprint {
    fn from(event: &Event) -> Self {
        let (modified, series) = (event.last_modified.map(Modified::from), event.recurring_event_id.clone());
        Self { digest: digest(event), modified, series }
    }
}

/// `DIGEST:MODIFIED:SERIES`. An unknown time and a missing series are empty.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}:", self.digest)?;
        if let Some(Modified(at)) = self.modified {
            write!(f, "{at}")?;
        }
        write!(f, ":{}", self.series.as_deref().unwrap_or_default())
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let mut parts = text.splitn(3, ':');
            let digest = u64::from_str_radix(parts.next()?, 16).ok()?;
            let modified = match parts.next()? {
                "" => None,
                at => Some(Modified(at.parse().ok()?)),
            };
            let series = Some(parts.next()?.to_owned()).filter(|series| !series.is_empty());
            Some(Self { digest, modified, series })
        };
        read().ok_or_else(|| {
            Error::validation(format!(
                "{text:?} is not the fingerprint of an event (expected DIGEST:MODIFIED:SERIES)"
            ))
        })
    }
}

impl From<Timestamp> for Modified {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl Index {
    pub(super) fn get(&self, key: &EventKey) -> Option<&Fingerprint> {
        self.entries.get(key).map(|entry| &entry.fingerprint)
    }

    pub(super) fn get_mut(&mut self, key: &EventKey) -> Option<&mut IndexEntry> {
        self.entries.get_mut(key)
    }

    pub(super) fn insert(&mut self, key: EventKey, fingerprint: Fingerprint) {
        self.remove(&key);
        if let Some(series) = &fingerprint.series {
            self.occurrences.insert(key.sibling(series), key.clone());
        }
        self.entries.insert(key, IndexEntry { fingerprint, listed_by: None });
    }

    pub(super) fn remove(&mut self, key: &EventKey) -> Option<IndexEntry> {
        let entry = self.entries.remove(key)?;
        if let Some(series) = &entry.fingerprint.series {
            self.occurrences.remove(&key.sibling(series), key);
        }
        Some(entry)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&EventKey, &IndexEntry)> {
        self.entries.iter()
    }

    /// Returns the events with this id, of all calendars.
    pub(super) fn with_id(&self, id: &str) -> impl Iterator<Item = &EventKey> {
        let first = EventKey { id: id.to_owned(), provider: String::new(), calendar: String::new() };
        self.entries.range(first..).map(|(key, _)| key).take_while(move |key| key.id == id)
    }

    /// Returns the occurrences of a series.
    pub(super) fn of_series(&self, series: &EventKey) -> impl Iterator<Item = (&EventKey, &Fingerprint)> {
        self.occurrences.of(series).filter_map(|key| Some((key, self.get(key)?)))
    }
}

/// Returns the XXH3 hash of all fields. Applications store the hash. If another version of this crate
/// computes another hash for the same fields, the next sweep reports an unchanged event as changed.
fn digest(event: &Event) -> u64 {
    /// Collects the bytes to hash, because XXH3 is fastest on one long slice.
    struct Bytes(Vec<u8>);

    impl Hasher for Bytes {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }

        /// Writes lengths as on a 64-bit machine, so that all machines return the same hash.
        fn write_usize(&mut self, number: usize) {
            self.write_u64(number as u64);
        }

        fn finish(&self) -> u64 {
            XxHash3_64::oneshot(&self.0)
        }
    }

    let mut bytes = Bytes(Vec::with_capacity(2048)); // most events are shorter
    event.hash(&mut bytes);
    bytes.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn fingerprint_survives_its_text_form() {
        let modified = Some("2026-11-21T10:00:00.123456Z".parse().unwrap());
        for (modified, series) in
            [(None, None), (modified, Some("a:b\"")), (None, Some("s")), (modified, None)]
        {
            let mut one = Event::new("google", "work", "a");
            (one.recurring_event_id, one.last_modified) = (series.map(str::to_owned), modified);
            let fingerprint = Fingerprint::from(&one);
            assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
        }
        for wrong in ["", "1", "1:2", "x::", "1:x:", "11111111111111111::", "1: 2:"] {
            let error = wrong.parse::<Fingerprint>().unwrap_err();
            assert!(error.to_string().contains("is not the fingerprint of an event"), "{wrong}: {error}");
        }
    }

    #[test]
    fn digest_covers_all_fields_and_is_stable() {
        let text = r#"{"provider":"google","id":"e1","title":"One","original":{"a":1},"new":[true]}"#;
        assert_eq!(digest(&event(text)), digest(&event(text)));
        for (old, new) in [("One", "Two"), ("\"a\":1", "\"a\":2"), ("true", "false")] {
            assert_ne!(digest(&event(text)), digest(&event(&text.replace(old, new))), "{old}");
        }
        assert_eq!(format!("{:x}", digest(&event(text))), "fe8c102200d64925");
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
            index.insert(EventKey::of(&one), Fingerprint::from(&one));
        }
        let series = EventKey::of(&Event::new("google", "a", "s"));
        let of_series =
            |index: &Index| index.of_series(&series).map(|(key, _)| key.id.clone()).collect::<Vec<_>>();
        assert_eq!(of_series(&index), ["2"]);
        let other = series.sibling("z");
        let mut moved = index.remove(&other).unwrap().fingerprint;
        moved.series = Some("s".to_owned());
        index.insert(other.clone(), moved.clone());
        assert_eq!(of_series(&index), ["2", "z"]);
        moved.series = None;
        index.insert(other, moved);
        index.remove(&series.sibling("2"));
        assert_eq!(of_series(&index), [""; 0]);
    }
}
