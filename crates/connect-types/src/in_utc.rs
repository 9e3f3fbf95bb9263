//! Converts a recurrence rule for providers that apply the rule in UTC.

use alloc::format;

use jiff::ZonedDateTime;

use crate::operation::Invalid;
use crate::recurrence::Recurrence;
use crate::{Frequency, Weekday};

impl Recurrence {
    /// Returns the rule for a provider that applies weekdays and days of the month in UTC.
    ///
    /// For example, 08:00 on Monday, 6 July in Tokyo is on Sunday, 5 July in UTC. For a series that begins at
    /// `start`, the returned rule in UTC has the same occurrences as this rule in the time zone of `start`,
    /// until the next clock change: see [`stretches`](Self::stretches).
    ///
    /// ```
    /// use connect_types::{Recurrence, Weekday};
    /// use jiff::civil::date;
    ///
    /// let monday = date(2026, 7, 6).at(8, 0, 0, 0).in_tz("Asia/Tokyo")?;
    /// let rule = Recurrence::weekly().on([Weekday::Monday]);
    /// assert_eq!(rule.in_utc(&monday)?, Recurrence::weekly().on([Weekday::Sunday]));
    ///
    /// let first_of_july = date(2026, 7, 1).at(8, 0, 0, 0).in_tz("Asia/Tokyo")?;
    /// assert!(Recurrence::monthly().in_utc(&first_of_july).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] if the date of `start` differs from its date in UTC, and one of these applies:
    /// * A day of the month in the rule is neither from 2 to 27 nor from -27 to -2.
    /// * A MONTHLY or YEARLY rule has neither days of the month nor weekdays, and the day of the month of
    ///   `start` is not from 2 to 27.
    /// * A MONTHLY or YEARLY rule has weekdays, but no day of the month.
    /// * A DAILY or WEEKLY rule has months, but no day of the month.
    pub fn in_utc(&self, start: &ZonedDateTime) -> Result<Self, Invalid> {
        let first = start.date();
        let shift = match crate::rrule::utc(start.timestamp()).date().cmp(&first) {
            core::cmp::Ordering::Less => -1,
            core::cmp::Ordering::Equal => return Ok(self.clone()),
            core::cmp::Ordering::Greater => 1,
        };
        let of_months = matches!(self.frequency, Frequency::Monthly | Frequency::Yearly);
        let like_first = [first.day()];
        let days: &[i8] = match (&*self.month_days, &*self.days) {
            ([], []) if of_months => &like_first,
            (days, _) => days,
        };
        // A shift by one day does not move these days to another month.
        let within_months = days.iter().all(|day| (2..=27).contains(&day.unsigned_abs()));
        if !within_months || days.is_empty() && (of_months || !self.months.is_empty()) {
            return Err(Invalid::new(
                "recurrence",
                format!(
                    "the rule with FREQ={} has no equivalent in UTC, because the series begins on another day \
                     in UTC ({}) than in its time zone (expected days of the month from 2 to 27, or \
                     from -27 to -2)",
                    self.frequency,
                    crate::rrule::utc(start.timestamp()).date(),
                ),
            ));
        }
        let mut rule = self.clone();
        rule.month_days.iter_mut().for_each(|day| *day += shift);
        rule.days.iter_mut().for_each(|day| *day = day.shifted(shift));
        if rule.counts_weeks() {
            rule.week_start = rule.week_start.shifted(shift);
        }
        Ok(rule)
    }
}

impl Weekday {
    /// Returns the weekday `days` later.
    fn shifted(self, days: i8) -> Self {
        let wanted = |day: &Self| self.until(*day) == days.rem_euclid(7);
        Self::ALL.into_iter().find(wanted).unwrap_or(self)
    }
}
