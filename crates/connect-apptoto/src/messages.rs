//! Messages to people.

use connect_core::{
    Error,
    types::{Body, Safety},
};

use super::{
    Id,
    endpoint::endpoint,
    object::{Object, fields},
    open::open_enum,
    raw_call::Anything,
};

/// Sends a message (`POST /v1/send_message`). Needs [`Scope::MessagingSend`](super::Scope).
///
/// **Once only**: it reaches a person and costs credit. It is [never tried again](super#calls-that-reach-people).
///
/// To an event or a participant the text may have fields in it, such as `{{ name }}`.
///
/// The form of the answer is not documented: it is JSON as it came.
///
/// ```
/// use connect_apptoto::{MessageType, Recipient, SendMessage};
///
/// let call = SendMessage::new(MessageType::Sms, "+16505551212", "Hi there!");
/// let call = SendMessage::new(MessageType::Sms, Recipient::Participant(123456.into()), "Hi {{ name }}!");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct SendMessage(Object);

impl SendMessage {
    /// Sends this to them, in this way.
    pub fn new(how: impl Into<MessageType>, to: impl Into<Recipient>, content: impl Into<Content>) -> Self {
        let object = Object::default().with("type", &how.into());
        let object = match to.into() {
            Recipient::Address(address) => object.with("to", &address),
            Recipient::Event(id) => object.with("event_id", &id),
            Recipient::Participant(id) => object.with("participant_id", &id),
        };
        Self(match content.into() {
            Content::Text(text) => object.with("message", &text),
            Content::Template(id) => object.with("template_id", &id),
        })
    }

    fields! {
        /// The subject of an e-mail.
        subject(text: &str) = "subject";
    }
}

endpoint!(SendMessage: POST "/v1/send_message" -> Anything, MessagingSend {
    fn body(&self) -> Result<Body, Error> {
        self.0.body()
    }

    fn safety(&self) -> Safety {
        Safety::Never
    }
});

open_enum!(
    /// How a message is sent.
    MessageType {
        /// As a text message.
        Sms = "sms",
        /// As a call.
        Call = "call",
        /// As an e-mail.
        Email = "email",
    }
);

/// Who a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// A phone number or an e-mail address.
    Address(String),
    /// Every participant of an event, each by a message of their own.
    Event(Id),
    /// One participant of an event.
    Participant(Id),
}

impl From<&str> for Recipient {
    fn from(address: &str) -> Self {
        Self::Address(address.to_owned())
    }
}

impl From<String> for Recipient {
    fn from(address: String) -> Self {
        Self::Address(address)
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// This.
    Text(String),
    /// What the account's template with this id says.
    Template(String),
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
