//! A series as the Eventcalendar has it: one rule, and what it leaves out.

use connect_core::types::{Event, EventTime};
use jiff::{civil::Date, tz::TimeZone};

use crate::zones;

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
        let all = |name: &str| -> Vec<&str> {
            let is_it =
                |line: &&String| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            let after = |line: &'_ String| -> Option<usize> { line.find(':').map(|colon| colon + 1) };
            let lines = recurrence.lines.iter().filter(is_it);
            lines.filter_map(|line| line.get(after(line)?..)).collect()
        };
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
        Some(Self {
            // The Eventcalendar takes a position among weekdays alone, and the last day as -1.
            rule: rule.replace("BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "BYMONTHDAY=-1"),
            exception_rule: exception_rules.first().map(|rule| (*rule).to_owned()),
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
