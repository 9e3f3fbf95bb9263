//! Splits a series at clock changes.

use alloc::vec::Vec;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ZonedDateTime};

use crate::recurrence::{End, Recurrence};
use crate::{Frequency, Weekday};

/// A part of a series: consecutive occurrences that begin at the same time of day in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stretch {
    /// The start of the first occurrence.
    pub first: ZonedDateTime,
    /// The start of the last occurrence.
    pub last: ZonedDateTime,
}

impl Recurrence {
    /// Splits a series into stretches, each with one time of day in UTC.
    ///
    /// The stretches contain all occurrences from `start` to `horizon`, inclusive.
    ///
    /// A series in Mobiscroll Connect has no time zone. If the provider applies the rule in UTC, the local
    /// time of the series changes at each clock change. To keep the local time, create one event for each
    /// stretch:
    ///
    /// ```
    /// use connect_types::{NewEvent, Recurrence};
    /// use jiff::{SignedDuration, civil::date};
    ///
    /// let start = date(2026, 10, 5).at(18, 0, 0, 0).in_tz("Europe/Berlin")?;
    /// let weekly = Recurrence::weekly();
    /// let stretches = weekly.stretches(&start, date(2027, 5, 1));
    /// let first: Vec<String> = stretches.iter().map(|stretch| stretch.first.to_string()).collect();
    /// assert_eq!(first, [
    ///     "2026-10-05T18:00:00+02:00[Europe/Berlin]",
    ///     "2026-10-26T18:00:00+01:00[Europe/Berlin]",
    ///     "2027-03-29T18:00:00+02:00[Europe/Berlin]",
    /// ]);
    /// for stretch in stretches {
    ///     let end = stretch.first.checked_add(SignedDuration::from_hours(1))?;
    ///     let event = NewEvent::new(("google", "work"), "Choir", &stretch.first, end)
    ///         .recurrence(weekly.clone().until(&stretch.last));
    ///     # let _ = event;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// If a clock change skips the local time of an occurrence, the occurrence is at the same time of day in
    /// UTC as the previous occurrence. The start is always an occurrence, even if the rule does not include
    /// it (RFC 5545 3.8.5.3).
    ///
    /// The rule's weekdays and days of the month are days in the start's time zone. If the day of the start
    /// in UTC differs from its day in that time zone, a provider that applies the rule in UTC chooses the
    /// wrong days. [`in_utc`](Self::in_utc) returns the rule for such a provider.
    #[must_use]
    pub fn stretches(&self, start: &ZonedDateTime, horizon: Date) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut time_in_utc = None;
        for (day, occurrence) in self.occurrences_by_day(start, horizon) {
            let time = occurrence.timestamp().duration_since(midnight_in_utc(day));
            match stretches.last_mut() {
                // The occurrence of a skipped day would equal the next day's occurrence.
                Some(stretch) if occurrence <= stretch.last => continue,
                Some(stretch) if time_in_utc == Some(time) => stretch.last = occurrence,
                _ => stretches.push(Stretch { first: occurrence.clone(), last: occurrence }),
            }
            time_in_utc = Some(time);
        }
        stretches
    }

    /// Returns the starts of all occurrences from `start` to the day `horizon`, inclusive.
    ///
    /// The start is always an occurrence, even if the rule does not include it (RFC 5545 3.8.5.3). If a clock
    /// change skips the local time of an occurrence, the occurrence is at the same time of day in UTC as the
    /// previous occurrence.
    ///
    /// ```
    /// use connect_types::Recurrence;
    /// use jiff::civil::date;
    ///
    /// let start = date(2026, 10, 19).at(18, 0, 0, 0).in_tz("Europe/Berlin")?;
    /// let starts: Vec<_> = Recurrence::weekly().occurrences(&start, date(2026, 10, 26)).collect();
    /// assert_eq!(starts[1].to_string(), "2026-10-26T18:00:00+01:00[Europe/Berlin]");
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn occurrences<'a>(
        &'a self,
        start: &'a ZonedDateTime,
        horizon: Date,
    ) -> impl Iterator<Item = ZonedDateTime> + 'a {
        self.occurrences_by_day(start, horizon).map(|(_, occurrence)| occurrence)
    }

    /// Returns the occurrences, each with its day according to the rule.
    fn occurrences_by_day<'a>(
        &'a self,
        start: &'a ZonedDateTime,
        horizon: Date,
    ) -> impl Iterator<Item = (Date, ZonedDateTime)> + 'a {
        let (first, most) = match self.end {
            End::Count(count) => (start.date(), usize::try_from(count.get()).unwrap_or(usize::MAX)),
            _ => (start.date(), usize::MAX),
        };
        let days = core::iter::successors(Some(first), |day| day.tomorrow().ok());
        let days = days
            .take_while(move |day| *day <= horizon)
            .filter(move |day| *day == first || self.includes_day(first, *day));
        let occurrences = days.map_while(move |day| {
            // The start may be the second of two equal local times at a clock change.
            if day == first {
                return Some((day, start.clone()));
            }
            let occurrence = day.to_datetime(start.time()).to_zoned_datetime(start.time_zone().clone()).ok();
            occurrence.map(|occurrence| (day, occurrence))
        });
        let goes_on = |(day, occurrence): &(Date, ZonedDateTime)| match self.end {
            End::Until(last) => occurrence.timestamp() <= last,
            End::On(last) => *day <= last,
            End::Never | End::Count(_) => true,
        };
        occurrences.take_while(goes_on).take(most)
    }

    /// Returns whether the rule of a series that begins on `first` includes `day` (RFC 5545 3.3.10).
    fn includes_day(&self, first: Date, day: Date) -> bool {
        let interval = i64::from(self.interval.max(1));
        let step = |day: Date| match self.frequency {
            Frequency::Daily => days(day),
            Frequency::Weekly => (days(day) - days_after(self.week_start, day)).div_euclid(7),
            Frequency::Monthly => i64::from(day.year()) * 12 + i64::from(day.month()),
            Frequency::Yearly => i64::from(day.year()),
        };
        // If the rule has no weekdays and no days of the month, the first day determines them.
        let no_day = self.days.is_empty() && self.month_days.is_empty();
        let like_first = match self.frequency {
            Frequency::Weekly if no_day => day.weekday() == first.weekday(),
            Frequency::Monthly if no_day => day.day() == first.day(),
            Frequency::Yearly if no_day => {
                day.day() == first.day() && (!self.months.is_empty() || day.month() == first.month())
            }
            _ => true,
        };
        let month_day = |wanted: &i8| *wanted == day.day() || *wanted == day.day() - day.days_in_month() - 1;
        (step(day) - step(first)) % interval == 0
            && like_first
            && (self.months.is_empty() || self.months.contains(&day.month()))
            && (self.month_days.is_empty() || self.month_days.iter().any(month_day))
            && (self.days.is_empty() || self.days.contains(&Weekday::of(day)))
    }
}

fn midnight_in_utc(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// Returns the number of days since 1970-01-01.
fn days(day: Date) -> i64 {
    Date::constant(1970, 1, 1).duration_until(day).as_hours().div_euclid(24)
}

/// Returns the number of days from the last `weekday` on or before `day` until `day`: 0 to 6.
fn days_after(weekday: Weekday, day: Date) -> i64 {
    i64::from(weekday.until(Weekday::of(day)))
}
