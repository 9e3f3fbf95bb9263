#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

extern crate alloc;

mod answers;
mod calendar;
mod extra;
#[rustfmt::skip]
mod generated;
mod icalendar;
mod in_utc;
mod open;
mod operation;
mod patch;
mod path;
mod range_time;
mod raw;
mod recurrence;
mod requests;
mod rrule;
mod scan;
mod send;
mod series_start;
mod stretches;
mod text;
mod time;
mod typed;
mod values;
#[cfg(feature = "webhooks")]
pub mod webhooks;
mod wire;

pub use answers::{EventChange, Written, decode};
pub use calendar::CalendarRef;
pub use extra::Extra;
pub use generated::answers::*;
pub use generated::enums::*;
pub use generated::requests::*;
pub use icalendar::ContentLine;
pub use jiff;
pub use open::Unknown;
pub use operation::{Auth, Base, Body, Invalid, Operation, Query, ResponseBody, Safety};
pub use patch::Patch;
pub use path::path_segment;
pub use range_time::RangeTime;
pub use raw::Raw;
pub use recurrence::{End, Last, Recurrence};
pub use requests::{ConferenceData, EventRef, Notify};
pub use series_start::SeriesStart;
pub use stretches::Stretch;
pub use text::LossyString;
pub use time::{EventTime, Moment};
