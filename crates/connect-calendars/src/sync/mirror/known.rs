//! What the copy holds, as far as a change can be told from it: ids and digests.
//!
//! As text it is JSON, grouped by calendar: `{"v":1,"calendars":[["google","work",[["id","digest",modified,"series"]]]]}`.

use std::{collections::BTreeMap, io};

use connect_core::types::{Event, Provider};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sync::EventId;

/// Which event, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) provider: String,
    pub(super) calendar: String,
    pub(super) id: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) digest: u64,
    pub(super) modified: Option<Modified>,
    pub(super) series: Option<String>,
}

/// When an event was last changed, to the millisecond: what is finer does not survive the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Modified(i64);

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(BTreeMap<Key, Note>);

impl Key {
    pub(super) fn of(event: &Event) -> Self {
        let EventId { calendar, id } = EventId::from(event);
        Self { provider: calendar.provider.as_str().to_owned(), calendar: calendar.id, id }
    }

    /// Another event of the same calendar.
    pub(super) fn beside(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    pub(super) fn event_id(&self) -> EventId {
        EventId::new((Provider::from(&*self.provider), &*self.calendar), &*self.id)
    }
}

impl Note {
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

impl Known {
    pub(super) fn get(&self, key: &Key) -> Option<&Note> {
        self.0.get(key)
    }

    pub(super) fn insert(&mut self, key: Key, note: Note) {
        self.0.insert(key, note);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Note> {
        self.0.remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Note)> {
        self.0.iter()
    }

    /// The events of a series.
    pub(super) fn of_series(&self, series: &Key) -> impl Iterator<Item = (&Key, &Note)> {
        self.of_calendar(series).filter(|(_, note)| note.series.as_deref() == Some(&*series.id))
    }

    /// The events of the calendar that this one is in.
    fn of_calendar(&self, key: &Key) -> impl Iterator<Item = (&Key, &Note)> {
        let in_it = |other: &Key| other.provider == key.provider && other.calendar == key.calendar;
        self.0.range(key.beside("")..).take_while(move |(other, _)| in_it(other))
    }
}

#[derive(Serialize, Deserialize)]
struct Text {
    v: u32,
    calendars: Vec<(String, String, Vec<Line>)>,
}

type Line = (String, String, Option<Modified>, Option<String>);

const VERSION: u32 = 1;

impl Known {
    /// The text of a cursor.
    pub(super) fn write(&self) -> String {
        let mut calendars: Vec<(String, String, Vec<Line>)> = Vec::new();
        for (key, note) in &self.0 {
            let line = (key.id.clone(), format!("{:x}", note.digest), note.modified, note.series.clone());
            match calendars.last_mut() {
                Some((provider, calendar, lines))
                    if *provider == key.provider && *calendar == key.calendar =>
                {
                    lines.push(line);
                }
                _ => calendars.push((key.provider.clone(), key.calendar.clone(), vec![line])),
            }
        }
        // Texts and numbers: there is nothing that has no JSON form.
        serde_json::to_string(&Text { v: VERSION, calendars }).unwrap_or_default()
    }

    /// What a text says; nothing if it is none of these.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Text { v: VERSION, calendars } = serde_json::from_str(text).ok()? else { return None };
        let mut known = Self::default();
        for (provider, calendar, lines) in calendars {
            for (id, digest, modified, series) in lines {
                let key = Key { provider: provider.clone(), calendar: calendar.clone(), id };
                known.insert(key, Note { digest: u64::from_str_radix(&digest, 16).ok()?, modified, series });
            }
        }
        Some(known)
    }
}

/// Of everything the event says. It has to be the same for ever, as it is kept, which std's hashers do not promise: FNV-1a.
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
    // Writing to it cannot fail, and every event has a JSON form.
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
    fn comes_back_from_its_text() {
        let mut known = Known::default();
        for (calendar, id) in [("home", "b"), ("work", "a"), ("work", "b\"\u{1F600}")] {
            let mut one = Event::new("google", calendar, id);
            one.recurring_event_id = (id == "a").then(|| "series".to_owned());
            one.last_modified = (id != "a").then(|| "2026-11-21T10:00:00.123456Z".parse().unwrap());
            known.insert(Key::of(&one), Note::of(&one));
        }
        assert_eq!(Known::read(&known.write()).unwrap().0, known.0);
        let wrong = [
            "",
            "{}",
            "[]",
            r#"{"v":2,"calendars":[]}"#,
            r#"{"v":1,"calendars":[["a","b",[["c","xyz",0,null]]]]}"#,
        ];
        for text in wrong {
            assert!(Known::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_digest_is_of_everything_and_the_same_for_ever() {
        let text = r#"{"provider":"google","id":"e1","title":"One","original":{"a":1},"new":[true]}"#;
        assert_eq!(digest(&event(text)), digest(&event(text)));
        for (old, new) in [("One", "Two"), ("\"a\":1", "\"a\":2"), ("true", "false")] {
            assert_ne!(digest(&event(text)), digest(&event(&text.replace(old, new))), "{old}");
        }
        assert_eq!(format!("{:x}", digest(&event(text))), "66b1fb1de30cc281");
    }

    #[test]
    fn a_series_is_of_one_calendar() {
        let mut known = Known::default();
        for (provider, calendar, id, series) in [
            ("apple", "a", "1", "s"),
            ("google", "a", "2", "s"),
            ("google", "b", "3", "s"),
            ("google", "a", "z", "t"),
        ] {
            let mut one = Event::new(provider, calendar, id);
            one.recurring_event_id = Some(series.to_owned());
            known.insert(Key::of(&one), Note::of(&one));
        }
        let series = Key::of(&Event::new("google", "a", "s"));
        assert_eq!(known.of_series(&series).map(|(key, _)| &*key.id).collect::<Vec<_>>(), ["2"]);
    }
}
