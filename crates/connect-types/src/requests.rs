//! What the schema cannot say about requests: how they are built, and what is refused.

mod beside;
mod conference;
mod delete_event;
mod fields;
mod list_events;
mod new_event;
mod update_event;
mod webhooks;

pub(crate) use beside::Beside;
pub use beside::Notify;
pub use conference::ConferenceData;
pub use fields::EventRef;
pub(crate) use new_event::EXTERNAL_EVENT_ID;
