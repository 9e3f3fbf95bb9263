//! Events, one of them and lists of them.

use super::Api;
use super::account::LARGEST_PAGE;
use super::moment::Moment;
use super::phone::normalized;
use super::refused::Refused;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::EventFields;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) calendar: u64,
    pub(super) external_id: Option<String>,
    pub(super) title: String,
    pub(super) start: Moment,
    pub(super) end: Moment,
    pub(super) time_zone: Option<String>,
    pub(super) location: String,
    pub(super) content: String,
    pub(super) all_day: bool,
    pub(super) show_as: Option<u64>,
    pub(super) is_deleted: bool,
    pub(super) participants: Vec<Participant>,
    pub(super) custom_data: Map<String, Value>,
}

#[derive(Clone, Debug)]
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

impl Event {
    /// By its own id, or by that of the application; of several with the same external id, one that is not deleted.
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
    /// `GET /v1/event`; a deleted one says so.
    pub(super) fn get_event(&mut self, call: &Call) -> Result<Reply, Refused> {
        let event = self.asked_event(call)?;
        Ok(ok(&self.event_view(event, None, flag(call, "include_conversations")?)))
    }

    /// `GET /v1/events`: a page, or by an id one event, as before there was `/v1/event`.
    pub(super) fn list_events(&mut self, call: &Call) -> Result<Reply, Refused> {
        let conversations = flag(call, "include_conversations")?;
        if call.query("id").or(call.query("external_id")).is_some() {
            let event = self.asked_event(call)?;
            return Ok(ok(&json!({ "events": [self.event_view(event, None, conversations)] })));
        }
        let (begin, end) = (time(call, "begin")?, time(call, &self.settings.apptoto.end_parameter)?);
        let deleted = flag(call, "include-deleted")? || flag(call, "include_deleted")?;
        let size = usize::try_from(number(call, "page_size", DEFAULT_PAGE_SIZE)?).unwrap_or(LARGEST_PAGE);
        let page = usize::try_from(number(call, "page", 1)?).unwrap_or(usize::MAX);
        let size = size.min(LARGEST_PAGE);
        let (phone, email) = (call.query("phone_number"), call.query("email_address"));

        let mut found: Vec<&Event> = self.account.events.iter().collect();
        found.retain(|event| {
            (deleted || !event.is_deleted)
                && begin.is_none_or(|begin| event.start.at >= begin)
                && end.is_none_or(|end| event.start.at <= end)
        });
        found.sort_by_key(|event| (event.start.at, event.id));
        // By phone number or address, an event is there once for each participant who matches, with nobody else.
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

    /// As on the API pages, with everybody or with one participant only; the switch `apptoto_event_fields` adds what the pages
    /// do not show.
    pub(super) fn event_view(&self, event: &Event, only: Option<u64>, conversations: bool) -> Value {
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

    /// Nobody answers here: a participant is `reminded` once an automatic message has gone out, and `initial` before.
    fn participant_view(&self, event: &Event, participant: &Participant, conversations: bool) -> Value {
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

    fn asked_event(&self, call: &Call) -> Result<&Event, Refused> {
        let events = &self.account.events;
        let found = asked(call)?.map(|(id, external_id)| Event::find(events, id, external_id));
        let found = found.ok_or_else(|| Refused::invalid("id: is required, or external_id"))?;
        found.and_then(|index| events.get(index)).ok_or_else(|| Refused::not_found("event"))
    }
}

/// Who is asked for: the id of the service, or that of the application.
type Asked<'a> = (Option<u64>, Option<&'a str>);

/// The parameters `id` and `external_id`, of which one has to be there.
pub(super) fn asked(call: &Call) -> Result<Option<Asked<'_>>, Refused> {
    match (call.query("id"), call.query("external_id")) {
        (None, None) => Ok(None),
        (Some(id), external_id) => {
            let id = id.parse().map_err(|_| Refused::invalid("id: must be a whole number"))?;
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

fn flag(call: &Call, name: &str) -> Result<bool, Refused> {
    match call.query(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Refused::invalid(format!("{name}: must be true or false"))),
    }
}

fn time(call: &Call, name: &str) -> Result<Option<Timestamp>, Refused> {
    let read = |text| {
        crate::world::time::read(text)
            .ok_or_else(|| Refused::invalid(format!("{name}: must be an ISO 8601 time")))
    };
    call.query(name).map(read).transpose()
}

/// From 1 on.
fn number(call: &Call, name: &str, default: u64) -> Result<u64, Refused> {
    let Some(text) = call.query(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Refused::invalid(format!("{name}: must be a whole number from 1 on")))
}
