//! Prints the plan of an import, and its result.

use std::collections::{BTreeMap, BTreeSet};

use connect_calendars::ics::{ExceptionChange, Plan, PlannedEvent};
use connect_hyper::types::Event;
use serde_json::{Value, json};

use super::{Arguments, apply::Done};
use crate::{context::Context, failure::Failure, text::clean, via::Via, when};

/// Prints the planned events, and the parts of the file that will be missing.
pub(super) fn plan(context: &Context, plan: &Plan, arguments: &Arguments) -> Result<(), Failure> {
    let value = json!({
        "applied": false,
        "events": plan.events.iter().map(event_json).collect::<Vec<_>>(),
        "refused": plan.refused.iter().map(|refused| json!({
            "line": refused.line, "uid": refused.uid, "title": refused.title, "reason": refused.reason,
        })).collect::<Vec<_>>(),
        "floatingZone": plan.floating_zone,
        "invited": arguments.invite.then(|| guests(plan)),
    });
    context.out.print(&value, || text(context, plan, arguments))
}

fn event_json(event: &PlannedEvent) -> Value {
    let (changed, cancelled) = exceptions(event);
    json!({
        "uid": event.key,
        "title": event.title,
        "start": event.start,
        "rule": event.rule,
        "changedOccurrences": changed,
        "cancelledOccurrences": cancelled,
        "guests": event.guests,
        "leftOut": event.left_out,
        "ends": event.ends,
    })
}

fn exceptions(event: &PlannedEvent) -> (usize, usize) {
    let all = event.exceptions.len();
    let changed =
        event.exceptions.iter().filter(|one| matches!(one.change, ExceptionChange::Changed(_))).count();
    (changed, all - changed)
}

fn guests(plan: &Plan) -> BTreeSet<&str> {
    plan.events.iter().flat_map(|event| &event.guests).map(String::as_str).collect()
}

fn text(context: &Context, plan: &Plan, arguments: &Arguments) -> String {
    let mut lines = Vec::new();
    for event in &plan.events {
        lines.push(clean(&line(event, context)));
    }
    for refused in &plan.refused {
        lines.push(clean(&format!("refused  {refused}")));
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    for name in plan.events.iter().flat_map(|event| &event.left_out) {
        *counts.entry(name).or_default() += 1;
    }
    if !counts.is_empty() {
        let names: Vec<_> = counts.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        lines.push(clean(&format!("Left out: {}.", names.join(", "))));
    }
    if let Some(zone) = &plan.floating_zone {
        lines.push(clean(&format!("Times without a time zone are read in {zone}.")));
    }
    let guests: Vec<_> = guests(plan).into_iter().map(clean).collect();
    if !guests.is_empty() {
        let guests = guests.join(", ");
        lines.push(match (arguments.invite, context.settings.via) {
            (false, _) => format!("These guests are left out (to invite them, add --invite): {guests}."),
            (true, Via::Connect) => {
                format!("These guests are invited; Mobiscroll Connect does not document whether it notifies them: {guests}.")
            }
            (true, _) => format!("These guests are invited and notified: {guests}."),
        });
    }
    let count = plan.events.len();
    lines.push(format!("Nothing was sent. To create {count} events, add --apply."));
    lines.join("\n") + "\n"
}

fn line(event: &PlannedEvent, context: &Context) -> String {
    let mut shown = Event::default();
    shown.start = Some(event.start.clone());
    let mut line = format!("create   {}  {}", when::span(&shown, &context.out.zone), event.title);
    let mut more = Vec::new();
    more.extend(event.rule.as_ref().map(|rule| rule.trim_start_matches("RRULE:").to_owned()));
    match exceptions(event) {
        (0, 0) => {}
        (changed, cancelled) => more.push(format!("{changed} changed, {cancelled} cancelled")),
    }
    more.extend(event.ends.map(|day| format!("the import ends the series on {day}")));
    if !more.is_empty() {
        line.push_str(&format!(" ({})", more.join("; ")));
    }
    line
}

/// Prints the changes that the import made.
pub(super) fn done(context: &Context, plan: &Plan, done: &Done) -> Result<(), Failure> {
    // Outlook does not report whether an event with the same key existed.
    let counted = context.settings.via != Via::Microsoft;
    let value = json!({
        "applied": true,
        "events": done.created + done.existing,
        "created": counted.then_some(done.created),
        "existing": counted.then_some(done.existing),
        "changedOccurrences": done.changed,
        "cancelledOccurrences": done.cancelled,
        "refused": plan.refused.len(),
    });
    context.out.print(&value, || {
        let mut text = match counted {
            true => format!("Created {} events", done.created),
            false => format!("{} events are in the calendar", done.created),
        };
        if counted && done.existing > 0 {
            text.push_str(&format!("; {} existed already", done.existing));
        }
        if done.changed + done.cancelled > 0 {
            text.push_str(&format!("; changed {} and deleted {} occurrences", done.changed, done.cancelled));
        }
        if !plan.refused.is_empty() {
            text.push_str(&format!("; skipped {} refused components", plan.refused.len()));
        }
        text + ".\n"
    })
}
