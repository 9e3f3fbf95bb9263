//! Converts recurrence rules: each input line is a JSON object with one rule. A script can compare
//! the results with other libraries.
//!
//! Reads lines such as `{"rule": "FREQ=..", "start": "2026-01-13T09:00[Europe/Berlin]"}`. For an all-day
//! series, `start` is a date. Prints the rule in the format of each service, or the reason why the
//! conversion to a format refuses the rule:
//!
//! * `graph`: the Microsoft Graph pattern and range; `back`: the rule converted back from `graph`
//! * `text`: the rule as `Recurrence` writes it; `again`: `text` parsed and written again; `google`: the
//!   Google line; `connect`: the Connect object
//! * `stretches`: the local times of the first and the last occurrence in each period with one UTC offset,
//!   up to the day `horizon`

use std::io::{BufRead, Write};

use connect_calendars::{google::InsertEvent, patterned::PatternedRecurrence};
use connect_core::{
    Endpoint,
    types::{Body, NewEvent, Operation, Recurrence, SeriesStart, Stretch},
};
use connect_tests::world::Failure;
use jiff::{SignedDuration, ZonedDateTime, civil::Date};
use serde_json::{Value, json};

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| request[name].as_str().ok_or("a line needs rule and start");
        let result = convert(text("rule")?, &start(text("start")?)?)?;
        writeln!(out, "{result}")?;
    }
    Ok(())
}

fn start(text: &str) -> Result<SeriesStart, Failure> {
    if text.contains('T') {
        return Ok(SeriesStart::At(text.parse::<ZonedDateTime>()?));
    }
    Ok(SeriesStart::Day(text.parse::<Date>()?))
}

fn convert(rule: &str, start: &SeriesStart) -> Result<Value, Failure> {
    let mut result = match PatternedRecurrence::from_rrule(rule, start) {
        Ok(pattern) => json!({ "graph": pattern, "back": pattern.rrule(start)? }),
        Err(refused) => json!({ "graph_refused": refused.to_string() }),
    };
    match rule.parse::<Recurrence>() {
        Err(refused) => result["refused"] = json!(refused.to_string()),
        Ok(recurrence) => {
            let text = recurrence.rrule_from(start)?;
            result["again"] = json!(text.parse::<Recurrence>()?.rrule_from(start)?);
            result["text"] = json!(text);
            if let SeriesStart::At(start) = start {
                let horizon = start.date().checked_add(jiff::Span::new().days(366 * 3))?;
                let ends = |stretch: &Stretch| json!([stretch.first.datetime(), stretch.last.datetime()]);
                let stretches = recurrence.stretches(start, horizon);
                result["stretches"] = stretches.iter().map(ends).collect();
                result["horizon"] = json!(horizon);
            }
            let event = event(start)?.recurrence(recurrence);
            let Body::Json(google) = Endpoint::body(&InsertEvent::new(&event))? else {
                return Err("no body".into());
            };
            result["google"] = serde_json::from_str::<Value>(&google)?["recurrence"][0].take();
            match Operation::body(&event) {
                Ok(Body::Json(body)) => {
                    result["connect"] = serde_json::from_str::<Value>(&body)?["recurrence"].take();
                }
                Ok(_) => return Err("no body".into()),
                Err(refused) => result["connect_refused"] = json!(refused.to_string()),
            }
        }
    }
    Ok(result)
}

fn event(start: &SeriesStart) -> Result<NewEvent, Failure> {
    let calendar = ("google", "primary");
    Ok(match start {
        SeriesStart::Day(day) => NewEvent::all_day(calendar, "", *day, day.tomorrow()?),
        SeriesStart::At(start) => {
            NewEvent::new(calendar, "", start, start.checked_add(SignedDuration::from_mins(30))?)
        }
        _ => return Err("the start is neither a date nor a time".into()),
    })
}
