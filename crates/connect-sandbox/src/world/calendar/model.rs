//! The calendars, events and series that the sandbox stores.

use super::events::Events;
use super::fields::{Fields, serialize_stored};
use super::patch::Patch;
use super::recurrence::{End, MAX_OCCURRENCES, Recurrence, lines};
use crate::world::provider::Provider;
use crate::world::random::hash;
use crate::world::time;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Calendar {
    pub(crate) provider: Provider,
    pub(crate) id: String,
    /// Whether this is the main calendar of the account. The main calendar also has the id `primary`.
    pub(crate) primary: bool,
    /// The calendar as `GET /calendars` returns it.
    pub(crate) info: Value,
    pub(crate) account: String,
    pub(crate) time_zone: String,
    /// Whether the calendar is public at the provider.
    pub(crate) public: bool,
    pub(crate) events: Events,
}

/// A single event, or the master of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Event {
    pub(crate) id: String,
    #[serde(serialize_with = "serialize_stored")]
    pub(crate) fields: Fields,
    pub(crate) series: Option<Series>,
    pub(crate) created: Timestamp,
    pub(crate) last_modified: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Series {
    pub(crate) rule: Recurrence,
    /// The exceptions by original start: the start of the occurrence according to the rule.
    pub(crate) exceptions: BTreeMap<Timestamp, Exception>,
}

/// An occurrence that was removed, or changed (with the time of the change).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Exception {
    Removed,
    Changed(Patch, Timestamp),
}

/// An entry of a list: a single event, a master, or an occurrence.
#[derive(Clone, Debug)]
pub(crate) struct Instance<'a> {
    pub(crate) event: &'a Event,
    /// For an occurrence, its original start: the start according to the rule.
    pub(crate) occurrence: Option<Timestamp>,
    pub(crate) fields: Cow<'a, Fields>,
    pub(crate) last_modified: Timestamp,
}

/// The event or occurrence that an id identifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) event: String,
    pub(crate) occurrence: Option<Timestamp>,
}

/// A range of times; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Calendar {
    /// Whether `id` is the calendar's id, or `primary` for the main calendar.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.id == id || (self.primary && id == "primary")
    }

    /// Finds an event, or an occurrence, by id.
    pub(crate) fn locate(&self, id: &str) -> Option<Target> {
        if self.events.contains_key(id) {
            return Some(Target { event: id.to_owned(), occurrence: None });
        }
        let (master, stamp) = id.rsplit_once('_')?;
        let event = self.events.get(master)?;
        // The id contains whole seconds only.
        let fraction = SignedDuration::from_nanos(event.fields.start.subsec_nanosecond().into());
        let start = time::read(stamp)?.checked_add(fraction).ok()?;
        let known = event.occurrence(start).is_some_and(|instance| instance.id() == id);
        known.then(|| Target { event: master.to_owned(), occurrence: Some(start) })
    }
}

impl Event {
    pub(crate) fn single(id: String, fields: Fields, now: Timestamp) -> Self {
        Self { id, fields, series: None, created: now, last_modified: now }
    }

    /// Returns the single event, or the master of a series.
    pub(crate) fn whole(&self) -> Instance<'_> {
        let fields = Cow::Borrowed(&self.fields);
        Instance { event: self, occurrence: None, fields, last_modified: self.last_modified }
    }

    /// Returns the occurrence with the original start `start`, unless it was removed.
    pub(crate) fn occurrence(&self, start: Timestamp) -> Option<Instance<'_>> {
        let series = self.series.as_ref()?;
        series.rule.has(self.fields.start, start).then(|| self.instance(series, start))?
    }

    /// Like [`occurrence`](Self::occurrence), but does not check whether the rule has the start
    /// `start`.
    pub(super) fn occurrence_at(&self, start: Timestamp) -> Option<Instance<'_>> {
        self.instance(self.series.as_ref()?, start)
    }

    /// Returns the nearest occurrences before and after the original start `start`.
    ///
    /// Skips removed occurrences.
    pub(crate) fn adjacent_occurrences(
        &self,
        start: Timestamp,
    ) -> (Option<Instance<'_>>, Option<Instance<'_>>) {
        let Some(series) = &self.series else { return (None, None) };
        let starts = |from, last| {
            let starts = series.rule.starts(self.fields.start, from, last);
            starts.filter(move |one| *one != start).filter_map(|one| self.instance(series, one))
        };
        // Starts can only be listed forward, so the listed range grows until an occurrence is found.
        let mut back = SignedDuration::from_hours(24 * 32);
        let before = loop {
            let from = start.checked_sub(back).unwrap_or(Timestamp::MIN);
            let found = starts(from, start).last();
            if found.is_some() || from == Timestamp::MIN {
                break found;
            }
            back = back.saturating_add(back);
        };
        (before, starts(start, Timestamp::MAX).next())
    }

    /// Returns the original start of the first occurrence that was not removed.
    pub(crate) fn first_occurrence(&self) -> Option<Timestamp> {
        let series = self.series.as_ref()?;
        let removed = |start: &Timestamp| matches!(series.exceptions.get(start), Some(Exception::Removed));
        series.rule.starts(self.fields.start, Timestamp::MIN, Timestamp::MAX).find(|start| !removed(start))
    }

    /// Returns the single event, or the occurrences of the series, that overlap `range`. If `masters` is true
    /// and an occurrence overlaps `range`, returns the master instead of the occurrences.
    pub(crate) fn instances(&self, range: Range, masters: bool) -> Vec<Instance<'_>> {
        let Some(series) = &self.series else {
            return Some(self.whole())
                .filter(|whole| range.meets_fields(&whole.fields))
                .into_iter()
                .collect();
        };
        // An occurrence that starts before the range can end in it.
        let from = time::shifted(range.start, self.fields.end, self.fields.start);
        let by_rule = series.rule.starts(self.fields.start, from, range.end).take(MAX_OCCURRENCES);
        let by_rule = by_rule.filter(|start| !series.exceptions.contains_key(start));
        let by_rule = by_rule
            .filter(|start| range.meets(*start, time::shifted(self.fields.end, self.fields.start, *start)));
        let starts = by_rule.chain(series.exceptions.keys().copied());
        let met = starts
            .filter_map(|start| self.instance(series, start))
            .filter(|one| range.meets_fields(&one.fields));
        if masters { met.take(1).map(|_| self.whole()).collect() } else { met.collect() }
    }

    fn instance<'a>(&'a self, series: &'a Series, start: Timestamp) -> Option<Instance<'a>> {
        let mut fields = self.fields.moved_to(start);
        let mut last_modified = self.last_modified;
        match series.exceptions.get(&start) {
            Some(Exception::Removed) => return None,
            Some(Exception::Changed(patch, at)) => {
                patch.apply(&mut fields);
                last_modified = *at;
            }
            None => {}
        }
        Some(Instance { event: self, occurrence: Some(start), fields: Cow::Owned(fields), last_modified })
    }
}

impl Series {
    pub(crate) fn new(rule: Recurrence) -> Self {
        Self { rule, exceptions: BTreeMap::new() }
    }

    /// Ends the series before `start`, and returns a series of the occurrences from `start` on.
    pub(crate) fn split_off(&mut self, first: Timestamp, start: Timestamp) -> Self {
        let mut rest = Self { rule: self.rule.clone(), exceptions: self.exceptions.split_off(&start) };
        if let End::Count(count) = self.rule.end {
            rest.rule.end = End::Count(count.saturating_sub(self.rule.counted_before(first, start)));
        }
        rest.rule.extra = self.rule.extra.split_off(&start);
        let just_before = SignedDuration::from_secs(1);
        self.rule.end = End::Until(start.checked_sub(just_before).unwrap_or(start));
        rest
    }
}

impl Instance<'_> {
    /// Returns the recurrence lines (RFC 5545) of a series.
    ///
    /// If a client set the current rule through the Google API, returns the lines that the client sent.
    pub(crate) fn recurrence_lines(&self) -> Option<Vec<String>> {
        let rule = &self.event.series.as_ref().filter(|_| self.occurrence.is_none())?.rule;
        let sent = self.fields.own.get("recurrence").and_then(Value::as_array);
        let sent: Vec<_> = sent.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let (at, all_day) = (self.fields.start, self.fields.all_day);
        let start = lines::Start { at, all_day, zone: rule.zone.clone() };
        let same = lines::read(&sent, &start).is_ok_and(|read| read.rule == *rule);
        Some(if same { sent } else { lines::write(rule, all_day) })
    }

    /// Returns the time zone name of the event, else of its recurrence rule, else of the calendar.
    pub(crate) fn zone_name<'a>(&'a self, calendar: &'a Calendar) -> &'a str {
        let own = self.fields.own.get("timeZone").and_then(Value::as_str);
        let counted = || self.event.series.as_ref().and_then(|series| series.rule.zone.iana_name());
        own.or_else(counted).unwrap_or(&calendar.time_zone)
    }

    pub(crate) fn id(&self) -> String {
        match self.occurrence {
            Some(start) => format!("{}_{}", self.event.id, time::stamp(start, self.event.fields.all_day)),
            None => self.event.id.clone(),
        }
    }

    pub(crate) fn series_id(&self) -> Option<&str> {
        self.occurrence.map(|_| self.event.id.as_str())
    }
}

impl Range {
    pub(crate) fn meets(&self, start: Timestamp, end: Timestamp) -> bool {
        start < self.end && (end > self.start || start >= self.start)
    }

    fn meets_fields(&self, fields: &Fields) -> bool {
        self.meets(fields.start, fields.end)
    }
}

/// Returns the entity tag of an event. The tag changes when any field of the event changes.
pub(crate) fn etag(instance: &Instance<'_>) -> String {
    let rule = instance.occurrence.is_none().then(|| instance.event.series.as_ref().map(|one| &one.rule));
    let shown = json!(instance.fields);
    let fields = (shown, &instance.fields.own, instance.last_modified.as_nanosecond().to_string());
    let content = serde_json::to_string(&fields).unwrap_or_default();
    format!("\"{}\"", hash(hash(8, &content), &format!("{}{rule:?}", instance.id())) >> 12)
}
