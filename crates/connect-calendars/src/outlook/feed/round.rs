//! One round: what came so far, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::Provider;
use connect_core::{Error, ErrorKind, types::Raw};

use super::FeedPage;
use crate::{
    outlook::{
        answer::text,
        event::{self, Item},
    },
    sync::{Changes, EventId},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    full: bool,
    restarted: bool,
    /// The next page; none for the first one.
    link: Option<String>,
    seen: BTreeSet<String>,
    /// Where the changes ended; after that the series are read.
    delta: Option<String>,
    /// What came last of each event.
    items: BTreeMap<String, Raw>,
    masters: BTreeMap<String, Raw>,
    removed: BTreeSet<String>,
    /// The series that are still to be read, the last one first.
    open: Vec<String>,
    /// The occurrences of those that were.
    read: BTreeMap<String, Vec<Raw>>,
}

impl Round {
    /// From that link on, or from the beginning.
    pub(super) fn new(delta: Option<String>) -> Self {
        Self { full: delta.is_none(), link: delta, ..Self::default() }
    }

    /// From the beginning, since the server forgot where the feed was.
    pub(super) fn restarted() -> Self {
        Self { restarted: true, ..Self::new(None) }
    }

    /// Once: a server that forgets at once what it just said does not get better.
    pub(super) fn may_restart(&self) -> bool {
        !self.restarted && self.link.is_some() && self.delta.is_none()
    }

    /// Whether it is at a link of the server's, or was at one before it began anew.
    pub(super) fn goes_by_links(&self) -> bool {
        self.restarted || self.link.is_some()
    }

    pub(super) fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    pub(super) fn series_to_read(&self) -> Option<&str> {
        self.open.last().map(String::as_str)
    }

    /// The link for the next round, once everything is there.
    pub(super) fn ended_at(&self) -> Option<&str> {
        self.delta.as_deref().filter(|_| self.open.is_empty())
    }

    pub(super) fn take(&mut self, FeedPage(page): FeedPage) -> Result<(), Error> {
        let (next, delta) = (page.next_link(), page.delta_link());
        if let Some(next) = &next {
            if !self.seen.insert(next.clone()) {
                // What came so far is of no use: the round would go on here for ever.
                *self = Self { restarted: self.restarted, ..Self::new(None) };
                return Err(
                    Error::new(ErrorKind::PageLoop).with_message("the server gave the same link twice")
                );
            }
        }
        if let Some(series) = self.series_to_read().map(str::to_owned) {
            self.read.entry(series).or_default().extend(page.value);
            self.link = next;
            if self.link.is_none() {
                self.open.pop();
            }
            return Ok(());
        }
        if next.is_none() && delta.is_none() {
            let kind = ErrorKind::Decode { path: "@odata.deltaLink".into(), offset: 0 };
            return Err(Error::new(kind).with_message("the changes have neither an end nor a next page"));
        }
        page.value.into_iter().for_each(|raw| self.note(raw));
        self.link = next;
        if self.link.is_none() {
            self.delta = delta;
            self.settle();
            self.open = self.touched().into_iter().collect();
        }
        Ok(())
    }

    /// Leaves out the series that cannot be read.
    pub(super) fn pass_over(&mut self) {
        self.link = None;
        let Some(series) = self.open.pop() else { return };
        self.read.remove(&series);
        if !self.masters.contains_key(&series) {
            // Nothing is known of it but when it was.
            self.items.retain(|_, raw| !belongs(raw, &series) || !Item::of(raw).is_bare());
            self.removed.insert(series);
        }
    }

    fn note(&mut self, raw: Raw) {
        let item = Item::of(&raw);
        let Some(id) = text(item.id) else { return };
        if item.removed.is_some() {
            self.masters.remove(&id);
            self.items.remove(&id);
            self.items.retain(|_, raw| !belongs(raw, &id));
            self.removed.insert(id);
        } else if item.is_master() {
            self.items.remove(&id);
            self.masters.insert(id, raw);
        } else {
            // What is one of the two now is no longer the other.
            match item.series() {
                Some(series) => self.items.remove(&series),
                None => self.masters.remove(&id),
            };
            self.items.insert(id, raw);
        }
    }

    /// Leaves out the occurrences of what became a single event while the pages were read.
    fn settle(&mut self) {
        let singles = self.singles();
        self.items.retain(|_, raw| Item::of(raw).series().is_none_or(|series| !singles.contains(&series)));
    }

    /// The ids of the events that are no occurrences.
    fn singles(&self) -> BTreeSet<String> {
        let singles = self.items.iter().filter(|(_, raw)| Item::of(raw).series().is_none());
        singles.map(|(id, _)| id.clone()).collect()
    }

    /// The series that have to be read: those of bare occurrences that came without it, and, unless everything came anyway,
    /// those that came themselves.
    fn touched(&self) -> BTreeSet<String> {
        let bare = self.items.values().filter_map(|raw| {
            let item = Item::of(raw);
            item.series().filter(|series| item.is_bare() && !self.masters.contains_key(series))
        });
        let changed = self.masters.keys().filter(|_| !self.full).cloned();
        bare.chain(changed).collect()
    }

    pub(super) fn changes(self, calendar: &str, property: &str) -> Changes {
        let mut changes = Changes { full: self.full, ..Changes::default() };
        if !self.full {
            let replaced = self.masters.keys().chain(self.read.keys());
            // A single event may have been a series, and which of its occurrences went nobody says.
            let singles = self.singles();
            let gone: BTreeSet<_> = self.removed.iter().chain(replaced).chain(&singles).collect();
            changes.removed =
                gone.into_iter().map(|id| EventId::new((Provider::Microsoft, calendar), id)).collect();
        }
        for raw in self.items.into_values() {
            let item = Item::of(&raw);
            let (series, bare) = (item.series(), item.is_bare());
            let master = series.as_ref().and_then(|series| self.masters.get(series)).filter(|_| bare);
            match (series.is_some_and(|series| self.read.contains_key(&series)), master) {
                // It is among those that were read.
                (true, _) => {}
                (false, Some(master)) => {
                    changes.events.push(event::occurrence(raw, master, calendar, property))
                }
                (false, None) => changes.events.push(event::event(raw, calendar, property)),
            }
        }
        let read = self.read.into_values().flatten();
        changes.events.extend(read.map(|raw| event::event(raw, calendar, property)));
        changes
    }
}

/// Whether a series cannot be read since it is not there.
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound)
}

fn belongs(raw: &Raw, series: &str) -> bool {
    Item::of(raw).series().is_some_and(|own| own == series)
}
