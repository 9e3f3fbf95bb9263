//! The organizer of an event, and the replies of guests.

use super::fields::{Attendee, Fields};
use super::model::Calendar;
use serde_json::{Value, json};

impl Calendar {
    /// Returns the address of the organizer: the attendee who is marked as the organizer, else the account.
    pub(crate) fn organizer<'a>(&'a self, fields: &'a Fields) -> &'a str {
        let marked = fields.attendees.iter().find(|one| one.organizer == Some(true));
        marked.map_or(&self.account, |one| &one.email)
    }

    /// Returns whether another user organizes the event.
    pub(crate) fn is_guest(&self, fields: &Fields) -> bool {
        !self.is_me(self.organizer(fields))
    }

    pub(crate) fn is_me(&self, email: &str) -> bool {
        email.eq_ignore_ascii_case(&self.account)
    }

    /// Returns the account's entry among the attendees.
    pub(crate) fn own_entry<'a>(&self, fields: &'a Fields) -> Option<&'a Attendee> {
        fields.attendees.iter().find(|one| self.is_me(&one.email))
    }

    /// Returns the attendees after the account's reply. An account that was invited through a group becomes
    /// an attendee.
    pub(crate) fn reply_of(&self, fields: &Fields, status: &'static str) -> Value {
        let mut attendees = fields.attendees.clone();
        match attendees.iter_mut().find(|one| self.is_me(&one.email)) {
            Some(own) => own.status = Some(status),
            None => {
                let email = self.account.clone();
                attendees.push(Attendee { email, status: Some(status), organizer: None });
            }
        }
        json!(attendees)
    }
}
