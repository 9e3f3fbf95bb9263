//! What of an event a list shows, and what has changed of that.
//!
//! A list of single events has the occurrences of a series; any other has the series itself, and beside it each occurrence
//! that is different, those that were called off among them.

use super::query::{Order, Query};
use super::resource;
use crate::world::calendar::{Entry, Event, Exception, Fields, Instance, etag};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One entry of a list.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    event: &'a Arc<Event>,
    id: String,
    start: Timestamp,
    updated: Timestamp,
    shown: Shown<'a>,
}

#[derive(Clone, Debug)]
enum Shown<'a> {
    Live(Box<Instance<'a>>),
    /// An event that is cancelled, or the occurrence of a series.
    Cancelled(Option<Timestamp>),
}

impl<'a> Item<'a> {
    fn of(event: &'a Arc<Event>, instance: Instance<'a>) -> Self {
        let (id, start, updated) = (instance.id(), instance.fields.start, instance.last_modified);
        let shown = match instance.fields.status {
            Some("cancelled") => Shown::Cancelled(instance.occurrence),
            _ => Shown::Live(Box::new(instance)),
        };
        Self { event, id, start, updated, shown }
    }

    fn removed(event: &'a Arc<Event>, start: Timestamp) -> Self {
        let one = Instance { occurrence: Some(start), ..event.whole() };
        Self {
            event,
            id: one.id(),
            start,
            updated: event.last_modified,
            shown: Shown::Cancelled(Some(start)),
        }
    }

    /// The same, gone since `at`.
    pub(super) fn cancelled(self, at: Timestamp) -> Self {
        Self { shown: Shown::Cancelled(self.occurrence()), updated: at, ..self }
    }

    /// The item in its place among the others.
    pub(super) fn entry(self, query: &Query) -> Entry {
        let time = query.order.map(|order| match order {
            Order::StartTime => self.start,
            Order::Updated => self.updated,
        });
        let (occurrence, gone) = (self.occurrence(), !self.is_live());
        Entry { key: (time, self.id), event: self.event.clone(), occurrence, gone }
    }

    fn occurrence(&self) -> Option<Timestamp> {
        match &self.shown {
            Shown::Live(one) => one.occurrence,
            Shown::Cancelled(occurrence) => *occurrence,
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.shown, Shown::Live(_))
    }

    /// Whether a list shows it that did not ask for what was deleted: an occurrence that was called off belongs to its
    /// series.
    pub(super) fn is_listed(&self, query: &Query) -> bool {
        let exception = matches!(self.shown, Shown::Cancelled(Some(_))) && !query.single_events;
        self.is_live() || query.show_deleted || exception
    }

    /// Live ones that differ have different versions; there is one way to be cancelled.
    fn version(&self) -> Option<String> {
        match &self.shown {
            Shown::Live(instance) => Some(etag(instance)),
            Shown::Cancelled(..) => None,
        }
    }
}

/// What `query` shows of an event.
pub(super) fn items<'a>(event: &'a Arc<Event>, query: &Query) -> Vec<Item<'a>> {
    if query.series.as_ref().is_some_and(|series| *series != event.id) {
        return Vec::new();
    }
    let mut items = Vec::new();
    match &event.series {
        None if query.series.is_some() => {}
        None => items.extend(Some(Item::of(event, event.whole())).filter(|_| covers(query, &event.fields))),
        Some(series) => {
            let removed = series.exceptions.iter().filter(|(_, one)| matches!(one, Exception::Removed));
            let removed = removed.filter(|(start, _)| covers(query, &event.fields.moved_to(**start)));
            items.extend(removed.map(|(start, _)| Item::removed(event, *start)));
            let instances =
                if query.single_events { occurrences(event, query) } else { series_of(event, query) };
            items.extend(instances.into_iter().map(|one| Item::of(event, one)));
        }
    }
    items.retain(|item| {
        let fits = query.original_start.is_none_or(|wanted| item.occurrence() == Some(wanted));
        fits && match &item.shown {
            Shown::Live(instance) => finds(query, instance),
            Shown::Cancelled(..) => true,
        }
    });
    items
}

fn occurrences<'a>(event: &'a Event, query: &Query) -> Vec<Instance<'a>> {
    let all = event.instances(query.range(), false).into_iter();
    all.filter(|one| covers(query, &one.fields)).collect()
}

/// The series, if any of it lies where the query looks, and the occurrences that differ.
fn series_of<'a>(event: &'a Event, query: &Query) -> Vec<Instance<'a>> {
    let everywhere = query.time_min.is_none() && query.time_max.is_none();
    let mut all = Vec::new();
    if everywhere || !occurrences(event, query).is_empty() {
        all.push(event.whole());
    }
    let exceptions = event.series.iter().flat_map(|series| &series.exceptions);
    let changed = exceptions.filter(|(_, one)| matches!(one, Exception::Changed(..)));
    let changed = changed.filter_map(|(start, _)| event.occurrence(*start));
    all.extend(changed.filter(|one| covers(query, &one.fields)));
    all
}

fn covers(query: &Query, fields: &Fields) -> bool {
    query.covers(fields.start, fields.end)
}

/// Whether it is what the query looks for.
fn finds(query: &Query, instance: &Instance<'_>) -> bool {
    let fields = &instance.fields;
    let kind = fields.own.get("eventType").and_then(Value::as_str).unwrap_or("default");
    let properties = resource::extended_properties(fields);
    let has = |group: &str, wanted: &String| {
        wanted.split_once('=').is_some_and(|(name, value)| properties[group][name] == value)
    };
    (query.types.is_empty() || query.types.iter().any(|wanted| wanted == kind))
        && query.text.as_ref().is_none_or(|text| mentions(fields, text))
        && query.updated_min.is_none_or(|min| instance.last_modified >= min)
        && query.uid.as_ref().is_none_or(|uid| *uid == format!("{}@google.com", instance.event.id))
        && query.private.iter().all(|wanted| has("private", wanted))
        && query.shared.iter().all(|wanted| has("shared", wanted))
}

fn mentions(fields: &Fields, text: &str) -> bool {
    let texts = [Some(&fields.title), fields.description.as_ref(), fields.location.as_ref()];
    let guests = fields.attendees.iter().map(|guest| &guest.email);
    texts.into_iter().flatten().chain(guests).any(|one| one.to_lowercase().contains(text))
}

/// What of an event is new, different or gone in a list that showed it as it was `before`.
pub(super) fn changes<'a>(
    before: Option<&'a Arc<Event>>,
    now: Option<&'a Arc<Event>>,
    query: &Query,
    at: Timestamp,
) -> Vec<Item<'a>> {
    let by_id = |event: Option<&'a Arc<Event>>| -> BTreeMap<String, Item<'a>> {
        let all = event.map(|event| items(event, query)).unwrap_or_default();
        all.into_iter().map(|item| (item.id.clone(), item)).collect()
    };
    let (before, present) = (by_id(before), by_id(now));
    let mut changed = Vec::new();
    for (id, old) in &before {
        if present.contains_key(id) {
            continue;
        }
        // An exception that is none any more is an occurrence like the others.
        let start = id.rsplit_once('_').and_then(|(_, stamp)| crate::world::time::read(stamp));
        let regular = || {
            let series = now.filter(|_| !query.single_events)?;
            Some(Item::of(series, series.occurrence(start?)?))
        };
        match regular().filter(|one| one.id == *id) {
            Some(one) => changed.push(one),
            None if old.is_live() => changed.push(old.clone().cancelled(at)),
            None => {}
        }
    }
    for (id, item) in present {
        let old = before.get(&id).map(Item::version);
        // Of what nobody was told there is nothing to take back, but that a series does not have one of its occurrences.
        let unknown = old.is_none() && !item.is_live() && query.single_events;
        if old != Some(item.version()) && !unknown {
            changed.push(item);
        }
    }
    changed
}
