//! The days that a recurrence rule selects in a period (day, week, month or year).

use super::{Frequency, Recurrence};
use jiff::civil::{Date, date};
use jiff::{Span, Unit};

impl Recurrence {
    /// Returns the rule with its missing parts derived from the first start.
    pub(super) fn resolved(&self, first: Date) -> Self {
        let mut rule = self.clone();
        let days = !(rule.by_day.is_empty() && rule.nth.is_empty());
        let named = days || !(rule.by_month_day.is_empty() && rule.by_year_day.is_empty());
        match rule.frequency {
            Frequency::Weekly if !days => rule.by_day = vec![first.weekday()],
            Frequency::Yearly if !named && !rule.by_week.is_empty() => rule.by_day = vec![first.weekday()],
            Frequency::Monthly | Frequency::Yearly if !named => {
                rule.by_month_day = vec![first.day()];
                if rule.frequency == Frequency::Yearly && rule.by_month.is_empty() {
                    rule.by_month = vec![first.month()];
                }
            }
            _ => {}
        }
        if let [day] = rule.by_month_day[..] {
            let replaced = rule.last_day_instead && rule.has_one_month();
            if replaced && day > 28 && !days && rule.positions.is_empty() {
                rule.by_month_day = (28..=day).collect();
                rule.positions = vec![-1];
            }
        }
        rule
    }

    /// Whether the days of a period are all in one month.
    fn has_one_month(&self) -> bool {
        match self.frequency {
            Frequency::Monthly => true,
            Frequency::Yearly => self.by_month.len() == 1,
            Frequency::Daily | Frequency::Weekly => false,
        }
    }

    /// Returns how many consecutive periods without a selected day prove that no selected day follows.
    ///
    /// The calendar repeats every 400 years (146,097 days or 20,871 weeks). After this number of
    /// periods, the selected days repeat, whatever the interval is.
    pub(super) fn cycle(&self) -> u32 {
        match self.frequency {
            Frequency::Daily => 146_097,
            Frequency::Weekly => 20_871,
            Frequency::Monthly => 4_800,
            Frequency::Yearly => 400,
        }
    }

    /// Returns the number of the period of `day`; the result may be off by one. The period of the first start
    /// has the number 0, as do all earlier periods.
    pub(super) fn period_of(&self, first: Date, day: Date) -> i64 {
        let (unit, begin) = match self.frequency {
            Frequency::Daily => (Unit::Day, first),
            Frequency::Weekly => (Unit::Week, first),
            Frequency::Monthly => (Unit::Month, first.first_of_month()),
            Frequency::Yearly => (Unit::Year, first.first_of_year()),
        };
        let Ok(span) = begin.until((unit, day)) else { return 0 };
        let units = match unit {
            Unit::Day => i64::from(span.get_days()),
            Unit::Week => i64::from(span.get_weeks()),
            Unit::Month => i64::from(span.get_months()),
            _ => i64::from(span.get_years()),
        };
        (units / self.interval.max(1)).max(0)
    }

    /// Returns the selected days of the nth period, in order; `None` if the period is out of range.
    pub(super) fn days_of(&self, first: Date, n: i64) -> Option<Vec<Date>> {
        let steps = self.interval.checked_mul(n)?;
        let days = match self.frequency {
            Frequency::Daily => vec![plus_days(first, steps)?],
            Frequency::Weekly => {
                let into_week = i64::from(first.weekday().since(self.week_start));
                let begin = steps.checked_mul(7)?.checked_sub(into_week)?;
                let week: Vec<_> =
                    (0..7).filter_map(|day| plus_days(first, begin.checked_add(day)?)).collect();
                (!week.is_empty()).then_some(week)?
            }
            Frequency::Monthly => {
                let month = first.first_of_month().checked_add(span(|span| span.try_months(steps))?).ok()?;
                days_of_month(month).collect()
            }
            Frequency::Yearly => {
                let year = date(first.year(), 1, 1).checked_add(span(|span| span.try_years(steps))?).ok()?;
                let months = (1..=12).filter(|month| fits(&self.by_month, month));
                months
                    .filter_map(|month| Date::new(year.year(), month, 1).ok())
                    .flat_map(days_of_month)
                    .collect()
            }
        };
        Some(self.picked(days.into_iter().filter(|day| self.fits(*day)).collect()))
    }

    /// Whether every part of the rule selects the day.
    fn fits(&self, day: Date) -> bool {
        fits(&self.by_month, &day.month())
            && fits_either(&self.by_month_day, day.day(), day.days_in_month())
            && fits_either(&self.by_year_day, day.day_of_year(), day.days_in_year())
            && (self.by_week.is_empty() || self.fits_week(day))
            && self.fits_weekday(day)
    }

    fn fits_weekday(&self, day: Date) -> bool {
        if self.by_day.is_empty() && self.nth.is_empty() {
            return true;
        }
        let in_year = self.frequency == Frequency::Yearly && self.by_month.is_empty();
        let (at, of) = if in_year {
            (day.day_of_year(), day.days_in_year())
        } else {
            (i16::from(day.day()), i16::from(day.days_in_month()))
        };
        let (from_start, from_end) = ((at - 1) / 7 + 1, -((of - at) / 7 + 1));
        let counted = |n: i8| [from_start, from_end].contains(&i16::from(n));
        self.by_day.contains(&day.weekday())
            || self.nth.iter().any(|(n, weekday)| *weekday == day.weekday() && counted(*n))
    }

    /// Whether `BYWEEKNO` selects the week of the day. A week belongs to the year of its fourth day.
    fn fits_week(&self, day: Date) -> bool {
        let into_week = i64::from(day.weekday().since(self.week_start));
        let Some(fourth) = plus_days(day, 3 - into_week) else { return false };
        let week = (fourth.day_of_year() - 1) / 7 + 1;
        let weeks = week + (fourth.days_in_year() - fourth.day_of_year()) / 7;
        fits_either(&self.by_week, week, weeks)
    }

    fn picked(&self, days: Vec<Date>) -> Vec<Date> {
        if self.positions.is_empty() {
            return days;
        }
        // The conversion cannot fail, since a period has at most 366 days.
        let count = i16::try_from(days.len()).unwrap_or(i16::MAX);
        let numbered = (1_i16..).zip(days);
        numbered.filter(|(at, _)| fits_either(&self.positions, *at, count)).map(|(_, day)| day).collect()
    }
}

/// Whether the list is empty or contains the value.
fn fits<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

/// Whether the list is empty or contains the position `at`. Negative positions in the list count back from
/// the last position, `of`.
fn fits_either<T: Copy + PartialEq + Into<i16>>(list: &[T], at: impl Into<i16>, of: impl Into<i16>) -> bool {
    let (at, of) = (at.into(), of.into());
    list.is_empty() || list.iter().any(|one| [at, at - of - 1].contains(&(*one).into()))
}

fn days_of_month(month: Date) -> impl Iterator<Item = Date> {
    (1..=month.days_in_month()).filter_map(move |day| Date::new(month.year(), month.month(), day).ok())
}

fn plus_days(day: Date, days: i64) -> Option<Date> {
    day.checked_add(span(|span| span.try_days(days))?).ok()
}

fn span(make: impl FnOnce(Span) -> Result<Span, jiff::Error>) -> Option<Span> {
    make(Span::new()).ok()
}
