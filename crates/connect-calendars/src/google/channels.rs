//! The calls that create and stop notification channels.

use std::borrow::Cow;

use connect_core::{
    Endpoint, Error, Limits, Response, Secret,
    types::{Body, Raw, Safety},
};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{events_path, json, read},
    json::{Object, text_or_number},
};
use crate::push::{Channel, PushService};

/// The lifetime that a channel asks for. It is Google's default.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The notification channels of one Google calendar, for [`Watch`](crate::push::Watch).
///
/// * A channel cannot be renewed. In the last quarter of its lifetime, another channel is created, and then
///   the first one is stopped. A channel lasts a week.
/// * If the response to the creation of a channel is lost, the channel sends notifications until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    calendar: String,
}

impl Channels {
    /// Creates the service of a calendar.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { calendar: calendar_id.into() }
    }
}

impl PushService for Channels {
    type Request = ChannelRequest;

    fn create(&self, id: &str, address: &str, token: &str, now: Timestamp) -> ChannelRequest {
        let expires = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let channel = Channel { id: id.to_owned(), resource_id: None, expires };
        ChannelRequest(ChannelAction::Watch {
            calendar: self.calendar.clone(),
            channel,
            address: address.to_owned(),
            token: Secret::new(token),
        })
    }

    fn renew(&self, _: &Channel, _: Timestamp) -> Option<ChannelRequest> {
        None
    }

    fn stop(&self, channel: &Channel) -> ChannelRequest {
        ChannelRequest(ChannelAction::Stop(channel.clone()))
    }

    fn is_refused(&self, error: &Error) -> bool {
        error.server_code() == Some("pushNotSupportedForRequestedResource")
    }
}

/// Creates a channel (`POST /calendars/{id}/events/watch`) or stops it (`POST /channels/stop`).
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct ChannelRequest(ChannelAction);

#[derive(Clone, Debug)]
enum ChannelAction {
    Watch { calendar: String, channel: Channel, address: String, token: Secret },
    Stop(Channel),
}

impl Endpoint for ChannelRequest {
    type Output = Channel;

    fn method(&self) -> Method {
        Method::POST
    }

    fn operation(&self) -> &'static str {
        match self.0 {
            ChannelAction::Watch { .. } => "POST /calendars/{calendarId}/events/watch",
            ChannelAction::Stop(_) => "POST /channels/stop",
        }
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        match &self.0 {
            ChannelAction::Watch { calendar, .. } => Ok(format!("{}/watch", events_path(calendar)?).into()),
            ChannelAction::Stop(_) => Ok("/channels/stop".into()),
        }
    }

    fn body(&self) -> Result<Body, Error> {
        let mut body = Object::default();
        match &self.0 {
            ChannelAction::Watch { channel, address, token, .. } => {
                body.set("id", &channel.id)?;
                body.set("type", "web_hook")?;
                body.set("address", address)?;
                body.set("token", token.expose())?;
                let mut params = Object::default();
                params.set("ttl", &LIFETIME.as_secs().to_string())?;
                body.set("params", &params)?;
            }
            ChannelAction::Stop(channel) => {
                body.set("id", &channel.id)?;
                body.set("resourceId", &channel.resource_id)?;
            }
        }
        json(&body)
    }

    /// Returns `Once` for a creation, because Google accepts the id of a channel only once.
    fn safety(&self) -> Safety {
        match self.0 {
            ChannelAction::Watch { .. } => Safety::Once,
            ChannelAction::Stop(_) => Safety::Idempotent,
        }
    }

    fn limits(&self) -> Limits {
        Limits::of_each_user()
    }

    fn explain(response: &Response, error: Error) -> Error {
        super::explain::explain(response, error)
    }

    fn decode(&self, response: &Response) -> Result<Channel, Error> {
        let ChannelAction::Watch { channel, .. } = &self.0 else { return Ok(Channel::default()) };
        let raw: Raw = read(response, self.safety())?;
        // The documentation has the time as a text and as a number.
        let expires = raw.field::<Raw>("expiration").and_then(|raw| text_or_number(&raw)?.parse().ok());
        let expires = expires.and_then(|time| Timestamp::from_millisecond(time).ok());
        Ok(Channel {
            resource_id: raw.field("resourceId"),
            expires: expires.unwrap_or(channel.expires),
            id: channel.id.clone(),
        })
    }
}
