//! Applies webhook deliveries to the copy.

use std::collections::BTreeMap;

use connect_core::types::{ChangeType, Delivery, Event, EventChange, EventStatus, Provider};

use super::{
    Mirror,
    index::{EventKey, Fingerprint, Modified},
    series_kind::SeriesKind,
    sweep::{Sweep, is_newer},
    tombstones::Absence,
};
use crate::sync::Changes;

/// The new version of each changed event; `None` for a removed event. If an event changed several times, the
/// map has only the last change.
type DeliveredChanges = BTreeMap<EventKey, Option<Event>>;

pub(super) fn apply(mirror: &mut Mirror, delivery: &Delivery) -> Changes {
    let mut changed = DeliveredChanges::new();
    for change in &delivery.events {
        apply_change(mirror, delivery, change, &mut changed);
    }
    mirror.stale |= is_incomplete(delivery);
    let mut changes = Changes::default();
    for (key, event) in changed {
        match event {
            Some(event) => changes.events.push(event),
            None => changes.removed.push(key.event_id()),
        }
    }
    changes
}

/// Whether the delivery had more events than could be read.
fn is_incomplete(delivery: &Delivery) -> bool {
    let count = delivery.metadata.as_ref().and_then(|metadata| metadata.event_count).unwrap_or(0);
    delivery.extra.get("events").is_some()
        || usize::try_from(count).is_ok_and(|count| count > delivery.events.len())
}

fn apply_change(
    mirror: &mut Mirror,
    delivery: &Delivery,
    change: &EventChange,
    changed: &mut DeliveredChanges,
) {
    let Some(key) = locate(mirror, delivery, &change.event) else {
        mirror.stale = true;
        return;
    };
    if !is_selected(mirror, &key) {
        return;
    }
    match change_type(delivery, change) {
        Some(ChangeType::Deleted) => {
            let deleted_at = delivery.timestamp.max(change.event.last_modified).map(Modified::from);
            delete(mirror, &key, deleted_at, changed);
        }
        Some(ChangeType::Created | ChangeType::Updated) => {
            let mut event = change.event.clone();
            event.provider = Some(Provider::from(&*key.provider));
            event.calendar_id = Some(key.calendar.clone()).filter(|id| !id.is_empty());
            upsert(mirror, &key, event, changed);
        }
        _ => mirror.stale = true,
    }
}

/// Returns the key of a delivered event.
///
/// If the event lacks the provider or the calendar, the field of the delivery is used. If the delivery lacks
/// this field too, the mirror is searched for the id; `None` unless exactly one event matches.
fn locate(mirror: &Mirror, delivery: &Delivery, event: &Event) -> Option<EventKey> {
    let id = Some(&event.id).filter(|id| !id.is_empty())?;
    let provider = event.provider.as_ref().or(delivery.provider.as_ref());
    let calendar = event.calendar_id.as_ref().or(delivery.calendar_id.as_ref());
    if let (Some(provider), Some(calendar)) = (provider, calendar) {
        let key = |calendar: &str| EventKey {
            provider: provider.as_str().to_owned(),
            calendar: calendar.to_owned(),
            id: id.clone(),
        };
        // A list may omit the calendar id that a delivery contains.
        let without_calendar = Some(key("")).filter(|key| mirror.index.get(key).is_some());
        return Some(without_calendar.unwrap_or_else(|| key(calendar)));
    }
    let fits = |key: &EventKey| {
        provider.is_none_or(|provider| provider.as_str() == key.provider)
            && calendar.is_none_or(|calendar| *calendar == key.calendar)
    };
    let mut fitting = mirror.index.with_id(id).filter(|key| fits(key));
    let only = fitting.next().cloned();
    only.filter(|_| fitting.next().is_none())
}

fn is_selected(mirror: &Mirror, key: &EventKey) -> bool {
    let named = |one: &connect_core::types::CalendarRef| {
        one.provider.as_str() == key.provider && (one.id == key.calendar || key.calendar.is_empty())
    };
    mirror.calendars.is_empty() || mirror.calendars.iter().any(named)
}

/// Returns the type of a change. If the change has no type, the type of the delivery is used.
///
/// If both types are missing, the `eventType` of the delivery is used, but only if the delivery has exactly
/// one event, because `eventType` does not name the event to which it applies.
fn change_type(delivery: &Delivery, change: &EventChange) -> Option<ChangeType> {
    let of_all = || delivery.change_type.clone();
    let of_one = || {
        let text = delivery.event_type.as_deref().filter(|_| delivery.events.len() == 1)?;
        Some(ChangeType::from(text.strip_prefix("event.")?))
    };
    change.change_type.clone().or_else(of_all).or_else(of_one)
}

fn delete(mirror: &mut Mirror, key: &EventKey, deleted_at: Option<Modified>, changed: &mut DeliveredChanges) {
    let event = mirror.index.get(key).map(|entry| (key, entry));
    let with_occurrences = || event.into_iter().chain(mirror.index.of_series(key));
    if with_occurrences().any(|(_, entry)| is_newer(entry.modified, deleted_at) == Some(true)) {
        // A later version is known. Only a sweep can show whether the event still exists.
        mirror.stale = true;
        mirror.tombstones.insert_old(key.clone(), Absence::Deleted(deleted_at));
        return;
    }
    let undated = deleted_at.is_none() || with_occurrences().any(|(_, entry)| entry.modified.is_none());
    let all: Vec<_> = with_occurrences().map(|(key, _)| key.clone()).collect();
    mirror.stale |= undated && !all.is_empty(); // the event may have been restored after the deletion
    mirror.tombstones.insert(key.clone(), Absence::Deleted(deleted_at));
    mirror.sweep.as_mut().into_iter().for_each(|sweep| sweep.discard_delivered(key));
    for key in all {
        remove(mirror, &key);
        changed.insert(key, None);
    }
}

fn upsert(mirror: &mut Mirror, key: &EventKey, event: Event, changed: &mut DeliveredChanges) {
    let Some(is_inside) = mirror.window.shows(&event) else {
        mirror.stale = true;
        return;
    };
    let series_kind = SeriesKind::of(&event);
    if series_kind == SeriesKind::Series || mirror.index.of_series(key).next().is_some() {
        mirror.tombstones.insert(key.clone(), Absence::Outside(event.last_modified.map(Modified::from)));
        mirror.stale = true;
        return;
    }
    let entry = Fingerprint::from(&event);
    if !should_apply(mirror, key, &entry) {
        return;
    }
    let was_there = mirror.index.get(key).is_some();
    // Lists contain no series, and perhaps no cancelled events. Only a sweep shows whether a list contains
    // this event.
    mirror.stale |= series_kind == SeriesKind::Unclear || event.status == Some(EventStatus::Cancelled);
    if is_inside {
        mirror.index.insert(key.clone(), entry);
        mirror
            .sweep
            .as_mut()
            .into_iter()
            .for_each(|sweep| sweep.record_delivered(key.clone(), event.clone()));
        changed.insert(key.clone(), Some(event));
    } else {
        mirror.tombstones.insert(key.clone(), Absence::Outside(entry.modified));
        remove(mirror, key);
        if was_there {
            changed.insert(key.clone(), None);
        }
    }
}

/// Whether to apply a delivered version. The version must be later than the known version or, if the event
/// was removed, later than the removal. If the order is unknown, a sweep is due, and the version is applied
/// unless the event was deleted.
fn should_apply(mirror: &mut Mirror, key: &EventKey, entry: &Fingerprint) -> bool {
    if let Some(known) = mirror.index.get(key) {
        if known.digest == entry.digest {
            return false;
        }
        let newer = is_newer(entry.modified, known.modified);
        mirror.stale |= newer.is_none();
        return newer != Some(false);
    }
    match mirror.tombstones.absence(key, entry.series.as_deref()) {
        None => true,
        Some(Absence::Deleted(at) | Absence::Outside(at)) if at.is_some() && entry.modified.is_some() => {
            entry.modified > at
        }
        Some(absence) => {
            mirror.stale = true;
            matches!(absence, Absence::Outside(_))
        }
    }
}

fn remove(mirror: &mut Mirror, key: &EventKey) {
    mirror.index.remove(key);
    let withdraw = |sweep: &mut Sweep| sweep.discard_delivered(key);
    mirror.sweep.as_mut().into_iter().for_each(withdraw);
}
