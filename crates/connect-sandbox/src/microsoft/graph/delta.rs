//! The endpoint `calendarView/delta`, which lists the events of a view, and later their changes.
//!
//! ```text
//! startDateTime, endDateTime ──▶ pages ($skiptoken) ──▶ $deltatoken ──▶ changes ──▶ $deltatoken ──▶ ...
//! ```
//!
//! A token contains the view and a position in the ledger. The view contains the events in its
//! range. For each occurrence in the range, the view also contains the series.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::list::instances;
use super::query::{self, Order, Query, View};
use super::render_options::RenderOptions;
use super::resource;
use crate::call::Call;
use crate::reply::{self, Reply, items};
use crate::settings::DeltaSeries;
use crate::sync_token::{Token, page};
use crate::world::calendar::{Entry, Event};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The content of a `$skiptoken` or `$deltatoken`.
type ListToken = Token<Query>;

/// The query options that a delta request cannot have.
const UNSUPPORTED_OPTIONS: &[&str] = &["$top", "$skip", "$select", "$orderby", "$expand", "$filter"];

impl Graph<'_> {
    pub(super) fn delta(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, UNSUPPORTED_OPTIONS)?;
        let place = self.place(principal, call)?;
        let preferences = self.preferences(call)?;
        let options = RenderOptions::read(call, &preferences, false)?;
        let size = self.page_size(call, &preferences)?;
        let name = format!("{} delta", place.name());
        let state = self.read_token(call, &name)?;
        let empties = self.world.settings.microsoft.empty_pages;
        let minimal = self.world.settings.microsoft.delta_series == DeltaSeries::Minimal;
        let gone = self.gone();
        let (items, state, next) = self.at(&place, call.now, |calendar, ledger| {
            let state = Token { position: state.position.min(ledger.position()), ..state };
            let listed = ("delta", &state.query.view, state.since, ledger.position());
            let listed = serde_json::to_string(&listed).unwrap_or_default();
            let view = &state.query.view;
            let listing = calendar.events.try_listing(listed, |events| match state.since {
                None => Ok(events.all_shared().flat_map(|event| view_entries(event, view)).collect()),
                Some(since) => {
                    let changed = ledger.since(since).ok_or(gone)?.into_iter();
                    Ok(changed.flat_map(|(id, old)| changes(old, events.shared(id), view)).collect())
                }
            })?;
            let (shown, next) = page(&listing, state.next.as_ref(), 0, size, empties, false);
            let shown = shown.into_iter().map(|entry| match entry.live() {
                None => json!({ "id": entry.id(), "@removed": { "reason": "deleted" } }),
                Some(one) => {
                    let mut event = resource::event(calendar, &one, &options);
                    event["@odata.type"] = json!("#microsoft.graph.event");
                    let plain = minimal && event["type"] == "occurrence";
                    if plain { resource::minimal(event) } else { event }
                }
            });
            Ok((items(shown), state, next))
        })??;
        let mut head = json!({ "@odata.context": self.context("Collection(event)"), "value": null });
        let (link, token, kind) = match next {
            Some(next) => ("@odata.nextLink", Token { next: Some(next), ..state }, "$skiptoken"),
            None => {
                let token = Token { since: None, next: None, issued: call.now, ..state };
                ("@odata.deltaLink", token, "$deltatoken")
            }
        };
        head[link] = json!(self.link(call, &[], (kind, &token.encode(&name))));
        Ok(reply::with_items(&head, "value", &items))
    }

    /// Reads the call's `$skiptoken` or `$deltatoken`. A call without a token starts a new round.
    fn read_token(&self, call: &Call, name: &str) -> Result<ListToken, ApiError> {
        let read = |option: &str| {
            let token = query::option(call, option).map(|text| ListToken::decode(text, name));
            let wrong = || ApiError::new(400, "SyncStateInvalid", "The sync state is not valid.");
            token.map(|token| token.ok_or_else(wrong)).transpose()
        };
        let token = match (read("$skiptoken")?, read("$deltatoken")?) {
            (Some(page), _) if page.next.is_some() => page,
            // The list contains the changes from the token's position in the ledger to the current position.
            (None, Some(end)) if end.next.is_none() => {
                Token { since: Some(end.position), position: u64::MAX, ..end }
            }
            (None, None) => {
                let (start, end) = query::window(call, self.view_days())?;
                let query = Query {
                    view: View::Window { start, end },
                    order: Order::None,
                    descending: false,
                    skip: 0,
                    filter: None,
                };
                let generation = self.world.accounts.generation;
                return Ok(Token {
                    query,
                    position: u64::MAX,
                    since: None,
                    next: None,
                    generation,
                    issued: call.now,
                });
            }
            _ => return Err(ApiError::new(400, "SyncStateInvalid", "The sync state is not valid.")),
        };
        let over = token.is_expired(
            self.world.settings.microsoft.sync_ttl,
            self.world.accounts.generation,
            call.now,
        );
        if over { Err(self.gone()) } else { Ok(token) }
    }

    /// Returns the error for an expired sync state, with the code from the switch `graph_gone`.
    fn gone(&self) -> ApiError {
        let message = "The sync state generation is not found.";
        ApiError::new(410, self.world.settings.microsoft.gone.as_str(), message)
    }
}

/// Returns the instances of an event in a view. If a series has instances in the view, returns the series as
/// well.
fn view_entries(event: &Arc<Event>, view: &View) -> Vec<Entry> {
    let mut all = instances(event, view);
    if event.series.is_some() && !all.is_empty() {
        all.push(event.whole());
    }
    all.iter().map(|one| Entry::new(None, one, event)).collect()
}

/// Returns the entries that report the change of an event from version `before` to version `now`.
/// A missing version means that the event does not exist.
fn changes(before: Option<&Arc<Event>>, now: Option<&Arc<Event>>, view: &View) -> Vec<Entry> {
    let by_id = |event: Option<&Arc<Event>>| -> BTreeMap<String, Entry> {
        let all = event.map(|event| view_entries(event, view)).unwrap_or_default();
        all.into_iter().map(|entry| (entry.id().to_owned(), entry)).collect()
    };
    let version = |entry: &Entry| entry.live().as_ref().map(resource::tag);
    let (before, now) = (by_id(before), by_id(now));
    let gone = before.iter().filter(|(id, _)| !now.contains_key(*id));
    let mut changed: Vec<_> = gone.map(|(_, entry)| Entry { gone: true, ..entry.clone() }).collect();
    changed.extend(
        now.into_iter()
            .filter(|(id, entry)| before.get(id).map(&version) != Some(version(entry)))
            .map(|(_, entry)| entry),
    );
    changed
}
