//! The event endpoints of Connect: list in pages, create, update and delete.

mod address;
mod create;
mod delete;
mod icalendar;
mod input;
mod list;
mod odd;
mod original;
mod page;
mod render;
mod update;

use crate::reply::Problem;
use crate::world::calendar::Refusal;
pub(crate) use input::{FIELDS, check, read_recurrence};
pub(crate) use render::{Style, render};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownEvent => Self::not_found("Event not found"),
            Refusal::RuleOfOccurrence => {
                Self::invalid_field("recurrence", "an occurrence cannot have a recurrence")
            }
            Refusal::EndBeforeStart => Self::invalid_field("end", "end must not be before start"),
        }
    }
}
