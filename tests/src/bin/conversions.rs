//! Converts recurrence rules, one JSON line each, for a comparison with what others make of them.
//!
//! Reads `{"rule": "FREQ=..", "start": "2026-01-13T09:00[Europe/Berlin]"}`, where the start of an all-day series is a date, and
//! answers with what each service would be sent, or why it would not:
//!
//! * `graph`: the pattern and range of Microsoft Graph; `back`: the rule that its pattern is read as
//! * `text`: the rule as our own type writes it, and `again`: that one once more; `google`: Google's line; `connect`: Connect's
//!   object
//! * `stretches`: the first and the last local time of each stretch with one UTC offset, up to the day `horizon`

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
        let asked: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| asked[name].as_str().ok_or("a line without its rule or its start");
        let answer = convert(text("rule")?, &start(text("start")?)?)?;
        writeln!(out, "{answer}")?;
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
    let mut answer = match PatternedRecurrence::from_rrule(rule, start) {
        Ok(pattern) => json!({ "graph": pattern, "back": pattern.rrule(start)? }),
        Err(refused) => json!({ "graph_refused": refused.to_string() }),
    };
    match rule.parse::<Recurrence>() {
        Err(refused) => answer["refused"] = json!(refused.to_string()),
        Ok(recurrence) => {
            let text = recurrence.rrule_from(start)?;
            answer["again"] = json!(text.parse::<Recurrence>()?.rrule_from(start)?);
            answer["text"] = json!(text);
            if let SeriesStart::At(start) = start {
                let horizon = start.date().checked_add(jiff::Span::new().days(366 * 3))?;
                let ends = |stretch: &Stretch| json!([stretch.first.datetime(), stretch.last.datetime()]);
                let stretches = recurrence.stretches(start, horizon);
                answer["stretches"] = stretches.iter().map(ends).collect();
                answer["horizon"] = json!(horizon);
            }
            let event = event(start)?.recurrence(recurrence);
            let Body::Json(google) = Endpoint::body(&InsertEvent::new(&event))? else {
                return Err("no body".into());
            };
            answer["google"] = serde_json::from_str::<Value>(&google)?["recurrence"][0].take();
            match Operation::body(&event) {
                Ok(Body::Json(body)) => {
                    answer["connect"] = serde_json::from_str::<Value>(&body)?["recurrence"].take();
                }
                Ok(_) => return Err("no body".into()),
                Err(refused) => answer["connect_refused"] = json!(refused.to_string()),
            }
        }
    }
    Ok(answer)
}

fn event(start: &SeriesStart) -> Result<NewEvent, Failure> {
    let calendar = ("google", "primary");
    Ok(match start {
        SeriesStart::Day(day) => NewEvent::all_day(calendar, "", *day, day.tomorrow()?),
        SeriesStart::At(start) => {
            NewEvent::new(calendar, "", start, start.checked_add(SignedDuration::from_mins(30))?)
        }
        _ => return Err("no such start".into()),
    })
}
