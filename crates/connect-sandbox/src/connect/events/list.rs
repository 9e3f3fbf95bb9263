//! `GET /events`: lists events in a date range, in pages.

use super::page::{Cursors, EventQuery, PageToken, cursor_key};
use super::render::{Style, render};
use crate::call::Call;
use crate::connect::Connect;
use crate::connect::oauth::Scope;
use crate::reply::{self, Problem, Reply, items};
use crate::world::calendar::{Calendar, Entry, Event, Fields, Listing, Range};
use crate::world::time;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const DEFAULT_PAGE_SIZE: usize = 250;
const MAX_PAGE_SIZE: usize = 1000;

impl Connect<'_> {
    pub(crate) fn list_events(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        let size = page_size(call)?;
        let (query, cursors) = read_query(call, &principal.user.id)?;
        let free_busy = principal.scope == Scope::FreeBusy;
        let style = Style { free_busy, ..self.style() };

        let calendars = self.permitted(&principal.user, |provider| query.includes_provider(provider))?;
        let lists: Vec<(&Calendar, Arc<Listing>)> = calendars
            .into_values()
            .flatten()
            .filter(|calendar| query.includes(calendar))
            .map(|calendar| {
                let listing = listing(calendar, &query, free_busy);
                (&*calendar, listing)
            })
            .collect();
        let open: Vec<(&Calendar, &[Entry])> = lists
            .iter()
            .map(|(calendar, listing)| (*calendar, listing.after(cursors.get(&cursor_key(calendar)))))
            .collect();
        let mut shown: Vec<(&Calendar, &Entry)> = open
            .iter()
            .flat_map(|(calendar, open)| open.iter().take(size).map(|one| (*calendar, one)))
            .collect();
        shown.sort_by(|a, b| order_key(a).cmp(&order_key(b)));
        shown.truncate(size);

        let live = shown.iter().filter_map(|(calendar, entry)| Some((*calendar, entry.live()?)));
        let events = items(live.map(|(calendar, one)| Value::Object(render(calendar, &one, style))));
        let mut head = json!({ "events": null, "pageSize": size });
        let progress = open.iter().map(|(calendar, open)| {
            let count = shown.iter().filter(|(of, _)| std::ptr::eq(*of, *calendar)).count();
            let last = open.iter().take(count).next_back().map(|entry| &entry.key);
            (*calendar, last, open.len() > count)
        });
        let progress: Vec<_> = progress.collect();
        if progress.iter().any(|(_, _, more)| *more) {
            let token = PageToken::after(&cursors, &progress, &query);
            head["nextPageToken"] = json!(token.encode(&principal.user.id));
        }
        Ok(reply::with_items(&head, "events", &events))
    }
}

/// Returns the sort key of an entry: the start, the provider, the calendar id and the entry's id.
fn order_key<'a>((calendar, entry): &(&'a Calendar, &'a Entry)) -> impl Ord + 'a {
    let (start, id) = &entry.key;
    (start, calendar.provider, &calendar.id, id)
}

/// Returns all entries of a calendar that match the query, not only the entries of one page.
fn listing(calendar: &mut Calendar, query: &EventQuery, free_busy: bool) -> Arc<Listing> {
    let (range, masters) = (query.range, !query.single_events);
    let name = format!("connect {} {} {masters} {free_busy}", range.start, range.end);
    let entries = |event: &Arc<Event>| -> Vec<_> {
        let all = event.instances(range, masters).into_iter();
        let shown = all.filter(|one| !free_busy || is_busy(&one.fields));
        shown.map(|one| Entry::new(Some(one.fields.start), &one, event)).collect()
    };
    calendar.events.listing(name, |events| events.all_shared().flat_map(entries).collect())
}

/// Whether the event makes its attendees busy. With the scope `free-busy`, only busy events are listed.
fn is_busy(fields: &Fields) -> bool {
    fields.availability != Some("free") && fields.status != Some("cancelled")
}

/// Reads the parameters. A request for a later page can omit the parameters of the first page, but cannot
/// change them.
fn read_query(call: &Call, user: &str) -> Result<(EventQuery, Cursors), Problem> {
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
            EventQuery {
                range,
                calendars: calendars.flatten(),
                single_events: single_events.unwrap_or(true),
            },
            Cursors::new(),
        ));
    };
    let wrong = || Problem::bad_request("Invalid nextPageToken");
    let (query, token) = PageToken::decode(token, user).ok_or_else(wrong)?;
    let same = start.is_none_or(|start| start == query.range.start)
        && end.is_none_or(|end| end == query.range.end)
        && calendars.is_none_or(|calendars| calendars == query.calendars)
        && single_events.is_none_or(|single| single == query.single_events);
    if same { Ok((query, token.cursors())) } else { Err(wrong()) }
}

fn page_size(call: &Call) -> Result<usize, Problem> {
    match call.query("pageSize").map(str::parse::<usize>) {
        None => Ok(DEFAULT_PAGE_SIZE),
        Some(Ok(size)) if size > 0 => Ok(size.min(MAX_PAGE_SIZE)),
        Some(_) => Err(Problem::invalid_field("pageSize", "pageSize must be a number from 1 to 1000")),
    }
}

fn time_parameter(call: &Call, name: &str) -> Result<Option<Timestamp>, Problem> {
    let read = |text| {
        time::read(text).ok_or_else(|| Problem::invalid_field(name, "must be an ISO 8601 date or time"))
    };
    call.query(name).map(read).transpose()
}

/// Reads `calendarIds`: a list of calendar ids for each provider, or one list for all providers.
///
/// A list for all providers is stored under the empty name. An empty object or list counts as absent.
fn chosen_calendars(text: &str) -> Result<Option<BTreeMap<String, Vec<String>>>, Problem> {
    let wrong = || {
        let expected = r#"calendarIds must be JSON such as {"google":["id"]} or ["id"]"#;
        Problem::invalid_field("calendarIds", expected)
    };
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

/// Returns the month of `now`, to 23:59:59 on its last day, in UTC.
fn month_of(now: Timestamp) -> Range {
    let first = time::local(now).date().first_of_month();
    let next = first.checked_add(Span::new().months(1)).ok().and_then(time::midnight);
    let second = jiff::SignedDuration::from_secs(1);
    let end = next.and_then(|next| next.checked_sub(second).ok()).unwrap_or(now);
    Range { start: time::midnight(first).unwrap_or(now), end }
}
