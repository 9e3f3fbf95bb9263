//! Contacts, and one of them.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Answer, Raw},
};

use super::{Id, answer::answer, endpoint::endpoint, object::Parameters};

answer!(
    /// A contact. The documentation does not show one as an answer: these are the fields that it is created with.
    Contact {
        /// Its id.
        id: Option<Id>,
        /// The full name.
        name: Option<String>,
        /// The first name.
        first_name: Option<String>,
        /// The last name.
        last_name: Option<String>,
        /// The application's own id.
        external_id: Option<String>,
        /// The address book it is in.
        address_book_id: Option<Id>,
        /// The phone numbers.
        phone_numbers: Vec<PhoneNumber>,
        /// The e-mail addresses.
        email_addresses: Vec<EmailAddress>,
        /// What the application noted with it: a JSON object.
        custom_data: Option<Raw>,
    }
);

answer!(
    /// A phone number of a contact.
    PhoneNumber {
        /// The number as it was given.
        number: Option<String>,
        /// The number in international form.
        normalized: Option<String>,
        /// Whether it is a mobile phone's.
        is_mobile: Option<bool>,
        /// Whether it is the one to use.
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

impl Answer for Contact {}

/// One contact, by either id (`GET /v1/contact`). Needs [`Scope::ContactsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetContact(Parameters);

impl GetContact {
    /// The contact with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// The contact with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Parameters::default().with("external_id", id))
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self(self.0.with(name, value))
    }
}

endpoint!(GetContact: GET "/v1/contact" -> Contact, ContactsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.0.query())
    }
});
