//! `connect events`: one module per subcommand.

pub(crate) mod agenda;
pub(crate) mod create;
mod days;
mod delete;
mod drift;
mod export;
mod fields;
mod find;
pub(crate) mod guests;
mod import;
mod list;
mod listing;
mod names;
pub(crate) mod print;
mod read;
mod respond;
mod rule;
mod show;
mod time;
mod update;

use clap::{Args, Subcommand};

use crate::{
    context::{Command, Context, Effect},
    failure::Failure,
    output::note,
    via::Via,
};

/// The arguments of `connect events`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: EventsAction,
}

#[derive(Debug, Subcommand)]
enum EventsAction {
    /// List events in a date range.
    #[command(after_help = "Examples:
  connect events list
  connect events list --from today --to +7d --calendar Work
  connect events list --from 2026-12-01 --to 2026-12-31 --json")]
    List(list::Arguments),
    /// Show one event with all fields.
    #[command(after_help = "Examples:
  connect events show 31qryssg
  connect events show 31qryssg --from 2025-01-01 --to 2025-12-31")]
    Show(show::Arguments),
    /// Create an event.
    #[command(after_help = "Examples:
  connect events create --calendar Work --title Review --start \"tomorrow 14:00\" --duration 45m
  connect events create --calendar Work --title Choir --start \"tue 18:00\" --duration 90m \\
      --recurrence \"RRULE:FREQ=WEEKLY;COUNT=10\"
  connect events create --calendar primary --provider google --title Fair \\
      --all-day --start fri --end sun")]
    Create(Box<create::NewEventOptions>),
    /// Change fields of an event; in a series, change only the named occurrence.
    #[command(after_help = "Examples:
  connect events update 31qryssg --start tomorrow
  connect events update 31qryssg --start \"fri 10:00\" --duration 1h
  connect events update 31qryssg --title Review --clear location
  connect events update 31qryssg --all --location \"Room 5\"")]
    Update(Box<update::Arguments>),
    /// Delete an event; in a series, delete only the named occurrence.
    #[command(
        after_help = "Examples:\n  connect events delete 31qryssg\n  connect events delete 31qryssg --following"
    )]
    Delete(delete::Arguments),
    /// Export events to a file: iCalendar, CSV or JSON.
    #[command(
        after_help = "Example: connect events export --from 2026-12-01 --to 2026-12-31 --output december.ics"
    )]
    Export(export::Arguments),
    /// Import an iCalendar file: print the plan or, with --apply, create the events.
    #[command(
        after_help = "Example: connect events import december.ics --calendar primary --provider google"
    )]
    Import(import::Arguments),
    /// Reply to an invitation; in a series, reply to the named occurrence only.
    #[command(after_help = "Examples:
  connect events respond 31qryssg accepted --via google
  connect events respond 31qryssg declined --via microsoft --comment \"On holiday\"
  connect events respond 31qryssg tentative --via google --all --dry-run")]
    Respond(respond::Arguments),
}

/// The text at the end of `connect events --help`.
pub(crate) const AFTER_HELP: &str = "\
Examples:
  connect events list --calendar Work
  connect events create --calendar Work --title Review --start \"tomorrow 14:00\" --duration 45m

Each WHEN is one of:
    today, tomorrow, yesterday    a day
    fri, friday                   the next day of that name; today counts, unless its time is over
    \"next mon\"                    that day of next week, if it is also the next day of that name
    +7d, -2w, +1mo                a day, from today
    now, +90min, -2h              the current minute, or a time from it
    9:00, 2:30pm                  today at that time
    \"tomorrow 9:00\", \"fri 9am\"    a day and a time
    2026-12-24, 2026-12-24T18:00, 2026-12-24T18:00+01:00
    \"tomorrow 9:00[America/New_York]\"
Times are in the time zone of --tz, else of TZ, else of the system.";

/// The services whose events can be read and changed.
pub(crate) const SERVICES: &[Via] = &[Via::Connect, Via::Google, Via::Microsoft];

impl Command for Arguments {
    const SERVICES: &[Via] = SERVICES;

    fn effect(&self) -> Effect {
        match &self.action {
            EventsAction::List(_) | EventsAction::Show(_) => Effect::Reads,
            EventsAction::Create(arguments) => arguments.effect(),
            EventsAction::Update(arguments) => arguments.effect(),
            EventsAction::Delete(arguments) => arguments.effect(),
            EventsAction::Export(arguments) => arguments.effect(),
            EventsAction::Import(arguments) => arguments.effect(),
            EventsAction::Respond(arguments) => arguments.effect(),
        }
    }

    fn is_public(&self) -> bool {
        matches!(&self.action, EventsAction::List(arguments) if arguments.is_public())
    }

    fn api_key(&self) -> Option<&str> {
        match &self.action {
            EventsAction::List(arguments) => arguments.api_key(),
            _ => None,
        }
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        note_unknown_zone(context);
        match &self.action {
            EventsAction::List(arguments) => arguments.run(context).await,
            EventsAction::Show(arguments) => arguments.run(context).await,
            EventsAction::Create(arguments) => arguments.run(context).await,
            EventsAction::Update(arguments) => arguments.run(context).await,
            EventsAction::Delete(arguments) => arguments.run(context).await,
            EventsAction::Export(arguments) => arguments.run(context).await,
            EventsAction::Import(arguments) => arguments.run(context).await,
            EventsAction::Respond(arguments) => arguments.run(context).await,
        }
    }
}

fn note_unknown_zone(context: &Context) {
    if context.out.zone.is_unknown() && !context.out.json {
        note("Your time zone is unknown, so times are in UTC; set TZ to change that.");
    }
}
