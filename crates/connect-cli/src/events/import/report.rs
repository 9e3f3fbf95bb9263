//! Prints the plan of an import, and its result.

use std::collections::{BTreeMap, BTreeSet};

use connect_calendars::ics::{ExceptionChange, Plan, PlannedEvent};
use connect_hyper::types::Event;
use serde_json::{Value, json};

use super::{Arguments, apply::Done, state::State};
use crate::{
    context::Context,
    failure::Failure,
    text::{clean, counted},
    via::Via,
    when,
};

/// Prints the planned events, and the parts of the file that will be missing.
pub(super) fn plan(
    context: &Context,
    plan: &Plan,
    states: &[State],
    arguments: &Arguments,
) -> Result<(), Failure> {
    let planned: Vec<_> = plan.events.iter().zip(states.iter().copied()).collect();
    let value = json!({
        "applied": false,
        "events": planned.iter().map(|(event, state)| event_json(event, *state)).collect::<Vec<_>>(),
        "refused": plan.refused.iter().map(|refused| json!({
            "line": refused.line, "uid": refused.uid, "title": refused.title, "reason": refused.reason,
        })).collect::<Vec<_>>(),
        "floatingZone": plan.floating_zone,
        "invited": arguments.invite.then(|| guests(plan)),
    });
    context.out.print(&value, || text(context, plan, &planned, arguments))
}

fn event_json(event: &PlannedEvent, state: State) -> Value {
    let (changed, cancelled) = exceptions(event);
    json!({
        "uid": event.key,
        "state": state,
        "title": event.title,
        "start": event.start,
        "rule": event.rule,
        "changedOccurrences": changed,
        "cancelledOccurrences": cancelled,
        "guests": event.guests,
        "leftOut": event.left_out,
        "notes": event.notes,
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

fn text(context: &Context, plan: &Plan, planned: &[(&PlannedEvent, State)], arguments: &Arguments) -> String {
    let mut lines = Vec::new();
    for (event, state) in planned {
        lines.push(clean(&line(event, *state, context)));
        lines.extend(event.notes.iter().map(|text| clean(&format!("         note: {text}"))));
    }
    for refused in &plan.refused {
        lines.push(clean(&format!("refused  {refused}")));
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    for name in plan.events.iter().flat_map(|event| &event.left_out) {
        *counts.entry(name).or_default() += 1;
    }
    if !counts.is_empty() {
        let names: Vec<_> =
            counts.iter().map(|(name, count)| format!("{name} (in {})", counted(*count, "event"))).collect();
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
    lines.push(footer(plan, planned, arguments));
    lines.join("\n") + "\n"
}

/// Returns the last line: what to add to the command.
fn footer(plan: &Plan, planned: &[(&PlannedEvent, State)], arguments: &Arguments) -> String {
    let count = |wanted| planned.iter().filter(|(_, state)| *state == wanted).count();
    let (new, incomplete, total) = (count(State::Create), count(State::Change), planned.len());
    let mut verbs = Vec::new();
    if new > 0 {
        verbs.push(format!("create {}", counted(new, "event")));
    }
    if incomplete > 0 {
        verbs.push(format!("complete {incomplete} series"));
    }
    match total {
        0 => "Nothing was sent. The file has no event that can be imported.".to_owned(),
        _ if verbs.is_empty() => {
            let verb = if total == 1 { "is" } else { "are" };
            format!("Nothing to do: {} of the file {verb} already in the calendar.", counted(total, "event"))
        }
        _ => {
            let options = arguments.missing_options(!plan.refused.is_empty());
            format!("Nothing was sent. To {}, {options}.", verbs.join(" and "))
        }
    }
}

fn line(event: &PlannedEvent, state: State, context: &Context) -> String {
    let mut shown = Event::default();
    shown.start = Some(event.start.clone());
    let word = match state {
        State::Create => "create",
        State::Change => "change",
        State::Exists => "exists",
    };
    let mut line = format!("{word}   {}  {}", when::span(&shown, &context.out.zone), event.title);
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
    let value = json!({
        "applied": true,
        "events": done.created + done.existing,
        "created": done.created,
        "existing": done.existing,
        "changedOccurrences": done.changed,
        "cancelledOccurrences": done.cancelled,
        "refused": plan.refused.len(),
    });
    context.out.print(&value, || {
        let mut text = format!("Created {}", counted(done.created, "event"));
        if done.existing > 0 {
            text.push_str(&format!("; {} existed already", done.existing));
        }
        if done.changed + done.cancelled > 0 {
            let deleted = counted(done.cancelled, "occurrence");
            text.push_str(&format!("; changed {} and deleted {deleted}", done.changed));
        }
        if !plan.refused.is_empty() {
            text.push_str(&format!("; skipped {}", counted(plan.refused.len(), "refused component")));
        }
        text + ".\n"
    })
}
