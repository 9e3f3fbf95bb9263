//! The rule of a series in a file.

use connect_core::types::{End, EventTime, Frequency, Recurrence, SeriesStart, Weekday};
use jiff::{
    ToSpan as _, ZonedDateTime,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::times::{DateOrTime, time_stamp};
use crate::patterned::{Pattern, PatternedRecurrence, RangeEnd, WeekIndex};

/// The number of years after the start of a series in which its occurrences are computed.
pub(super) const MAX_YEARS: i32 = 20;

/// The rule of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SeriesRule {
    /// A rule that all services accept.
    Plain(Recurrence),
    /// A rule with a relative day, such as the second Tuesday. Mobiscroll Connect has no such rule.
    Relative(Box<PatternedRecurrence>),
}

impl SeriesRule {
    /// Reads the value of an RRULE.
    pub(super) fn read(value: &str, start: &DateOrTime) -> Result<Self, String> {
        let line = with_absolute_until(value, start);
        match line.parse::<Recurrence>() {
            Ok(rule) => Ok(Self::Plain(rule)),
            Err(error) => PatternedRecurrence::from_rrule(&line, series_start(start))
                .ok()
                .filter(|rule| {
                    matches!(rule.pattern, Pattern::RelativeMonthly { .. } | Pattern::RelativeYearly { .. })
                })
                .map(|rule| Self::Relative(Box::new(rule)))
                .ok_or_else(|| format!("RRULE: {}", error.message())),
        }
    }

    /// Returns the rule as a line for a series with this start.
    pub(super) fn line(&self, start: &DateOrTime) -> Result<String, String> {
        let start = series_start(start);
        let line = match self {
            Self::Plain(rule) => rule.rrule_from(start),
            Self::Relative(rule) => rule.rrule(start),
        };
        line.map_err(|error| format!("RRULE: {}", error.message()))
    }

    /// Returns whether the rule includes the day of the start. Without such a day, the set of occurrences is
    /// undefined (RFC 5545 3.8.5.3); here, the start is the first occurrence.
    pub(super) fn includes_start(&self, start: &DateOrTime) -> bool {
        let first = first_day(start);
        match self {
            Self::Plain(rule) => {
                let weekday = weekday_of(first);
                let from_end = first.day() - first.days_in_month() - 1;
                let day = |day: &i8| *day == first.day() || *day == from_end;
                (rule.weekdays().is_empty() || rule.weekdays().contains(&weekday))
                    && (rule.month_days().is_empty() || rule.month_days().iter().any(day))
                    && (rule.months().is_empty() || rule.months().contains(&first.month()))
            }
            Self::Relative(rule) => relative_day(&rule.pattern, first) == Some(first),
        }
    }

    /// Returns the rule for Mobiscroll Connect, which has no relative days.
    ///
    /// The second Tuesday is the Tuesday from the 8th to the 14th.
    pub(super) fn for_connect(&self) -> Option<Recurrence> {
        let rule = match self {
            Self::Plain(rule) => return Some(rule.clone()),
            Self::Relative(rule) => rule,
        };
        let (frequency, months, days, index) = match &rule.pattern {
            Pattern::RelativeMonthly { days, index } => (Frequency::Monthly, None, days, index),
            Pattern::RelativeYearly { month, days, index } => (Frequency::Yearly, Some(*month), days, index),
            _ => return None,
        };
        // The days of a month that fall on several weekdays have no fixed range.
        let [_] = days.as_slice() else { return None };
        let range = match index {
            WeekIndex::First => 1..=7,
            WeekIndex::Second => 8..=14,
            WeekIndex::Third => 15..=21,
            WeekIndex::Fourth => 22..=28,
            WeekIndex::Last => -7..=-1,
        };
        let plain = Recurrence::every(frequency).interval(rule.interval);
        let plain = plain.on(days.iter().copied()).on_days(range).in_months(months);
        Some(match rule.end {
            RangeEnd::Never => plain,
            RangeEnd::On(last) => plain.until(last),
            RangeEnd::After(count) => plain.count(count.get()),
        })
    }

    /// Returns whether the series has no end.
    pub(super) fn is_endless(&self) -> bool {
        match self {
            Self::Plain(rule) => rule.end() == End::Never,
            Self::Relative(rule) => rule.end == RangeEnd::Never,
        }
    }

    /// Returns the starts of the occurrences up to the day `horizon`, at most `most`.
    pub(super) fn starts(&self, start: &DateOrTime, horizon: Date, most: usize) -> Vec<ZonedDateTime> {
        let Some(first) = zoned(start) else { return Vec::new() };
        match self {
            Self::Plain(rule) => rule.occurrences(&first, horizon).take(most).collect(),
            Self::Relative(rule) => relative_starts(rule, &first, horizon).take(most).collect(),
        }
    }
}

/// Returns a start as a zoned time. The days of an all-day series are midnights in UTC.
pub(super) fn zoned(start: &DateOrTime) -> Option<ZonedDateTime> {
    match start {
        DateOrTime::Day(day) => day.to_datetime(Time::midnight()).to_zoned_datetime(TimeZone::UTC).ok(),
        DateOrTime::At(at) => Some(at.clone()),
    }
}

pub(super) fn first_day(start: &DateOrTime) -> Date {
    match start {
        DateOrTime::Day(day) => *day,
        DateOrTime::At(at) => at.date(),
    }
}

/// Returns the last day on which occurrences are computed.
pub(super) fn horizon(start: &DateOrTime) -> Date {
    first_day(start).saturating_add(MAX_YEARS.years())
}

fn series_start(start: &DateOrTime) -> SeriesStart {
    match start {
        DateOrTime::Day(day) => SeriesStart::Day(*day),
        DateOrTime::At(at) => SeriesStart::At(at.clone()),
    }
}

/// Returns the rule with an UNTIL in UTC or a date. Some programs write UNTIL in local time, like a start
/// without a zone.
fn with_absolute_until(value: &str, start: &DateOrTime) -> String {
    let part = |part: &str| -> Option<String> {
        let until = part.trim().strip_prefix("UNTIL=")?;
        let Some(EventTime::Local(local)) = EventTime::from_icalendar(until) else { return None };
        Some(match start {
            DateOrTime::Day(_) => format!("UNTIL={}", until.get(..8)?),
            DateOrTime::At(at) => {
                let last = at.time_zone().to_timestamp(local).ok()?;
                format!("UNTIL={}Z", time_stamp(TimeZone::UTC.to_datetime(last)))
            }
        })
    };
    let upper = value.trim().to_ascii_uppercase();
    let parts = upper.split(';').map(|text| part(text).unwrap_or_else(|| text.to_owned()));
    parts.collect::<Vec<_>>().join(";")
}

fn weekday_of(day: Date) -> Weekday {
    match day.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}

/// Returns the day of a relative pattern in the month of `day`.
fn relative_day(pattern: &Pattern, day: Date) -> Option<Date> {
    let (days, index) = match pattern {
        Pattern::RelativeMonthly { days, index } => (days, index),
        Pattern::RelativeYearly { month, days, index } if *month == day.month() => (days, index),
        _ => return None,
    };
    let all = (1..=day.days_in_month()).filter_map(|number| Date::new(day.year(), day.month(), number).ok());
    let mut all = all.filter(|day| days.contains(&weekday_of(*day)));
    match index {
        WeekIndex::First => all.next(),
        WeekIndex::Second => all.nth(1),
        WeekIndex::Third => all.nth(2),
        WeekIndex::Fourth => all.nth(3),
        WeekIndex::Last => all.next_back(),
    }
}

fn relative_starts<'a>(
    rule: &'a PatternedRecurrence,
    start: &'a ZonedDateTime,
    horizon: Date,
) -> impl Iterator<Item = ZonedDateTime> + 'a {
    let first = start.date();
    let (month, months) = match rule.pattern {
        Pattern::RelativeYearly { month, .. } => (month, 12_i64),
        _ => (first.month(), 1),
    };
    let months = months * i64::from(rule.interval.clamp(1, 12_000));
    let base = Date::new(first.year(), month, 1).unwrap_or(first.first_of_month());
    let days = (0_i64..).map_while(move |step| base.checked_add((step * months).months()).ok());
    let days = days.filter_map(|month| relative_day(&rule.pattern, month)).filter(move |day| *day > first);
    // The start is the first occurrence, even if the rule does not include it.
    let days = std::iter::once(first).chain(days);
    let days =
        days.take_while(move |day| *day <= horizon && !matches!(rule.end, RangeEnd::On(last) if *day > last));
    let most = match rule.end {
        RangeEnd::After(count) => usize::try_from(count.get()).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    let at = |day: Date| day.to_datetime(start.time()).to_zoned_datetime(start.time_zone().clone()).ok();
    days.map_while(at).take(most)
}
