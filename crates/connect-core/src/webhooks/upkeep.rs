//! Plans which webhook subscriptions to create, renew and end.

use std::{collections::HashSet, time::Duration};

use connect_types::{CalendarRef, SubscribeWebhook, Subscribed, UnsubscribeWebhook};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Plans which subscriptions to create, renew and end for the calendars of one user.
///
/// If the application has a webhook URL when a user connects an account, the service subscribes to all
/// calendars of the account and renews these subscriptions itself. Use this type for accounts that were
/// connected before the application had a webhook URL, and for services that leave subscriptions to the
/// application.
///
/// A renewal creates a new subscription. A new subscription may start with an initial sync:
/// deliveries of events that already exist (`metadata.is_initial_sync`).
///
/// ```
/// use connect_core::types::{CalendarRef, SubscribeWebhook, Subscribed, UnsubscribeWebhook, decode};
/// use connect_core::webhooks::{Held, Upkeep, UpkeepAction};
///
/// # fn subscribe(_: SubscribeWebhook) -> Result<Subscribed, serde_json::Error> {
/// #     decode(br#"{"success":true,"channelId":"c1","subscription":{"expiration":"2026-11-28T10:00:00Z"}}"#)
/// # }
/// # fn unsubscribe(_: UnsubscribeWebhook) -> Result<(), serde_json::Error> {
/// #     Ok(())
/// # }
/// let now = "2026-11-21T10:00:00Z".parse()?;
/// let wanted = [CalendarRef::new("google", "work@example.org")];
/// let mut held: Vec<Held> = Vec::new(); // loaded from the application's database
/// for action in Upkeep::default().plan(&wanted, &held, now) {
///     match action {
///         UpkeepAction::Subscribe(calendar, request) => {
///             let made = Held::new(calendar, &subscribe(request)?).ok_or("no channel")?;
///             held.retain(|other| !made.replaces(other));
///             held.push(made);
///         }
///         UpkeepAction::Unsubscribe(gone, request) => {
///             unsubscribe(request)?;
///             held.retain(|other| *other != gone);
///         }
///     }
/// }
/// assert!(Upkeep::default().plan(&wanted, &held, now).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    ahead: Duration,
}

/// Renews a subscription a day before it expires. A subscription lasts about three days at
/// Microsoft, and a week at Google.
impl Default for Upkeep {
    fn default() -> Self {
        Self::ahead(Duration::from_secs(24 * 3600))
    }
}

/// An action for one subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum UpkeepAction {
    /// Subscribe to the calendar, or renew its subscription. The new subscription replaces the old one. The
    /// service chooses a unique channel id for the new subscription.
    Subscribe(CalendarRef, SubscribeWebhook),
    /// End a subscription to a calendar that is no longer wanted.
    Unsubscribe(Held, UnsubscribeWebhook),
}

/// A subscription as the application stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Held {
    /// The provider of the calendar.
    pub provider: Box<str>,
    /// The id of the calendar as returned by `GET /calendars`. The service treats an alias such as `primary`
    /// as another calendar.
    pub calendar_id: Box<str>,
    /// The id of the channel. Deliveries contain this id.
    pub channel_id: Box<str>,
    /// The resource id, which Google needs in addition to the channel id to end the subscription.
    pub resource_id: Option<Box<str>>,
    /// The time at which the subscription expires, or `None` if it does not expire. If the time in the
    /// service's response could not be decoded, the value is in 1970, so that the subscription is renewed.
    pub expires: Option<Timestamp>,
}

impl Held {
    /// Creates the record of a subscription from the service's response.
    ///
    /// Returns `None` if the response has no channel id.
    pub fn new(calendar: impl Into<CalendarRef>, answer: &Subscribed) -> Option<Self> {
        let calendar = calendar.into();
        let made = answer.subscription.as_ref();
        let channel_id = answer.channel_id.as_deref().or(made.and_then(|made| made.channel_id.as_deref()))?;
        let odd = made.is_some_and(|made| made.extra.get("expiration").is_some());
        let expires = made.and_then(|made| made.expiration).or(odd.then_some(Timestamp::UNIX_EPOCH));
        Some(Self {
            provider: calendar.provider.as_str().into(),
            calendar_id: calendar.id.into(),
            channel_id: channel_id.into(),
            resource_id: made.and_then(|made| made.resource_id.as_deref()).map(Into::into),
            expires,
        })
    }

    /// Returns whether this newer subscription replaces `other`: whether both are for the same calendar.
    pub fn replaces(&self, other: &Self) -> bool {
        self.calendar() == other.calendar()
    }

    fn calendar(&self) -> (&str, &str) {
        (&self.provider, &self.calendar_id)
    }
}

impl Upkeep {
    /// Creates a planner that renews a subscription when at most `ahead` is left until it expires.
    pub fn ahead(ahead: Duration) -> Self {
        Self { ahead }
    }

    /// Returns the actions after which exactly the wanted calendars are subscribed.
    ///
    /// Pass all calendars that the user wants and all subscriptions that the user has. A subscription to a
    /// calendar that is not wanted is ended. A calendar that is listed twice is subscribed once. If `held`
    /// has several subscriptions to one calendar, only the subscription that expires last decides whether a
    /// renewal is due, because the service keeps one subscription to a calendar.
    pub fn plan(&self, wanted: &[CalendarRef], held: &[Held], now: Timestamp) -> Vec<UpkeepAction> {
        let kept: HashSet<_> =
            held.iter().filter(|held| !self.is_due(held, now)).map(Held::calendar).collect();
        let mut seen = HashSet::new();
        let unique: Vec<_> = wanted.iter().filter(|calendar| seen.insert(named(calendar))).collect();
        let subscribe = unique.into_iter().filter(|calendar| !kept.contains(&named(calendar)));
        let subscribe = subscribe
            .map(|calendar| UpkeepAction::Subscribe(calendar.clone(), SubscribeWebhook::new(calendar)));
        let unwanted = held.iter().filter(|held| !seen.contains(&held.calendar()));
        let unsubscribe = unwanted.map(|held| {
            let request = UnsubscribeWebhook::new(&*held.provider, &*held.channel_id);
            let request = match &held.resource_id {
                Some(id) => request.resource_id(&**id),
                None => request,
            };
            UpkeepAction::Unsubscribe(held.clone(), request)
        });
        subscribe.chain(unsubscribe).collect()
    }

    fn is_due(&self, held: &Held, now: Timestamp) -> bool {
        let Some(expires) = held.expires else { return false };
        Duration::try_from(expires.duration_since(now)).map_or(true, |left| left <= self.ahead)
    }
}

fn named(calendar: &CalendarRef) -> (&str, &str) {
    (calendar.provider.as_str(), &calendar.id)
}
