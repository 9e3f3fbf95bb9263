//! Changes a calendar on request, as if a user did so in the provider's calendar program.

use super::body::changed_event;
use super::subscriptions::CalendarKey;
use crate::connect::Connect;
use crate::world::calendar::{ChangeKind, ExternalEdit, ExternalEditError};
use crate::world::provider::Provider;
use crate::world::time;
use jiff::Timestamp;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change that the sandbox makes on request, as if a user made it in the provider's program.
///
/// ```
/// use connect_sandbox::Trigger;
/// let change = Trigger::updated().user("ada").provider("google").title("Moved to room 5");
/// ```
///
/// By default, the change applies to the calendar that was subscribed first. By default, an update or a
/// deletion applies to the next event of the calendar, or to the last event if no event starts within a year.
/// A created event starts at the next full hour by default, and lasts one hour. An update that sets no field
/// appends `(changed)` to the title.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    user: Option<String>,
    client_id: Option<String>,
    provider: Option<String>,
    calendar_id: Option<String>,
    #[serde(default = "default_change")]
    change: ChangeKind,
    event_id: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "read_time")]
    start: Option<Timestamp>,
    #[serde(default, deserialize_with = "read_time")]
    end: Option<Timestamp>,
}

/// The change that was made, and the delivery that will report it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Triggered {
    /// The id of the delivery (`webhook-id`).
    pub delivery: String,
    /// When the provider reports the change and the delivery is created.
    #[serde(serialize_with = "time::serialize_wire")]
    pub due: Timestamp,
    /// The client id of the application.
    pub client_id: String,
    /// The id of the user.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The id of the calendar.
    pub calendar_id: String,
    /// The event in the format of the documented delivery body, with `changeType`.
    pub event: Value,
}

/// The error of [`Sandbox::trigger`](crate::Sandbox::trigger); nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// No application has this client id.
    #[error("no application has the clientId {0:?}")]
    UnknownApp(String),
    /// The user has not signed in.
    #[error("there is no user {0:?}: sign the user in first")]
    UnknownUser(String),
    /// No user has signed in to the application (to any application if the trigger sets no client id).
    #[error("no user has signed in to the application: sign a user in first")]
    NoUser,
    /// The application has no webhook URL.
    #[error("the application has no webhook URL: set it (webhook_url) before the user connects an account")]
    NoWebhookUrl,
    /// No subscribed calendar matches the trigger.
    #[error(
        "no subscribed calendar matches the request: set a webhook URL before the account is connected, or call \
         POST /subscribe-webhook; GET /sandbox/subscriptions lists the subscribed calendars"
    )]
    NotSubscribed,
    /// The calendar has no event with this id.
    #[error("the calendar has no event {0:?}")]
    UnknownEvent(String),
    /// The calendar has no event to update or delete.
    #[error("the calendar has no events: create an event first")]
    NoEvent,
    /// The event would end before it starts.
    #[error("the event ends before it starts")]
    EndBeforeStart,
}

impl Trigger {
    /// Creates a trigger that creates an event.
    pub fn created() -> Self {
        Self::new(ChangeKind::Created)
    }

    /// Creates a trigger that updates an event.
    pub fn updated() -> Self {
        Self::new(ChangeKind::Updated)
    }

    /// Creates a trigger that deletes an event.
    pub fn deleted() -> Self {
        Self::new(ChangeKind::Deleted)
    }

    /// Sets the user who owns the calendar.
    #[must_use]
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.user = Some(id.into());
        self
    }

    /// Sets the application that the user signed in to.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Sets the provider: `google`, `microsoft`, `apple` or `caldav`.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// Sets the calendar, by the id that `GET /calendars` lists.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = Some(id.into());
        self
    }

    /// Sets the event, or one occurrence of a series, by the id that `GET /events` lists.
    #[must_use]
    pub fn event(mut self, id: impl Into<String>) -> Self {
        self.event_id = Some(id.into());
        self
    }

    /// Sets the new title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the new start. An update that sets no end keeps the duration of the event.
    #[must_use]
    pub fn start(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// Sets the new end.
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

    fn includes_user(&self, client: &str, user: &str) -> bool {
        self.client_id.as_deref().is_none_or(|named| named == client)
            && self.user.as_deref().is_none_or(|named| named == user)
    }
}

impl Connect<'_> {
    pub(crate) fn trigger(&mut self, trigger: Trigger, now: Timestamp) -> Result<Triggered, TriggerError> {
        self.process_notifications(now);
        let key = self.selected_calendar(&trigger)?;
        let edit = ExternalEdit {
            kind: trigger.change,
            event: trigger.event_id,
            title: trigger.title,
            start: trigger.start,
            end: trigger.end,
        };
        let (mut random, style) = (self.world.stream(), self.style());
        let mut calendars = self.world.calendars(&key.user, key.provider).into_iter().flatten();
        let calendar = calendars.find(|calendar| calendar.id == key.id).ok_or(TriggerError::NotSubscribed)?;
        let changes = calendar.apply_external_edit(&edit, &mut random, now)?;
        let event =
            changes.changed.last().map(|changed| changed_event(calendar, changed, style)).unwrap_or_default();
        self.record_for_sharing_users(&key.user, &changes);
        let (delivery, due) =
            self.record_changes(&key.user, changes, false).ok_or(TriggerError::NotSubscribed)?;
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

    /// Returns the first subscribed calendar that matches the trigger.
    fn selected_calendar(&self, trigger: &Trigger) -> Result<CalendarKey, TriggerError> {
        if let Some(unknown) = trigger.client_id.as_deref().filter(|id| self.world.registered(id).is_none()) {
            return Err(TriggerError::UnknownApp(unknown.to_owned()));
        }
        let users: Vec<_> =
            self.world.users.keys().filter(|user| trigger.includes_user(&user.client, &user.id)).collect();
        if users.is_empty() {
            return Err(trigger.user.clone().map_or(TriggerError::NoUser, TriggerError::UnknownUser));
        }
        let configured =
            |client: &str| self.world.registered(client).is_some_and(|app| app.app.webhook_url.is_some());
        if !users.iter().any(|user| configured(&user.client)) {
            return Err(TriggerError::NoWebhookUrl);
        }
        let keys = self.own.subscriptions.all().iter().filter_map(super::Subscription::key);
        let mut matching = keys.filter(|key| {
            trigger.includes_user(&key.user.client, &key.user.id)
                && configured(&key.user.client)
                && trigger.provider.as_deref().is_none_or(|name| Provider::parse(name) == Some(key.provider))
                && trigger.calendar_id.as_ref().is_none_or(|id| *id == key.id)
        });
        matching.next().ok_or(TriggerError::NotSubscribed)
    }
}

impl From<ExternalEditError> for TriggerError {
    fn from(error: ExternalEditError) -> Self {
        match error {
            ExternalEditError::NoEvent => Self::NoEvent,
            ExternalEditError::UnknownEvent(id) => Self::UnknownEvent(id),
            ExternalEditError::EndBeforeStart => Self::EndBeforeStart,
        }
    }
}

fn default_change() -> ChangeKind {
    ChangeKind::Updated
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let read = |text: String| {
        time::read(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "start or end: {text:?} is not a date or time \
                 (expected such as 2026-12-01 or 2026-12-01T09:00Z)"
            ))
        })
    };
    text.map(read).transpose()
}
