//! Accounts from a seed: events and contacts in the form in which the API creates them, and what is set up in Apptoto's own
//! pages.

use super::account::{Account, BookingPage, Ids, MOST_PLACES, MOST_THINGS};
use super::contacts::Contact;
use super::events::Event;
use super::fields::{Fields, Wrong};
use super::write_contacts::ContactDraft;
use super::write_events::EventDraft;
use super::{Api, State};
use crate::settings::Settings;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Accounts that are ready to be taken.
pub(crate) struct Seeded(BTreeMap<String, Account>);

impl State {
    /// Reads the accounts below `apptoto`; on an error the path to it and the reason.
    pub(crate) fn read_seed(
        &mut self,
        accounts: &Map<String, Value>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Seeded, (String, String)> {
        let mut seeded = BTreeMap::new();
        for (email, value) in accounts {
            let path = format!("apptoto.{email}");
            let object = value.as_object().ok_or_else(|| (path.clone(), "must be an object".to_owned()))?;
            let mut account = Account::new(&mut self.ids);
            let mut api = Api { account: &mut account, ids: &mut self.ids, settings, email, now };
            api.fill(&Fields::at(&path, object)).map_err(|wrong| (wrong.path, wrong.reason))?;
            seeded.insert(email.clone(), account);
        }
        Ok(Seeded(seeded))
    }

    /// An account that is there already is replaced.
    pub(crate) fn take_seed(&mut self, Seeded(accounts): Seeded) {
        self.accounts.extend(accounts);
    }
}

impl Api<'_> {
    fn fill(&mut self, fields: &Fields<'_>) -> Result<(), Wrong> {
        only(fields, &["apiKey", "events", "contacts", "bookingPages"])?;
        self.account.api_key = fields.some_text("apiKey")?;
        for one in fields.objects("events")?.unwrap_or_default() {
            only(&one, EVENT_FIELDS)?;
            let draft = EventDraft::read(one.clone())?;
            let (events, external) = (&self.account.events, draft.external_id.as_deref());
            check_id(&one, draft.id, Event::find(events, draft.id, None))?;
            if Event::find(events, None, external).is_some() {
                return Err(one.wrong("external_id", "another event of the account has this external id"));
            }
            self.check_new_event(&draft, true)?;
            if events.len() >= MOST_THINGS || self.account.calendars.len() >= MOST_PLACES {
                return Err(one.wrong("calendar", "the account is full"));
            }
            self.insert_event(draft);
        }
        for one in fields.objects("contacts")?.unwrap_or_default() {
            only(&one, CONTACT_FIELDS)?;
            let draft = ContactDraft::read(one.clone())?;
            check_id(&one, draft.id, Contact::find(&self.account.contacts, draft.id, None, None))?;
            self.check_new_contact(&draft)?;
            if self.account.address_books.len() >= MOST_PLACES {
                return Err(one.wrong("address_book", "the account is full"));
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

fn booking_page(fields: &Fields<'_>, ids: &mut Ids) -> Result<BookingPage, Wrong> {
    only(
        fields,
        &["token", "title", "timeZone", "appointmentTypes", "requires", "requiredFields", "asksConsent"],
    )?;
    let token = fields.need_text("token")?;
    let time_zone = fields.some_text("timeZone")?.unwrap_or_else(|| "UTC".to_owned());
    if crate::world::time::zone(&time_zone).is_none() {
        return Err(fields.wrong("timeZone", "must be the name of a time zone"));
    }
    let mut appointment_types = Vec::new();
    for one in fields.objects("appointmentTypes")?.unwrap_or_default() {
        let minutes = one.id("minutes")?.filter(|minutes| (1..=24 * 60).contains(minutes));
        let minutes = minutes.ok_or_else(|| one.wrong("minutes", "must be a number from 1 to 1440"))?;
        appointment_types.push((one.need_text("token")?, minutes));
    }
    if appointment_types.is_empty() {
        appointment_types.push(("default".to_owned(), 30));
    }
    let requires = texts(fields, "requires")?;
    if requires.iter().any(|name| !["name", "phone_number", "email_address"].contains(&name.as_str())) {
        return Err(fields.wrong("requires", "must be a list of name, phone_number and email_address"));
    }
    let consents = texts(fields, "asksConsent")?;
    let asks_consent = ["appointments", "marketing"].map(|kind| consents.iter().any(|one| one == kind));
    if consents.len() != asks_consent.iter().filter(|asks| **asks).count() {
        return Err(fields.wrong("asksConsent", "must be a list of appointments and marketing"));
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

fn texts(fields: &Fields<'_>, name: &str) -> Result<Vec<String>, Wrong> {
    let wrong = || fields.wrong(name, "must be a list of texts");
    let list = match fields.value(name) {
        None => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(wrong)?,
    };
    list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

/// An id of a seed is below those that the sandbox makes, and nobody else's.
fn check_id(fields: &Fields<'_>, id: Option<u64>, known: Option<usize>) -> Result<(), Wrong> {
    if id.is_some_and(|id| !(1..Ids::FIRST).contains(&id)) {
        return Err(fields.wrong("id", format!("must be a number from 1 to {}", Ids::FIRST - 1)));
    }
    if known.is_some() { Err(fields.wrong("id", "another one of the account has this id")) } else { Ok(()) }
}

/// Refuses a field the format does not know: most likely it is misspelt.
fn only(fields: &Fields<'_>, known: &[&str]) -> Result<(), Wrong> {
    match fields.names().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let reason = format!("there is no such field; the fields are {}", known.join(", "));
            Err(fields.wrong(name, reason))
        }
    }
}
