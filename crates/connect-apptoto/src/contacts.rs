//! Contacts, and the call that reads one.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Raw, ResponseBody},
};

use super::{Id, answer::answer, endpoint::endpoint, object::Parameters};

answer!(
    /// A contact. The documentation shows no response with a contact, so the fields are those of a create
    /// request.
    Contact {
        /// The id that Apptoto assigned.
        id: Option<Id>,
        /// The full name.
        name: Option<String>,
        /// The first name.
        first_name: Option<String>,
        /// The last name.
        last_name: Option<String>,
        /// The id that the application assigned.
        external_id: Option<String>,
        /// The address book of the contact.
        address_book_id: Option<Id>,
        /// The phone numbers.
        phone_numbers: Vec<PhoneNumber>,
        /// The e-mail addresses.
        email_addresses: Vec<EmailAddress>,
        /// Data stored by the application: a JSON object.
        custom_data: Option<Raw>,
    }
);

answer!(
    /// A phone number of a contact.
    PhoneNumber {
        /// The number as entered.
        number: Option<String>,
        /// The number in international format.
        normalized: Option<String>,
        /// Whether the number is a mobile phone number.
        is_mobile: Option<bool>,
        /// Whether the number is the contact's primary number.
        is_primary: Option<bool>,
    }
);

answer!(
    /// An e-mail address of a contact.
    EmailAddress {
        /// The address.
        address: Option<String>,
    }
);

impl ResponseBody for Contact {}

/// Reads a contact by its id or external id (`GET /v1/contact`). Needs [`Scope::ContactsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetContact(Parameters);

impl GetContact {
    /// Creates the call for the contact with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// Creates the call for the contact with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Parameters::default().with("external_id", id))
    }

    /// Sets any query parameter, even if this type has no method for it.
    pub fn parameter(self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self(self.0.with(name, value))
    }
}

endpoint!(GetContact: GET "/v1/contact" -> Contact, ContactsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.0.query())
    }
});
