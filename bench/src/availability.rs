//! The cost of finding free times of a team, from events that were already read.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use connect_calendars::availability::{Need, Person, Query, Reading};
use connect_calendars::busy::{Interval, WorkingHours};
use connect_core::types::{Event, EventTime};
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::Failure;
use crate::data;

/// The size of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Team {
    pub(crate) people: usize,
    pub(crate) weeks: usize,
    /// The number of events of each person in each week.
    pub(crate) events: usize,
}

/// A team of 20 over a week.
pub(crate) const USUAL: Team = Team { people: 20, weeks: 1, events: 40 };

const GROWTH: [Team; 7] = [
    USUAL,
    Team { people: 40, ..USUAL },
    Team { people: 80, ..USUAL },
    Team { weeks: 2, ..USUAL },
    Team { weeks: 4, ..USUAL },
    Team { events: 80, ..USUAL },
    Team { events: 160, ..USUAL },
];

const RUNS: usize = 21;

/// Prints the time and the instructions of one query, by the size of the team.
pub(crate) fn measure() -> Result<(), Failure> {
    println!("| people | weeks | events a person and week | time | instructions | ratio |");
    println!("|---|---|---|---|---|---|");
    let mut first = None;
    for team in GROWTH {
        let query = prepare(team)?;
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let begun = Instant::now();
            query()?;
            times.push(begun.elapsed());
        }
        // The shortest time depends least on the other load of the machine.
        let time = times.into_iter().min().unwrap_or(Duration::ZERO);
        let count = instructions(team)?;
        let ratio = count as f64 / *first.get_or_insert(count) as f64;
        let Team { people, weeks, events } = team;
        println!(
            "| {people} | {weeks} | {events} | {:.2} ms | {count} | {ratio:.2} |",
            time.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// Runs the query this many times, for callgrind.
pub(crate) fn run(team: [&str; 3], times: &str) -> Result<(), Failure> {
    let [people, weeks, events] = team;
    let team = Team { people: people.parse()?, weeks: weeks.parse()?, events: events.parse()? };
    let query = prepare(team)?;
    (0..times.parse::<usize>()?).try_for_each(|_| query())
}

fn instructions(team: Team) -> Result<u64, Failure> {
    let count = |times: &str| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
        let sizes = [team.people, team.weeks, team.events].map(|size| size.to_string());
        valgrind.arg("team").args(sizes).arg(times).stdout(Stdio::null());
        crate::rows::collected(&valgrind.output()?)
    };
    // The set-up is part of both counts, so their difference does not contain it.
    Ok((count("4")? - count("2")?) / 2)
}

/// Returns a query for half an hour at which half of the team is free, with buffers.
pub(crate) fn prepare(team: Team) -> Result<Box<dyn Fn() -> Result<(), Failure>>, Failure> {
    let start: Timestamp = "2026-12-07T00:00:00Z".parse()?;
    let week = SignedDuration::from_hours(24 * 7);
    let weeks = i32::try_from(team.weeks)?;
    let range = Interval::new(start, start + week * weeks);
    let zone = TimeZone::UTC;
    let hours = WorkingHours::new(zone.clone()).on_weekdays(time(8, 0, 0, 0), time(18, 0, 0, 0))?;
    let mut people = Vec::with_capacity(team.people);
    for person in 0..team.people {
        let mut events = Vec::with_capacity(team.weeks * team.events);
        for number in 0..team.weeks * team.events {
            events.push(event(person, number, team, start)?);
        }
        let reading = Reading::live("calendar", start, events);
        people.push(Person::new(person.to_string(), zone.clone(), hours.clone()).reading(reading));
    }
    let buffer = SignedDuration::from_mins(5);
    let query = Query::new(range, SignedDuration::from_mins(30), start)
        .need(Need::AtLeast(team.people / 2))
        .buffers(buffer, buffer);
    let found = query.run(&people)?;
    if found.slots()?.is_empty() {
        return Err("the team has no free time".into());
    }
    Ok(Box::new(move || {
        black_box(query.run(&people)?);
        Ok(())
    }))
}

/// Returns an event of a person. Every fourth event is an occurrence of a series.
fn event(person: usize, number: usize, team: Team, start: Timestamp) -> Result<Event, Failure> {
    let mut event: Event = serde_json::from_str(&data::event(number, false))?;
    // Spread over the minutes of the week, differently for each person.
    let week = i64::try_from(number / team.events)?;
    let minute = i64::try_from((number % team.events) * 7919 + person * 613)? % (7 * 24 * 60);
    let begin = start + SignedDuration::from_mins(week * 7 * 24 * 60 + minute);
    event.start = Some(EventTime::Instant(begin));
    event.end = Some(EventTime::Instant(begin + SignedDuration::from_mins(30)));
    if number.is_multiple_of(4) {
        event.recurring_event_id = Some("series".to_owned());
    }
    Ok(event)
}
