//! The options for event fields, shared by `create` and `update`.

use clap::Args;
use connect_hyper::types::{Availability, EventStatus, Notify, Privacy, Raw, Recurrence};
use jiff::{Timestamp, tz::TimeZone};

use super::time::{self, TimeOptions};
use crate::{failure::Failure, when::Said};

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
    /// The start, such as "tomorrow 9:00", fri, +7d or 2026-12-24T18:00; with --all-day a day. In an update,
    /// a day keeps the event's time of day, and a time keeps its day; without --end, the duration is kept.
    /// Exception: if an occurrence is updated with --all, nothing is kept. The start of the series is then
    /// set, so give a day and a time, and --end or --duration.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    start: Option<String>,
    /// The end; a time without a day is on the day of the start. With --all-day the last day [default with
    /// --all-day: the first day].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    end: Option<String>,
    /// The time from start to end, such as 30m, 1h30m or 2d, instead of --end.
    #[arg(long, value_name = "TIME", conflicts_with = "end", allow_hyphen_values = true)]
    duration: Option<String>,
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

impl FieldOptions {
    /// Returns the time options, or `None` if none is given.
    pub(super) fn time(&self, zone: &TimeZone) -> Result<Option<TimeOptions<'_>>, Failure> {
        let now = Timestamp::now();
        let duration = self.duration.as_deref().map(time::duration).transpose()?;
        let start = self.start.as_deref().map(|text| Said::parse("--start", text, now, zone)).transpose()?;
        let end = self.end.as_deref().map(|text| Said::parse("--end", text, now, zone)).transpose()?;
        if start.is_none() && end.is_none() && duration.is_none() && !self.all_day {
            return Ok(None);
        }
        Ok(Some(TimeOptions { start, end, duration, all_day: self.all_day, zone: zone.clone() }))
    }

    /// Returns the names of the given fields, except that of the time.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let given = [
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

    /// Returns the recurrence as part of a sentence: `, repeated by FREQ=DAILY`; empty without one.
    pub(super) fn repeats(&self) -> String {
        self.recurrence.as_deref().map_or_else(String::new, |rule| format!(", repeated by {}", rule.trim()))
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
