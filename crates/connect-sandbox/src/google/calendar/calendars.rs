//! The endpoints of the resources `calendarList` and `calendars`.

use super::GoogleCalendar;
use super::access::Principal;
use super::accounts::Role;
use super::error::ApiError;
use super::list::page_size;
use super::query::flag;
use super::write::{invalid_parameter, tagged};
use super::{calendar_id, colors};
use crate::call::Call;
use crate::reply::Reply;
use crate::sync_token::{Next, Token};
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use crate::world::random::hash;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CalendarListFilter {
    least: Option<String>,
    hidden: bool,
    deleted: bool,
}

impl GoogleCalendar<'_> {
    pub(super) fn calendar_list(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let account = principal.account.clone().ok_or_else(ApiError::login_required)?;
        let (filter, size) = (CalendarListFilter::read(call)?, page_size(call, 100, 250)?);
        let state: Option<Token<CalendarListFilter>> =
            self.read_token(call, &account, |token: &Token<CalendarListFilter>, page| {
                !page || token.query == filter
            })?;
        let entries = self.entries(&account);
        let mut ledger = self.own.lists.remove(&account).unwrap_or_default();
        ledger.compare(&entries, call.now);
        let (position, generation) = (ledger.position(), self.world.accounts.generation);
        let since = state.as_ref().and_then(|state| state.since);
        let items = match since {
            None => Some(entries.into_iter().filter(|(_, entry)| filter.has(entry)).collect::<Vec<_>>()),
            Some(since) => ledger.since(since).map(|changed| {
                let now = |id: &str| entries.get(id).cloned().unwrap_or_else(|| deleted(id));
                changed.into_keys().map(|id| (id.to_owned(), now(id))).collect()
            }),
        };
        self.own.lists.insert(account.clone(), ledger);
        let mut items = items.ok_or_else(ApiError::full_sync_required)?;

        let fresh = Token { query: filter, position, since: None, next: None, generation, issued: call.now };
        let mut state = state.unwrap_or(fresh);
        state.position = state.position.min(position);
        let after = state.next.as_ref().and_then(|next| next.after.clone());
        items.retain(|(id, _)| after.as_ref().is_none_or(|(_, after)| id > after));
        let more = items.len() > size;
        items.truncate(size);
        let last = items.last().map(|(id, _)| (None, id.clone()));
        let items: Vec<_> = items.into_iter().map(|(_, entry)| entry).collect();
        let mut list =
            json!({ "kind": "calendar#calendarList", "etag": format!("\"p{position}\""), "items": items });
        if more {
            state.next = Some(Next { page: 1, after: last });
            list["nextPageToken"] = json!(state.encode(&account));
        } else {
            let token = Token { since: None, next: None, issued: call.now, ..state };
            list["nextSyncToken"] = json!(token.encode(&account));
        }
        Ok(tagged(&list))
    }

    pub(super) fn calendar_list_entry(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        let account = principal.account.clone().ok_or_else(ApiError::login_required)?;
        let (id, home) = (calendar_id(call), self.world.home_of(Provider::Google, &account));
        let mut calendars = self.world.calendars_of(Provider::Google, &account, &home).iter();
        let found = calendars.find(|calendar| calendar.has_id(&id)).map(entry);
        found.map(|entry| tagged(&entry)).ok_or_else(ApiError::not_found)
    }

    pub(super) fn calendar_resource(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        let calendar = self.at(&access, call.now, |calendar, _| calendar_resource(calendar))?;
        Ok(tagged(&calendar))
    }

    fn entries(&mut self, account: &str) -> BTreeMap<String, Value> {
        let home = self.world.home_of(Provider::Google, account);
        let calendars = self.world.calendars_of(Provider::Google, account, &home).iter();
        calendars.map(|calendar| (calendar.id.clone(), entry(calendar))).collect()
    }
}

impl CalendarListFilter {
    fn read(call: &Call) -> Result<Self, ApiError> {
        let least = call.query("minAccessRole").map(str::to_owned);
        if least.as_deref().is_some_and(|role| Role::parse(role).is_none()) {
            return Err(invalid_parameter("minAccessRole"));
        }
        let (hidden, deleted) = (flag(call, "showHidden")?, flag(call, "showDeleted")?);
        if call.query("syncToken").is_some() {
            let named = ["minAccessRole", "showOwnOrganizationOnly"];
            let unsupported = named.into_iter().find(|name| call.query(name).is_some());
            let unsupported = unsupported.or((hidden == Some(false)).then_some("showHidden"));
            if let Some(name) = unsupported.or((deleted == Some(false)).then_some("showDeleted")) {
                let message = "Sync token cannot be combined with the query restrictions.";
                return Err(ApiError::bad_request(message).at_parameter(name));
            }
        }
        Ok(Self { least, hidden: hidden.unwrap_or(false), deleted: deleted.unwrap_or(false) })
    }

    fn has(&self, entry: &Value) -> bool {
        let role = |name: Option<&str>| name.and_then(Role::parse);
        let least = role(self.least.as_deref());
        (self.hidden || entry["hidden"] != true)
            && (self.deleted || entry["deleted"] != true)
            && least.is_none_or(|least| role(entry["accessRole"].as_str()) >= Some(least))
    }
}

/// Returns the calendar list entry of a calendar, with the user's settings for the calendar. The settings in
/// the member `original` of the calendar override the default settings.
pub(super) fn entry(calendar: &Calendar) -> Value {
    let (number, color) = colors::number_of_calendar(calendar.info["color"].as_str());
    let mut entry = json!({
        "colorId": number,
        "backgroundColor": color,
        "foregroundColor": colors::FOREGROUND,
        "accessRole": "owner",
        "selected": true,
        "defaultReminders": reminders(calendar),
        "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] },
        "dataOwner": calendar.account,
    });
    let original = calendar.info.get("original").and_then(Value::as_object).cloned();
    let shared = resource_fields(calendar);
    let primary = calendar.primary.then(|| ("primary".to_owned(), json!(true)));
    if let Some(entry) = entry.as_object_mut() {
        entry.extend(original.unwrap_or_default());
        entry.remove("primary");
        entry.extend(shared.into_iter().chain(primary));
        entry.retain(|_, value| !value.is_null());
    }
    with_kind(entry, "calendar#calendarListEntry")
}

pub(super) fn calendar_resource(calendar: &Calendar) -> Value {
    with_kind(Value::Object(resource_fields(calendar)), "calendar#calendar")
}

/// Returns the fields that calendars and calendar list entries share.
fn resource_fields(calendar: &Calendar) -> Map<String, Value> {
    let description = calendar.info["description"].as_str().filter(|text| !text.is_empty());
    let fields = [
        ("id", json!(calendar.id)),
        ("summary", calendar.info["title"].clone()),
        ("timeZone", json!(calendar.time_zone)),
    ];
    let description = description.map(|text| ("description", json!(text)));
    let location = calendar.info["location"].as_str().filter(|text| !text.is_empty());
    let location = location.map(|text| ("location", json!(text)));
    fields
        .into_iter()
        .chain(description)
        .chain(location)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn with_kind(mut resource: Value, kind: &str) -> Value {
    resource["kind"] = json!(kind);
    resource["etag"] = Value::Null;
    let tag = hash(12, &resource.to_string()) >> 12;
    resource["etag"] = json!(format!("\"{tag}\""));
    resource
}

/// Returns the calendar list entry of a deleted calendar.
fn deleted(id: &str) -> Value {
    with_kind(json!({ "id": id, "deleted": true }), "calendar#calendarListEntry")
}

pub(super) fn reminders(calendar: &Calendar) -> Value {
    let told = calendar.info.get("original").and_then(|original| original.get("defaultReminders"));
    told.cloned().unwrap_or_else(|| json!([{ "method": "popup", "minutes": 10 }]))
}
