//! What the demo prints: a table for people, one JSON object for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{
    Failure,
    service::{Requests, Stats},
};
use crate::text::escape_json;

pub(crate) struct Report {
    json: bool,
    steps: Vec<Value>,
    seen: Requests,
    stats: Option<Stats>,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, steps: Vec::new(), seen: Requests::new(), stats: None }
    }

    /// Reports a step with what the sandbox has counted since the last one.
    pub(crate) fn step(&mut self, name: &str, detail: String, stats: &Stats) -> Result<(), Failure> {
        let requests = since(&self.seen, &stats.requests);
        self.seen = stats.requests.clone();
        if !self.json {
            let mut out = io::stdout().lock();
            if self.steps.is_empty() {
                writeln!(
                    out,
                    "A user's life on the sandbox; what went over the wire is counted by the sandbox.\n"
                )?;
            }
            writeln!(out, "{name:<12}{detail}")?;
            for (endpoint, by_status) in &requests {
                let answers: Vec<_> =
                    by_status.iter().map(|(status, count)| format!("{count} x {status}")).collect();
                writeln!(out, "{:<12}  {endpoint:<31}{}", "", answers.join(", "))?;
            }
        }
        self.steps.push(json!({ "step": name, "detail": detail, "requests": requests }));
        Ok(())
    }

    /// The sandbox's own figures at the end.
    pub(crate) fn stats(&mut self, stats: Stats) {
        self.stats = Some(stats);
    }

    /// Prints what is left to print.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        let stats = self.stats.as_ref().ok_or("the sandbox gave no figures")?;
        let mut out = io::stdout().lock();
        if self.json {
            let json = json!({ "steps": self.steps, "stats": stats.raw });
            writeln!(out, "{}", escape_json(&json.to_string()))?;
        } else {
            let total: u64 = stats.requests.values().flat_map(|by_status| by_status.values()).sum();
            writeln!(
                out,
                "\n{} steps, {total} requests, {} refresh: all went well.",
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
