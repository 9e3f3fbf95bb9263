//! Changes and removes single events, and occurrences of a series: one, the following, or all.

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

/// The occurrences of a series that a write applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    This,
    Following,
    All,
}

/// Why a change of an event is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownEvent,
    /// The change sets a recurrence rule for a single occurrence.
    RuleOfOccurrence,
    EndBeforeStart,
}

pub(crate) struct Change {
    pub(crate) patch: Patch,
    /// The new recurrence rule. `Some(None)` makes a series a single event; `None` changes no rule.
    pub(crate) rule: Option<Option<Recurrence>>,
    pub(crate) now: Timestamp,
}

impl Calendar {
    /// Changes the occurrences that the mode selects and returns the changed event.
    ///
    /// On an error, nothing changes.
    pub(crate) fn change(
        &mut self,
        target: &Target,
        mode: Option<Mode>,
        change: Change,
        random: &mut Random,
    ) -> Result<Target, Refusal> {
        let provider = self.provider;
        let event = self.events.get_mut(&target.event).ok_or(Refusal::UnknownEvent)?;
        let ResolvedMode { mode, start } = event.resolve_mode(target, mode);
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

/// The mode that applies to a target, and the first occurrence that `This` or `Following` selects.
pub(crate) struct ResolvedMode {
    pub(crate) mode: Mode,
    pub(crate) start: Option<Timestamp>,
}

impl Event {
    /// Resolves a mode. The default is `This` for an occurrence, and `All` for a master.
    ///
    /// `This` with the id of a master selects the first occurrence. `Following` with the first occurrence or
    /// with a master means `All`.
    pub(crate) fn resolve_mode(&self, target: &Target, mode: Option<Mode>) -> ResolvedMode {
        let all = ResolvedMode { mode: Mode::All, start: None };
        if self.series.is_none() {
            return all;
        }
        match (mode, target.occurrence) {
            (None | Some(Mode::This), Some(start)) => ResolvedMode { mode: Mode::This, start: Some(start) },
            (Some(Mode::This), None) => match self.first_occurrence() {
                Some(start) => ResolvedMode { mode: Mode::This, start: Some(start) },
                None => all,
            },
            (Some(Mode::Following), Some(start)) if start > self.fields.start => {
                ResolvedMode { mode: Mode::Following, start: Some(start) }
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

    /// Changes the whole event or series. If the change sets new times for `occurrence`, all occurrences move
    /// by the difference between its new and its old times.
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

    /// Ends the series before `start` and returns the following occurrences as a new event.
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
    /// Moves the exceptions with the series, and removes exceptions that the rule no longer includes.
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
        let resolved = event.resolve_mode(target, mode);
        let first = event.fields.start;
        match (resolved.mode, resolved.start, &mut event.series) {
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

/// Creates an event id in the format of the provider, without characters to escape in a path.
pub(crate) fn event_id(provider: Provider, random: &mut Random) -> String {
    match provider {
        Provider::Google => random.letters(26),
        Provider::Microsoft => format!("AAMk{}=", URL_SAFE.encode(random.bytes(48))),
        Provider::Apple => random.uuid().to_uppercase(),
        Provider::Caldav => format!("{}@caldav.example", random.uuid()),
    }
}
