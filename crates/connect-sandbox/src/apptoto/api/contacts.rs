//! Contacts, and the endpoints that read contacts and address books.

use super::Api;
use super::error::ApiError;
use super::phone::normalized;
use crate::call::Call;
use crate::reply::{Reply, ok};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) id: u64,
    pub(super) address_book: u64,
    pub(super) external_id: Option<String>,
    pub(super) name: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) phones: Vec<Phone>,
    pub(super) emails: Vec<Email>,
    pub(super) custom_data: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Phone {
    pub(super) number: String,
    pub(super) kind: String,
    pub(super) is_primary: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Email {
    pub(super) address: String,
    pub(super) is_primary: bool,
}

/// The type of a phone number whose field `is_mobile` is true.
pub(super) const MOBILE: &str = "mobile";
const PHONE_TYPES: [&str; 4] = [MOBILE, "home", "work", "other"];

impl Contact {
    /// Finds a contact by its id, or by its external id. `address_book` limits the search by external id.
    pub(super) fn find(
        contacts: &[Self],
        id: Option<u64>,
        external_id: Option<&str>,
        address_book: Option<u64>,
    ) -> Option<usize> {
        let is = |contact: &Self| match id {
            Some(id) => contact.id == id,
            None => {
                external_id.is_some()
                    && contact.external_id.as_deref() == external_id
                    && address_book.is_none_or(|book| contact.address_book == book)
            }
        };
        contacts.iter().position(is)
    }

    pub(super) fn view(&self) -> Value {
        let phones = self.phones.iter().map(|phone| {
            json!({
                "number": phone.number,
                "normalized": normalized(&phone.number),
                "type": phone.kind,
                "is_mobile": phone.kind == MOBILE,
                "is_primary": phone.is_primary,
            })
        });
        let emails = self
            .emails
            .iter()
            .map(|email| json!({ "address": email.address, "is_primary": email.is_primary }));
        json!({
            "id": self.id,
            "address_book_id": self.address_book,
            "external_id": self.external_id,
            "name": self.name,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "phone_numbers": phones.collect::<Vec<_>>(),
            "email_addresses": emails.collect::<Vec<_>>(),
            "custom_data": self.custom_data,
        })
    }
}

impl Api<'_> {
    /// `GET /v1/contact`.
    pub(super) fn get_contact(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let (id, external_id) = super::events::event_ref(call)?
            .ok_or_else(|| ApiError::invalid("id: is required if external_id is missing"))?;
        let book = call.query("address_book_id").map(str::parse).transpose();
        let book = book.map_err(|_| ApiError::invalid("address_book_id: must be a whole number"))?;
        let index = Contact::find(&self.account.contacts, id, external_id, book);
        let contact = index.and_then(|index| self.account.contacts.get(index));
        Ok(ok(&contact.ok_or_else(|| ApiError::not_found("contact"))?.view()))
    }

    /// `GET /v1/address_books`. Of the response, only the phone types are documented.
    pub(super) fn list_address_books(&self) -> Reply {
        let books = self.account.address_books.iter();
        let books = books.map(|book| json!({ "id": book.id, "name": book.name, "phone_types": PHONE_TYPES }));
        ok(&json!({ "address_books": books.collect::<Vec<_>>() }))
    }
}
