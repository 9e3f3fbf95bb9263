//! Writes to calendars and to the calendar list, moves of events, and the user's settings.

use super::GoogleCalendar;
use super::access::Principal;
use super::accounts::Role;
use super::body::UpdateMode;
use super::error::ApiError;
use super::write::{json_object, render_options, tagged};
use super::{calendar_id, calendars, event_id, resource, times};
use crate::call::Call;
use crate::reply::{Reply, empty};
use crate::world::calendar::{Calendar, Events, Target};
use crate::world::invitations::{Guests, SendUpdates};
use crate::world::provider::Provider;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The settings of a user and their default values. The time zone is that of the primary calendar.
const SETTINGS: [(&str, &str); 12] = [
    ("autoAddHangouts", "false"),
    ("dateFieldOrder", "MDY"),
    ("defaultEventLength", "60"),
    ("format24HourTime", "false"),
    ("hideInvitations", "false"),
    ("hideWeekends", "false"),
    ("locale", "en"),
    ("remindOnRespondedEventsOnly", "false"),
    ("showDeclinedEvents", "true"),
    ("timezone", "Etc/GMT"),
    ("useKeyboardShortcuts", "true"),
    ("weekStart", "0"),
];

/// The fields of a calendar list entry that a user can change.
const ENTRY_FIELDS: [&str; 7] = [
    "summaryOverride",
    "hidden",
    "selected",
    "colorId",
    "backgroundColor",
    "foregroundColor",
    "defaultReminders",
];

impl GoogleCalendar<'_> {
    /// Moves an event to another calendar of the caller. A series moves as a whole.
    pub(super) fn move_event(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let from = self.writable(principal, call)?;
        let destination = call.query("destination");
        let destination =
            destination.ok_or_else(|| ApiError::required("Required").at_parameter("destination"))?;
        let to = self.calendar_access(principal, destination)?;
        principal.check_write(to.role)?;
        let (id, options) = (event_id(call), render_options(&to, call)?);
        let mut event = self.at(&from, call.now, |calendar, _| {
            let target = calendar.locate(&id).ok_or_else(ApiError::not_found)?;
            if target.occurrence.is_some() {
                return Err(ApiError::new(
                    400,
                    "invalid",
                    "An instance of a recurring event cannot be moved.",
                ));
            }
            calendar.events.get(&id).cloned().ok_or_else(ApiError::not_found)
        })??;
        event.last_modified = call.now;
        let target = Target { event: id.clone(), occurrence: None };
        if from.name() != to.name() {
            let added = self.at(&to, call.now, |calendar, _| {
                let taken = calendar.events.contains_key(&id);
                if taken { Err(ApiError::duplicate()) } else { Ok(calendar.add(event, call.now)) }
            })??;
            let removed = self.at(&from, call.now, |calendar, _| calendar.withdraw(&target, call.now))?;
            for (access, changes) in [(&from, removed), (&to, added)] {
                let nobody = Guests::default();
                self.world.notify_of_write(&access.place, changes, &nobody, &nobody, SendUpdates::Nobody);
            }
        }
        let shown = self.at(&to, call.now, |calendar, _| {
            calendar.show(&target, |one| resource::event(calendar, one, &options))
        })?;
        shown.map(|event| tagged(&event)).ok_or_else(ApiError::not_found)
    }

    /// Creates a secondary calendar.
    pub(super) fn insert_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (account, _) = principal.signed_in()?;
        let sent = json_object(call)?;
        let id = format!("{}@group.calendar.google.com", self.world.random.letters(26));
        let mut calendar = Calendar {
            provider: Provider::Google,
            primary: false,
            info: json!({ "provider": Provider::Google, "id": id, "description": "", "color": "#039be5" }),
            account: account.clone(),
            time_zone: "UTC".to_owned(),
            public: false,
            id,
            events: Events::default(),
        };
        edit(&mut calendar, &sent, UpdateMode::Replace)?;
        let body = calendars::calendar_resource(&calendar);
        let home = self.world.home_of(Provider::Google, &account);
        if let Some(all) = self.world.calendar_store(Provider::Google, &account, &home) {
            all.push(calendar);
        }
        Ok(tagged(&body))
    }

    pub(super) fn update_calendar(
        &mut self,
        principal: &Principal,
        call: &Call,
        mode: UpdateMode,
    ) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        owner(access.role)?;
        let sent = json_object(call)?;
        let body = self.at(&access, call.now, |calendar, _| {
            edit(calendar, &sent, mode).map(|()| calendars::calendar_resource(calendar))
        })??;
        Ok(tagged(&body))
    }

    /// Deletes a secondary calendar.
    pub(super) fn delete_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let place = self.calendar_access(principal, &calendar_id(call))?;
        owner(place.role)?;
        let place = place.place;
        let primary = |one: &Calendar| one.primary && one.id == place.id;
        let all = self.world.calendar_store(Provider::Google, &place.account, &place.home);
        let all = all.ok_or_else(ApiError::not_found)?;
        if all.iter().any(primary) {
            return Err(ApiError::new(400, "invalid", "The primary calendar cannot be deleted."));
        }
        all.retain(|one| one.id != place.id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Deletes all events of the primary calendar.
    pub(super) fn clear_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.writable(principal, call)?;
        let changes = self.at(&access, call.now, |calendar, _| {
            if !calendar.primary {
                return Err(ApiError::new(400, "invalid", "Cannot clear primary calendar."));
            }
            let ids: Vec<_> = calendar.events.values().map(|event| event.id.clone()).collect();
            let target = |event| Target { event, occurrence: None };
            Ok(ids.into_iter().map(|id| calendar.withdraw(&target(id), call.now)).collect::<Vec<_>>())
        })??;
        let nobody = Guests::default();
        for changes in changes {
            self.world.notify_of_write(&access.place, changes, &nobody, &nobody, SendUpdates::Nobody);
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Changes the user's settings for a calendar.
    pub(super) fn update_entry(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (account, _) = principal.signed_in()?;
        let (sent, id) = (json_object(call)?, calendar_id(call));
        let home = self.world.home_of(Provider::Google, &account);
        let mut all = self.world.calendars_of(Provider::Google, &account, &home).iter_mut();
        let calendar = all.find(|one| one.has_id(&id)).ok_or_else(ApiError::not_found)?;
        let rgb = call.query("colorRgbFormat") == Some("true");
        for name in ENTRY_FIELDS.into_iter().filter(|name| rgb || !name.ends_with("groundColor")) {
            if let Some(value) = sent.get(name) {
                if !calendar.info["original"].is_object() {
                    calendar.info["original"] = Value::Object(Map::new());
                }
                calendar.info["original"][name] = value.clone();
            }
        }
        Ok(tagged(&calendars::entry(calendar)))
    }

    pub(super) fn settings(&mut self, principal: &Principal) -> Result<Reply, ApiError> {
        let (account, _) = principal.signed_in()?;
        let items = self.all_settings(&account);
        let list = json!({ "kind": "calendar#settings", "etag": "\"0\"", "items": items, "nextSyncToken": "settings" });
        Ok(tagged(&list))
    }

    pub(super) fn setting(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (account, _) = principal.signed_in()?;
        let id = call.path_parameter("setting").unwrap_or_default();
        let found = self.all_settings(&account).into_iter().find(|one| one["id"] == id);
        found.map(|one| tagged(&one)).ok_or_else(ApiError::not_found)
    }

    fn all_settings(&mut self, account: &str) -> Vec<Value> {
        let home = self.world.home_of(Provider::Google, account);
        let calendars = self.world.calendars_of(Provider::Google, account, &home);
        let zone = calendars.iter().find(|one| one.primary).map(|one| one.time_zone.clone());
        let value = |id, default: &str| {
            if id == "timezone" { zone.clone() } else { None }.unwrap_or_else(|| default.to_owned())
        };
        let setting = |(id, default)| {
            calendars::with_kind(json!({ "id": id, "value": value(id, default) }), "calendar#setting")
        };
        SETTINGS.into_iter().map(setting).collect()
    }
}

fn owner(role: Role) -> Result<(), ApiError> {
    if role == Role::Owner { Ok(()) } else { Err(ApiError::access_level()) }
}

/// Sets the title, description, location and time zone of a calendar. `PUT` needs a title, and removes the
/// fields that it does not have.
fn edit(calendar: &mut Calendar, sent: &Value, mode: UpdateMode) -> Result<(), ApiError> {
    let replaces = matches!(mode, UpdateMode::Replace);
    let title = sent["summary"].as_str().filter(|title| !title.is_empty());
    if replaces && title.is_none() {
        return Err(ApiError::required("Missing title.").at_parameter("summary"));
    }
    if let Some(name) = sent["timeZone"].as_str() {
        times::zone(name).ok_or_else(|| times::unknown_zone(name))?;
        name.clone_into(&mut calendar.time_zone);
    }
    if let Some(title) = title {
        calendar.info["title"] = json!(title);
    }
    for name in ["description", "location"] {
        match sent.get(name) {
            None if !replaces => {}
            value => calendar.info[name] = json!(value.and_then(Value::as_str).unwrap_or_default()),
        }
    }
    calendar.info["timeZone"] = json!(calendar.time_zone);
    Ok(())
}
