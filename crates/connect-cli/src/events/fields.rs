//! The options for event fields, shared by `create` and `update`.

use clap::Args;
use connect_hyper::types::{
    Availability, Event, EventStatus, EventTime, Moment, Notify, Privacy, Raw, Recurrence,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    failure::Failure,
    when::{self, When},
};

/// Which guests are notified of a change.
#[derive(Debug, Args)]
pub(super) struct NotifyOption {
    /// Notify these guests: all, external (those without a calendar of the service) or none [default: all].
    /// Outlook always notifies all; Mobiscroll Connect does not support this option.
    #[arg(long, value_name = "WHO")]
    pub(super) notify: Option<Notify>,
}

/// The fields of an event, except the title.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct FieldOptions {
    /// The start: 2026-12-24T18:00 in your time zone, or with an offset; with --all-day a date.
    #[arg(long, value_name = "WHEN")]
    start: Option<String>,
    /// The end; with --all-day the last day [default with --all-day: the first day].
    #[arg(long, value_name = "WHEN")]
    end: Option<String>,
    /// Make the event an all-day event.
    #[arg(long)]
    all_day: bool,
    /// The location.
    #[arg(long, value_name = "TEXT")]
    pub(super) location: Option<String>,
    /// The description.
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Invite this guest; may be given more than once. An update replaces the whole guest list.
    #[arg(long = "attendee", value_name = "EMAIL")]
    pub(super) attendees: Vec<String>,
    /// The recurrence rule (RFC 5545), such as RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO.
    #[arg(long, value_name = "RRULE")]
    recurrence: Option<String>,
    /// The conference link, or auto to have the provider create a conference.
    #[arg(long, value_name = "URL|auto")]
    pub(super) conference: Option<String>,
    /// Show the time as busy or free.
    #[arg(long, value_parser = ["busy", "free"])]
    availability: Option<String>,
    /// The users that can see the details.
    #[arg(long, value_parser = ["public", "private", "confidential"])]
    privacy: Option<String>,
    /// The status of the event.
    #[arg(long, value_parser = ["confirmed", "tentative", "cancelled"])]
    status: Option<String>,
    /// The application's own data, as a JSON object.
    #[arg(long, value_name = "JSON")]
    custom: Option<String>,
}

/// The time of an event, from `--start`, `--end` and `--all-day`.
pub(super) enum Time {
    /// Start and end.
    At(Moment, Moment),
    /// The first day, and the day after the last.
    Days(Date, Date),
}

impl FieldOptions {
    /// Returns the time, or `None` if no time option is given. A date needs `--all-day`.
    pub(super) fn time(&self, zone: &TimeZone) -> Result<Option<Time>, Failure> {
        let read = |option, text: &Option<String>| {
            text.as_deref().map(|text| When::parse(option, text, zone)).transpose()
        };
        match (read("--start", &self.start)?, read("--end", &self.end)?, self.all_day) {
            (None, None, false) => Ok(None),
            (None, None, true) => Err(Failure::usage("--all-day needs --start with a date")),
            (Some(When::At(start, start_zone)), Some(When::At(end, end_zone)), false) => {
                Ok(Some(Time::At(moment(start, start_zone), moment(end, end_zone))))
            }
            (Some(When::Day(first)), None, true) => days(first, first),
            (Some(When::Day(first)), Some(When::Day(last)), true) => days(first, last),
            (None, Some(_), _) => Err(Failure::usage("--end needs --start")),
            (Some(_), None, false) => {
                Err(Failure::usage("--start needs --end")
                    .next("add --end, or --all-day if --start is a date"))
            }
            (_, _, true) => Err(Failure::usage("with --all-day, --start and --end must be dates")
                .next("write a date without a time: --start 2026-12-24")),
            (_, _, false) => Err(Failure::usage("without --all-day, --start and --end must have a time")
                .next("add a time, or --all-day")),
        }
    }

    /// Returns the names of the given fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("time", self.start.is_some()),
            ("location", self.location.is_some()),
            ("description", self.description.is_some()),
            ("guests", !self.attendees.is_empty()),
            ("recurrence", self.recurrence.is_some()),
            ("conference", self.conference.is_some()),
            ("availability", self.availability.is_some()),
            ("privacy", self.privacy.is_some()),
            ("status", self.status.is_some()),
            ("custom", self.custom.is_some()),
        ];
        given.into_iter().filter_map(|(name, is_given)| is_given.then_some(name))
    }

    /// Returns the time as `events list` shows it.
    pub(super) fn described_time(&self, zone: &TimeZone) -> Result<String, Failure> {
        let mut event = Event::default();
        match self.time(zone)? {
            Some(Time::At(start, end)) => {
                event.start = Some(EventTime::Instant(start.timestamp()));
                event.end = Some(EventTime::Instant(end.timestamp()));
            }
            Some(Time::Days(first, end)) => {
                event.start = Some(EventTime::Date(first));
                event.end = Some(EventTime::Date(end));
            }
            None => {}
        }
        Ok(when::span(&event, zone))
    }

    /// Returns the instant and the time zone of `--start`.
    ///
    /// Returns `None` if `--start` is missing, has an offset, or is a date.
    pub(super) fn zoned_start(&self, zone: &TimeZone) -> Result<Option<(Timestamp, TimeZone)>, Failure> {
        let Some(text) = &self.start else { return Ok(None) };
        Ok(match When::parse("--start", text, zone)? {
            When::At(start, Some(zone)) => Some((start, zone)),
            _ => None,
        })
    }

    pub(super) fn recurrence(&self) -> Result<Option<Recurrence>, Failure> {
        let read = |text: &str| text.trim().parse::<Recurrence>().map_err(Failure::from);
        self.recurrence.as_deref().map(read).transpose()
    }

    pub(super) fn custom(&self) -> Result<Option<Raw>, Failure> {
        let read = |text: &str| {
            text.parse::<Raw>().map_err(|error| Failure::usage("--custom is not valid JSON").cause(error))
        };
        self.custom.as_deref().map(read).transpose()
    }

    pub(super) fn availability(&self) -> Option<Availability> {
        self.availability.as_deref().map(Availability::from)
    }

    pub(super) fn privacy(&self) -> Option<Privacy> {
        self.privacy.as_deref().map(Privacy::from)
    }

    pub(super) fn status(&self) -> Option<EventStatus> {
        self.status.as_deref().map(EventStatus::from)
    }
}

fn moment(at: Timestamp, zone: Option<TimeZone>) -> Moment {
    match zone {
        Some(zone) => at.to_zoned_datetime(zone).into(),
        None => at.into(),
    }
}

fn days(first: Date, last: Date) -> Result<Option<Time>, Failure> {
    if last < first {
        return Err(Failure::usage("--end is before --start"));
    }
    Ok(Some(Time::Days(first, last.tomorrow().map_err(when::out_of_range)?)))
}
