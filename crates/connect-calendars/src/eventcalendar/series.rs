//! A series as the Eventcalendar has it: one rule, and what it leaves out.

use std::collections::BTreeSet;

use connect_core::types::{Event, EventTime};
use jiff::{civil::Date, tz::TimeZone};

use crate::{EventSeries, zones};

/// The rule of an event that is a series.
pub(super) struct Series {
    /// Without its name: `FREQ=WEEKLY;BYDAY=MO`.
    pub(super) rule: String,
    pub(super) exception_rule: Option<String>,
    /// The zone that it counts in; none of whole days.
    pub(super) zone: Option<TimeZone>,
    pub(super) exceptions: Vec<EventTime>,
    is_days: bool,
}

impl Series {
    /// None of an event that does not repeat, and of a series that the Eventcalendar has no form for.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let recurrence = event.recurrence()?;
        let all = |name: &str| -> Vec<&str> { recurrence.values(name).collect() };
        let (rules, exception_rules) = (all("RRULE"), all("EXRULE"));
        let ([rule], [] | [_], true) = (&*rules, &*exception_rules, all("RDATE").is_empty()) else {
            return None;
        };
        let is_days = matches!(event.start, Some(EventTime::Date(_)));
        let zone = match recurrence.time_zone.as_deref().filter(|_| !is_days) {
            // In a zone that is not known it would count its days in that of whoever looks at it.
            Some(name) => Some(zones::named(name)?),
            None => None,
        };
        let exception_rule = match exception_rules.first() {
            Some(rule) => Some(shown(rule)?),
            None => None,
        };
        Some(Self {
            rule: shown(rule)?,
            exception_rule,
            zone: zone.filter(|_| matches!(event.start, Some(EventTime::Instant(_)))),
            is_days,
            exceptions: recurrence.exceptions,
        })
    }

    /// The day that the Eventcalendar takes as an exception, in the zone that the page shows the series in.
    pub(super) fn day(&self, start: &EventTime, shown_in: Option<&TimeZone>) -> Option<Date> {
        match start {
            // Providers write the days of all-day series as midnights in UTC.
            EventTime::Instant(instant) => {
                let zone = shown_in.filter(|_| !self.is_days).cloned().unwrap_or(TimeZone::UTC);
                Some(zone.to_datetime(*instant).date())
            }
            EventTime::Local(local) => Some(local.date()),
            EventTime::Date(day) => Some(*day),
            _ => None,
        }
    }
}

/// The rule as the Eventcalendar reads it: it takes a position among weekdays alone, and the last day of a month as -1. Nothing for
/// a rule that it would read as another one, such as the 30th of each month, or the last day of a shorter month.
fn shown(rule: &str) -> Option<String> {
    let parts: Vec<_> = rule.split(';').filter_map(|part| part.trim().split_once('=')).collect();
    let value =
        |name: &str| parts.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    let numbers = |value: &str| {
        value.split(',').map(|number| number.trim().parse().ok()).collect::<Option<BTreeSet<i8>>>()
    };
    let (Some(position), Some(days)) = (value("BYSETPOS"), value("BYMONTHDAY")) else {
        return Some(rule.to_owned());
    };
    let (position, days) = (numbers(position)?, numbers(days)?);
    let months = value("BYMONTH").map_or_else(|| Some((1..=12).collect()), numbers)?;
    let frequency = value("FREQ")?;
    let each_month = frequency.eq_ignore_ascii_case("MONTHLY")
        || frequency.eq_ignore_ascii_case("YEARLY") && months.len() == 1;
    let is_last = position.iter().eq(&[-1])
        && months.iter().all(|month| lengths(*month).iter().all(|day| days.contains(day)));
    if !each_month || !is_last || value("BYDAY").is_some() {
        return None;
    }
    let parts = parts.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("BYSETPOS"));
    let parts: Vec<_> = parts
        .map(|(name, value)| {
            let value = if name.eq_ignore_ascii_case("BYMONTHDAY") { "-1" } else { value };
            format!("{name}={value}")
        })
        .collect();
    Some(parts.join(";"))
}

/// How many days the month has, over the years.
fn lengths(month: i8) -> &'static [i8] {
    match month {
        2 => &[28, 29],
        4 | 6 | 9 | 11 => &[30],
        _ => &[31],
    }
}
