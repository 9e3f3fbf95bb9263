//! The endpoints `calendarView`, `events` and `instances`. The endpoint for changes is in
//! [`delta`](super::delta).

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::filter::Filter;
use super::prefer::Preferences;
use super::query::{self, Order, Query, View};
use super::render_options::RenderOptions;
use super::resource;
use crate::call::Call;
use crate::guard;
use crate::reply::{self, Reply, items};
use crate::settings::{NextLink, Zones};
use crate::sync_token::{Token, page};
use crate::world::accounts::CalendarRef;
use crate::world::calendar::{Entry, Event, Instance};
use serde_json::{Value, json};
use std::sync::Arc;

impl Graph<'_> {
    pub(super) fn calendar_view(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let place = self.place(principal, call)?;
        let (start, end) = query::window(call, self.view_days())?;
        self.list(&place, View::Window { start, end }, call)
    }

    pub(super) fn events(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let place = self.place(principal, call)?;
        self.list(&place, View::Events, call)
    }

    pub(super) fn instances(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (place, target) = self.event_place(principal, call)?;
        let (start, end) = query::window(call, self.view_days())?;
        if target.occurrence.is_some() {
            return Err(ApiError::invalid("The event is an occurrence: only a series has instances."));
        }
        self.list(&place, View::Instances { series: target.event, start, end }, call)
    }

    pub(super) fn view_days(&self) -> Option<i64> {
        self.world.settings.microsoft.view_days.map(|days| days.min(1_000_000) as i64)
    }

    fn list(&mut self, place: &CalendarRef, view: View, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$deltatoken"])?;
        let preferences = self.preferences(call)?;
        let options = RenderOptions::read(call, &preferences, matches!(view, View::Window { .. }))?;
        let mut query = Query::read(call, view)?;
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        let skip = std::mem::take(&mut query.skip);
        let size = self.page_size(call, &preferences)?;
        let empties = self.world.settings.microsoft.empty_pages;
        let name = place.name();
        let from = match query::option(call, "$skiptoken") {
            None => None,
            Some(text) => {
                let token = Token::<Query>::decode(text, &name).filter(|token| token.query == query);
                Some(token.ok_or_else(|| ApiError::parameter("$skiptoken", text))?)
            }
        };
        let (items, next) = self.at(place, call.now, |calendar, _| {
            let skip = if from.is_none() { skip } else { 0 };
            let listed =
                serde_json::to_string(&("list", &query.view, query.order, &query.filter)).unwrap_or_default();
            let everything = RenderOptions::everything();
            let filter = filter.map(|filter| (filter, calendar.clone()));
            let chosen = |one: &Instance<'_>| {
                filter.as_ref().is_none_or(|(filter, calendar)| {
                    filter.matches(&resource::event(calendar, one, &everything))
                })
            };
            let listing = calendar.events.listing(listed, |events| {
                events.all_shared().flat_map(|event| entries(event, &query, chosen)).collect()
            });
            let from = from.as_ref().and_then(|token| token.next.as_ref());
            let (shown, next) = page(&listing, from, skip, size, empties, query.descending);
            let shown = shown.into_iter().filter_map(Entry::live);
            (items(shown.map(|one| resource::event(calendar, &one, &options))), next)
        })?;
        let mut head = json!({ "@odata.context": self.context("users('me')/events"), "value": null });
        if let Some(next) = next {
            let generation = self.world.accounts.generation;
            let token =
                Token { query, position: 0, since: None, next: Some(next), generation, issued: call.now };
            head["@odata.nextLink"] =
                json!(self.link(call, call.query_pairs(), ("$skiptoken", &token.encode(&name))));
        }
        Ok(reply::with_items(&head, "value", &items))
    }

    pub(super) fn preferences(&self, call: &Call) -> Result<Preferences, ApiError> {
        Preferences::read(call, self.world.settings.microsoft.zones == Zones::Listed)
    }

    pub(super) fn page_size(&self, call: &Call, preferences: &Preferences) -> Result<usize, ApiError> {
        let usual = usize::try_from(self.world.settings.microsoft.page.0).unwrap_or(usize::MAX);
        Ok(query::top(call)?.or(preferences.page_size).unwrap_or(usual))
    }

    pub(super) fn context(&self, what: &str) -> Value {
        json!(format!("{}/microsoft/graph/v1.0/$metadata#{what}", self.world.origin))
    }

    /// Returns the URL of the next page or round. The URL has the path of the call. The query of the URL
    /// contains `token`, and `pairs` without `$skip` and without earlier tokens. The switch `graph_next_link`
    /// selects the origin of the URL.
    pub(super) fn link(&self, call: &Call, pairs: &[(String, String)], token: (&str, &str)) -> String {
        let replaced = |name: &str| ["$skip", "$skiptoken", "$deltatoken"].contains(&name);
        let kept = pairs.iter().filter(|(name, _)| !replaced(&name.to_ascii_lowercase()));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).append_pair(token.0, token.1);
        let (scheme, authority) = self.world.origin.split_once("://").unwrap_or(("http", &self.world.origin));
        let origin = match self.world.settings.microsoft.next_link {
            NextLink::Foreign => format!("{scheme}://graph.microsoft.example"),
            NextLink::Userinfo => format!("{scheme}://{authority}@graph.microsoft.example"),
            NextLink::Http => format!("http://{authority}"),
            NextLink::Own => guard::origin_of(&call.request, &self.world.origin),
        };
        format!("{origin}{}?{}", call.request.uri().path(), query.finish())
    }
}

fn entries(event: &Arc<Event>, query: &Query, chosen: impl Fn(&Instance<'_>) -> bool) -> Vec<Entry> {
    let entry = |one: &Instance<'_>| {
        let time = match query.order {
            Order::None => None,
            Order::Start => Some(one.fields.start),
            Order::End => Some(one.fields.end),
            Order::Created => Some(event.created),
            Order::LastModified => Some(one.last_modified),
        };
        Entry::new(time, one, event)
    };
    instances(event, &query.view).iter().filter(|one| chosen(one)).map(entry).collect()
}

/// Returns those instances of an event that are in a view.
pub(super) fn instances<'a>(event: &'a Event, view: &View) -> Vec<Instance<'a>> {
    let meant = !matches!(view, View::Instances { series, .. } if *series != event.id);
    match view.range() {
        None => vec![event.whole()],
        Some(range) if meant => event.instances(range, false),
        Some(_) => Vec::new(),
    }
}
