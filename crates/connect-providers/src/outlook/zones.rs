//! Time zones by the names that Graph gives them: Windows' own, or the IANA's.

use jiff::tz::TimeZone;

/// The zone's rules; nothing for a name that is neither, such as that of a zone somebody made for themselves.
pub(super) fn named(name: &str) -> Option<TimeZone> {
    // Windows' UTC, and what Graph writes for zones that came without a name.
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Some(TimeZone::UTC);
    }
    let name = localzone::win_zone_to_iana(name, None).unwrap_or(name);
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}
