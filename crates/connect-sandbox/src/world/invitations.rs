//! Messages to the guests of events: recorded for assertions, not sent.

use crate::stored::{Word, optional_word, word};
use crate::world::accounts::CalendarRef;
use crate::world::calendar::{Calendar, Changes, Instance, Target};
use crate::world::provider::Provider;
use crate::world::{AccountChange, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message that Google Calendar or Outlook would send to a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invitation {
    /// `google` or `microsoft`.
    #[serde(deserialize_with = "word")]
    pub provider: Word,
    /// `invitation`, `update`, `cancellation`, or `reply` for a guest's reply to the organizer.
    #[serde(deserialize_with = "word")]
    pub kind: Word,
    /// The e-mail address of the guest; of the organizer for a reply.
    pub to: String,
    /// The id of the sender's calendar.
    pub calendar: String,
    /// The id of the event or occurrence.
    pub event: String,
    /// The event's title.
    pub title: String,
    /// The status in a reply: `accepted`, `declined`, `tentative` or `none`.
    #[serde(default, deserialize_with = "optional_word", skip_serializing_if = "Option::is_none")]
    pub status: Option<Word>,
    /// The guest's comment in a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How many of the most recent messages are never removed.
const MIN_STORED: usize = 10_000;

/// The guests that a write notifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendUpdates {
    All,
    /// Guests without a Gmail address. The addresses of demo accounts (`gmail.example`) count as
    /// Gmail addresses.
    External,
    Nobody,
}

/// The guests of an event that the account organizes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guests {
    calendar: String,
    event: String,
    title: String,
    to: Vec<String>,
}

impl Guests {
    /// Returns the guests of an event; none if the event is cancelled or has another organizer.
    pub(crate) fn of(calendar: &Calendar, target: &Target) -> Self {
        let guests = calendar.show(target, |one| {
            let is_me = |email: &str| email.eq_ignore_ascii_case(&calendar.account);
            let others = &one.fields.attendees;
            let invited = others.iter().any(|one| one.organizer == Some(true) && !is_me(&one.email));
            let off = invited || one.fields.status == Some("cancelled");
            let guests = others.iter().map(|guest| &guest.email).filter(|email| !off && !is_me(email));
            Self {
                calendar: calendar.id.clone(),
                event: one.id(),
                title: one.fields.title.clone(),
                to: guests.cloned().collect(),
            }
        });
        guests.unwrap_or_default()
    }

    fn has(&self, email: &str) -> bool {
        self.to.iter().any(|known| known.eq_ignore_ascii_case(email))
    }

    fn message(&self, provider: Provider, kind: &'static str, to: &str) -> Invitation {
        Invitation {
            provider: provider.name(),
            kind,
            to: to.to_owned(),
            calendar: self.calendar.clone(),
            event: self.event.clone(),
            title: self.title.clone(),
            status: None,
            comment: None,
        }
    }
}

/// The reply of the account to an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuestReply {
    calendar: String,
    event: String,
    title: String,
    organizer: String,
    status: &'static str,
    comment: Option<String>,
}

impl GuestReply {
    /// Returns the account's reply to the organizer; `None` if the account is the organizer.
    pub(crate) fn of(
        calendar: &Calendar,
        one: &Instance<'_>,
        status: &'static str,
        comment: Option<String>,
    ) -> Option<Self> {
        calendar.is_guest(&one.fields).then(|| Self {
            calendar: calendar.id.clone(),
            event: one.id(),
            title: one.fields.title.clone(),
            organizer: calendar.organizer(&one.fields).to_owned(),
            status,
            comment,
        })
    }

    /// Returns the account's stored reply to the organizer; `None` if the account is not a guest.
    pub(crate) fn stored(calendar: &Calendar, target: &Target) -> Option<Self> {
        let reply = calendar.show(target, |one| {
            let own = calendar.own_entry(&one.fields)?;
            let mut sent = one.fields.own.get("attendees").and_then(Value::as_array).into_iter().flatten();
            let entry = sent.find(|entry| entry["email"] == own.email.as_str());
            let comment = entry.and_then(|entry| entry["comment"].as_str()).map(str::to_owned);
            Self::of(calendar, one, own.status.unwrap_or("none"), comment)
        });
        reply.flatten()
    }

    pub(crate) fn is_to(&self, send_updates: SendUpdates) -> bool {
        send_updates.includes(&self.organizer)
    }
}

impl SendUpdates {
    fn includes(self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        match self {
            Self::All => true,
            Self::External => !matches!(domain.as_str(), "gmail.com" | "googlemail.com" | "gmail.example"),
            Self::Nobody => false,
        }
    }
}

impl World {
    /// Notifies Connect of a write, and records the messages to the event's former and current guests.
    pub(crate) fn notify_of_write(
        &mut self,
        place: &CalendarRef,
        changes: Changes,
        before: &Guests,
        after: &Guests,
        send_updates: SendUpdates,
    ) {
        let provider = place.provider;
        let change = place.user().map(|user| AccountChange::EventsChanged(user.clone(), changes));
        self.account_changes.extend(change);
        let now = after.to.iter().map(|email| {
            let kind = if before.has(email) { "update" } else { "invitation" };
            after.message(provider, kind, email)
        });
        let gone = before.to.iter().filter(|email| !after.has(email));
        let gone = gone.map(|email| before.message(provider, "cancellation", email));
        self.invitations.extend(now.chain(gone).filter(|one| send_updates.includes(&one.to)));
        self.limit_invitations();
    }

    /// Records a guest's reply to the organizer.
    pub(crate) fn record_reply(&mut self, provider: Provider, reply: GuestReply) {
        self.invitations.push(Invitation {
            provider: provider.name(),
            kind: "reply",
            to: reply.organizer,
            calendar: reply.calendar,
            event: reply.event,
            title: reply.title,
            status: Some(reply.status),
            comment: reply.comment,
        });
        self.limit_invitations();
    }

    fn limit_invitations(&mut self) {
        if self.invitations.len() >= 2 * MIN_STORED {
            self.invitations.drain(..MIN_STORED);
        }
    }
}
