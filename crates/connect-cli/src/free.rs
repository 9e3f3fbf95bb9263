//! `connect free`: lists free times, and what the list rests on.

use clap::{Args, ValueEnum};
use connect_calendars::{
    availability::{Availability, Coverage, OnGap, Person, Query, ReadingOrigin, Slot, read_async},
    busy::{Interval, WorkingHours},
};
use connect_hyper::types::{CalendarRef, Provider};
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    fmt::friendly::SpanParser,
    tz::TimeZone,
};
use serde_json::{Value, json};

use crate::{
    calendars,
    context::{Command, Context, Effect},
    events::SERVICES,
    failure::{Exit, Failure},
    output::note,
    provider,
    text::clean,
    via::Via,
    when::{self, When},
};

/// The arguments of `connect free`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Consider only this calendar, by key, id or title; may be given more than once [default: all].
    #[arg(long = "calendar", value_name = "CALENDAR")]
    calendars: Vec<String>,
    /// Consider only calendars of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// Search from this date or time [default: now].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    from: Option<String>,
    /// Search until this date (inclusive) or time [default: 7 days after --from].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    to: Option<String>,
    /// Search for times of this length, such as 30m or 1h30m.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration)]
    duration: SignedDuration,
    /// Start a time every this long, counted from midnight.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration)]
    step: SignedDuration,
    /// Search within these hours of the day.
    #[arg(long, value_name = "FROM-TO", default_value = "09:00-17:00", value_parser = hours)]
    hours: (Time, Time),
    /// Include Saturdays and Sundays.
    #[arg(long)]
    weekends: bool,
    /// Require this much free time before and after each time.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    buffer: Option<SignedDuration>,
    /// Leave out times that start sooner than this.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    notice: Option<SignedDuration>,
    /// Treat tentative events as free.
    #[arg(long)]
    tentative_is_free: bool,
    /// Choose the meaning of calendars that cannot be read completely.
    #[arg(long, value_enum, value_name = "MEANING", default_value_t)]
    on_gap: Gaps,
}

/// The meaning of calendars that cannot be read completely.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Gaps {
    /// List no free times.
    #[default]
    Refuse,
    /// Assume that they are busy.
    Busy,
    /// Ignore them, and mark the times.
    Ignore,
}

impl From<Gaps> for OnGap {
    fn from(gaps: Gaps) -> Self {
        match gaps {
            Gaps::Refuse => Self::Refuse,
            Gaps::Busy => Self::Busy,
            Gaps::Ignore => Self::Ignore,
        }
    }
}

/// Parses a positive duration of exact length.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let expected = || "not a duration (expected such as 30m, 1h or 1h30m)".to_owned();
    let span = SpanParser::new().parse_span(text.trim()).map_err(|_| expected())?;
    let duration = SignedDuration::try_from(span).map_err(|_| expected())?;
    if duration > SignedDuration::ZERO { Ok(duration) } else { Err(expected()) }
}

/// Parses `09:00-17:00`. An end at 24:00 or 00:00 is the end of the day.
fn hours(text: &str) -> Result<(Time, Time), String> {
    let expected = || "not hours of a day (expected such as 09:00-17:00)".to_owned();
    let (start, end) = text.split_once('-').ok_or_else(expected)?;
    let time =
        |text: &str| Time::strptime("%H:%M", text.trim().replace("24:00", "00:00")).map_err(|_| expected());
    let (start, end) = (time(start)?, time(end)?);
    if end <= start && end != Time::midnight() { Err(expected()) } else { Ok((start, end)) }
}

impl Command for Arguments {
    const SERVICES: &[Via] = SERVICES;

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let zone = &context.out.zone;
        let now = Timestamp::now();
        let range = self.range(zone, now)?;
        let query = self.query(range, zone, now);
        let calendars: Vec<CalendarRef> =
            calendars::find(context, &self.calendars, self.provider.as_ref()).await?;
        when::note_range(&context.out, [self.from.as_deref(), self.to.as_deref()], (range.start, range.end));
        let read = query.reads();
        let readings = read_async(&*context.backend, &calendars, read, now).await;
        let person =
            Person::new(context.user.id(), zone.clone(), self.working_hours(zone)?).readings(readings);
        let found = query.run(&[person]).map_err(|error| Failure::usage(error.to_string()))?;
        if !context.out.json && !context.out.is_for_people() {
            note(considered(&found).trim_end());
        }
        context.out.print(&document(&found), || text(&found, context))?;
        incomplete(&found).map_or(Ok(()), Err)
    }
}

impl Arguments {
    fn range(&self, zone: &TimeZone, now: Timestamp) -> Result<Interval, Failure> {
        let start = match &self.from {
            Some(text) => When::parse("--from", text, zone)?.start(zone)?,
            None => now,
        };
        let end = match &self.to {
            Some(text) => When::parse("--to", text, zone)?.end(zone)?,
            None => {
                let later = start.to_zoned_datetime(zone.clone()).checked_add(7.days());
                later.map_err(when::out_of_range)?.timestamp()
            }
        };
        if end <= start {
            return Err(Failure::usage("--to must be after --from"));
        }
        Ok(Interval::new(start, end))
    }

    fn query(&self, range: Interval, zone: &TimeZone, now: Timestamp) -> Query {
        let buffer = self.buffer.unwrap_or_default();
        let query = Query::new(range, self.duration, now)
            .step(self.step, zone.clone())
            .buffers(buffer, buffer)
            .minimum_notice(self.notice.unwrap_or_default())
            .on_gap(self.on_gap.into());
        if self.tentative_is_free { query.tentative_is_free() } else { query }
    }

    fn working_hours(&self, zone: &TimeZone) -> Result<WorkingHours, Failure> {
        let (start, end) = self.hours;
        let mut hours = WorkingHours::new(zone.clone()).on_weekdays(start, end);
        for day in [Weekday::Saturday, Weekday::Sunday].into_iter().filter(|_| self.weekends) {
            hours = hours.and_then(|hours| hours.on(day, start, end));
        }
        hours.map_err(|error| Failure::usage(format!("--hours: {error}")))
    }
}

fn document(found: &Availability) -> Value {
    let account = |at: &usize| found.coverage().get(*at).map(|one| one.account.as_str());
    let slot = |slot: &Slot| {
        let gaps: Vec<_> = slot.gaps.iter().filter_map(account).collect();
        json!({ "start": slot.time.start, "end": slot.time.end, "notConsidered": gaps })
    };
    let coverage = |one: &Coverage| {
        let read_at = match one.origin {
            ReadingOrigin::Live(at) | ReadingOrigin::Copy(at) => Some(at),
            _ => None,
        };
        let gaps: Vec<_> =
            one.gaps.iter().map(|gap| json!({ "code": gap.name(), "message": gap.to_string() })).collect();
        json!({ "calendar": one.account, "readAt": read_at, "complete": one.is_complete(), "gaps": gaps })
    };
    json!({
        "slots": found.slots().ok().map(|slots| slots.iter().map(slot).collect::<Vec<_>>()),
        "coverage": found.coverage().iter().map(coverage).collect::<Vec<_>>(),
    })
}

fn text(found: &Availability, context: &Context) -> String {
    let out = &context.out;
    let local = |at: Timestamp| at.to_zoned_datetime(out.zone.clone());
    let slots = found.slots().unwrap_or_default();
    if !out.is_for_people() {
        let line = |slot: &Slot| {
            let mark = if slot.gaps.is_empty() { "" } else { "not completely known" };
            format!(
                "{}\t{}\t{mark}\n",
                when::instant(slot.time.start, &out.zone),
                when::instant(slot.time.end, &out.zone)
            )
        };
        return slots.iter().map(line).collect();
    }
    let mut text = String::new();
    let mut days: Vec<(Date, Vec<String>)> = Vec::new();
    for slot in slots {
        let (start, end) = (local(slot.time.start), local(slot.time.end));
        let mark = if slot.gaps.is_empty() { "" } else { "?" };
        let shown = format!("{}-{}{mark}", start.strftime("%H:%M"), end.strftime("%H:%M"));
        match days.last_mut().filter(|(day, _)| *day == start.date()) {
            Some((_, shown_before)) => shown_before.push(shown),
            None => days.push((start.date(), vec![shown])),
        }
    }
    for (day, slots) in days {
        let heading = day.strftime("%A %-d %B %Y").to_string();
        let slots = out.wrap(&slots.join("  "), 2).replace('\n', "\n  ");
        text.push_str(&format!("{heading}\n  {slots}\n"));
    }
    if slots.is_empty() && found.slots().is_ok() {
        text.push_str("No free times.\n");
    }
    text.push_str(&format!("\n{}", out.wrap(&considered(found), 0)));
    if slots.iter().any(|slot| !slot.gaps.is_empty()) {
        text.push_str("A ? marks a time for which these calendars were not considered.\n");
    }
    text
}

/// Returns the calendars that were considered, and those that were not completely known, in lines.
fn considered(found: &Availability) -> String {
    let complete = found.coverage().iter().filter(|one| one.is_complete());
    let names: Vec<_> = complete.map(|one| clean(&one.account)).collect();
    let mut lines = match names.as_slice() {
        [] => "No calendar was considered.\n".to_owned(),
        names => format!("Considered: {}.\n", names.join(", ")),
    };
    for one in found.gaps() {
        let reasons: Vec<_> = one.gaps.iter().map(|gap| clean(&gap.to_string())).collect();
        lines.push_str(&format!("Not completely known: {}: {}.\n", clean(&one.account), reasons.join("; ")));
    }
    lines
}

/// Returns the failure that tells that some calendars were not completely read.
fn incomplete(found: &Availability) -> Option<Failure> {
    let gaps: Vec<_> = found.gaps().map(|one| one.account.as_str()).collect();
    if gaps.is_empty() {
        return None;
    }
    let message = match found.slots() {
        Ok(_) => "some calendars were not read completely",
        Err(_) => "the free times are unknown, because some calendars were not read completely",
    };
    let reasons = found.gaps().map(|one| {
        let gaps: Vec<_> = one.gaps.iter().map(ToString::to_string).collect();
        format!("{}: {}", one.account, gaps.join(", "))
    });
    let failure =
        Failure::new(Exit::Incomplete, "INCOMPLETE", message).cause(reasons.collect::<Vec<_>>().join("; "));
    Some(match found.on_gap() {
        OnGap::Refuse => failure.next(
            "sign in to the accounts again: connect login; or choose calendars with --calendar, or what a gap means with --on-gap busy or --on-gap ignore",
        ),
        _ => failure.next("sign in to the accounts again: connect login"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_durations_are_parsed_or_refused() {
        assert_eq!(hours("09:00-17:30"), Ok((Time::constant(9, 0, 0, 0), Time::constant(17, 30, 0, 0))));
        assert_eq!(hours("00:00-24:00"), Ok((Time::midnight(), Time::midnight())));
        for text in ["", "9", "17:00-09:00", "09:00-09:00", "9:00-25:00", "a-b"] {
            assert!(hours(text).is_err(), "{text}");
        }
        assert_eq!(duration("1h30m"), Ok(SignedDuration::from_mins(90)));
        for text in ["", "0m", "-5m", "soon", "1 month", "999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
