//! Short names for what has a long id.
//!
//! The providers' ids are up to hundreds of characters long and do not fit a terminal. A key is eight
//! characters that depend on nothing but provider, calendar and id: what a table shows can be typed into the
//! next command, and it says which provider is meant.

use connect_hyper::types::{Calendar, Event, Provider};

pub(crate) fn of_calendar(calendar: &Calendar) -> String {
    of_calendar_id(calendar.provider.as_ref(), &calendar.id)
}

pub(crate) fn of_event(event: &Event) -> String {
    key(&[provider(event.provider.as_ref()), event.calendar_id.as_deref().unwrap_or_default(), &event.id])
}

/// Of the series that an occurrence belongs to.
pub(crate) fn of_series(event: &Event) -> String {
    let (calendar, series) = (event.calendar_id.as_deref(), event.recurring_event_id.as_deref());
    key(&[provider(event.provider.as_ref()), calendar.unwrap_or_default(), series.unwrap_or_default()])
}

/// Of a calendar of which only the id is known.
pub(crate) fn of_calendar_id(of: Option<&Provider>, id: &str) -> String {
    key(&[provider(of), id])
}

fn provider(provider: Option<&Provider>) -> &str {
    provider.map_or("", Provider::as_str)
}

/// Forty bits of FNV-1a in base 32, without the letters that look like others (Crockford's).
fn key(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        // A byte that no text has keeps the parts apart.
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // What differs in the last byte alone is to differ everywhere.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = hash ^ (hash >> 33);
    let digit = |at: u32| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[(hash >> (5 * at) & 31) as usize]);
    (0..8).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_as_it_is_and_tells_providers_apart() {
        let key = |provider, id| of_calendar(&Calendar::new(provider, id));
        assert_eq!(key(Provider::Google, "work"), key(Provider::Google, "work"));
        assert_ne!(key(Provider::Google, "work"), key(Provider::Apple, "work"));
        assert_ne!(super::key(&["ab", "c"]), super::key(&["a", "bc"]));
        assert_eq!(super::key(&[]).len(), 8);
    }
}
