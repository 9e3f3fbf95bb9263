//! Demo series, with occurrences that were moved, cancelled or deleted.

use super::single::{add_details, link};
use super::words::SERIES;
use crate::world::calendar::{Calendar, End, Event, Exception, Fields, Frequency, Patch, Recurrence, Series};
use crate::world::random::{Random, hash};
use crate::world::time;
use jiff::Timestamp;
use jiff::civil::Weekday;
use serde_json::json;

/// Creates the nth series of a calendar. Series 0 has no end. Other series have a count or an end date.
pub(super) fn event(calendar: &Calendar, day: Timestamp, n: usize, random: &mut Random) -> Event {
    let first = time::plus_hours(day, (random.int(14) - 50) * 24 + 8 + random.int(8));
    let mut fields = Fields::new(random.pick(SERIES, "Weekly sync"), first, time::plus_hours(first, 1));
    add_details(&mut fields, calendar, random);
    fields.all_day = n == 0 && calendar.time_zone == "UTC";
    fields.round_to_days();
    let id = crate::world::calendar::event_id(calendar.provider, random);
    fields.link = link(calendar.provider, &id);

    let mut series = Series::new(rule(calendar, n, first));
    let coming = series.rule.starts(fields.start, fields.start, time::plus_hours(day, 24 * 60));
    let starts: Vec<_> = coming.collect();
    let changes = [
        moved(&fields, starts.get(3)),
        cancelled(starts.get(5)),
        starts.get(7).map(|at| (*at, Exception::Removed)),
    ];
    series.exceptions.extend(changes.into_iter().flatten());
    let made = time::plus_hours(day, -24 * 50);
    Event { id, fields, series: Some(series), created: made, last_modified: made }
}

fn rule(calendar: &Calendar, n: usize, first: Timestamp) -> Recurrence {
    let kind = (hash(0, &calendar.info["title"].to_string()) as usize).wrapping_add(n) % 4;
    let mut rule = Recurrence::new(match kind {
        0 | 1 => Frequency::Weekly,
        2 => Frequency::Daily,
        _ => Frequency::Monthly,
    });
    match kind {
        0 => rule.by_day = vec![Weekday::Tuesday, Weekday::Thursday],
        1 => rule.interval = 2,
        2 => rule.by_day = vec![Weekday::Monday, Weekday::Wednesday, Weekday::Friday],
        _ => rule.by_month_day = vec![-1],
    }
    rule.end = match n {
        0 => End::Never,
        1 => End::Count(25),
        _ => End::Until(time::plus_hours(first, 24 * 120)),
    };
    rule
}

/// Moves an occurrence by two hours (an all-day occurrence by a day), and adds `(moved)` to the title.
fn moved(fields: &Fields, start: Option<&Timestamp>) -> Option<(Timestamp, Exception)> {
    let start = *start?;
    let whole = fields.moved_to(start);
    let hours = if fields.all_day { 24 } else { 2 };
    let mut patch = Patch::default();
    patch.set("start", json!(time::wire(time::plus_hours(whole.start, hours))));
    patch.set("end", json!(time::wire(time::plus_hours(whole.end, hours))));
    patch.set("title", json!(format!("{} (moved)", fields.title)));
    Some((start, Exception::Changed(patch, fields.start)))
}

fn cancelled(start: Option<&Timestamp>) -> Option<(Timestamp, Exception)> {
    let start = *start?;
    let mut patch = Patch::default();
    patch.set("status", json!("cancelled"));
    Some((start, Exception::Changed(patch, start)))
}
