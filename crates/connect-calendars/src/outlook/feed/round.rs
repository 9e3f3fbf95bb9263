//! One round of a feed: collects the pages, and converts them to changes.

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::Provider;
use connect_core::{Error, ErrorKind, types::Raw};

use super::FeedPage;
use crate::{
    outlook::{
        event::{self, EventJson},
        response::text,
    },
    sync::{Changes, EventId},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    full: bool,
    restarted: bool,
    /// The link for the next request; `None` for the first page of a full round or of a series.
    link: Option<String>,
    seen_links: BTreeSet<String>,
    /// The delta link on the last page of changes. After that page, the round reads series.
    delta: Option<String>,
    /// The latest version of each single event and occurrence.
    events: BTreeMap<String, Raw>,
    masters: BTreeMap<String, Raw>,
    removed: BTreeSet<String>,
    /// The series whose occurrences are still to be read. The last series is read first.
    series_queue: Vec<String>,
    /// The occurrences that were read, by the id of their series.
    occurrences: BTreeMap<String, Vec<Raw>>,
}

impl Round {
    /// Starts a round at a delta link. Without a link, the round is full.
    pub(super) fn new(delta: Option<String>) -> Self {
        Self { full: delta.is_none(), link: delta, ..Self::default() }
    }

    /// Starts a full round because a link has expired.
    pub(super) fn restarted() -> Self {
        Self { restarted: true, ..Self::new(None) }
    }

    /// Whether the round may restart. A round restarts only once, because the server may refuse
    /// every link.
    pub(super) fn may_restart(&self) -> bool {
        !self.restarted && self.link.is_some() && self.delta.is_none()
    }

    /// Whether the round uses a link from the server, or used such a link before the round restarted.
    pub(super) fn uses_link(&self) -> bool {
        self.restarted || self.link.is_some()
    }

    pub(super) fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    pub(super) fn series_to_read(&self) -> Option<&str> {
        self.series_queue.last().map(String::as_str)
    }

    /// Returns the delta link, if all pages and series of this round have been read.
    pub(super) fn finished_link(&self) -> Option<&str> {
        self.delta.as_deref().filter(|_| self.series_queue.is_empty())
    }

    pub(super) fn take_page(&mut self, FeedPage(page): FeedPage) -> Result<(), Error> {
        let (next, delta) = (page.next_link(), page.delta_link());
        if let Some(next) = &next {
            if !self.seen_links.insert(next.clone()) {
                // Continuing this round would request the same page again.
                *self = Self { restarted: self.restarted, ..Self::new(None) };
                return Err(Error::new(ErrorKind::PageLoop)
                    .with_message("the server returned the same page link twice"));
            }
        }
        if let Some(series) = self.series_to_read().map(str::to_owned) {
            self.occurrences.entry(series).or_default().extend(page.value);
            self.link = next;
            if self.link.is_none() {
                self.series_queue.pop();
            }
            return Ok(());
        }
        if next.is_none() && delta.is_none() {
            let kind = ErrorKind::Decode { path: "@odata.deltaLink".into(), offset: 0 };
            return Err(
                Error::new(kind).with_message("the response has neither a delta link nor a next link")
            );
        }
        page.value.into_iter().for_each(|raw| self.record(raw));
        self.link = next;
        if self.link.is_none() {
            self.delta = delta;
            self.drop_occurrences_of_single_events();
            self.series_queue = self.series_to_request().into_iter().collect();
        }
        Ok(())
    }

    /// Skips a deleted series.
    pub(super) fn skip_series(&mut self) {
        self.link = None;
        let Some(series) = self.series_queue.pop() else { return };
        self.occurrences.remove(&series);
        if !self.masters.contains_key(&series) {
            // The series was deleted. The occurrences that are removed here contain only their
            // times.
            self.events.retain(|_, raw| !is_occurrence_of(raw, &series) || !EventJson::of(raw).is_bare());
            self.removed.insert(series);
        }
    }

    fn record(&mut self, raw: Raw) {
        let item = EventJson::of(&raw);
        let Some(id) = text(item.id) else { return };
        if item.removed.is_some() {
            self.masters.remove(&id);
            self.events.remove(&id);
            self.events.retain(|_, raw| !is_occurrence_of(raw, &id));
            self.removed.insert(id);
        } else if item.is_master() {
            self.events.remove(&id);
            self.masters.insert(id, raw);
        } else {
            // After an earlier page was read, a single event may have become a series, and vice versa.
            match item.series_id() {
                Some(series) => self.events.remove(&series),
                None => self.masters.remove(&id),
            };
            self.events.insert(id, raw);
        }
    }

    /// Removes the occurrences of a series that became a single event during the round.
    fn drop_occurrences_of_single_events(&mut self) {
        let single_event_ids = self.single_event_ids();
        self.events.retain(|_, raw| {
            EventJson::of(raw).series_id().is_none_or(|series| !single_event_ids.contains(&series))
        });
    }

    fn single_event_ids(&self) -> BTreeSet<String> {
        let single_events = self.events.iter().filter(|(_, raw)| EventJson::of(raw).series_id().is_none());
        single_events.map(|(id, _)| id.clone()).collect()
    }

    /// Returns the ids of the series to read.
    ///
    /// A round that is not full reads each changed series. The pages of a full round contain all
    /// occurrences, so a full round does not read the series on its pages. Every round reads a series that
    /// is missing on the pages if an occurrence of the series has little more than its times.
    fn series_to_request(&self) -> BTreeSet<String> {
        let bare = self.events.values().filter_map(|raw| {
            let item = EventJson::of(raw);
            item.series_id().filter(|series| item.is_bare() && !self.masters.contains_key(series))
        });
        let changed = self.masters.keys().filter(|_| !self.full).cloned();
        bare.chain(changed).collect()
    }

    pub(super) fn changes(self, calendar: &str, property: &str) -> Changes {
        let mut changes = Changes { full: self.full, ..Changes::default() };
        if !self.full {
            let replaced = self.masters.keys().chain(self.occurrences.keys());
            // A single event may have been a series before. Graph does not report the deleted occurrences of
            // that series.
            let single_event_ids = self.single_event_ids();
            let gone: BTreeSet<_> = self.removed.iter().chain(replaced).chain(&single_event_ids).collect();
            changes.removed =
                gone.into_iter().map(|id| EventId::new((Provider::Microsoft, calendar), id)).collect();
        }
        for raw in self.events.into_values() {
            let item = EventJson::of(&raw);
            let (series, bare) = (item.series_id(), item.is_bare());
            let master = series.as_ref().and_then(|series| self.masters.get(series)).filter(|_| bare);
            match (series.is_some_and(|series| self.occurrences.contains_key(&series)), master) {
                // `occurrences` contains this occurrence.
                (true, _) => {}
                (false, Some(master)) => {
                    changes.events.push(event::occurrence(raw, master, calendar, property))
                }
                (false, None) => changes.events.push(event::event(raw, calendar, property)),
            }
        }
        let read = self.occurrences.into_values().flatten();
        changes.events.extend(read.map(|raw| event::event(raw, calendar, property)));
        changes
    }
}

/// Whether the error means that the series no longer exists.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound)
}

fn is_occurrence_of(raw: &Raw, series: &str) -> bool {
    EventJson::of(raw).series_id().is_some_and(|own| own == series)
}
