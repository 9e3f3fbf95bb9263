//! A delivery, what became of it, and one attempt to make it.

use super::subscriptions::CalendarKey;
use crate::world::time;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What an application is to hear, or has heard.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delivery {
    /// The header `webhook-id` of every attempt.
    pub id: String,
    /// Where it goes to.
    pub url: String,
    /// The application.
    pub client_id: String,
    /// The user whose calendar changed.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The calendar.
    pub calendar_id: String,
    /// The subscription's channel.
    pub channel_id: String,
    /// The body of every attempt: JSON. In the list of `GET /sandbox/deliveries` it stands as it is, not as a text.
    #[serde(serialize_with = "as_json")]
    pub body: Bytes,
    /// When the provider told of the changes.
    #[serde(serialize_with = "time::serialize_wire")]
    pub created: Timestamp,
    /// How it stands.
    pub state: DeliveryState,
    /// Why it was given up, if no answer was the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What came of each attempt (of the last hundred).
    pub attempts: Vec<Tried>,
    #[serde(skip)]
    pub(super) sendings: Vec<Sending>,
    #[serde(skip)]
    pub(super) key: CalendarKey,
    /// Whether it starts a channel.
    #[serde(skip)]
    pub(super) initial: bool,
    /// Whether it waits to be overtaken (switch `delivery_order`).
    #[serde(skip)]
    pub(super) delayed: bool,
    #[serde(skip)]
    arrived: bool,
    #[serde(skip)]
    started: u64,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeliveryState {
    /// It is on its way or is going to be tried again.
    Pending,
    /// A 2xx ended it.
    Delivered,
    /// It was given up.
    Failed,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tried {
    /// When it was made, as its `webhook-timestamp` says it.
    #[serde(serialize_with = "time::serialize_wire")]
    pub at: Timestamp,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A request to make now: give what comes of it to [`Sandbox::delivered`](crate::Sandbox::delivered).
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The delivery's id.
    pub delivery: String,
    /// 1 for the first attempt of a delivery, counted over everything that is sent of it.
    pub number: u64,
    /// What to give back with the outcome.
    pub token: AttemptToken,
    /// The whole request, signed.
    pub request: http::Request<Bytes>,
}

/// Tells one attempt from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptToken(pub(super) u64);

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The status of the answer.
    Status(u16),
    /// Why there was none: no connection, or not in time.
    Failed(String),
}

/// One way of a delivery to the application, with its retries. A duplicate and a resent one go their own.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) due: Timestamp,
    pub(super) tried: u32,
    /// The attempt that is being made.
    pub(super) under_way: Option<(AttemptToken, Timestamp)>,
}

/// How many attempts are kept.
const KEPT: usize = 100;

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
            body,
            created,
            state: DeliveryState::Pending,
            error: None,
            attempts: Vec::new(),
            sendings: Vec::new(),
            key,
            initial,
            delayed: false,
            arrived: false,
            started: 0,
        }
    }

    pub(super) fn send_at(&mut self, due: Timestamp) {
        self.state = DeliveryState::Pending;
        self.sendings.push(Sending { due, tried: 0, under_way: None });
    }

    /// Counts one more attempt, and says the how manieth it is.
    pub(super) fn start(&mut self) -> u64 {
        self.started += 1;
        self.started
    }

    pub(super) fn keep(&mut self, tried: Tried) {
        self.arrived |= tried.arrived();
        if self.attempts.len() >= KEPT {
            self.attempts.remove(0);
        }
        self.attempts.push(tried);
    }

    /// With nothing left to send, it has arrived if any attempt did.
    pub(super) fn settle(&mut self) {
        self.state = match (self.is_over(), self.arrived) {
            (false, _) => DeliveryState::Pending,
            (true, true) => DeliveryState::Delivered,
            (true, false) => DeliveryState::Failed,
        };
    }

    pub(super) fn is_over(&self) -> bool {
        self.sendings.is_empty()
    }

    /// Whether the first attempt of something is being made.
    pub(super) fn is_first_under_way(&self) -> bool {
        self.sendings.iter().any(|one| one.under_way.is_some() && one.tried == 0)
    }
}

impl Tried {
    pub(super) fn arrived(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

fn as_json<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_slice::<Value>(body).unwrap_or(Value::Null).serialize(serializer)
}
