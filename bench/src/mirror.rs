//! The cost of keeping a copy of events up to date, by the number of events in the copy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use connect_calendars::sync::{ChangeFeed, EventCopy, Mirror};
use connect_core::types::{Delivery, EventPage, Safety, decode};
use connect_core::{Response, decode_response};
use jiff::Timestamp;

use crate::Failure;
use crate::data::{self, Shape};

const EVENTS_PER_PAGE: usize = 1000;
const DELIVERIES: usize = 50;

/// Prints the time of one delivery, and of a sweep of unchanged events in relation to its decoding.
pub(crate) fn measure() -> Result<(), Failure> {
    println!("| events in the mirror | delivered update | delivered delete | sweep | sweep to decoding |");
    println!("|---|---|---|---|---|");
    for events in [1_000, 10_000, 100_000] {
        one(events)?;
    }
    Ok(())
}

fn one(events: usize) -> Result<(), Failure> {
    let at = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
    let mut mirror = Mirror::new(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let mut copy = EventCopy::new();
    sweep(&mut mirror, &mut copy, events)?;
    // The first sweep fills the mirror. The others find no change.
    let (mut sweeps, mut decodings) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (swept, decoded) = sweep(&mut mirror, &mut copy, events)?;
        sweeps.push(swept);
        decodings.push(decoded);
    }
    let (swept, decoded) = (median(sweeps), median(decodings));
    let update = deliver(&mut mirror, &mut copy, "updated", events)?;
    let delete = deliver(&mut mirror, &mut copy, "deleted", events)?;
    if copy.len() != events - DELIVERIES {
        return Err("the deliveries did not change the copy".into());
    }
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let ratio = swept.as_secs_f64() / decoded.as_secs_f64();
    println!(
        "| {events} | {:.1} us | {:.1} us | {:.1} ms | {ratio:.2} |",
        micros(update),
        micros(delete),
        micros(swept) / 1e3
    );
    Ok(())
}

/// Sweeps unchanged events. Returns the time in the mirror and the copy, and the time for decoding.
fn sweep(mirror: &mut Mirror, copy: &mut EventCopy, events: usize) -> Result<(Duration, Duration), Failure> {
    let pages = events / EVENTS_PER_PAGE;
    let (mut swept, mut decoded) = (Duration::ZERO, Duration::ZERO);
    mirror.begin();
    for number in 0..pages {
        let shape = Shape { events: EVENTS_PER_PAGE, odd_every: None };
        let response = Response::new(data::page(shape, number, pages).into());
        let begun = Instant::now();
        let page: EventPage = decode_response(&response, Safety::Safe)?;
        decoded += begun.elapsed();
        let begun = Instant::now();
        if let Some(changes) = mirror.advance(Ok(page))? {
            copy.apply(black_box(changes));
        }
        swept += begun.elapsed();
    }
    Ok((swept, decoded))
}

/// Returns the median time of one delivery of a change of this type.
fn deliver(
    mirror: &mut Mirror,
    copy: &mut EventCopy,
    change_type: &str,
    events: usize,
) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for number in 0..DELIVERIES {
        let event = data::event(number * (events / DELIVERIES), false)
            .replacen("Weekly planning", "Daily planning", 1)
            .replacen("2026-11-20T08:15:30.000Z", "2026-11-25T08:15:30.000Z", 1)
            .replacen('{', &format!("{{\"changeType\":\"{change_type}\","), 1);
        let delivery: Delivery = decode(
            format!(
                r#"{{"provider":"google","calendarId":"ada@example.com","timestamp":"2026-11-26T08:15:30.000Z","events":[{event}]}}"#
            )
            .as_bytes(),
        )?;
        let begun = Instant::now();
        copy.apply(mirror.delivered(&delivery));
        times.push(begun.elapsed());
    }
    Ok(median(times))
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}
