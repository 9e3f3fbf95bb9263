//! The events of a calendar by id, with a cache of lists.
//!
//! Every change is made through [`Events`]. A list therefore stays cached until an event changes,
//! and the ledger compares only the changed events.

use super::listing::{Entry, Listing};
use super::model::Event;
use crate::world::accounts::EventLedger;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Vec<Event>")]
pub(crate) struct Events {
    by_id: BTreeMap<String, Arc<Event>>,
    /// The cached lists by name, the oldest first.
    listings: VecDeque<(String, Arc<Listing>)>,
    /// The `comparisons` of the ledger after its last comparison with these events.
    ///
    /// 0 before the first comparison.
    comparison: u64,
    /// The ids of the events that may have changed since the ledger's last comparison.
    touched: BTreeSet<String>,
}

/// The maximum number of cached lists. Several lists are cached, because some callers read their
/// pages concurrently.
const MAX_LISTINGS: usize = 4;

impl Events {
    pub(crate) fn contains_key(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Event> {
        self.shared(id).map(Arc::as_ref)
    }

    pub(crate) fn shared(&self, id: &str) -> Option<&Arc<Event>> {
        self.by_id.get(id)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Event> {
        self.all_shared().map(Arc::as_ref)
    }

    pub(crate) fn all_shared(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.by_id.values()
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Event> {
        self.touch(id);
        self.by_id.get_mut(id).map(Arc::make_mut)
    }

    pub(crate) fn insert(&mut self, id: String, event: Event) {
        self.touch(&id);
        self.by_id.insert(id, Arc::new(event));
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.touch(id);
        self.by_id.remove(id);
    }

    fn touch(&mut self, id: &str) {
        self.listings.clear();
        if self.comparison > 0 {
            self.touched.insert(id.to_owned());
        }
    }

    /// Adds the changes since the last comparison to the ledger.
    pub(crate) fn update_ledger(&mut self, ledger: &mut EventLedger, now: Timestamp) {
        let touched = std::mem::take(&mut self.touched);
        // After that comparison, the ledger may have been compared with a calendar that replaced this one.
        let is_last = self.comparison > 0 && self.comparison == ledger.comparisons();
        if is_last {
            ledger.compare_ids(touched, &self.by_id, now);
        } else {
            ledger.compare(&self.by_id, now);
        }
        self.comparison = ledger.comparisons();
    }

    /// Returns the list with this name from the cache, or creates it with `make`. The name must identify
    /// everything that `make` depends on, except the events.
    pub(crate) fn listing(&mut self, name: String, make: impl FnOnce(&Self) -> Vec<Entry>) -> Arc<Listing> {
        let Ok(listing) = self.try_listing::<Infallible>(name, |events| Ok(make(events)));
        listing
    }

    pub(crate) fn try_listing<E>(
        &mut self,
        name: String,
        make: impl FnOnce(&Self) -> Result<Vec<Entry>, E>,
    ) -> Result<Arc<Listing>, E> {
        if let Some((_, listing)) = self.listings.iter().find(|(known, _)| *known == name) {
            return Ok(listing.clone());
        }
        let updated = self.values().map(|event| event.last_modified).max();
        let listing = Arc::new(Listing::new(make(self)?, updated));
        if self.listings.len() == MAX_LISTINGS {
            self.listings.pop_front();
        }
        self.listings.push_back((name, listing.clone()));
        Ok(listing)
    }
}

/// Writes the events as a list, without what [`update_ledger`](Events::update_ledger) remembers. The next
/// update therefore compares all events.
impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values())
    }
}

impl TryFrom<Vec<Event>> for Events {
    type Error = String;

    fn try_from(list: Vec<Event>) -> Result<Self, String> {
        let count = list.len();
        let events: Self = list.into_iter().map(|event| (event.id.clone(), event)).collect();
        if events.by_id.len() < count {
            return Err("two events of the calendar have the same id".to_owned());
        }
        Ok(events)
    }
}

impl FromIterator<(String, Event)> for Events {
    fn from_iter<I: IntoIterator<Item = (String, Event)>>(events: I) -> Self {
        let by_id = events.into_iter().map(|(id, event)| (id, Arc::new(event))).collect();
        Self { by_id, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::calendar::Fields;
    use proptest::prelude::*;

    fn event(id: &str, title: &str) -> Event {
        let now = Timestamp::UNIX_EPOCH;
        Event::single(id.to_owned(), Fields::new(title, now, now), now)
    }

    fn two_events() -> Events {
        ["a", "b"].into_iter().map(|id| (id.to_owned(), event(id, ""))).collect()
    }

    /// Returns the id of every event, and whether this call created the list.
    fn list(events: &mut Events, name: &str) -> (Vec<String>, bool) {
        let mut made = false;
        let listing = events.listing(name.to_owned(), |events| {
            made = true;
            events.all_shared().map(|event| Entry::new(None, &event.whole(), event)).collect()
        });
        (listing.entries.iter().map(|entry| entry.id().to_owned()).collect(), made)
    }

    #[test]
    fn listing_is_made_once_until_an_event_changes() {
        let mut events = two_events();
        assert_eq!(list(&mut events, "x"), (vec!["a".to_owned(), "b".to_owned()], true));
        assert!(!list(&mut events, "x").1);
        assert!(list(&mut events, "y").1);
        let changes: [fn(&mut Events); 3] = [
            |events| events.insert("c".to_owned(), event("c", "")),
            |events| events.get_mut("a").unwrap().fields.title.push('x'),
            |events| events.remove("b"),
        ];
        for change in changes {
            change(&mut events);
            assert!(list(&mut events, "x").1);
        }
        assert_eq!(list(&mut events, "x"), (vec!["a".to_owned(), "c".to_owned()], false));
    }

    #[test]
    fn listings_beyond_the_limit_are_forgotten_oldest_first() {
        let mut events = two_events();
        for name in ["1", "2", "3", "4", "5"] {
            assert!(list(&mut events, name).1);
        }
        assert_eq!(["2", "5", "1"].map(|name| list(&mut events, name).1), [false, false, true]);
    }

    proptest! {
        /// The ledgers must also be equal if one calendar replaces the other.
        #[test]
        fn ledger_of_touched_events_equals_ledger_of_all_events(
            steps in prop::collection::vec((0..5_u8, 0..2_usize, 0..3_u8, 0..3_u8), 1..60),
        ) {
            let now = Timestamp::UNIX_EPOCH;
            let mut calendars = [two_events(), two_events()];
            let (mut touched, mut all) = (EventLedger::default(), EventLedger::default());
            for (step, which, id, title) in steps {
                let (id, title) = (id.to_string(), title.to_string());
                let events = &mut calendars[which];
                match step {
                    0 => events.insert(id.clone(), event(&id, &title)),
                    1 => events.remove(&id),
                    2 => events.get_mut(&id).into_iter().for_each(|event| event.fields.title.clone_from(&title)),
                    3 => calendars[1 - which] = calendars[which].clone(),
                    _ => {
                        events.update_ledger(&mut touched, now);
                        all.compare(&events.by_id, now);
                        prop_assert_eq!(touched.position(), all.position());
                        prop_assert_eq!(touched.since(0), all.since(0));
                        prop_assert!(touched.all_gone().eq(all.all_gone()));
                    }
                }
            }
        }
    }
}
