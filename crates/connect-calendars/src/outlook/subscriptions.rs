//! The calls that create, renew and delete subscriptions.

use std::borrow::Cow;

use connect_core::{
    Endpoint, Error, ErrorKind, Limits, Response, Secret, path_segment,
    types::{Body, Raw, Safety},
};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{endpoint::calendar_path, response::read_object};
use crate::push::{Channel, PushService};

/// The lifetime that a subscription asks for.
///
/// Graph refuses more than 4,230 minutes from now, by its own clock.
const LIFETIME: SignedDuration = SignedDuration::from_mins(4_200);

/// The subscriptions to one Outlook calendar, for [`Watch`](crate::push::Watch).
///
/// * A subscription lasts 70 hours, and is renewed in the last quarter of this time.
/// * Graph documents subscriptions to the default calendar. Those to other calendars work, but are not
///   documented.
/// * If the response to the creation of a subscription is lost, the subscription sends notifications until
///   it expires.
/// * Mailboxes outside of Exchange Online, rooms and shared calendars cannot be subscribed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    calendar: String,
}

impl Subscriptions {
    /// Creates the service of a calendar.
    ///
    /// [`DEFAULT_CALENDAR`](super::DEFAULT_CALENDAR) is the default calendar of the user.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { calendar: calendar_id.into() }
    }
}

impl PushService for Subscriptions {
    type Request = SubscriptionRequest;

    fn create(&self, _: &str, address: &str, token: &str, now: Timestamp) -> SubscriptionRequest {
        SubscriptionRequest {
            expires: expiry(now),
            action: SubscriptionAction::Create {
                calendar: self.calendar.clone(),
                address: address.to_owned(),
                token: Secret::new(token),
            },
        }
    }

    fn renew(&self, channel: &Channel, now: Timestamp) -> Option<SubscriptionRequest> {
        Some(SubscriptionRequest {
            expires: expiry(now),
            action: SubscriptionAction::Renew(channel.id.clone()),
        })
    }

    fn stop(&self, channel: &Channel) -> SubscriptionRequest {
        SubscriptionRequest {
            expires: channel.expires,
            action: SubscriptionAction::Delete(channel.id.clone()),
        }
    }

    fn is_refused(&self, error: &Error) -> bool {
        let status = error.status().map_or(0, |status| status.as_u16());
        matches!(status, 401 | 403 | 404) && error.server_code() == Some("ExtensionError")
    }
}

fn expiry(now: Timestamp) -> Timestamp {
    now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

/// Creates (`POST /subscriptions`), renews (`PATCH /subscriptions/{id}`) or deletes a subscription.
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct SubscriptionRequest {
    expires: Timestamp,
    action: SubscriptionAction,
}

#[derive(Clone, Debug)]
enum SubscriptionAction {
    Create { calendar: String, address: String, token: Secret },
    Renew(String),
    Delete(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionJson<'a> {
    change_type: &'a str,
    notification_url: &'a str,
    lifecycle_notification_url: &'a str,
    resource: &'a str,
    expiration_date_time: Timestamp,
    client_state: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RenewalJson {
    expiration_date_time: Timestamp,
}

impl Endpoint for SubscriptionRequest {
    type Output = Channel;

    fn method(&self) -> Method {
        match self.action {
            SubscriptionAction::Create { .. } => Method::POST,
            SubscriptionAction::Renew(_) => Method::PATCH,
            SubscriptionAction::Delete(_) => Method::DELETE,
        }
    }

    fn operation(&self) -> &'static str {
        match self.action {
            SubscriptionAction::Create { .. } => "POST /subscriptions",
            SubscriptionAction::Renew(_) => "PATCH /subscriptions/{id}",
            SubscriptionAction::Delete(_) => "DELETE /subscriptions/{id}",
        }
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        match &self.action {
            SubscriptionAction::Create { .. } => Ok("/subscriptions".into()),
            SubscriptionAction::Renew(id) | SubscriptionAction::Delete(id) => {
                Ok(format!("/subscriptions/{}", path_segment("subscriptionId", id)?).into())
            }
        }
    }

    fn body(&self) -> Result<Body, Error> {
        let body = match &self.action {
            SubscriptionAction::Create { calendar, address, token } => {
                let resource = match calendar.as_str() {
                    super::DEFAULT_CALENDAR => "/me/events".to_owned(),
                    id => format!("{}/events", calendar_path(id)?),
                };
                Raw::from_value(&SubscriptionJson {
                    change_type: "created,updated,deleted",
                    notification_url: address,
                    lifecycle_notification_url: address,
                    resource: resource.trim_start_matches('/'),
                    expiration_date_time: self.expires,
                    client_state: token.expose(),
                })
            }
            SubscriptionAction::Renew(_) => {
                Raw::from_value(&RenewalJson { expiration_date_time: self.expires })
            }
            SubscriptionAction::Delete(_) => return Ok(Body::None),
        };
        let body = body.map_err(|error| {
            Error::validation("the subscription cannot be written as JSON").with_source(error)
        })?;
        Ok(Body::Json(body.get().to_owned()))
    }

    /// Returns `Once` for a creation: if it was repeated, every change would be notified twice.
    fn safety(&self) -> Safety {
        match self.action {
            SubscriptionAction::Create { .. } => Safety::Once,
            SubscriptionAction::Renew(_) | SubscriptionAction::Delete(_) => Safety::Idempotent,
        }
    }

    fn limits(&self) -> Limits {
        Limits::per_user(4)
    }

    fn explain(response: &Response, error: Error) -> Error {
        super::error::explain(response, error)
    }

    fn decode(&self, response: &Response) -> Result<Channel, Error> {
        let known = match &self.action {
            SubscriptionAction::Create { .. } => None,
            SubscriptionAction::Renew(id) => Some(id.clone()),
            SubscriptionAction::Delete(_) => return Ok(Channel::default()),
        };
        let raw = read_object(response, self.safety())?;
        let id = raw.field::<String>("id").filter(|id| !id.is_empty()).or(known);
        let id = id.ok_or_else(|| {
            let kind = ErrorKind::Decode { path: "id".into(), offset: 0 };
            Error::new(kind).with_message("the subscription has no id")
        })?;
        let expires = raw.field::<Timestamp>("expirationDateTime").unwrap_or(self.expires);
        Ok(Channel { id, resource_id: None, expires })
    }
}
