//! A sweep: reads the pages of the window and computes the changes at the end.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use connect_core::{
    Error, ErrorKind, Pager,
    types::{Event, EventPage, ListEvents, Provider},
};

use super::{
    Mirror,
    index::{EventKey, Fingerprint, Modified},
    series_kind::SeriesKind,
    tombstones::Absence,
};
use crate::sync::Changes;

#[derive(Clone, Debug)]
pub(super) struct Sweep {
    list: ListEvents,
    pager: Pager<ListEvents>,
    listed: BTreeMap<EventKey, ListedEvent>,
    /// The events of webhook deliveries since the sweep began.
    delivered: BTreeMap<EventKey, Event>,
    restarted: bool,
}

/// An event that a page lists. `event` is stored only if the changes of the sweep may contain it.
#[derive(Clone, Debug)]
struct ListedEvent {
    fingerprint: Fingerprint,
    event: Option<Event>,
}

impl Sweep {
    pub(super) fn new(list: ListEvents) -> Self {
        let (pager, listed, delivered) = (Pager::new(list.clone()), BTreeMap::new(), BTreeMap::new());
        Self { list, pager, listed, delivered, restarted: false }
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
    fn restart(&mut self, error: Error) -> Result<(), Error> {
        self.pager = Pager::new(self.list.clone());
        self.listed.clear();
        if std::mem::replace(&mut self.restarted, true) { Err(error) } else { Ok(()) }
    }
}

pub(super) fn answered(
    mirror: &mut Mirror,
    response: Result<EventPage, Error>,
) -> Result<Option<Changes>, Error> {
    let Some(sweep) = &mut mirror.sweep else { return Ok(None) };
    let page = match response {
        Ok(page) => page,
        Err(error)
            if sweep.pager.token().is_some() && matches!(error.kind(), ErrorKind::Validation { .. }) =>
        {
            return sweep.restart(error).map(|()| None);
        }
        Err(error) => return Err(error),
    };
    let mut pager = sweep.pager.clone();
    pager.answered(&page)?; // an error leaves the sweep unchanged
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
    if sweep
        .listed
        .get(&key)
        .is_some_and(|listed| is_newer(listed.fingerprint.modified, fingerprint.modified) == Some(true))
    {
        return;
    }
    // If the copy contains the master, removing the master also removes this occurrence. The occurrence
    // must then be added again.
    let with_master =
        fingerprint.series.as_ref().is_some_and(|series| mirror.index.get(&key.sibling(series)).is_some());
    let is_known = mirror.index.get(&key).is_some_and(|known| known.digest == fingerprint.digest);
    let event = (!mirror.complete || with_master || !is_known).then_some(event);
    sweep.listed.insert(key, ListedEvent { fingerprint, event });
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
    let Sweep { listed, delivered, .. } = mirror.sweep.take()?;
    let full = !std::mem::replace(&mut mirror.complete, true);
    let mut changes = Changes { full, ..Changes::default() };
    let mut kept = listed;
    kept.retain(|key, listed| {
        listed_version_counts(mirror, &delivered, key, &listed.fingerprint, listed.event.is_some())
    });
    for (key, event) in delivered {
        if let Entry::Vacant(open) = kept.entry(key) {
            // The delivered event is newer than its page, or it is a series, which no page contains.
            mirror.stale |= SeriesKind::of(&event) == SeriesKind::Unclear;
            open.insert(ListedEvent { fingerprint: Fingerprint::from(&event), event: Some(event) });
        }
    }

    // Both lists of keys are sorted, so one pass finds the keys that are only in the index.
    let mut kept_keys = kept.keys().peekable();
    let is_removed = |key: &&EventKey| {
        while kept_keys.next_if(|kept| kept < key).is_some() {}
        kept_keys.peek() != Some(key)
    };
    let removed: BTreeSet<EventKey> = mirror.index.keys().filter(is_removed).cloned().collect();
    for (key, ListedEvent { fingerprint, event }) in kept {
        let differs = mirror.index.get(&key).is_none_or(|known| known.digest != fingerprint.digest);
        let again =
            || fingerprint.series.as_ref().is_some_and(|series| removed.contains(&key.sibling(series)));
        if full || differs || again() {
            changes.events.extend(event);
        }
        if differs {
            mirror.index.insert(key, fingerprint);
        }
    }
    for key in removed {
        let modified = mirror.index.remove(&key).and_then(|known| known.modified);
        if !full {
            changes.removed.push(key.event_id());
        }
        mirror.tombstones.insert(key, Absence::Outside(modified));
    }
    mirror.tombstones.end();
    Some(changes)
}

/// Whether the listed version of an event replaces the version from deliveries during this sweep.
fn listed_version_counts(
    mirror: &mut Mirror,
    delivered: &BTreeMap<EventKey, Event>,
    key: &EventKey,
    listed: &Fingerprint,
    has_event: bool,
) -> bool {
    if let Some(known) = delivered.get(key).map(Fingerprint::from) {
        let newer = is_newer(listed.modified, known.modified);
        mirror.stale |= newer.is_none() && listed.digest != known.digest;
        return newer == Some(true) && has_event;
    }
    match mirror.tombstones.absence_since_begin(key, listed.series.as_deref()) {
        None => true,
        Some(Absence::Outside(at)) => {
            let newer = is_newer(listed.modified, at);
            mirror.stale |= newer.is_none();
            newer == Some(true)
        }
        // The event may have been restored after the deletion. Only a later sweep shows whether it exists.
        Some(Absence::Deleted(at)) => {
            mirror.stale |= is_newer(listed.modified, at) != Some(false);
            false
        }
    }
}

/// Whether `one` is later than `other`; `None` if a time is unknown, or if both times are equal.
pub(super) fn is_newer(one: Option<Modified>, other: Option<Modified>) -> Option<bool> {
    let (one, other) = (one?, other?);
    (one != other).then_some(one > other)
}
