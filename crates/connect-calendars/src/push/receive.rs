//! The receiver of notifications.

use connect_core::types::{self, Raw};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use thiserror::Error;

use super::PushKey;

/// A request of Google or Microsoft to the receiver of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// Microsoft checks the receiver before it creates a subscription: the response repeats this token.
    Validation(String),
    /// Notifications of watches. Those that this application did not subscribe to are left out.
    Notifications(Vec<Notification>),
}

/// A notification: a round of the feed of a watch may be due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The id of the watch.
    pub watch: String,
    /// The id of the channel (Google) or of the subscription (Microsoft).
    pub channel: String,
    /// What the service reports.
    pub kind: NotificationKind,
}

/// What a service reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotificationKind {
    /// The calendar has changed. Unknown reports count as changes.
    Changed,
    /// A channel was created: `sync` of Google.
    Started,
    /// Microsoft could not deliver some notifications: `missed`.
    Missed,
    /// Microsoft has removed the subscription: `subscriptionRemoved`.
    Removed,
    /// Microsoft will stop the subscription unless it is renewed: `reauthorizationRequired`.
    RenewalRequired,
}

/// The reason for refusing a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PushError {
    /// No notification has a token of this key.
    #[error("the notification has no token of this application")]
    NotGenuine,
    /// The request is not a notification of Google or Microsoft.
    #[error("the request is not a notification (expected the headers of Google or the JSON of Microsoft)")]
    Malformed,
}

impl PushError {
    /// Returns the status of the response: 401 or 400. The services do not repeat such a request.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotGenuine => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

impl Received {
    /// Returns the response: the token of a validation, or an empty 202.
    ///
    /// Send the response of notifications after they are in a queue. To get them again, respond with a 503.
    pub fn response(&self) -> Response<String> {
        match self {
            Self::Validation(token) => {
                let mut response = Response::new(token.clone());
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                // Anyone can send a token. No browser may take it as HTML.
                headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                response
            }
            Self::Notifications(_) => {
                let mut response = Response::new(String::new());
                *response.status_mut() = StatusCode::ACCEPTED;
                response
            }
        }
    }

    /// Returns the notifications; none for a validation.
    pub fn notifications(&self) -> &[Notification] {
        match self {
            Self::Validation(_) => &[],
            Self::Notifications(list) => list,
        }
    }
}

impl PushKey {
    /// Reads and verifies a request to the receiver: the query of its URL, its headers and its body.
    ///
    /// A validation of Microsoft is accepted from anyone: it comes before there is anything to verify.
    ///
    /// # Errors
    /// If the request is not a notification, or if each of its notifications lacks a token of this key.
    pub fn receive(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Received, PushError> {
        let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        if let Some((_, token)) = parameters.find(|(name, _)| name == "validationToken") {
            return Ok(Received::Validation(token.into_owned()));
        }
        let found = match text(headers, "x-goog-channel-id") {
            Some(channel) => vec![self.of_google(channel, headers)],
            None => self.of_microsoft(body)?,
        };
        let genuine: Vec<_> = found.iter().flatten().cloned().collect();
        if genuine.is_empty() && !found.is_empty() {
            return Err(PushError::NotGenuine);
        }
        Ok(Received::Notifications(genuine))
    }

    fn of_google(&self, channel: &str, headers: &HeaderMap) -> Option<Notification> {
        let watch = self.watch_of(text(headers, "x-goog-channel-token")?)?.to_owned();
        let kind = match text(headers, "x-goog-resource-state") {
            Some("sync") => NotificationKind::Started,
            _ => NotificationKind::Changed,
        };
        Some(Notification { watch, channel: channel.to_owned(), kind })
    }

    fn of_microsoft(&self, body: &[u8]) -> Result<Vec<Option<Notification>>, PushError> {
        let body: Raw = types::decode(body).map_err(|_| PushError::Malformed)?;
        let entries: Vec<Raw> = body.field("value").ok_or(PushError::Malformed)?;
        let read = |entry: Raw| {
            let text = |name: &str| entry.field::<String>(name);
            let watch = self.watch_of(&text("clientState")?)?.to_owned();
            let kind = match text("lifecycleEvent").as_deref() {
                None => NotificationKind::Changed,
                Some("subscriptionRemoved") => NotificationKind::Removed,
                Some("reauthorizationRequired") => NotificationKind::RenewalRequired,
                Some(_) => NotificationKind::Missed,
            };
            Some(Notification { watch, channel: text("subscriptionId").unwrap_or_default(), kind })
        };
        Ok(entries.into_iter().map(read).collect())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
