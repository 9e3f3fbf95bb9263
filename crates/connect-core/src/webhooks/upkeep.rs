//! Which subscriptions are due, for who keeps them by hand.

use std::{collections::HashSet, time::Duration};

use connect_types::{CalendarRef, SubscribeWebhook, Subscribed, UnsubscribeWebhook};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which subscriptions to make, renew and end, for the calendars of one user.
///
/// The service subscribes every calendar of an account that is connected while the application has a webhook URL, and
/// renews those subscriptions by itself: nothing is to be done then. This is for calendars that were connected
/// before, and for services that leave it to the application.
///
/// A subscription that is renewed is a new one, which may begin with an initial sync: deliveries of what was there already
/// (`metadata.is_initial_sync`).
///
/// ```
/// use connect_core::types::{CalendarRef, SubscribeWebhook, Subscribed, UnsubscribeWebhook, decode};
/// use connect_core::webhooks::{Held, Upkeep, UpkeepAction};
///
/// # fn subscribe(_: SubscribeWebhook) -> Result<Subscribed, serde_json::Error> {
/// #     decode(br#"{"success": true, "channelId": "c1", "subscription": {"expiration": "2026-11-28T10:00:00Z"}}"#)
/// # }
/// # fn unsubscribe(_: UnsubscribeWebhook) -> Result<(), serde_json::Error> {
/// #     Ok(())
/// # }
/// let now = "2026-11-21T10:00:00Z".parse()?;
/// let wanted = [CalendarRef::new("google", "work@example.org")];
/// let mut held: Vec<Held> = Vec::new(); // from where the application keeps them for this user
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

/// A day ahead: Microsoft's subscriptions live for some three days, Google's for a week.
impl Default for Upkeep {
    fn default() -> Self {
        Self::ahead(Duration::from_secs(24 * 3600))
    }
}

/// What is to be done about a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum UpkeepAction {
    /// Subscribe the calendar, for the first time or again. A new subscription takes the place of the one there is;
    /// its channel gets an id from the service, so that it is unique.
    Subscribe(CalendarRef, SubscribeWebhook),
    /// End a subscription that is no longer wanted.
    Unsubscribe(Held, UnsubscribeWebhook),
}

/// A subscription as the application keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Held {
    /// The calendar's provider.
    pub provider: Box<str>,
    /// The calendar's id, as `GET /calendars` has it: an alias such as `primary` is another calendar to the service.
    pub calendar_id: Box<str>,
    /// The channel, which the deliveries name.
    pub channel_id: Box<str>,
    /// What Google needs beside the channel to end it.
    pub resource_id: Option<Box<str>>,
    /// When it ends; without it it lives until it is ended. Where the answer named an end that could not be read, this
    /// is the epoch, so that it is due.
    pub expires: Option<Timestamp>,
}

impl Held {
    /// What to keep of the answer to a subscription. Without a channel id in it there is nothing to renew or to end.
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

    /// Whether it takes the place of another, which is to be forgotten: the service keeps one for each calendar.
    pub fn replaces(&self, other: &Self) -> bool {
        self.calendar() == other.calendar()
    }

    fn calendar(&self) -> (&str, &str) {
        (&self.provider, &self.calendar_id)
    }
}

impl Upkeep {
    /// Renews a subscription when no more than this is left of it.
    pub fn ahead(ahead: Duration) -> Self {
        Self { ahead }
    }

    /// What is to be done now, so that every calendar that is wanted is subscribed and no other: given all that one user
    /// wants and holds, since what is held and not wanted is ended. A calendar that is named twice is subscribed once;
    /// of several subscriptions held for one calendar only the last to end counts, since the service keeps one.
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
