//! The output of the demo: text, or one JSON object.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    DemoError,
    service::{Requests, Stats},
};
use crate::text::escape_json;

pub(crate) struct DemoReport {
    json: bool,
    steps: Vec<Value>,
    seen: Requests,
    stats: Option<Stats>,
}

impl DemoReport {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, steps: Vec::new(), seen: Requests::new(), stats: None }
    }

    /// Prints a step with the requests that the sandbox counted since the previous step.
    pub(crate) fn step(&mut self, name: &str, detail: String, stats: &Stats) -> Result<(), DemoError> {
        let requests = since(&self.seen, &stats.requests);
        self.seen = stats.requests.clone();
        if !self.json {
            let mut out = io::stdout().lock();
            if self.steps.is_empty() {
                writeln!(
                    out,
                    "A user from sign-in to sign-out, with the requests that the sandbox counted.\n"
                )?;
            }
            writeln!(out, "{name:<12}{detail}")?;
            for (endpoint, by_status) in &requests {
                let responses: Vec<_> =
                    by_status.iter().map(|(status, count)| format!("{count} x {status}")).collect();
                writeln!(out, "{:<12}  {endpoint:<31}{}", "", responses.join(", "))?;
            }
        }
        self.steps.push(json!({ "step": name, "detail": detail, "requests": requests }));
        Ok(())
    }

    /// Sets the sandbox's final counters, which `finish` prints.
    pub(crate) fn stats(&mut self, stats: Stats) {
        self.stats = Some(stats);
    }

    /// Prints the JSON object, or the summary line.
    pub(crate) fn finish(&self) -> Result<(), DemoError> {
        let stats = self.stats.as_ref().ok_or("the sandbox returned no counters")?;
        let mut out = io::stdout().lock();
        if self.json {
            let json = json!({ "steps": self.steps, "stats": stats.raw });
            writeln!(out, "{}", escape_json(&json.to_string()))?;
        } else {
            let total: u64 = stats.requests.values().flat_map(|by_status| by_status.values()).sum();
            writeln!(
                out,
                "\nAll {} steps succeeded, with {total} requests and {} refresh.",
                self.steps.len(),
                stats.refreshes()
            )?;
        }
        Ok(())
    }
}

fn since(before: &Requests, now: &Requests) -> Requests {
    let mut new = Requests::new();
    for (endpoint, by_status) in now {
        for (status, count) in by_status {
            let old =
                before.get(endpoint).and_then(|by_status| by_status.get(status)).copied().unwrap_or_default();
            if *count > old {
                new.entry(endpoint.clone()).or_default().insert(status.clone(), count - old);
            }
        }
    }
    new
}
