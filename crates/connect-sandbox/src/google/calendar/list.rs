//! The endpoints `events.list` and `events.instances`, with page tokens and sync tokens.

use super::GoogleCalendar;
use super::access::Principal;
use super::accounts::CalendarAccess;
use super::error::ApiError;
use super::query::Query;
use super::resource::{self, RenderOptions};
use super::view;
use super::write::{invalid_parameter, render_options, with_tag};
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

/// The seconds in a day.
const DAY: u64 = 24 * 3600;

/// The content of a page token or sync token.
type ListToken = Token<Query>;

impl GoogleCalendar<'_> {
    pub(super) fn events(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        let query = Query::read(call, self.horizon(call))?;
        let age = self.world.settings.google.updated_min_days;
        let oldest = age.and_then(|days| i64::try_from(days.saturating_mul(24)).ok());
        let oldest = oldest.map(|hours| time::plus_hours(call.now, -hours));
        if query.updated_min.is_some_and(|min| oldest.is_some_and(|oldest| min < oldest)) {
            return Err(ApiError::updated_min_too_long_ago());
        }
        self.list(&access, &query, call)
    }

    pub(super) fn instances(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        let id = event_id(call);
        let series = self.at(&access, call.now, |calendar, ledger| {
            let found = calendar.locate(&id).map(|target| target.event);
            found.or_else(|| ledger.gone(&id).map(|(event, _)| event.id.clone()))
        })?;
        let series = series.ok_or_else(ApiError::not_found)?;
        let query = Query::instances(call, series, self.horizon(call))?;
        self.list(&access, &query, call)
    }

    fn horizon(&self, call: &Call) -> Timestamp {
        time::plus_seconds(call.now, self.world.settings.google.horizon_days.0.saturating_mul(DAY))
    }

    fn list(&mut self, access: &CalendarAccess, query: &Query, call: &Call) -> Result<Reply, ApiError> {
        let size = page_size(call, 250, 2500)?;
        let (options, name) = (render_options(access, call)?, access.name());
        let state: Option<ListToken> = self.read_token(call, &name, |token: &ListToken, page| {
            let more = page && token.since.is_none();
            if more { token.query.continues(query) } else { token.query.resumes(query) }
        })?;
        let empties = self.world.settings.google.empty_pages;
        let generation = self.world.accounts.generation;
        self.at(access, call.now, |calendar, ledger| {
            let fresh = || Token {
                query: query.clone(),
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
            let mut head = head(calendar, &listing, ledger, access, &options);
            let items = items(shown.into_iter().map(|entry| render(calendar, entry, &options)));
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

    /// Reads the page token or sync token of the call. `fits` returns whether the query of the call matches
    /// the query in the token. The second argument of `fits` is true for a page token.
    pub(super) fn read_token<Q: Serialize + DeserializeOwned>(
        &self,
        call: &Call,
        name: &str,
        fits: impl Fn(&Token<Q>, bool) -> bool,
    ) -> Result<Option<Token<Q>>, ApiError> {
        if let Some(text) = call.query("pageToken") {
            let token = Token::decode(text, name).filter(|token| token.next.is_some() && fits(token, true));
            return token
                .map(Some)
                .ok_or_else(|| ApiError::invalid("pageToken", "Invalid page token value."));
        }
        let Some(text) = call.query("syncToken") else { return Ok(None) };
        let wrong = || ApiError::invalid("syncToken", "Invalid sync token value.");
        let token = Token::<Q>::decode(text, name).filter(|token| token.next.is_none()).ok_or_else(wrong)?;
        if token.is_expired(self.world.settings.google.sync_ttl, self.world.accounts.generation, call.now) {
            return Err(ApiError::full_sync_required());
        }
        if !fits(&token, false) {
            return Err(wrong());
        }
        // The list contains the changes from the token's position in the ledger to the current position.
        Ok(Some(Token { since: Some(token.position), position: u64::MAX, ..token }))
    }
}

pub(super) fn page_size(call: &Call, usual: usize, most: usize) -> Result<usize, ApiError> {
    match call.query("maxResults").map(str::parse::<usize>) {
        None => Ok(usual),
        Some(Ok(size)) if size > 0 => Ok(size.min(most)),
        Some(_) => Err(invalid_parameter("maxResults")),
    }
}

/// Returns the entries of all pages: the whole list, or the changes since a sync token.
fn entries(
    events: &Events,
    ledger: &EventLedger,
    state: &ListToken,
    now: Timestamp,
) -> Result<Vec<Entry>, ApiError> {
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
    let changed = ledger.since(since).ok_or_else(ApiError::full_sync_required)?.into_iter();
    let changed = changed.flat_map(|(id, before)| view::changes(before, events.shared(id), query, now));
    Ok(changed.map(entry).collect())
}

fn head(
    calendar: &Calendar,
    listing: &Listing,
    ledger: &EventLedger,
    access: &CalendarAccess,
    options: &RenderOptions,
) -> Value {
    let zone = options.zone.as_ref().and_then(|zone| zone.iana_name()).unwrap_or(&calendar.time_zone);
    json!({
        "kind": "calendar#events",
        "etag": format!("\"p{}\"", ledger.position()),
        "summary": calendar.info["title"],
        "description": calendar.info["description"],
        "updated": time::wire(listing.updated.unwrap_or_default()),
        "timeZone": zone,
        "accessRole": access.role.name(),
        "defaultReminders": super::calendars::reminders(calendar),
        "items": null,
    })
}

fn render(calendar: &Calendar, entry: &Entry, options: &RenderOptions) -> Value {
    if let Some(instance) = entry.live() {
        return resource::event(calendar, &instance, options);
    }
    let series = entry.occurrence.map(|start| (entry.event.whole(), start));
    resource::cancelled(calendar, entry.id(), series.as_ref().map(|(series, start)| (series, *start)))
}
