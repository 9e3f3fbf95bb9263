//! Looks up time zones by IANA name or, with the feature `outlook`, by Windows name.

#[cfg(feature = "outlook")]
use std::{collections::BTreeMap, sync::LazyLock};

#[cfg(any(feature = "google", feature = "outlook"))]
use connect_core::Error;
use jiff::tz::TimeZone;

/// Windows zones that Unicode's table lacks: new zones (as of September 2026) and retired zones.
#[cfg(feature = "outlook")]
const EXTRA_WINDOWS_ZONES: [(&str, &str); 8] = [
    ("Alberta Standard Time", "America/Edmonton"),
    ("Armenian Standard Time", "Asia/Yerevan"),
    ("British Columbia Standard Time", "America/Vancouver"),
    ("Manitoba Standard Time", "America/Winnipeg"),
    ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ("Mexico Standard Time", "America/Mexico_City"),
    ("Mexico Standard Time 2", "America/Mazatlan"),
    ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
];

/// IANA names by lower-case Windows name.
#[cfg(feature = "outlook")]
static IANA_BY_WINDOWS: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let iana = jiff::tz::db().available().map(|name| name.to_string());
    let known = iana.filter_map(|name| localzone::iana_to_win_zone(&name)).filter_map(|(windows, _)| {
        Some((windows.to_ascii_lowercase(), localzone::win_zone_to_iana(windows, None)?))
    });
    known.chain(EXTRA_WINDOWS_ZONES.map(|(windows, iana)| (windows.to_ascii_lowercase(), iana))).collect()
});

/// Returns the time zone with this name; `None` for an unknown name, such as the name of a custom
/// zone.
///
/// `name` may be an iCalendar `TZID` that ends with an IANA name: `/mozilla.org/20070129_1/Asia/Tokyo`.
pub(crate) fn named(name: &str) -> Option<TimeZone> {
    // UTC is also a Windows name. Graph writes UTC as `tzone://Microsoft/Utc` if the zone was sent without a
    // name.
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Some(TimeZone::UTC);
    }
    let get = |name: &str| TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    get(iana_of(name).unwrap_or(name)).or_else(|| {
        // A last segment such as EST may name a custom zone whose rules differ from the IANA zone EST.
        let ends = name.strip_prefix('/')?.match_indices('/').filter_map(|(slash, _)| name.get(slash + 2..));
        ends.filter(|end| end.contains('/') || *end == "UTC").find_map(get)
    })
}

#[cfg(feature = "outlook")]
fn iana_of(windows: &str) -> Option<&'static str> {
    IANA_BY_WINDOWS.get(&windows.to_ascii_lowercase()).copied()
}

#[cfg(not(feature = "outlook"))]
fn iana_of(_windows: &str) -> Option<&'static str> {
    None
}

/// The IANA name of a zone; `None` for fixed offsets and POSIX rules.
#[cfg(any(feature = "google", feature = "outlook"))]
pub(crate) fn name_of(zone: &TimeZone) -> Option<&str> {
    zone.iana_name().filter(|_| !zone.is_unknown())
}

/// The error for a series whose zone has no IANA name.
#[cfg(any(feature = "google", feature = "outlook"))]
pub(crate) fn nameless(zone: &TimeZone) -> Error {
    let zone = match zone.to_fixed_offset() {
        Ok(offset) => format!("the fixed offset {offset}"),
        Err(_) => "a time zone".to_owned(),
    };
    Error::validation(format!(
        "time_zone: the start of the series is in {zone}, which has no IANA name (expected a start in a named zone, such as 2027-03-01T18:00[Europe/Berlin])"
    ))
}

#[cfg(all(test, feature = "outlook"))]
mod tests {
    use super::*;

    #[test]
    fn windows_names_map_to_iana_zones() {
        for (windows, iana) in [
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Alberta Standard Time", "America/Edmonton"),
            ("British Columbia Standard Time", "America/Vancouver"),
            ("Manitoba Standard Time", "America/Winnipeg"),
            ("Kamchatka Standard Time", "Asia/Kamchatka"),
            ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
            ("America/Winnipeg", "America/Winnipeg"),
            ("UTC", "UTC"),
            ("Mexico Standard Time", "America/Mexico_City"),
            ("Mexico Standard Time 2", "America/Mazatlan"),
            ("tokyo standard time", "Asia/Tokyo"),
            ("W. EUROPE STANDARD TIME", "Europe/Berlin"),
            ("mid-atlantic standard time", "Etc/GMT+2"),
            ("/mozilla.org/20070129_1/Asia/Tokyo", "Asia/Tokyo"),
            (
                "/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires",
            ),
            ("/citadel.org/20210210_1/UTC", "UTC"),
        ] {
            let zone = named(windows).unwrap_or_else(|| panic!("{windows}"));
            assert_eq!(zone.iana_name(), Some(iana), "{windows}");
        }
        for unknown in [
            "Customized Time Zone",
            "",
            "/",
            "tzone://Microsoft/Custom",
            "/example.com/EST",
            "../Asia/Tokyo",
            "Etc/Unknown",
        ] {
            assert!(named(unknown).is_none(), "{unknown}");
        }
    }
}
