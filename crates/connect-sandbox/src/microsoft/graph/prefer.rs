//! The header `Prefer`, which can contain several preferences and occur several times.

use super::error::ApiError;
use super::zones::Zone;
use crate::call::Call;
use http::HeaderName;

#[derive(Clone, Debug, Default)]
pub(super) struct Preferences {
    /// The time zone of times in the response.
    pub(super) zone: Option<Zone>,
    pub(super) page_size: Option<usize>,
    /// Whether to return event bodies as text (true) or HTML (false).
    pub(super) text: Option<bool>,
    /// The preferences that the response header `Preference-Applied` lists.
    pub(super) applied: Vec<String>,
}

const PREFER: HeaderName = HeaderName::from_static("prefer");

impl Preferences {
    /// Reads the preferences. Ignores an unknown preference (RFC 7240), but fails for an unknown time zone.
    pub(super) fn read(call: &Call, listed: bool) -> Result<Self, ApiError> {
        let mut all = Self::default();
        let lines = call.request.headers().get_all(PREFER).iter();
        for (name, value) in lines.filter_map(|line| line.to_str().ok()).flat_map(preferences) {
            match name.to_ascii_lowercase().as_str() {
                "outlook.timezone" if all.zone.is_none() => all.zone = Some(Zone::find(&value, listed)?),
                "odata.maxpagesize" if all.page_size.is_none() => {
                    all.page_size = value.parse().ok().filter(|size| (1..=1000).contains(size));
                    if all.page_size.is_none() {
                        continue;
                    }
                }
                "outlook.body-content-type" if ["text", "html"].contains(&value.as_str()) => {
                    all.text = Some(value == "text");
                }
                "idtype" if value == "ImmutableId" => {}
                _ => continue,
            }
            let quoted = name.starts_with("outlook.") || name.eq_ignore_ascii_case("idtype");
            all.applied.push(if quoted { format!("{name}=\"{value}\"") } else { format!("{name}={value}") });
        }
        Ok(all)
    }

    pub(super) fn zone(&self) -> Zone {
        self.zone.clone().unwrap_or_else(Zone::utc)
    }
}

/// Returns the names and values in a header line. A comma within quotes is part of the value.
fn preferences(line: &str) -> Vec<(String, String)> {
    let mut quoted = false;
    let parts = line.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    let pairs = parts.filter_map(|part| part.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Preferences {
        let request = http::Request::get("/");
        let request = lines.iter().fold(request, |request, line| request.header("Prefer", *line));
        let call =
            Call::new("GET /", request.body(bytes::Bytes::new()).unwrap(), jiff::Timestamp::UNIX_EPOCH);
        Preferences::read(&call, false).unwrap()
    }

    #[test]
    fn preferences_are_read_from_all_headers() {
        let (zone, size) = ("outlook.timezone=\"W. Europe Standard Time\"", "odata.maxpagesize=5");
        for lines in [vec![format!("{zone}, {size}, other=1")], vec![zone.to_owned(), size.to_owned()]] {
            let found = read(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!((found.zone().name.as_str(), found.page_size), ("W. Europe Standard Time", Some(5)));
            assert_eq!(found.applied, [zone, size]);
        }
        assert_eq!(read(&["odata.maxpagesize=0", "outlook.body-content-type=\"text\""]).text, Some(true));
    }
}
