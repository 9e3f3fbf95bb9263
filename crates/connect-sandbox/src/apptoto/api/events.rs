//! Events, and the endpoints that read one event or a list.

use super::Api;
use super::account::MAX_PAGE_SIZE;
use super::error::ApiError;
use super::event_time::EventTime;
use super::phone::normalized;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::EventFields;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredEvent {
    pub(super) id: u64,
    pub(super) calendar: u64,
    pub(super) external_id: Option<String>,
    pub(super) title: String,
    pub(super) start: EventTime,
    pub(super) end: EventTime,
    pub(super) time_zone: Option<String>,
    pub(super) location: String,
    pub(super) content: String,
    pub(super) all_day: bool,
    pub(super) show_as: Option<u64>,
    pub(super) is_deleted: bool,
    pub(super) participants: Vec<Participant>,
    pub(super) custom_data: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Participant {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) email: String,
}

impl Participant {
    pub(super) fn normalized_phone(&self) -> Option<String> {
        normalized(&self.phone)
    }
}

impl StoredEvent {
    /// Finds an event by its id or external id. Of several events with the external id, prefers one that is
    /// not deleted.
    pub(super) fn find(events: &[Self], id: Option<u64>, external_id: Option<&str>) -> Option<usize> {
        match (id, external_id) {
            (Some(id), _) => events.iter().position(|event| event.id == id),
            (None, Some(external_id)) => {
                let named = |event: &Self| event.external_id.as_deref() == Some(external_id);
                let live = events.iter().position(|event| named(event) && !event.is_deleted);
                live.or_else(|| events.iter().rposition(named))
            }
            (None, None) => None,
        }
    }
}

const DEFAULT_PAGE_SIZE: u64 = 30;

impl Api<'_> {
    /// `GET /v1/event`. Also returns a deleted event, with `is_deleted: true`.
    pub(super) fn get_event(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let event = self.requested_event(call)?;
        Ok(ok(&self.event_view(event, None, flag(call, "include_conversations")?)))
    }

    /// `GET /v1/events`: a page of events. A request with an id returns one event, as in older API versions.
    pub(super) fn list_events(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let conversations = flag(call, "include_conversations")?;
        if call.query("id").or(call.query("external_id")).is_some() {
            let event = self.requested_event(call)?;
            return Ok(ok(&json!({ "events": [self.event_view(event, None, conversations)] })));
        }
        let (begin, end) = (time(call, "begin")?, time(call, &self.settings.apptoto.end_parameter)?);
        let deleted = flag(call, "include-deleted")? || flag(call, "include_deleted")?;
        let size = usize::try_from(number(call, "page_size", DEFAULT_PAGE_SIZE)?).unwrap_or(MAX_PAGE_SIZE);
        let page = usize::try_from(number(call, "page", 1)?).unwrap_or(usize::MAX);
        let size = size.min(MAX_PAGE_SIZE);
        let (phone, email) = (call.query("phone_number"), call.query("email_address"));

        let mut found: Vec<&StoredEvent> = self.account.events.iter().collect();
        found.retain(|event| {
            (deleted || !event.is_deleted)
                && begin.is_none_or(|begin| event.start.at >= begin)
                && end.is_none_or(|end| event.start.at <= end)
        });
        found.sort_by_key(|event| (event.start.at, event.id));
        // A list by phone number or e-mail address has an entry for each matching participant of an event.
        // Each entry contains only this participant.
        let entries = found.into_iter().flat_map(|event| {
            let wanted: Vec<Option<u64>> = if phone.or(email).is_none() {
                vec![None]
            } else {
                let matching = event.participants.iter().filter(|one| matches(one, phone, email));
                matching.map(|one| Some(one.id)).collect()
            };
            wanted.into_iter().map(move |only| (event, only))
        });
        let entries = entries.skip((page - 1).saturating_mul(size)).take(size);
        let events: Vec<Value> =
            entries.map(|(event, only)| self.event_view(event, only, conversations)).collect();
        Ok(ok(&json!({ "events": events })))
    }

    /// Renders an event with all participants, or with only the participant whose id is `only`.
    ///
    /// The switch `apptoto_event_fields` adds fields that the API pages do not show.
    pub(super) fn event_view(&self, event: &StoredEvent, only: Option<u64>, conversations: bool) -> Value {
        let participants = event.participants.iter().filter(|one| only.is_none_or(|only| one.id == only));
        let participants: Vec<_> =
            participants.map(|one| self.participant_view(event, one, conversations)).collect();
        let mut view = json!({
            "id": event.id,
            "calendar_id": event.calendar,
            "start_time": event.start.to_string(),
            "end_time": event.end.to_string(),
            "title": event.title,
            "location": event.location,
            "content": event.content,
            "is_deleted": event.is_deleted,
            "participants": participants,
            "custom_data": event.custom_data,
        });
        if self.settings.apptoto.event_fields == EventFields::All {
            view["external_id"] = json!(event.external_id);
            view["time_zone"] = json!(event.time_zone);
            view["all_day"] = json!(event.all_day);
            view["show_as"] = json!(event.show_as);
        }
        view
    }

    /// Renders a participant. The state is `reminded` if an automatic message was sent, and `initial` if
    /// not. The sandbox has no other states, because participants never reply.
    fn participant_view(&self, event: &StoredEvent, participant: &Participant, conversations: bool) -> Value {
        let messages = self.account.messages.iter().filter(|one| one.participant == Some(participant.id));
        let sent: Vec<_> =
            messages.filter(|one| one.is_sent(self.now) && one.event == Some(event.id)).collect();
        let reminded = sent.iter().any(|one| one.automatic);
        let mut view = json!({
            "id": participant.id,
            "name": participant.name,
            "phone": participant.phone,
            "normalized_phone": participant.normalized_phone(),
            "email": participant.email,
            "state": if reminded { "reminded" } else { "initial" },
        });
        if conversations {
            view["conversations"] = sent.iter().map(|one| one.conversation()).collect();
        }
        view
    }

    fn requested_event(&self, call: &Call) -> Result<&StoredEvent, ApiError> {
        let events = &self.account.events;
        let found = event_ref(call)?.map(|(id, external_id)| StoredEvent::find(events, id, external_id));
        let found = found.ok_or_else(|| ApiError::invalid("id: is required if external_id is missing"))?;
        found.and_then(|index| events.get(index)).ok_or_else(|| ApiError::not_found("event"))
    }
}

/// The id and the external id in a request, of which at least one is present.
type EventRef<'a> = (Option<u64>, Option<&'a str>);

/// Reads the parameters `id` and `external_id`. Returns `None` if both are missing.
pub(super) fn event_ref(call: &Call) -> Result<Option<EventRef<'_>>, ApiError> {
    match (call.query("id"), call.query("external_id")) {
        (None, None) => Ok(None),
        (Some(id), external_id) => {
            let id = id.parse().map_err(|_| ApiError::invalid("id: must be a whole number"))?;
            Ok(Some((Some(id), external_id)))
        }
        (None, external_id) => Ok(Some((None, external_id))),
    }
}

fn matches(participant: &Participant, phone: Option<&str>, email: Option<&str>) -> bool {
    let phone = phone.is_none_or(|phone| {
        normalized(phone).is_some_and(|phone| participant.normalized_phone() == Some(phone))
    });
    phone && email.is_none_or(|email| participant.email.eq_ignore_ascii_case(email))
}

fn flag(call: &Call, name: &str) -> Result<bool, ApiError> {
    match call.query(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(ApiError::invalid(format!("{name}: must be true, false, 1 or 0"))),
    }
}

fn time(call: &Call, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let read = |text| {
        crate::world::time::read(text)
            .ok_or_else(|| ApiError::invalid(format!("{name}: must be an ISO 8601 date or time")))
    };
    call.query(name).map(read).transpose()
}

/// Returns a query parameter, which must be a positive number, or `default` if it is missing.
fn number(call: &Call, name: &str, default: u64) -> Result<u64, ApiError> {
    let Some(text) = call.query(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| ApiError::invalid(format!("{name}: must be a positive whole number")))
}
