//! The calls that create and change contacts.

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
/// **Never retried**: a second request would create each contact again. See [calls that are never
/// retried](super#calls-that-are-never-retried). [`UpsertContacts`] with an external id may be retried.
///
/// The response is returned as JSON, because its format is not documented.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CreateContacts(Vec<NewContact>);

impl CreateContacts {
    /// Creates the call for these contacts.
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

/// Changes contacts, and creates those with an unknown external id (`PUT /v1/contacts`). Needs
/// [`Scope::ContactsWrite`](super::Scope).
///
/// Fields that are not set stay unchanged. `phone_numbers`, `email_addresses` and `custom_data` are
/// replaced as a whole. A contact cannot be moved to another address book. The call is idempotent and may
/// be retried, unless it uses [`add_phone`](UpsertContact::add_phone) or
/// [`add_email`](UpsertContact::add_email).
///
/// The response is returned as JSON, because its format is not documented.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpsertContacts(Vec<UpsertContact>);

impl UpsertContacts {
    /// Creates the call for these contacts.
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
#[must_use = "a contact is created only when the call is sent"]
pub struct NewContact(Object);

impl NewContact {
    /// Creates a contact with a full name in an address book.
    pub fn new(address_book: impl Into<Place>, name: impl Into<String>) -> Self {
        Self(in_address_book(address_book).with("name", &name.into()))
    }

    /// Creates a contact with a first and a last name in an address book.
    pub fn named(address_book: impl Into<Place>, first: impl Into<String>, last: impl Into<String>) -> Self {
        Self(in_address_book(address_book).with("first_name", &first.into()).with("last_name", &last.into()))
    }

    fields! {
        /// Sets the phone number of a contact that has only one phone number.
        phone(number: &str) = "phone";
        /// Sets the e-mail address of a contact that has only one e-mail address.
        email(address: &str) = "email";
        /// Sets the application's own id of the contact, which must be unique in the account.
        external_id(id: &str) = "external_id";
        /// Sets the e-mail addresses as a JSON array, whose items are not documented.
        email_addresses(addresses: impl Serialize) = "email_addresses";
    }

    /// Sets the phone numbers.
    pub fn phone_numbers(self, numbers: impl IntoIterator<Item = NewPhoneNumber>) -> Self {
        Self(with_phone_numbers(self.0, numbers))
    }
}

/// A contact to change, or to create if no contact has its external id.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a contact is changed only when the call is sent"]
pub struct UpsertContact(Object);

impl UpsertContact {
    /// Selects the contact with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Object::default().with("id", &id.into()))
    }

    /// Selects the contact with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Object::default().with("external_id", &id.into()))
    }

    /// Sets the address book in which Apptoto looks up the external id. An existing contact cannot be moved.
    pub fn address_book_id(mut self, id: impl Into<Id>) -> Self {
        self.0.set("address_book_id", &id.into());
        self
    }

    fields! {
        /// Sets the full name, which takes precedence over the first and last name.
        name(name: &str) = "name";
        /// Sets the first name.
        first_name(name: &str) = "first_name";
        /// Sets the last name.
        last_name(name: &str) = "last_name";
        /// Adds a phone number.
        add_phone(number: &str) = "add_phone";
        /// Adds an e-mail address.
        add_email(address: &str) = "add_email";
        /// Replaces the e-mail addresses by a JSON array, whose items are not documented.
        email_addresses(addresses: impl Serialize) = "email_addresses";
        /// Replaces the data that the application stores in the contact. The data is a JSON object.
        custom_data(data: impl Serialize) = "custom_data";
    }

    /// Replaces the phone numbers.
    pub fn phone_numbers(self, numbers: impl IntoIterator<Item = NewPhoneNumber>) -> Self {
        Self(with_phone_numbers(self.0, numbers))
    }
}

/// A phone number of a contact.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a phone number is sent only as a part of a contact"]
pub struct NewPhoneNumber(Object);

impl NewPhoneNumber {
    /// Creates a phone number.
    pub fn new(number: impl Into<String>) -> Self {
        Self(Object::default().with("number", &number.into()))
    }

    fields! {
        /// Sets whether the number is a mobile phone number.
        mobile(yes: bool) = "is_mobile";
        /// Sets the type, one of the phone types of the address book.
        ///
        /// [`ListAddressBooks`](super::ListAddressBooks) returns the phone types.
        phone_type(name: &str) = "type";
        /// Sets whether the number is the contact's primary number.
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
