//! `connect events import`: creates the events of an iCalendar file.
//!
//! Without `--apply`, the command prints the plan and sends no write. The key of each event is its UID, so a
//! repeated command finds the events that an earlier one created.

mod apply;
mod report;
mod state;

use std::path::PathBuf;

use clap::Args;
use connect_calendars::ics::{Import, Plan};
use connect_hyper::types::{CalendarRef, Provider};

use crate::{
    calendars,
    context::{Command, Context, Effect},
    failure::{Exit, Failure},
    input, provider, text,
    via::Via,
};

/// The arguments of `connect events import`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The iCalendar file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The calendar of the new events, by key, id or title.
    #[arg(long, value_name = "CALENDAR")]
    calendar: String,
    /// The provider of the calendar, if several calendars match: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// Create the events. Without this option, the command only prints what it would do.
    #[arg(long)]
    apply: bool,
    /// Only print what the command would do (the default).
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,
    /// Invite the guests in the file, who are then notified. Without this option, the events have no guests.
    #[arg(long)]
    invite: bool,
    /// Split a series at the changes of the clocks, because Mobiscroll Connect sends no time zone.
    #[arg(long)]
    split: bool,
    /// Import the other events if some cannot be imported.
    #[arg(long)]
    skip_refused: bool,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        if self.apply { Effect::Writes } else { Effect::Reads }
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let file = std::fs::read(&self.file).and_then(input::utf8).map_err(|error| {
            let message = format!("cannot read the file {}", self.file.display());
            Failure::new(Exit::Failed, "FILE_ERROR", message).cause(error)
        })?;
        // An invalid file is reported before any request is sent.
        self.plan(context, CalendarRef::new("", ""), &file)?;
        let names = std::slice::from_ref(&self.calendar);
        let found = calendars::find(context, names, self.provider.as_ref()).await?;
        let calendar = found.into_iter().next().ok_or_else(|| Failure::usage("--calendar is missing"))?;
        let plan = self.plan(context, calendar.clone(), &file)?;
        let complete = plan.refused.is_empty() || self.skip_refused;
        if !self.apply || !complete {
            let states = state::states(context, &calendar, &plan).await?;
            report::plan(context, &plan, &states, self)?;
        }
        if !complete {
            let refused = text::counted(plan.refused.len(), "component");
            let message = format!("{refused} of the file cannot be imported");
            let reasons: Vec<_> = plan.refused.iter().map(ToString::to_string).collect();
            let next = match plan.events.as_slice() {
                [] => "nothing was sent".to_owned(),
                _ => format!("nothing was sent; to import the other events, {}", self.missing_options(true)),
            };
            return Err(Failure::usage(message).cause(reasons.join("; ")).next(next));
        }
        if self.apply {
            let done = apply::apply(context, &calendar, &plan).await?;
            report::done(context, &plan, &done)?;
        }
        Ok(())
    }
}

impl Arguments {
    /// Returns how to change the options so that the command creates the events that can be imported.
    fn missing_options(&self, has_refused: bool) -> String {
        let mut missing = Vec::new();
        if has_refused && !self.skip_refused {
            missing.push("--skip-refused");
        }
        if !self.apply {
            missing.push("--apply");
        }
        let word = if self.dry_run { "replace --dry-run by" } else { "add" };
        format!("{word} {}", missing.join(" "))
    }

    fn plan(&self, context: &Context, calendar: CalendarRef, file: &[u8]) -> Result<Plan, Failure> {
        let mut import = Import::new(calendar).floating_zone(context.out.zone.clone());
        if context.settings.via == Via::Connect {
            import = import.through_connect();
        }
        if self.invite {
            import = import.invite();
        }
        if self.split {
            import = import.split();
        }
        import.read(file).map_err(|error| {
            Failure::usage(format!("{} is not a valid iCalendar file", self.file.display())).cause(error)
        })
    }
}
