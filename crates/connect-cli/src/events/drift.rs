//! A series at Mobiscroll Connect after the clocks change.
//!
//! The wire gives a series no time zone, so which clocks it follows from its first start on is the provider's to say: a weekly
//! 18:00 may be at 19:00 in the other half of the year.

use connect_hyper::types::Recurrence;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// Returns what to tell of a series that begins then on the clocks of this zone, and takes other times or days where the provider
/// counts it in UTC.
pub(super) fn warning(rule: &Recurrence, start: Timestamp, zone: &TimeZone) -> Option<String> {
    let start = start.to_zoned_datetime(zone.clone());
    let name = zone.iana_name().unwrap_or("your time zone");
    if rule.in_utc(&start).as_ref() != Ok(rule) {
        return Some(format!(
            "Mobiscroll Connect gives a series no time zone: it begins on another day in UTC than in {name}, so a provider that \
             counts in UTC may take other days for it. Look at its occurrences, and create them one by one if they are wrong.",
        ));
    }
    let horizon = start.date().saturating_add(2.years());
    let stretches = rule.stretches(&start, horizon);
    stretches.get(1).map(|stretch| {
        format!(
            "Mobiscroll Connect gives a series no time zone: after the clocks of {name} change, from {} on, this one may move \
             by the difference. End it before that, with UNTIL, and create another one from then on.",
            stretch.first.date(),
        )
    })
}
