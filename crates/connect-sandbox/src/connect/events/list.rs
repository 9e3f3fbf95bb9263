//! `GET /events`.

use super::page::{Asked, Cursors, PageToken};
use super::render::{Style, render};
use crate::connect::Connect;
use crate::connect::oauth::Scope;
use crate::reply::{Problem, Reply, ok};
use crate::sandbox::Call;
use crate::world::calendar::Fields;
use crate::world::calendar::{Calendar, Instance, Range};
use crate::world::provider::Provider;
use crate::world::time;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DEFAULT_PAGE: usize = 250;
const LARGEST_PAGE: usize = 1000;

impl Connect<'_> {
    pub(crate) fn list_events(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        let size = page_size(call)?;
        let (asked, cursors) = asked(call, &visitor.user.id)?;
        let free_busy = visitor.scope == Scope::FreeBusy;
        let style = Style { free_busy, ..self.style() };

        let connections = self.permitted(&visitor.user, |provider| asked.wants_any_of(provider))?;
        let calendars: Vec<&Calendar> =
            connections.into_values().filter_map(|one| one.calendars.as_ref()).flatten().collect();
        let mut found = Vec::new();
        for calendar in calendars.iter().filter(|calendar| asked.wants(calendar)) {
            found.extend(
                open_instances(calendar, &asked, &cursors, free_busy)
                    .map(|one| (key(calendar, &one), *calendar, one)),
            );
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));

        let rest = found.split_off(found.len().min(size));
        let events: Vec<_> = found.iter().map(|(_, calendar, one)| render(calendar, one, style)).collect();
        let mut body = json!({ "events": events, "pageSize": size });
        if let (false, Some(object)) = (rest.is_empty(), body.as_object_mut()) {
            let shown = found.iter().map(|(_, calendar, one)| (*calendar, one));
            let left = rest.iter().map(|(_, calendar, _)| *calendar);
            let token = PageToken::after(&cursors, shown, left, &calendars, &asked);
            object.insert("nextPageToken".to_owned(), json!(token.encode(&visitor.user.id)));
        }
        Ok(ok(&body))
    }
}

type Key = (Timestamp, Provider, String, String);

/// By start, and then by what never changes.
fn key(calendar: &Calendar, instance: &Instance<'_>) -> Key {
    (instance.fields.start, calendar.provider, calendar.id.clone(), instance.id())
}

/// What earlier pages have not shown.
fn open_instances<'a>(
    calendar: &'a Calendar,
    asked: &Asked,
    cursors: &Cursors,
    free_busy: bool,
) -> impl Iterator<Item = Instance<'a>> {
    let cursor = cursors.get(&(calendar.provider, calendar.id.clone())).cloned();
    let (range, masters) = (asked.range, !asked.single_events);
    calendar
        .events
        .values()
        .flat_map(move |event| event.instances(range, masters))
        .filter(move |one| !free_busy || takes_time(&one.fields))
        .filter(move |one| cursor.as_ref().is_none_or(|cursor| (one.fields.start, one.id()) > *cursor))
}

/// Whether someone is busy with it: `free-busy` shows nothing else.
fn takes_time(fields: &Fields) -> bool {
    fields.availability != Some("free") && fields.status != Some("cancelled")
}

/// The parameters of the call; a later page may leave them to its token, but not change them.
fn asked(call: &Call, user: &str) -> Result<(Asked, Cursors), Problem> {
    let (start, end) = (time_parameter(call, "start")?, time_parameter(call, "end")?);
    let single_events = match call.query("singleEvents") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Problem::invalid_field("singleEvents", "singleEvents must be true or false")),
    };
    let calendars = call.query("calendarIds").map(chosen_calendars).transpose()?;

    let Some(token) = call.query("nextPageToken") else {
        let month = month_of(call.now);
        let range = Range { start: start.unwrap_or(month.start), end: end.unwrap_or(month.end) };
        return Ok((
            Asked { range, calendars: calendars.flatten(), single_events: single_events.unwrap_or(true) },
            Cursors::new(),
        ));
    };
    let wrong = || Problem::bad_request("Invalid nextPageToken");
    let (asked, token) = PageToken::decode(token, user).ok_or_else(wrong)?;
    let same = start.is_none_or(|start| start == asked.range.start)
        && end.is_none_or(|end| end == asked.range.end)
        && calendars.is_none_or(|calendars| calendars == asked.calendars)
        && single_events.is_none_or(|single| single == asked.single_events);
    if same { Ok((asked, token.cursors())) } else { Err(wrong()) }
}

fn page_size(call: &Call) -> Result<usize, Problem> {
    match call.query("pageSize").map(str::parse::<usize>) {
        None => Ok(DEFAULT_PAGE),
        Some(Ok(size)) if size > 0 => Ok(size.min(LARGEST_PAGE)),
        Some(_) => Err(Problem::invalid_field("pageSize", "pageSize must be a number from 1 to 1000")),
    }
}

fn time_parameter(call: &Call, name: &str) -> Result<Option<Timestamp>, Problem> {
    let read =
        |text| time::read(text).ok_or_else(|| Problem::invalid_field(name, "must be an ISO 8601 date"));
    call.query(name).map(read).transpose()
}

/// An object of lists by provider, or one list for all (under no provider). An empty choice is no choice.
fn chosen_calendars(text: &str) -> Result<Option<BTreeMap<String, Vec<String>>>, Problem> {
    let wrong =
        || Problem::invalid_field("calendarIds", "calendarIds must be a JSON object of lists by provider");
    let ids = |value: Value| match value {
        Value::Array(ids) => Ok(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()),
        _ => Err(wrong()),
    };
    let chosen: BTreeMap<String, Vec<String>> = match serde_json::from_str(text).map_err(|_| wrong())? {
        Value::Object(object) => {
            object.into_iter().map(|(name, value)| Ok((name, ids(value)?))).collect::<Result<_, Problem>>()?
        }
        list => BTreeMap::from([(String::new(), ids(list)?)])
            .into_iter()
            .filter(|(_, ids)| !ids.is_empty())
            .collect(),
    };
    Ok((!chosen.is_empty()).then_some(chosen))
}

/// From the first of the month to 23:59:59 on its last day, in UTC.
fn month_of(now: Timestamp) -> Range {
    let first = time::local(now).date().first_of_month();
    let next = first.checked_add(Span::new().months(1)).ok().and_then(time::midnight);
    let second = jiff::SignedDuration::from_secs(1);
    let end = next.and_then(|next| next.checked_sub(second).ok()).unwrap_or(now);
    Range { start: time::midnight(first).unwrap_or(now), end }
}
