//! Prints the output of a command, as text or as JSON.

use std::{
    io::{self, IsTerminal as _, Write as _},
    ops::ControlFlow,
};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use clap::ValueEnum;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    failure::{Exit, Failure},
    next_steps::NextSteps,
    progress::{self, Progress},
    settings::Settings,
    table::Table,
    text::{clean_lines, escape_json, isolate, wrap},
    when,
};

/// The form of JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JsonForm {
    /// One JSON document.
    Document,
    /// One line for each item of a list.
    Lines,
}

/// The output settings of a command.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    form: JsonForm,
    pub(crate) layout: Layout,
    pub(crate) progress: Progress,
    pub(crate) zone: TimeZone,
    pub(crate) next_steps: NextSteps,
}

/// How text is laid out.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// For people.
    Screen(Screen),
    /// For other programs: a table is lines of tab-separated cells, without a header.
    Lines,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Screen {
    /// The width in columns; `None` for no limit.
    pub(crate) width: Option<usize>,
    pub(crate) colors: bool,
    /// Whether right-to-left text is isolated. Pagers and files show the isolates as characters.
    pub(crate) isolates: bool,
}

impl Screen {
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.colors && style != Style::new() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(crate) fn isolate(&self, text: &str) -> String {
        if self.isolates { isolate(text) } else { text.to_owned() }
    }
}

impl Layout {
    /// Returns the layout for people if stdout is a terminal or `--width` is set.
    fn new(settings: &Settings) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = match settings.width {
            Some(columns) => Some(columns).filter(|columns| *columns > 0),
            None if is_terminal => Some(terminal_width()),
            None => return Self::Lines,
        };
        let colors = match settings.color {
            clap::ColorChoice::Always => true,
            clap::ColorChoice::Never => false,
            clap::ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        };
        Self::Screen(Screen { width, colors, isolates: is_terminal })
    }
}

const DEFAULT_WIDTH: usize = 80;

/// Returns the width of the terminal; `COLUMNS` overrides the width that the terminal reports.
fn terminal_width() -> usize {
    let variable = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    variable.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(DEFAULT_WIDTH)
}

impl Output {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            json: settings.json.is_some(),
            form: settings.json.unwrap_or(JsonForm::Document),
            layout: Layout::new(settings),
            progress: Progress::new(settings.json.is_some()),
            zone: settings.tz.clone().unwrap_or_else(when::zone),
            next_steps: NextSteps::of(settings),
        }
    }

    /// Prints `text`; with `--json`, prints `value` as one document instead.
    pub(crate) fn print(
        &self,
        value: &(impl Serialize + ?Sized),
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match (self.json, self.form) {
            (false, _) => text(),
            (true, JsonForm::Document) => document(value)?,
            (true, JsonForm::Lines) => line(value)?,
        };
        self.write(&text).map(drop)
    }

    /// Prints `text`; with `--json`, prints `values` as an array or as lines instead.
    pub(crate) fn print_list(
        &self,
        values: &[impl Serialize],
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match (self.json, self.form) {
            (true, JsonForm::Lines) => {
                let lines = values.iter().map(line).collect::<Result<String, _>>()?;
                self.write(&lines).map(drop)
            }
            _ => self.print(values, text),
        }
    }

    /// Prints `text` and flushes; with `--json`, prints `value` on one line instead.
    pub(crate) fn line(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        self.write(&if self.json { line(value)? } else { text() }).map(drop)
    }

    /// Returns the printer of the JSON object `{"field": [..]}`, whose items are printed while they arrive.
    pub(crate) fn json_list(&self, field: &'static str) -> JsonList {
        JsonList { form: self.form, field, is_empty: true }
    }

    /// Returns the maximum width minus `columns`, or `None` for no limit.
    pub(crate) fn remaining_width(&self, columns: usize) -> Option<usize> {
        match &self.layout {
            Layout::Screen(screen) => screen.width.map(|width| width.saturating_sub(columns)),
            Layout::Lines => None,
        }
    }

    /// Breaks the lines of `text` that are wider than the screen without its first `indent` columns.
    pub(crate) fn wrap(&self, text: &str, indent: usize) -> String {
        match self.remaining_width(indent) {
            Some(columns) => wrap(text, columns),
            None => text.to_owned(),
        }
    }

    pub(crate) fn isolate(&self, text: &str) -> String {
        match &self.layout {
            Layout::Screen(screen) => screen.isolate(text),
            Layout::Lines => text.to_owned(),
        }
    }

    pub(crate) fn table(&self, table: &Table) -> String {
        table.render(&self.layout)
    }

    /// Returns `text` as the output; for other programs, the output is empty and `text` is a note.
    pub(crate) fn remark(&self, text: &str) -> String {
        match self.layout {
            Layout::Screen(_) => format!("{text}\n"),
            Layout::Lines => {
                note(text);
                String::new()
            }
        }
    }

    /// Returns whether the text output is for people, not for other programs.
    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.layout, Layout::Screen(_))
    }

    /// Writes a file to stdout. On a terminal, characters that could control the terminal are replaced.
    pub(crate) fn file(&self, text: &str) -> Result<(), Failure> {
        let is_terminal = io::stdout().is_terminal();
        self.write(&if is_terminal { clean_lines(text) + "\n" } else { text.to_owned() }).map(drop)
    }

    /// Writes to stdout and flushes. Returns `Break` if the pipe was closed, as by `head`.
    pub(crate) fn write(&self, text: &str) -> Result<ControlFlow<()>, Failure> {
        if text.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        progress::clear();
        let written = match &self.layout {
            // Translates the colours for the consoles of old versions of Windows.
            Layout::Screen(Screen { colors: true, .. }) => {
                AutoStream::always(io::stdout()).lock().write_all(text.as_bytes())
            }
            _ => io::stdout().lock().write_all(text.as_bytes()),
        };
        match written.and_then(|()| io::stdout().flush()) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            Err(error) => {
                Err(Failure::new(Exit::Failed, "OUTPUT_ERROR", "cannot write to stdout").cause(error))
            }
        }
    }
}

/// Formats the JSON of a list part by part, so that the list is never in memory as a whole.
pub(crate) struct JsonList {
    form: JsonForm,
    field: &'static str,
    is_empty: bool,
}

impl JsonList {
    /// Returns the JSON text of these items, which follow the items of earlier calls.
    pub(crate) fn items(&mut self, items: &[impl Serialize]) -> Result<String, Failure> {
        let mut text = String::new();
        for item in items {
            if self.form == JsonForm::Lines {
                text.push_str(&line(item)?);
                continue;
            }
            text.push_str(&if self.is_empty { self.start() } else { ",".to_owned() });
            // A line break is never inside a JSON string.
            text.push_str(&format!("\n{}", document(item)?.trim_end()).replace('\n', "\n    "));
            self.is_empty = false;
        }
        Ok(text)
    }

    /// Returns the JSON text after the last item.
    pub(crate) fn end(&self) -> String {
        match self.form {
            JsonForm::Lines => String::new(),
            JsonForm::Document if self.is_empty => format!("{}]\n}}\n", self.start()),
            JsonForm::Document => "\n  ]\n}\n".to_owned(),
        }
    }

    fn start(&self) -> String {
        format!("{{\n  \"{}\": [", self.field)
    }
}

fn document(value: &(impl Serialize + ?Sized)) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(no_json)?;
    Ok(format!("{}\n", escape_json(&json)))
}

fn line(value: &(impl Serialize + ?Sized)) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(no_json)?;
    // The service may have sent line breaks between the tokens of an object that is printed unchanged.
    Ok(format!("{}\n", escape_json(&json).replace('\n', " ")))
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, "OUTPUT_ERROR", "the result cannot be written as JSON").cause(error)
}

/// Prints a note on stderr.
pub(crate) fn note(text: &str) {
    progress::clear();
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn list(form: JsonForm, parts: &[Vec<Value>]) -> String {
        let mut list = JsonList { form, field: "events", is_empty: true };
        let text: String = parts.iter().map(|items| list.items(items).unwrap()).collect();
        text + &list.end()
    }

    #[test]
    fn list_printed_in_parts_is_the_same_document() {
        let items = [json!({"id": "a", "title": "x\ny"}), json!({"id": "b", "guests": [1]}), json!({})];
        for cut in 0..=items.len() {
            let (first, second) = items.split_at(cut);
            let whole = serde_json::to_string_pretty(&json!({ "events": items })).unwrap();
            let parts = [first.to_vec(), vec![], second.to_vec()];
            assert_eq!(list(JsonForm::Document, &parts), format!("{whole}\n"));
            let lines = list(JsonForm::Lines, &parts);
            let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(lines, items);
        }
        assert_eq!(list(JsonForm::Document, &[]), "{\n  \"events\": []\n}\n");
        assert_eq!(list(JsonForm::Lines, &[]), "");
    }

    #[test]
    fn json_line_has_no_line_breaks() {
        let raw = serde_json::value::RawValue::from_string("{\r\n\t\"a\": 1\n}".to_owned()).unwrap();
        let json = line(&raw).unwrap();
        assert_eq!(json.lines().count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), json!({"a": 1}));
    }
}
