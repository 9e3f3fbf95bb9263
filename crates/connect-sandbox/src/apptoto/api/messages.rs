//! Messages to participants and to other recipients. The sandbox never sends a message.
//! `/sandbox/apptoto/messages` lists all messages.
//!
//! Participants get an automatic message if the switch `apptoto_auto_messages` is on or the event contains
//! `#auto`. Users of the real service choose the time of automatic messages on Apptoto's website. In the
//! sandbox, an automatic message is due a day before the event starts, or immediately if the event starts
//! within a day.

use super::Api;
use super::State;
use super::account::MAX_MESSAGES;
use super::error::ApiError;
use super::events::{Participant, StoredEvent};
use super::fields::RequestFields;
use super::form;
use super::phone::normalized;
use crate::call::Call;
use crate::reply::{Reply, ok, text};
use crate::settings::SendReply;
use crate::stored::{Word, word};
use crate::world::time;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A message that the sandbox records instead of sending it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApptotoMessage {
    /// The id of the message.
    pub id: u64,
    /// The e-mail address of the account that sends the message.
    pub account: String,
    /// The phone number in international format, or the e-mail address.
    pub to: String,
    /// `sms`, `call` or `email`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The text. Dynamic fields such as `{{ name }}` are not replaced.
    pub message: Option<String>,
    /// The id of the template of the text.
    pub template_id: Option<String>,
    /// The subject of an e-mail.
    pub subject: Option<String>,
    /// The event that the message is about.
    pub event_id: Option<u64>,
    /// The participant that the message is for.
    pub participant_id: Option<u64>,
    /// Whether the message is automatic.
    pub automatic: bool,
    /// The price in credits, always 1, because Apptoto documents no prices.
    pub credits: u64,
    /// The time at which the message is sent.
    #[serde(serialize_with = "time::serialize_wire")]
    pub at: Timestamp,
    /// The delivery state.
    pub state: ApptotoMessageState,
}

/// The delivery state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ApptotoMessageState {
    /// The message will be sent later.
    Pending,
    /// The message was sent.
    Sent,
    /// The message will not be sent, for example because its event or participant was deleted.
    Cancelled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Message {
    id: u64,
    to: String,
    #[serde(deserialize_with = "word")]
    kind: Word,
    text: Option<String>,
    template: Option<String>,
    subject: Option<String>,
    pub(super) event: Option<u64>,
    pub(super) participant: Option<u64>,
    pub(super) automatic: bool,
    due: Timestamp,
    cancelled: bool,
}

impl Message {
    pub(super) fn is_sent(&self, now: Timestamp) -> bool {
        !self.cancelled && self.due <= now
    }

    fn to_public(&self, account: &str, now: Timestamp) -> ApptotoMessage {
        let state = match (self.cancelled, self.due <= now) {
            (true, _) => ApptotoMessageState::Cancelled,
            (false, true) => ApptotoMessageState::Sent,
            (false, false) => ApptotoMessageState::Pending,
        };
        ApptotoMessage {
            id: self.id,
            account: account.to_owned(),
            to: self.to.clone(),
            kind: self.kind,
            message: self.text.clone(),
            template_id: self.template.clone(),
            subject: self.subject.clone(),
            event_id: self.event,
            participant_id: self.participant,
            automatic: self.automatic,
            credits: 1,
            at: self.due,
            state,
        }
    }

    /// Renders an entry of `conversations`, whose format is not documented.
    pub(super) fn conversation(&self) -> Value {
        json!({
            "id": self.id,
            "type": self.kind,
            "to": self.to,
            "message": self.text,
            "template_id": self.template,
            "sent_at": time::wire(self.due),
        })
    }
}

impl State {
    pub(crate) fn messages(&self, now: Timestamp) -> Vec<ApptotoMessage> {
        let accounts = self.accounts.iter();
        accounts
            .flat_map(|(email, account)| account.messages.iter().map(move |one| one.to_public(email, now)))
            .collect()
    }
}

/// The address of a recipient, and the ids of the event and the participant, if known.
type Recipient = (String, Option<u64>, Option<u64>);

impl Api<'_> {
    /// `POST /v1/send_message`.
    pub(super) fn send_message(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::json(call)?;
        let fields = RequestFields::root(&body);
        let kind = fields.need_text("type")?;
        let kind = ["sms", "call", "email"].into_iter().find(|known| *known == kind);
        let kind = kind.ok_or_else(|| fields.field_error("type", "must be sms, call or email"))?;
        let (message, template) = (fields.some_text("message")?, fields.some_text("template_id")?);
        if message.is_none() && template.is_none() {
            return Err(fields.field_error("message", "is required if template_id is missing").into());
        }
        let subject = fields.some_text("subject")?;
        let recipients = self.recipients(&fields, kind)?;
        if recipients.is_empty() {
            let missing = if kind == "email" { "an e-mail address" } else { "a phone number" };
            return Err(fields
                .field_error("type", format!("is {kind}, but no selected participant has {missing}"))
                .into());
        }
        for (to, event, participant) in recipients {
            let id = self.ids.next();
            self.keep_message(Message {
                id,
                to,
                kind,
                text: message.clone(),
                template: template.clone(),
                subject: subject.clone(),
                event,
                participant,
                automatic: false,
                due: self.now,
                cancelled: false,
            });
        }
        match self.settings.apptoto.send_reply {
            SendReply::Empty => Ok(text(StatusCode::OK, "application/json; charset=utf-8", String::new())),
            SendReply::Success => Ok(ok(&json!({ "success": true }))),
        }
    }

    /// Returns the recipients who have an address for messages of the type `kind`.
    ///
    /// The request contains an address, or selects one participant, or all participants of an event.
    fn recipients(&self, fields: &RequestFields<'_>, kind: &str) -> Result<Vec<Recipient>, ApiError> {
        let ways = ["to", "event_id", "participant_id"];
        let [way] = ways.into_iter().filter(|name| fields.has(name)).collect::<Vec<_>>()[..] else {
            return Err(fields
                .field_error("to", "exactly one of to, event_id and participant_id is required")
                .into());
        };
        if way == "to" {
            let to = fields.need_text("to")?;
            let wanted = if kind == "email" { "must be an e-mail address" } else { "must be a phone number" };
            let address = address(kind, &to, &to).ok_or_else(|| fields.field_error("to", wanted))?;
            return Ok(vec![(address, None, None)]);
        }
        let id = fields.id(way)?;
        let live = self.account.events.iter().filter(|event| !event.is_deleted);
        let known: Vec<(&StoredEvent, &Participant)> = match way {
            "event_id" => {
                let mut live = live;
                let event =
                    live.find(|event| Some(event.id) == id).ok_or_else(|| ApiError::not_found("event"))?;
                event.participants.iter().map(|one| (event, one)).collect()
            }
            _ => {
                let all = live.flat_map(|event| event.participants.iter().map(move |one| (event, one)));
                let found: Vec<_> = all.filter(|(_, one)| Some(one.id) == id).collect();
                if found.is_empty() {
                    return Err(ApiError::not_found("participant"));
                }
                found
            }
        };
        let reached = known.into_iter().filter_map(|(event, one)| {
            Some((address(kind, &one.phone, &one.email)?, Some(event.id), Some(one.id)))
        });
        Ok(reached.collect())
    }

    /// Creates, reschedules and cancels the automatic messages of an event after the event was changed.
    pub(super) fn plan_messages(&mut self, event_id: u64) {
        let Some(event) = self.account.events.iter().find(|event| event.id == event_id).cloned() else {
            return;
        };
        let marked =
            [&event.title, &event.location, &event.content].iter().any(|text| text.contains("#auto"));
        let wanted =
            !event.is_deleted && event.start.at > self.now && (marked || self.settings.apptoto.auto_messages);
        let due = time::plus_hours(event.start.at, -24).max(self.now);
        let takes_part =
            |one: &Message| event.participants.iter().any(|person| Some(person.id) == one.participant);
        let mut told: Vec<u64> = Vec::new();
        for message in
            self.account.messages.iter_mut().filter(|one| one.automatic && one.event == Some(event_id))
        {
            if !message.is_sent(self.now) {
                message.cancelled = message.cancelled || !wanted || !takes_part(message);
                message.due = due;
            }
            told.extend(message.participant.filter(|_| !message.cancelled));
        }
        for person in event.participants.iter().filter(|person| wanted && !told.contains(&person.id)) {
            let ways = ["sms", "email"].into_iter();
            let way =
                ways.filter_map(|kind| Some((kind, address(kind, &person.phone, &person.email)?))).next();
            let Some((kind, to)) = way else { continue };
            let id = self.ids.next();
            self.keep_message(Message {
                id,
                to,
                kind,
                text: None,
                template: Some("auto".to_owned()),
                subject: None,
                event: Some(event_id),
                participant: Some(person.id),
                automatic: true,
                due,
                cancelled: false,
            });
        }
    }

    fn keep_message(&mut self, message: Message) {
        if self.account.messages.len() >= MAX_MESSAGES {
            self.account.messages.pop_front();
        }
        self.account.messages.push_back(message);
    }
}

/// Returns `email` if `kind` is `email`, and otherwise the normalized `phone`.
///
/// Returns `None` if the e-mail address or the phone number is invalid.
fn address(kind: &str, phone: &str, email: &str) -> Option<String> {
    match kind {
        "email" => Some(email.trim()).filter(|email| is_email(email)).map(str::to_owned),
        _ => normalized(phone),
    }
}

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace)
}
