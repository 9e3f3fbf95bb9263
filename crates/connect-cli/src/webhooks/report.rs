//! Formats a received delivery: one line per changed event, or one JSON object.

use connect_hyper::{
    TransportError,
    types::{ChangeType, Delivery, EventChange, Provider},
    webhooks::{Declined, Verified},
};
use http::{HeaderMap, Response, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    key,
    output::Output,
    text::{clean, cut, limit, width},
    when,
};

/// The maximum length of a received text in the output, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// A delivery and its outcome.
pub(super) struct DeliveryReport {
    at: Timestamp,
    id: Option<String>,
    verified: bool,
    duplicate: bool,
    reason: Option<&'static str>,
    /// Why the delivery was declined or could not be recorded as handled.
    error: Option<String>,
    status: StatusCode,
    forwarded: Option<Forwarded>,
    delivery: Option<Delivery>,
}

struct Forwarded {
    url: String,
    outcome: Result<StatusCode, String>,
}

impl DeliveryReport {
    pub(super) fn handled(verified: &Verified) -> Self {
        Self {
            at: Timestamp::now(),
            id: Some(verified.id.to_string()),
            verified: true,
            duplicate: false,
            reason: None,
            error: None,
            status: StatusCode::OK,
            forwarded: None,
            delivery: Some(verified.delivery.clone()),
        }
    }

    /// Creates the report of a declined delivery.
    ///
    /// The report contains the id of the delivery, but no other unverified content.
    pub(super) fn declined(headers: &HeaderMap, declined: &Declined) -> Self {
        let id = headers
            .get("webhook-id")
            .map(|id| limit(&String::from_utf8_lossy(id.as_bytes()), MAX_TEXT_CHARS));
        let rejection = match declined {
            Declined::Rejected(rejection) => Some(rejection),
            _ => None,
        };
        let mut error = declined.to_string();
        if let Some(cause) = rejection.and_then(|rejection| rejection.cause()) {
            error.push_str(&format!(": {cause}"));
        }
        Self {
            at: Timestamp::now(),
            id,
            verified: rejection.is_none(),
            duplicate: matches!(declined, Declined::Handled | Declined::InProgress),
            reason: rejection.map(|rejection| rejection.reason().code()),
            error: Some(error),
            status: declined.status(),
            forwarded: None,
            delivery: None,
        }
    }

    /// Adds the outcome of forwarding.
    pub(super) fn forwarded<B>(&mut self, url: &Uri, response: &Result<Response<B>, TransportError>) {
        let outcome = match response {
            Ok(response) => Ok(response.status()),
            Err(error) => Err(error.to_string()),
        };
        self.status = *outcome.as_ref().unwrap_or(&StatusCode::BAD_GATEWAY);
        self.forwarded = Some(Forwarded { url: url.to_string(), outcome });
    }

    /// Adds that the delivery was handled, but could not be recorded as handled.
    pub(super) fn failed(mut self, declined: &Declined) -> Self {
        self.error = Some(declined.to_string());
        self.status = declined.status();
        self
    }

    pub(super) fn is_handled(&self) -> bool {
        self.error.is_none() && self.status.is_success()
    }

    pub(super) fn json(&self) -> Value {
        let forwarded = self.forwarded.as_ref().map(|forwarded| {
            let (status, error) = match &forwarded.outcome {
                Ok(status) => (Some(status.as_u16()), None),
                Err(error) => (None, Some(error)),
            };
            json!({ "url": forwarded.url, "status": status, "error": error })
        });
        json!({
            "at": self.at,
            "id": self.id,
            "verified": self.verified,
            "duplicate": self.duplicate,
            "reason": self.reason,
            "error": self.error,
            "status": self.status.as_u16(),
            "forwarded": forwarded,
            "delivery": self.delivery,
        })
    }

    pub(super) fn text(&self, out: &Output) -> String {
        let time = self.at.to_zoned_datetime(out.zone.clone()).strftime("%H:%M:%S").to_string();
        let mut text = String::new();
        match &self.delivery {
            Some(delivery) if delivery.events.is_empty() => {
                text.push_str(&format!(
                    "{time}  {}  the delivery contains no event\n",
                    place(delivery, None)
                ));
            }
            Some(delivery) => {
                for change in &delivery.events {
                    text.push_str(&format!("{time}  {}\n", line(delivery, change, out)));
                }
            }
            None => {
                let outcome = if self.verified { "again  " } else { "refused" };
                let id = brief(self.id.as_deref().unwrap_or("(no id)"));
                text.push_str(&format!("{time}  {outcome}  {id}: {}\n", self.why()));
            }
        }
        if let Some(forwarded) = &self.forwarded {
            text.push_str(&format!("{time}  {}\n", forwarding(forwarded)));
        }
        if let (Some(_), Some(error)) = (&self.delivery, &self.error) {
            text.push_str(&format!("{time}  cannot save the delivery as handled: {}\n", brief(error)));
        }
        text
    }

    fn why(&self) -> String {
        let error = brief(self.error.as_deref().unwrap_or_default());
        let reason = self.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{error}{reason}; the response to the service was {}", self.status.as_u16())
    }
}

fn forwarding(forwarded: &Forwarded) -> String {
    let url = brief(&forwarded.url);
    match &forwarded.outcome {
        Ok(status) if status.is_success() => format!("{url} responded {}", status.as_u16()),
        Ok(status) => format!("{url} responded {}: not handled", status.as_u16()),
        Err(error) => {
            format!("no response from {url}: {}; the response to the service was 502", brief(error))
        }
    }
}

fn brief(text: &str) -> String {
    clean(&limit(text, MAX_TEXT_CHARS))
}

/// Returns a line such as `updated  google/th20eap9  Stand-up  2026-11-23 09:00-09:30`.
fn line(delivery: &Delivery, change: &EventChange, out: &Output) -> String {
    const PLACE_WIDTH: usize = 18;
    let event = &change.event;
    let kind = change_kind(delivery, change);
    let place = place(delivery, Some(change));
    let span = brief(&when::span(event, &out.zone));
    let title = if event.title.is_empty() { "(no title)".to_owned() } else { brief(&event.title) };
    // The width of the line without the title.
    let used = 10 + width(&kind).max(7) + 2 + width(&place).max(PLACE_WIDTH) + 2 + 2 + width(&span);
    let title = match out.remaining_width(used) {
        Some(width) => cut(&title, width.max(8)),
        None => title,
    };
    format!("{kind:<7}  {place:<PLACE_WIDTH$}  {title}  {span}")
}

/// Returns the change type of the event or, if the event has no change type, of the delivery.
///
/// If the delivery has no change type either, returns the event type of the delivery without `event.`. If
/// the event type is missing too, returns `changed`.
fn change_kind(delivery: &Delivery, change: &EventChange) -> String {
    let typed = change.change_type.as_ref().or(delivery.change_type.as_ref()).map(ChangeType::as_str);
    let named = || delivery.event_type.as_deref().map(|name| name.strip_prefix("event.").unwrap_or(name));
    brief(typed.or_else(named).unwrap_or("changed"))
}

/// Returns the provider and the calendar's key.
fn place(delivery: &Delivery, change: Option<&EventChange>) -> String {
    let event = change.map(|change| &change.event);
    let provider = event.and_then(|event| event.provider.as_ref()).or(delivery.provider.as_ref());
    let calendar = event.and_then(|event| event.calendar_id.as_deref()).or(delivery.calendar_id.as_deref());
    let key = calendar.map_or_else(|| "?".to_owned(), |id| key::of_calendar_id(provider, id));
    format!("{}/{key}", brief(provider.map_or("?", Provider::as_str)))
}
