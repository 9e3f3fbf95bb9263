//! Parses times as people write them: `tomorrow 9:00`, `fri`, `+7d`, `2026-12-24T18:00`.

use jiff::{
    Span, Timestamp, ZonedDateTime,
    civil::{Date, DateTime, Time, Weekday},
    fmt::friendly::SpanParser,
    tz::TimeZone,
};

use super::{When, out_of_range};
use crate::failure::Failure;

/// What an argument says about a time. A day or a time of day may be missing.
pub(crate) struct Said<'a> {
    option: &'a str,
    pub(crate) text: &'a str,
    pub(crate) kind: SaidKind,
    today: Date,
}

pub(crate) enum SaidKind {
    /// An instant and its time zone, which is `None` if the argument has an offset.
    At(Timestamp, Option<TimeZone>),
    Day(Date),
    /// A time without a day.
    Time(Time, TimeZone),
}

/// No time is as long as this. Parsing every part of a much longer text would take seconds.
const MAX_LENGTH: usize = 200;

/// Returns whether the meaning of the text depends on the current time.
pub(super) fn is_relative(text: &str) -> bool {
    let date = text.trim().get(..10).map(str::parse::<Date>);
    !matches!(date, Some(Ok(_)))
}

impl<'a> Said<'a> {
    /// Parses the text; the README describes the accepted forms.
    ///
    /// A text without an offset and a zone in brackets is in `zone`.
    pub(crate) fn parse(
        option: &'a str,
        text: &'a str,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, Failure> {
        let text = text.trim();
        let (words, named) = match text.split_once('[') {
            Some((words, name)) => (words.trim_end(), Some(zone_in_brackets(option, name)?)),
            None => (text, None),
        };
        let reader = Reader { option, text, now, zone: named.as_ref().unwrap_or(zone) };
        let kind = match words.parse::<Timestamp>() {
            // Checks that the zone in brackets has this offset at this time.
            Ok(_) if named.is_some() => {
                let zoned: ZonedDateTime = text.parse().map_err(|error| reader.unreadable().cause(error))?;
                SaidKind::At(zoned.timestamp(), Some(zoned.time_zone().clone()))
            }
            Ok(instant) => SaidKind::At(instant, None),
            Err(_) => reader.words(words)?,
        };
        if let (SaidKind::Day(_), Some(_)) = (&kind, &named) {
            let message = format!("{option}: {text:?} is a whole day, which has no time zone");
            return Err(Failure::usage(message).next("add a time, or choose the time zone with --tz"));
        }
        Ok(Self { option, text, kind, today: reader.today() })
    }

    /// Returns the time; a time without a day means today.
    pub(crate) fn when(&self) -> Result<When, Failure> {
        self.on(self.today)
    }

    /// Returns the time; a time without a day means this day.
    pub(crate) fn on(&self, day: Date) -> Result<When, Failure> {
        match &self.kind {
            SaidKind::At(at, zone) => Ok(When::At(*at, zone.clone())),
            SaidKind::Day(day) => Ok(When::Day(*day)),
            SaidKind::Time(time, zone) => timed(self.option, self.text, day.to_datetime(*time), zone)
                .map(|at| When::At(at, Some(zone.clone()))),
        }
    }
}

/// Returns the instant of a local time; an error if the time occurs twice or never in the time zone.
pub(crate) fn timed(
    option: &str,
    text: &str,
    local: DateTime,
    zone: &TimeZone,
) -> Result<Timestamp, Failure> {
    if zone.is_unknown() {
        let message = format!("{option}: {text:?} has no offset, and your time zone is unknown");
        return Err(Failure::usage(message)
            .next("add an offset, such as 2026-12-24T18:00+01:00, or the time zone: --tz Europe/Berlin"));
    }
    match zone.to_ambiguous_zoned_datetime(local).unambiguous() {
        Ok(zoned) => Ok(zoned.timestamp()),
        Err(error) => Err(Failure::usage(format!(
            "{option}: {text:?} occurs twice or never, because the clocks change"
        ))
        .cause(error)
        .next("add an offset, such as 2026-10-25T02:30+01:00")),
    }
}

fn zone_in_brackets(option: &str, rest: &str) -> Result<TimeZone, Failure> {
    let Some(name) = rest.strip_suffix(']') else {
        return Err(Failure::usage(format!("{option}: the time zone in brackets has no \"]\" after it"))
            .next("write such as 9:00[Europe/Berlin]"));
    };
    super::named_zone(name).map_err(|problem| {
        Failure::usage(format!("{option}: {name:?} is an {problem}"))
            .next("write such as 9:00[Europe/Berlin]")
    })
}

struct Reader<'a> {
    option: &'a str,
    /// The whole argument.
    text: &'a str,
    now: Timestamp,
    zone: &'a TimeZone,
}

impl Reader<'_> {
    /// Returns the current minute: nobody means the seconds of `now`.
    fn now(&self) -> ZonedDateTime {
        let now = self.now.to_zoned_datetime(self.zone.clone());
        now.with().second(0).subsec_nanosecond(0).build().unwrap_or(now)
    }

    fn today(&self) -> Date {
        self.now().date()
    }

    fn unreadable(&self) -> Failure {
        Failure::usage(format!("{}: {:?} is not a date or time", self.option, self.text)).next(
            "write such as 2026-12-24T18:00, 2026-12-24, \"tomorrow 9:00\", fri, +7d, or 2026-12-24T18:00+01:00",
        )
    }

    fn out_of_range(&self, error: jiff::Error) -> Failure {
        out_of_range(error).while_doing(format!("{}: {:?} is out of range", self.option, self.text))
    }

    /// Parses `now`, a local time, a day, a time of day, a day with a time of day, or a span from now.
    fn words(&self, text: &str) -> Result<SaidKind, Failure> {
        let text = text.to_ascii_lowercase();
        if text.len() > MAX_LENGTH {
            return Err(self.unreadable());
        }
        if text == "now" {
            return self.at(self.now());
        }
        if let Some(kind) = self.span(&text)? {
            return Ok(kind);
        }
        if let Some(day) = self.day(&text)? {
            return Ok(SaidKind::Day(day));
        }
        if let Ok(local) = text.parse::<DateTime>() {
            let at = timed(self.option, self.text, local, self.zone)?;
            return Ok(SaidKind::At(at, Some(self.zone.clone())));
        }
        if let Some(time) = time(&text) {
            return Ok(SaidKind::Time(time, self.zone.clone()));
        }
        // A time can have a blank as well: `fri 9 am`, `9 am fri`.
        for (blank, _) in text.match_indices(char::is_whitespace) {
            let (first, second) = text.split_at(blank);
            for (word, clock) in [(first.trim(), second), (second.trim(), first)] {
                let Some(time) = time(clock) else { continue };
                let day = self.day(word)?.or(match self.span(word)? {
                    Some(SaidKind::Day(day)) => Some(day),
                    _ => None,
                });
                let Some(mut day) = day else {
                    continue;
                };
                if weekday(word).is_some() && day.to_datetime(time) < self.now().datetime() {
                    let next = day.checked_add(Span::new().weeks(1));
                    day = next.map_err(|error| self.out_of_range(error))?;
                }
                let at = timed(self.option, self.text, day.to_datetime(time), self.zone)?;
                return Ok(SaidKind::At(at, Some(self.zone.clone())));
            }
        }
        let amount = text.strip_prefix(['+', '-']).map(|amount| SpanParser::new().parse_span(amount));
        Err(match amount {
            Some(Err(error)) => self.unreadable().cause(error),
            _ => self.unreadable(),
        })
    }

    fn at(&self, zoned: ZonedDateTime) -> Result<SaidKind, Failure> {
        let zone = Some(self.zone.clone()).filter(|zone| !zone.is_unknown());
        Ok(SaidKind::At(zoned.timestamp(), zone))
    }

    /// Parses `+7d` as a day, and `+90min` as an instant.
    fn span(&self, text: &str) -> Result<Option<SaidKind>, Failure> {
        let Some(amount) = text.strip_prefix(['+', '-']) else { return Ok(None) };
        // The library's format also has `1d 09:00:00`, which here is a day with a time, and `2d ago`.
        let is_plain = amount.starts_with(|first: char| first.is_ascii_digit());
        if !is_plain || amount.contains(':') || amount.ends_with("ago") {
            return Ok(None);
        }
        let Ok(span) = SpanParser::new().parse_span(amount) else { return Ok(None) };
        let span = if text.starts_with('-') { -span } else { span };
        if is_whole_days(&span) {
            let day = self.today().checked_add(span).map_err(|error| self.out_of_range(error))?;
            return Ok(Some(SaidKind::Day(day)));
        }
        let at = self.now().checked_add(span).map_err(|error| self.out_of_range(error))?;
        self.at(at).map(Some)
    }

    /// Returns the day of `next fri`; an error if that can be this Friday or the Friday of next week.
    fn next(&self, weekday: Weekday) -> Result<Date, Failure> {
        let today = self.today();
        let after =
            |days: i8| today.checked_add(Span::new().days(days)).map_err(|error| self.out_of_range(error));
        let coming = match today.weekday().until(weekday) {
            0 => 7,
            days => days,
        };
        let days_to_monday = 7 - today.weekday().to_monday_zero_offset();
        if coming >= days_to_monday {
            return after(coming);
        }
        let message = format!("{}: {:?} can be in this week or in the next", self.option, self.text);
        Err(Failure::usage(message).next(format!("write {} or {}", after(coming)?, after(coming + 7)?)))
    }

    /// Parses a date, `today`, `tomorrow`, `yesterday`, or a weekday, which can be today.
    fn day(&self, text: &str) -> Result<Option<Date>, Failure> {
        let today = self.today();
        if let Some(weekday) = text.strip_prefix("next ").and_then(|name| weekday(name.trim_start())) {
            return self.next(weekday).map(Some);
        }
        let day = match text {
            "today" => Ok(today),
            "tomorrow" => today.tomorrow(),
            "yesterday" => today.yesterday(),
            _ => match weekday(text) {
                Some(weekday) => today.checked_add(Span::new().days(today.weekday().until(weekday))),
                None if text.contains(['t', ' ', ':']) => return Ok(None),
                None => return Ok(text.parse().ok()),
            },
        };
        day.map(Some).map_err(|error| self.out_of_range(error))
    }
}

/// Returns whether the span has no hours or smaller units.
pub(crate) fn is_whole_days(span: &Span) -> bool {
    let whole = Span::new()
        .years(span.get_years())
        .months(span.get_months())
        .weeks(span.get_weeks())
        .days(span.get_days());
    whole.fieldwise() == span.fieldwise()
}

/// Parses an English weekday, in full or by at least three letters.
fn weekday(text: &str) -> Option<Weekday> {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let found = names.iter().position(|name| text.len() >= 3 && name.starts_with(text))?;
    Weekday::from_monday_zero_offset(i8::try_from(found).ok()?).ok()
}

/// Returns whether the text is a time of day, such as `9:00` or `9am`.
pub(crate) fn is_time_of_day(text: &str) -> bool {
    time(text).is_some()
}

/// Parses a time of day: `9:00`, `14:30:15`, `9am`, `9:30 pm`.
fn time(text: &str) -> Option<Time> {
    let text: String = text.split_whitespace().collect();
    let formats = ["%H:%M", "%H:%M:%S", "%I:%M%p", "%I%p"];
    let is_plain = text.starts_with(|first: char| first.is_ascii_digit());
    formats.iter().find_map(|format| Time::strptime(format, &text).ok()).filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    const FAILURE: &str = "failure";

    /// Returns an instant in UTC, a date, or `FAILURE`.
    fn read(text: &str, now: &str, zone: &TimeZone) -> String {
        let said = Said::parse("--start", text, now.parse().unwrap(), zone);
        match said.and_then(|said| said.when()) {
            Ok(When::At(at, _)) => at.strftime("%Y-%m-%dT%H:%MZ").to_string(),
            Ok(When::Day(day)) => day.to_string(),
            Err(failure) => {
                assert_eq!(failure.exit, Exit::Usage, "{text}");
                assert!(failure.message.starts_with("--start: "), "{text}: {}", failure.message);
                FAILURE.to_owned()
            }
        }
    }

    #[test]
    fn words_are_read_in_the_users_zone() {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        // Tuesday 23:30 in UTC, and Wednesday 00:30 in Budapest.
        let now = "2026-12-01T23:30:41.5Z";
        for (text, expected) in [
            ("now", "2026-12-01T23:30Z"),
            ("today", "2026-12-02"),
            (" Tomorrow ", "2026-12-03"),
            ("yesterday", "2026-12-01"),
            ("wed", "2026-12-02"),
            ("thu", "2026-12-03"),
            ("FRIDAY", "2026-12-04"),
            ("thurs", "2026-12-03"),
            ("tuesday", "2026-12-08"),
            ("next mon", "2026-12-07"),
            ("Next  Wednesday", "2026-12-09"),
            ("next tue 9:00", "2026-12-08T08:00Z"),
            ("9 am next mon", "2026-12-07T08:00Z"),
            ("+7d", "2026-12-09"),
            ("-2w", "2026-11-18"),
            ("+1 month", "2027-01-02"),
            ("+1y", "2027-12-02"),
            ("+0d", "2026-12-02"),
            ("+90min", "2026-12-02T01:00Z"),
            ("+2h30m", "2026-12-02T02:00Z"),
            ("-1d12h", "2026-11-30T11:30Z"),
            ("9:00", "2026-12-02T08:00Z"),
            ("09:00:30", "2026-12-02T08:00Z"),
            ("9am", "2026-12-02T08:00Z"),
            ("9 PM", "2026-12-02T20:00Z"),
            ("12am", "2026-12-01T23:00Z"),
            ("9:45pm", "2026-12-02T20:45Z"),
            ("tomorrow 9:00", "2026-12-03T08:00Z"),
            ("fri  2:30 pm", "2026-12-04T13:30Z"),
            ("wed 0:29", "2026-12-08T23:29Z"),
            ("0:30 wed", "2026-12-01T23:30Z"),
            ("9 am  tomorrow", "2026-12-03T08:00Z"),
            ("9:00 +7d", "2026-12-09T08:00Z"),
            ("+7d 9:00", "2026-12-09T08:00Z"),
            ("+7d 09:00:00", "2026-12-09T08:00Z"),
            ("2026-12-24 9:00", "2026-12-24T08:00Z"),
            ("2026-12-24 6pm", "2026-12-24T17:00Z"),
            ("2026-12-24T18:00", "2026-12-24T17:00Z"),
            ("2026-12-24", "2026-12-24"),
            ("2026-12-24T18:00-05:00", "2026-12-24T23:00Z"),
            ("2026-12-01T09:00[America/New_York]", "2026-12-01T14:00Z"),
            ("2026-12-01T09:00-05:00[America/New_York]", "2026-12-01T14:00Z"),
            ("tomorrow 9:00[America/New_York]", "2026-12-02T14:00Z"),
            ("9:00 [Asia/Tokyo]", "2026-12-02T00:00Z"),
            ("now[Asia/Tokyo]", "2026-12-01T23:30Z"),
        ] {
            assert_eq!(read(text, now, &zone), expected, "{text}");
        }
    }

    #[test]
    fn month_ends_and_changes_of_the_clocks_are_respected() {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        for (now, text, expected) in [
            ("2027-01-31T12:00Z", "+1mo", "2027-02-28"),
            ("2027-01-31T12:00Z", "tomorrow", "2027-02-01"),
            ("2028-02-29T12:00Z", "-1y", "2027-02-28"),
            ("2026-12-31T12:00Z", "fri", "2027-01-01"),
            // At 02:00 on the 28th the clocks go to 03:00.
            ("2027-03-27T12:00Z", "tomorrow 2:30", FAILURE),
            ("2027-03-27T12:00Z", "tomorrow 3:30", "2027-03-28T01:30Z"),
            ("2027-03-27T12:00Z", "+1d1h", "2027-03-28T12:00Z"),
            ("2027-03-27T12:00Z", "+24h", "2027-03-28T12:00Z"),
            // At 03:00 on the 31st the clocks go to 02:00.
            ("2027-10-30T12:00Z", "tomorrow 2:30", FAILURE),
            ("2027-10-30T12:00Z", "2027-10-31T02:30[Europe/Budapest]", FAILURE),
            ("2027-10-30T12:00Z", "2027-10-31T02:30+02:00[Europe/Budapest]", "2027-10-31T00:30Z"),
            ("2027-10-30T12:00Z", "2027-10-31T02:30[America/New_York]", "2027-10-31T06:30Z"),
            ("2027-10-31T00:30Z", "+1h", "2027-10-31T01:30Z"),
        ] {
            assert_eq!(read(text, &now.replace("Z", ":00Z"), &zone), expected, "{now} {text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        let long = "9".repeat(10_000);
        for text in [
            "",
            " ",
            "soon",
            "+",
            "-",
            "+d",
            "+-7d",
            "--7d",
            "+7",
            "+7x",
            "7d",
            "+7d ago",
            "9",
            "25:00",
            "9:60",
            "13pm",
            "0am",
            "9:00:00:00",
            "9:00 9:00",
            "tomorrow tomorrow",
            "9:00 tomorrow 9:00",
            "now 9:00",
            "+90min 9:00",
            "fr",
            "frid ay",
            "fridays",
            "next fri",
            "next",
            "next week",
            "next today",
            "next next mon",
            "nextmon",
            "next mon 9:00 9:00",
            "2026-13-01",
            "2026-02-30",
            "2026-01-01T25:00",
            "2026-12-01T09:00+99:00",
            "2026-12-01T09:00[Nowhere/At]",
            "9:00[",
            "9:00[]",
            "[Europe/Berlin]",
            "9:00[Europe/Berlin",
            "9:00[Europe/Berlin]x",
            "2026-12-01T09:00+05:00[Europe/Berlin]",
            "today[Europe/Berlin]",
            "2026-12-01[Europe/Berlin]",
            "\u{661}:00",
            "é",
            "+99999999999999999999d",
            "+9999999y",
            "-99999y",
            "+9999y",
            "9999-12-31x",
            "a\r\nb",
            &long,
            &format!("+{long}d"),
            &format!("{long}:00"),
            &format!("[{long}"),
        ] {
            assert_eq!(read(text, "2026-12-01T12:00:00Z", &zone), FAILURE, "{text:.40}");
        }
        assert_eq!(read("tomorrow", "9999-12-30T21:00:00Z", &zone), "9999-12-31");
        assert_eq!(read("+2d", "9999-12-30T21:00:00Z", &zone), FAILURE);
        assert_eq!(read("+1h", "9999-12-30T21:59:00Z", &zone), FAILURE);
        assert_eq!(read("-2d", "-009999-01-02T02:00:00Z", &zone), FAILURE);
    }

    /// Reads `next` and a weekday on every day of a week.
    #[test]
    fn next_weekday_is_read_if_it_has_one_meaning() {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        for today in 0..7_i64 {
            for (wanted, name) in (0..7_i64).zip(names) {
                let now = format!("2026-11-{}T12:00:00Z", 23 + today); // the 23rd is a Monday
                let text = format!("next {name}");
                let said = Said::parse("--start", &text, now.parse().unwrap(), &TimeZone::UTC);
                let date =
                    |day: i64| Date::constant(2026, 11, 1).checked_add(Span::new().days(day - 1)).unwrap();
                match said.and_then(|said| said.when()) {
                    Ok(When::Day(day)) => {
                        assert_eq!((day, wanted <= today), (date(30 + wanted), true), "{now} {text}")
                    }
                    Ok(When::At(at, _)) => panic!("{now} {text}: {at}"),
                    Err(failure) => {
                        assert!(wanted > today, "{now} {text}");
                        let next = format!("write {} or {}", date(23 + wanted), date(30 + wanted));
                        assert!(format!("{failure:?}").contains(&next), "{now} {text}: {failure:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn mutated_text_causes_no_panic() {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        for text in [
            "tomorrow 9:00[Asia/Tokyo]",
            "next mon 9:00",
            "+7d 9 am",
            "-90min",
            "2026-12-24T18:00+01:00[Europe/Berlin]",
        ] {
            for at in 0..=text.len() {
                let (before, after) = text.split_at(at);
                for new in ["", " ", ":", "[", "]", "+", "-", "9", "99999999999", "é", "\u{0}", before, after]
                {
                    let rest = after.get(1..).unwrap_or_default();
                    read(&format!("{before}{new}{after}"), "2026-12-01T12:00:00Z", &zone);
                    read(&format!("{before}{new}{rest}"), "2026-12-01T12:00:00Z", &zone);
                }
            }
        }
    }

    #[test]
    fn time_without_a_zone_is_refused() {
        let read = |text| read(text, "2026-12-01T12:00:00Z", &TimeZone::unknown());
        for text in ["2026-12-01T10:00", "9:00", "tomorrow 9am"] {
            assert_eq!(read(text), FAILURE);
        }
        assert_eq!(read("2026-12-01T10:00Z"), "2026-12-01T10:00Z");
        assert_eq!(read("tomorrow 9:00[Asia/Tokyo]"), "2026-12-02T00:00Z");
        assert_eq!(read("tomorrow"), "2026-12-02");
        assert_eq!(read("+1h"), "2026-12-01T13:00Z");
    }

    #[test]
    fn only_full_dates_are_absolute() {
        for text in
            ["2026-12-01", " 2026-12-01T09:00", "2026-12-01 9am", "2026-12-01T09:00+01:00[Europe/Berlin]"]
        {
            assert!(!is_relative(text), "{text}");
        }
        for text in ["today", "9:00", "+7d", "tomorrow 9:00[Europe/Berlin]", "é", "ééééééé"] {
            assert!(is_relative(text), "{text}");
        }
    }
}
