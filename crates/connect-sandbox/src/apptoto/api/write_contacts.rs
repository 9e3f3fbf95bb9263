//! The endpoints that write contacts. A batch is validated as a whole before any contact is written.

use super::Api;
use super::account::{FolderName, MAX_ITEMS};
use super::contacts::{Contact, Email, MOBILE, Phone};
use super::error::ApiError;
use super::fields::{FieldError, RequestFields};
use super::form;
use crate::call::Call;
use crate::reply::{Reply, empty, ok};
use crate::settings::{ContactsReply, Move};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The fields of a contact in a request.
pub(super) struct ContactDraft<'a> {
    fields: RequestFields<'a>,
    pub(super) id: Option<u64>,
    external_id: Option<String>,
    address_book: Option<FolderName>,
    /// The full, first and last name.
    names: Option<[String; 3]>,
    phones: Option<Vec<Phone>>,
    emails: Option<Vec<Email>>,
    add_phone: Option<Phone>,
    add_email: Option<Email>,
    custom_data: Option<Map<String, Value>>,
}

impl<'a> ContactDraft<'a> {
    pub(super) fn read(fields: RequestFields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            id: fields.id("id")?,
            external_id: fields.some_text("external_id")?,
            address_book: FolderName::read(&fields, "address_book")?,
            names: names(&fields)?,
            phones: phones(&fields)?,
            emails: emails(&fields)?,
            add_phone: fields.some_text("add_phone")?.map(lone_phone),
            add_email: fields.some_text("add_email")?.map(lone_email),
            custom_data: fields.data("custom_data")?,
            fields,
        })
    }
}

/// Reads the names. If `name` is present, its last word is the last name, and its other words are the first
/// name.
fn names(fields: &RequestFields<'_>) -> Result<Option<[String; 3]>, FieldError> {
    let (first, last) = (fields.some_text("first_name")?, fields.some_text("last_name")?);
    Ok(match fields.some_text("name")? {
        Some(name) => {
            let (first, last) = name.trim().rsplit_once(' ').unwrap_or((name.trim(), ""));
            Some([name.clone(), first.to_owned(), last.to_owned()])
        }
        None if first.is_none() && last.is_none() => None,
        None => {
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            Some([format!("{first} {last}").trim().to_owned(), first, last])
        }
    })
}

/// Reads `phone_numbers` or, if it is missing, the single number `phone`.
fn phones(fields: &RequestFields<'_>) -> Result<Option<Vec<Phone>>, FieldError> {
    let Some(list) = fields.objects("phone_numbers")? else {
        return Ok(fields.some_text("phone")?.map(|number| vec![lone_phone(number)]));
    };
    let phone = |one: &RequestFields<'_>| {
        let mobile = one.flag("is_mobile")?.unwrap_or(false);
        let kind = one.some_text("type")?.filter(|_| !mobile);
        Ok(Phone {
            number: one.need_text("number")?,
            kind: kind.unwrap_or_else(|| if mobile { MOBILE } else { "other" }.to_owned()),
            is_primary: one.flag("is_primary")?.unwrap_or(false),
        })
    };
    list.iter().map(phone).collect::<Result<_, _>>().map(Some)
}

fn emails(fields: &RequestFields<'_>) -> Result<Option<Vec<Email>>, FieldError> {
    let Some(list) = fields.objects("email_addresses")? else {
        return Ok(fields.some_text("email")?.map(|address| vec![lone_email(address)]));
    };
    let email = |one: &RequestFields<'_>| {
        let (address, is_primary) = (one.need_text("address")?, one.flag("is_primary")?.unwrap_or(false));
        Ok(Email { address, is_primary })
    };
    list.iter().map(email).collect::<Result<_, _>>().map(Some)
}

fn lone_phone(number: String) -> Phone {
    Phone { number, kind: "other".to_owned(), is_primary: false }
}

fn lone_email(address: String) -> Email {
    Email { address, is_primary: false }
}

impl Api<'_> {
    /// `POST /v1/contacts`. Ignores ids. Several contacts may have the same external id, because only the
    /// external ids of events are documented as unique.
    pub(super) fn create_contacts(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::json(call)?;
        let drafts = read(&body)?;
        drafts.iter().try_for_each(|draft| self.check_new_contact(draft))?;
        self.check_contact_room(&drafts.iter().collect::<Vec<_>>())?;
        let made: Vec<_> =
            drafts.into_iter().map(|draft| self.insert_contact(ContactDraft { id: None, ..draft })).collect();
        Ok(self.contacts_reply(&made, true))
    }

    /// `PUT /v1/contacts`.
    pub(super) fn upsert_contacts(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::json(call)?;
        let drafts = read(&body)?;
        for draft in &drafts {
            match (self.contact_target(draft), draft.id) {
                (Some(index), _) => self.check_contact_change(index, draft)?,
                (None, Some(_)) => return Err(ApiError::not_found("contact")),
                (None, None) => self.check_new_contact(draft)?,
            }
        }
        let new = drafts.iter().filter(|draft| self.contact_target(draft).is_none());
        self.check_contact_room(&new.collect::<Vec<_>>())?;
        let written = drafts.into_iter().map(|draft| match self.contact_target(&draft) {
            Some(index) => self.change_contact(index, draft),
            None => self.insert_contact(draft),
        });
        let written: Vec<_> = written.collect();
        Ok(self.contacts_reply(&written, false))
    }

    pub(super) fn check_new_contact(&self, draft: &ContactDraft<'_>) -> Result<(), FieldError> {
        let book = draft.address_book.as_ref();
        let book = book.ok_or_else(|| draft.fields.field_error("address_book", "is required"))?;
        if let (FolderName::Id(_), None) = (book, book.find(&self.account.address_books)) {
            return Err(draft.fields.field_error("address_book_id", "there is no such address book"));
        }
        if draft.names.is_none() {
            return Err(draft
                .fields
                .field_error("name", "is required if first_name and last_name are missing"));
        }
        Ok(())
    }

    fn check_contact_change(&self, index: usize, draft: &ContactDraft<'_>) -> Result<(), FieldError> {
        let Some(contact) = self.account.contacts.get(index) else { return Ok(()) };
        let elsewhere =
            |name: &FolderName| name.find(&self.account.address_books) != Some(contact.address_book);
        if self.settings.apptoto.moves == Move::Refused && draft.address_book.as_ref().is_some_and(elsewhere)
        {
            return Err(draft
                .fields
                .field_error("address_book", "a contact cannot be moved to another address book"));
        }
        Ok(())
    }

    fn check_contact_room(&self, drafts: &[&ContactDraft<'_>]) -> Result<(), ApiError> {
        let account = &self.account;
        let books = drafts.iter().filter_map(|draft| draft.address_book.as_ref());
        let room = account.contacts.len() + drafts.len() <= MAX_ITEMS
            && FolderName::has_room(&account.address_books, books);
        if room { Ok(()) } else { Err(ApiError::full()) }
    }

    /// Returns the contact to change. An address book id limits the search by external id.
    fn contact_target(&self, draft: &ContactDraft<'_>) -> Option<usize> {
        let scope = match draft.address_book {
            Some(FolderName::Id(id)) => Some(id),
            _ => None,
        };
        Contact::find(&self.account.contacts, draft.id, draft.external_id.as_deref(), scope)
    }

    /// Adds a validated contact, generates an id if it has none, and returns the id.
    pub(super) fn insert_contact(&mut self, draft: ContactDraft<'_>) -> u64 {
        let id = draft.id.unwrap_or_else(|| self.ids.next());
        let books = &mut self.account.address_books;
        let book = draft.address_book.as_ref().and_then(|name| name.find_or_make(books, self.ids));
        self.account.contacts.extend(book.map(|address_book| Contact {
            id,
            address_book,
            external_id: None,
            name: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            custom_data: Map::new(),
        }));
        let last = self.account.contacts.len().saturating_sub(1);
        self.change_contact(last, draft)
    }

    /// Changes a contact. Omitted fields keep their values.
    fn change_contact(&mut self, index: usize, draft: ContactDraft<'_>) -> u64 {
        let Some(contact) = self.account.contacts.get_mut(index) else { return 0 };
        if draft.external_id.is_some() {
            contact.external_id = draft.external_id;
        }
        if let Some(names) = draft.names {
            [contact.name, contact.first_name, contact.last_name] = names;
        }
        contact.phones = draft.phones.unwrap_or_else(|| std::mem::take(&mut contact.phones));
        contact.emails = draft.emails.unwrap_or_else(|| std::mem::take(&mut contact.emails));
        contact.phones.extend(draft.add_phone);
        contact.emails.extend(draft.add_email);
        contact.custom_data = draft.custom_data.unwrap_or_else(|| std::mem::take(&mut contact.custom_data));
        contact.id
    }

    /// Creates the response, in a format that is inferred from the response of `/v1/events`. The
    /// switch `apptoto_contacts_reply` can omit the body.
    fn contacts_reply(&self, ids: &[u64], created: bool) -> Reply {
        if self.settings.apptoto.contacts_reply == ContactsReply::Empty {
            return empty(StatusCode::OK);
        }
        let contact = |id: &u64| self.account.contacts.iter().find(|contact| contact.id == *id);
        let contacts: Vec<_> = ids.iter().filter_map(contact).map(Contact::view).collect();
        let body = json!({ "contacts": contacts });
        if created { self.created(&body) } else { ok(&body) }
    }
}

fn read(body: &Map<String, Value>) -> Result<Vec<ContactDraft<'_>>, FieldError> {
    RequestFields::root(body).need_objects("contacts")?.into_iter().map(ContactDraft::read).collect()
}
