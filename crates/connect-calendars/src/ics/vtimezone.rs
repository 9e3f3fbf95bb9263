//! Reads and writes definitions of time zones (RFC 5545 3.6.5).

use std::collections::BTreeMap;

use connect_core::types::{EventTime, Weekday};
use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, Time},
    tz::{Offset, TimeZone},
};

use super::{lines::FileComponent, times::time_stamp};
use crate::zones;

/// The number of years of clock changes that are written, unless a yearly rule expresses them.
const WRITTEN_YEARS: i16 = 30;
/// The number of equal clock changes in consecutive years that are written as a yearly rule.
const MIN_RULE_YEARS: usize = 5;

/// A change of the clocks.
struct ClockChange {
    /// The local time before the change.
    at: DateTime,
    before: Offset,
    after: Offset,
    daylight: bool,
    name: String,
}

/// Returns the lines of the definition of a zone, for times from `first` on.
pub(super) fn lines(name: &str, zone: &TimeZone, first: Timestamp) -> Vec<String> {
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{name}")];
    let year = SignedDuration::from_hours(366 * 24);
    let start = first.checked_sub(year).unwrap_or(Timestamp::MIN);
    let info = zone.to_offset_info(start);
    let initial = ClockChange {
        at: info.offset().to_datetime(start),
        before: info.offset(),
        after: info.offset(),
        daylight: info.dst().is_dst(),
        name: info.abbreviation().to_owned(),
    };
    lines.extend(observance(&initial, &[]));
    let last_year = initial.at.year().saturating_add(WRITTEN_YEARS);
    let mut groups: BTreeMap<_, Vec<ClockChange>> = BTreeMap::new();
    let mut before = initial.after;
    for change in zone.following(start) {
        let at = before.to_datetime(change.timestamp());
        if at.year() > last_year {
            break;
        }
        let change = ClockChange {
            at,
            before,
            after: change.offset(),
            daylight: change.dst().is_dst(),
            name: change.abbreviation().to_owned(),
        };
        before = change.after;
        let key = (change.before.seconds(), change.after.seconds(), change.name.clone(), change.at.time());
        groups.entry(key).or_default().push(change);
    }
    for changes in groups.values() {
        let from = rule_start(changes, last_year);
        let (dates, ruled) = changes.split_at(from.as_ref().map_or(changes.len(), |(from, _)| *from));
        if let [first, more @ ..] = dates {
            let dates = more.iter().map(|change| format!("RDATE:{}", time_stamp(change.at)));
            lines.extend(observance(first, &dates.collect::<Vec<_>>()));
        }
        if let (Some(first), Some((_, rule))) = (ruled.first(), from) {
            lines.extend(observance(first, &[rule]));
        }
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
}

fn observance(change: &ClockChange, more: &[String]) -> Vec<String> {
    let kind = if change.daylight { "DAYLIGHT" } else { "STANDARD" };
    let mut lines = vec![
        format!("BEGIN:{kind}"),
        format!("DTSTART:{}", time_stamp(change.at)),
        format!("TZOFFSETFROM:{}", offset_stamp(change.before)),
        format!("TZOFFSETTO:{}", offset_stamp(change.after)),
        format!("TZNAME:{}", change.name),
    ];
    lines.extend(more.iter().cloned());
    lines.push(format!("END:{kind}"));
    lines
}

fn offset_stamp(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let text = format!("{sign}{:02}{:02}", size / 3600, size / 60 % 60);
    if size % 60 == 0 { text } else { format!("{text}{:02}", size % 60) }
}

/// Returns the yearly rule of the last changes, and the index of its first change.
///
/// The rule includes all changes from that index to `last_year`.
fn rule_start(changes: &[ClockChange], last_year: i16) -> Option<(usize, String)> {
    let last = changes.last().filter(|last| last.at.year() == last_year)?;
    let month = last.at.month();
    let candidates = [-1, (last.at.day() - 1) / 7 + 1];
    let fits = |nth: i8, at: DateTime| {
        let day = at.date().nth_weekday_of_month(nth, last.at.weekday());
        at.month() == month && day.is_ok_and(|day| day == at.date())
    };
    let run = |nth: &i8| {
        let mut expected = last_year;
        let run = changes.iter().rev().take_while(|change| {
            let fits = change.at.year() == expected && fits(*nth, change.at);
            expected = expected.saturating_sub(1);
            fits
        });
        run.count()
    };
    let best = candidates.into_iter().max_by_key(run)?;
    let count = run(&best);
    let weekday = weekday_name(last.at)?;
    let rule = format!("RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={best}{weekday}");
    (count >= MIN_RULE_YEARS).then(|| (changes.len() - count, rule))
}

fn weekday_name(at: DateTime) -> Option<&'static str> {
    const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    NAMES.get(usize::try_from(at.weekday().to_monday_zero_offset()).ok()?).copied()
}

/// Returns the name and the zone of a definition.
///
/// The zone is `None`, unless the definition names an IANA zone, has one offset, or has one rule for summer
/// and one for winter.
pub(super) fn read(component: &FileComponent) -> Option<(String, Option<TimeZone>)> {
    let name = component.get("TZID")?.value().trim().trim_matches('"').to_owned();
    let location = component.get("X-LIC-LOCATION").and_then(|line| zones::named(line.value().trim()));
    let zone = location.or_else(|| fixed(component)).or_else(|| by_rules(component));
    Some((name, zone))
}

fn fixed(component: &FileComponent) -> Option<TimeZone> {
    let mut offsets = component.parts.iter().map(|part| offset(part, "TZOFFSETTO"));
    let first = offsets.next()??;
    if !offsets.all(|offset| offset == Some(first)) {
        return None;
    }
    // A zone with a name can also be the zone of a series.
    let hours = first.seconds() / 3600;
    let named = (first.seconds() % 3600 == 0).then(|| match hours {
        0 => zones::named("UTC"),
        hours => zones::named(&format!("Etc/GMT{:+}", -hours)),
    });
    Some(named.flatten().unwrap_or_else(|| TimeZone::fixed(first)))
}

fn offset(part: &FileComponent, name: &str) -> Option<Offset> {
    let line = part.get(name)?;
    let text = line.value().trim();
    let (sign, digits) = (text.get(..1)?, text.get(1..)?);
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let two = |at: usize| digits.get(at..at + 2).map_or(Some(0), |digits| digits.parse::<i32>().ok());
    let seconds = two(0)? * 3600 + two(2)? * 60 + two(4)?;
    let seconds = match sign {
        "+" => seconds,
        "-" => -seconds,
        _ => return None,
    };
    Offset::from_seconds(seconds).ok()
}

/// A yearly rule of a definition, in the format of POSIX.
struct YearlyRule {
    to: Offset,
    date: String,
}

/// Returns the zone of a definition with one yearly rule for summer and one for winter.
fn by_rules(component: &FileComponent) -> Option<TimeZone> {
    let ruled = |name: &str| {
        let mut parts = component.parts.iter().filter(|part| part.name == name);
        let rule = yearly_rule(parts.next()?)?;
        parts.next().is_none().then_some(rule)
    };
    let (standard, daylight) = (ruled("STANDARD")?, ruled("DAYLIGHT")?);
    // POSIX offsets have the opposite sign.
    let posix = |offset: Offset| {
        let seconds = -offset.seconds();
        let (sign, size) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
        format!("{sign}{}:{:02}:{:02}", size / 3600, size / 60 % 60, size % 60)
    };
    let (winter, summer) = (posix(standard.to), posix(daylight.to));
    let text = format!("<STD>{winter}<DST>{summer},{},{}", daylight.date, standard.date);
    let zone = TimeZone::posix(&text).ok()?;
    Some(same_named(&zone).unwrap_or(zone))
}

fn yearly_rule(part: &FileComponent) -> Option<YearlyRule> {
    if part.get("RDATE").is_some() || part.all("RRULE").count() != 1 {
        return None;
    }
    let upper = part.get("RRULE")?.value().to_ascii_uppercase();
    let (mut month, mut day) = (None, None);
    for rule in upper.split(';').filter(|rule| !rule.is_empty()) {
        match rule.split_once('=')? {
            ("FREQ", "YEARLY") | ("INTERVAL", "1") | ("WKST", _) => {}
            ("BYMONTH", text) => month = text.parse::<u8>().ok().filter(|month| (1..=12).contains(month)),
            ("BYDAY", text) => day = Some(text.to_owned()),
            _ => return None,
        }
    }
    let day = day?;
    let (nth, weekday) = day.split_at_checked(day.len().checked_sub(2)?)?;
    let week = match nth.parse::<i8>().ok()? {
        -1 => 5,
        nth @ 1..=4 => nth,
        _ => return None,
    };
    let weekdays = [
        Weekday::Sunday,
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
    ];
    let weekday: Weekday = weekday.parse().ok()?;
    let weekday = weekdays.iter().position(|known| *known == weekday)?;
    let Some(EventTime::Local(start)) = EventTime::from_icalendar(part.get("DTSTART")?.value().trim()) else {
        return None;
    };
    let time: Time = start.time();
    let at = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let date = format!("M{}.{week}.{weekday}/{at}", month?);
    Some(YearlyRule { to: offset(part, "TZOFFSETTO")?, date })
}

/// Returns an IANA zone with the same offsets from 2020 to 2035.
///
/// A series needs a zone with a name.
fn same_named(zone: &TimeZone) -> Option<TimeZone> {
    const PREFERRED: [&str; 12] = [
        "Europe/Berlin",
        "Europe/London",
        "Europe/Helsinki",
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Anchorage",
        "America/Halifax",
        "America/St_Johns",
        "Australia/Sydney",
        "Pacific/Auckland",
    ];
    let bounds = ("2020-01-01T00:00:00Z".parse().ok()?, "2035-01-01T00:00:00Z".parse::<Timestamp>().ok()?);
    let changes = |zone: &TimeZone| -> Vec<(Timestamp, Offset)> {
        let following = zone.following(bounds.0).take_while(|change| change.timestamp() < bounds.1);
        following.map(|change| (change.timestamp(), change.offset())).collect()
    };
    let wanted = changes(zone);
    let all = PREFERRED.into_iter().filter_map(zones::named);
    all.into_iter().find(|named| changes(named) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ics::lines::calendars;

    fn written(name: &str, first: &str) -> (FileComponent, TimeZone) {
        let zone = TimeZone::get(name).unwrap();
        let text = lines(name, &zone, first.parse().unwrap()).join("\r\n");
        let mut calendar = calendars(format!("BEGIN:VCALENDAR\n{text}\nEND:VCALENDAR").as_bytes()).unwrap();
        (calendar.remove(0).parts.remove(0), zone)
    }

    /// The onsets of all observances with their offsets, sorted (RFC 5545 3.6.5).
    fn onsets(definition: &FileComponent) -> Vec<(Timestamp, Offset)> {
        let local = |value: &str| match EventTime::from_icalendar(value) {
            Some(EventTime::Local(local)) => local,
            other => panic!("{other:?}"),
        };
        let mut all = Vec::new();
        for part in &definition.parts {
            let (from, to) = (offset(part, "TZOFFSETFROM").unwrap(), offset(part, "TZOFFSETTO").unwrap());
            let start = local(part.get("DTSTART").unwrap().value());
            let mut onsets = vec![start];
            onsets.extend(part.all("RDATE").map(|line| local(line.value())));
            if let Some(rule) = part.get("RRULE") {
                let rule = rule.value().strip_prefix("FREQ=YEARLY;BYMONTH=").unwrap();
                let (month, day) = rule.split_once(";BYDAY=").unwrap();
                let nth: i8 = day[..day.len() - 2].parse().unwrap();
                for year in start.year()..=start.year() + 60 {
                    let first = jiff::civil::date(year, month.parse().unwrap(), 1);
                    let day = first.nth_weekday_of_month(nth, start.weekday()).unwrap();
                    onsets.push(day.to_datetime(start.time()));
                }
            }
            all.extend(onsets.into_iter().map(|onset| (from.to_timestamp(onset).unwrap(), to)));
        }
        // Of two equal onsets, the later component is the change itself.
        all.sort_by_key(|(onset, _)| *onset);
        all
    }

    #[test]
    fn written_definition_has_the_offsets_of_the_zone() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Asia/Tokyo",
            "Australia/Lord_Howe",
            "America/Sao_Paulo",
            "Asia/Kolkata",
            "Africa/Casablanca",
            "Asia/Jerusalem",
            "Pacific/Apia",
            "Europe/Dublin",
        ] {
            for first in ["1995-07-01T00:00:00Z", "2026-12-01T00:00:00Z"] {
                let (definition, zone) = written(name, first);
                let onsets = onsets(&definition);
                let start: Timestamp = first.parse().unwrap();
                for hours in (0..20 * 366 * 24).step_by(11) {
                    let at = start + SignedDuration::from_hours(hours);
                    let written = onsets.partition_point(|(onset, _)| *onset <= at) - 1;
                    assert_eq!(onsets[written].1, zone.to_offset(at), "{name} {at}");
                }
            }
        }
    }

    #[test]
    fn definition_with_yearly_rules_is_written_briefly_and_read() {
        let (definition, zone) = written("Europe/Berlin", "2026-12-01T00:00:00Z");
        assert_eq!(definition.parts.len(), 3);
        let mut definition = definition;
        definition.parts.remove(0); // the offset before the first change
        let rule = by_rules(&definition);
        assert_eq!(rule, Some(zone));
    }

    fn custom(text: &str) -> Option<TimeZone> {
        let text =
            format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Own\n{text}\nEND:VTIMEZONE\nEND:VCALENDAR");
        read(&calendars(text.as_bytes()).unwrap()[0].parts[0]).unwrap().1
    }

    #[test]
    fn definition_of_another_program_is_read_or_unusable() {
        let standard = |more: &str| {
            format!(
                "BEGIN:STANDARD\nDTSTART:16011028T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n{more}\nEND:STANDARD\n"
            )
        };
        let daylight = "BEGIN:DAYLIGHT\nDTSTART:16010325T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
            RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT";
        let yearly = standard("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10");
        let name = |zone: Option<TimeZone>| zone.and_then(|zone| zone.iana_name().map(str::to_owned));
        assert_eq!(name(custom(&format!("{yearly}{daylight}"))).as_deref(), Some("Europe/Berlin"));
        assert_eq!(name(custom(&standard("TZNAME:X"))).as_deref(), Some("Etc/GMT-1"));
        assert_eq!(name(custom("X-LIC-LOCATION:Asia/Tokyo")).as_deref(), Some("Asia/Tokyo"));
        let half = custom(
            "BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD",
        );
        assert_eq!(half.unwrap().to_offset(Timestamp::UNIX_EPOCH).seconds(), 19800);
        for odd in [
            String::new(),
            daylight.replace("+0200", "0200"),
            format!("{}{daylight}", standard("RDATE:20261025T030000")),
            format!("{}{daylight}", standard("RRULE:FREQ=YEARLY;BYMONTHDAY=25;BYMONTH=10")),
            format!("{}{daylight}", standard("RRULE:FREQ=YEARLY;BYDAY=SU;BYMONTH=13")),
            format!("{yearly}{yearly}{daylight}"),
        ] {
            assert_eq!(custom(&odd), None, "{odd}");
        }
    }
}
