//! Changing an event: a single one, or one, the rest or all of a series.

use super::fields::Fields;
use super::model::{Calendar, Event, Exception, Instance, Series, Target};
use super::patch::Patch;
use super::recurrence::Recurrence;
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use jiff::Timestamp;

/// How much of a series a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    This,
    Following,
    All,
}

/// Why an event cannot be written as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownEvent,
    /// One occurrence has no rule of its own.
    RuleOfOccurrence,
    EndBeforeStart,
}

pub(crate) struct Change {
    pub(crate) patch: Patch,
    /// `Some(None)` makes a single event of a series.
    pub(crate) rule: Option<Option<Recurrence>>,
    pub(crate) now: Timestamp,
}

impl Calendar {
    /// Changes what the mode says, or nothing at all on an error; returns what to show.
    pub(crate) fn change(
        &mut self,
        target: &Target,
        mode: Option<Mode>,
        change: Change,
        random: &mut Random,
    ) -> Result<Target, Refusal> {
        let provider = self.provider;
        let event = self.events.get_mut(&target.event).ok_or(Refusal::UnknownEvent)?;
        let Scope { mode, start } = event.scope_of(target, mode);
        match (mode, start) {
            (Mode::This, Some(start)) => {
                event.change_one(start, change)?;
                Ok(Target { occurrence: Some(start), ..target.clone() })
            }
            (Mode::Following, Some(start)) => {
                let rest = event.split(start, change, event_id(provider, random))?;
                let shown = Target { event: rest.id.clone(), occurrence: None };
                self.events.insert(rest.id.clone(), rest);
                Ok(shown)
            }
            _ => {
                event.change_all(target.occurrence, change)?;
                Ok(Target { event: target.event.clone(), occurrence: None })
            }
        }
    }

    pub(crate) fn show<T>(&self, target: &Target, show: impl Fn(&Instance<'_>) -> T) -> Option<T> {
        let event = self.events.get(&target.event)?;
        match target.occurrence {
            Some(start) => event.occurrence(start).as_ref().map(show),
            None => Some(show(&event.whole())),
        }
    }
}

/// What a mode comes to: the occurrence it starts at, for `this` and `following`.
pub(crate) struct Scope {
    pub(crate) mode: Mode,
    pub(crate) start: Option<Timestamp>,
}

impl Event {
    /// Without a mode an occurrence stands for itself and a master for all. With the master's id, `this` is its first
    /// occurrence; and what follows the first occurrence is all.
    pub(crate) fn scope_of(&self, target: &Target, mode: Option<Mode>) -> Scope {
        let all = Scope { mode: Mode::All, start: None };
        if self.series.is_none() {
            return all;
        }
        match (mode, target.occurrence) {
            (None | Some(Mode::This), Some(start)) => Scope { mode: Mode::This, start: Some(start) },
            (Some(Mode::This), None) => match self.first_occurrence() {
                Some(start) => Scope { mode: Mode::This, start: Some(start) },
                None => all,
            },
            (Some(Mode::Following), Some(start)) if start > self.fields.start => {
                Scope { mode: Mode::Following, start: Some(start) }
            }
            _ => all,
        }
    }

    fn change_one(&mut self, start: Timestamp, change: Change) -> Result<(), Refusal> {
        if change.rule.is_some() {
            return Err(Refusal::RuleOfOccurrence);
        }
        let mut fields = self.fields.moved_to(start);
        let Some(series) = &mut self.series else { return Ok(()) };
        let mut patch = match series.exceptions.get(&start) {
            Some(Exception::Changed(patch, _)) => patch.clone(),
            _ => Patch::default(),
        };
        patch.extend(change.patch);
        patch.apply(&mut fields);
        check_order(&fields)?;
        series.exceptions.insert(start, Exception::Changed(patch, change.now));
        Ok(())
    }

    /// Times given for an occurrence move the whole series by as much as they move the occurrence.
    fn change_all(&mut self, occurrence: Option<Timestamp>, change: Change) -> Result<(), Refusal> {
        let old_start = self.fields.start;
        let mut fields = self.fields.clone();
        let mut patch = change.patch;
        if let Some(shown) = occurrence.and_then(|start| self.occurrence(start)) {
            let moved =
                |name, whole, shown| patch.time(name).map_or(whole, |to| time::shifted(whole, shown, to));
            fields.start = moved("start", fields.start, shown.fields.start);
            fields.end = moved("end", fields.end, shown.fields.end);
            patch = patch.without_times();
        }
        patch.apply(&mut fields);
        check_order(&fields)?;

        self.series = match (change.rule, self.series.take()) {
            (Some(rule), _) => rule.map(Series::new),
            (None, series) => series.map(|series| series.moved(old_start, fields.start)),
        };
        self.fields = fields;
        self.last_modified = change.now;
        Ok(())
    }

    /// Ends this series before `start`, and gives what follows as a series of its own.
    fn split(&mut self, start: Timestamp, change: Change, id: String) -> Result<Self, Refusal> {
        let mut fields = self.fields.moved_to(start);
        change.patch.apply(&mut fields);
        check_order(&fields)?;
        let first = self.fields.start;
        let rest = self.series.as_mut().map(|series| series.split_off(first, start));
        self.last_modified = change.now;
        let same_times = !change.patch.moves();
        let series = match (change.rule, rest) {
            (Some(rule), _) => rule.map(Series::new),
            (None, Some(rest)) if same_times => Some(rest),
            (None, rest) => rest.map(|rest| Series::new(rest.rule)),
        };
        Ok(Self { id, fields, series, created: change.now, last_modified: change.now })
    }
}

impl Series {
    /// The exceptions move along with the series; one that no longer falls on an occurrence is dropped.
    fn moved(mut self, from: Timestamp, to: Timestamp) -> Self {
        let exceptions: std::collections::BTreeMap<_, _> =
            self.exceptions.into_iter().map(|(start, one)| (time::shifted(start, from, to), one)).collect();
        self.rule.extra = self.rule.extra.iter().map(|start| time::shifted(*start, from, to)).collect();
        let known = self.rule.known(to, exceptions.keys().copied().collect());
        self.exceptions = exceptions.into_iter().filter(|(start, _)| known.contains(start)).collect();
        self
    }
}

impl Calendar {
    pub(crate) fn remove(&mut self, target: &Target, mode: Option<Mode>, now: Timestamp) {
        let Some(event) = self.events.get_mut(&target.event) else { return };
        let scope = event.scope_of(target, mode);
        let first = event.fields.start;
        match (scope.mode, scope.start, &mut event.series) {
            (Mode::This, Some(start), Some(series)) => {
                series.exceptions.insert(start, Exception::Removed);
                event.last_modified = now;
            }
            (Mode::Following, Some(start), Some(series)) => {
                series.split_off(first, start);
                event.last_modified = now;
            }
            _ => {
                self.events.remove(&target.event);
            }
        }
    }
}

pub(crate) fn check_order(fields: &Fields) -> Result<(), Refusal> {
    if fields.end < fields.start { Err(Refusal::EndBeforeStart) } else { Ok(()) }
}

/// An id as the provider would make it. Clients put ids into paths as they are, so each is fit for a segment of one.
pub(crate) fn event_id(provider: Provider, random: &mut Random) -> String {
    match provider {
        Provider::Google => random.letters(26),
        Provider::Microsoft => format!("AAMk{}=", URL_SAFE.encode(random.bytes(48))),
        Provider::Apple => random.uuid().to_uppercase(),
        Provider::Caldav => format!("{}@caldav.example", random.uuid()),
    }
}
