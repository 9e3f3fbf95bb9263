//! A sweep: reads the pages of the window and computes the changes at the end.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use connect_core::{
    Error, ErrorKind, Pager,
    types::{Event, EventPage, ListEvents, Provider},
};

use super::{
    Mirror,
    index::{EventKey, Fingerprint, IndexEntry, Modified, SweepNumber},
    series_kind::SeriesKind,
    tombstones::{Absence, Tombstones},
};
use crate::sync::Changes;

#[derive(Clone, Debug)]
pub(super) struct Sweep {
    number: SweepNumber,
    list: ListEvents,
    pager: Pager<ListEvents>,
    /// The listed events that the changes of the sweep may contain. For an unchanged event, the index has the
    /// number of the sweep instead.
    listed: BTreeMap<EventKey, ListedEvent>,
    /// The events of webhook deliveries since the sweep began.
    delivered: BTreeMap<EventKey, Event>,
    restarted: bool,
}

#[derive(Clone, Debug)]
struct ListedEvent {
    fingerprint: Fingerprint,
    event: Event,
}

impl Sweep {
    pub(super) fn new(number: SweepNumber, list: ListEvents) -> Self {
        let (pager, listed, delivered) = (Pager::new(list.clone()), BTreeMap::new(), BTreeMap::new());
        Self { number, list, pager, listed, delivered, restarted: false }
    }

    pub(super) fn request(&self) -> Option<ListEvents> {
        self.pager.request()
    }

    pub(super) fn record_delivered(&mut self, key: EventKey, event: Event) {
        self.delivered.insert(key, event);
    }

    pub(super) fn discard_delivered(&mut self, key: &EventKey) {
        self.delivered.remove(key);
    }

    /// Restarts from the first page, because the server would refuse the page token again. Delivered events
    /// stay recorded. Returns `error` if the sweep has already been restarted once.
    fn restart(&mut self, number: SweepNumber, error: Error) -> Result<(), Error> {
        self.number = number;
        self.pager = Pager::new(self.list.clone());
        self.listed.clear();
        if std::mem::replace(&mut self.restarted, true) { Err(error) } else { Ok(()) }
    }
}

pub(super) fn advance(
    mirror: &mut Mirror,
    response: Result<EventPage, Error>,
) -> Result<Option<Changes>, Error> {
    let Some(sweep) = &mut mirror.sweep else { return Ok(None) };
    let page = match response {
        Ok(page) => page,
        Err(error)
            if sweep.pager.token().is_some() && matches!(error.kind(), ErrorKind::Validation { .. }) =>
        {
            mirror.sweeps.0 += 1;
            return sweep.restart(mirror.sweeps, error).map(|()| None);
        }
        Err(error) => return Err(error),
    };
    let mut pager = sweep.pager.clone();
    pager.advance(&page)?; // an error leaves the sweep unchanged
    let over = pager.request().is_none();
    sweep.pager = pager;
    for event in page.events {
        record_listed(mirror, event);
    }
    Ok(over.then(|| finish(mirror)).flatten())
}

/// Records an event of a page. An event that moved during the sweep may be listed twice: the older version
/// is then ignored.
fn record_listed(mirror: &mut Mirror, event: Event) {
    let event = with_calendar_id(mirror, event);
    let (key, fingerprint) = (EventKey::of(&event), Fingerprint::from(&event));
    let Some(sweep) = &mut mirror.sweep else { return };
    // If the copy contains the master, removing the master also removes this occurrence. The occurrence
    // must then be added again.
    let with_master =
        fingerprint.series.as_ref().is_some_and(|series| mirror.index.get(&key.sibling(series)).is_some());
    let known = mirror.index.get_mut(&key);
    let earlier = match (sweep.listed.get(&key), &known) {
        (Some(listed), _) => Some(&listed.fingerprint),
        (None, Some(entry)) if entry.listed_by == Some(sweep.number) => Some(&entry.fingerprint),
        _ => None,
    };
    if earlier.is_some_and(|earlier| is_newer(earlier.modified, fingerprint.modified) == Some(true)) {
        return;
    }
    match known {
        Some(entry) if mirror.complete && !with_master && entry.fingerprint.digest == fingerprint.digest => {
            entry.listed_by = Some(sweep.number);
            sweep.listed.remove(&key);
        }
        _ => {
            sweep.listed.insert(key, ListedEvent { fingerprint, event });
        }
    }
}

/// Adds the calendar id if the service omits it and only one calendar of the provider is mirrored.
fn with_calendar_id(mirror: &Mirror, mut event: Event) -> Event {
    if event.calendar_id.is_none() {
        let provider = event.provider.as_ref().map_or("", Provider::as_str);
        let mut asked = mirror.calendars.iter().filter(|one| one.provider.as_str() == provider);
        if let (Some(only), None) = (asked.next(), asked.next()) {
            event.calendar_id = Some(only.id.clone());
        }
    }
    event
}

/// Ends the sweep and returns its changes.
fn finish(mirror: &mut Mirror) -> Option<Changes> {
    let Sweep { number, listed: mut kept, delivered, .. } = mirror.sweep.take()?;
    let full = !std::mem::replace(&mut mirror.complete, true);
    let mut changes = Changes { full, ..Changes::default() };
    let Mirror { index, tombstones, stale, .. } = mirror;
    kept.retain(|key, ListedEvent { fingerprint, .. }| match delivered.get(key).map(Fingerprint::from) {
        Some(known) => {
            let newer = is_newer(fingerprint.modified, known.modified);
            *stale |= newer.is_none() && fingerprint.digest != known.digest;
            newer == Some(true)
        }
        None => exists(tombstones, key, fingerprint, stale),
    });
    for (key, event) in delivered {
        if let Entry::Vacant(open) = kept.entry(key) {
            // The delivered event is newer than its page, or it is a series, which no page contains.
            *stale |= SeriesKind::of(&event) == SeriesKind::Unclear;
            open.insert(ListedEvent { fingerprint: Fingerprint::from(&event), event });
        }
    }
    let is_unchanged = |key: &EventKey, entry: &IndexEntry, stale: &mut bool| {
        entry.listed_by == Some(number) && exists(tombstones, key, &entry.fingerprint, stale)
    };
    let removed: BTreeSet<EventKey> = index
        .iter()
        .filter(|(key, entry)| !kept.contains_key(key) && !is_unchanged(key, entry, stale))
        .map(|(key, _)| key.clone())
        .collect();
    for (key, ListedEvent { fingerprint, event }) in kept {
        let differs = index.get(&key).is_none_or(|known| known.digest != fingerprint.digest);
        let again =
            || fingerprint.series.as_ref().is_some_and(|series| removed.contains(&key.sibling(series)));
        if full || differs || again() {
            changes.events.push(event);
        }
        if differs {
            index.insert(key, fingerprint);
        }
    }
    for key in removed {
        let modified = index.remove(&key).and_then(|entry| entry.fingerprint.modified);
        if !full {
            changes.removed.push(key.event_id());
        }
        tombstones.insert(key, Absence::Outside(modified));
    }
    tombstones.end();
    Some(changes)
}

/// Whether an event of a page still exists, although a delivery may have removed it during this sweep.
fn exists(tombstones: &Tombstones, key: &EventKey, listed: &Fingerprint, stale: &mut bool) -> bool {
    match tombstones.absence_since_begin(key, listed.series.as_deref()) {
        None => true,
        Some(Absence::Outside(at)) => {
            let newer = is_newer(listed.modified, at);
            *stale |= newer.is_none();
            newer == Some(true)
        }
        // The event may have been restored after the deletion. Only a later sweep shows whether it exists.
        Some(Absence::Deleted(at)) => {
            *stale |= is_newer(listed.modified, at) != Some(false);
            false
        }
    }
}

/// Whether `one` is later than `other`; `None` if a time is unknown, or if both times are equal.
pub(super) fn is_newer(one: Option<Modified>, other: Option<Modified>) -> Option<bool> {
    let (one, other) = (one?, other?);
    (one != other).then_some(one > other)
}
