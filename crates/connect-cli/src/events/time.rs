//! The time of a new or changed event, from `--start`, `--end`, `--duration` and `--all-day`.

use connect_hyper::types::{Event, EventTime, Moment};
use jiff::{SignedDuration, Span, Timestamp, civil::Date, fmt::friendly::SpanParser, tz::TimeZone};

use crate::{
    failure::Failure,
    when::{self, Said, SaidKind, When},
};

/// The given time options.
pub(super) struct TimeOptions<'a> {
    pub(super) start: Option<Said<'a>>,
    pub(super) end: Option<Said<'a>>,
    pub(super) duration: Option<Span>,
    pub(super) all_day: bool,
    /// The user's time zone.
    pub(super) zone: TimeZone,
}

/// The time of an event.
#[derive(Clone, Debug)]
pub(super) enum Time {
    /// Start and end.
    At(Instant, Instant),
    /// The first day, and the day after the last.
    Days(Date, Date),
}

/// An instant and its time zone, which is `None` if the instant was given with an offset.
#[derive(Clone, Debug)]
pub(super) struct Instant {
    pub(super) at: Timestamp,
    pub(super) zone: Option<TimeZone>,
}

impl Time {
    /// Returns the time as `events list` shows it.
    pub(super) fn described(&self, zone: &TimeZone) -> String {
        let mut event = Event::default();
        let (start, end) = match self {
            Self::At(start, end) => (EventTime::Instant(start.at), EventTime::Instant(end.at)),
            Self::Days(first, end) => (EventTime::Date(*first), EventTime::Date(*end)),
        };
        (event.start, event.end) = (Some(start), Some(end));
        when::span(&event, zone)
    }

    /// Returns the instant of the start. The first day of an all-day event starts in `zone`.
    pub(super) fn start(&self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::At(start, _) => start.at,
            Self::Days(first, _) => {
                let start = first.to_zoned_datetime(zone.clone());
                start.map_or(Timestamp::MAX, |start| start.timestamp())
            }
        }
    }

    /// Returns the start and its time zone, unless the start has none.
    pub(super) fn zoned_start(&self) -> Option<(Timestamp, TimeZone)> {
        match self {
            Self::At(start, _) => Some((start.at, start.zone.clone()?)),
            Self::Days(..) => None,
        }
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        match instant.zone {
            Some(zone) => instant.at.to_zoned_datetime(zone).into(),
            None => instant.at.into(),
        }
    }
}

/// The time of an event before it is changed.
enum PresentTime {
    At(Timestamp, Timestamp),
    /// The first day, and the day after the last.
    Days(Date, Date),
}

impl PresentTime {
    /// Returns `None` if the event has no readable start.
    fn of(event: &Event, zone: &TimeZone) -> Option<Self> {
        let start = event.start.as_ref()?;
        let end = event.end.as_ref();
        if let Some(first) = start.date() {
            let next = || first.tomorrow().ok();
            return Some(Self::Days(first, end.and_then(|end| end.date()).or_else(next)?));
        }
        let start = when::instant_of(start, zone)?;
        Some(Self::At(start, end.and_then(|end| when::instant_of(end, zone)).unwrap_or(start)))
    }

    fn first_day(&self, zone: &TimeZone) -> Date {
        match self {
            Self::At(start, _) => start.to_zoned_datetime(zone.clone()).date(),
            Self::Days(first, _) => *first,
        }
    }
}

impl TimeOptions<'_> {
    /// Returns whether the options alone determine the start and the end.
    pub(super) fn is_complete(&self) -> bool {
        match self.start.as_ref().map(|start| &start.kind) {
            Some(SaidKind::Day(_)) => self.all_day,
            Some(SaidKind::At(..)) => self.end.is_some() || self.duration.is_some(),
            Some(SaidKind::Time(..)) | None => false,
        }
    }

    /// Returns the time of a new event, or the new time of `present`.
    ///
    /// What the options leave out is taken from `present`: its day, its time of day, and its duration.
    pub(super) fn resolve(&self, present: Option<&Event>) -> Result<Time, Failure> {
        let present = present.and_then(|event| PresentTime::of(event, &self.zone));
        let stays_all_day = matches!(present, Some(PresentTime::Days(..))) && !self.has_clock_time();
        let all_day = self.all_day || stays_all_day;
        match self.start(present.as_ref(), all_day)? {
            When::At(..) if self.all_day => Err(needs_days()),
            When::At(at, zone) => self.timed(Instant { at, zone }, present.as_ref()),
            When::Day(first) if all_day => self.days(first, present.as_ref()),
            When::Day(_) => Err(needs_clock_time()),
        }
    }

    fn has_clock_time(&self) -> bool {
        let has = |said: &Option<Said<'_>>| {
            said.as_ref().is_some_and(|said| !matches!(said.kind, SaidKind::Day(_)))
        };
        has(&self.start) || has(&self.end) || self.duration.is_some_and(|span| !when::is_whole_days(&span))
    }

    fn start(&self, present: Option<&PresentTime>, all_day: bool) -> Result<When, Failure> {
        let known_zone = Some(self.zone.clone()).filter(|zone| !zone.is_unknown());
        match (&self.start, present) {
            (Some(said), Some(present)) => match (&said.kind, present) {
                (SaidKind::Day(day), PresentTime::At(start, _)) if !all_day => {
                    let time = start.to_zoned_datetime(self.zone.clone()).time();
                    let at = when::timed("--start", said.text, day.to_datetime(time), &self.zone)?;
                    Ok(When::At(at, known_zone))
                }
                (SaidKind::Time(_, zone), _) => said.on(present.first_day(zone)),
                _ => said.when(),
            },
            (Some(said), None) => said.when(),
            (None, Some(PresentTime::At(start, _))) if !all_day => Ok(When::At(*start, known_zone)),
            (None, Some(present)) => Ok(When::Day(present.first_day(&self.zone))),
            (None, None) => {
                Err(Failure::usage("--start is missing").next("add --start, or list the options with --help"))
            }
        }
    }

    fn timed(&self, start: Instant, present: Option<&PresentTime>) -> Result<Time, Failure> {
        let zone = start.zone.as_ref().unwrap_or(&self.zone);
        let local = start.at.to_zoned_datetime(zone.clone());
        let end = match (&self.end, self.duration, present) {
            (Some(said), ..) => match said.on(local.date())? {
                When::At(at, zone) => Instant { at, zone },
                When::Day(_) => return Err(needs_clock_time()),
            },
            (None, Some(span), _) => {
                let end = local.checked_add(span).map_err(when::out_of_range)?;
                Instant { at: end.timestamp(), zone: start.zone.clone() }
            }
            (None, None, Some(PresentTime::At(from, to))) => {
                let duration = to.duration_since(*from).max(SignedDuration::ZERO);
                let at = start.at.checked_add(duration).map_err(when::out_of_range)?;
                Instant { at, zone: start.zone.clone() }
            }
            (None, None, Some(PresentTime::Days(..))) => {
                return Err(Failure::usage(
                    "the event is an all-day event, so --start with a time needs an end",
                )
                .next("add --end or --duration"));
            }
            (None, None, None) => {
                return Err(Failure::usage("--start needs --end or --duration")
                    .next("add --duration 30m, or --all-day if --start is a day"));
            }
        };
        if end.at < start.at {
            let shown = |at| when::instant(at, zone);
            return Err(Failure::usage("--end is before the start")
                .cause(format!("the start is {}, the end {}", shown(start.at), shown(end.at)))
                .next("write the day of the end as well, or use --duration"));
        }
        Ok(Time::At(start, end))
    }

    fn days(&self, first: Date, present: Option<&PresentTime>) -> Result<Time, Failure> {
        let end = match (&self.end, self.duration, present) {
            (Some(said), ..) => match said.when()? {
                When::Day(last) if last < first => return Err(Failure::usage("--end is before --start")),
                When::Day(last) => last.tomorrow(),
                When::At(..) => return Err(needs_days()),
            },
            (None, Some(span), _) if when::is_whole_days(&span) => first.checked_add(span),
            (None, Some(_), _) => {
                return Err(Failure::usage("with --all-day, --duration must be whole days")
                    .next("write such as --duration 2d, or omit --all-day"));
            }
            (None, None, Some(PresentTime::Days(from, to))) => first.checked_add(to.duration_since(*from)),
            (None, None, _) => first.tomorrow(),
        };
        Ok(Time::Days(first, end.map_err(when::out_of_range)?))
    }
}

fn needs_days() -> Failure {
    Failure::usage("with --all-day, --start and --end must be days without a time")
        .next("write such as --start 2026-12-24, or omit --all-day")
}

fn needs_clock_time() -> Failure {
    Failure::usage("without --all-day, --start and --end must have a time")
        .next("add a time, such as \"tomorrow 9:00\", or --all-day")
}

/// Parses `--duration`: `30m`, `1h30m`, `2 days`.
pub(super) fn duration(text: &str) -> Result<Span, Failure> {
    let span = SpanParser::new().parse_span(text.trim());
    match span {
        Ok(span) if !span.is_negative() && !span.is_zero() => Ok(span),
        outcome => {
            let failure = Failure::usage(format!("--duration: {text:?} is not a duration"))
                .next("write such as 30m, 1h30m or 2d (m is minutes)");
            Err(match outcome {
                Ok(_) => failure.cause("it must be longer than zero"),
                Err(error) => failure.cause(error),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMED: &str = r#"{"id":"a","start":"2026-12-01T08:00:00Z","end":"2026-12-01T08:45:00Z"}"#;
    const ALL_DAY: &str = r#"{"id":"a","allDay":true,"start":"2026-12-01","end":"2026-12-04"}"#;

    /// Returns the new time in UTC, or the message of the failure. The user is in Budapest on 2026-11-30.
    fn resolve(present: &str, start: &str, end: &str, length: &str, all_day: bool) -> String {
        let zone = TimeZone::get("Europe/Budapest").unwrap();
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let said = |option, text| {
            Some(text).filter(|text| *text != "-").map(|text| Said::parse(option, text, now, &zone).unwrap())
        };
        let duration = Some(length).filter(|text| *text != "-").map(|text| duration(text).unwrap());
        let (start, end) = (said("--start", start), said("--end", end));
        let event: Option<Event> = serde_json::from_str(present).unwrap();
        let options = TimeOptions { start, end, duration, all_day, zone: zone.clone() };
        match options.resolve(event.as_ref()) {
            Ok(Time::At(start, end)) => {
                let shown = |at: Timestamp| at.strftime("%m-%dT%H:%M").to_string();
                format!("{} {}", shown(start.at), shown(end.at))
            }
            Ok(Time::Days(first, end)) => format!("{} {}", first.strftime("%m-%d"), end.strftime("%m-%d")),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn new_event_needs_a_start_and_an_end() {
        let new = |start, end, length, all_day| resolve("null", start, end, length, all_day);
        for (start, end, length, expected) in [
            ("tomorrow 9:00", "-", "30m", "12-01T08:00 12-01T08:30"),
            ("tomorrow 9:00", "-", "1d", "12-01T08:00 12-02T08:00"),
            ("tomorrow 9:00", "10:00", "-", "12-01T08:00 12-01T09:00"),
            ("tomorrow 9:00", "wed 10:00", "-", "12-01T08:00 12-02T09:00"),
            ("14:00", "15:00", "-", "11-30T13:00 11-30T14:00"),
            ("9:00[America/New_York]", "10:00", "-", "--end is before the start"),
            ("9:00[America/New_York]", "-", "30m", "11-30T14:00 11-30T14:30"),
            ("2026-10-24 12:00", "-", "1d", "10-24T10:00 10-25T11:00"),
            ("2026-10-24 12:00", "-", "24h", "10-24T10:00 10-25T10:00"),
            ("tomorrow 9:00", "8:00", "-", "--end is before the start"),
            ("tomorrow 9:00", "-", "-", "--start needs --end or --duration"),
            ("-", "9:00", "-", "--start is missing"),
            ("-", "-", "30m", "--start is missing"),
            ("fri", "-", "30m", "without --all-day, --start and --end must have a time"),
            ("tomorrow 9:00", "fri", "-", "without --all-day, --start and --end must have a time"),
        ] {
            assert_eq!(new(start, end, length, false), expected, "{start} {end} {length}");
        }
        for (start, end, length, expected) in [
            ("fri", "-", "-", "12-04 12-05"),
            ("fri", "sun", "-", "12-04 12-07"),
            ("fri", "-", "2d", "12-04 12-06"),
            ("fri", "tue", "-", "--end is before --start"),
            ("fri", "-", "5h", "with --all-day, --duration must be whole days"),
            ("fri 9:00", "-", "-", "with --all-day, --start and --end must be days without a time"),
            ("fri", "sat 9:00", "-", "with --all-day, --start and --end must be days without a time"),
        ] {
            assert_eq!(new(start, end, length, true), expected, "{start} {end} {length}");
        }
    }

    #[test]
    fn moved_event_keeps_what_is_not_given() {
        for (present, start, end, length, expected) in [
            (TIMED, "fri", "-", "-", "12-04T08:00 12-04T08:45"),
            (TIMED, "10:00", "-", "-", "12-01T09:00 12-01T09:45"),
            (TIMED, "fri 10:00", "-", "-", "12-04T09:00 12-04T09:45"),
            (TIMED, "fri", "-", "2h", "12-04T08:00 12-04T10:00"),
            (TIMED, "fri", "10:00", "-", "12-04T08:00 12-04T09:00"),
            (TIMED, "2027-07-01", "-", "-", "07-01T07:00 07-01T07:45"),
            (TIMED, "-", "10:00", "-", "12-01T08:00 12-01T09:00"),
            (TIMED, "-", "-", "2h", "12-01T08:00 12-01T10:00"),
            (TIMED, "10:00", "9:00", "-", "--end is before the start"),
            (ALL_DAY, "fri", "-", "-", "12-04 12-07"),
            (ALL_DAY, "fri", "fri", "-", "12-04 12-05"),
            (ALL_DAY, "-", "fri", "-", "12-01 12-05"),
            (ALL_DAY, "-", "-", "1d", "12-01 12-02"),
            (ALL_DAY, "9:00", "-", "30m", "12-01T08:00 12-01T08:30"),
            (ALL_DAY, "9:00", "-", "-", "the event is an all-day event, so --start with a time needs an end"),
            (ALL_DAY, "-", "10:00", "-", "without --all-day, --start and --end must have a time"),
        ] {
            assert_eq!(resolve(present, start, end, length, false), expected, "{start} {end} {length}");
        }
        assert_eq!(resolve(TIMED, "-", "-", "-", true), "12-01 12-02");
        assert_eq!(resolve(TIMED, "fri", "-", "-", true), "12-04 12-05");
        assert_eq!(resolve(ALL_DAY, "fri", "-", "-", true), "12-04 12-07");
    }

    #[test]
    fn duration_must_be_positive() {
        for text in ["30m", "1h30m", "2 days", " 1w "] {
            assert!(duration(text).is_ok(), "{text}");
        }
        let long = "9".repeat(1000) + "h";
        for text in ["", "0m", "-30m", "30", "m", "30m ago", "soon", "99999999999y", &long] {
            assert!(duration(text).is_err(), "{text:.20}");
        }
    }
}
