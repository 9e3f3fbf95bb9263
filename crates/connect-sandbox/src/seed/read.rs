//! Reads the accounts, calendars and events of a seed. An error contains the path of the invalid value.

use super::SeedError;
use crate::connect::events::{check, read_recurrence};
use crate::world::calendar::{Calendar, Event, Events, Fields, Patch, Series, check_order, event_id};
use crate::world::provider::Provider;
use crate::world::random::{Random, hash};
use crate::world::time;
use crate::world::users::{Connection, Connections, account};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

pub(super) struct SeedValue<'a> {
    path: String,
    json: &'a Value,
}

pub(super) fn connections(user: &str, value: &SeedValue<'_>) -> Result<Connections, SeedError> {
    let mut connections = Connections::new();
    for (name, value) in value.entries()? {
        let provider =
            Provider::parse(name).ok_or_else(|| value.wrong("must be google, microsoft, apple or caldav"))?;
        connections.insert(provider, connection(user, provider, &value)?);
    }
    Ok(connections)
}

fn connection(user: &str, provider: Provider, value: &SeedValue<'_>) -> Result<Connection, SeedError> {
    value.only(&["account", "calendarPermissionGranted", "syncState", "calendars"])?;
    let name = value.text("account")?.unwrap_or_else(|| account(user, provider));
    let asks = !provider.granted_scopes().is_empty();
    let granted = match value.get("calendarPermissionGranted") {
        None => asks.then_some(true),
        Some(found) => match (found.json, asks) {
            (Value::Null, false) => None,
            (Value::Bool(granted), true) => Some(*granted),
            _ => {
                return Err(
                    found.wrong("must be true or false, and is allowed only for google and microsoft")
                );
            }
        },
    };
    let reauth = match value.text("syncState")?.as_deref() {
        None | Some("active") => false,
        Some("reauth_required") => true,
        Some(_) => return Err(value.at("syncState").wrong("must be active or reauth_required")),
    };
    let mut calendars: Vec<Calendar> = Vec::new();
    for (index, value) in value.require("calendars")?.items()?.into_iter().enumerate() {
        let calendar = calendar(provider, &name, index == 0, &value)?;
        if calendars.iter().any(|other| other.id == calendar.id) {
            return Err(value.at("id").wrong("another calendar of the account has this id"));
        }
        calendars.push(calendar);
    }
    Ok(Connection { account: name, granted, reauth, shared: false, calendars: Some(calendars) })
}

fn calendar(
    provider: Provider,
    account: &str,
    primary: bool,
    value: &SeedValue<'_>,
) -> Result<Calendar, SeedError> {
    value.only(&["id", "title", "timeZone", "color", "description", "original", "public", "events"])?;
    let id = value.required_text("id")?;
    let time_zone = value.text("timeZone")?.unwrap_or_else(|| "UTC".to_owned());
    let mut info = json!({
        "provider": provider,
        "id": id,
        "title": value.required_text("title")?,
        "timeZone": time_zone,
        "description": value.text("description")?.unwrap_or_default(),
    });
    if let Some(info) = info.as_object_mut() {
        info.extend(value.text("color")?.map(|color| ("color".to_owned(), json!(color))));
        info.extend(value.get("original").map(|original| ("original".to_owned(), original.json.clone())));
    }
    let mut calendar = Calendar {
        provider,
        id,
        primary,
        info,
        account: account.to_owned(),
        time_zone,
        public: value.flag("public")?,
        events: Events::default(),
    };
    let mut random = Random::new(hash(hash(7, account), &calendar.id));
    for value in value.get("events").map(|events| events.items()).transpose()?.unwrap_or_default() {
        let event = event(&value, provider, || event_id(provider, &mut random))?;
        if calendar.events.contains_key(&event.id) {
            return Err(value.at("id").wrong("another event of the calendar has this id"));
        }
        calendar.events.insert(event.id.clone(), event);
    }
    Ok(calendar)
}

/// The fields that an event of a seed can have and that `check` does not validate.
const SEED_FIELDS: &[&str] = &["id", "color", "link", "lastModified", "recurrence", "timeZone", "url"];

fn event(
    value: &SeedValue<'_>,
    provider: Provider,
    new_id: impl FnOnce() -> String,
) -> Result<Event, SeedError> {
    let known: Vec<_> = SEED_FIELDS.iter().chain(crate::connect::events::FIELDS).copied().collect();
    value.only(&known)?;
    for name in ["title", "start", "end"] {
        value.require(name)?;
    }
    for (name, value) in value.entries()?.into_iter().filter(|(name, _)| !SEED_FIELDS.contains(name)) {
        check(name, value.json).map_err(|reason| value.wrong(reason))?;
    }
    for name in ["color", "link", "url"] {
        value.text(name)?;
    }
    let mut fields = Fields::new("", Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    fields.status = Some("confirmed");
    Patch::new(value.object()?.clone()).apply(&mut fields);
    check_order(&fields).map_err(|_| value.at("end").wrong("end must not be before start"))?;

    let modified = match value.text("lastModified")? {
        None => fields.start,
        Some(text) => time::read(&text)
            .ok_or_else(|| value.at("lastModified").wrong("must be an ISO 8601 date or time"))?,
    };
    let id = if value.get("id").is_some() { value.required_text("id")? } else { new_id() };
    let mut event = Event::single(id, fields, modified);
    event.fields.own.extend(value.text("url")?.map(|url| ("url".to_owned(), json!(url))));
    let zone = match value.text("timeZone")? {
        None => TimeZone::UTC,
        Some(name) => {
            let zone = time::zone(&name);
            event.fields.own.insert("timeZone".to_owned(), json!(name));
            zone.ok_or_else(|| value.at("timeZone").wrong("must be an IANA time zone such as Europe/Berlin"))?
        }
    };
    if let Some(value) = value.get("recurrence").filter(|value| !value.json.is_null()) {
        let rule = read_recurrence(value.json).map_err(|reason| value.wrong(&reason))?;
        let mut rule = rule.counted_by(provider);
        // The days of a recurrence are days in the event's time zone, or in UTC for an all-day event.
        rule.zone = if event.fields.all_day { TimeZone::UTC } else { zone };
        event.series = Some(Series::new(rule));
    }
    Ok(event)
}

impl<'a> SeedValue<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), json: value }
    }

    fn wrong(&self, reason: &str) -> SeedError {
        let path = if self.path.is_empty() { "the JSON document".to_owned() } else { self.path.clone() };
        SeedError { path, reason: reason.to_owned() }
    }

    /// Returns a field with its path. A missing field has the value null.
    fn at(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{name}", self.path), json: self.json.get(name).unwrap_or(&Value::Null) }
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, SeedError> {
        self.json.as_object().ok_or_else(|| self.wrong("must be an object"))
    }

    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, SeedError> {
        Ok(self.object()?.keys().map(|name| (name.as_str(), self.at(name))).collect())
    }

    fn items(&self) -> Result<Vec<Self>, SeedError> {
        let list = self.json.as_array().ok_or_else(|| self.wrong("must be a list"))?;
        let item = |(index, value)| Self { path: format!("{}[{index}]", self.path), json: value };
        Ok(list.iter().enumerate().map(item).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.json.get(name).map(|_| self.at(name))
    }

    pub(super) fn require(&self, name: &str) -> Result<Self, SeedError> {
        self.object()?;
        self.get(name).ok_or_else(|| self.at(name).wrong("is required"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, SeedError> {
        match self.get(name).map(|value| (value.json.as_str(), value)) {
            None => Ok(None),
            Some((Some(text), _)) => Ok(Some(text.to_owned())),
            Some((None, value)) => Err(value.wrong("must be a text")),
        }
    }

    /// Reads a boolean; false if the field is missing.
    fn flag(&self, name: &str) -> Result<bool, SeedError> {
        match self.get(name).map(|value| (value.json.as_bool(), value)) {
            None => Ok(false),
            Some((Some(flag), _)) => Ok(flag),
            Some((None, value)) => Err(value.wrong("must be true or false")),
        }
    }

    fn required_text(&self, name: &str) -> Result<String, SeedError> {
        let value = self.require(name)?;
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| value.wrong("must not be empty"))
    }

    /// Refuses unknown fields, which are most likely misspelt.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), SeedError> {
        match self.object()?.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                Err(self.at(name).wrong(&format!("is not a known field (expected {})", known.join(", "))))
            }
        }
    }
}
