//! Writes to calendars, and the settings of a mailbox.

use super::Graph;
use super::access::Principal;
use super::calendars::calendar;
use super::error::ApiError;
use super::query;
use super::write::{check_editable, json_object};
use super::zones::{Zone, windows_name};
use crate::call::Call;
use crate::reply::{Reply, empty, json_reply, ok};
use crate::world::calendar::{Calendar, Events};
use crate::world::provider::Provider;
use http::StatusCode;
use serde_json::{Map, Value, json};

const COLORS: [&str; 11] = [
    "auto",
    "lightBlue",
    "lightGreen",
    "lightOrange",
    "lightGray",
    "lightYellow",
    "lightTeal",
    "lightPink",
    "lightBrown",
    "lightRed",
    "maxColor",
];

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The settings that a client can change.
const WRITABLE: [&str; 7] = [
    "automaticRepliesSetting",
    "dateFormat",
    "delegateMeetingMessageDeliveryOptions",
    "language",
    "timeFormat",
    "timeZone",
    "workingHours",
];

impl Graph<'_> {
    pub(super) fn create_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let sent = json_object(call)?;
        let account = principal.account.clone();
        let id = format!("AQMkAD{}=", self.world.random.token(60));
        let mut made = Calendar {
            provider: Provider::Microsoft,
            primary: false,
            info: json!({ "provider": Provider::Microsoft, "id": id, "description": "", "color": "#0078d4" }),
            account: account.clone(),
            time_zone: "UTC".to_owned(),
            public: false,
            id,
            events: Events::default(),
        };
        let home = self.world.home_of(Provider::Microsoft, &account);
        let all = self.world.calendar_store(Provider::Microsoft, &account, &home);
        let all = all.ok_or_else(ApiError::not_found)?;
        if !sent.contains_key("name") {
            return Err(ApiError::property("name", "A calendar needs a name."));
        }
        edit(&mut made, &sent, all)?;
        let mut body = Value::Object(calendar(&made, None));
        all.push(made);
        body["@odata.context"] = self.context("users('me')/calendars/$entity");
        Ok(json_reply(StatusCode::CREATED, &body))
    }

    pub(super) fn update_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (place, sent) = (self.place(principal, call)?, json_object(call)?);
        let all = self.world.calendar_store(Provider::Microsoft, &place.account, &place.home);
        let all = all.ok_or_else(ApiError::not_found)?;
        let at = all.iter().position(|one| one.id == place.id).ok_or_else(ApiError::not_found)?;
        let mut changed = all.remove(at);
        let edited = check_editable(&changed).and_then(|()| edit(&mut changed, &sent, all));
        let mut body = Value::Object(calendar(&changed, None));
        all.insert(at, changed);
        edited?;
        body["@odata.context"] = self.context("users('me')/calendars/$entity");
        Ok(ok(&body))
    }

    pub(super) fn delete_calendar(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let place = self.place(principal, call)?;
        let all = self.world.calendar_store(Provider::Microsoft, &place.account, &place.home);
        let all = all.ok_or_else(ApiError::not_found)?;
        if all.iter().any(|one| one.primary && one.id == place.id) {
            let message = "Distinguished folders cannot be deleted.";
            return Err(ApiError::new(400, "ErrorDeleteDistinguishedFolder", message));
        }
        all.retain(|one| one.id != place.id);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn mailbox_settings(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$filter", "$top", "$skip", "$orderby", "$expand", "$skiptoken", "$deltatoken"])?;
        let mut all = self.all_mailbox_settings(&principal.account);
        let context = |path: &str| format!("users('{}')/mailboxSettings{path}", principal.account);
        let Some(name) = call.path_parameter("setting") else {
            if let Some(select) = query::option(call, "$select") {
                all.retain(|name, _| select.split(',').any(|one| one.trim() == name));
            }
            all.insert("@odata.context".to_owned(), self.context(&context("")));
            return Ok(ok(&Value::Object(all)));
        };
        let one = all.remove(&name).ok_or_else(|| ApiError::segment(&name))?;
        let mut body = if one.is_object() { one } else { json!({ "value": one }) };
        body["@odata.context"] = self.context(&context(&format!("/{name}")));
        Ok(ok(&body))
    }

    /// Changes the settings that the body has. The response contains only those.
    pub(super) fn update_mailbox(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let mut sent = json_object(call)?;
        sent.retain(|name, _| WRITABLE.contains(&name.as_str()));
        let before = self.all_mailbox_settings(&principal.account);
        for (name, value) in &mut sent {
            if let (Some(before), Some(value)) = (before[name].as_object(), value.as_object_mut()) {
                let mut whole = before.clone();
                whole.append(value);
                *value = whole;
            }
            match name.as_str() {
                "timeZone" => check_zone(value)?,
                "workingHours" => check_hours(value)?,
                _ => {}
            }
        }
        self.own.mailboxes.entry(principal.account.clone()).or_default().extend(sent.clone());
        let context = format!("users('{}')/mailboxSettings", principal.account);
        sent.insert("@odata.context".to_owned(), self.context(&context));
        Ok(ok(&Value::Object(sent)))
    }

    fn all_mailbox_settings(&mut self, account: &str) -> Map<String, Value> {
        let home = self.world.home_of(Provider::Microsoft, account);
        let calendars = self.world.calendars_of(Provider::Microsoft, account, &home);
        let zone =
            calendars.iter().find(|one| one.primary).map(|one| windows_name(&one.time_zone).to_owned());
        let zone = zone.unwrap_or_else(|| "UTC".to_owned());
        let all = json!({
            "automaticRepliesSetting": {
                "status": "disabled", "externalAudience": "all",
                "internalReplyMessage": "", "externalReplyMessage": "",
            },
            "dateFormat": "M/d/yyyy",
            "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
            "language": { "locale": "en-US", "displayName": "English (United States)" },
            "timeFormat": "h:mm tt",
            "timeZone": zone,
            "userPurpose": "user",
            "workingHours": {
                "daysOfWeek": DAYS[1..6], "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000",
                "timeZone": { "name": zone },
            },
        });
        let mut all = all.as_object().cloned().unwrap_or_default();
        all.extend(self.own.mailboxes.get(account).cloned().unwrap_or_default());
        all
    }
}

/// Sets the name and the color of a calendar, of which `others` are the calendars of the same user.
fn edit(calendar: &mut Calendar, sent: &Map<String, Value>, others: &[Calendar]) -> Result<(), ApiError> {
    if let Some(name) = sent.get("name") {
        let name = name.as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| ApiError::property("name", "The name is empty."))?;
        if others.iter().any(|one| one.info["title"] == name) {
            let message = "A folder with the specified name already exists.";
            return Err(ApiError::new(409, "ErrorFolderExists", message));
        }
        calendar.info["title"] = json!(name);
    }
    if let Some(color) = sent.get("color") {
        let known = COLORS.iter().any(|known| color == known);
        if !known {
            return Err(ApiError::body(format!("The value {color} is not a calendar color.")));
        }
        if !calendar.info["original"].is_object() {
            calendar.info["original"] = json!({});
        }
        calendar.info["original"]["color"] = color.clone();
    }
    Ok(())
}

fn check_zone(name: &Value) -> Result<(), ApiError> {
    let found = name.as_str().and_then(|name| Zone::find(name, false).ok());
    let message = "Time Zone settings provided are invalid.";
    found.map(|_| ()).ok_or_else(|| ApiError::new(400, "InvalidTimeZone", message))
}

fn check_hours(hours: &Value) -> Result<(), ApiError> {
    let time = |name: &str| {
        let text = hours[name].as_str().filter(|text| text.len() >= 8);
        let time = text.and_then(|text| text.parse::<jiff::civil::Time>().ok());
        time.ok_or_else(|| ApiError::body(format!("The value {} is not a time.", hours[name])))
    };
    if time("startTime")? >= time("endTime")? {
        let message = "Start Time should occur before End Time.";
        return Err(ApiError::new(400, "ErrorInvalidTimeSettings", message));
    }
    let days = hours["daysOfWeek"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !days.iter().all(|day| DAYS.iter().any(|known| day == known)) {
        return Err(ApiError::new(400, "InvalidArguments", "A day of the working hours is unknown."));
    }
    match hours["timeZone"].get("@odata.type") {
        Some(_) => Ok(()),
        None => check_zone(&hours["timeZone"]["name"]),
    }
}
