//! The hand-written part of the request types: constructors and checks.

mod conference;
mod delete_event;
mod fields;
mod foreign_options;
mod list_events;
mod new_event;
mod update_event;
mod webhooks;

pub use conference::ConferenceData;
pub use fields::EventRef;
pub(crate) use foreign_options::ForeignOptions;
pub use foreign_options::Notify;
pub(crate) use new_event::EXTERNAL_EVENT_ID;
