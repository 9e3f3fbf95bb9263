//! The header `Prefer`: several preferences in one line, or in several.

use super::refused::Refused;
use super::zones::Zone;
use crate::call::Call;
use http::HeaderName;

/// What the caller would like.
#[derive(Clone, Debug, Default)]
pub(super) struct Preferences {
    /// The zone of the times in the answer.
    pub(super) zone: Option<Zone>,
    pub(super) page_size: Option<usize>,
    /// Bodies as text, or as HTML.
    pub(super) text: Option<bool>,
    /// What was done about it, for the answer's header.
    pub(super) applied: Vec<String>,
}

const PREFER: HeaderName = HeaderName::from_static("prefer");

impl Preferences {
    /// What is not known is passed over (RFC 7240); a zone has to be one.
    pub(super) fn read(call: &Call, listed: bool) -> Result<Self, Refused> {
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

/// The names of a line with their values; a comma within quotes is part of a value.
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
    fn in_one_header_or_in_several() {
        let (zone, size) = ("outlook.timezone=\"W. Europe Standard Time\"", "odata.maxpagesize=5");
        for lines in [vec![format!("{zone}, {size}, other=1")], vec![zone.to_owned(), size.to_owned()]] {
            let found = read(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!((found.zone().name.as_str(), found.page_size), ("W. Europe Standard Time", Some(5)));
            assert_eq!(found.applied, [zone, size]);
        }
        assert_eq!(read(&["odata.maxpagesize=0", "outlook.body-content-type=\"text\""]).text, Some(true));
    }
}
