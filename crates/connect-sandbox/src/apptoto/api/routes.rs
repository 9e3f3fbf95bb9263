//! The paths of the API.

use super::Endpoint::{
    self, BookNow, CreateContacts, CreateEvents, DeleteEvent, GetContact, GetEvent, GetImport,
    ListAddressBooks, ListEvents, SendMessage, StartImport, UpsertContacts, UpsertEvents,
};

pub(crate) const ROUTES: &[(&str, Endpoint)] = &[
    ("GET /apptoto/api/v1/events", ListEvents),
    ("POST /apptoto/api/v1/events", CreateEvents),
    ("PUT /apptoto/api/v1/events", UpsertEvents),
    ("DELETE /apptoto/api/v1/events", DeleteEvent),
    ("GET /apptoto/api/v1/event", GetEvent),
    ("GET /apptoto/api/v1/contact", GetContact),
    ("POST /apptoto/api/v1/contacts", CreateContacts),
    ("PUT /apptoto/api/v1/contacts", UpsertContacts),
    ("GET /apptoto/api/v1/address_books", ListAddressBooks),
    ("POST /apptoto/api/v1/book_now", BookNow),
    ("POST /apptoto/api/v1/send_message", SendMessage),
    ("POST /apptoto/api/v1/import", StartImport),
    ("GET /apptoto/api/v1/import", GetImport),
];
