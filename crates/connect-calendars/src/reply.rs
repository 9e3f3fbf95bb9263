//! The reply of a guest to an invitation.

use connect_core::types::Notify;
#[cfg(any(feature = "google", feature = "outlook"))]
use connect_core::{
    Error,
    types::{Event, EventRef},
};

/// A guest's reply to an invitation.
///
/// ```
/// use connect_calendars::{InvitationReply, ReplyStatus};
/// use connect_core::types::Notify;
///
/// let reply = InvitationReply::new(ReplyStatus::Accepted).comment("15 minutes late").notify(Notify::Nobody);
/// assert_eq!((reply.status.as_str(), reply.comment.as_deref()), ("accepted", Some("15 minutes late")));
/// assert!(!reply.whole_series);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a reply does nothing until it is passed to `respond`"]
pub struct InvitationReply {
    /// Whether the guest will come.
    pub status: ReplyStatus,
    /// A text for the organizer.
    pub comment: Option<String>,
    /// The people to notify of the reply; the service decides if not set.
    pub notify: Option<Notify>,
    /// Whether the reply applies to the whole series of an occurrence.
    pub whole_series: bool,
}

/// Whether a guest will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyStatus {
    /// The guest will come.
    Accepted,
    /// The guest will not come.
    Declined,
    /// The guest may come.
    Tentative,
}

impl ReplyStatus {
    /// Returns `accepted`, `declined` or `tentative`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "tentative",
        }
    }
}

impl InvitationReply {
    /// Creates a reply without a comment. For an occurrence of a series, the reply applies to the occurrence
    /// only.
    pub fn new(status: ReplyStatus) -> Self {
        Self { status, comment: None, notify: None, whole_series: false }
    }

    /// Sets a text for the organizer.
    ///
    /// Google keeps the comment of an earlier reply if this method is not called; an empty text deletes the
    /// comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Sets the people to notify. Default: the organizer.
    ///
    /// Outlook supports [`Notify::All`] and [`Notify::Nobody`].
    pub fn notify(mut self, notify: Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Replies to the whole series of the occurrence.
    pub fn whole_series(mut self) -> Self {
        self.whole_series = true;
        self
    }

    /// Returns the event, occurrence or series that the reply applies to.
    #[cfg(any(feature = "google", feature = "outlook"))]
    pub(crate) fn target(&self, event: &Event) -> Result<EventRef, Error> {
        let mut target = event.delete_series()?.event()?;
        if self.whole_series {
            target.id = target.recurring_event_id.take().unwrap_or(target.id);
        } else if event.delete().is_err() {
            return Err(Error::validation(
                "eventId: the event is a series; call `whole_series` to reply for all of its events",
            ));
        }
        Ok(target)
    }
}
