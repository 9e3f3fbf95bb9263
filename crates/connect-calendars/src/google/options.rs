//! What inserts and patches have in common.

use std::hash::{BuildHasher, RandomState};

use connect_core::{
    Error,
    types::{Body, Notify, Provider, Raw},
};

use super::{
    body::Draft,
    endpoint::{Parameters, json},
};

/// Which guests are told of a change, in their calendars and by e-mail: all of them, unless chosen otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendUpdates {
    /// All guests.
    All,
    /// Guests who do not use Google Calendar.
    ExternalOnly,
    /// Nobody.
    Nobody,
}

impl From<Notify> for SendUpdates {
    fn from(notify: Notify) -> Self {
        match notify {
            Notify::All => Self::All,
            Notify::External => Self::ExternalOnly,
            Notify::Nobody => Self::Nobody,
        }
    }
}

impl SendUpdates {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ExternalOnly => "externalOnly",
            Self::Nobody => "none",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) zone: Option<String>,
    pub(super) fields: Vec<Raw>,
    pub(super) parameters: Parameters,
    /// Another one for every event: Google makes no second conference for the same.
    pub(super) request_id: String,
}

impl Options {
    pub(super) fn new() -> Self {
        // Keys of the standard library's tables differ from one to the next.
        let random = || RandomState::new().hash_one(0);
        let request_id = format!("{:016x}{:016x}", random(), random());
        Self { zone: None, fields: Vec::new(), parameters: Parameters::default(), request_id }
    }

    /// The body of a draft, with Google's own fields over it, and the parameters it needs.
    pub(super) fn finish(&self, draft: &Draft<'_>, id: Option<&str>) -> Result<(Body, Parameters), Error> {
        let mut body = draft.body()?;
        let own = draft.fields.provider_fields.iter().filter(|(provider, _)| *provider == Provider::Google);
        for fields in own.map(|(_, fields)| fields).chain(&self.fields) {
            body.lay_over("fields", fields)?;
        }
        body.remove("etag"); // which tells that the fields are those of an event that was read
        if let Some(id) = id {
            body.set("id", id)?;
        }
        let mut parameters = self.parameters.clone();
        tell_guests(&mut parameters, draft.fields.notify, body.has("attendees") || draft.may_have_guests());
        for (field, name, value) in
            [("conferenceData", "conferenceDataVersion", "1"), ("attachments", "supportsAttachments", "true")]
        {
            if body.has(field) && !parameters.has(name) {
                parameters.set(name, value);
            }
        }
        Ok((json(&body)?, parameters))
    }
}

/// Google tells nobody by itself, and events can be missing from the calendars of guests who were not told.
pub(super) fn tell_guests(parameters: &mut Parameters, notify: Option<Notify>, guests: bool) {
    let notify = notify.or(guests.then_some(Notify::All));
    if let Some(notify) = notify.filter(|_| !parameters.has("sendUpdates")) {
        parameters.set("sendUpdates", SendUpdates::from(notify).as_str());
    }
}

/// Builder methods of a call with `options`.
macro_rules! options {
    () => {
        /// Chooses which guests are told; it stands over the [`Notify`](connect_core::types::Notify) of the request. Without a
        /// choice all guests are.
        pub fn send_updates(self, whom: $crate::google::SendUpdates) -> Self {
            self.parameter("sendUpdates", whom.as_str())
        }

        /// The colour, by its `colorId`: see [`color_id`](crate::google::color_id).
        pub fn color_id(self, id: &str) -> Self {
            match Raw::with_field(None, "colorId", id) {
                Ok(fields) => self.fields(fields),
                Err(_) => self,
            }
        }

        /// Lays fields of Google's own, a JSON object, over what this sends: objects go together, anything else takes the place of
        /// what was there, and of two calls the later one wins. What the calendar integration has as `googleEvent`.
        pub fn fields(mut self, fields: Raw) -> Self {
            self.options.fields.push(fields);
            self
        }

        /// The id of the request for a conference, where one is to be made: Google makes none for an id that it has seen.
        pub fn conference_request_id(mut self, id: impl Into<String>) -> Self {
            self.options.request_id = id.into();
            self
        }

        /// Sets a parameter of the query that has no method here.
        pub fn parameter(
            mut self,
            name: impl Into<std::borrow::Cow<'static, str>>,
            value: impl Into<String>,
        ) -> Self {
            self.options.parameters.set(name, value);
            self
        }
    };
}
pub(super) use options;
