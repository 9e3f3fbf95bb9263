//! Describes recurrence rules in words.

use connect_calendars::EventSeries as _;
use connect_hyper::types::Event;

/// Returns the recurrence rules of a series: `FREQ=MONTHLY;BYDAY=2TU`. `None` if the event is not a series,
/// or if the service does not send its recurrence.
pub(super) fn rules(event: &Event) -> Option<Vec<String>> {
    Some(event.recurrence()?.values("RRULE").map(str::to_owned).collect())
}

/// Returns the recurrence of a series in words: `weekly on Tue and Thu, 25 times`.
///
/// A rule that is too complex for a few words is returned unchanged.
pub(super) fn described(event: &Event) -> Option<String> {
    let rules: Vec<_> = rules(event)?.into_iter().map(|rule| in_words(&rule).unwrap_or(rule)).collect();
    Some(if rules.is_empty() { "on single dates".to_owned() } else { rules.join("; ") })
}

fn in_words(rule: &str) -> Option<String> {
    let value = |name| {
        let mut parts = rule.split(';').filter_map(|part| part.split_once('='));
        parts.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    let (each, several, days) = match value("FREQ")? {
        "DAILY" => ("daily", "days", ""),
        "WEEKLY" => ("weekly", "weeks", "BYDAY"),
        "MONTHLY" => ("monthly", "months", "BYMONTHDAY"),
        "YEARLY" => ("yearly", "years", ""),
        _ => return None,
    };
    let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", days];
    if !rule.split(';').all(|part| part.split_once('=').is_some_and(|(name, _)| known.contains(&name))) {
        return None;
    }
    let mut words = match value("INTERVAL") {
        None | Some("1") => each.to_owned(),
        Some(interval) => format!("every {interval} {several}"),
    };
    match (days, value(days)) {
        (_, None) => {}
        ("BYDAY", Some(days)) => {
            let days: Option<Vec<_>> = days.split(',').map(weekday).collect();
            words.push_str(&format!(" on {}", listed(days?)));
        }
        (_, Some(day)) => words.push_str(&format!(" on day {}", day.parse::<u8>().ok()?)),
    }
    if let Some(count) = value("COUNT") {
        words.push_str(&format!(", {count} times"));
    }
    if let Some(last) = value("UNTIL") {
        let (year, month, day) = (last.get(..4)?, last.get(4..6)?, last.get(6..8)?);
        words.push_str(&format!(", until {year}-{month}-{day}"));
    }
    Some(words)
}

fn weekday(day: &str) -> Option<&'static str> {
    let known = [
        ("MO", "Mon"),
        ("TU", "Tue"),
        ("WE", "Wed"),
        ("TH", "Thu"),
        ("FR", "Fri"),
        ("SA", "Sat"),
        ("SU", "Sun"),
    ];
    known.iter().find(|(code, _)| *code == day).map(|(_, name)| *name)
}

fn listed(mut words: Vec<&str>) -> String {
    match (words.pop(), words.as_slice()) {
        (Some(last), []) => last.to_owned(),
        (last, words) => format!("{} and {}", words.join(", "), last.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_rule_is_described_in_words() {
        for (rule, words) in [
            ("FREQ=DAILY", "daily"),
            ("FREQ=WEEKLY;COUNT=25;BYDAY=TU,TH;WKST=MO", "weekly on Tue and Thu, 25 times"),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR", "every 2 weeks on Mon, Wed and Fri"),
            ("FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20270301T090000Z", "monthly on day 15, until 2027-03-01"),
            ("FREQ=YEARLY;UNTIL=20300101", "yearly, until 2030-01-01"),
        ] {
            assert_eq!(in_words(rule).as_deref(), Some(words));
        }
    }

    #[test]
    fn complex_or_malformed_rule_is_not_described() {
        for rule in [
            "FREQ=MONTHLY;BYDAY=2TU",
            "FREQ=MONTHLY;BYDAY=TU",
            "FREQ=DAILY;BYDAY=MO,WE",
            "FREQ=WEEKLY;BYDAY=2MO",
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "FREQ=MONTHLY;BYMONTHDAY=1,15",
            "FREQ=YEARLY;BYMONTH=3",
            "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
            "FREQ=HOURLY",
            "BYDAY=MO",
            "UNTIL=2027é",
            "",
        ] {
            assert_eq!(in_words(rule), None, "{rule}");
        }
    }
}
