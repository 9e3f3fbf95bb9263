//! A rule whose days are counted in UTC.

use alloc::format;

use jiff::ZonedDateTime;

use crate::operation::Invalid;
use crate::recurrence::Recurrence;
use crate::{Frequency, Weekday};

impl Recurrence {
    /// Returns the rule that gives the same days where a provider counts weekdays and days of the month in UTC.
    ///
    /// The first of July at 08:00 in Tokyo is the 30th of June in UTC, and each Monday is a Sunday. For a series that begins
    /// then, up to the next change of the clocks: see [`stretches`](Self::stretches).
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
    /// [`Invalid`] where the start is another day in UTC and the rule depends on where a month begins: its days are not all
    /// from the 2nd to the 27th, or it names months or a MONTHLY or YEARLY weekday without a day of the month.
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
        // Whatever the month, these are the same days of it, a day earlier or later.
        let within_months = days.iter().all(|day| (2..=27).contains(&day.unsigned_abs()));
        if !within_months || days.is_empty() && (of_months || !self.months.is_empty()) {
            return Err(Invalid::new(
                "recurrence",
                format!(
                    "FREQ={} cannot be counted in UTC, where the series begins on {}: only days of the month from 2 to 27 stay in \
                     their month",
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
    /// The weekday so many days later.
    fn shifted(self, days: i8) -> Self {
        let wanted = |day: &Self| self.until(*day) == days.rem_euclid(7);
        Self::ALL.into_iter().find(wanted).unwrap_or(self)
    }
}
