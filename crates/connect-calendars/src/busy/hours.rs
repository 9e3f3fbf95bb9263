//! When people work.

use jiff::{
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use super::{Interval, merge};

/// The hours of a week in which something can take place, on the clocks of one zone.
///
/// A span over midnight is two: `22:00` to midnight, and midnight to `06:00` of the next day. Midnight as an end is the end of
/// the day.
///
/// On a day on which the clocks change, hours are those of the clock: from 01:00 to 05:00 is three hours where 02:00 to 03:00
/// is left out, and five where it comes twice.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct WorkingHours {
    zone: TimeZone,
    /// From Monday on.
    days: [Vec<(Time, Time)>; 7],
}

/// A span of working hours that ends before or when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "working hours from {start} to {end}: the end is not after the start; over midnight they are two spans"
)]
pub struct UnclearHours {
    /// When they begin.
    pub start: Time,
    /// When they end.
    pub end: Time,
}

impl WorkingHours {
    /// None yet.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, days: Default::default() }
    }

    /// Any time of any day.
    pub fn always(zone: TimeZone) -> Self {
        let day = vec![(Time::midnight(), Time::midnight())];
        Self { zone, days: std::array::from_fn(|_| day.clone()) }
    }

    /// Adds a span on a day of the week. A day may have several, which may overlap.
    ///
    /// # Errors
    /// When it ends before or when it begins. An end at midnight is that of the day.
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
    /// When it ends before or when it begins.
    pub fn on_weekdays(self, start: Time, end: Time) -> Result<Self, UnclearHours> {
        let days =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        days.into_iter().try_fold(self, |hours, day| hours.on(day, start, end))
    }

    /// The working hours in a range, merged: where one day's end is the beginning of the next they go on.
    pub fn within(&self, range: Interval) -> Vec<Interval> {
        let mut spans = Vec::new();
        let mut start = range.start;
        // From one change of the clocks to the next, where each day has every time at most once.
        while start < range.end && self.days.iter().any(|day| !day.is_empty()) {
            let change = self.zone.following(start).next().map(|change| change.timestamp());
            let end = change.map_or(range.end, |change| change.min(range.end));
            self.add(Interval::new(start, end), &mut spans);
            start = end;
        }
        merge(spans)
    }

    /// Those of a time without a change of the clocks.
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
