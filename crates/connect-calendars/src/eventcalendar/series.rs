//! A series in the form of the Eventcalendar: one rule, and the exceptions to the rule.

use std::collections::BTreeSet;

use connect_core::types::{Event, EventTime};
use jiff::{civil::Date, tz::TimeZone};

use crate::{EventSeries, zones};

/// The rule of a series.
pub(super) struct Series {
    /// The rule without its name: `FREQ=WEEKLY;BYDAY=MO`.
    pub(super) rule: String,
    pub(super) exception_rule: Option<String>,
    /// The zone in which the days of the rule are counted; `None` for an all-day series.
    pub(super) zone: Option<TimeZone>,
    pub(super) exceptions: Vec<EventTime>,
    is_days: bool,
}

impl Series {
    /// Reads the series; `None` for a single event, or if the Eventcalendar cannot express the series.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let recurrence = event.recurrence()?;
        let all = |name: &str| -> Vec<&str> { recurrence.values(name).collect() };
        let (rules, exception_rules) = (all("RRULE"), all("EXRULE"));
        let ([rule], [] | [_], true) = (&*rules, &*exception_rules, all("RDATE").is_empty()) else {
            return None;
        };
        let is_days = matches!(event.start, Some(EventTime::Date(_)));
        let is_instant = matches!(event.start, Some(EventTime::Instant(_)));
        // Without a known zone, the page would count the days of an instant in the zone of its viewer.
        let zone = match recurrence.time_zone.as_deref().filter(|_| !is_days) {
            Some(name) => Some(zones::named(name)?),
            None if is_instant => return None,
            None => None,
        };
        let exception_rule = match exception_rules.first() {
            Some(rule) => Some(eventcalendar_rule(rule)?),
            None => None,
        };
        Some(Self {
            rule: eventcalendar_rule(rule)?,
            exception_rule,
            zone: zone.filter(|_| is_instant),
            is_days,
            exceptions: recurrence.exceptions,
        })
    }

    /// The day of an exception, in the zone in which the page shows the series.
    pub(super) fn day(&self, start: &EventTime, shown_in: Option<&TimeZone>) -> Option<Date> {
        match start {
            // Providers write the days of an all-day series as midnights in UTC.
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

/// The rule in the form of the Eventcalendar, which accepts BYSETPOS only with BYDAY.
///
/// A rule with both BYSETPOS and BYMONTHDAY is converted only if it means the last day of the month, such as
/// `BYMONTHDAY=28,29,30,31;BYSETPOS=-1`: the result has `BYMONTHDAY=-1`. For every other such rule, returns
/// `None`.
fn eventcalendar_rule(rule: &str) -> Option<String> {
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

/// The possible lengths of the month in days.
fn lengths(month: i8) -> &'static [i8] {
    match month {
        2 => &[28, 29],
        4 | 6 | 9 | 11 => &[30],
        _ => &[31],
    }
}
