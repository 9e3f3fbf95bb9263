//! Warns about a series that may move when daylight saving time begins or ends.
//!
//! Mobiscroll Connect sends a series without a time zone, so the provider chooses the time zone: a weekly
//! event at 18:00 may be at 19:00 after the clocks change.

use connect_hyper::types::Recurrence;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// Returns a warning if a provider that repeats the series in UTC could change its times or days.
pub(super) fn warning(rule: &Recurrence, start: Timestamp, zone: &TimeZone) -> Option<String> {
    let start = start.to_zoned_datetime(zone.clone());
    let name = zone.iana_name().unwrap_or("your time zone");
    if rule.in_utc(&start).as_ref() != Ok(rule) {
        return Some(format!(
            "Mobiscroll Connect sends a series without a time zone. This series starts on another day in UTC than in {name}, so a \
                       provider may repeat it on other days. Check the occurrences and, if they are wrong, create an event for \
                       each occurrence.",
        ));
    }
    let horizon = start.date().saturating_add(2.years());
    let stretches = rule.stretches(&start, horizon);
    stretches.get(1).map(|stretch| {
        format!(
            "Mobiscroll Connect sends a series without a time zone. The clocks of {name} change during this series, so its \
                       times may move from {0} on. To keep the times, end the series before {0} with UNTIL, and create \
                       another series from {0} on.",
            stretch.first.date(),
        )
    })
}
