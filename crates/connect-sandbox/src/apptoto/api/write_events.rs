//! The endpoints that write events. A batch is validated as a whole before any event is written.

use super::Api;
use super::account::{FolderName, MAX_ITEMS};
use super::error::ApiError;
use super::event_time::EventTime;
use super::events::{Participant, StoredEvent};
use super::fields::{FieldError, RequestFields};
use super::form;
use super::phone::normalized;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::{Duplicate, Move};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The fields of an event in a request.
pub(super) struct EventDraft<'a> {
    fields: RequestFields<'a>,
    pub(super) id: Option<u64>,
    pub(super) external_id: Option<String>,
    calendar: Option<FolderName>,
    title: Option<String>,
    start: Option<EventTime>,
    end: Option<EventTime>,
    time_zone: Option<String>,
    location: Option<String>,
    content: Option<String>,
    all_day: Option<bool>,
    show_as: Option<Option<u64>>,
    participants: Option<Vec<ParticipantDraft>>,
    custom_data: Option<Map<String, Value>>,
}

struct ParticipantDraft {
    id: Option<u64>,
    name: String,
    phone: String,
    email: String,
}

impl<'a> EventDraft<'a> {
    pub(super) fn read(fields: RequestFields<'a>) -> Result<Self, FieldError> {
        let people = fields.objects("participants")?;
        Ok(Self {
            id: fields.id("id")?,
            external_id: fields.some_text("external_id")?,
            calendar: FolderName::read(&fields, "calendar")?,
            title: fields.some_text("title")?,
            start: fields.moment("start_time")?,
            end: fields.moment("end_time")?,
            time_zone: fields.text("time_zone")?,
            location: fields.text("location")?,
            content: fields.text("content")?,
            all_day: fields.flag("all_day")?,
            show_as: show_as(&fields)?,
            participants: people.map(|all| all.iter().map(participant).collect()).transpose()?,
            custom_data: fields.data("custom_data")?,
            fields,
        })
    }

    fn field_error(&self, name: &str, reason: &str) -> FieldError {
        self.fields.field_error(name, reason)
    }

    fn taken(&self) -> FieldError {
        self.field_error("external_id", "another event of the account has this external id")
    }
}

/// Reads `show_as`, which must be null or a number from 0 to 4.
fn show_as(fields: &RequestFields<'_>) -> Result<Option<Option<u64>>, FieldError> {
    match fields.id("show_as")? {
        Some(5..) => Err(fields.field_error("show_as", "must be null or a number from 0 to 4")),
        number => Ok(fields.value("show_as").map(|_| number)),
    }
}

fn participant(fields: &RequestFields<'_>) -> Result<ParticipantDraft, FieldError> {
    let text = |name| Ok(fields.text(name)?.unwrap_or_default());
    let draft = ParticipantDraft {
        id: fields.id("id")?,
        name: text("name")?,
        phone: text("phone")?,
        email: text("email")?,
    };
    if draft.name.is_empty() && draft.phone.is_empty() && draft.email.is_empty() {
        return Err(fields.field_error("name", "is required if phone and email are missing"));
    }
    Ok(draft)
}

impl Api<'_> {
    /// `POST /v1/events`. Ignores ids.
    pub(super) fn create_events(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::json(call)?;
        let (mut drafts, provisions) = read(&body)?;
        let mut seen = BTreeSet::new();
        for draft in &drafts {
            self.check_new_event(draft, provisions)?;
            self.check_external_id(draft, None)?;
            let twice = draft.external_id.as_ref().is_some_and(|external_id| !seen.insert(external_id));
            if twice && self.settings.apptoto.duplicate == Duplicate::Refused {
                return Err(draft.taken().into());
            }
        }
        self.check_room(&drafts.iter().collect::<Vec<_>>())?;
        drafts.iter_mut().for_each(|draft| draft.id = None);
        let made: Vec<_> = drafts.into_iter().map(|draft| self.insert_event(draft)).collect();
        let reply = self.created(&self.events_view(&made));
        self.batch(made.len(), reply)
    }

    /// `PUT /v1/events`.
    pub(super) fn upsert_events(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::json(call)?;
        let (drafts, provisions) = read(&body)?;
        for draft in &drafts {
            match (self.target(draft), draft.id) {
                (Some(index), _) => self.check_change(index, draft)?,
                (None, Some(_)) => return Err(ApiError::not_found("event")),
                (None, None) => self.check_new_event(draft, provisions)?,
            }
        }
        let new = drafts.iter().filter(|draft| self.target(draft).is_none());
        self.check_room(&new.collect::<Vec<_>>())?;
        let written = drafts.into_iter().map(|draft| match self.target(&draft) {
            Some(index) => self.change_event(index, draft),
            None => self.insert_event(draft),
        });
        let written: Vec<_> = written.collect();
        let reply = ok(&self.events_view(&written));
        self.batch(written.len(), reply)
    }

    /// `DELETE /v1/events`: marks an event as deleted and cancels its messages. A second deletion has the
    /// same response.
    pub(super) fn delete_event(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let event_ref = super::events::event_ref(call)?;
        let (id, external_id) =
            event_ref.ok_or_else(|| ApiError::invalid("id: is required if external_id is missing"))?;
        let index = StoredEvent::find(&self.account.events, id, external_id);
        let event = index.and_then(|index| self.account.events.get_mut(index));
        let event = event.ok_or_else(|| ApiError::not_found("event"))?;
        event.is_deleted = true;
        let id = event.id;
        self.plan_messages(id);
        Ok(ok(&self.events_view(&[id])))
    }

    pub(super) fn check_new_event(&self, draft: &EventDraft<'_>, provisions: bool) -> Result<(), FieldError> {
        let calendar = draft.calendar.as_ref().ok_or_else(|| draft.field_error("calendar", "is required"))?;
        if calendar.find(&self.account.calendars).is_none() {
            match calendar {
                FolderName::Id(_) => {
                    return Err(draft.field_error("calendar_id", "there is no such calendar"));
                }
                FolderName::Name(_) if !provisions => {
                    return Err(draft.field_error("calendar", "there is no such calendar"));
                }
                FolderName::Name(_) => {}
            }
        }
        for (name, there) in [
            ("title", draft.title.is_some()),
            ("start_time", draft.start.is_some()),
            ("end_time", draft.end.is_some()),
        ] {
            if !there {
                return Err(draft.field_error(name, "is required"));
            }
        }
        check_order(draft, draft.start, draft.end)
    }

    fn check_change(&self, index: usize, draft: &EventDraft<'_>) -> Result<(), FieldError> {
        let Some(event) = self.account.events.get(index) else { return Ok(()) };
        self.check_external_id(draft, Some(event.id))?;
        let refuses = self.settings.apptoto.moves == Move::Refused;
        let elsewhere = |name: &FolderName| name.find(&self.account.calendars) != Some(event.calendar);
        if refuses && draft.calendar.as_ref().is_some_and(elsewhere) {
            return Err(draft.field_error("calendar", "an event cannot be moved to another calendar"));
        }
        check_order(draft, draft.start.or(Some(event.start)), draft.end.or(Some(event.end)))
    }

    /// Checks that no other event of the account has the external id. Deleted events do not count.
    fn check_external_id(&self, draft: &EventDraft<'_>, own: Option<u64>) -> Result<(), FieldError> {
        let others = self.account.events.iter().filter(|event| !event.is_deleted && Some(event.id) != own);
        let mut same =
            others.filter(|event| draft.external_id.is_some() && event.external_id == draft.external_id);
        match same.next() {
            Some(_) if self.settings.apptoto.duplicate == Duplicate::Refused => Err(draft.taken()),
            _ => Ok(()),
        }
    }

    fn check_room(&self, drafts: &[&EventDraft<'_>]) -> Result<(), ApiError> {
        let account = &self.account;
        let calendars = drafts.iter().filter_map(|draft| draft.calendar.as_ref());
        let room = account.events.len() + drafts.len() <= MAX_ITEMS
            && FolderName::has_room(&account.calendars, calendars);
        if room { Ok(()) } else { Err(ApiError::full()) }
    }

    /// Returns the event to change.
    fn target(&self, draft: &EventDraft<'_>) -> Option<usize> {
        let index = StoredEvent::find(&self.account.events, draft.id, draft.external_id.as_deref())?;
        // A deleted event is found only by its id, because a newer event can have the same external id.
        let deleted = self.account.events.get(index).is_some_and(|event| event.is_deleted);
        (draft.id.is_some() || !deleted).then_some(index)
    }

    /// Adds a validated event, generates an id if it has none, and returns the id.
    pub(super) fn insert_event(&mut self, draft: EventDraft<'_>) -> u64 {
        let id = draft.id.unwrap_or_else(|| self.ids.next());
        let calendar =
            draft.calendar.as_ref().and_then(|name| name.find_or_make(&mut self.account.calendars, self.ids));
        if let (Some(calendar), Some(start), Some(end)) = (calendar, draft.start, draft.end) {
            self.account.events.push(StoredEvent {
                id,
                calendar,
                external_id: None,
                title: String::new(),
                start,
                end,
                time_zone: None,
                location: String::new(),
                content: String::new(),
                all_day: false,
                show_as: None,
                is_deleted: false,
                participants: Vec::new(),
                custom_data: Map::new(),
            });
        }
        let last = self.account.events.len().saturating_sub(1);
        self.change_event(last, draft)
    }

    /// Changes an event. Omitted fields keep their values.
    fn change_event(&mut self, index: usize, draft: EventDraft<'_>) -> u64 {
        let people = draft.participants.map(|people| self.merge_participants(index, people));
        let Some(event) = self.account.events.get_mut(index) else { return 0 };
        if draft.external_id.is_some() {
            event.external_id = draft.external_id;
        }
        event.title = draft.title.unwrap_or_else(|| std::mem::take(&mut event.title));
        (event.start, event.end) = (draft.start.unwrap_or(event.start), draft.end.unwrap_or(event.end));
        event.time_zone = draft.time_zone.or_else(|| event.time_zone.take());
        event.location = draft.location.unwrap_or_else(|| std::mem::take(&mut event.location));
        event.content = draft.content.unwrap_or_else(|| std::mem::take(&mut event.content));
        event.all_day = draft.all_day.unwrap_or(event.all_day);
        event.show_as = draft.show_as.unwrap_or(event.show_as);
        event.custom_data = draft.custom_data.unwrap_or_else(|| std::mem::take(&mut event.custom_data));
        event.participants = people.unwrap_or_else(|| std::mem::take(&mut event.participants));
        let id = event.id;
        self.plan_messages(id);
        id
    }

    /// Returns the participants after an update. A participant in the request gets the id of the stored
    /// participant with the same id, phone number or e-mail address. Stored participants who already got a
    /// message are not removed, unless the switch `apptoto_keep_messaged` is off.
    fn merge_participants(&mut self, index: usize, people: Vec<ParticipantDraft>) -> Vec<Participant> {
        let mut before =
            self.account.events.get(index).map(|event| event.participants.clone()).unwrap_or_default();
        let mut merged: Vec<_> = people
            .into_iter()
            .map(|new| {
                let phone = normalized(&new.phone);
                let same = |old: &Participant| {
                    new.id == Some(old.id)
                        || phone.is_some() && old.normalized_phone() == phone
                        || !new.email.is_empty() && old.email.eq_ignore_ascii_case(&new.email)
                };
                let known = before.iter().position(same).map(|index| before.remove(index).id);
                let id = known.unwrap_or_else(|| self.ids.next());
                Participant { id, name: new.name, phone: new.phone, email: new.email }
            })
            .collect();
        if self.settings.apptoto.keep_messaged {
            let messages = &self.account.messages;
            let messaged = |old: &Participant| {
                messages.iter().any(|one| one.participant == Some(old.id) && one.is_sent(self.now))
            };
            merged.extend(before.into_iter().filter(messaged));
        }
        merged
    }

    fn events_view(&self, ids: &[u64]) -> Value {
        let event = |id: &u64| self.account.events.iter().find(|event| event.id == *id);
        let events = ids.iter().filter_map(event).map(|event| self.event_view(event, None, false));
        json!({ "events": events.collect::<Vec<_>>() })
    }

    /// Returns the response to a batch. If the batch is larger than the switch `apptoto_batch` allows, fails
    /// with a gateway error, although the batch was written.
    pub(super) fn batch(&self, count: usize, reply: Reply) -> Result<Reply, ApiError> {
        let most = self.settings.apptoto.batch;
        if most.is_some_and(|most| count as u64 > most) { Err(ApiError::gateway()) } else { Ok(reply) }
    }
}

/// Reads the events, and whether an unknown calendar name creates a calendar.
fn read(body: &Map<String, Value>) -> Result<(Vec<EventDraft<'_>>, bool), FieldError> {
    let root = RequestFields::root(body);
    let prevents = root.flag("prevent_calendar_creation")?.unwrap_or(false);
    let drafts = root.need_objects("events")?.into_iter().map(EventDraft::read).collect::<Result<_, _>>()?;
    Ok((drafts, !prevents))
}

fn check_order(
    draft: &EventDraft<'_>,
    start: Option<EventTime>,
    end: Option<EventTime>,
) -> Result<(), FieldError> {
    match (start, end) {
        (Some(start), Some(end)) if end.at < start.at => {
            Err(draft.field_error("end_time", "must not be before start_time"))
        }
        _ => Ok(()),
    }
}
