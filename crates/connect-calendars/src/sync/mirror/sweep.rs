//! A sweep: the pages of the window, and what they come to at the end.

use std::collections::{BTreeMap, btree_map::Entry};

use connect_core::{
    Error, ErrorKind, Pager,
    types::{Event, EventPage, ListEvents, Provider},
};

use super::{
    Mirror,
    gone::Absence,
    known::{Key, Known, Modified, Note},
    nature::Nature,
};
use crate::sync::Changes;

/// A sweep that is under way.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    list: ListEvents,
    pager: Pager<ListEvents>,
    seen: BTreeMap<Key, Seen>,
    /// What was delivered since it began.
    delivered: BTreeMap<Key, Event>,
    restarted: bool,
}

/// What a page showed. The event itself only where it may be needed.
#[derive(Clone, Debug)]
struct Seen {
    note: Note,
    event: Option<Event>,
}

impl Sweep {
    pub(super) fn new(list: ListEvents) -> Self {
        let (pager, seen, delivered) = (Pager::new(list.clone()), BTreeMap::new(), BTreeMap::new());
        Self { list, pager, seen, delivered, restarted: false }
    }

    pub(super) fn request(&self) -> Option<ListEvents> {
        self.pager.request()
    }

    pub(super) fn deliver(&mut self, key: Key, event: Event) {
        self.delivered.insert(key, event);
    }

    pub(super) fn withdraw(&mut self, key: &Key) {
        self.delivered.remove(key);
    }

    /// A token that is refused once is refused for ever: from the first page again. What was delivered stays.
    fn restart(&mut self, error: Error) -> Result<(), Error> {
        self.pager = Pager::new(self.list.clone());
        self.seen.clear();
        if std::mem::replace(&mut self.restarted, true) { Err(error) } else { Ok(()) }
    }
}

pub(super) fn answered(
    mirror: &mut Mirror,
    answer: Result<EventPage, Error>,
) -> Result<Option<Changes>, Error> {
    let Some(sweep) = &mut mirror.sweep else { return Ok(None) };
    let page = match answer {
        Ok(page) => page,
        Err(error)
            if sweep.pager.token().is_some() && matches!(error.kind(), ErrorKind::Validation { .. }) =>
        {
            return sweep.restart(error).map(|()| None);
        }
        Err(error) => return Err(error),
    };
    let mut pager = sweep.pager.clone();
    pager.answered(&page)?; // an error leaves everything where it is
    let over = pager.request().is_none();
    sweep.pager = pager;
    for event in page.events {
        see(mirror, event);
    }
    Ok(over.then(|| end(mirror)).flatten())
}

/// Notes what a page shows. Shown twice, because it moved meanwhile, the later state counts.
fn see(mirror: &mut Mirror, event: Event) {
    let event = named(mirror, event);
    let (key, note) = (Key::of(&event), Note::of(&event));
    let Some(sweep) = &mut mirror.sweep else { return };
    if sweep.seen.get(&key).is_some_and(|seen| is_newer(seen.note.modified, note.modified) == Some(true)) {
        return;
    }
    // The event of a series whose master is in the copy goes with the master, and has to come again.
    let with_master =
        note.series.as_ref().is_some_and(|series| mirror.known.get(&key.beside(series)).is_some());
    let is_known = mirror.known.get(&key).is_some_and(|known| known.digest == note.digest);
    let event = (!mirror.complete || with_master || !is_known).then_some(event);
    sweep.seen.insert(key, Seen { note, event });
}

/// With the calendar it must be in, where the service does not say and only one was asked for.
fn named(mirror: &Mirror, mut event: Event) -> Event {
    if event.calendar_id.is_none() {
        let provider = event.provider.as_ref().map_or("", Provider::as_str);
        let mut asked = mirror.calendars.iter().filter(|one| one.provider.as_str() == provider);
        if let (Some(only), None) = (asked.next(), asked.next()) {
            event.calendar_id = Some(only.id.clone());
        }
    }
    event
}

/// What the sweep comes to.
fn end(mirror: &mut Mirror) -> Option<Changes> {
    let Sweep { seen, delivered, .. } = mirror.sweep.take()?;
    let full = !std::mem::replace(&mut mirror.complete, true);
    let mut changes = Changes { full, ..Changes::default() };
    let mut kept: BTreeMap<Key, (Note, Option<Event>)> = BTreeMap::new();
    for (key, Seen { note, event }) in seen {
        if shows(mirror, &delivered, &key, &note, event.is_some()) {
            kept.insert(key, (note, event));
        }
    }
    for (key, event) in delivered {
        if let Entry::Vacant(open) = kept.entry(key) {
            // No page showed it: it is new, or it is a series, which none ever shows.
            mirror.stale |= Nature::of(&event) == Nature::Unclear;
            open.insert((Note::of(&event), Some(event)));
        }
    }

    let mut known = Known::default();
    let old = std::mem::take(&mut mirror.known);
    let removed: Vec<_> = old.iter().filter(|(key, _)| !kept.contains_key(*key)).collect();
    for (key, (note, event)) in kept {
        let differs = old.get(&key).is_none_or(|old| old.digest != note.digest);
        let again = note.series.as_ref().is_some_and(|series| {
            let master = key.beside(series);
            removed.binary_search_by(|(key, _)| (*key).cmp(&master)).is_ok()
        });
        changes.events.extend(event.filter(|_| full || differs || again));
        known.insert(key, note);
    }
    for (key, note) in removed {
        mirror.gone.insert(key.clone(), Absence::Outside(note.modified));
        if !full {
            changes.removed.push(key.event_id());
        }
    }
    mirror.known = known;
    mirror.gone.end();
    Some(changes)
}

/// Whether what a page showed counts, against what was delivered since the sweep began.
fn shows(
    mirror: &mut Mirror,
    delivered: &BTreeMap<Key, Event>,
    key: &Key,
    seen: &Note,
    at_hand: bool,
) -> bool {
    if let Some(heard) = delivered.get(key).map(Note::of) {
        let newer = is_newer(seen.modified, heard.modified);
        mirror.stale |= newer.is_none() && seen.digest != heard.digest;
        return newer == Some(true) && at_hand;
    }
    match mirror.gone.since_begin(key, seen.series.as_deref()) {
        None => true,
        Some(Absence::Outside(at)) => {
            let newer = is_newer(seen.modified, at);
            mirror.stale |= newer.is_none();
            newer == Some(true)
        }
        // It may have been restored since; only pages that are read from now on can tell.
        Some(Absence::Deleted(at)) => {
            mirror.stale |= is_newer(seen.modified, at) != Some(false);
            false
        }
    }
}

/// Whether the first is newer than the second; nothing where one of them is not known, or both are the same.
pub(super) fn is_newer(one: Option<Modified>, other: Option<Modified>) -> Option<bool> {
    let (one, other) = (one?, other?);
    (one != other).then_some(one > other)
}
