//! What an account holds. Nothing in it grows without end: the limits are the sandbox's own, and none of them is documented.

use super::contacts::Contact;
use super::events::Event;
use super::fields::Wrong;
use super::imports::Import;
use super::messages::Message;
use jiff::Timestamp;
use std::collections::{BTreeSet, VecDeque};

/// The most events an account keeps, and the most contacts, deleted events included.
pub(super) const MOST_THINGS: usize = 10_000;
/// The most calendars, address books, imports and bookings.
pub(super) const MOST_PLACES: usize = 1_000;
/// The most messages; older ones are forgotten.
pub(super) const MOST_MESSAGES: usize = 10_000;
/// The longest list in a request.
pub(super) const LONGEST_LIST: usize = 1_000;
/// The longest text in a request, in bytes; a file to import has the whole body.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// The largest `custom_data` and `field_data`, in bytes.
pub(super) const MOST_DATA: usize = 64 * 1024;
/// The largest page.
pub(super) const LARGEST_PAGE: usize = 1_000;
/// The most calls in a minute that the switch `apptoto_rate` can allow.
pub(super) const LONGEST_MINUTE: u64 = 100_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// The key of a seed; without one it is that of the switch `apptoto_api_key`.
    pub(super) api_key: Option<String>,
    pub(super) calendars: Vec<Named>,
    /// In the order they were made.
    pub(super) events: Vec<Event>,
    pub(super) address_books: Vec<Named>,
    pub(super) contacts: Vec<Contact>,
    pub(super) booking_pages: Vec<BookingPage>,
    /// The times that were booked, by page.
    pub(super) booked: Vec<(u64, Timestamp, Timestamp)>,
    pub(super) imports: Vec<Import>,
    pub(super) messages: VecDeque<Message>,
    /// When the calls of the last minute came.
    pub(super) recent: VecDeque<Timestamp>,
}

/// A calendar or an address book.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) id: u64,
    pub(super) name: String,
}

/// A booking page, as it was set up in Apptoto's own pages.
#[derive(Clone, Debug)]
pub(super) struct BookingPage {
    pub(super) id: u64,
    /// The first part of its address.
    pub(super) token: String,
    pub(super) title: String,
    /// The name of the zone of times without an offset.
    pub(super) time_zone: String,
    /// The types of appointments and how many minutes each takes; the first one is the default.
    pub(super) appointment_types: Vec<(String, u64)>,
    /// Which of name, phone number and e-mail address have to be there.
    pub(super) requires: Vec<String>,
    /// The names of fields that have to be there.
    pub(super) required_fields: Vec<String>,
    /// Whether it asks for a consent to messages about appointments, and for one to advertisements.
    pub(super) asks_consent: [bool; 2],
}

impl Account {
    /// A new account has what Apptoto sets up by itself, a booking page `demo`, and an import that others can be based on.
    pub(super) fn new(ids: &mut Ids) -> Self {
        let half_hour = vec![("default".to_owned(), 30)];
        Self {
            address_books: vec![Named { id: ids.next(), name: "Apptoto".to_owned() }],
            booking_pages: vec![BookingPage {
                id: ids.next(),
                token: "demo".to_owned(),
                title: "Demo".to_owned(),
                time_zone: "UTC".to_owned(),
                appointment_types: half_hour,
                requires: vec!["name".to_owned()],
                required_fields: Vec::new(),
                asks_consent: [false; 2],
            }],
            imports: vec![Import::set_up(ids.next())],
            ..Self::default()
        }
    }
}

/// Ids, each given once.
#[derive(Debug, Default)]
pub(super) struct Ids(u64);

impl Ids {
    /// Ids below are for seeds.
    pub(super) const FIRST: u64 = 1_000_000;

    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        Self::FIRST + self.0
    }
}

/// A calendar or an address book, as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlaceName {
    Id(u64),
    Name(String),
}

impl PlaceName {
    /// The fields `calendar_id` and `calendar`, or those of an address book.
    pub(super) fn read(fields: &super::fields::Fields<'_>, name: &str) -> Result<Option<Self>, Wrong> {
        match fields.id(&format!("{name}_id"))? {
            Some(id) => Ok(Some(Self::Id(id))),
            None => Ok(fields.some_text(name)?.map(Self::Name)),
        }
    }

    pub(super) fn find(&self, places: &[Named]) -> Option<u64> {
        let named = |place: &&Named| match self {
            Self::Id(id) => place.id == *id,
            Self::Name(name) => place.name == *name,
        };
        places.iter().find(named).map(|place| place.id)
    }

    /// Whether there is room for those of these names that are not there yet.
    pub(super) fn has_room<'a>(places: &[Named], names: impl Iterator<Item = &'a Self>) -> bool {
        let new = names.filter(|name| name.find(places).is_none()).collect::<BTreeSet<_>>();
        places.len() + new.len() <= MOST_PLACES
    }

    /// The place of this name is made if it is not there; `None` for an id that does not exist.
    pub(super) fn find_or_make(&self, places: &mut Vec<Named>, ids: &mut Ids) -> Option<u64> {
        if let (None, Self::Name(name)) = (self.find(places), self) {
            places.push(Named { id: ids.next(), name: name.clone() });
        }
        self.find(places)
    }
}
