//! What a delivery comes to.

use std::collections::BTreeMap;

use connect_core::types::{ChangeType, Delivery, Event, EventChange, EventStatus, Provider};

use super::{
    Mirror,
    gone::Absence,
    known::{Key, Modified, Note},
    nature::Nature,
    sweep::{Sweep, is_newer},
};
use crate::sync::Changes;

/// What becomes of the copy: an event, or none. The last of several changes of one event counts.
type News = BTreeMap<Key, Option<Event>>;

pub(super) fn take(mirror: &mut Mirror, delivery: &Delivery) -> Changes {
    let mut news = News::new();
    for change in &delivery.events {
        hear(mirror, delivery, change, &mut news);
    }
    mirror.stale |= is_short(delivery);
    let mut changes = Changes::default();
    for (key, event) in news {
        match event {
            Some(event) => changes.events.push(event),
            None => changes.removed.push(key.event_id()),
        }
    }
    changes
}

/// Whether there was more than could be read.
fn is_short(delivery: &Delivery) -> bool {
    let count = delivery.metadata.as_ref().and_then(|metadata| metadata.event_count).unwrap_or(0);
    delivery.extra.get("events").is_some()
        || usize::try_from(count).is_ok_and(|count| count > delivery.events.len())
}

fn hear(mirror: &mut Mirror, delivery: &Delivery, change: &EventChange, news: &mut News) {
    let Some(key) = place(mirror, delivery, &change.event) else {
        mirror.stale = true;
        return;
    };
    if !is_wanted(mirror, &key) {
        return;
    }
    match kind(delivery, change) {
        Some(ChangeType::Deleted) => {
            let told = delivery.timestamp.max(change.event.last_modified).map(Modified::from);
            delete(mirror, &key, told, news);
        }
        Some(ChangeType::Created | ChangeType::Updated) => {
            let mut event = change.event.clone();
            event.provider = Some(Provider::from(&*key.provider));
            event.calendar_id = Some(key.calendar.clone()).filter(|id| !id.is_empty());
            put(mirror, &key, event, news);
        }
        _ => mirror.stale = true,
    }
}

/// Where the event is: what it says, or the delivery, or what is known of its id.
fn place(mirror: &Mirror, delivery: &Delivery, event: &Event) -> Option<Key> {
    let id = Some(&event.id).filter(|id| !id.is_empty())?;
    let provider = event.provider.as_ref().or(delivery.provider.as_ref());
    let calendar = event.calendar_id.as_ref().or(delivery.calendar_id.as_ref());
    if let (Some(provider), Some(calendar)) = (provider, calendar) {
        let key = |calendar: &str| Key {
            provider: provider.as_str().to_owned(),
            calendar: calendar.to_owned(),
            id: id.clone(),
        };
        // A list need not name calendars, though deliveries do.
        let nameless = Some(key("")).filter(|key| mirror.known.get(key).is_some());
        return Some(nameless.unwrap_or_else(|| key(calendar)));
    }
    let fits = |key: &Key| {
        key.id == *id
            && provider.is_none_or(|provider| provider.as_str() == key.provider)
            && calendar.is_none_or(|calendar| *calendar == key.calendar)
    };
    let mut fitting = mirror.known.iter().map(|(key, _)| key).filter(|key| fits(key));
    let only = fitting.next().cloned();
    only.filter(|_| fitting.next().is_none())
}

fn is_wanted(mirror: &Mirror, key: &Key) -> bool {
    let named = |one: &connect_core::types::CalendarRef| {
        one.provider.as_str() == key.provider && (one.id == key.calendar || key.calendar.is_empty())
    };
    mirror.calendars.is_empty() || mirror.calendars.iter().any(named)
}

/// What happened. The shape without kinds of its own has one in `eventType`, which is only certain of a single event.
fn kind(delivery: &Delivery, change: &EventChange) -> Option<ChangeType> {
    let of_all = || delivery.change_type.clone();
    let of_one = || {
        let text = delivery.event_type.as_deref().filter(|_| delivery.events.len() == 1)?;
        Some(ChangeType::from(text.strip_prefix("event.")?))
    };
    change.change_type.clone().or_else(of_all).or_else(of_one)
}

fn delete(mirror: &mut Mirror, key: &Key, told: Option<Modified>, news: &mut News) {
    let it = mirror.known.get(key).map(|note| (key, note));
    let with_it = || it.into_iter().chain(mirror.known.of_series(key));
    if with_it().any(|(_, note)| is_newer(note.modified, told) == Some(true)) {
        // It was told before what is known: whether it still holds, a sweep tells.
        mirror.stale = true;
        mirror.gone.insert_old(key.clone(), Absence::Deleted(told));
        return;
    }
    let undated = told.is_none() || with_it().any(|(_, note)| note.modified.is_none());
    let all: Vec<_> = with_it().map(|(key, _)| key.clone()).collect();
    mirror.stale |= undated && !all.is_empty(); // it may have been restored since
    mirror.gone.insert(key.clone(), Absence::Deleted(told));
    mirror.sweep.as_mut().into_iter().for_each(|sweep| sweep.withdraw(key));
    for key in all {
        forget(mirror, &key);
        news.insert(key, None);
    }
}

fn put(mirror: &mut Mirror, key: &Key, event: Event, news: &mut News) {
    let Some(is_inside) = mirror.window.shows(&event) else {
        mirror.stale = true;
        return;
    };
    let nature = Nature::of(&event);
    if nature == Nature::Series || mirror.known.of_series(key).next().is_some() {
        mirror.gone.insert(key.clone(), Absence::Outside(event.last_modified.map(Modified::from)));
        mirror.stale = true;
        return;
    }
    let note = Note::of(&event);
    if !is_news(mirror, key, &note) {
        return;
    }
    let was_there = mirror.known.get(key).is_some();
    // What may be a series is not certain to be listed, even if it was there as an event: the change may be that it repeats.
    // Neither is what does not take place.
    mirror.stale |= nature == Nature::Unclear || event.status == Some(EventStatus::Cancelled);
    if is_inside {
        mirror.known.insert(key.clone(), note);
        mirror.sweep.as_mut().into_iter().for_each(|sweep| sweep.deliver(key.clone(), event.clone()));
        news.insert(key.clone(), Some(event));
    } else {
        mirror.gone.insert(key.clone(), Absence::Outside(note.modified));
        forget(mirror, key);
        if was_there {
            news.insert(key.clone(), None);
        }
    }
}

/// Whether it is later than what is known. Where nobody can tell it is believed, but against a deletion, and a sweep is due.
fn is_news(mirror: &mut Mirror, key: &Key, note: &Note) -> bool {
    if let Some(known) = mirror.known.get(key) {
        if known.digest == note.digest {
            return false;
        }
        let newer = is_newer(note.modified, known.modified);
        mirror.stale |= newer.is_none();
        return newer != Some(false);
    }
    match mirror.gone.absence(key, note.series.as_deref()) {
        None => true,
        Some(Absence::Deleted(at) | Absence::Outside(at)) if at.is_some() && note.modified.is_some() => {
            note.modified > at
        }
        Some(absence) => {
            mirror.stale = true;
            matches!(absence, Absence::Outside(_))
        }
    }
}

fn forget(mirror: &mut Mirror, key: &Key) {
    mirror.known.remove(key);
    let withdraw = |sweep: &mut Sweep| sweep.withdraw(key);
    mirror.sweep.as_mut().into_iter().for_each(withdraw);
}
