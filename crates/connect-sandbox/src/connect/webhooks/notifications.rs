//! Changes that the provider has not reported to Connect yet.
//!
//! Google and Microsoft report a change after one second. Apple and CalDAV calendars are polled every five
//! minutes, counted from the start of the subscription. All changes of a calendar that are reported at one
//! time form one notification, which becomes one delivery. A delivery leaves out echoes: writes of the
//! application that the provider reports within 30 seconds (switch `echo_suppression`).

use super::body::{Content, compose};
use super::delivery::Delivery;
use super::subscriptions::{CalendarKey, Subscription};
use crate::connect::Connect;
use crate::settings::WebhookBody;
use crate::world::calendar::{ChangeKind, Changed, Changes, Range};
use crate::world::provider::Provider;
use crate::world::time;
use crate::world::users::UserKey;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The time after which Google and Microsoft report a change.
const NOTIFICATION_DELAY: SignedDuration = SignedDuration::from_secs(1);
const POLL_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
/// The time within which the report of a write by the application counts as an echo.
const ECHO_WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// The first delivery of a channel has at most `SYNC_EVENTS` events of the next `SYNC_HOURS` hours.
const SYNC_HOURS: i64 = 24 * 31;
const SYNC_EVENTS: usize = 50;

/// The changes that a provider will report about one calendar.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Notification {
    key: CalendarKey,
    pub(super) due: Timestamp,
    /// The id of the delivery that the notification becomes.
    id: String,
    content: NotificationContent,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum NotificationContent {
    /// The existing events, for a new channel.
    InitialSync,
    Changes(Vec<NotifiedChange>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NotifiedChange {
    changed: Changed,
    /// Whether only the application changed the event.
    own: bool,
}

impl Connect<'_> {
    /// Records a write by the application. The write is not an echo for other users who share the account.
    pub(crate) fn record_own_write(&mut self, user: &UserKey, changes: Changes) {
        self.record_for_sharing_users(user, &changes);
        self.record_changes(user, changes, true);
    }

    /// Records a change that was not made through Connect.
    pub(crate) fn record_external_change(&mut self, user: &UserKey, changes: Changes) {
        self.record_for_sharing_users(user, &changes);
        self.record_changes(user, changes, false);
    }

    pub(super) fn record_for_sharing_users(&mut self, user: &UserKey, changes: &Changes) {
        let others: Vec<_> =
            self.world.sharing_users(user, changes.provider).map(|(other, _)| other.clone()).collect();
        for other in others {
            self.record_changes(&other, changes.clone(), false);
        }
    }

    /// Adds changes to the next notification of the calendar.
    ///
    /// Returns the id of the delivery that the notification becomes, and when the notification is due.
    pub(super) fn record_changes(
        &mut self,
        user: &UserKey,
        changes: Changes,
        own: bool,
    ) -> Option<(String, Timestamp)> {
        let key = CalendarKey { user: user.clone(), provider: changes.provider, id: changes.calendar };
        let at = changes.changed.first()?.at;
        let due = due(self.own.subscriptions.of(&key, at)?, key.provider, at);
        let index = self.own.outbox.notifications.iter().position(|one| one.collects_changes_of(&key));
        let index = index.unwrap_or_else(|| {
            let id = self.message_id();
            let content = NotificationContent::Changes(Vec::new());
            self.own.outbox.add_notification(Notification { key, due, id, content })
        });
        let notification = self.own.outbox.notifications.get_mut(index)?;
        changes.changed.into_iter().for_each(|changed| notification.add(NotifiedChange { changed, own }));
        Some((notification.id.clone(), notification.due))
    }

    /// Replaces the subscription of a calendar. At Google and Microsoft, the first delivery of the new
    /// channel has the existing events, if the switch `initial_sync` is on.
    pub(super) fn start_channel(&mut self, new: Subscription) {
        let key = new.key();
        let due = new.since.checked_add(NOTIFICATION_DELAY).unwrap_or(Timestamp::MAX);
        self.own.subscriptions.replace(new);
        let Some(key) = key
            .filter(|key| has_push_notifications(key.provider) && self.world.settings.webhooks.initial_sync)
        else {
            return;
        };
        let earlier =
            |one: &Notification| matches!(one.content, NotificationContent::InitialSync) && one.key == key;
        self.own.outbox.notifications.retain(|one| !earlier(one));
        let id = self.message_id();
        let content = NotificationContent::InitialSync;
        self.own.outbox.add_notification(Notification { key, due, id, content });
    }

    /// Creates deliveries for the notifications that are due, in the order of their due times.
    pub(crate) fn process_notifications(&mut self, now: Timestamp) {
        while let Some(notification) = self.own.outbox.take_notification(now) {
            self.create_delivery(notification);
        }
        self.own.subscriptions.renew(now);
    }

    fn create_delivery(&mut self, notification: Notification) {
        let Notification { key, due, id, content } = notification;
        let Some(channel_id) = self.own.subscriptions.of(&key, due).map(|one| one.channel_id.clone()) else {
            return;
        };
        let Some(url) = self.world.registered(&key.user.client).and_then(|app| app.app.webhook_url) else {
            return;
        };
        let initial = matches!(content, NotificationContent::InitialSync);
        let changes = match content {
            NotificationContent::InitialSync => self.present_events(&key, due),
            NotificationContent::Changes(changes) => self.without_echoes(changes, due),
        };
        if changes.is_empty() && !initial {
            return;
        }
        let (style, vector) =
            (self.style(), self.world.settings.webhooks.webhook_body == WebhookBody::Vector);
        let calendars = self.world.calendars(&key.user, key.provider);
        let calendar = calendars.and_then(|all| all.iter().find(|calendar| calendar.id == key.id));
        let Some(calendar) = calendar else { return };
        let content =
            Content { user: &key.user.id, channel: &channel_id, initial, at: due, changes: &changes };
        let body = compose(calendar, &content, style, vector);
        self.world.stats.deliveries.made += 1;
        self.queue(Delivery::new(id, url, key, channel_id, body, due, initial));
    }

    fn without_echoes(&mut self, changes: Vec<NotifiedChange>, due: Timestamp) -> Vec<Changed> {
        let on = self.world.settings.webhooks.echo_suppression;
        let echo = |one: &NotifiedChange| on && one.own && one.changed.at.duration_until(due) <= ECHO_WINDOW;
        let (echoes, others): (Vec<_>, Vec<_>) = changes.into_iter().partition(echo);
        self.world.stats.deliveries.suppressed += echoes.len() as u64;
        others.into_iter().map(|one| one.changed).collect()
    }

    fn present_events(&mut self, key: &CalendarKey, at: Timestamp) -> Vec<Changed> {
        let month = Range { start: at, end: time::plus_hours(at, SYNC_HOURS) };
        let calendars = self.world.calendars(&key.user, key.provider).into_iter().flatten();
        let calendar = calendars.filter(|calendar| calendar.id == key.id);
        let mut present: Vec<_> = calendar
            .flat_map(|calendar| calendar.events.values())
            .flat_map(|event| event.instances(month, false))
            .map(|one| (one.fields.start, Changed::of(ChangeKind::Created, &one, at)))
            .collect();
        present.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
        present.into_iter().take(SYNC_EVENTS).map(|(_, changed)| changed).collect()
    }

    fn message_id(&mut self) -> String {
        format!("msg_{}", self.world.random.uuid())
    }
}

impl Notification {
    fn collects_changes_of(&self, key: &CalendarKey) -> bool {
        matches!(self.content, NotificationContent::Changes(_)) && self.key == *key
    }

    /// Adds a change, which replaces an earlier change of the same event.
    ///
    /// A created event that is then updated is still reported as created.
    fn add(&mut self, later: NotifiedChange) {
        let NotificationContent::Changes(all) = &mut self.content else { return };
        let Some(index) = all.iter().position(|one| one.changed.id == later.changed.id) else {
            all.push(later);
            return;
        };
        let earlier = all.remove(index);
        let new = earlier.changed.kind == ChangeKind::Created && later.changed.kind == ChangeKind::Updated;
        let kind = if new { ChangeKind::Created } else { later.changed.kind };
        let changed = Changed { kind, ..later.changed };
        all.push(NotifiedChange { changed, own: earlier.own && later.own });
    }
}

/// Whether the provider reports changes itself. Connect polls the other providers.
fn has_push_notifications(provider: Provider) -> bool {
    matches!(provider, Provider::Google | Provider::Microsoft)
}

/// Returns when the provider reports a change made at `at`, or when the next poll finds it.
fn due(subscription: &Subscription, provider: Provider, at: Timestamp) -> Timestamp {
    if has_push_notifications(provider) {
        return at.checked_add(NOTIFICATION_DELAY).unwrap_or(Timestamp::MAX);
    }
    let polls = subscription.since.duration_until(at).as_secs() / POLL_INTERVAL.as_secs() + 1;
    let then = SignedDuration::from_secs(polls.saturating_mul(POLL_INTERVAL.as_secs()));
    subscription.since.checked_add(then).unwrap_or(Timestamp::MAX)
}
