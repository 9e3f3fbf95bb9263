//! A deletion.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{self, Acknowledged},
};

use super::{
    create::Refused, draft::can_notify, endpoint::endpoint, preferences::Preferences, update::Target,
};

/// Deletes an event (`DELETE /me/calendars/{id}/events/{id}`): an occurrence by its own id, unless the deletion is of the whole
/// series. One of "this and following" is refused. Where the user is the organizer, Graph tells all guests:
/// another [`Notify`](connect_core::types::Notify) is refused.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct DeleteEvent {
    target: Target,
    checked: Result<(), Refused>,
    prefer: Preferences,
}

impl DeleteEvent {
    /// The deletion.
    pub fn new(delete: &types::DeleteEvent) -> Self {
        let (target, checked) = match delete.event() {
            Ok(event) => Target::of(event),
            Err(invalid) => (Target::default(), Err(invalid.into())),
        };
        let checked = checked.and_then(|()| can_notify(delete.notified()));
        Self { target, checked: checked.map_err(Refused), prefer: Preferences::default() }
    }

    /// Only if the event is still in the state of that [`etag`](super::etag); a conflict otherwise.
    pub fn if_match(mut self, etag: impl Into<Box<str>>) -> Self {
        self.prefer.if_match = Some(etag.into());
        self
    }

    /// The id is a stable one.
    pub fn immutable_ids(mut self) -> Self {
        self.prefer.immutable_ids = true;
        self
    }
}

endpoint!(DeleteEvent: DELETE "/me/calendars/{id}/events/{id}" -> Acknowledged {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        self.checked.as_ref().map_err(|refused| refused.0.clone())?;
        Ok(self.target.path()?.into())
    }
});
