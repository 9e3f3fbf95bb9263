//! Weekly working hours.

use jiff::{
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use super::{Interval, merge};

/// The working hours of a week in one time zone.
///
/// For hours over midnight, add two spans: `22:00` to midnight, and midnight to `06:00` of the next
/// day. An end at midnight means the end of the day.
///
/// If the clocks change during a span, its length changes. The span from 01:00 to 05:00 lasts three hours if
/// the clocks skip an hour of it, and five hours if the clocks repeat an hour.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct WorkingHours {
    zone: TimeZone,
    /// The spans of each weekday; the first entry is Monday.
    days: [Vec<(Time, Time)>; 7],
}

/// The error for a span of working hours whose end is not after its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the working hours from {start} to {end} do not end after their start (use two spans for hours over midnight)"
)]
pub struct UnclearHours {
    /// The start of the span.
    pub start: Time,
    /// The end of the span.
    pub end: Time,
}

impl WorkingHours {
    /// Creates working hours without any span.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, days: Default::default() }
    }

    /// Creates working hours that cover every day completely.
    pub fn always(zone: TimeZone) -> Self {
        let day = vec![(Time::midnight(), Time::midnight())];
        Self { zone, days: std::array::from_fn(|_| day.clone()) }
    }

    /// Adds a span on a weekday. A weekday may have several spans, which may overlap.
    ///
    /// # Errors
    /// If the end is not after the start. An end at midnight means the end of the day.
    pub fn on(mut self, day: Weekday, start: Time, end: Time) -> Result<Self, UnclearHours> {
        if end <= start && end != Time::midnight() {
            return Err(UnclearHours { start, end });
        }
        if let Some(spans) = self.days.get_mut(usize::from(day.to_monday_zero_offset().unsigned_abs())) {
            spans.push((start, end));
        }
        Ok(self)
    }

    /// Adds a span on each day from Monday to Friday.
    ///
    /// # Errors
    /// If the end is not after the start. An end at midnight means the end of the day.
    pub fn on_weekdays(self, start: Time, end: Time) -> Result<Self, UnclearHours> {
        let days =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        days.into_iter().try_fold(self, |hours, day| hours.on(day, start, end))
    }

    /// Returns the working hours within a range. Spans that overlap or touch are merged.
    pub fn within(&self, range: Interval) -> Vec<Interval> {
        let mut spans = Vec::new();
        let mut start = range.start;
        // Between two changes of the clocks, each local time of a day occurs at most once.
        while start < range.end && self.days.iter().any(|day| !day.is_empty()) {
            let change = self.zone.following(start).next().map(|change| change.timestamp());
            let end = change.map_or(range.end, |change| change.min(range.end));
            self.add(Interval::new(start, end), &mut spans);
            start = end;
        }
        merge(spans)
    }

    /// Appends the working hours within `steady` to `spans`. The clocks must not change during `steady`.
    fn add(&self, steady: Interval, spans: &mut Vec<Interval>) {
        let offset = self.zone.to_offset(steady.start);
        let instant = |day: Date, time: Time| offset.to_timestamp(day.to_datetime(time)).ok();
        let span = |day: Date, start: Time, end: Time| {
            let last = if end == Time::midnight() { day.tomorrow().ok()? } else { day };
            Some(Interval::new(instant(day, start)?, instant(last, end)?).within(steady))
        };
        let last = offset.to_datetime(steady.end).date();
        let mut next = Some(offset.to_datetime(steady.start).date());
        while let Some(day) = next.filter(|day| *day <= last) {
            let hours = self.days.get(usize::from(day.weekday().to_monday_zero_offset().unsigned_abs()));
            spans.extend(hours.into_iter().flatten().filter_map(|(start, end)| span(day, *start, *end)));
            next = day.tomorrow().ok();
        }
    }
}
