//! The options of the calls `InsertEvent` and `PatchEvent`.

use std::hash::{BuildHasher, RandomState};

use connect_core::{
    Error,
    types::{Body, Notify, Provider, Raw},
};

use super::{
    body::BodyBuilder,
    endpoint::{Parameters, json},
};

/// The guests that Google notifies of a change, in their calendars and by e-mail. The default is `All`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendUpdates {
    /// All guests.
    All,
    /// Guests that do not use Google Calendar.
    ExternalOnly,
    /// No guests.
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
    /// Returns the value of the parameter `sendUpdates`.
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
    /// The `requestId` of a new conference. Google creates one conference for each id.
    pub(super) request_id: String,
}

impl Options {
    pub(super) fn new() -> Self {
        // The standard library seeds every `RandomState` differently.
        let random = || RandomState::new().hash_one(0);
        let request_id = format!("{:016x}{:016x}", random(), random());
        Self { zone: None, fields: Vec::new(), parameters: Parameters::default(), request_id }
    }

    /// Builds the body with the Google fields, and adds the query parameters that the body requires.
    pub(super) fn body_and_parameters(
        &self,
        builder: &BodyBuilder<'_>,
        id: Option<&str>,
    ) -> Result<(Body, Parameters), Error> {
        let mut body = builder.body()?;
        let own = builder.fields.provider_fields.iter().filter(|(provider, _)| *provider == Provider::Google);
        for fields in own.map(|(_, fields)| fields).chain(&self.fields) {
            body.merge("fields", fields)?;
        }
        body.remove("etag"); // present if the Google fields are a copy of an event
        if let Some(id) = id {
            body.set("id", id)?;
        }
        let mut parameters = self.parameters.clone();
        set_send_updates(
            &mut parameters,
            builder.fields.notify,
            body.has("attendees") || builder.may_have_guests(),
        );
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

/// Sets `sendUpdates` if the caller has not set this parameter.
///
/// Without a `notify`, the value is `all` if the event may have guests; otherwise the parameter is omitted.
/// Without the parameter, Google notifies no guests, and the guests' calendars may lack the event.
pub(super) fn set_send_updates(parameters: &mut Parameters, notify: Option<Notify>, guests: bool) {
    let notify = notify.or(guests.then_some(Notify::All));
    if let Some(notify) = notify.filter(|_| !parameters.has("sendUpdates")) {
        parameters.set("sendUpdates", SendUpdates::from(notify).as_str());
    }
}

/// Defines the builder methods of a call that has `options`.
macro_rules! options {
    () => {
        /// Chooses the guests to notify; all guests are notified by default.
        ///
        /// The choice overrides the [`Notify`](connect_core::types::Notify) of the request.
        pub fn send_updates(self, whom: $crate::google::SendUpdates) -> Self {
            self.parameter("sendUpdates", whom.as_str())
        }

        /// Sets the colour by its `colorId`: see [`color_id`](crate::google::color_id).
        pub fn color_id(self, id: &str) -> Self {
            match Raw::with_field(None, "colorId", id) {
                Ok(fields) => self.fields(fields),
                Err(_) => self,
            }
        }

        /// Merges a JSON object of Google fields into the event that is sent.
        ///
        /// Nested objects are merged, other values are replaced, and a later call overrides an earlier one.
        /// Mobiscroll's calendar integration calls these fields `googleEvent`.
        pub fn fields(mut self, fields: Raw) -> Self {
            self.options.fields.push(fields);
            self
        }

        /// Sets the `requestId` of a new conference; the default is random.
        ///
        /// Google ignores a request for a new conference if an earlier request had the same `requestId`.
        pub fn conference_request_id(mut self, id: impl Into<String>) -> Self {
            self.options.request_id = id.into();
            self
        }

        /// Sets a query parameter.
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
