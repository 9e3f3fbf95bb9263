//! Webhook deliveries, and the stream that tells open pages about them.

use std::convert::Infallible;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::sse::{Event, KeepAlive, Sse},
};
use connect_hyper::webhooks::Declined;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::{broadcast, watch};

use crate::{App, session::Visitor};

/// Passes the user of each delivery to the open pages of this process.
///
/// With several processes, publish the user through your database instead, for example with NOTIFY.
#[derive(Clone)]
pub(crate) struct Live {
    changed: broadcast::Sender<String>,
    stopped: watch::Receiver<bool>,
}

impl Live {
    pub(crate) fn new(stopped: watch::Receiver<bool>) -> Self {
        Self { changed: broadcast::Sender::new(256), stopped }
    }

    /// Tells when the program stops.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.clone()
    }
}

/// Receives a delivery. The signature covers the bytes of the body.
pub(crate) async fn webhook(State(app): State<App>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match handle(&app, &headers, &body).await {
        Ok(()) => StatusCode::OK,
        Err(declined) => {
            eprintln!("declined a delivery: {declined:?}");
            declined.status()
        }
    }
}

async fn handle(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<(), Declined> {
    let received = app.connect.webhooks().receive(headers, body).await?;
    if let Some(user) = &received.delivery.user_id {
        let _ = app.live.changed.send(user.clone()); // fails if no page is open
    }
    received.done().await
}

/// Streams an event for each delivery of the visitor.
pub(crate) async fn events(
    State(app): State<App>,
    visitor: Visitor,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut stopped = app.live.stopped();
    let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
    let start = (app.live.changed.subscribe(), visitor.user.id().to_owned());
    let events = stream::unfold(start, |(mut changed, user)| async move {
        loop {
            match changed.recv().await {
                Ok(other) if other != user => {}
                Err(broadcast::error::RecvError::Closed) => return None,
                // A page that missed messages reads the events again as well.
                _ => return Some((Ok(Event::default().data("changed")), (changed, user))),
            }
        }
    });
    let events = events.take_until(Box::pin(stop));
    Sse::new(events).keep_alive(KeepAlive::default())
}
