//! A series at Mobiscroll Connect after the clocks change.
//!
//! The wire gives a series no time zone, so which clocks it follows from its first start on is the provider's to say: a weekly
//! 18:00 may be at 19:00 in the other half of the year.

use connect_hyper::types::{End, Frequency, Recurrence};
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::{failure::Failure, when};

/// What to tell of a series that begins then on the clocks of this zone, and goes on after they change.
pub(super) fn warning(
    rule: &Recurrence,
    start: Timestamp,
    zone: &TimeZone,
) -> Result<Option<String>, Failure> {
    let last = last_start(rule, start, zone)?;
    let offset = zone.to_offset(start);
    let changes =
        zone.following(start).take_while(|change| last.is_none_or(|last| change.timestamp() <= last));
    let Some(change) = changes.take(2).find(|change| change.offset() != offset) else { return Ok(None) };
    let name = zone.iana_name().map_or_else(|| "your time zone".to_owned(), str::to_owned);
    Ok(Some(format!(
        "Mobiscroll Connect gives a series no time zone: when the clocks of {name} change, on {}, this one may move by the \
         difference. End it before that, with UNTIL, and create another one from then on.",
        change.timestamp().to_zoned_datetime(zone.clone()).date(),
    )))
}

/// The last start at the latest; nothing where it goes on.
fn last_start(rule: &Recurrence, start: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, Failure> {
    match rule.end() {
        End::Never => Ok(None),
        End::Until(last) => Ok(Some(last)),
        End::On(day) => {
            let end = day.tomorrow().and_then(|day| day.to_zoned_datetime(zone.clone()));
            Ok(Some(end.map_err(when::out_of_range)?.timestamp()))
        }
        End::Count(count) => {
            let count = i64::from(count.get()) - 1;
            let steps = i64::from(rule.steps());
            let length =
                |each: usize| (count / i64::try_from(each.max(1)).unwrap_or(1)).saturating_mul(steps);
            let span = match rule.frequency() {
                Frequency::Daily => Span::new().try_days(length(1)),
                Frequency::Weekly => Span::new().try_weeks(length(rule.weekdays().len())),
                Frequency::Monthly => Span::new().try_months(length(rule.month_days().len())),
                Frequency::Yearly => Span::new().try_years(length(1)),
            };
            // What is beyond all calendars goes on.
            let last = span.and_then(|span| start.to_zoned_datetime(zone.clone()).checked_add(span));
            Ok(last.ok().map(|last| last.timestamp()))
        }
    }
}
