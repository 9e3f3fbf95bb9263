//! Creating and changing contacts.

use connect_core::{
    Error,
    types::{Body, Safety},
};
use serde::Serialize;

use super::{
    Id, Place,
    endpoint::endpoint,
    object::{Object, fields, list},
    raw_call::Anything,
};

/// Creates contacts (`POST /v1/contacts`). Needs [`Scope::ContactsWrite`](super::Scope).
///
/// **Once only**: twice makes two of each. It is [never tried again](super#calls-that-reach-people);
/// [`UpsertContacts`] with an external id may be repeated.
///
/// The form of the answer is not documented: it is JSON as it came.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CreateContacts(Vec<NewContact>);

impl CreateContacts {
    /// Creates these.
    pub fn new(contacts: impl IntoIterator<Item = NewContact>) -> Self {
        Self(contacts.into_iter().collect())
    }
}

endpoint!(CreateContacts: POST "/v1/contacts" -> Anything, ContactsWrite {
    fn body(&self) -> Result<Body, Error> {
        list("contacts", &self.0, &Object::default())
    }

    fn safety(&self) -> Safety {
        Safety::Never
    }
});

/// Changes contacts, or creates those that are not there yet (`PUT /v1/contacts`). Needs
/// [`Scope::ContactsWrite`](super::Scope).
///
/// What is not set stays as it is, but `phone_numbers`, `email_addresses` and `custom_data` are replaced as a whole. A contact
/// stays in its address book. Twice has the effect of once, unless a contact has something added to it
/// ([`add_phone`](UpsertContact::add_phone), [`add_email`](UpsertContact::add_email)): then it is sent once.
///
/// The form of the answer is not documented: it is JSON as it came.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpsertContacts(Vec<UpsertContact>);

impl UpsertContacts {
    /// Changes or creates these.
    pub fn new(contacts: impl IntoIterator<Item = UpsertContact>) -> Self {
        Self(contacts.into_iter().collect())
    }
}

endpoint!(UpsertContacts: PUT "/v1/contacts" -> Anything, ContactsWrite {
    fn body(&self) -> Result<Body, Error> {
        list("contacts", &self.0, &Object::default())
    }

    fn safety(&self) -> Safety {
        let adds = |contact: &UpsertContact| contact.0.has("add_phone") || contact.0.has("add_email");
        if self.0.iter().any(adds) { Safety::Never } else { Safety::Idempotent }
    }
});

/// A contact to create.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is created until it is sent"]
pub struct NewContact(Object);

impl NewContact {
    /// Somebody of this full name, in an address book.
    pub fn new(address_book: impl Into<Place>, name: impl Into<String>) -> Self {
        Self(in_address_book(address_book).with("name", &name.into()))
    }

    /// Somebody of this first and last name, in an address book.
    pub fn named(address_book: impl Into<Place>, first: impl Into<String>, last: impl Into<String>) -> Self {
        Self(in_address_book(address_book).with("first_name", &first.into()).with("last_name", &last.into()))
    }

    fields! {
        /// The phone number, of somebody who has one.
        phone(number: &str) = "phone";
        /// The e-mail address, of somebody who has one.
        email(address: &str) = "email";
        /// The application's own id of the contact, unique in the account.
        external_id(id: &str) = "external_id";
        /// The e-mail addresses: a JSON array, whose items are not documented well enough for a type.
        email_addresses(addresses: impl Serialize) = "email_addresses";
    }

    /// The phone numbers.
    pub fn phone_numbers(self, numbers: impl IntoIterator<Item = NewPhoneNumber>) -> Self {
        Self(with_phone_numbers(self.0, numbers))
    }
}

/// A contact to change, or to create if there is none with its external id.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is changed until it is sent"]
pub struct UpsertContact(Object);

impl UpsertContact {
    /// The contact with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Object::default().with("id", &id.into()))
    }

    /// The contact with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Object::default().with("external_id", &id.into()))
    }

    /// The address book in which the external id is looked for. A contact that is there cannot be moved.
    pub fn address_book_id(mut self, id: impl Into<Id>) -> Self {
        self.0.set("address_book_id", &id.into());
        self
    }

    fields! {
        /// The full name, which counts before the first and the last name.
        name(name: &str) = "name";
        /// The first name.
        first_name(name: &str) = "first_name";
        /// The last name.
        last_name(name: &str) = "last_name";
        /// Adds a phone number to those the contact has.
        add_phone(number: &str) = "add_phone";
        /// Adds an e-mail address to those the contact has.
        add_email(address: &str) = "add_email";
        /// The e-mail addresses, in place of those the contact has: a JSON array, whose items are not documented well enough
        /// for a type.
        email_addresses(addresses: impl Serialize) = "email_addresses";
        /// What to note with the contact, in place of what was noted: a JSON object.
        custom_data(data: impl Serialize) = "custom_data";
    }

    /// The phone numbers, in place of those the contact has.
    pub fn phone_numbers(self, numbers: impl IntoIterator<Item = NewPhoneNumber>) -> Self {
        Self(with_phone_numbers(self.0, numbers))
    }
}

/// A phone number of a contact.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is sent until its contact is"]
pub struct NewPhoneNumber(Object);

impl NewPhoneNumber {
    /// This number.
    pub fn new(number: impl Into<String>) -> Self {
        Self(Object::default().with("number", &number.into()))
    }

    fields! {
        /// Whether it is a mobile phone's.
        mobile(yes: bool) = "is_mobile";
        /// One of the types that the address book knows: see [`ListAddressBooks`](super::ListAddressBooks).
        phone_type(name: &str) = "type";
        /// Whether it is the one to use.
        primary(yes: bool) = "is_primary";
    }
}

fn in_address_book(address_book: impl Into<Place>) -> Object {
    match address_book.into() {
        Place::Id(id) => Object::default().with("address_book_id", &id),
        Place::Named(name) => Object::default().with("address_book", &name),
    }
}

fn with_phone_numbers(object: Object, numbers: impl IntoIterator<Item = NewPhoneNumber>) -> Object {
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.0).collect();
    object.with("phone_numbers", &numbers)
}

impl AsRef<Object> for NewContact {
    fn as_ref(&self) -> &Object {
        &self.0
    }
}

impl AsRef<Object> for UpsertContact {
    fn as_ref(&self) -> &Object {
        &self.0
    }
}
