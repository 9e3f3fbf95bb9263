//! How an event repeats.

use alloc::format;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::operation::Invalid;
use crate::rrule::{END_OF_TIME, last_stamp, stamp};
use crate::time::Boundary;
use crate::{Frequency, Moment, Weekday};

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
/// Connect gives a series no time zone. Its first start is an instant, and in which zone the provider counts on
/// from there (the calendar's own, or UTC) is not documented. So a weekly 09:00 in Berlin that begins in
/// winter may be at 10:00 in summer. Where that must not be, create one event for each of its
/// [`stretches`](Self::stretches). Google and Outlook are told the zone of the start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Recurrence {
    pub(crate) frequency: Frequency,
    pub(crate) interval: u32,
    pub(crate) end: End,
    pub(crate) days: Vec<Weekday>,
    pub(crate) month_days: Vec<i8>,
    pub(crate) months: Vec<i8>,
    /// The day a week begins with; Monday unless that matters.
    pub(crate) week_start: Weekday,
    /// The day of an [`End::Until`] on the clocks it was given by: the last day of an all-day series.
    pub(crate) until_day: Option<Date>,
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
    /// With the last occurrence that begins at this instant or before.
    Until(Timestamp),
    /// With the last occurrence that begins on this day or before, in the time zone of the series.
    On(Date),
}

/// Until when something repeats, for [`Recurrence::until`]: an instant, or a civil date.
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

    /// Ends with the last occurrence that begins at that instant or before (UNTIL), or on that day or before; replaces
    /// another end. Where the start is known, UNTIL is the whole second that takes the same occurrences; elsewhere parts of a
    /// second are cut off.
    ///
    /// A civil date is a day in the time zone of the series' start. For an all-day series a zoned time stands for its date. An
    /// update that does not say when the event is refuses a civil date, and a zoned time that is another day in UTC: give a
    /// [`Timestamp`] there.
    pub fn until(mut self, last: impl Into<Last>) -> Self {
        let last = last.into();
        (self.end, self.until_day) = (last.end, last.day);
        self.count_zero = false;
        self
    }

    /// Counts weeks from this day on (WKST), Monday unless given. It matters where not every week counts and BYDAY says which
    /// days do; elsewhere it is dropped when the rule is sent.
    pub fn week_start(mut self, day: Weekday) -> Self {
        self.week_start = day;
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

    /// The day a week begins with (WKST).
    #[must_use]
    pub fn first_weekday(&self) -> Weekday {
        self.week_start
    }

    /// When it ends.
    #[must_use]
    pub fn end(&self) -> End {
        self.end
    }

    /// Whether the occurrences may depend on the day a week begins with (RFC 5545 3.3.10).
    pub(crate) fn counts_weeks(&self) -> bool {
        self.frequency == Frequency::Weekly && self.interval > 1 && !self.days.is_empty()
    }

    /// With an instant for an end, for a series that begins then.
    pub(crate) fn until_instant(&self, start: Option<&Boundary>) -> Result<Self, Invalid> {
        let utc = |day: Date| (day, Offset::UTC.to_timestamp(day.at(23, 59, 59, 0)).ok());
        let (day, last) = match (self.end, start) {
            (End::On(day), Some(Boundary::Day(_))) => utc(day),
            (End::On(day), Some(Boundary::At(start))) => {
                let zone = start.zone();
                let time = zone.to_datetime(start.timestamp()).time();
                // In which zone the provider counts on is not known: half a day later takes the occurrence of that day in
                // any of them, and never the next.
                let begins = zone.to_timestamp(day.to_datetime(time)).ok();
                (day, begins.and_then(|begins| begins.checked_add(SignedDuration::from_hours(12)).ok()))
            }
            (End::On(_), None) => {
                return Err(Invalid::new(
                    "recurrence",
                    "UNTIL is a day, and which instant that is follows from the start: set the start as well, or an instant",
                ));
            }
            (End::Until(last), Some(Boundary::At(start))) => {
                return Ok(self.clone().until(whole_second(last, start.timestamp())));
            }
            (End::Until(_), Some(Boundary::Day(_))) => match self.until_day {
                Some(day) => utc(day),
                None => return Ok(self.clone()),
            },
            // Whether the event is of whole days is not known: of such a one the day in UTC is the last.
            (End::Until(last), None)
                if self.until_day.is_some_and(|day| day != crate::rrule::utc(last).date()) =>
            {
                return Err(Invalid::new(
                    "recurrence",
                    "UNTIL is another day in UTC, where an all-day series counts: set the start as well, or an instant",
                ));
            }
            _ => return Ok(self.clone()),
        };
        match last {
            Some(last) => Ok(self.clone().until(last)),
            None if day.year() == END_OF_TIME.year() => Ok(self.clone().until(END_OF_TIME)),
            None => Err(Invalid::new("recurrence", "UNTIL is out of the years there are")),
        }
    }

    /// With weeks that begin on Monday, where that takes the same days for a series that begins on this one.
    pub(crate) fn weeks_from_monday(mut self, start: Option<Date>) -> Result<Self, Invalid> {
        let first = start.map(|day| day.weekday().to_monday_zero_offset());
        if self.counts_weeks() && first.is_none_or(|first| self.takes_other_weeks(first)) {
            let message =
                format!("WKST={} is not supported: Connect has no first day of the week", self.week_start);
            return if self.week_start == Weekday::Monday {
                Ok(self)
            } else {
                Err(Invalid::new("recurrence", message))
            };
        }
        self.week_start = Weekday::Monday;
        Ok(self)
    }

    /// Whether weeks that begin on Monday would take other days, for a series whose first day is `first` after a Monday.
    fn takes_other_weeks(&self, first: i8) -> bool {
        let after = |day: Weekday| (day.after_monday() - first).rem_euclid(7);
        // Which of the days are in the first week: those before the day the next one begins with.
        let in_first = |begins: Weekday, day: Weekday| match after(begins) {
            0 => true,
            next => after(day) < next,
        };
        self.days.iter().any(|day| in_first(self.week_start, *day) != in_first(Weekday::Monday, *day))
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
        let year = match self.end {
            End::Until(last) => crate::rrule::utc(last).year(),
            End::On(day) => day.year(),
            End::Never | End::Count(_) => 0,
        };
        if !(0..=9999).contains(&year) {
            return invalid("UNTIL is within the years 0 to 9999");
        }
        Ok(())
    }
}

/// The whole second that takes the same occurrences as `last`, of a series whose occurrences begin with the start's fraction.
pub(crate) fn whole_second(last: Timestamp, start: Timestamp) -> Timestamp {
    let fraction = SignedDuration::from_nanos(start.as_nanosecond().rem_euclid(1_000_000_000) as i64);
    let floor = |instant: Timestamp| instant.as_nanosecond().div_euclid(1_000_000_000) as i64;
    let begins = last.checked_sub(fraction).unwrap_or(last);
    Timestamp::from_second(floor(begins) + i64::from(!fraction.is_zero())).unwrap_or(last)
}

impl Weekday {
    /// All of them, from Monday on.
    pub(crate) const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// How many days after Monday it is.
    fn after_monday(self) -> i8 {
        (0..).zip(Self::ALL).find(|(_, day)| *day == self).map_or(0, |(days, _)| days)
    }

    /// How many days it is from one such weekday to the next of another: 0 to 6.
    pub(crate) fn until(self, other: Self) -> i8 {
        (other.after_monday() - self.after_monday()).rem_euclid(7)
    }

    /// That of a date.
    pub(crate) fn of(day: Date) -> Self {
        let after_monday = day.weekday().to_monday_zero_offset();
        usize::try_from(after_monday)
            .ok()
            .and_then(|days| Self::ALL.get(days).copied())
            .unwrap_or(Self::Monday)
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
            End::Until(last) => map.serialize_entry("until", &stamp(last))?,
            // Without its start the rule has no time zone: requests resolve the day before they are sent, but for the last.
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
