//! `PUT /event`: a single event, or one, the rest or all of a series.

use super::address::{EventAddress, Mode};
use super::create::{check_order, event_id};
use super::input::{Input, settle};
use super::model::{Calendar, Event, Exception, Series, Target};
use super::patch::{OWN, Patch};
use super::recurrence::Recurrence;
use super::render::render;
use crate::connect::Connect;
use crate::provider::Provider;
use crate::random::Random;
use crate::reply::{Details, Problem, Reply};
use crate::sandbox::Call;
use crate::time;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

impl Connect<'_> {
    pub(crate) fn update_event(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.writer(call)?;
        let body = call.object()?;
        let mut details = Details::new();
        let address = EventAddress::read(&body, "updateMode", &mut details);
        let input = Input::read(&body, &mut details);
        settle(details)?;

        let style = self.style();
        let mut random = self.world.stream();
        let connections = self.permitted(&visitor.user, |provider| address.calendar.is_for(provider))?;
        let calendar = address.calendar.find(connections)?;
        let target = address.locate(calendar)?;
        let mut patch = input.patch_for(calendar, &mut random);
        if matches!(calendar.provider, Provider::Apple | Provider::Caldav) {
            if style.api_1_6_0 {
                patch.set(&format!("{OWN}uid"), json!(format!("{}@mobiscroll.com", target.event)));
            } else if patch.has("conference") {
                // It is the URL property, which a user may have set before.
                patch.set(&format!("{OWN}url"), Value::Null);
            }
        }
        let change = Change { patch, rule: input.recurrence_for(calendar), now: call.now };
        let changed = calendar.change(&target, address.mode, change, &mut random)?;
        let written = calendar.show(&changed, |instance| render(calendar, instance, style));
        let written = written.ok_or_else(|| Problem::not_found("Event not found"))?;
        let changes = calendar.updated(&target, &changed, call.now);
        self.wrote(&visitor.user, changes);
        Ok(self.written(StatusCode::OK, written))
    }
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
    ) -> Result<Target, Problem> {
        let provider = self.provider;
        let event =
            self.events.get_mut(&target.event).ok_or_else(|| Problem::not_found("Event not found"))?;
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

    pub(crate) fn show<T>(
        &self,
        target: &Target,
        show: impl Fn(&super::model::Instance<'_>) -> T,
    ) -> Option<T> {
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

    fn change_one(&mut self, start: Timestamp, change: Change) -> Result<(), Problem> {
        if change.rule.is_some() {
            return Err(Problem::invalid_field("recurrence", "one occurrence has no recurrence of its own"));
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
    fn change_all(&mut self, occurrence: Option<Timestamp>, change: Change) -> Result<(), Problem> {
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
    fn split(&mut self, start: Timestamp, change: Change, id: String) -> Result<Self, Problem> {
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
