//! The fields of an event as options, the same for a new event and for a change.

use clap::Args;
use connect_hyper::types::{Availability, EventStatus, Moment, Notify, Privacy, Raw, Recurrence};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    failure::Failure,
    when::{self, When},
};

/// Whom a change is told.
#[derive(Debug, Args)]
pub(super) struct Notice {
    /// Which guests are told: all, external (those without a calendar of the service) or none [default: all]. Outlook tells
    /// all in any case, and Mobiscroll Connect cannot be told.
    #[arg(long, value_name = "WHO")]
    pub(super) notify: Option<Notify>,
}

/// What an event has beyond its title.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct Fields {
    /// When it begins: 2026-12-24T18:00 in your zone, or with an offset; with --all-day a date.
    #[arg(long, value_name = "WHEN")]
    start: Option<String>,
    /// When it ends; with --all-day its last day [default there: the first].
    #[arg(long, value_name = "WHEN")]
    end: Option<String>,
    /// It is of whole days.
    #[arg(long)]
    all_day: bool,
    /// Where it takes place.
    #[arg(long, value_name = "TEXT")]
    pub(super) location: Option<String>,
    /// What it is about.
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Who is invited; may be given more than once. A change replaces the whole list.
    #[arg(long = "attendee", value_name = "EMAIL")]
    pub(super) attendees: Vec<String>,
    /// How it repeats: a line of RFC 5545 such as RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO.
    #[arg(long, value_name = "RRULE")]
    recurrence: Option<String>,
    /// A link to join, or auto to let the provider make a conference.
    #[arg(long, value_name = "URL|auto")]
    pub(super) conference: Option<String>,
    /// Whether it blocks its time.
    #[arg(long, value_parser = ["busy", "free"])]
    availability: Option<String>,
    /// Who may see its details.
    #[arg(long, value_parser = ["public", "private", "confidential"])]
    privacy: Option<String>,
    /// Whether it takes place.
    #[arg(long, value_parser = ["confirmed", "tentative", "cancelled"])]
    status: Option<String>,
    /// Data of the application's own: a JSON object.
    #[arg(long, value_name = "JSON")]
    custom: Option<String>,
}

/// When an event is to be.
pub(super) enum Time {
    /// Both instants, with the zone whose clocks they are on.
    At(Moment, Moment),
    /// The first day, and the day after the last.
    Days(Date, Date),
}

impl Fields {
    /// The time, where one is given. A day is never taken for a midnight, nor a midnight for a day.
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
                Err(Failure::usage("--start needs --end").next("or --all-day with a date"))
            }
            (_, _, true) => Err(Failure::usage("--all-day takes dates").next("write --start 2026-12-24")),
            (_, _, false) => {
                Err(Failure::usage("a date alone is no time").next("add the time, or --all-day"))
            }
        }
    }

    /// Where the start is on the clocks of a zone: the instant and the zone.
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
            text.parse::<Raw>().map_err(|error| Failure::usage("--custom is no JSON").cause(error))
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
