//! Changes, from when they are made until the provider tells of them.
//!
//! Google and Microsoft tell of a change a second after it; Apple and CalDAV calendars are polled every five minutes,
//! counted from the start of the subscription. Whatever has changed in a calendar by then is one notice, and one delivery.
//! What the application wrote itself no more than 30 seconds before is not told to it (switch `echo_suppression`).

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

/// How long a provider with notifications takes.
const NOTIFICATION: SignedDuration = SignedDuration::from_secs(1);
/// How far apart two polls are.
const POLL: SignedDuration = SignedDuration::from_mins(5);
/// How long the service knows a write of the application's again.
const ECHO: SignedDuration = SignedDuration::from_secs(30);
/// How much a first delivery holds: the events of so many hours, and no more than so many events.
const SYNC_HOURS: i64 = 24 * 31;
const SYNC_EVENTS: usize = 50;

/// What a provider is going to tell of one calendar.
#[derive(Debug)]
pub(crate) struct Notice {
    key: CalendarKey,
    pub(super) due: Timestamp,
    /// The id of the delivery it becomes.
    id: String,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The events there are, for a new channel.
    InitialSync,
    Changes(Vec<Told>),
}

#[derive(Debug)]
struct Told {
    changed: Changed,
    /// Whether nobody but the application changed it.
    own: bool,
}

impl Connect<'_> {
    /// A write of the application's own, for one of the users who share the account.
    pub(crate) fn wrote(&mut self, user: &UserKey, changes: Changes) {
        self.note_for_others(user, &changes);
        self.note(user, changes, true);
    }

    /// A change in the provider's own calendar.
    pub(crate) fn changed_outside(&mut self, user: &UserKey, changes: Changes) {
        self.note_for_others(user, &changes);
        self.note(user, changes, false);
    }

    pub(super) fn note_for_others(&mut self, user: &UserKey, changes: &Changes) {
        let others: Vec<_> =
            self.world.sharing(user, changes.provider).map(|(other, _)| other.clone()).collect();
        for other in others {
            self.note(&other, changes.clone(), false);
        }
    }

    /// Adds changes to what their provider is going to tell; says under which delivery's id, and when.
    pub(super) fn note(
        &mut self,
        user: &UserKey,
        changes: Changes,
        own: bool,
    ) -> Option<(String, Timestamp)> {
        let key = CalendarKey { user: user.clone(), provider: changes.provider, id: changes.calendar };
        let at = changes.changed.first()?.at;
        let due = due(self.own.subscriptions.of(&key, at)?, key.provider, at);
        let place = self.own.outbox.notices.iter().position(|notice| notice.waits_for(&key));
        let place = place.unwrap_or_else(|| {
            let id = self.message_id();
            self.own.outbox.add_notice(Notice { key, due, id, what: What::Changes(Vec::new()) })
        });
        let notice = self.own.outbox.notices.get_mut(place)?;
        changes.changed.into_iter().for_each(|changed| notice.add(Told { changed, own }));
        Some((notice.id.clone(), notice.due))
    }

    /// A new channel takes the place of the calendar's old one; Google and Microsoft begin it with the events there are.
    pub(super) fn begin_channel(&mut self, new: Subscription) {
        let key = new.key();
        let due = new.since.checked_add(NOTIFICATION).unwrap_or(Timestamp::MAX);
        self.own.subscriptions.replace(new);
        let Some(key) = key.filter(|key| notifies(key.provider) && self.world.settings.webhooks.initial_sync)
        else {
            return;
        };
        let earlier = |notice: &Notice| matches!(notice.what, What::InitialSync) && notice.key == key;
        self.own.outbox.notices.retain(|notice| !earlier(notice));
        let id = self.message_id();
        self.own.outbox.add_notice(Notice { key, due, id, what: What::InitialSync });
    }

    /// Makes deliveries of everything the providers have told by now, in the order they told it.
    pub(crate) fn notice(&mut self, now: Timestamp) {
        while let Some(notice) = self.own.outbox.take_notice(now) {
            self.become_delivery(notice);
        }
        self.own.subscriptions.renew(now);
    }

    fn become_delivery(&mut self, notice: Notice) {
        let Notice { key, due, id, what } = notice;
        let Some(channel_id) = self.own.subscriptions.of(&key, due).map(|one| one.channel_id.clone()) else {
            return;
        };
        let Some(url) = self.world.registered(&key.user.client).and_then(|app| app.app.webhook_url) else {
            return;
        };
        let initial = matches!(what, What::InitialSync);
        let changes = match what {
            What::InitialSync => self.present_events(&key, due),
            What::Changes(told) => self.without_echoes(told, due),
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

    fn without_echoes(&mut self, told: Vec<Told>, due: Timestamp) -> Vec<Changed> {
        let on = self.world.settings.webhooks.echo_suppression;
        let echo = |one: &Told| on && one.own && one.changed.at.duration_until(due) <= ECHO;
        let (echoes, heard): (Vec<_>, Vec<_>) = told.into_iter().partition(echo);
        self.world.stats.deliveries.suppressed += echoes.len() as u64;
        heard.into_iter().map(|one| one.changed).collect()
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

impl Notice {
    fn waits_for(&self, key: &CalendarKey) -> bool {
        matches!(self.what, What::Changes(_)) && self.key == *key
    }

    /// The later change of an event stands for both; one that is new stays new.
    fn add(&mut self, told: Told) {
        let What::Changes(all) = &mut self.what else { return };
        let Some(place) = all.iter().position(|one| one.changed.id == told.changed.id) else {
            all.push(told);
            return;
        };
        let earlier = all.remove(place);
        let new = earlier.changed.kind == ChangeKind::Created && told.changed.kind == ChangeKind::Updated;
        let kind = if new { ChangeKind::Created } else { told.changed.kind };
        let changed = Changed { kind, ..told.changed };
        all.push(Told { changed, own: earlier.own && told.own });
    }
}

fn notifies(provider: Provider) -> bool {
    matches!(provider, Provider::Google | Provider::Microsoft)
}

/// When the provider tells of a change made at `at`, or the poll that finds it.
fn due(subscription: &Subscription, provider: Provider, at: Timestamp) -> Timestamp {
    if notifies(provider) {
        return at.checked_add(NOTIFICATION).unwrap_or(Timestamp::MAX);
    }
    let polls = subscription.since.duration_until(at).as_secs() / POLL.as_secs() + 1;
    let then = SignedDuration::from_secs(polls.saturating_mul(POLL.as_secs()));
    subscription.since.checked_add(then).unwrap_or(Timestamp::MAX)
}
