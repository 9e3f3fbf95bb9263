//! Recurrence rules: the starts of the occurrences of a series (RFC 5545).
//!
//! Starts are calculated in UTC, unless a provider's API or a seed set another time zone. If a daylight
//! saving change skips the time of day of a start, the start moves later by the skipped duration. A date that
//! the time zone skips has no start.

mod days;
pub(crate) mod lines;

use crate::stored::{text, texts};
use crate::world::provider::Provider;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// A recurrence rule and the additional starts (`RDATE`) of a series. The first start of the series is an
/// occurrence even if the rule does not select the first start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Recurrence {
    pub(crate) frequency: Frequency,
    #[serde(deserialize_with = "interval")]
    pub(crate) interval: i64,
    pub(crate) end: End,
    #[serde(with = "texts")]
    pub(crate) by_day: Vec<Weekday>,
    /// Negative days count from the end of the month.
    pub(crate) by_month_day: Vec<i8>,
    pub(crate) by_month: Vec<i8>,
    /// Weekdays with a number, such as the second Monday of the month (`2MO`).
    ///
    /// In a yearly rule without months, the number counts the weekdays of the year. Negative numbers count
    /// from the end. Only a provider's API sets `nth`, `by_year_day`, `by_week`, `positions`, `week_start`
    /// and `extra`.
    #[serde(with = "texts")]
    pub(crate) nth: Vec<(i8, Weekday)>,
    /// Days of the year. Negative days count from the end of the year.
    pub(crate) by_year_day: Vec<i16>,
    /// Weeks of the year. Negative weeks count from the end of the year.
    ///
    /// Week 1 is the first week with at least four days in the year.
    pub(crate) by_week: Vec<i8>,
    /// `BYSETPOS`: positions among the selected days of a period. Negative positions count from the end.
    pub(crate) positions: Vec<i16>,
    #[serde(with = "text")]
    pub(crate) week_start: Weekday,
    /// Whether a day such as 31 means the last day in a shorter month, as in Outlook.
    pub(crate) last_day_instead: bool,
    /// Additional starts (`RDATE`), which do not count for `COUNT`.
    pub(crate) extra: BTreeSet<Timestamp>,
    /// The time zone in which days and times of day are calculated.
    #[serde(with = "text")]
    pub(crate) zone: TimeZone,
    /// The time of day of the occurrences, used only if the clocks skip this time on the first day.
    pub(crate) time: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum End {
    Never,
    Count(usize),
    Until(Timestamp),
}

/// The maximum number of occurrences in a response, and the maximum `COUNT`: the days of 100 years.
pub(crate) const MAX_OCCURRENCES: usize = 36_525;

/// Reads an interval. Days are searched by interval, so an interval of 0 would never end.
fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let interval = i64::deserialize(deserializer)?;
    let text = || D::Error::custom(format!("{interval} is not an interval (expected at least 1)"));
    Some(interval).filter(|interval| *interval > 0).ok_or_else(text)
}

impl Recurrence {
    pub(crate) fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            end: End::Never,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            nth: Vec::new(),
            by_year_day: Vec::new(),
            by_week: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
            last_day_instead: false,
            extra: BTreeSet::new(),
            zone: TimeZone::UTC,
            time: None,
        }
    }

    pub(crate) fn counted_by(self, provider: Provider) -> Self {
        Self { last_day_instead: provider == Provider::Microsoft, ..self }
    }

    /// Returns the starts from `from` to `last` (inclusive) of a series that begins at `first`, in order.
    ///
    /// If the rule has a count, also calculates the starts before `from`: the count begins at `first`.
    pub(crate) fn starts(
        &self,
        first: Timestamp,
        from: Timestamp,
        last: Timestamp,
    ) -> impl Iterator<Item = Timestamp> {
        let mut by_rule = self.by_rule(first, from, last).peekable();
        let mut extra = self.extra_between(from, last).peekable();
        std::iter::from_fn(move || match (by_rule.peek(), extra.peek()) {
            (Some(one), Some(other)) if one == other => {
                extra.next();
                by_rule.next()
            }
            (Some(one), Some(other)) if other < one => extra.next(),
            (None, _) => extra.next(),
            _ => by_rule.next(),
        })
    }

    fn extra_between(&self, from: Timestamp, last: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.extra.range(from..).copied().take_while(move |one| *one <= last)
    }

    /// Returns the times in `asked` that are starts of the series.
    pub(crate) fn known(&self, first: Timestamp, asked: BTreeSet<Timestamp>) -> BTreeSet<Timestamp> {
        match (self.end, asked.first(), asked.last()) {
            // A rule with a count is evaluated from the first start, so all times are checked in one pass.
            (End::Count(_), Some(from), Some(last)) => {
                self.starts(first, *from, *last).filter(|start| asked.contains(start)).collect()
            }
            _ => asked.into_iter().filter(|start| self.has(first, *start)).collect(),
        }
    }

    pub(crate) fn has(&self, first: Timestamp, start: Timestamp) -> bool {
        self.starts(first, start, start).next().is_some()
    }

    /// Returns the number of starts before `start` that count for `COUNT`.
    pub(crate) fn counted_before(&self, first: Timestamp, start: Timestamp) -> usize {
        self.by_rule(first, first, start).take_while(|one| *one < start).count()
    }

    /// Whether the rule selects the day of `first`. The series includes `first` even if the rule does not
    /// select the day.
    pub(crate) fn includes(&self, first: Timestamp) -> bool {
        let day = self.zone.to_datetime(first).date();
        self.resolved(day).days_of(day, 0).is_some_and(|days| days.contains(&day))
    }

    /// Like [`starts`](Self::starts), but without the additional starts (`RDATE`).
    fn by_rule(&self, first: Timestamp, from: Timestamp, last: Timestamp) -> impl Iterator<Item = Timestamp> {
        let (begin, most, last) = match self.end {
            End::Never => (from, usize::MAX, last),
            End::Count(count) => (first, count.max(1), last),
            End::Until(until) => (from, usize::MAX, last.min(until)),
        };
        let local = self.zone.to_datetime(first);
        let rule = self.resolved(local.date());
        let period_of = |at| rule.period_of(local.date(), self.zone.to_datetime(at).date());
        let periods = period_of(begin).saturating_sub(1).max(0)..=period_of(last).saturating_add(1);
        let mut empty_periods = 0;
        let days = periods.map_while(move |n| {
            let days = rule.days_of(local.date(), n)?;
            empty_periods = if days.is_empty() { empty_periods + 1 } else { 0 };
            (empty_periods <= rule.cycle()).then_some(days)
        });
        let later = days.flatten().filter(move |day| *day > local.date());
        let time = self.time_of_day(first);
        let later = later.filter_map(move |day| self.instant(day.to_datetime(time)));
        let all = std::iter::once(first).chain(later).take(most);
        all.take_while(move |start| *start <= last).skip_while(move |start| *start < from)
    }

    /// Converts a local time to a timestamp; `None` if the time zone skips the date.
    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let zoned = local.to_zoned_datetime(self.zone.clone()).ok()?;
        let day = local.date();
        let exists = || day.to_zoned_datetime(self.zone.clone()).is_ok_and(|begin| begin.date() == day);
        (zoned.date() == day || exists()).then(|| zoned.timestamp())
    }

    /// Returns the start on `day`, with the time of day of `first`.
    fn start_on(&self, day: Date, first: Timestamp) -> Option<Timestamp> {
        self.instant(day.to_datetime(self.time_of_day(first)))
    }

    /// Returns the local time of day at which occurrences start, if the series begins at `first`.
    fn time_of_day(&self, first: Timestamp) -> Time {
        let local = self.zone.to_datetime(first);
        let skipped = self.time.filter(|time| self.instant(local.date().to_datetime(*time)) == Some(first));
        skipped.unwrap_or(local.time())
    }
}

/// Returns the last second of a day in a zone, or `Timestamp::MAX` if the second is out of range.
pub(crate) fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    let next = day.tomorrow().and_then(|next| next.to_zoned_datetime(zone.clone()));
    let second = SignedDuration::from_secs(1);
    next.and_then(|next| next.timestamp().checked_sub(second)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
