//! Prints the output of a command, as text or as JSON.

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

/// The output settings of a command.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    /// The width of tables in columns; `None` for no limit.
    width: Option<usize>,
    pub(crate) zone: TimeZone,
    pub(crate) next_steps: NextSteps,
}

impl Output {
    /// Without `--width`, tables have at most 80 columns on a terminal, and no limit elsewhere.
    pub(crate) fn new(settings: &Settings) -> Self {
        let width = match settings.width {
            Some(0) => None,
            Some(columns) => Some(columns),
            None => io::stdout().is_terminal().then_some(80),
        };
        let zone = settings.tz.clone().unwrap_or_else(when::zone);
        Self { json: settings.json, width, zone, next_steps: NextSteps::of(settings) }
    }

    /// Prints `text`; with `--json`, prints `value` as one document instead.
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

    /// Prints `text` and flushes; with `--json`, prints `value` on one line instead.
    pub(crate) fn line(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if !self.json {
            return write(&text());
        }
        match serde_json::to_string(value) {
            Ok(json) => write(&format!("{}\n", escape_json(&json))),
            Err(error) => Err(no_json(error)),
        }
    }

    /// Returns the maximum width minus `columns`, or `None` for no limit.
    pub(crate) fn remaining_width(&self, columns: usize) -> Option<usize> {
        self.width.map(|width| width.saturating_sub(columns))
    }

    pub(crate) fn table(&self, table: &Table) -> String {
        table.render(self.width)
    }
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, "OUTPUT_ERROR", "the result cannot be written as JSON").cause(error)
}

/// Writes to stdout; a closed pipe, as with `head`, is not an error.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failed, "OUTPUT_ERROR", "cannot write to stdout").cause(error))
        }
        _ => Ok(()),
    }
}

/// Prints a note on stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
