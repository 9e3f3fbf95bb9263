//! Recurrence rules: construction, checks, and the form that Mobiscroll Connect accepts.

use alloc::format;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::operation::Invalid;
use crate::rrule::{MAX_DATE, last_stamp, stamp};
use crate::time::Boundary;
use crate::{Frequency, Moment, Weekday};

/// A recurrence rule: the part of RFC 5545 3.3.10 that Mobiscroll Connect supports.
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
/// A series in Mobiscroll Connect has no time zone. The start is an instant. It is not documented whether the
/// provider applies the rule in the calendar's time zone or in UTC. A weekly event at 09:00 in Berlin that
/// begins in winter may therefore be at 10:00 in summer. To keep the local time, create one event for each of
/// the [`stretches`](Self::stretches). Requests that are sent directly to Google or Outlook contain the time
/// zone of the start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Recurrence {
    pub(crate) frequency: Frequency,
    pub(crate) interval: u32,
    pub(crate) end: End,
    pub(crate) days: Vec<Weekday>,
    pub(crate) month_days: Vec<i8>,
    pub(crate) months: Vec<i8>,
    /// The first day of the week (WKST).
    pub(crate) week_start: Weekday,
    /// The date of the zoned time that was passed to `until`. An all-day series ends on this date.
    pub(crate) until_day: Option<Date>,
    /// Whether the caller set a count of zero, which [`End`] cannot represent.
    ///
    /// If `count_zero` is true, `check` returns an error.
    pub(crate) count_zero: bool,
}

/// The end of a recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// The recurrence has no end.
    #[default]
    Never,
    /// The number of occurrences.
    Count(NonZeroU32),
    /// The latest instant at which an occurrence may begin.
    Until(Timestamp),
    /// The latest day on which an occurrence may begin, in the time zone of the series.
    On(Date),
}

/// The argument of [`Recurrence::until`]: an instant or a civil date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    end: End,
    day: Option<Date>,
}

impl From<Date> for Last {
    fn from(day: Date) -> Self {
        Self { end: End::On(day), day: None }
    }
}

impl From<Timestamp> for Last {
    fn from(instant: Timestamp) -> Self {
        Self { end: End::Until(instant), day: None }
    }
}

impl From<Moment> for Last {
    fn from(moment: Moment) -> Self {
        moment.timestamp().into()
    }
}

impl From<&ZonedDateTime> for Last {
    fn from(zoned: &ZonedDateTime) -> Self {
        Self { day: Some(zoned.date()), ..zoned.timestamp().into() }
    }
}

impl From<ZonedDateTime> for Last {
    fn from(zoned: ZonedDateTime) -> Self {
        Self::from(&zoned)
    }
}

impl Recurrence {
    /// Creates a rule for every day.
    pub fn daily() -> Self {
        Self::every(Frequency::Daily)
    }

    /// Creates a rule for every week.
    pub fn weekly() -> Self {
        Self::every(Frequency::Weekly)
    }

    /// Creates a rule for every month.
    pub fn monthly() -> Self {
        Self::every(Frequency::Monthly)
    }

    /// Creates a rule for every year.
    pub fn yearly() -> Self {
        Self::every(Frequency::Yearly)
    }

    /// Creates a rule of this frequency.
    pub fn every(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            end: End::Never,
            days: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            week_start: Weekday::Monday,
            until_day: None,
            count_zero: false,
        }
    }

    /// Returns the largest number of days from one period to the next, for example 14 for every two weeks.
    ///
    /// At most ten years.
    pub(crate) fn days_per_period(&self) -> i64 {
        let days = match self.frequency {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => 31,
            Frequency::Yearly => 366,
        };
        (days * i64::from(self.interval)).min(3660)
    }

    /// Sets the interval (INTERVAL), which must be at least 1.
    ///
    /// In a weekly rule, 2 means every second week.
    pub fn interval(mut self, steps: u32) -> Self {
        self.interval = steps;
        self
    }

    /// Sets the number of occurrences (COUNT), which must be at least 1.
    ///
    /// Replaces a COUNT or UNTIL that was set before.
    pub fn count(mut self, occurrences: u32) -> Self {
        self.count_zero = occurrences == 0;
        self.end = NonZeroU32::new(occurrences).map_or(End::Never, End::Count);
        self
    }

    /// Sets the latest instant or day at which an occurrence may begin (UNTIL).
    ///
    /// Replaces a COUNT or UNTIL that was set before.
    ///
    /// A civil date is a day in the time zone of the series' start. For an all-day series, only the date of a
    /// zoned time is used. An update that does not set the start is refused if `last` is a civil date, or a
    /// zoned time whose date differs from its date in UTC. Use a [`Timestamp`] in such an update.
    ///
    /// UNTIL has whole seconds. If the request or the caller of [`rrule_from`](Self::rrule_from) sets the
    /// start of the series, `last` is rounded so that no occurrence is added or lost. Otherwise, `last` is
    /// rounded down.
    pub fn until(mut self, last: impl Into<Last>) -> Self {
        let last = last.into();
        (self.end, self.until_day) = (last.end, last.day);
        self.count_zero = false;
        self
    }

    /// Sets the first day of the week (WKST). Default: Monday.
    ///
    /// WKST affects only weekly rules with weekdays and an interval above 1. Other rules are sent without
    /// WKST. Mobiscroll Connect has no WKST: a request to Connect is refused if weeks that begin on Monday
    /// would change the occurrences.
    pub fn week_start(mut self, day: Weekday) -> Self {
        self.week_start = day;
        self
    }

    /// Adds weekdays (BYDAY). The rule is then limited to the added weekdays.
    pub fn on(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.days.extend(days);
        self
    }

    /// Adds days of the month (BYMONTHDAY): 1 to 31, or -1 (the last day) to -31.
    ///
    /// The rule is then limited to the added days.
    pub fn on_days(mut self, days: impl IntoIterator<Item = i8>) -> Self {
        self.month_days.extend(days);
        self
    }

    /// Adds months (BYMONTH): 1 to 12. The rule is then limited to the added months.
    pub fn in_months(mut self, months: impl IntoIterator<Item = i8>) -> Self {
        self.months.extend(months);
        self
    }

    /// Returns the frequency (FREQ).
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Returns the interval (INTERVAL): 2 in a weekly rule means every second week.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.interval
    }

    /// Returns the weekdays to which the rule is limited (BYDAY).
    #[must_use]
    pub fn weekdays(&self) -> &[Weekday] {
        &self.days
    }

    /// Returns the days of the month to which the rule is limited (BYMONTHDAY).
    #[must_use]
    pub fn month_days(&self) -> &[i8] {
        &self.month_days
    }

    /// Returns the months to which the rule is limited (BYMONTH).
    #[must_use]
    pub fn months(&self) -> &[i8] {
        &self.months
    }

    /// Returns the first day of the week (WKST).
    #[must_use]
    pub fn first_weekday(&self) -> Weekday {
        self.week_start
    }

    /// Returns the end of the recurrence.
    #[must_use]
    pub fn end(&self) -> End {
        self.end
    }

    /// Returns whether the occurrences may depend on the first day of the week (RFC 5545 3.3.10).
    pub(crate) fn counts_weeks(&self) -> bool {
        self.frequency == Frequency::Weekly && self.interval > 1 && !self.days.is_empty()
    }

    /// Returns the rule with its end as an instant, for a series with this start.
    pub(crate) fn until_instant(&self, start: Option<&Boundary>) -> Result<Self, Invalid> {
        let utc = |day: Date| (day, Offset::UTC.to_timestamp(day.at(23, 59, 59, 0)).ok());
        let (day, last) = match (self.end, start) {
            (End::On(day), Some(Boundary::Day(_))) => utc(day),
            (End::On(day), Some(Boundary::At(start))) => {
                let zone = start.zone();
                let time = zone.to_datetime(start.timestamp()).time();
                // The provider may apply the rule in any time zone. In every time zone, an UNTIL half a day
                // after the last occurrence includes the last occurrence, but not the next one.
                let begins = zone.to_timestamp(day.to_datetime(time)).ok();
                (day, begins.and_then(|begins| begins.checked_add(SignedDuration::from_hours(12)).ok()))
            }
            (End::On(_), None) => {
                return Err(Invalid::new(
                    "recurrence",
                    "UNTIL is a date, which requires the start of the series: set the start as well, or use a timestamp",
                ));
            }
            (End::Until(last), Some(Boundary::At(start))) => {
                return Ok(self.clone().until(until_in_seconds(last, start.timestamp())));
            }
            (End::Until(_), Some(Boundary::Day(_))) => match self.until_day {
                Some(day) => utc(day),
                None => return Ok(self.clone()),
            },
            // The event may be all-day, and an all-day series ends on the date of UNTIL in UTC.
            (End::Until(last), None)
                if self.until_day.is_some_and(|day| day != crate::rrule::utc(last).date()) =>
            {
                return Err(Invalid::new(
                    "recurrence",
                    "UNTIL is on another day in UTC than in its time zone, so an all-day series would end on \
                     the wrong day: set the start as well, or use a timestamp",
                ));
            }
            _ => return Ok(self.clone()),
        };
        match last {
            Some(last) => Ok(self.clone().until(last)),
            None if day.year() == MAX_DATE.year() => Ok(self.clone().until(MAX_DATE)),
            None => Err(Invalid::new("recurrence", "UNTIL is out of range (expected a year from 0 to 9999)")),
        }
    }

    /// Returns the rule with weeks that begin on Monday, for a series whose first day is `start`.
    ///
    /// # Errors
    /// [`Invalid`] if weeks that begin on Monday would change the occurrences, or if `start` is `None` and
    /// such weeks could change the occurrences.
    pub(crate) fn weeks_from_monday(mut self, start: Option<Date>) -> Result<Self, Invalid> {
        let first = start.map(|day| day.weekday().to_monday_zero_offset());
        if self.counts_weeks() && first.is_none_or(|first| self.depends_on_week_start(first)) {
            let message = format!(
                "WKST={} is not supported: in Mobiscroll Connect, weeks begin on Monday",
                self.week_start
            );
            return if self.week_start == Weekday::Monday {
                Ok(self)
            } else {
                Err(Invalid::new("recurrence", message))
            };
        }
        self.week_start = Weekday::Monday;
        Ok(self)
    }

    /// Returns whether weeks that begin on Monday would change the occurrences.
    ///
    /// `first` is the first day of the series, as a number of days after Monday.
    fn depends_on_week_start(&self, first: i8) -> bool {
        let after = |day: Weekday| (day.after_monday() - first).rem_euclid(7);
        // The days before the start of the second week are in the first week.
        let in_first = |begins: Weekday, day: Weekday| match after(begins) {
            0 => true,
            next => after(day) < next,
        };
        self.days.iter().any(|day| in_first(self.week_start, *day) != in_first(Weekday::Monday, *day))
    }

    /// Returns an error for a rule that RFC 5545 does not allow.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let invalid = |message| Err(Invalid::new("recurrence", message));
        if self.interval == 0 {
            return invalid("INTERVAL must be at least 1");
        }
        if self.count_zero {
            return invalid("COUNT must be at least 1");
        }
        if !self.month_days.iter().all(|day| (1..=31).contains(&day.unsigned_abs())) {
            return invalid("BYMONTHDAY must be 1 to 31 or -31 to -1");
        }
        if !self.months.iter().all(|month| (1..=12).contains(month)) {
            return invalid("BYMONTH must be 1 to 12");
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return invalid("BYMONTHDAY cannot be combined with FREQ=WEEKLY");
        }
        let year = match self.end {
            End::Until(last) => crate::rrule::utc(last).year(),
            End::On(day) => day.year(),
            End::Never | End::Count(_) => 0,
        };
        if !(0..=9999).contains(&year) {
            return invalid("UNTIL is out of range (expected a year from 0 to 9999)");
        }
        Ok(())
    }
}

/// Rounds `last` to a whole second. A series that begins at `start` keeps its occurrences.
///
/// Every occurrence begins at the same fraction of a second as `start`.
pub(crate) fn until_in_seconds(last: Timestamp, start: Timestamp) -> Timestamp {
    let fraction = SignedDuration::from_nanos(start.as_nanosecond().rem_euclid(1_000_000_000) as i64);
    let floor = |instant: Timestamp| instant.as_nanosecond().div_euclid(1_000_000_000) as i64;
    let begins = last.checked_sub(fraction).unwrap_or(last);
    Timestamp::from_second(floor(begins) + i64::from(!fraction.is_zero())).unwrap_or(last)
}

impl Weekday {
    /// All weekdays, Monday first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Returns the number of days after Monday: 0 to 6.
    fn after_monday(self) -> i8 {
        (0..).zip(Self::ALL).find(|(_, day)| *day == self).map_or(0, |(days, _)| days)
    }

    /// Returns the number of days from this weekday to the next `other`: 0 to 6.
    pub(crate) fn until(self, other: Self) -> i8 {
        (other.after_monday() - self.after_monday()).rem_euclid(7)
    }

    pub(crate) fn of(day: Date) -> Self {
        let after_monday = day.weekday().to_monday_zero_offset();
        usize::try_from(after_monday)
            .ok()
            .and_then(|days| Self::ALL.get(days).copied())
            .unwrap_or(Self::Monday)
    }
}

/// The JSON format of requests.
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
            End::Until(last) => map.serialize_entry("until", &stamp(last))?,
            // Requests convert the day to an instant before they are serialized, except for the last
            // representable day.
            End::On(day) => map.serialize_entry("until", &last_stamp(day))?,
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
