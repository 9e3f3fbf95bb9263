//! Which calendars an application hears of.
//!
//! A calendar has at most one subscription: a new one replaces it. When an account connects and the application has a
//! webhook URL, the service subscribes every calendar itself (switch `auto_subscribe`). It renews what it may renew; a
//! subscription whose end the application chose ends then.

use crate::connect::Connect;
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use crate::world::users::UserKey;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A calendar whose changes are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Subscription {
    /// The application.
    pub client_id: String,
    /// The user whose calendar it is.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The calendar's id, as `GET /calendars` shows it.
    pub calendar_id: String,
    /// The channel: chosen by the application, or made.
    pub channel_id: String,
    /// The provider's own id of the channel; Google has one.
    pub resource_id: Option<String>,
    /// When it ends. The service renews it; a time the application chose stays.
    #[serde(serialize_with = "time::serialize_wire")]
    pub expiration: Timestamp,
    /// Whether the service made it when the account was connected.
    pub automatic: bool,
    /// When it began; polls of Apple and CalDAV calendars come every five minutes from here on.
    #[serde(serialize_with = "time::serialize_wire")]
    pub since: Timestamp,
    /// Whether the service renews it.
    pub renewed: bool,
}

/// Every subscription there is.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Vec<Subscription>);

/// A calendar of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalendarKey {
    pub(crate) user: UserKey,
    pub(crate) provider: Provider,
    pub(crate) id: String,
}

impl Connect<'_> {
    /// What the service does by itself when an account connects.
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
            let wanted = Wanted { calendar_id, channel_id: random.uuid(), expiration: None, automatic: true };
            self.begin_channel(new_subscription(user, provider, wanted, now, &mut random));
        }
    }
}

/// What is known of a subscription before it is made.
pub(super) struct Wanted {
    pub(super) calendar_id: String,
    pub(super) channel_id: String,
    pub(super) expiration: Option<Timestamp>,
    pub(super) automatic: bool,
}

pub(super) fn new_subscription(
    user: &UserKey,
    provider: Provider,
    wanted: Wanted,
    now: Timestamp,
    random: &mut Random,
) -> Subscription {
    let usual = || now.checked_add(lifetime(provider.name())).unwrap_or(now);
    Subscription {
        client_id: user.client.clone(),
        user_id: user.id.clone(),
        provider: provider.name(),
        calendar_id: wanted.calendar_id,
        channel_id: wanted.channel_id,
        resource_id: (provider == Provider::Google).then(|| random.token(20)),
        expiration: wanted.expiration.unwrap_or_else(usual),
        automatic: wanted.automatic,
        since: now,
        renewed: wanted.expiration.is_none(),
    }
}

/// How long a channel lasts between two renewals.
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

    /// Whether another calendar of the application has the channel.
    pub(super) fn channel_taken(&self, new: &Subscription) -> bool {
        self.0.iter().any(|one| {
            one.client_id == new.client_id && one.channel_id == new.channel_id && !one.same_calendar(new)
        })
    }

    /// The calendar's subscription, if it has not ended at `at`.
    pub(crate) fn of(&self, key: &CalendarKey, at: Timestamp) -> Option<&Subscription> {
        self.0.iter().find(|one| one.watches(key) && one.is_open(at))
    }

    /// Renews what has run out, and lets go of what is not renewed.
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
        let place = self.0.iter().position(|one| {
            one.is_of(user) && one.provider == provider.name() && one.channel_id == channel
        })?;
        Some(self.0.remove(place))
    }

    /// What goes with an account that is disconnected.
    pub(crate) fn drop_account(&mut self, user: &UserKey, provider: Provider) {
        self.0.retain(|one| !(one.is_of(user) && one.provider == provider.name()));
    }
}
