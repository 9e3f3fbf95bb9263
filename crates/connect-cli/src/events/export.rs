//! `connect events export`: writes events to a file.

mod csv;
mod file;
mod series;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use connect_calendars::ics;
use connect_hyper::types::{Event, Provider};
use jiff::Timestamp;
use serde_json::json;

use super::{list, read::Query};
use crate::{
    calendars,
    context::{Command, Context, Effect},
    failure::{Exit, Failure},
    output::note,
    provider,
    text::{clean, escape_json},
};

/// The arguments of `connect events export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The format: iCalendar, one line per occurrence, or the output of `list --json` [default: ics].
    #[arg(long, value_name = "FORMAT")]
    format: Option<ExportFormat>,
    /// Export events from this date or time [default: today].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    from: Option<String>,
    /// Export events until this date (inclusive) or time [default: 30 days after --from].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    to: Option<String>,
    /// Export only this calendar, by key, id or title; may be given more than once.
    #[arg(long = "calendar", value_name = "CALENDAR")]
    calendars: Vec<String>,
    /// Export only events of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// Write to this file, which is replaced only when the export is complete [default: stdout].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    Ics,
    Csv,
    Json,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (start, end) = list::range(self.from.as_deref(), self.to.as_deref(), &context.out.zone)?;
        let calendars = calendars::find(context, &self.calendars, self.provider.as_ref()).await?;
        let wanted = |event: &Event| self.provider.is_none() || event.provider == self.provider;
        let query = Query { calendars: &calendars, start, end, masters: false };
        let events = query.read(context, wanted).await?;
        let (text, count, refused) = match self.format.unwrap_or(ExportFormat::Ics) {
            ExportFormat::Ics => {
                let (events, mut refused) = series::with_series(context, &query, events).await?;
                let file = ics::write(&events, Timestamp::now());
                refused.extend(file.refused.iter().map(ToString::to_string));
                (file.text, file.count, refused)
            }
            ExportFormat::Csv => (csv::table(&events, &context.out.zone)?, events.len(), Vec::new()),
            ExportFormat::Json => (json_text(&events)?, events.len(), Vec::new()),
        };
        match &self.output {
            Some(path) => {
                file::replace(path, &text)?;
                let name = path.display().to_string();
                let value = json!({ "file": name, "events": count, "refused": refused });
                context.out.print(&value, || format!("{count} events written to {}.\n", clean(&name)))?;
            }
            None => context.out.file(&text)?,
        }
        refused.iter().for_each(|reason| note(&clean(&format!("Not exported: {reason}"))));
        if refused.is_empty() {
            return Ok(());
        }
        let message = format!("{} events could not be exported", refused.len());
        Err(Failure::new(Exit::Failed, "EXPORT_ERROR", message)
            .cause(refused.join("; "))
            .next("export all occurrences, without the rules of their series: --format csv or --format json"))
    }
}

fn json_text(events: &[Event]) -> Result<String, Failure> {
    let page = json!({ "events": events });
    let text = serde_json::to_string_pretty(&page).map_err(|error| {
        Failure::new(Exit::Failed, "OUTPUT_ERROR", "the events cannot be written as JSON").cause(error)
    })?;
    Ok(format!("{}\n", escape_json(&text)))
}
