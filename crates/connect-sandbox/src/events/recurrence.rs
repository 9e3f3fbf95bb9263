//! Recurrence rules: which starts a series has. Everything is counted in UTC, unless the provider named another zone.

#[cfg(test)]
use crate::time;
use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A rule as the service documents it. The first start always belongs to the series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recurrence {
    pub(crate) frequency: Frequency,
    pub(crate) interval: i64,
    pub(crate) end: End,
    pub(crate) by_day: Vec<Weekday>,
    /// Negative days count from the end of the month.
    pub(crate) by_month_day: Vec<i8>,
    pub(crate) by_month: Vec<i8>,
    /// The nth of a weekday in its month, negative from the end: only providers have it, and what follows.
    pub(crate) nth: Vec<(i8, Weekday)>,
    /// Which of the days of a period, negative from the end.
    pub(crate) positions: Vec<i8>,
    pub(crate) week_start: Weekday,
    /// Where the days and the time of day are counted.
    pub(crate) zone: TimeZone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    Count(usize),
    Until(Timestamp),
}

/// Where a series stops in any case: periods looked at, and starts found.
pub(crate) const MOST: usize = 4_000;

impl Recurrence {
    pub(crate) fn new(frequency: Frequency) -> Self {
        let empty = Vec::new();
        Self {
            frequency,
            interval: 1,
            end: End::Never,
            by_day: empty,
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            nth: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
            zone: TimeZone::UTC,
        }
    }

    /// The starts of a series from `first` up to and with `last`, in order.
    pub(crate) fn starts(&self, first: Timestamp, last: Timestamp) -> Vec<Timestamp> {
        let (last, most) = match self.end {
            End::Never => (last, MOST),
            End::Count(count) => (last, count.min(MOST)),
            End::Until(until) => (last.min(until), MOST),
        };
        let mut starts = vec![first];
        let local = self.zone.to_datetime(first);
        let later = (0..MOST as i64)
            .map_while(|period| self.period(local.date(), period))
            .take_while(|(start, _)| self.instant(start.at(0, 0, 0, 0)).is_some_and(|start| start <= last))
            .flat_map(|(_, days)| self.picked(days))
            .filter(|day| *day > local.date())
            .map_while(|day| self.instant(day.to_datetime(local.time())));
        starts.extend(later.take_while(|start| *start <= last).take(most.saturating_sub(1)));
        starts.retain(|start| *start <= last);
        starts
    }

    /// Whether the first start is one that the rule itself gives.
    pub(crate) fn gives(&self, first: Timestamp) -> bool {
        let day = self.zone.to_datetime(first).date();
        self.period(day, 0).is_some_and(|(_, days)| self.picked(days).contains(&day))
    }

    /// The first day of the nth period, and the days of it that the rule picks, in order.
    fn period(&self, first: Date, n: i64) -> Option<(Date, Vec<Date>)> {
        let steps = self.interval.checked_mul(n)?;
        match self.frequency {
            Frequency::Daily => {
                let day = first.checked_add(span(|span| span.try_days(steps))?).ok()?;
                Some((day, self.filtered(vec![day])))
            }
            Frequency::Weekly => {
                let into_week = first.weekday().since(self.week_start);
                let monday = first.checked_sub(Span::new().days(into_week)).ok()?;
                let monday = monday.checked_add(span(|span| span.try_weeks(steps))?).ok()?;
                let week = (0..7).filter_map(|day| monday.checked_add(Span::new().days(day)).ok());
                Some((monday, self.filtered(week.filter(|day| self.by_day_or(first, *day)).collect())))
            }
            Frequency::Monthly => {
                let month = first.first_of_month().checked_add(span(|span| span.try_months(steps))?).ok()?;
                Some((month, self.filtered(self.days_of_month(first, month))))
            }
            Frequency::Yearly => {
                let year = date(first.year(), 1, 1).checked_add(span(|span| span.try_years(steps))?).ok()?;
                let months = self.months_of_year(first).into_iter();
                let months = months.filter_map(|month| Date::new(year.year(), month, 1).ok());
                Some((
                    year,
                    self.filtered(months.flat_map(|month| self.days_of_month(first, month)).collect()),
                ))
            }
        }
    }

    fn by_day_or(&self, first: Date, day: Date) -> bool {
        if self.by_day.is_empty() {
            day.weekday() == first.weekday()
        } else {
            self.by_day.contains(&day.weekday())
        }
    }

    /// Without day or weekday in the rule: the day of the first start, in months that have it.
    fn days_of_month(&self, first: Date, month: Date) -> Vec<Date> {
        if self.by_day.is_empty() && self.nth.is_empty() && self.by_month_day.is_empty() {
            return Date::new(month.year(), month.month(), first.day()).into_iter().collect();
        }
        (1..=month.days_in_month())
            .filter_map(|day| Date::new(month.year(), month.month(), day).ok())
            .collect()
    }

    fn months_of_year(&self, first: Date) -> Vec<i8> {
        let any_month = !(self.by_day.is_empty() && self.nth.is_empty() && self.by_month_day.is_empty());
        if any_month || !self.by_month.is_empty() { (1..=12).collect() } else { vec![first.month()] }
    }

    fn filtered(&self, mut days: Vec<Date>) -> Vec<Date> {
        days.retain(|day| {
            let from_end = day.day() - day.days_in_month() - 1;
            (self.by_month.is_empty() || self.by_month.contains(&day.month()))
                && self.fits_weekday(*day)
                && (self.by_month_day.is_empty()
                    || self.by_month_day.contains(&day.day())
                    || self.by_month_day.contains(&from_end))
        });
        days
    }

    fn fits_weekday(&self, day: Date) -> bool {
        let from_start = (day.day() - 1) / 7 + 1;
        let from_end = -((day.days_in_month() - day.day()) / 7 + 1);
        let counted = |n: i8| n == from_start || n == from_end;
        (self.by_day.is_empty() && self.nth.is_empty())
            || self.by_day.contains(&day.weekday())
            || self.nth.iter().any(|(n, weekday)| *weekday == day.weekday() && counted(*n))
    }

    fn picked(&self, days: Vec<Date>) -> Vec<Date> {
        if self.positions.is_empty() {
            return days;
        }
        let count = days.len();
        let place = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        let asked = |at: usize| {
            let (from_start, from_end) = (place(at) + 1, place(at) - place(count));
            self.positions.iter().any(|one| [from_start, from_end].contains(&i64::from(*one)))
        };
        days.into_iter().enumerate().filter(|(at, _)| asked(*at)).map(|(_, day)| day).collect()
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        local.to_zoned_datetime(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }
}

fn span(make: impl FnOnce(Span) -> Result<Span, jiff::Error>) -> Option<Span> {
    make(Span::new()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        time::read(text).unwrap()
    }

    fn days(rule: &Recurrence, first: &str, last: &str) -> Vec<String> {
        rule.starts(at(first), at(last)).into_iter().map(|start| time::stamp(start, true)).collect()
    }

    #[test]
    fn weekly_on_two_days_every_other_week() {
        let mut rule = Recurrence::new(Frequency::Weekly);
        rule.interval = 2;
        rule.by_day = vec![Weekday::Monday, Weekday::Wednesday];
        rule.end = End::Count(5);
        let found = days(&rule, "2026-11-02T09:00Z", "2027-11-02");
        assert_eq!(found, ["20261102", "20261104", "20261116", "20261118", "20261130"]);
    }

    #[test]
    fn until_is_part_of_the_series() {
        let mut rule = Recurrence::new(Frequency::Daily);
        rule.end = End::Until(at("2026-11-04T09:00Z"));
        assert_eq!(days(&rule, "2026-11-02T09:00Z", "2027-01-01"), ["20261102", "20261103", "20261104"]);
    }

    #[test]
    fn a_month_without_the_day_is_skipped_and_the_last_day_is_minus_one() {
        let mut rule = Recurrence::new(Frequency::Monthly);
        assert_eq!(days(&rule, "2026-01-31", "2026-04-30"), ["20260131", "20260331"]);
        rule.by_month_day = vec![-1];
        assert_eq!(days(&rule, "2026-01-31", "2026-04-30"), ["20260131", "20260228", "20260331", "20260430"]);
    }

    #[test]
    fn yearly_in_chosen_months() {
        let mut rule = Recurrence::new(Frequency::Yearly);
        rule.by_month = vec![2, 5];
        assert_eq!(days(&rule, "2026-02-10", "2027-12-31"), ["20260210", "20260510", "20270210", "20270510"]);
    }

    #[test]
    fn a_rule_that_never_matches_ends() {
        let mut rule = Recurrence::new(Frequency::Monthly);
        rule.by_month = vec![2];
        rule.by_month_day = vec![30];
        assert_eq!(rule.starts(at("2026-02-10"), Timestamp::MAX).len(), 1);
        rule.interval = i64::MAX;
        assert_eq!(rule.starts(Timestamp::MAX, Timestamp::MAX).len(), 1);
    }
}
