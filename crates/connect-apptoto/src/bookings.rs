//! The call that books an appointment on a booking page.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Body, EventTime, Raw, ResponseBody, Safety},
};
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Id, When,
    answer::{Fields, answer},
    endpoint::endpoint,
    object::{Object, fields},
};

/// Books an appointment on a booking page (`POST /v1/book_now`).
///
/// Needs [`Scope::BookingsWrite`](super::Scope).
///
/// **Never retried**: a retry could book a second appointment, and Apptoto may send messages. See [calls
/// that are never retried](super#calls-that-are-never-retried).
///
/// A page may require a name, a phone number, an e-mail address, `field_data`, and one or two consents. The
/// documentation does not name the parameters for consents. If you know the names, set them with
/// [`field`](Self::field).
///
/// If Apptoto refuses the booking with `success: false`, the call returns an error.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct BookNow(Object);

impl BookNow {
    /// Creates the call for a booking page, by the id or the token of the page.
    ///
    /// The token is the first part of the page's address.
    pub fn new(booking_page: impl Into<Id>, time: impl Into<When>) -> Self {
        Self(Object::default().with("booking_page", &booking_page.into()).with("time", &time.into()))
    }

    /// Like [`new`](Self::new), but sends a time without a UTC offset.
    ///
    /// The example in Apptoto's documentation has such a time.
    pub fn at_local(booking_page: impl Into<Id>, time: DateTime) -> Self {
        Self::new(booking_page, When::local(time))
    }

    fields! {
        /// Sets the appointment type. The default is the first type of the page.
        appointment_type_token(token: &str) = "appointment_type_token";
        /// Sets the guest's name.
        name(name: &str) = "name";
        /// Sets the guest's phone number.
        phone_number(number: &str) = "phone_number";
        /// Sets the guest's e-mail address.
        email_address(address: &str) = "email_address";
        /// Sets the values of the page's additional fields: a JSON object.
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

/// The response to a booking.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Booked {
    /// Whether the booking succeeded.
    pub success: Option<bool>,
    /// The booking.
    pub booking: Option<Booking>,
    /// The whole response as JSON.
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

impl ResponseBody for Booked {
    fn refused(&self) -> Option<Cow<'_, str>> {
        (self.success == Some(false))
            .then(|| self.reason.as_deref().unwrap_or("Apptoto refused the booking without a reason").into())
    }
}

answer!(
    /// An appointment booked on a booking page.
    Booking {
        /// The id of the booking.
        id: Option<Id>,
        /// The state, such as `complete`.
        state: Option<String>,
        /// The id or token of the booking page.
        booking_page: Option<Id>,
        /// The appointment type.
        appointment_type_token: Option<String>,
        /// The e-mail address of the account.
        username: Option<String>,
        /// When the booking was created.
        created_at: Option<EventTime>,
        /// The start of the appointment.
        start_time: Option<EventTime>,
        /// The end of the appointment.
        end_time: Option<EventTime>,
        /// The guest's name.
        name: Option<String>,
        /// The guest's phone number.
        phone: Option<String>,
        /// The guest's e-mail address.
        email: Option<String>,
        /// Whether the phone number was verified.
        authenticated_phone: Option<bool>,
        /// Whether the e-mail address was verified.
        authenticated_email: Option<bool>,
        /// When the booking was moved.
        rescheduled_at: Option<EventTime>,
        /// The start of the appointment before it was moved.
        previous_time: Option<EventTime>,
        /// The IP address that the booking was made from.
        client_ip_address: Option<String>,
        /// The values of the page's additional fields: a JSON object.
        field_data: Option<Raw>,
    }
);
