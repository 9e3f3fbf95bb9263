//! The seed's values, each with the path to it.

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

/// A value and where it stands.
pub(super) struct Place<'a> {
    path: String,
    value: &'a Value,
}

pub(super) fn connections(user: &str, place: &Place<'_>) -> Result<Connections, SeedError> {
    let mut connections = Connections::new();
    for (name, place) in place.entries()? {
        let provider = Provider::parse(name)
            .ok_or_else(|| place.wrong("a provider is google, microsoft, apple or caldav"))?;
        connections.insert(provider, connection(user, provider, &place)?);
    }
    Ok(connections)
}

fn connection(user: &str, provider: Provider, place: &Place<'_>) -> Result<Connection, SeedError> {
    place.only(&["account", "calendarPermissionGranted", "syncState", "calendars"])?;
    let name = place.text("account")?.unwrap_or_else(|| account(user, provider));
    let asks = !provider.granted_scopes().is_empty();
    let granted = match place.get("calendarPermissionGranted") {
        None => asks.then_some(true),
        Some(found) => match (found.value, asks) {
            (Value::Null, false) => None,
            (Value::Bool(granted), true) => Some(*granted),
            _ => return Err(found.wrong("must be true or false, and is for google and microsoft alone")),
        },
    };
    let reauth = match place.text("syncState")?.as_deref() {
        None | Some("active") => false,
        Some("reauth_required") => true,
        Some(_) => return Err(place.at("syncState").wrong("must be active or reauth_required")),
    };
    let mut calendars: Vec<Calendar> = Vec::new();
    for (index, place) in place.require("calendars")?.items()?.into_iter().enumerate() {
        let calendar = calendar(provider, &name, index == 0, &place)?;
        if calendars.iter().any(|other| other.id == calendar.id) {
            return Err(place.at("id").wrong("another calendar of the account has this id"));
        }
        calendars.push(calendar);
    }
    Ok(Connection { account: name, granted, reauth, shared: false, calendars: Some(calendars) })
}

fn calendar(
    provider: Provider,
    account: &str,
    primary: bool,
    place: &Place<'_>,
) -> Result<Calendar, SeedError> {
    place.only(&["id", "title", "timeZone", "color", "description", "original", "public", "events"])?;
    let id = place.required_text("id")?;
    let time_zone = place.text("timeZone")?.unwrap_or_else(|| "UTC".to_owned());
    let mut info = json!({
        "provider": provider,
        "id": id,
        "title": place.required_text("title")?,
        "timeZone": time_zone,
        "description": place.text("description")?.unwrap_or_default(),
    });
    if let Some(info) = info.as_object_mut() {
        info.extend(place.text("color")?.map(|color| ("color".to_owned(), json!(color))));
        info.extend(place.get("original").map(|original| ("original".to_owned(), original.value.clone())));
    }
    let mut calendar = Calendar {
        provider,
        id,
        primary,
        info,
        account: account.to_owned(),
        time_zone,
        public: place.flag("public")?,
        events: Events::default(),
    };
    let mut random = Random::new(hash(hash(7, account), &calendar.id));
    for place in place.get("events").map(|events| events.items()).transpose()?.unwrap_or_default() {
        let event = event(&place, provider, || event_id(provider, &mut random))?;
        if calendar.events.contains_key(&event.id) {
            return Err(place.at("id").wrong("another event of the calendar has this id"));
        }
        calendar.events.insert(event.id.clone(), event);
    }
    Ok(calendar)
}

/// The fields that are not among those a caller may write, or not in the same way.
const OWN: &[&str] = &["id", "color", "link", "lastModified", "recurrence", "timeZone", "url"];

fn event(place: &Place<'_>, provider: Provider, new_id: impl FnOnce() -> String) -> Result<Event, SeedError> {
    let known: Vec<_> = OWN.iter().chain(crate::connect::events::FIELDS).copied().collect();
    place.only(&known)?;
    for name in ["title", "start", "end"] {
        place.require(name)?;
    }
    for (name, place) in place.entries()?.into_iter().filter(|(name, _)| !OWN.contains(name)) {
        check(name, place.value).map_err(|reason| place.wrong(reason))?;
    }
    for name in ["color", "link", "url"] {
        place.text(name)?;
    }
    let mut fields = Fields::new("", Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    fields.status = Some("confirmed");
    Patch::new(place.object()?.clone()).apply(&mut fields);
    check_order(&fields).map_err(|_| place.at("end").wrong("end must not be before start"))?;

    let modified = match place.text("lastModified")? {
        None => fields.start,
        Some(text) => {
            time::read(&text).ok_or_else(|| place.at("lastModified").wrong("must be an ISO 8601 date"))?
        }
    };
    let id = if place.get("id").is_some() { place.required_text("id")? } else { new_id() };
    let mut event = Event::single(id, fields, modified);
    event.fields.own.extend(place.text("url")?.map(|url| ("url".to_owned(), json!(url))));
    let zone = match place.text("timeZone")? {
        None => TimeZone::UTC,
        Some(name) => {
            let zone = time::zone(&name);
            event.fields.own.insert("timeZone".to_owned(), json!(name));
            zone.ok_or_else(|| place.at("timeZone").wrong("must be a time zone such as Europe/Berlin"))?
        }
    };
    if let Some(place) = place.get("recurrence").filter(|place| !place.value.is_null()) {
        let rule = read_recurrence(place.value).map_err(|reason| place.wrong(&reason))?;
        let mut rule = rule.counted_by(provider);
        // Days are counted where the event was made; whole days in UTC.
        rule.zone = if event.fields.all_day { TimeZone::UTC } else { zone };
        event.series = Some(Series::new(rule));
    }
    Ok(event)
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    fn wrong(&self, reason: &str) -> SeedError {
        let path = if self.path.is_empty() { "the file".to_owned() } else { self.path.clone() };
        SeedError { path, reason: reason.to_owned() }
    }

    /// The place of a field, whether or not it is there.
    fn at(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self {
            path: format!("{}{dot}{name}", self.path),
            value: self.value.get(name).unwrap_or(&Value::Null),
        }
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, SeedError> {
        self.value.as_object().ok_or_else(|| self.wrong("must be an object"))
    }

    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, SeedError> {
        Ok(self.object()?.keys().map(|name| (name.as_str(), self.at(name))).collect())
    }

    fn items(&self) -> Result<Vec<Self>, SeedError> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("must be a list"))?;
        let item = |(index, value)| Self { path: format!("{}[{index}]", self.path), value };
        Ok(list.iter().enumerate().map(item).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|_| self.at(name))
    }

    pub(super) fn require(&self, name: &str) -> Result<Self, SeedError> {
        self.object()?;
        self.get(name).ok_or_else(|| self.at(name).wrong("is required"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, SeedError> {
        match self.get(name).map(|place| (place.value.as_str(), place)) {
            None => Ok(None),
            Some((Some(text), _)) => Ok(Some(text.to_owned())),
            Some((None, place)) => Err(place.wrong("must be a text")),
        }
    }

    /// False where it is not there.
    fn flag(&self, name: &str) -> Result<bool, SeedError> {
        match self.get(name).map(|place| (place.value.as_bool(), place)) {
            None => Ok(false),
            Some((Some(flag), _)) => Ok(flag),
            Some((None, place)) => Err(place.wrong("must be true or false")),
        }
    }

    fn required_text(&self, name: &str) -> Result<String, SeedError> {
        let place = self.require(name)?;
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| place.wrong("must not be empty"))
    }

    /// Refuses a field the format does not know: most likely it is misspelt.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), SeedError> {
        match self.object()?.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(self
                .at(name)
                .wrong(&format!("there is no such field; the fields are {}", known.join(", ")))),
        }
    }
}
