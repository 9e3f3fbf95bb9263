//! Reads accounts from a seed. An account contains events and contacts in the API's format, an API key and
//! booking pages.

use super::account::{Account, BookingPage, Ids, MAX_FOLDERS, MAX_ITEMS};
use super::contacts::Contact;
use super::events::StoredEvent;
use super::fields::{FieldError, RequestFields};
use super::write_contacts::ContactDraft;
use super::write_events::EventDraft;
use super::{Api, State};
use crate::settings::Settings;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Accounts that were read from a seed and are valid.
pub(crate) struct Seeded(BTreeMap<String, Account>, Ids);

impl State {
    /// Reads the accounts in the member `apptoto` of a seed.
    ///
    /// An error contains the path of the invalid field, and the reason.
    pub(crate) fn read_seed(
        &self,
        accounts: &Map<String, Value>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Seeded, (String, String)> {
        let (mut seeded, mut ids) = (BTreeMap::new(), self.ids.clone());
        for (email, value) in accounts {
            let path = format!("apptoto.{email}");
            let object = value.as_object().ok_or_else(|| (path.clone(), "must be an object".to_owned()))?;
            let mut account = Account::new(&mut ids);
            let mut api = Api { account: &mut account, ids: &mut ids, settings, email, now };
            api.fill(&RequestFields::at(&path, object)).map_err(|error| (error.path, error.reason))?;
            seeded.insert(email.clone(), account);
        }
        Ok(Seeded(seeded, ids))
    }

    /// Adds the accounts of a seed. Replaces existing accounts with the same e-mail addresses.
    pub(crate) fn take_seed(&mut self, Seeded(accounts, ids): Seeded) {
        self.ids = ids;
        self.accounts.extend(accounts);
    }
}

impl Api<'_> {
    fn fill(&mut self, fields: &RequestFields<'_>) -> Result<(), FieldError> {
        check_names(fields, &["apiKey", "events", "contacts", "bookingPages"])?;
        self.account.api_key = fields.some_text("apiKey")?;
        for one in fields.objects("events")?.unwrap_or_default() {
            check_names(&one, EVENT_FIELDS)?;
            let draft = EventDraft::read(one.clone())?;
            let (events, external) = (&self.account.events, draft.external_id.as_deref());
            check_id(&one, draft.id, StoredEvent::find(events, draft.id, None))?;
            if StoredEvent::find(events, None, external).is_some() {
                return Err(
                    one.field_error("external_id", "another event of the account has this external id")
                );
            }
            self.check_new_event(&draft, true)?;
            if events.len() >= MAX_ITEMS || self.account.calendars.len() >= MAX_FOLDERS {
                return Err(one.field_error("calendar", "the account cannot have more events or calendars"));
            }
            self.insert_event(draft);
        }
        for one in fields.objects("contacts")?.unwrap_or_default() {
            check_names(&one, CONTACT_FIELDS)?;
            let draft = ContactDraft::read(one.clone())?;
            check_id(&one, draft.id, Contact::find(&self.account.contacts, draft.id, None, None))?;
            self.check_new_contact(&draft)?;
            if self.account.address_books.len() >= MAX_FOLDERS {
                return Err(one.field_error("address_book", "the account cannot have more address books"));
            }
            self.insert_contact(draft);
        }
        if let Some(pages) = fields.objects("bookingPages")? {
            let pages = pages.iter().map(|page| booking_page(page, self.ids)).collect::<Result<_, _>>()?;
            self.account.booking_pages = pages;
        }
        Ok(())
    }
}

const EVENT_FIELDS: &[&str] = &[
    "id",
    "calendar",
    "title",
    "start_time",
    "end_time",
    "time_zone",
    "location",
    "content",
    "all_day",
    "show_as",
    "external_id",
    "custom_data",
    "participants",
];

const CONTACT_FIELDS: &[&str] = &[
    "id",
    "address_book",
    "name",
    "first_name",
    "last_name",
    "phone",
    "email",
    "phone_numbers",
    "email_addresses",
    "external_id",
    "custom_data",
];

fn booking_page(fields: &RequestFields<'_>, ids: &mut Ids) -> Result<BookingPage, FieldError> {
    check_names(
        fields,
        &["token", "title", "timeZone", "appointmentTypes", "requires", "requiredFields", "asksConsent"],
    )?;
    let token = fields.need_text("token")?;
    let time_zone = fields.some_text("timeZone")?.unwrap_or_else(|| "UTC".to_owned());
    if crate::world::time::zone(&time_zone).is_none() {
        return Err(fields.field_error("timeZone", "must be an IANA time zone, such as Europe/Budapest"));
    }
    let mut appointment_types = Vec::new();
    for one in fields.objects("appointmentTypes")?.unwrap_or_default() {
        let minutes = one.id("minutes")?.filter(|minutes| (1..=24 * 60).contains(minutes));
        let minutes = minutes.ok_or_else(|| one.field_error("minutes", "must be a number from 1 to 1440"))?;
        appointment_types.push((one.need_text("token")?, minutes));
    }
    if appointment_types.is_empty() {
        appointment_types.push(("default".to_owned(), 30));
    }
    let requires = texts(fields, "requires")?;
    if requires.iter().any(|name| !["name", "phone_number", "email_address"].contains(&name.as_str())) {
        return Err(fields.field_error("requires", "may contain only name, phone_number and email_address"));
    }
    let consents = texts(fields, "asksConsent")?;
    let asks_consent = ["appointments", "marketing"].map(|kind| consents.iter().any(|one| one == kind));
    if consents.len() != asks_consent.iter().filter(|asks| **asks).count() {
        return Err(fields.field_error(
            "asksConsent",
            "may contain only appointments and marketing, each at most one time",
        ));
    }
    Ok(BookingPage {
        id: ids.next(),
        title: fields.some_text("title")?.unwrap_or_else(|| token.clone()),
        token,
        time_zone,
        appointment_types,
        requires,
        required_fields: texts(fields, "requiredFields")?,
        asks_consent,
    })
}

fn texts(fields: &RequestFields<'_>, name: &str) -> Result<Vec<String>, FieldError> {
    let wrong = || fields.field_error(name, "must be a list of texts");
    let list = match fields.value(name) {
        None => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(wrong)?,
    };
    list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

/// Checks that an id is unique and below the ids that the sandbox generates.
fn check_id(fields: &RequestFields<'_>, id: Option<u64>, known: Option<usize>) -> Result<(), FieldError> {
    if id.is_some_and(|id| !(1..Ids::FIRST).contains(&id)) {
        return Err(fields.field_error("id", format!("must be a number from 1 to {}", Ids::FIRST - 1)));
    }
    if known.is_some() {
        Err(fields.field_error("id", "another item of the account has this id"))
    } else {
        Ok(())
    }
}

/// Fails for an unknown field, because it is probably misspelt.
fn check_names(fields: &RequestFields<'_>, known: &[&str]) -> Result<(), FieldError> {
    match fields.names().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let reason = format!("there is no such field; the fields are {}", known.join(", "));
            Err(fields.field_error(name, reason))
        }
    }
}
