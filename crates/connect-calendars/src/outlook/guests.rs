//! Converts the guests of a request to Graph's `attendees`.

use connect_core::types::{Event, Raw};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::response::{non_empty_text, object};

/// Returns the `attendees` of Graph for these addresses.
///
/// `known` is the event before the update. The address of a guest of `known` is returned as the guest's
/// entry in `known`. The address of the organizer of `known` is omitted.
pub(super) fn guests(addresses: &[String], known: Option<&Event>) -> Vec<Raw> {
    let existing = known.map(entries).unwrap_or_default();
    let is_organizer = |address: &str| {
        let mut people = known.into_iter().flat_map(|event| &event.attendees);
        people.any(|person| person.organizer == Some(true) && person.email.eq_ignore_ascii_case(address))
    };
    let entry = |address: &String| {
        let same = existing.iter().find(|(existing, _)| existing.eq_ignore_ascii_case(address));
        same.map_or_else(|| new(address), |(_, raw)| Some(raw.clone()))
    };
    addresses.iter().filter(|address| !is_organizer(address)).filter_map(entry).collect()
}

fn new(address: &str) -> Option<Raw> {
    Raw::from_value(&json!({"emailAddress": {"address": address}, "type": "required"})).ok()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GuestJson<'a> {
    #[serde(borrow)]
    email_address: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GuestAddressJson<'a> {
    #[serde(borrow)]
    address: Option<&'a RawValue>,
}

/// Returns the address and the JSON object of each guest of an event.
fn entries(event: &Event) -> Vec<(String, Raw)> {
    let list = event.original.as_ref().and_then(|original| original.field::<Vec<Raw>>("attendees"));
    let by_address = |raw: Raw| {
        let guest: GuestJson<'_> = raw.decode().unwrap_or_default();
        let address = non_empty_text(object::<GuestAddressJson<'_>>(guest.email_address).address)?;
        Some((address, raw))
    };
    list.unwrap_or_default().into_iter().filter_map(by_address).collect()
}
