//! The data of an account, and its limits. The sandbox sets the limits, because Apptoto documents
//! no limits.

use super::contacts::Contact;
use super::events::StoredEvent;
use super::fields::FieldError;
use super::imports::Import;
use super::messages::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// The maximum number of events in an account. Contacts have the same limit. Deleted events count as well.
pub(super) const MAX_ITEMS: usize = 10_000;
/// The maximum number of calendars in an account. Address books, imports and bookings have the same limit.
pub(super) const MAX_FOLDERS: usize = 1_000;
/// The maximum number of messages in an account. At the limit, a new message replaces the oldest
/// message.
pub(super) const MAX_MESSAGES: usize = 10_000;
/// The maximum number of entries of each list in a request.
pub(super) const MAX_LIST_ENTRIES: usize = 1_000;
/// The maximum length of a text in a request, in bytes. The limit does not apply to the file of an
/// import.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The maximum size of `custom_data` as JSON, in bytes. `field_data` has the same limit.
pub(super) const MAX_DATA_BYTES: usize = 64 * 1024;
pub(super) const MAX_PAGE_SIZE: usize = 1_000;
/// The maximum number of calls a minute that the switch `apptoto_rate` can allow.
pub(super) const MAX_CALLS_PER_MINUTE: u64 = 100_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Account {
    /// The API key from the seed. If the seed has no key, the switch `apptoto_api_key` sets the key.
    pub(super) api_key: Option<String>,
    pub(super) calendars: Vec<Folder>,
    /// The events in the order of their creation.
    pub(super) events: Vec<StoredEvent>,
    pub(super) address_books: Vec<Folder>,
    pub(super) contacts: Vec<Contact>,
    pub(super) booking_pages: Vec<BookingPage>,
    /// The booked times, each with the id of its booking page.
    pub(super) booked: Vec<(u64, Timestamp, Timestamp)>,
    pub(super) imports: Vec<Import>,
    pub(super) messages: VecDeque<Message>,
    /// The times of the calls in the last minute.
    pub(super) recent: VecDeque<Timestamp>,
}

/// A calendar or an address book.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Folder {
    pub(super) id: u64,
    pub(super) name: String,
}

/// A booking page, as set up on Apptoto's website.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BookingPage {
    pub(super) id: u64,
    /// The first label of the host in the page's URL: `demo` for `https://demo.apptoto.com/`.
    pub(super) token: String,
    pub(super) title: String,
    /// The time zone for times without an offset.
    pub(super) time_zone: String,
    /// The appointment types and their lengths in minutes. The first type is the default.
    pub(super) appointment_types: Vec<(String, u64)>,
    /// Which of the fields `name`, `phone_number` and `email_address` a booking must have.
    pub(super) requires: Vec<String>,
    /// The members that the `field_data` of a booking must have.
    pub(super) required_fields: Vec<String>,
    /// Whether the page asks for consent to messages about appointments, and to marketing messages.
    pub(super) asks_consent: [bool; 2],
}

impl Account {
    /// Creates an account with an address book, a booking page `demo`, and a finished import.
    pub(super) fn new(ids: &mut Ids) -> Self {
        let half_hour = vec![("default".to_owned(), 30)];
        Self {
            address_books: vec![Folder { id: ids.next(), name: "Apptoto".to_owned() }],
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

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ids(u64);

impl Ids {
    /// Ids below this number are reserved for seeds.
    pub(super) const FIRST: u64 = 1_000_000;

    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        Self::FIRST + self.0
    }
}

/// The id or name of a calendar or address book in a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FolderName {
    Id(u64),
    Name(String),
}

impl FolderName {
    /// Reads the field `{name}_id` or, if the request has no such field, the field `name`.
    ///
    /// `name` is `calendar` or `address_book`.
    pub(super) fn read(
        fields: &super::fields::RequestFields<'_>,
        name: &str,
    ) -> Result<Option<Self>, FieldError> {
        match fields.id(&format!("{name}_id"))? {
            Some(id) => Ok(Some(Self::Id(id))),
            None => Ok(fields.some_text(name)?.map(Self::Name)),
        }
    }

    pub(super) fn find(&self, folders: &[Folder]) -> Option<u64> {
        let named = |folder: &&Folder| match self {
            Self::Id(id) => folder.id == *id,
            Self::Name(name) => folder.name == *name,
        };
        folders.iter().find(named).map(|folder| folder.id)
    }

    /// Returns whether the account has room for the folders in `names` that do not exist yet.
    pub(super) fn has_room<'a>(folders: &[Folder], names: impl Iterator<Item = &'a Self>) -> bool {
        let new = names.filter(|name| name.find(folders).is_none()).collect::<BTreeSet<_>>();
        folders.len() + new.len() <= MAX_FOLDERS
    }

    /// Returns the id of the folder. Creates a folder for an unknown name; returns `None` for an unknown id.
    pub(super) fn find_or_make(&self, folders: &mut Vec<Folder>, ids: &mut Ids) -> Option<u64> {
        if let (None, Self::Name(name)) = (self.find(folders), self) {
            folders.push(Folder { id: ids.next(), name: name.clone() });
        }
        self.find(folders)
    }
}
