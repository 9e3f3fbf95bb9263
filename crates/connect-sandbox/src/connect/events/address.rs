//! The address of the event to write: provider, calendar, event, and mode (this, following or all).

use super::input::add_error;
use crate::reply::{Details, Problem};
use crate::world::calendar::{Calendar, Mode, Target};
use crate::world::provider::Provider;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The provider and the calendar that a request names.
pub(crate) struct CalendarAddress {
    provider: Option<Provider>,
    calendar: String,
}

/// The calendar, event and mode that a request names.
pub(crate) struct EventAddress {
    pub(crate) calendar: CalendarAddress,
    event: String,
    series: Option<String>,
    pub(crate) mode: Option<Mode>,
}

fn mode(text: &str) -> Option<Mode> {
    match text {
        "this" => Some(Mode::This),
        "following" => Some(Mode::Following),
        "all" => Some(Mode::All),
        _ => None,
    }
}

impl CalendarAddress {
    pub(crate) fn read(body: &Map<String, Value>, details: &mut Details) -> Self {
        let name = required(body, "provider", details);
        let provider = Provider::parse(&name);
        if provider.is_none() && !name.is_empty() {
            add_error(details, "provider", "provider is not supported");
        }
        Self { provider, calendar: required(body, "calendarId", details) }
    }

    pub(crate) fn is_for(&self, provider: Provider) -> bool {
        self.provider == Some(provider)
    }

    pub(crate) fn find<'a>(
        &self,
        mut calendars: BTreeMap<Provider, &'a mut Vec<Calendar>>,
    ) -> Result<&'a mut Calendar, Problem> {
        let all = self.provider.and_then(|provider| calendars.remove(&provider));
        let found = all.and_then(|all| all.iter_mut().find(|calendar| calendar.has_id(&self.calendar)));
        found.ok_or_else(|| Problem::not_found("Calendar not found"))
    }
}

impl EventAddress {
    pub(crate) fn read(body: &Map<String, Value>, mode_name: &str, details: &mut Details) -> Self {
        // An invalid mode must be an error, because without a mode the write can change the whole series.
        let mode = match body.get(mode_name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let mode = value.as_str().and_then(mode);
                if mode.is_none() {
                    add_error(details, mode_name, "must be this, following or all");
                }
                mode
            }
        };
        let calendar = CalendarAddress::read(body, details);
        let series = optional(body, "recurringEventId").map(str::to_owned);
        if series.is_none() && body.get("recurringEventId").is_some_and(|value| !value.is_null()) {
            add_error(details, "recurringEventId", "must be the id of a series");
        }
        Self { calendar, event: required(body, "eventId", details), series, mode }
    }

    /// Finds the event. For an occurrence, the request must also name the id of its series.
    pub(crate) fn locate(&self, calendar: &Calendar) -> Result<Target, Problem> {
        let target = calendar.locate(&self.event).ok_or_else(|| Problem::not_found("Event not found"))?;
        match &self.series {
            Some(series) if *series != target.event => {
                Err(Problem::invalid_field("recurringEventId", "the event does not belong to this series"))
            }
            None if target.occurrence.is_some() => Err(Problem::invalid_field(
                "recurringEventId",
                "recurringEventId is required for an occurrence",
            )),
            _ => Ok(target),
        }
    }
}

fn optional<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn required(body: &Map<String, Value>, name: &str, details: &mut Details) -> String {
    let text = optional(body, name);
    if text.is_none() {
        add_error(details, name, format!("{name} is required"));
    }
    text.unwrap_or_default().to_owned()
}
