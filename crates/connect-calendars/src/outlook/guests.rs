//! The guests of a request, as Graph's list.

use connect_core::types::{Event, Raw};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::answer::{filled, object};

/// The list with these addresses. Who is a guest of the known event already stays as they are there, and who invites to it is
/// none.
pub(super) fn guests(addresses: &[String], known: Option<&Event>) -> Vec<Raw> {
    let there = known.map(entries).unwrap_or_default();
    let invites = |address: &str| {
        let mut people = known.into_iter().flat_map(|event| &event.attendees);
        people.any(|person| person.organizer == Some(true) && person.email.eq_ignore_ascii_case(address))
    };
    let entry = |address: &String| {
        let same = there.iter().find(|(there, _)| there.eq_ignore_ascii_case(address));
        same.map_or_else(|| new(address), |(_, raw)| Some(raw.clone()))
    };
    addresses.iter().filter(|address| !invites(address)).filter_map(entry).collect()
}

fn new(address: &str) -> Option<Raw> {
    Raw::from_value(&json!({"emailAddress": {"address": address}, "type": "required"})).ok()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Guest<'a> {
    #[serde(borrow)]
    email_address: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address<'a> {
    #[serde(borrow)]
    address: Option<&'a RawValue>,
}

/// The guests of an event as Graph has them, by their addresses.
fn entries(event: &Event) -> Vec<(String, Raw)> {
    let list = event.original.as_ref().and_then(|original| original.field::<Vec<Raw>>("attendees"));
    let by_address = |raw: Raw| {
        let guest: Guest<'_> = raw.decode().unwrap_or_default();
        let address = filled(object::<Address<'_>>(guest.email_address).address)?;
        Some((address, raw))
    };
    list.unwrap_or_default().into_iter().filter_map(by_address).collect()
}
