//! External edits: changes that a user makes in the provider's own calendar program.

use super::change::{Change, check_order, event_id};
use super::changed::{ChangeKind, Changed, Changes};
use super::fields::Fields;
use super::model::{Calendar, Event, Range, Target};
use super::patch::Patch;
use crate::world::random::Random;
use crate::world::time;
use jiff::Timestamp;
use serde_json::json;

#[derive(Clone, Debug)]
pub(crate) struct ExternalEdit {
    pub(crate) kind: ChangeKind,
    /// The id of the event to update or delete. By default, the edit applies to the next event.
    pub(crate) event: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExternalEditError {
    NoEvent,
    UnknownEvent(String),
    EndBeforeStart,
}

impl Calendar {
    pub(crate) fn apply_external_edit(
        &mut self,
        edit: &ExternalEdit,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changes, ExternalEditError> {
        let changed = match edit.kind {
            ChangeKind::Created => self.create_externally(edit, random, now)?,
            ChangeKind::Updated => return self.update_externally(edit, random, now),
            ChangeKind::Deleted => {
                let target = self.edited_target(edit, now)?;
                let removal = self.removal(&target, None, now).ok_or(ExternalEditError::NoEvent)?;
                self.remove(&target, None, now);
                removal
            }
        };
        Ok(Changes::of(self, [changed]))
    }

    /// Creates an event. By default, the event starts at the next full hour and lasts one hour.
    fn create_externally(
        &mut self,
        edit: &ExternalEdit,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changed, ExternalEditError> {
        let start = edit.start.unwrap_or_else(|| next_full_hour(now));
        let end = edit.end.unwrap_or_else(|| time::plus_hours(start, 1));
        let mut fields = Fields::new(edit.title.as_deref().unwrap_or("New event"), start, end);
        fields.status = Some("confirmed");
        check_order(&fields).map_err(|_| ExternalEditError::EndBeforeStart)?;
        let event = Event::single(event_id(self.provider, random), fields, now);
        let changed = Changed::of(ChangeKind::Created, &event.whole(), now);
        self.events.insert(event.id.clone(), event);
        Ok(changed)
    }

    /// Updates an event. If the edit sets a start but no end, the duration stays the same. If the edit sets
    /// no field, ` (changed)` is appended to the title, unless the title already ends with ` (changed)`.
    fn update_externally(
        &mut self,
        edit: &ExternalEdit,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changes, ExternalEditError> {
        let target = self.edited_target(edit, now)?;
        let fields =
            self.show(&target, |one| one.fields.as_ref().clone()).ok_or(ExternalEditError::NoEvent)?;
        let mut patch = Patch::default();
        if let Some(start) = edit.start {
            patch.set("start", json!(time::wire(start)));
            patch.set("end", json!(time::wire(time::shifted(fields.end, fields.start, start))));
        }
        if let Some(end) = edit.end {
            patch.set("end", json!(time::wire(end)));
        }
        let unspecified = edit.title.is_none() && !patch.moves() && !fields.title.ends_with(CHANGED_SUFFIX);
        let title =
            edit.title.clone().or_else(|| unspecified.then(|| format!("{}{CHANGED_SUFFIX}", fields.title)));
        if let Some(title) = title {
            patch.set("title", json!(title));
        }
        let change = Change { patch, rule: None, now };
        let shown =
            self.change(&target, None, change, random).map_err(|_| ExternalEditError::EndBeforeStart)?;
        Ok(self.updated(&target, &shown, now))
    }

    fn edited_target(&self, edit: &ExternalEdit, now: Timestamp) -> Result<Target, ExternalEditError> {
        match &edit.event {
            Some(id) => self.locate(id).ok_or_else(|| ExternalEditError::UnknownEvent(id.clone())),
            None => self.next_event(now).ok_or(ExternalEditError::NoEvent),
        }
    }

    /// Returns the next event or occurrence that starts within a year. If nothing starts within a year,
    /// returns the event with the latest start.
    fn next_event(&self, now: Timestamp) -> Option<Target> {
        let year = Range { start: now, end: time::plus_hours(now, 24 * 366) };
        let coming = self.events.values().flat_map(|event| event.instances(year, false));
        let coming = coming.filter(|one| one.fields.start >= now);
        let next = coming.min_by_key(|one| (one.fields.start, one.id()));
        let next = next.map(|one| Target { event: one.event.id.clone(), occurrence: one.occurrence });
        let last = || self.events.values().max_by_key(|event| event.fields.start);
        next.or_else(|| last().map(|event| Target { event: event.id.clone(), occurrence: None }))
    }
}

const CHANGED_SUFFIX: &str = " (changed)";

fn next_full_hour(now: Timestamp) -> Timestamp {
    let into = now.as_second().rem_euclid(3600);
    let to_go = jiff::SignedDuration::from_secs(3600 - into);
    let hour = now.checked_add(to_go).unwrap_or(now);
    Timestamp::from_second(hour.as_second()).unwrap_or(hour)
}
