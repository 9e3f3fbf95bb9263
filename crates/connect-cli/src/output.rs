//! What a command prints: one JSON document for programs, text for people.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    failure::{Exit, Failure},
    next_steps::NextSteps,
    settings::Settings,
    table::Table,
    text::escape_json,
    when,
};

/// Where and how a command prints.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    /// How many columns a table may take; any number where this is nothing.
    room: Option<usize>,
    pub(crate) zone: TimeZone,
    pub(crate) next_steps: NextSteps,
}

impl Output {
    /// A terminal has 80 columns unless told otherwise; what is no terminal gets tables whole.
    pub(crate) fn new(settings: &Settings) -> Self {
        let room = match settings.width {
            Some(0) => None,
            Some(columns) => Some(columns),
            None => io::stdout().is_terminal().then_some(80),
        };
        Self { json: settings.json, room, zone: when::zone(), next_steps: NextSteps::of(settings) }
    }

    /// Prints `value` for programs, or `text` for people.
    pub(crate) fn print(
        &self,
        value: &(impl Serialize + ?Sized),
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return write(&text());
        }
        match serde_json::to_string_pretty(value) {
            Ok(json) => write(&format!("{}\n", escape_json(&json))),
            Err(error) => Err(no_json(error)),
        }
    }

    /// Prints one of many things at once: a line of JSON for programs, or `text` for people.
    pub(crate) fn line(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if !self.json {
            return write(&text());
        }
        match serde_json::to_string(value) {
            Ok(json) => write(&format!("{}\n", escape_json(&json))),
            Err(error) => Err(no_json(error)),
        }
    }

    /// How many columns are left beside so many; nothing where there is no limit.
    pub(crate) fn room_beside(&self, columns: usize) -> Option<usize> {
        self.room.map(|room| room.saturating_sub(columns))
    }

    pub(crate) fn table(&self, table: &Table) -> String {
        table.render(self.room)
    }
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, "OUTPUT_ERROR", "the answer has no JSON form").cause(error)
}

/// A reader that went away, such as `head`, has seen enough.
fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failed, "OUTPUT_ERROR", "the output cannot be written").cause(error))
        }
        _ => Ok(()),
    }
}

/// Tells people something beside the answer.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
