//! What inserts and patches have in common.

use std::hash::{BuildHasher, RandomState};

use connect_core::{
    Error,
    types::{Body, Raw},
};

use super::{
    body::Draft,
    endpoint::{Parameters, json},
};

/// Who is told of a change by e-mail. Unless said otherwise nobody is.
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
        for fields in &self.fields {
            body.lay_over("fields", fields)?;
        }
        if let Some(id) = id {
            body.set("id", id)?;
        }
        let mut parameters = self.parameters.clone();
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

/// Builder methods of a call with `options`.
macro_rules! options {
    () => {
        /// Tells guests of it by e-mail.
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
