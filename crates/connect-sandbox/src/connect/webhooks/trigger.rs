//! Changes on demand: what the provider's user does in the provider's own calendar.

use super::body::told;
use super::subscriptions::CalendarKey;
use crate::connect::Connect;
use crate::world::calendar::{ChangeKind, Deed, Undone};
use crate::world::provider::Provider;
use crate::world::time;
use jiff::Timestamp;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change by the provider's user, to be made now.
///
/// ```
/// use connect_sandbox::Trigger;
/// let change = Trigger::updated().user("ada").provider("google").title("Moved to room 5");
/// ```
///
/// What is not said is chosen: the user and the calendar that were subscribed first, and of a calendar the next event. An
/// event created starts at the next full hour and takes one; one updated without saying how gets another title.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    user: Option<String>,
    client_id: Option<String>,
    provider: Option<String>,
    calendar_id: Option<String>,
    #[serde(default = "by_default")]
    change: ChangeKind,
    event_id: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "read_time")]
    start: Option<Timestamp>,
    #[serde(default, deserialize_with = "read_time")]
    end: Option<Timestamp>,
}

/// What was changed, and the delivery that is going to tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Triggered {
    /// The id of the delivery: its `webhook-id`.
    pub delivery: String,
    /// When the provider tells of the change: the delivery is made then.
    #[serde(serialize_with = "time::serialize_wire")]
    pub due: Timestamp,
    /// The application.
    pub client_id: String,
    /// The user.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The calendar.
    pub calendar_id: String,
    /// The event as the documented body of a delivery has it, with its `changeType`.
    pub event: Value,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// No application has this id.
    #[error("there is no application {0:?}")]
    UnknownApp(String),
    /// The user never signed in.
    #[error("there is no user {0:?}: sign the user in first")]
    UnknownUser(String),
    /// Nobody signed in yet.
    #[error("there is no user yet: sign one in first")]
    NoUser,
    /// Where to is not known.
    #[error("the application has no webhook URL: set it (webhook_url) before the user connects an account")]
    NoWebhookUrl,
    /// Nothing that was named is subscribed.
    #[error(
        "no such calendar is subscribed: a calendar is when its account connects while a webhook URL is set, or by \
         POST /subscribe-webhook; GET /sandbox/subscriptions lists those that are"
    )]
    NotSubscribed,
    /// The calendar has no event with this id.
    #[error("the calendar has no event {0:?}")]
    UnknownEvent(String),
    /// There is nothing to update or to delete.
    #[error("the calendar has no events: create one first")]
    NoEvent,
    /// The event would end before it starts.
    #[error("end must not be before start")]
    EndBeforeStart,
}

impl Trigger {
    /// An event is added.
    pub fn created() -> Self {
        Self::new(ChangeKind::Created)
    }

    /// An event is changed.
    pub fn updated() -> Self {
        Self::new(ChangeKind::Updated)
    }

    /// An event is removed.
    pub fn deleted() -> Self {
        Self::new(ChangeKind::Deleted)
    }

    /// The user whose calendar it is.
    #[must_use]
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.user = Some(id.into());
        self
    }

    /// The application the user signed in to.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// `google`, `microsoft`, `apple` or `caldav`.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// The calendar, by its listed id.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = Some(id.into());
        self
    }

    /// The event, or one occurrence of a series, by its listed id.
    #[must_use]
    pub fn event(mut self, id: impl Into<String>) -> Self {
        self.event_id = Some(id.into());
        self
    }

    /// The title it gets.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// When it starts. Alone, it moves an event that is updated.
    #[must_use]
    pub fn start(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// When it ends.
    #[must_use]
    pub fn end(mut self, end: Timestamp) -> Self {
        self.end = Some(end);
        self
    }

    fn new(change: ChangeKind) -> Self {
        Self {
            user: None,
            client_id: None,
            provider: None,
            calendar_id: None,
            change,
            event_id: None,
            title: None,
            start: None,
            end: None,
        }
    }

    fn names(&self, client: &str, user: &str) -> bool {
        self.client_id.as_deref().is_none_or(|named| named == client)
            && self.user.as_deref().is_none_or(|named| named == user)
    }
}

impl Connect<'_> {
    pub(crate) fn trigger(&mut self, trigger: Trigger, now: Timestamp) -> Result<Triggered, TriggerError> {
        self.notice(now);
        let key = self.meant_calendar(&trigger)?;
        let deed = Deed {
            kind: trigger.change,
            event: trigger.event_id,
            title: trigger.title,
            start: trigger.start,
            end: trigger.end,
        };
        let (mut random, style) = (self.world.stream(), self.style());
        let mut calendars = self.world.calendars(&key.user, key.provider).into_iter().flatten();
        let calendar = calendars.find(|calendar| calendar.id == key.id).ok_or(TriggerError::NotSubscribed)?;
        let changes = calendar.change_outside(&deed, &mut random, now)?;
        let event = changes.changed.last().map(|changed| told(calendar, changed, style)).unwrap_or_default();
        self.note_for_others(&key.user, &changes);
        let (delivery, due) = self.note(&key.user, changes, false).ok_or(TriggerError::NotSubscribed)?;
        Ok(Triggered {
            delivery,
            due,
            client_id: key.user.client,
            user_id: key.user.id,
            provider: key.provider.name(),
            calendar_id: key.id,
            event,
        })
    }

    /// The first subscribed calendar that fits, or what is missing.
    fn meant_calendar(&self, trigger: &Trigger) -> Result<CalendarKey, TriggerError> {
        if let Some(unknown) = trigger.client_id.as_deref().filter(|id| self.world.registered(id).is_none()) {
            return Err(TriggerError::UnknownApp(unknown.to_owned()));
        }
        let users: Vec<_> =
            self.world.users.keys().filter(|user| trigger.names(&user.client, &user.id)).collect();
        if users.is_empty() {
            return Err(trigger.user.clone().map_or(TriggerError::NoUser, TriggerError::UnknownUser));
        }
        let configured =
            |client: &str| self.world.registered(client).is_some_and(|app| app.app.webhook_url.is_some());
        if !users.iter().any(|user| configured(&user.client)) {
            return Err(TriggerError::NoWebhookUrl);
        }
        let keys = self.own.subscriptions.all().iter().filter_map(super::Subscription::key);
        let mut fitting = keys.filter(|key| {
            trigger.names(&key.user.client, &key.user.id)
                && configured(&key.user.client)
                && trigger.provider.as_deref().is_none_or(|name| Provider::parse(name) == Some(key.provider))
                && trigger.calendar_id.as_ref().is_none_or(|id| *id == key.id)
        });
        fitting.next().ok_or(TriggerError::NotSubscribed)
    }
}

impl From<Undone> for TriggerError {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::NoEvent => Self::NoEvent,
            Undone::UnknownEvent(id) => Self::UnknownEvent(id),
            Undone::EndBeforeStart => Self::EndBeforeStart,
        }
    }
}

fn by_default() -> ChangeKind {
    ChangeKind::Updated
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let read = |text: String| {
        time::read(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not an ISO 8601 date")))
    };
    text.map(read).transpose()
}
