//! Selects the list items of an event, and compares two versions of an event.
//!
//! With `singleEvents`, a list has one item for each occurrence of a series. Without `singleEvents`, a list
//! has one item for the series, and one for each changed or cancelled occurrence.

use super::query::{Order, Query};
use super::resource;
use crate::world::calendar::{Entry, Event, Exception, Fields, Instance, etag};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    event: &'a Arc<Event>,
    id: String,
    start: Timestamp,
    updated: Timestamp,
    state: ItemState<'a>,
}

#[derive(Clone, Debug)]
enum ItemState<'a> {
    Live(Box<Instance<'a>>),
    /// The original start of a cancelled occurrence, or `None` for a cancelled event.
    Cancelled(Option<Timestamp>),
}

impl<'a> Item<'a> {
    fn of(event: &'a Arc<Event>, instance: Instance<'a>) -> Self {
        let (id, start, updated) = (instance.id(), instance.fields.start, instance.last_modified);
        let state = match instance.fields.status {
            Some("cancelled") => ItemState::Cancelled(instance.occurrence),
            _ => ItemState::Live(Box::new(instance)),
        };
        Self { event, id, start, updated, state }
    }

    fn removed(event: &'a Arc<Event>, start: Timestamp) -> Self {
        let one = Instance { occurrence: Some(start), ..event.whole() };
        Self {
            event,
            id: one.id(),
            start,
            updated: event.last_modified,
            state: ItemState::Cancelled(Some(start)),
        }
    }

    /// Marks the item as deleted at `at`.
    pub(super) fn cancelled(self, at: Timestamp) -> Self {
        Self { state: ItemState::Cancelled(self.occurrence()), updated: at, ..self }
    }

    /// Returns the list entry with its sort key.
    pub(super) fn entry(self, query: &Query) -> Entry {
        let time = query.order.map(|order| match order {
            Order::StartTime => self.start,
            Order::Updated => self.updated,
        });
        let (occurrence, gone) = (self.occurrence(), !self.is_live());
        Entry { key: (time, self.id), event: self.event.clone(), occurrence, gone }
    }

    fn occurrence(&self) -> Option<Timestamp> {
        match &self.state {
            ItemState::Live(one) => one.occurrence,
            ItemState::Cancelled(occurrence) => *occurrence,
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.state, ItemState::Live(_))
    }

    /// Returns whether a list for `query` contains the item. A list without `showDeleted` and without
    /// `singleEvents` still contains the cancelled occurrences of a series.
    pub(super) fn is_listed(&self, query: &Query) -> bool {
        let exception = matches!(self.state, ItemState::Cancelled(Some(_))) && !query.single_events;
        self.is_live() || query.show_deleted || exception
    }

    /// Returns the entity tag of a live item, which changes with the item's content. Returns `None`
    /// for a cancelled item.
    fn version(&self) -> Option<String> {
        match &self.state {
            ItemState::Live(instance) => Some(etag(instance)),
            ItemState::Cancelled(..) => None,
        }
    }
}

/// Returns the items of an event that match `query`.
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
        fits && match &item.state {
            ItemState::Live(instance) => matches_query(query, instance),
            ItemState::Cancelled(..) => true,
        }
    });
    items
}

fn occurrences<'a>(event: &'a Event, query: &Query) -> Vec<Instance<'a>> {
    let all = event.instances(query.range(), false).into_iter();
    all.filter(|one| covers(query, &one.fields)).collect()
}

/// Returns the changed occurrences in the query's range. If the series has an occurrence in the range,
/// returns the series as well.
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

fn matches_query(query: &Query, instance: &Instance<'_>) -> bool {
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

/// Returns the items that report the change of an event from version `before` to version `now`.
/// A missing version means that the event does not exist.
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
        // An occurrence that is no longer an exception is listed as a regular occurrence.
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
        // With `singleEvents`, the list omits a cancelled item that the client never received.
        let unknown = old.is_none() && !item.is_live() && query.single_events;
        if old != Some(item.version()) && !unknown {
            changed.push(item);
        }
    }
    changed
}
