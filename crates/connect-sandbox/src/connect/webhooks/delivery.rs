//! A delivery, its state, and its attempts.

use super::subscriptions::CalendarKey;
use crate::world::provider::Provider;
use crate::world::time;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A message about changed events to an application.
///
/// The message is a delivery of Connect, or a notification of Google or Graph.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// The header `webhook-id` of every attempt. A notification of Google or Graph does not contain the id.
    pub id: String,
    /// The webhook URL.
    pub url: String,
    /// The client id of the application.
    pub client_id: String,
    /// The user whose calendar changed. At Google and Graph, the account that created the channel.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The id of the calendar; empty if the channel watches several calendars.
    pub calendar_id: String,
    /// The id of the subscription's channel, of the Google channel, or of the Graph subscription.
    pub channel_id: String,
    /// The `X-Goog-` headers of a Google notification; empty for other deliveries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The JSON body of every attempt; empty for a Google notification.
    ///
    /// `GET /sandbox/deliveries` embeds the body as JSON, not as a string.
    #[serde(serialize_with = "as_json")]
    pub body: Bytes,
    /// When the provider reported the changes.
    #[serde(serialize_with = "time::serialize_wire")]
    pub created: Timestamp,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// Why the delivery was cancelled, such as a disconnected account; absent if it was not cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last hundred attempts.
    pub attempts: Vec<Tried>,
    #[serde(skip)]
    pub(super) transmissions: Vec<Transmission>,
    #[serde(skip)]
    pub(super) key: CalendarKey,
    /// Whether the delivery reports the existing events of a calendar, for a new channel.
    #[serde(skip)]
    pub(super) initial: bool,
    /// Whether the delivery is delayed, so that the next delivery is sent first (switch `delivery_order`).
    #[serde(skip)]
    pub(super) delayed: bool,
    /// Whether the delivery is a notification of Google or Graph.
    #[serde(skip)]
    pub(super) push: bool,
    /// Whether the notification is sent although its channel has ended.
    #[serde(skip)]
    pub(super) closing: bool,
    #[serde(skip)]
    arrived: bool,
    #[serde(skip)]
    started: u64,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeliveryState {
    /// An attempt is running or due later.
    Pending,
    /// An attempt got a 2xx, and no attempt will follow.
    Delivered,
    /// No attempt got a 2xx, and no attempt will follow.
    Failed,
}

/// A completed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tried {
    /// When the attempt was made, which is also its `webhook-timestamp`.
    #[serde(serialize_with = "time::serialize_wire")]
    pub at: Timestamp,
    /// The status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error, if the request failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A delivery request to send now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The id of the delivery.
    pub delivery: String,
    /// The number of the attempt, from 1. Retries, duplicates and resends of the delivery count as well.
    pub number: u64,
    /// The token to pass to [`Sandbox::delivered`](crate::Sandbox::delivered) with the outcome.
    pub token: AttemptToken,
    /// The complete, signed request.
    pub request: http::Request<Bytes>,
}

/// Identifies an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptToken(pub(super) u64);

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The application responded with this status.
    Status(u16),
    /// The request failed with this error: no connection, or a timeout.
    Failed(String),
}

/// The first attempt to transmit a delivery, and the retries of this attempt.
///
/// A duplicate and a resend are separate transmissions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Transmission {
    pub(super) due: Timestamp,
    pub(super) retries: u32,
    /// The running attempt, and when it started. A state file omits the running attempt, so that the sandbox
    /// that loads the file makes the attempt again.
    #[serde(skip)]
    pub(super) running: Option<(AttemptToken, Timestamp)>,
}

/// The maximum number of attempts stored for a delivery.
const MAX_ATTEMPTS: usize = 100;

impl Delivery {
    pub(super) fn new(
        id: String,
        url: String,
        key: CalendarKey,
        channel_id: String,
        body: Bytes,
        created: Timestamp,
        initial: bool,
    ) -> Self {
        Self {
            id,
            url,
            client_id: key.user.client.clone(),
            user_id: key.user.id.clone(),
            provider: key.provider.name(),
            calendar_id: key.id.clone(),
            channel_id,
            headers: BTreeMap::new(),
            body,
            created,
            state: DeliveryState::Pending,
            error: None,
            attempts: Vec::new(),
            transmissions: Vec::new(),
            key,
            initial,
            delayed: false,
            push: false,
            closing: false,
            arrived: false,
            started: 0,
        }
    }

    pub(super) fn send_at(&mut self, due: Timestamp) {
        self.state = DeliveryState::Pending;
        self.transmissions.push(Transmission { due, retries: 0, running: None });
    }

    /// Counts a new attempt and returns its number.
    pub(super) fn start(&mut self) -> u64 {
        self.started += 1;
        self.started
    }

    pub(super) fn record_attempt(&mut self, tried: Tried, arrived: bool) {
        self.arrived |= arrived;
        if self.attempts.len() >= MAX_ATTEMPTS {
            self.attempts.remove(0);
        }
        self.attempts.push(tried);
    }

    /// Returns the service that sends the notification; `None` for a delivery of Connect.
    pub(super) fn push_service(&self) -> Option<Provider> {
        self.push.then_some(self.key.provider)
    }

    /// Whether a response with this status means that the delivery has arrived.
    pub(super) fn arrives_with(&self, status: Option<u16>) -> bool {
        match self.push_service() {
            Some(Provider::Google) => {
                status.is_some_and(|status| [200, 201, 202, 204, 102].contains(&status))
            }
            _ => status.is_some_and(|status| (200..300).contains(&status)),
        }
    }

    /// Updates the state. When no transmission is left, the state depends on whether an attempt got
    /// a 2xx.
    pub(super) fn update_state(&mut self) {
        self.state = match (self.is_over(), self.arrived) {
            (false, _) => DeliveryState::Pending,
            (true, true) => DeliveryState::Delivered,
            (true, false) => DeliveryState::Failed,
        };
    }

    pub(super) fn is_over(&self) -> bool {
        self.transmissions.is_empty()
    }

    /// Whether the first attempt of a transmission is running.
    pub(super) fn is_first_running(&self) -> bool {
        self.transmissions.iter().any(|one| one.running.is_some() && one.retries == 0)
    }
}

fn as_json<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_slice::<Value>(body).unwrap_or(Value::Null).serialize(serializer)
}

/// Writes and reads the deliveries of a state file, with their pending attempts.
pub(super) mod stored {
    use super::*;
    use crate::stored::{Word, text, word};
    use std::collections::VecDeque;

    #[derive(Serialize, Deserialize)]
    struct Stored(#[serde(with = "StoredDelivery")] Delivery);

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Delivery", rename_all = "camelCase", deny_unknown_fields)]
    struct StoredDelivery {
        id: String,
        url: String,
        client_id: String,
        user_id: String,
        #[serde(deserialize_with = "word")]
        provider: Word,
        calendar_id: String,
        channel_id: String,
        headers: BTreeMap<String, String>,
        #[serde(with = "text")]
        body: Bytes,
        created: Timestamp,
        state: DeliveryState,
        error: Option<String>,
        attempts: Vec<Tried>,
        transmissions: Vec<Transmission>,
        key: CalendarKey,
        initial: bool,
        delayed: bool,
        push: bool,
        closing: bool,
        arrived: bool,
        started: u64,
    }

    pub(in super::super) fn serialize<S: Serializer>(
        log: &VecDeque<Delivery>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(log.iter().cloned().map(Stored))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<VecDeque<Delivery>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().map(|Stored(delivery)| delivery).collect())
    }
}
