//! Compares, adds, changes and removes events that are written through a provider's API.

use super::change::{Change, Refusal};
use super::changed::{ChangeKind, Changed, Changes};
use super::model::{Calendar, Event, Exception, Series, Target};
use super::patch::{OWN, Patch};
use crate::world::random::Random;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// An event to write, with every field (null if absent) and the recurrence.
///
/// The fields are in the format of the sandbox, the recurrence in the format of the provider.
#[derive(Debug, Default)]
pub(crate) struct Draft<R> {
    pub(crate) fields: Map<String, Value>,
    pub(crate) rule: R,
}

impl<R: PartialEq + Default> Draft<R> {
    /// Returns the fields that differ from `before`.
    pub(crate) fn changes(&self, before: &Self) -> Patch {
        let changed = self.fields.iter().filter(|(name, value)| before.fields.get(*name) != Some(value));
        Patch::new(changed.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(crate) fn repeats(&self) -> bool {
        self.rule != R::default()
    }

    /// Whether the rule, the time zone or `allDay` of the recurrence differs from `before`.
    pub(crate) fn repeats_otherwise(&self, before: &Self) -> bool {
        let zone = format!("{OWN}timeZone");
        let counted = ["allDay", zone.as_str()];
        let moved = counted.iter().any(|name| self.fields.get(*name) != before.fields.get(*name));
        self.rule != before.rule || (moved && self.repeats())
    }
}

impl Calendar {
    pub(crate) fn add(&mut self, event: Event, now: Timestamp) -> Changes {
        let changed = Changed::of(ChangeKind::Created, &event.whole(), now);
        self.events.insert(event.id.clone(), event);
        Changes::of(self, [changed])
    }

    /// Changes an occurrence or an event. `series` replaces the recurrence, or removes it (`Some(None)`).
    pub(crate) fn rewrite(
        &mut self,
        target: &Target,
        patch: Patch,
        series: Option<Option<Series>>,
        now: Timestamp,
        random: &mut Random,
    ) -> Result<(Target, Changes), Refusal> {
        if patch.is_empty() && series.is_none() {
            return Ok((target.clone(), Changes::of(self, [])));
        }
        let given = series.iter().flatten();
        let except: Vec<_> = given.flat_map(|series| series.exceptions.keys().copied()).collect();
        let rule = series.map(|series| series.map(|series| series.rule));
        let shown = self.change(target, None, Change { patch, rule, now }, random)?;
        let event = self.events.get_mut(&shown.event);
        if let Some(series) = event.and_then(|event| event.series.as_mut()) {
            series.exceptions.extend(except.into_iter().map(|start| (start, Exception::Removed)));
        }
        let changes = self.updated(target, &shown, now);
        Ok((shown, changes))
    }

    pub(crate) fn withdraw(&mut self, target: &Target, now: Timestamp) -> Changes {
        let changes = Changes::of(self, self.removal(target, None, now));
        self.remove(target, None, now);
        changes
    }
}
