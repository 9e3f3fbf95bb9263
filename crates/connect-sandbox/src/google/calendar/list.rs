//! `events.list` and `events.instances`: pages, and what has changed since a sync token.

use super::GoogleCalendar;
use super::access::Visitor;
use super::accounts::Place;
use super::query::Query;
use super::refused::Refused;
use super::resource::{self, Style};
use super::view;
use super::write::{bad, style, with_tag};
use super::{calendar_id, event_id};
use crate::call::Call;
use crate::reply::{self, Reply, items};
use crate::sync_token::{Token, page};
use crate::world::accounts::EventLedger;
use crate::world::calendar::{Calendar, Entry, Events, Listing};
use crate::world::time;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A day's seconds.
const DAY: u64 = 24 * 3600;

/// Which page of what.
type State = Token<Query>;

impl GoogleCalendar<'_> {
    pub(super) fn events(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let place = self.place(visitor, &calendar_id(call))?;
        let asked = Query::read(call, self.horizon(call))?;
        let age = self.world.settings.google.updated_min_days;
        let oldest = age.and_then(|days| i64::try_from(days.saturating_mul(24)).ok());
        let oldest = oldest.map(|hours| time::plus_hours(call.now, -hours));
        if asked.updated_min.is_some_and(|min| oldest.is_some_and(|oldest| min < oldest)) {
            return Err(Refused::updated_min_too_long_ago());
        }
        self.list(&place, &asked, call)
    }

    pub(super) fn instances(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let place = self.place(visitor, &calendar_id(call))?;
        let id = event_id(call);
        let series = self.at(&place, call.now, |calendar, ledger| {
            let found = calendar.locate(&id).map(|target| target.event);
            found.or_else(|| ledger.gone(&id).map(|(event, _)| event.id.clone()))
        })?;
        let series = series.ok_or_else(Refused::not_found)?;
        let asked = Query::instances(call, series, self.horizon(call))?;
        self.list(&place, &asked, call)
    }

    fn horizon(&self, call: &Call) -> Timestamp {
        time::plus_seconds(call.now, self.world.settings.google.horizon_days.0.saturating_mul(DAY))
    }

    fn list(&mut self, place: &Place, asked: &Query, call: &Call) -> Result<Reply, Refused> {
        let size = page_size(call, 250, 2500)?;
        let (style, name) = (style(place, call)?, place.name());
        let state: Option<State> = self.state(call, &name, |token: &State, page| {
            let more = page && token.since.is_none();
            if more { token.query.continues(asked) } else { token.query.resumes(asked) }
        })?;
        let empties = self.world.settings.google.empty_pages;
        let generation = self.world.accounts.generation;
        self.at(place, call.now, |calendar, ledger| {
            let fresh = || Token {
                query: asked.clone(),
                position: ledger.position(),
                since: None,
                next: None,
                generation,
                issued: call.now,
            };
            let mut state = state.unwrap_or_else(fresh);
            state.position = state.position.min(ledger.position());
            let listed = (&state.query, state.since, ledger.position());
            let listed = serde_json::to_string(&listed).unwrap_or_default();
            let listing =
                calendar.events.try_listing(listed, |events| entries(events, ledger, &state, call.now))?;
            let (shown, next) = page(&listing, state.next.as_ref(), 0, size, empties, false);
            let mut head = head(calendar, &listing, ledger, place, &style);
            let items = items(shown.into_iter().map(|entry| render(calendar, entry, &style)));
            let last = next.is_none();
            state.next = next;
            if !last {
                head["nextPageToken"] = json!(state.encode(&name));
            } else if state.query.series.is_none() {
                let query = Query { order: None, ..state.query };
                let token = Token { query, since: None, issued: call.now, ..state };
                head["nextSyncToken"] = json!(token.encode(&name));
            }
            Ok(with_tag(reply::with_items(&head, "items", &items), &head))
        })?
    }

    /// Where the call takes up, by its page token or its sync token: `fits` says whether the rest of the call is what the
    /// token (that of a page, or not) was made for.
    pub(super) fn state<Q: Serialize + DeserializeOwned>(
        &self,
        call: &Call,
        place: &str,
        fits: impl Fn(&Token<Q>, bool) -> bool,
    ) -> Result<Option<Token<Q>>, Refused> {
        if let Some(text) = call.query("pageToken") {
            let token = Token::decode(text, place).filter(|token| token.next.is_some() && fits(token, true));
            return token.map(Some).ok_or_else(|| Refused::invalid("pageToken", "Invalid page token value."));
        }
        let Some(text) = call.query("syncToken") else { return Ok(None) };
        let wrong = || Refused::invalid("syncToken", "Invalid sync token value.");
        let token = Token::<Q>::decode(text, place).filter(|token| token.next.is_none()).ok_or_else(wrong)?;
        if token.is_over(self.world.settings.google.sync_ttl, self.world.accounts.generation, call.now) {
            return Err(Refused::full_sync_required());
        }
        if !fits(&token, false) {
            return Err(wrong());
        }
        // The changes begin where the token was made, and go as far as the ledger does now.
        Ok(Some(Token { since: Some(token.position), position: u64::MAX, ..token }))
    }
}

pub(super) fn page_size(call: &Call, usual: usize, most: usize) -> Result<usize, Refused> {
    match call.query("maxResults").map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(size)) if size > 0 => Ok(size.min(most)),
        Some(_) => Err(bad("maxResults")),
    }
}

/// Everything the pages have.
fn entries(
    events: &Events,
    ledger: &EventLedger,
    state: &State,
    now: Timestamp,
) -> Result<Vec<Entry>, Refused> {
    let query = &state.query;
    let entry = |item: view::Item<'_>| item.entry(query);
    let Some(since) = state.since else {
        let present = events.all_shared().flat_map(|event| view::items(event, query));
        let present = present.filter(|item| item.is_listed(query));
        let gone = ledger
            .all_gone()
            .filter(|_| query.show_deleted)
            .flat_map(|(event, at)| view::items(event, query).into_iter().map(|item| item.cancelled(*at)));
        return Ok(present.chain(gone).map(entry).collect());
    };
    let changed = ledger.since(since).ok_or_else(Refused::full_sync_required)?.into_iter();
    let changed = changed.flat_map(|(id, before)| view::changes(before, events.shared(id), query, now));
    Ok(changed.map(entry).collect())
}

fn head(calendar: &Calendar, listing: &Listing, ledger: &EventLedger, place: &Place, style: &Style) -> Value {
    let zone = style.zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or(&calendar.time_zone);
    json!({
        "kind": "calendar#events",
        "etag": format!("\"p{}\"", ledger.position()),
        "summary": calendar.info["title"],
        "description": calendar.info["description"],
        "updated": time::wire(listing.updated.unwrap_or_default()),
        "timeZone": zone,
        "accessRole": place.role.name(),
        "defaultReminders": super::calendars::reminders(calendar),
        "items": null,
    })
}

fn render(calendar: &Calendar, entry: &Entry, style: &Style) -> Value {
    if let Some(instance) = entry.live() {
        return resource::event(calendar, &instance, style);
    }
    let series = entry.occurrence.map(|start| (entry.event.whole(), start));
    resource::cancelled(calendar, entry.id(), series.as_ref().map(|(series, start)| (series, *start)))
}
