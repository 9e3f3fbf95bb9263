//! The call that replies to an invitation.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Acknowledged, Body, Event, Notify, Raw, Safety},
};
use serde::Serialize;

use super::{
    body::check_provider,
    endpoint::{endpoint, event_path},
    preferences::Preferences,
};
use crate::{InvitationReply, ReplyStatus};

/// Replies to an invitation (`POST /me/events/{id}/accept`, `decline` or `tentativelyAccept`).
///
/// ```
/// use connect_core::{Endpoint, types::{Body, Event, Provider}};
/// use connect_calendars::{InvitationReply, ReplyStatus, outlook::{DEFAULT_CALENDAR, Respond}};
///
/// let event = Event::new(Provider::Microsoft, DEFAULT_CALENDAR, "AAMk");
/// let call = Respond::new(&event, &InvitationReply::new(ReplyStatus::Declined).comment("On holiday"))?;
/// assert_eq!(call.path()?, "/me/events/AAMk/decline");
/// assert_eq!(call.body()?, Body::Json(r#"{"comment":"On holiday","sendResponse":true}"#.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * The reply is sent to the organizer, unless the organizer requested no responses or the reply sets
///   [`Notify::Nobody`]. [`Notify::External`] is refused.
/// * Outlook may remove a declined event from the calendar. A later reply then fails with
///   [`NotFound`](connect_core::ErrorKind::NotFound).
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Respond {
    calendar: String,
    event: String,
    status: ReplyStatus,
    body: Raw,
    prefer: Preferences,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    send_response: bool,
}

impl Respond {
    /// Creates the call for an event of Outlook.
    ///
    /// # Errors
    /// If the event says that the user is its organizer.
    pub fn new(event: &Event, reply: &InvitationReply) -> Result<Self, Error> {
        let target = reply.target(event)?;
        check_provider(&target.calendar)?;
        let field = |name| event.original.as_ref().and_then(|original| original.field::<bool>(name));
        if field("isOrganizer") == Some(true) {
            return Err(Error::validation(
                "the user organizes the event (expected an invitation of somebody else)",
            ));
        }
        let sends = match reply.notify {
            // Graph refuses a response that the organizer did not request.
            None => field("responseRequested") != Some(false),
            Some(Notify::All) => true,
            Some(Notify::Nobody) => false,
            Some(notify) => {
                return Err(Error::validation(format!(
                    "notify: Outlook sends a reply to the organizer or to nobody and does not support {:?} (expected \"all\" or \"none\")",
                    notify.as_str()
                )));
            }
        };
        let comment = reply.comment.as_deref().filter(|comment| !comment.is_empty());
        let body = Raw::from_value(&ResponseJson { comment, send_response: sends })
            .map_err(|error| Error::validation("comment: cannot be written as JSON").with_source(error))?;
        let (calendar, event, status) = (target.calendar.id, target.id, reply.status);
        Ok(Self { calendar, event, status, body, prefer: Preferences::default() })
    }

    /// Declares that the id of the event is an immutable id.
    pub fn immutable_ids(mut self) -> Self {
        self.prefer.immutable_ids = true;
        self
    }
}

endpoint!(Respond: POST "/me/calendars/{id}/events/{id}/{reply}" -> Acknowledged {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        let action = match self.status {
            ReplyStatus::Accepted => "accept",
            ReplyStatus::Declined => "decline",
            ReplyStatus::Tentative => "tentativelyAccept",
        };
        Ok(format!("{}/{action}", event_path(&self.calendar, "eventId", &self.event)?).into())
    }

    fn body(&self) -> Result<Body, Error> {
        Ok(Body::Json(self.body.get().to_owned()))
    }

    /// Returns `Idempotent`, because the same reply can be sent twice; `Once` for `declined`.
    ///
    /// Outlook may have removed the event after a lost response, and a retry would then fail with
    /// `NotFound`. [`CalendarBackend::respond`](crate::backend::CalendarBackend::respond) repeats a decline
    /// and takes this error as a success.
    fn safety(&self) -> Safety {
        if self.status == ReplyStatus::Declined { Safety::Once } else { Safety::Idempotent }
    }
});
