//! Bookings on booking pages.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Answer, Body, EventTime, Raw, Safety},
};
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Id, When,
    answer::{Fields, answer},
    endpoint::endpoint,
    object::{Object, fields},
};

/// Books an appointment on a booking page (`POST /v1/book_now`). Needs [`Scope::BookingsWrite`](super::Scope).
///
/// **Once only**: it takes a time that others want, and messages may go out. It is [never tried
/// again](super#calls-that-reach-people).
///
/// A page may require a name, a phone number, an e-mail address, its own fields, and one or two consents. The documentation
/// does not show the names of the consents: [`field`](Self::field) sets them.
///
/// A booking that Apptoto refuses with `success: false` is an error.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct BookNow(Object);

impl BookNow {
    /// Books this time on a page, which goes by its id or by its token, the first part of its address.
    pub fn new(booking_page: impl Into<Id>, time: impl Into<When>) -> Self {
        Self(Object::default().with("booking_page", &booking_page.into()).with("time", &time.into()))
    }

    /// As [`new`](Self::new), at a time without an offset, as it is in the documentation's example.
    pub fn at_local(booking_page: impl Into<Id>, time: DateTime) -> Self {
        Self::new(booking_page, When::local(time))
    }

    fields! {
        /// The type of the appointment, of a page that has several. The first one unless set.
        appointment_type_token(token: &str) = "appointment_type_token";
        /// The name of who comes.
        name(name: &str) = "name";
        /// The phone number of who comes.
        phone_number(number: &str) = "phone_number";
        /// The e-mail address of who comes.
        email_address(address: &str) = "email_address";
        /// The fields of the page: a JSON object.
        field_data(data: impl Serialize) = "field_data";
    }
}

endpoint!(BookNow: POST "/v1/book_now" -> Booked, BookingsWrite {
    fn body(&self) -> Result<Body, Error> {
        self.0.body()
    }

    fn safety(&self) -> Safety {
        Safety::Never
    }
});

/// What came of a booking.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Booked {
    /// Whether it was booked.
    pub success: Option<bool>,
    /// The booking.
    pub booking: Option<Booking>,
    /// The whole answer as it came.
    pub raw: Raw,
    reason: Option<String>,
}

impl<'de> Deserialize<'de> for Booked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let mut fields = Fields::of(&raw);
        let (message, error): (Option<String>, Option<String>) =
            (fields.take("message"), fields.take("error"));
        let (success, booking) = (fields.take("success"), fields.take("booking"));
        Ok(Self { success, booking, reason: message.or(error), raw })
    }
}

impl Answer for Booked {
    fn refused(&self) -> Option<Cow<'_, str>> {
        (self.success == Some(false)).then(|| self.reason.as_deref().unwrap_or("it was not booked").into())
    }
}

answer!(
    /// A booking.
    Booking {
        /// Its id.
        id: Option<Id>,
        /// How it stands, such as `complete`.
        state: Option<String>,
        /// The page it was made on.
        booking_page: Option<Id>,
        /// The type of the appointment.
        appointment_type_token: Option<String>,
        /// The account it was made in.
        username: Option<String>,
        /// When it was made.
        created_at: Option<EventTime>,
        /// When the appointment begins.
        start_time: Option<EventTime>,
        /// When the appointment ends.
        end_time: Option<EventTime>,
        /// The name of who comes.
        name: Option<String>,
        /// The phone number of who comes.
        phone: Option<String>,
        /// The e-mail address of who comes.
        email: Option<String>,
        /// Whether the phone number was verified.
        authenticated_phone: Option<bool>,
        /// Whether the e-mail address was verified.
        authenticated_email: Option<bool>,
        /// When it was moved.
        rescheduled_at: Option<EventTime>,
        /// When the appointment was before it was moved.
        previous_time: Option<EventTime>,
        /// The network address it was made from.
        client_ip_address: Option<String>,
        /// The fields of the page: a JSON object.
        field_data: Option<Raw>,
    }
);
