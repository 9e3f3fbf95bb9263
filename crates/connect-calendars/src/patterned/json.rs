//! The JSON format of a recurrence. Graph sends every field of a pattern: fields that do not apply to the
//! type of the pattern are zero. Only fields that apply to the type of the pattern are read and
//! written.

use std::{fmt, num::NonZeroU32};

use connect_core::types::{EventTime, Raw, Weekday};
use jiff::civil::Date;
use serde::{
    de::{Deserialize, DeserializeOwned, Deserializer, Error},
    ser::{Serialize, SerializeMap, Serializer},
};

use super::{Pattern, PatternedRecurrence, RangeEnd, WEEKDAYS, WeekIndex};

impl Serialize for PatternedRecurrence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("pattern", &PatternOf(self))?;
        map.serialize_entry("range", &RangeOf(self))?;
        map.end()
    }
}

struct PatternOf<'a>(&'a PatternedRecurrence);

impl Serialize for PatternOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.pattern.name())?;
        map.serialize_entry("interval", &self.0.interval)?;
        let names = |days: &[Weekday]| days.iter().map(|day| day_name(*day)).collect::<Vec<_>>();
        match &self.0.pattern {
            Pattern::Daily => {}
            Pattern::Weekly { days, first_day } => {
                map.serialize_entry("daysOfWeek", &names(days))?;
                map.serialize_entry("firstDayOfWeek", day_name(*first_day))?;
            }
            Pattern::AbsoluteMonthly { day } => map.serialize_entry("dayOfMonth", day)?,
            Pattern::RelativeMonthly { days, index } => {
                map.serialize_entry("daysOfWeek", &names(days))?;
                map.serialize_entry("index", index.name())?;
            }
            Pattern::AbsoluteYearly { month, day } => {
                map.serialize_entry("month", month)?;
                map.serialize_entry("dayOfMonth", day)?;
            }
            Pattern::RelativeYearly { month, days, index } => {
                map.serialize_entry("month", month)?;
                map.serialize_entry("daysOfWeek", &names(days))?;
                map.serialize_entry("index", index.name())?;
            }
        }
        map.end()
    }
}

struct RangeOf<'a>(&'a PatternedRecurrence);

impl Serialize for RangeOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", range_name(&self.0.end))?;
        map.serialize_entry("startDate", &self.0.start)?;
        match &self.0.end {
            RangeEnd::Never => {}
            RangeEnd::On(day) => map.serialize_entry("endDate", day)?,
            RangeEnd::After(count) => map.serialize_entry("numberOfOccurrences", count)?,
        }
        if let Some(zone) = &self.0.time_zone {
            map.serialize_entry("recurrenceTimeZone", zone)?;
        }
        map.end()
    }
}

/// Reads the names of types, weekdays and indexes in upper or lower case. Ignores fields that do not apply to
/// the type of the pattern. Defaults: an interval of 1, weeks that begin on Sunday, and `first` as the index.
/// A missing range type is derived from `numberOfOccurrences` and `endDate`.
impl<'de> Deserialize<'de> for PatternedRecurrence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Raw::deserialize(deserializer)?;
        recurrence(&whole)
            .ok_or_else(|| D::Error::custom("expected a recurrence with a valid pattern and range"))
    }
}

fn recurrence(whole: &Raw) -> Option<PatternedRecurrence> {
    let (pattern, range): (Raw, Raw) = (whole.field("pattern")?, whole.field("range")?);
    let interval = number(&pattern, "interval").unwrap_or(1);
    Some(PatternedRecurrence {
        pattern: read_pattern(&pattern)?,
        interval: u32::try_from(interval).ok().filter(|interval| *interval > 0)?,
        start: date(&range, "startDate")?,
        end: read_end(&range)?,
        time_zone: text(&range, "recurrenceTimeZone").filter(|zone| !zone.is_empty()),
    })
}

fn read_pattern(raw: &Raw) -> Option<Pattern> {
    let days = || {
        let names: Vec<String> = raw.field("daysOfWeek")?;
        let mut days = Vec::new();
        for name in names {
            let day = weekday(&name)?;
            if !days.contains(&day) {
                days.push(day);
            }
        }
        (!days.is_empty()).then_some(days)
    };
    let within =
        |name, most| number(raw, name).and_then(|n| i8::try_from(n).ok()).filter(|n| (1..=most).contains(n));
    let (day, month) = (|| within("dayOfMonth", 31), || within("month", 12));
    // `first` is the default of Graph.
    let index = || text(raw, "index").map_or(Some(WeekIndex::First), |name| WeekIndex::named(&name));
    let first_day = || text(raw, "firstDayOfWeek").map_or(Some(Weekday::Sunday), |name| weekday(&name));
    Some(match &*text(raw, "type")?.to_ascii_lowercase() {
        "daily" => Pattern::Daily,
        "weekly" => Pattern::Weekly { days: days()?, first_day: first_day()? },
        "absolutemonthly" => Pattern::AbsoluteMonthly { day: day()? },
        "relativemonthly" => Pattern::RelativeMonthly { days: days()?, index: index()? },
        "absoluteyearly" => Pattern::AbsoluteYearly { month: month()?, day: day()? },
        "relativeyearly" => Pattern::RelativeYearly { month: month()?, days: days()?, index: index()? },
        _ => return None,
    })
}

fn read_end(raw: &Raw) -> Option<RangeEnd> {
    // Graph sends a date of the year 1 in a range without an end.
    let on = || date(raw, "endDate").filter(|day| day.year() > 1).map(RangeEnd::On);
    let after = || {
        let count = u32::try_from(number(raw, "numberOfOccurrences")?).ok()?;
        NonZeroU32::new(count).map(RangeEnd::After)
    };
    match text(raw, "type").map(|kind| kind.to_ascii_lowercase()).as_deref() {
        Some("noend") => Some(RangeEnd::Never),
        Some("enddate") => on(),
        Some("numbered") => after(),
        Some(_) => None,
        None => Some(after().or_else(on).unwrap_or_default()),
    }
}

/// The value of a field; `None` if the field is missing, null or of another type.
fn field<T: DeserializeOwned>(raw: &Raw, name: &str) -> Option<T> {
    raw.field::<Option<T>>(name).flatten()
}

fn text(raw: &Raw, name: &str) -> Option<String> {
    field(raw, name)
}

fn number(raw: &Raw, name: &str) -> Option<i64> {
    field(raw, name)
}

fn date(raw: &Raw, name: &str) -> Option<Date> {
    let text = text(raw, name)?;
    // Some servers write a date as midnight of that day.
    EventTime::from(text.split(['T', 't', ' ']).next()?).date()
}

fn day_name(day: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(known, _)| *known == day).map_or("", |(_, name)| name)
}

fn weekday(name: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(day, _)| *day)
}

fn range_name(end: &RangeEnd) -> &'static str {
    match end {
        RangeEnd::Never => "noEnd",
        RangeEnd::On(_) => "endDate",
        RangeEnd::After(_) => "numbered",
    }
}

impl Pattern {
    fn name(&self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly { .. } => "weekly",
            Self::AbsoluteMonthly { .. } => "absoluteMonthly",
            Self::RelativeMonthly { .. } => "relativeMonthly",
            Self::AbsoluteYearly { .. } => "absoluteYearly",
            Self::RelativeYearly { .. } => "relativeYearly",
        }
    }
}

impl WeekIndex {
    const ALL: [Self; 5] = [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Last => "last",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|index| index.name().eq_ignore_ascii_case(name))
    }
}

/// The name of the pattern, for error messages.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pattern", self.name())
    }
}
