//! How an event repeats.

use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::operation::Invalid;
use crate::{Frequency, Weekday};

/// A recurrence rule: the part of RFC 5545 3.3.10 that Connect takes.
///
/// ```
/// use connect_types::{Recurrence, Weekday};
///
/// let rule = Recurrence::weekly().on([Weekday::Monday, Weekday::Friday]).count(10);
/// assert_eq!(rule.rrule()?, "RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO,FR");
/// assert_eq!("RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO,FR".parse::<Recurrence>()?, rule);
/// # Ok::<(), connect_types::Invalid>(())
/// ```
///
/// # Time zones
///
/// The wire gives a series no time zone. Its first start is an instant, and in which zone the provider counts on
/// from there (the calendar's own, or UTC) is not documented. So a weekly 09:00 in Berlin that begins in
/// winter may be at 10:00 in summer. Where that must not be, let the series end before the clocks change, with
/// [`until`](Self::until), and begin another one after it: in each of the two, 09:00 is one time in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Recurrence {
    pub(crate) frequency: Frequency,
    pub(crate) interval: u32,
    pub(crate) end: End,
    pub(crate) days: Vec<Weekday>,
    pub(crate) month_days: Vec<i8>,
    pub(crate) months: Vec<i8>,
    /// A count of zero was asked for: refused when sent, as [`End`] cannot hold it.
    pub(crate) count_zero: bool,
}

/// When a recurrence ends. A count and a last instant exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// It goes on.
    #[default]
    Never,
    /// After so many occurrences.
    Count(NonZeroU32),
    /// With the last occurrence that begins at this instant or before; whole seconds.
    Until(Timestamp),
}

impl Recurrence {
    /// Every day.
    pub fn daily() -> Self {
        Self::every(Frequency::Daily)
    }

    /// Every week.
    pub fn weekly() -> Self {
        Self::every(Frequency::Weekly)
    }

    /// Every month.
    pub fn monthly() -> Self {
        Self::every(Frequency::Monthly)
    }

    /// Every year.
    pub fn yearly() -> Self {
        Self::every(Frequency::Yearly)
    }

    /// At every step of that frequency.
    pub fn every(frequency: Frequency) -> Self {
        let (days, month_days, months) = (Vec::new(), Vec::new(), Vec::new());
        Self { frequency, interval: 1, end: End::Never, days, month_days, months, count_zero: false }
    }

    /// Only at every so many steps (INTERVAL), at least 1.
    pub fn interval(mut self, steps: u32) -> Self {
        self.interval = steps;
        self
    }

    /// Ends after so many occurrences (COUNT), at least 1; replaces another end.
    pub fn count(mut self, occurrences: u32) -> Self {
        self.count_zero = occurrences == 0;
        self.end = NonZeroU32::new(occurrences).map_or(End::Never, End::Count);
        self
    }

    /// Ends with the last occurrence that begins at that instant or before (UNTIL); replaces
    /// another end. Parts of a second are cut off.
    pub fn until(mut self, last: impl Into<crate::Moment>) -> Self {
        let last = last.into().timestamp();
        let whole = Timestamp::from_second(last.as_nanosecond().div_euclid(1_000_000_000) as i64);
        self.end = End::Until(whole.unwrap_or(last));
        self.count_zero = false;
        self
    }

    /// Only on these weekdays (BYDAY).
    pub fn on(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.days.extend(days);
        self
    }

    /// Only on these days of the month (BYMONTHDAY), 1 to 31; -1 is the last, down to -31.
    pub fn on_days(mut self, days: impl IntoIterator<Item = i8>) -> Self {
        self.month_days.extend(days);
        self
    }

    /// Only in these months (BYMONTH), 1 to 12.
    pub fn in_months(mut self, months: impl IntoIterator<Item = i8>) -> Self {
        self.months.extend(months);
        self
    }

    /// The step.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Every how many steps (INTERVAL).
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.interval
    }

    /// The weekdays it is limited to (BYDAY).
    #[must_use]
    pub fn weekdays(&self) -> &[Weekday] {
        &self.days
    }

    /// The days of the month it is limited to (BYMONTHDAY).
    #[must_use]
    pub fn month_days(&self) -> &[i8] {
        &self.month_days
    }

    /// The months it is limited to (BYMONTH).
    #[must_use]
    pub fn months(&self) -> &[i8] {
        &self.months
    }

    /// When it ends.
    #[must_use]
    pub fn end(&self) -> End {
        self.end
    }

    /// Refuses what RFC 5545 does not allow.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let invalid = |message| Err(Invalid::new("recurrence", message));
        if self.interval == 0 {
            return invalid("INTERVAL is at least 1");
        }
        if self.count_zero {
            return invalid("COUNT is at least 1");
        }
        if !self.month_days.iter().all(|day| (1..=31).contains(&day.unsigned_abs())) {
            return invalid("BYMONTHDAY is 1 to 31 or -31 to -1");
        }
        if !self.months.iter().all(|month| (1..=12).contains(month)) {
            return invalid("BYMONTH is 1 to 12");
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return invalid("BYMONTHDAY does not go with FREQ=WEEKLY");
        }
        if matches!(self.end, End::Until(last) if !(0..=9999).contains(&crate::rrule::utc(last).year())) {
            return invalid("UNTIL is within the years 0 to 9999");
        }
        Ok(())
    }
}

/// The JSON form of a request.
impl Serialize for Recurrence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("frequency", &self.frequency)?;
        if self.interval != 1 {
            map.serialize_entry("interval", &self.interval)?;
        }
        match self.end {
            End::Never => {}
            End::Count(count) => map.serialize_entry("count", &count)?,
            End::Until(last) => map.serialize_entry("until", &until(last))?,
        }
        if !self.days.is_empty() {
            map.serialize_entry("byDay", &self.days)?;
        }
        if !self.month_days.is_empty() {
            map.serialize_entry("byMonthDay", &self.month_days)?;
        }
        if !self.months.is_empty() {
            map.serialize_entry("byMonth", &self.months)?;
        }
        map.end()
    }
}

/// The basic form in UTC: `20261231T235959Z`.
fn until(last: Timestamp) -> String {
    crate::rrule::stamp(last)
}
