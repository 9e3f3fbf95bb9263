//! How an event of an answer repeats.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jiff::tz::TimeZone;

use crate::{Event, EventTime, PatternedRecurrence, Raw, SeriesStart};

impl Event {
    /// How it repeats, as the content lines of RFC 5545 3.8.5: `RRULE:..`, and of Google's events `EXDATE:..` and others. Nothing
    /// for an event that does not repeat, for an occurrence, and where that is written in a form that is not known.
    ///
    /// ```
    /// let event: connect_types::Event = serde_json::from_str(
    ///     r#"{"start": "2026-01-13T08:00:00Z", "original": {"recurrence": {
    ///         "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
    ///         "range": {"type": "noEnd", "startDate": "2026-01-13"}}}}"#,
    /// )?;
    /// assert_eq!(event.recurrence(), Some(vec!["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU".to_owned()]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn recurrence(&self) -> Option<Vec<String>> {
        let own = self.extra.get("recurrence").and_then(|raw| self.lines(raw));
        own.or_else(|| self.lines(&self.original.as_ref()?.field("recurrence")?))
            .filter(|lines| !lines.is_empty())
    }

    /// Lines of text, Graph's patterned recurrence, or the object of Connect's requests.
    fn lines(&self, raw: &Raw) -> Option<Vec<String>> {
        match raw.get().trim_start().as_bytes().first()? {
            b'[' => {
                Some(raw.decode::<Vec<String>>().ok()?.iter().flat_map(|text| content_lines(text)).collect())
            }
            b'"' => Some(content_lines(&raw.decode::<String>().ok()?).collect()),
            b'{' => self.patterned(raw).or_else(|| connect_rule(raw)).map(|line| [line].into()),
            _ => None,
        }
    }

    fn patterned(&self, raw: &Raw) -> Option<String> {
        let recurrence: PatternedRecurrence = raw.decode().ok()?;
        recurrence.rrule(self.series_start(&recurrence)).ok()
    }

    /// When the series begins, in its own zone where that is one that is known.
    fn series_start(&self, recurrence: &PatternedRecurrence) -> SeriesStart {
        let zone = || {
            let name = recurrence.time_zone.as_deref()?;
            TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
        };
        match &self.start {
            Some(EventTime::Instant(start)) => zone()
                .map_or(SeriesStart::Instant(*start), |zone| SeriesStart::At(start.to_zoned_datetime(zone))),
            _ => SeriesStart::Day(recurrence.start),
        }
    }
}

/// The lines of a text, a bare rule with the name it goes by.
fn content_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let bare = line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("FREQ="));
        if bare { format!("RRULE:{line}") } else { line.to_string() }
    })
}

/// `{"frequency": "WEEKLY", "byDay": ["MO"]}`: what a request says comes back as it was sent.
fn connect_rule(raw: &Raw) -> Option<String> {
    let one = |name: &str| match raw.field::<Raw>(name)?.get() {
        "null" => None,
        text => Some(text.trim_matches('"').to_string()),
    };
    let many = |name: &str| {
        let items: Vec<Raw> = raw.field(name)?;
        let items: Vec<_> = items.iter().map(|item| item.get().trim_matches('"')).collect();
        (!items.is_empty()).then(|| items.join(","))
    };
    let mut line = format!("RRULE:FREQ={}", one("frequency")?.to_ascii_uppercase());
    let parts = [
        ("INTERVAL", one("interval").filter(|interval| interval != "1")),
        ("COUNT", one("count")),
        ("UNTIL", one("until")),
        ("BYMONTH", many("byMonth")),
        ("BYMONTHDAY", many("byMonthDay")),
        ("BYDAY", many("byDay")),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            line.push_str(&format!(";{name}={value}"));
        }
    }
    // What is no rule after all is not passed on as one.
    line.parse::<crate::Recurrence>().ok().map(|_| line)
}
