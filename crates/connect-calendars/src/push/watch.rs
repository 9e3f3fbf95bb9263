//! The subscription to a calendar, as a state machine without I/O.

use connect_core::{AsyncCaller, Caller, Endpoint, Error, ErrorKind, types::ResponseBody};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Notification, NotificationKind, PushKey, key::MAX_ID};
use crate::sync::{ChangeFeed, Changes, round, round_async};

/// The time until a calendar that cannot be subscribed is tried again.
const REFUSED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The pauses after failed calls: the first, which doubles with each failure, and the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The calls with which a service is asked to notify the application.
///
/// [`google::Channels`](crate::google::Channels) and
/// [`outlook::Subscriptions`](crate::outlook::Subscriptions) implement this trait.
pub trait PushService {
    /// A call of the service.
    type Request: Endpoint<Output = Channel>;

    /// Returns the call that creates a subscription.
    ///
    /// The service sends notifications to `address`, and repeats the `token` in them. `id` is unique, and
    /// can be the id of the subscription.
    fn create(&self, id: &str, address: &str, token: &str, now: Timestamp) -> Self::Request;

    /// Returns the call that renews a subscription; `None` if another one has to be created instead.
    fn renew(&self, channel: &Channel, now: Timestamp) -> Option<Self::Request>;

    /// Returns the call that ends a subscription. Its response is an empty [`Channel`].
    fn stop(&self, channel: &Channel) -> Self::Request;

    /// Returns whether the error means that the calendar cannot be subscribed, so that it has to be polled.
    fn is_refused(&self, error: &Error) -> bool;
}

/// A subscription at a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Channel {
    /// The id of the channel (Google) or of the subscription (Microsoft).
    pub id: String,
    /// The id that Google needs to stop the channel.
    pub resource_id: Option<String>,
    /// The time at which the service ends the subscription.
    pub expires: Timestamp,
}

impl ResponseBody for Channel {}

/// The subscription to the changes of one calendar, and the times of the rounds of its feed.
///
/// Save it as JSON, with the cursor of the feed. See the [module](super).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch<S> {
    service: S,
    id: String,
    address: String,
    channel: Option<Channel>,
    /// When the channel was created or renewed.
    made: Timestamp,
    /// A channel of Google that was replaced and has to be stopped.
    replaced: Option<Channel>,
    renewal_required: bool,
    ended: bool,
    refused: bool,
    failures: u32,
    /// No call is sent before this time.
    not_before: Timestamp,
    round_due: bool,
    last_round: Timestamp,
    /// The start of a round that has not ended. If it failed or was dropped, it is still due.
    round_began: Option<Timestamp>,
    poll_every: SignedDuration,
    sweep_every: SignedDuration,
    #[serde(skip)]
    sent: Option<Sent>,
}

/// The call whose response is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Create,
    Renew,
    StopReplaced,
    Stop,
}

impl<S: PushService> Watch<S> {
    /// Creates a watch. The service sends notifications to `address`, an HTTPS URL.
    ///
    /// Each notification names the `id` of its watch. The application chooses it, such as the key of a record
    /// in its database. The services see it.
    ///
    /// # Errors
    /// If `id` is empty, has more than 80 bytes, or has characters other than visible ASCII.
    pub fn new(service: S, id: impl Into<String>, address: impl Into<String>) -> Result<Self, Error> {
        let (id, address) = (id.into(), address.into());
        if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let text =
                format!("{id:?} is not the id of a watch (expected 1 to {MAX_ID} visible ASCII characters)");
            return Err(Error::validation(text));
        }
        Ok(Self {
            service,
            id,
            address,
            channel: None,
            made: Timestamp::MIN,
            replaced: None,
            renewal_required: false,
            ended: false,
            refused: false,
            failures: 0,
            not_before: Timestamp::MIN,
            round_due: true,
            last_round: Timestamp::MIN,
            round_began: None,
            poll_every: SignedDuration::from_mins(10),
            sweep_every: SignedDuration::from_hours(24),
            sent: None,
        })
    }

    /// Sets the time between rounds while the service does not notify. The default is 10 minutes.
    #[must_use]
    pub fn poll_every(mut self, time: SignedDuration) -> Self {
        self.poll_every = time;
        self
    }

    /// Sets the time between rounds while the service notifies. The default is a day.
    #[must_use]
    pub fn sweep_every(mut self, time: SignedDuration) -> Self {
        self.sweep_every = time;
        self
    }

    /// Returns the id of the watch.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the subscription; `None` if it does not exist or has expired.
    pub fn channel(&self, now: Timestamp) -> Option<&Channel> {
        self.channel.as_ref().filter(|channel| now < channel.expires)
    }

    /// Returns whether the calendar cannot be subscribed and is polled instead.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// Ends the watch: the next [`keep`] stops the subscription.
    pub fn end(&mut self) {
        self.ended = true;
        self.not_before = Timestamp::MIN;
    }

    /// Processes a notification. Returns whether the watch has something to do: [`follow`] or [`keep`].
    pub fn notified(&mut self, notification: &Notification) -> bool {
        if notification.watch != self.id || self.ended {
            return false;
        }
        let is_current = self.channel.as_ref().is_some_and(|channel| channel.id == notification.channel);
        match notification.kind {
            NotificationKind::Started => return false,
            NotificationKind::Changed | NotificationKind::Missed => self.round_due = true,
            // A late report about an earlier subscription does not concern the present one.
            NotificationKind::Removed if is_current => self.forget_channel(),
            NotificationKind::RenewalRequired if is_current => {
                (self.renewal_required, self.not_before) = (true, Timestamp::MIN);
            }
            NotificationKind::Removed | NotificationKind::RenewalRequired => return false,
        }
        true
    }

    /// Returns the call to send now; `None` if none is due.
    pub fn request(&mut self, key: &PushKey, now: Timestamp) -> Option<S::Request> {
        self.sent = None;
        let (sent, request) = if let Some(replaced) = &self.replaced {
            (Sent::StopReplaced, self.service.stop(replaced))
        } else if now < self.next_call() {
            return None;
        } else if self.ended {
            (Sent::Stop, self.service.stop(self.channel.as_ref()?))
        } else {
            let renew = self.channel(now).and_then(|channel| self.service.renew(channel, now));
            let create = || {
                let (id, token) = (key.channel_id(&self.id, now), key.token(&self.id));
                (Sent::Create, self.service.create(&id, &self.address, &token, now))
            };
            renew.map_or_else(create, |request| (Sent::Renew, request))
        };
        self.sent = Some(sent);
        Some(request)
    }

    /// Processes the response to the call.
    ///
    /// # Errors
    /// Returns the error of the response, unless it is expected: a calendar that cannot be subscribed, or a
    /// subscription that no longer exists. The next call is due after a pause.
    pub fn advance(&mut self, response: Result<Channel, Error>, now: Timestamp) -> Result<(), Error> {
        let Some(sent) = self.sent.take() else { return Ok(()) };
        match (sent, response) {
            // A channel that is not stopped expires.
            (Sent::StopReplaced, _) => self.replaced = None,
            (Sent::Stop, Ok(_)) => self.channel = None,
            (Sent::Create | Sent::Renew, Ok(channel)) => self.take_channel(sent, channel, now),
            (Sent::Stop, Err(error)) if is_missing(&error) => self.channel = None,
            (Sent::Renew, Err(error)) if is_missing(&error) => self.forget_channel(),
            (Sent::Create | Sent::Renew, Err(error)) if self.service.is_refused(&error) => {
                self.refused = true;
                self.pause(now, REFUSED);
            }
            (Sent::Create | Sent::Renew | Sent::Stop, Err(error)) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
                self.failures = self.failures.saturating_add(1);
                self.pause(now, pause);
                return Err(error);
            }
        }
        Ok(())
    }

    fn take_channel(&mut self, sent: Sent, channel: Channel, now: Timestamp) {
        // Changes since the last round were not notified, unless another subscription was there.
        self.round_due |= self.channel(now).is_none();
        let before = self.channel.replace(channel);
        self.replaced = before.filter(|before| sent == Sent::Create && now < before.expires);
        (self.made, self.renewal_required, self.refused, self.failures) = (now, false, false, 0);
        // With a wrong clock, the subscription may look as if it had expired.
        let lifetime = self.channel(now).map(|channel| channel.expires.duration_since(now));
        let pause =
            lifetime.map_or(LONGEST_PAUSE, |lifetime| (lifetime / 2).clamp(FIRST_PAUSE, LONGEST_PAUSE));
        self.pause(now, pause);
    }

    fn pause(&mut self, now: Timestamp, pause: SignedDuration) {
        self.not_before = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
    }

    /// The service no longer notifies, and may have omitted some changes.
    fn forget_channel(&mut self) {
        self.channel = None;
        self.round_due = true;
    }

    /// Returns the time of the next call. A subscription is renewed in the last quarter of its lifetime.
    fn next_call(&self) -> Timestamp {
        let wanted = match &self.channel {
            None if self.ended => Timestamp::MAX,
            Some(channel) if !self.ended && !self.renewal_required => {
                let lifetime = channel.expires.duration_since(self.made);
                channel.expires.saturating_sub(lifetime / 4).unwrap_or(Timestamp::MIN)
            }
            _ => Timestamp::MIN,
        };
        wanted.max(self.not_before)
    }

    /// Returns whether a round of the feed is due.
    pub fn is_round_due(&self, now: Timestamp) -> bool {
        self.next_round(now) <= now
    }

    fn next_round(&self, now: Timestamp) -> Timestamp {
        if self.ended {
            return Timestamp::MAX;
        }
        if self.round_due || self.round_began.is_some() {
            return Timestamp::MIN;
        }
        let pause = if self.channel(now).is_some() { self.sweep_every } else { self.poll_every };
        // After a correction of the clock, the last round can be in the future.
        self.last_round.min(now).saturating_add(pause).unwrap_or(Timestamp::MAX)
    }

    /// Records that a round of the feed begins. A notification from now on makes another round due.
    pub fn round_begins(&mut self, now: Timestamp) {
        (self.round_due, self.round_began) = (false, Some(now));
    }

    /// Records that the round has succeeded. Without this call, a round is still due.
    pub fn round_ended(&mut self) {
        self.last_round = self.round_began.take().unwrap_or(self.last_round);
    }

    /// Returns the next time at which a call or a round is due, even without a notification.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        // When the subscription expires, polling begins.
        let expires = self.channel(now).map_or(Timestamp::MAX, |channel| channel.expires);
        self.next_call().min(self.next_round(now)).min(expires)
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound)
}

/// Sends the calls that are due, with a blocking client. Returns the time of the next call or round.
///
/// Microsoft sends a validation to the receiver before it responds, so the receiver must run meanwhile.
///
/// # Errors
/// If a call failed. Save the watch in this case as well: the call is repeated after a pause.
pub fn keep<S: PushService>(
    user: &impl Caller,
    watch: &mut Watch<S>,
    key: &PushKey,
    now: Timestamp,
) -> Result<Timestamp, Error>
where
    S::Request: Sync,
{
    while let Some(request) = watch.request(key, now) {
        watch.advance(user.call(&request), now)?;
    }
    Ok(watch.next(now))
}

/// Sends the calls that are due, with an async client: see [`keep`].
pub async fn keep_async<S>(
    user: &impl AsyncCaller,
    watch: &mut Watch<S>,
    key: &PushKey,
    now: Timestamp,
) -> Result<Timestamp, Error>
where
    S: PushService + Send,
    S::Request: Send + Sync,
{
    while let Some(request) = watch.request(key, now) {
        let response = user.call(&request).await;
        watch.advance(response, now)?;
    }
    Ok(watch.next(now))
}

/// Runs a round of the feed of the watch, if one is due. Save the watch after the changes.
///
/// # Errors
/// If the round failed. It is still due.
pub fn follow<S: PushService, F: ChangeFeed>(
    user: &impl Caller,
    watch: &mut Watch<S>,
    feed: &mut F,
    now: Timestamp,
) -> Result<Option<Changes>, Error>
where
    F::Request: Sync,
{
    if !watch.is_round_due(now) {
        return Ok(None);
    }
    watch.round_begins(now);
    let changes = round(user, feed)?;
    watch.round_ended();
    Ok(Some(changes))
}

/// Runs a round with an async client, if one is due: see [`follow`].
pub async fn follow_async<S, F>(
    user: &impl AsyncCaller,
    watch: &mut Watch<S>,
    feed: &mut F,
    now: Timestamp,
) -> Result<Option<Changes>, Error>
where
    S: PushService + Send,
    F: ChangeFeed + Send,
    F::Request: Send + Sync,
    <F::Request as Endpoint>::Output: Send,
{
    if !watch.is_round_due(now) {
        return Ok(None);
    }
    watch.round_begins(now);
    let changes = round_async(user, feed).await?;
    watch.round_ended();
    Ok(Some(changes))
}
