//! The store of webhook subscriptions.
//!
//! A calendar has at most one subscription: a new subscription replaces the earlier one. When an account is
//! connected and the application has a webhook URL, the service subscribes every calendar of the account
//! (switch `auto_subscribe`). The service renews a subscription unless the application set `expiration`.

use crate::connect::Connect;
use crate::stored::{Word, word};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use crate::world::users::UserKey;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The subscription of an application to a calendar. The service delivers the changes of the calendar to the
/// application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Subscription {
    /// The client id of the application.
    pub client_id: String,
    /// The user who owns the calendar.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    #[serde(deserialize_with = "word")]
    pub provider: Word,
    /// The id of the calendar, as `GET /calendars` lists it.
    pub calendar_id: String,
    /// The channel id, set by the application or generated.
    pub channel_id: String,
    /// Google's id of the watched resource; `None` for the other providers.
    pub resource_id: Option<String>,
    /// When the subscription ends. If `renewed` is true, the service renews the subscription at this time.
    #[serde(serialize_with = "time::serialize_wire")]
    pub expiration: Timestamp,
    /// Whether the service created the subscription when the account was connected.
    pub automatic: bool,
    /// When the subscription started. The first poll of an Apple or CalDAV calendar is five minutes later.
    #[serde(serialize_with = "time::serialize_wire")]
    pub since: Timestamp,
    /// Whether the service renews the subscription.
    pub renewed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Subscriptions(Vec<Subscription>);

/// Identifies a calendar of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CalendarKey {
    pub(crate) user: UserKey,
    pub(crate) provider: Provider,
    pub(crate) id: String,
}

impl Connect<'_> {
    /// Subscribes the calendars of a newly connected account (switch `auto_subscribe`).
    pub(crate) fn subscribe_account(&mut self, user: &UserKey, provider: Provider) {
        let configured = self.world.registered(&user.client).is_some_and(|app| app.app.webhook_url.is_some());
        if !configured || !self.world.settings.webhooks.auto_subscribe {
            return;
        }
        let (mut random, now) = (self.world.stream(), self.world.latest.unwrap_or_default());
        let Ok(calendars) = self.permitted(user, |one| one == provider) else { return };
        let calendars = calendars.into_values().flatten();
        let calendars: Vec<_> = calendars.map(|calendar| calendar.id.clone()).collect();
        for calendar_id in calendars {
            let channel_id = random.uuid();
            let new = NewSubscription { calendar_id, channel_id, expiration: None, automatic: true };
            self.start_channel(new_subscription(user, provider, new, now, &mut random));
        }
    }
}

pub(super) struct NewSubscription {
    pub(super) calendar_id: String,
    pub(super) channel_id: String,
    pub(super) expiration: Option<Timestamp>,
    pub(super) automatic: bool,
}

pub(super) fn new_subscription(
    user: &UserKey,
    provider: Provider,
    new: NewSubscription,
    now: Timestamp,
    random: &mut Random,
) -> Subscription {
    let usual = || now.checked_add(lifetime(provider.name())).unwrap_or(now);
    Subscription {
        client_id: user.client.clone(),
        user_id: user.id.clone(),
        provider: provider.name(),
        calendar_id: new.calendar_id,
        channel_id: new.channel_id,
        resource_id: (provider == Provider::Google).then(|| random.token(20)),
        expiration: new.expiration.unwrap_or_else(usual),
        automatic: new.automatic,
        since: now,
        renewed: new.expiration.is_none(),
    }
}

/// Returns the time between two renewals of a channel.
fn lifetime(provider: &str) -> SignedDuration {
    SignedDuration::from_hours(24 * if provider == Provider::Microsoft.name() { 3 } else { 7 })
}

impl Subscription {
    fn is_of(&self, user: &UserKey) -> bool {
        self.client_id == user.client && self.user_id == user.id
    }

    pub(crate) fn watches(&self, key: &CalendarKey) -> bool {
        self.is_of(&key.user) && self.provider == key.provider.name() && self.calendar_id == key.id
    }

    pub(crate) fn key(&self) -> Option<CalendarKey> {
        let user = UserKey { client: self.client_id.clone(), id: self.user_id.clone() };
        let provider = Provider::parse(self.provider)?;
        Some(CalendarKey { user, provider, id: self.calendar_id.clone() })
    }

    fn is_open(&self, at: Timestamp) -> bool {
        self.renewed || at < self.expiration
    }

    fn same_calendar(&self, other: &Self) -> bool {
        (&self.client_id, &self.user_id, self.provider, &self.calendar_id)
            == (&other.client_id, &other.user_id, other.provider, &other.calendar_id)
    }
}

impl Subscriptions {
    pub(crate) fn all(&self) -> &[Subscription] {
        &self.0
    }

    /// Whether the application already has a subscription with this channel id for another calendar.
    pub(super) fn channel_taken(&self, new: &Subscription) -> bool {
        self.0.iter().any(|one| {
            one.client_id == new.client_id && one.channel_id == new.channel_id && !one.same_calendar(new)
        })
    }

    /// Returns the subscription of a calendar, unless the subscription has ended at the time `at`.
    pub(crate) fn of(&self, key: &CalendarKey, at: Timestamp) -> Option<&Subscription> {
        self.0.iter().find(|one| one.watches(key) && one.is_open(at))
    }

    /// Handles the subscriptions that have expired: renews those with `renewed`, and removes the others.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        self.0.retain(|one| one.is_open(now));
        for one in self.0.iter_mut().filter(|one| one.expiration <= now) {
            let life = lifetime(one.provider);
            let lives = one.expiration.duration_until(now).as_secs() / life.as_secs() + 1;
            let more = SignedDuration::from_secs(life.as_secs().saturating_mul(lives));
            one.expiration = one.expiration.checked_add(more).unwrap_or(Timestamp::MAX);
        }
    }

    pub(crate) fn replace(&mut self, new: Subscription) {
        self.0.retain(|one| !one.same_calendar(&new));
        self.0.push(new);
    }

    pub(super) fn remove(
        &mut self,
        user: &UserKey,
        provider: Provider,
        channel: &str,
    ) -> Option<Subscription> {
        let index = self.0.iter().position(|one| {
            one.is_of(user) && one.provider == provider.name() && one.channel_id == channel
        })?;
        Some(self.0.remove(index))
    }

    /// Removes the subscriptions of a disconnected account.
    pub(crate) fn remove_account(&mut self, user: &UserKey, provider: Provider) {
        self.0.retain(|one| !(one.is_of(user) && one.provider == provider.name()));
    }
}
