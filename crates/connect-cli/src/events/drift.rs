//! Warns about a series that may move when daylight saving time begins or ends.
//!
//! Mobiscroll Connect sends a series no time zone, so the provider decides which clocks it follows: a weekly
//! 18:00 may be at 19:00 in the other half of the year.

use connect_hyper::types::Recurrence;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// Returns a warning if the series would have other times or days at a provider that repeats it in UTC.
pub(super) fn warning(rule: &Recurrence, start: Timestamp, zone: &TimeZone) -> Option<String> {
    let start = start.to_zoned_datetime(zone.clone());
    let name = zone.iana_name().unwrap_or("your time zone");
    if rule.in_utc(&start).as_ref() != Ok(rule) {
        return Some(format!(
            "Mobiscroll Connect sends a series no time zone. This one starts on another day in UTC than in {name}, so a \
                       provider may repeat it on other days. Check its occurrences; if they are wrong, create them one by one.",
        ));
    }
    let horizon = start.date().saturating_add(2.years());
    let stretches = rule.stretches(&start, horizon);
    stretches.get(1).map(|stretch| {
        format!(
            "Mobiscroll Connect sends a series no time zone. When the clocks of {name} change, from {} on, this one may move \
                       by the difference. To avoid that, end it before with UNTIL and create another series from then on.",
            stretch.first.date(),
        )
    })
}
