//! The call that sends a message.

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
/// **Never retried**: a message reaches a person and costs credit. See [calls that are never
/// retried](super#calls-that-are-never-retried).
///
/// The text may contain placeholders such as `{{ name }}` if the recipient is an event or a participant.
///
/// The response is returned as JSON, because its format is not documented.
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
    /// Creates the call with the message type, the recipient and the content.
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
        /// Sets the subject of an e-mail.
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
    /// The way in which a message is sent.
    MessageType {
        /// A text message.
        Sms = "sms",
        /// A phone call.
        Call = "call",
        /// An e-mail.
        Email = "email",
    }
);

/// The recipient of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipient {
    /// A phone number or an e-mail address.
    Address(String),
    /// An event. Each participant of the event gets a separate message.
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

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A text.
    Text(String),
    /// The id of a template in the account.
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
