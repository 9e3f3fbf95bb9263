//! Short keys for calendars and events, whose ids can be hundreds of characters long.
//!
//! A key is eight characters computed from the provider, the calendar id and the event id, so a
//! key that one command prints can be passed to another command.

use connect_hyper::types::{Calendar, Event, Provider};

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: u32 = 8;

/// Returns whether the text can be a key. An id can have the form of a key by chance.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == LENGTH as usize && text.bytes().all(|byte| DIGITS.contains(&byte))
}

pub(crate) fn of_calendar(calendar: &Calendar) -> String {
    of_calendar_id(calendar.provider.as_ref(), &calendar.id)
}

pub(crate) fn of_event(event: &Event) -> String {
    key(&[provider(event.provider.as_ref()), event.calendar_id.as_deref().unwrap_or_default(), &event.id])
}

/// Returns a new random key.
pub(crate) fn random() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let part = || key(&[&RandomState::new().hash_one(std::process::id()).to_string()]);
    part() + &part()
}

/// Returns the key of the series that an occurrence belongs to.
pub(crate) fn of_series(event: &Event) -> String {
    let (calendar, series) = (event.calendar_id.as_deref(), event.recurring_event_id.as_deref());
    key(&[provider(event.provider.as_ref()), calendar.unwrap_or_default(), series.unwrap_or_default()])
}

/// Returns the key of a calendar from its provider and id.
pub(crate) fn of_calendar_id(of: Option<&Provider>, id: &str) -> String {
    key(&[provider(of), id])
}

fn provider(provider: Option<&Provider>) -> &str {
    provider.map_or("", Provider::as_str)
}

/// Returns 40 bits of an FNV-1a hash in Crockford's base 32, which has no ambiguous letters.
fn key(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        // 0xff never occurs in UTF-8, so it separates the parts.
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // Mixing spreads a difference in the last byte over all digits.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = hash ^ (hash >> 33);
    let digit = |at: u32| char::from(DIGITS[(hash >> (5 * at) & 31) as usize]);
    (0..LENGTH).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_stable_and_differs_by_provider() {
        let key = |provider, id| of_calendar(&Calendar::new(provider, id));
        assert_eq!(key(Provider::Google, "work"), key(Provider::Google, "work"));
        assert_ne!(key(Provider::Google, "work"), key(Provider::Apple, "work"));
        assert_ne!(super::key(&["ab", "c"]), super::key(&["a", "bc"]));
        assert!(is_key(&super::key(&[])));
        for id in ["", "31qryss", "31qryssgg", "31qryssI", "31qryssé"] {
            assert!(!is_key(id), "{id}");
        }
    }
}
