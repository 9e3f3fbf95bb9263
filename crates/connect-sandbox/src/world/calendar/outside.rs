//! Changes that do not come through the API: the provider's user at work in the provider's own calendar.

use super::change::{Change, check_order, event_id};
use super::changed::{ChangeKind, Changed, Changes};
use super::fields::Fields;
use super::model::{Calendar, Event, Range, Target};
use super::patch::Patch;
use crate::world::random::Random;
use crate::world::time;
use jiff::Timestamp;
use serde_json::json;

/// What the user does.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) kind: ChangeKind,
    /// Without one, the next event.
    pub(crate) event: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

/// Why it cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    NoEvent,
    UnknownEvent(String),
    EndBeforeStart,
}

impl Calendar {
    pub(crate) fn change_outside(
        &mut self,
        deed: &Deed,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changes, Undone> {
        let changed = match deed.kind {
            ChangeKind::Created => self.create_outside(deed, random, now)?,
            ChangeKind::Updated => return self.update_outside(deed, random, now),
            ChangeKind::Deleted => {
                let target = self.meant(deed, now)?;
                let removal = self.removal(&target, None, now).ok_or(Undone::NoEvent)?;
                self.remove(&target, None, now);
                removal
            }
        };
        Ok(Changes::of(self, [changed]))
    }

    /// Without times, an hour from the next full hour on.
    fn create_outside(
        &mut self,
        deed: &Deed,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changed, Undone> {
        let start = deed.start.unwrap_or_else(|| next_full_hour(now));
        let end = deed.end.unwrap_or_else(|| time::plus_hours(start, 1));
        let mut fields = Fields::new(deed.title.as_deref().unwrap_or("New event"), start, end);
        fields.status = Some("confirmed");
        check_order(&fields).map_err(|_| Undone::EndBeforeStart)?;
        let event = Event::single(event_id(self.provider, random), fields, now);
        let changed = Changed::of(ChangeKind::Created, &event.whole(), now);
        self.events.insert(event.id.clone(), event);
        Ok(changed)
    }

    /// A start alone moves the event. With nothing said, the title tells of the change.
    fn update_outside(
        &mut self,
        deed: &Deed,
        random: &mut Random,
        now: Timestamp,
    ) -> Result<Changes, Undone> {
        let target = self.meant(deed, now)?;
        let fields = self.show(&target, |one| one.fields.as_ref().clone()).ok_or(Undone::NoEvent)?;
        let mut patch = Patch::default();
        if let Some(start) = deed.start {
            patch.set("start", json!(time::wire(start)));
            patch.set("end", json!(time::wire(time::shifted(fields.end, fields.start, start))));
        }
        if let Some(end) = deed.end {
            patch.set("end", json!(time::wire(end)));
        }
        let silent = deed.title.is_none() && !patch.moves() && !fields.title.ends_with(CHANGED);
        let title = deed.title.clone().or_else(|| silent.then(|| format!("{}{CHANGED}", fields.title)));
        if let Some(title) = title {
            patch.set("title", json!(title));
        }
        let change = Change { patch, rule: None, now };
        let shown = self.change(&target, None, change, random).map_err(|_| Undone::EndBeforeStart)?;
        Ok(self.updated(&target, &shown, now))
    }

    fn meant(&self, deed: &Deed, now: Timestamp) -> Result<Target, Undone> {
        match &deed.event {
            Some(id) => self.locate(id).ok_or_else(|| Undone::UnknownEvent(id.clone())),
            None => self.next_event(now).ok_or(Undone::NoEvent),
        }
    }

    /// The first to start within a year, else the last there is.
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

const CHANGED: &str = " (changed)";

fn next_full_hour(now: Timestamp) -> Timestamp {
    let into = now.as_second().rem_euclid(3600);
    let to_go = jiff::SignedDuration::from_secs(3600 - into);
    let hour = now.checked_add(to_go).unwrap_or(now);
    Timestamp::from_second(hour.as_second()).unwrap_or(hour)
}
