//! Reads and writes Graph's recurrences: `{pattern, range}`.
//!
//! Graph has six patterns, each with its own properties. If a month is too short for the day of a
//! pattern, the last day of the month is used. Connect also creates rules that match no pattern,
//! such as a rule for several days of a month. The sandbox writes a rule without a pattern as the
//! closest pattern, but the occurrences follow the rule.

use super::error::ApiError;
use super::resource::{rule_zone, zone_name};
use super::zones::Zone;
use crate::world::calendar::{End, Fields, Frequency, Instance, Recurrence, end_of};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use serde_json::{Value, json};

/// Reads the recurrence of an event with these `fields`.
pub(super) fn read(value: &Value, fields: &Fields, listed: bool) -> Result<Recurrence, ApiError> {
    let (pattern, range) = (&value["pattern"], &value["range"]);
    if !(pattern.is_object() && range.is_object()) {
        return Err(ApiError::recurrence("A recurrence has a pattern and a range."));
    }
    let mut rule = read_pattern(pattern)?;
    rule.zone = rule_zone(fields);
    rule.end = read_range(range, &rule, fields, listed)?;
    let first = first(&rule, fields.start);
    match rule.end {
        End::Until(until) if first.is_none_or(|first| first > until) => {
            Err(ApiError::recurrence("The recurrence has no occurrence."))
        }
        _ => Ok(rule),
    }
}

/// Returns the first start of the rule at or after `start`. Ignores the end of the rule.
pub(super) fn first(rule: &Recurrence, start: Timestamp) -> Option<Timestamp> {
    if rule.includes(start) {
        return Some(start);
    }
    let endless = Recurrence { end: End::Never, ..rule.clone() };
    endless.starts(start, start, Timestamp::MAX).nth(1)
}

/// Returns the recurrence of a series, or `None` for an occurrence or a single event.
pub(crate) fn write(master: &Instance<'_>) -> Option<Value> {
    let rule = &master.event.series.as_ref().filter(|_| master.occurrence.is_none())?.rule;
    let zone = if master.fields.all_day { rule_zone(&master.fields) } else { rule.zone.clone() };
    let first = zone.to_datetime(master.fields.start);
    let start = first.date();
    // `endDate` includes its whole day. If the rule ends before the time at which an occurrence would start
    // on that day, `endDate` is the previous day.
    let last_day = |until: DateTime| {
        if until.time() < first.time() { until.date().yesterday().ok() } else { Some(until.date()) }
    };
    let (kind, count, end) = match rule.end {
        End::Never => ("noEnd", 0, None),
        End::Count(count) => ("numbered", count, None),
        End::Until(until) => ("endDate", 0, last_day(zone.to_datetime(until))),
    };
    Some(json!({
        "pattern": write_pattern(rule, start),
        "range": {
            "type": kind,
            "startDate": start.to_string(),
            "endDate": end.map_or(NO_DATE.to_owned(), |end| end.to_string()),
            "recurrenceTimeZone": zone_name(&master.fields),
            "numberOfOccurrences": count,
        },
    }))
}

const NO_DATE: &str = "0001-01-01";

/// Returns the properties that belong to the pattern type `kind`, or `None` if the type is unknown.
fn members(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "daily" => &[],
        "weekly" => &["daysOfWeek", "firstDayOfWeek"],
        "absoluteMonthly" => &["dayOfMonth"],
        "relativeMonthly" => &["daysOfWeek", "index"],
        "absoluteYearly" => &["dayOfMonth", "month"],
        "relativeYearly" => &["daysOfWeek", "index", "month"],
        _ => return None,
    })
}

fn read_pattern(pattern: &Value) -> Result<Recurrence, ApiError> {
    let wrong = |name: &str| ApiError::recurrence(&format!("The pattern's {name} is missing or wrong."));
    let kind = pattern["type"].as_str().unwrap_or("");
    let members = members(kind).ok_or_else(|| wrong("type"))?;
    for (name, nothing) in
        [("daysOfWeek", json!([])), ("dayOfMonth", json!(0)), ("month", json!(0)), ("index", json!("first"))]
    {
        let value = &pattern[name];
        if !(members.contains(&name) || value.is_null() || *value == nothing) {
            return Err(ApiError::recurrence(&format!("A pattern of type {kind} must not have {name}.")));
        }
    }
    let mut rule = Recurrence::new(frequency(kind));
    let interval = pattern["interval"].as_i64().filter(|interval| (1..=999).contains(interval));
    rule.interval = interval.ok_or_else(|| wrong("interval"))?;
    rule.week_start = match &pattern["firstDayOfWeek"] {
        Value::Null => Weekday::Sunday,
        day => weekday(day).ok_or_else(|| wrong("firstDayOfWeek"))?,
    };
    for name in members {
        read_member(&mut rule, name, &pattern[*name]).ok_or_else(|| wrong(name))?;
    }
    Ok(rule)
}

fn read_member(rule: &mut Recurrence, name: &str, value: &Value) -> Option<()> {
    let number = |least, most| value.as_i64().filter(|number| (least..=most).contains(number));
    match name {
        "daysOfWeek" => {
            let days = value.as_array().filter(|days| !days.is_empty())?;
            rule.by_day = days.iter().map(weekday).collect::<Option<_>>()?;
        }
        "index" => rule.positions = vec![if value.is_null() { 1 } else { position(value.as_str()?)? }],
        "month" => rule.by_month = vec![i8::try_from(number(1, 12)?).ok()?],
        "dayOfMonth" => {
            let day = i8::try_from(number(1, 31)?).ok()?;
            // With the position -1, the rule selects the last of these days that the month has.
            rule.by_month_day = if day > 28 { (28..=day).collect() } else { vec![day] };
            rule.positions = if day > 28 { vec![-1] } else { Vec::new() };
        }
        _ => {}
    }
    Some(())
}

fn read_range(range: &Value, rule: &Recurrence, fields: &Fields, listed: bool) -> Result<End, ApiError> {
    let date = |name: &str| range[name].as_str().and_then(|text| text.parse::<Date>().ok());
    let start = date("startDate")
        .ok_or_else(|| ApiError::recurrence("The range's startDate is missing or not a date."))?;
    if start != rule.zone.to_datetime(fields.start).date() {
        return Err(ApiError::recurrence("The range's startDate must be the day of the event's start."));
    }
    let zone = match &range["recurrenceTimeZone"] {
        Value::String(name) if !name.is_empty() && !fields.all_day => Zone::find(name, listed)?.zone,
        _ => rule.zone.clone(),
    };
    match range["type"].as_str() {
        Some("noEnd") => Ok(End::Never),
        Some("numbered") => {
            let count = range["numberOfOccurrences"].as_u64().filter(|count| (1..=999).contains(count));
            let count = count.and_then(|count| usize::try_from(count).ok());
            count.map(End::Count).ok_or_else(|| {
                ApiError::recurrence("The range's numberOfOccurrences must be a number from 1 to 999.")
            })
        }
        Some("endDate") => {
            let end = date("endDate").filter(|end| *end >= start);
            let end = end.ok_or_else(|| {
                ApiError::recurrence("The range's endDate must be a date that is not before startDate.")
            })?;
            Ok(End::Until(end_of(end, &zone)))
        }
        _ => Err(ApiError::recurrence("The range's type must be noEnd, numbered or endDate.")),
    }
}

fn write_pattern(rule: &Recurrence, start: Date) -> Value {
    let mut pattern = json!({
        "type": "daily", "interval": rule.interval, "month": 0, "dayOfMonth": 0,
        "firstDayOfWeek": name(rule.week_start), "index": "first",
    });
    let days = |days: &[Weekday]| json!(days.iter().map(|day| name(*day)).collect::<Vec<_>>());
    match rule.frequency {
        Frequency::Daily if rule.by_day.is_empty() => return pattern,
        Frequency::Daily | Frequency::Weekly => {
            let own = [start.weekday()];
            pattern["type"] = json!("weekly");
            pattern["daysOfWeek"] = days(if rule.by_day.is_empty() { &own } else { &rule.by_day });
            return pattern;
        }
        Frequency::Monthly | Frequency::Yearly => {}
    }
    let suffix = if rule.frequency == Frequency::Yearly { "Yearly" } else { "Monthly" };
    if suffix == "Yearly" {
        pattern["month"] = json!(rule.by_month.first().copied().unwrap_or(start.month()));
    }
    match relative(rule) {
        Some((n, weekdays)) => {
            pattern["type"] = json!(format!("relative{suffix}"));
            pattern["index"] = json!(index(n));
            pattern["daysOfWeek"] = days(&weekdays);
        }
        None => {
            let last = rule.by_month_day.iter().copied().max();
            pattern["type"] = json!(format!("absolute{suffix}"));
            pattern["dayOfMonth"] = json!(last.filter(|day| *day > 0).unwrap_or(start.day()));
        }
    }
    pattern
}

/// Returns the position and the weekdays of a rule that selects days by weekday. A rule for the last day of
/// a month counts as a rule for the last of all seven weekdays.
fn relative(rule: &Recurrence) -> Option<(i16, Vec<Weekday>)> {
    let position = rule.positions.first().copied();
    if !rule.by_day.is_empty() {
        return Some((position.unwrap_or(1), rule.by_day.clone()));
    }
    if let Some((n, day)) = rule.nth.first() {
        return Some((i16::from(*n), vec![*day]));
    }
    (rule.by_month_day.first() == Some(&-1)).then(|| (-1, WEEKDAYS.map(|(_, day)| day).to_vec()))
}

fn frequency(kind: &str) -> Frequency {
    match kind {
        "weekly" => Frequency::Weekly,
        "absoluteMonthly" | "relativeMonthly" => Frequency::Monthly,
        "absoluteYearly" | "relativeYearly" => Frequency::Yearly,
        _ => Frequency::Daily,
    }
}

const INDEXES: [(&str, i16); 5] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("last", -1)];

fn position(index: &str) -> Option<i16> {
    INDEXES.iter().find(|(name, _)| *name == index).map(|(_, n)| *n)
}

fn index(n: i16) -> &'static str {
    INDEXES.iter().find(|(_, known)| *known == n).map_or("last", |(name, _)| name)
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("sunday", Weekday::Sunday),
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
];

fn weekday(value: &Value) -> Option<Weekday> {
    let text = value.as_str()?;
    WEEKDAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, weekday)| *weekday)
}

fn name(weekday: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == weekday).map_or("monday", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &Value, start: &str) -> Result<(Recurrence, Timestamp), ApiError> {
        let start: Timestamp = format!("{start}T09:00:00Z").parse().unwrap();
        let fields = Fields::new("", start, start);
        let range = json!({ "type": "noEnd", "startDate": start.to_string()[..10] });
        read(&json!({ "pattern": pattern, "range": range }), &fields, false).map(|rule| (rule, start))
    }

    /// Returns the days of the first three starts. Checks that the rule is written as `pattern`.
    fn days(pattern: &Value, start: &str) -> Vec<String> {
        let (rule, start) = rule(pattern, start).unwrap();
        let first = first(&rule, start).unwrap();
        let written = write_pattern(&rule, rule.zone.to_datetime(first).date());
        for (name, value) in pattern.as_object().unwrap() {
            assert_eq!(&written[name], value, "{name} of {written}");
        }
        let last = crate::world::time::plus_hours(first, 24 * 366 * 5);
        rule.starts(first, first, last).take(3).map(|start| start.to_string()[..10].to_owned()).collect()
    }

    #[test]
    fn each_pattern_type_round_trips() {
        let pattern = |kind: &str, more: &Value| {
            let mut pattern = json!({ "type": kind, "interval": 1 });
            pattern.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            pattern
        };
        assert_eq!(
            days(&pattern("daily", &json!({})), "2026-11-17"),
            ["2026-11-17", "2026-11-18", "2026-11-19"]
        );
        let weekly = json!({ "daysOfWeek": ["monday", "friday"], "firstDayOfWeek": "sunday", "interval": 2 });
        assert_eq!(
            days(&pattern("weekly", &weekly), "2026-11-17"),
            ["2026-11-20", "2026-11-30", "2026-12-04"]
        );
        let day = |day: u8| json!({ "dayOfMonth": day });
        assert_eq!(
            days(&pattern("absoluteMonthly", &day(31)), "2027-01-31"),
            ["2027-01-31", "2027-02-28", "2027-03-31"]
        );
        assert_eq!(
            days(&pattern("absoluteMonthly", &day(15)), "2026-11-17"),
            ["2026-12-15", "2027-01-15", "2027-02-15"]
        );
        let last_workday = json!({
            "index": "last", "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        });
        assert_eq!(
            days(&pattern("relativeMonthly", &last_workday), "2026-11-30"),
            ["2026-11-30", "2026-12-31", "2027-01-29"]
        );
        let leap = json!({ "dayOfMonth": 29, "month": 2 });
        assert_eq!(
            days(&pattern("absoluteYearly", &leap), "2027-02-28"),
            ["2027-02-28", "2028-02-29", "2029-02-28"]
        );
        let thanksgiving = json!({ "index": "fourth", "daysOfWeek": ["thursday"], "month": 11 });
        assert_eq!(
            days(&pattern("relativeYearly", &thanksgiving), "2026-11-26"),
            ["2026-11-26", "2027-11-25", "2028-11-23"]
        );
    }

    #[test]
    fn invalid_patterns_are_refused() {
        for pattern in [
            json!({ "type": "hourly", "interval": 1 }),
            json!({ "type": "daily" }),
            json!({ "type": "daily", "interval": 0 }),
            json!({ "type": "daily", "interval": 1, "daysOfWeek": ["monday"] }),
            json!({ "type": "weekly", "interval": 1 }),
            json!({ "type": "weekly", "interval": 1, "daysOfWeek": ["someday"] }),
            json!({ "type": "absoluteMonthly", "interval": 1, "dayOfMonth": 32 }),
            json!({ "type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "fifth" }),
            json!({ "type": "absoluteYearly", "interval": 1, "dayOfMonth": 1 }),
        ] {
            assert!(rule(&pattern, "2026-11-17").is_err(), "{pattern}");
        }
    }
}
