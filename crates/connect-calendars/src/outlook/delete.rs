//! The call that deletes an event.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{self, Acknowledged},
};

use super::{
    body::check_notify, create::DeferredError, endpoint::endpoint, preferences::Preferences, update::Target,
};

/// Deletes an event (`DELETE /me/calendars/{id}/events/{id}`).
///
/// The call deletes one event or occurrence; with `whole_series`, it deletes the series of the occurrence.
/// "This and following" is refused. If the user is the organizer, Graph notifies all guests. Any
/// [`Notify`](connect_core::types::Notify) except `All` is refused.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct DeleteEvent {
    target: Target,
    checked: Result<(), DeferredError>,
    prefer: Preferences,
}

impl DeleteEvent {
    /// Creates the call for a deletion.
    pub fn new(delete: &types::DeleteEvent) -> Self {
        let (target, checked) = match delete.event() {
            Ok(event) => Target::of(event),
            Err(invalid) => (Target::default(), Err(invalid.into())),
        };
        let checked = checked.and_then(|()| check_notify(delete.notified()));
        Self { target, checked: checked.map_err(DeferredError), prefer: Preferences::default() }
    }

    /// Deletes the event only if it still has this [`etag`](super::etag).
    ///
    /// If the tag differs, the call fails with [`Conflict`](connect_core::ErrorKind::Conflict).
    pub fn if_match(mut self, etag: impl Into<Box<str>>) -> Self {
        self.prefer.if_match = Some(etag.into());
        self
    }

    /// Declares that the id in the request is an immutable id.
    pub fn immutable_ids(mut self) -> Self {
        self.prefer.immutable_ids = true;
        self
    }
}

endpoint!(DeleteEvent: DELETE "/me/calendars/{id}/events/{id}" -> Acknowledged {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        self.checked.as_ref().map_err(|error| error.0.clone())?;
        Ok(self.target.path()?.into())
    }
});
