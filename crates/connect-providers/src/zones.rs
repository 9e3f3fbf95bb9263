//! Time zones by the names that providers give them: Windows' own, or the IANA's.

use connect_core::Error;
use jiff::tz::TimeZone;

/// Windows' zones that the table of the Unicode Consortium does not have: those of September 2026, and those for old events.
const BESIDE: [(&str, &str); 5] = [
    ("Alberta Standard Time", "America/Edmonton"),
    ("British Columbia Standard Time", "America/Vancouver"),
    ("Manitoba Standard Time", "America/Winnipeg"),
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
];

/// The zone's rules; nothing for a name that is neither, such as that of a zone somebody made for themselves.
pub(crate) fn named(name: &str) -> Option<TimeZone> {
    // Windows' UTC, and what Graph writes for zones that came without a name.
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Some(TimeZone::UTC);
    }
    let beside = || BESIDE.iter().find(|(windows, _)| *windows == name).map(|(_, iana)| *iana);
    let name = localzone::win_zone_to_iana(name, None).or_else(beside).unwrap_or(name);
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// The name that a provider knows a zone by; fixed offsets and POSIX rules have none.
pub(crate) fn name_of(zone: &TimeZone) -> Option<&str> {
    zone.iana_name().filter(|_| !zone.is_unknown())
}

/// Refuses to count a series in a zone that cannot be named to the provider.
pub(crate) fn nameless(zone: &TimeZone) -> Error {
    let zone = match zone.to_fixed_offset() {
        Ok(offset) => format!("the fixed offset {offset}"),
        Err(_) => "its time zone".to_owned(),
    };
    Error::validation(format!(
        "time_zone: the start of the series is in {zone}, which has no IANA name: name the zone that it is at home in, with `.time_zone(name)`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_of_windows_is_that_of_the_iana() {
        for (windows, iana) in [
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Alberta Standard Time", "America/Edmonton"),
            ("British Columbia Standard Time", "America/Vancouver"),
            ("Manitoba Standard Time", "America/Winnipeg"),
            ("Kamchatka Standard Time", "Asia/Kamchatka"),
            ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
            ("America/Winnipeg", "America/Winnipeg"),
            ("UTC", "UTC"),
        ] {
            let zone = named(windows).unwrap_or_else(|| panic!("{windows}"));
            assert_eq!(zone.iana_name(), Some(iana), "{windows}");
        }
        assert!(named("Customized Time Zone").is_none() && named("").is_none());
    }
}
