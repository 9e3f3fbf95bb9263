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
    let (mut frequency, mut interval, mut on, mut end) = (None, "1", String::new(), String::new());
    for part in rule.split(';') {
        match part.split_once('=')? {
            ("FREQ", value) => frequency = Some(value),
            ("INTERVAL", value) => interval = value,
            ("BYDAY", days) => {
                on = format!(" on {}", listed(days.split(',').map(weekday).collect::<Option<_>>()?))
            }
            ("BYMONTHDAY", day) if day.parse::<u8>().is_ok() => on = format!(" on day {day}"),
            ("COUNT", count) => end = format!(", {count} times"),
            ("UNTIL", last) => {
                end = format!(", until {}-{}-{}", last.get(..4)?, last.get(4..6)?, last.get(6..8)?);
            }
            ("WKST", _) => {}
            _ => return None,
        }
    }
    let (each, several) = match frequency? {
        "DAILY" => ("daily", "days"),
        "WEEKLY" => ("weekly", "weeks"),
        "MONTHLY" => ("monthly", "months"),
        "YEARLY" => ("yearly", "years"),
        _ => return None,
    };
    let each = if interval == "1" { each.to_owned() } else { format!("every {interval} {several}") };
    Some(format!("{each}{on}{end}"))
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
