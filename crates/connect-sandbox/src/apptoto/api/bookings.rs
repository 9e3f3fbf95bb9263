//! The endpoint `book_now`, which books an appointment on a booking page.

use super::Api;
use super::account::{BookingPage, FolderName, MAX_FOLDERS, MAX_ITEMS};
use super::error::ApiError;
use super::event_time::EventTime;
use super::fields::RequestFields;
use super::form;
use super::messages::is_email;
use super::phone::normalized;
use super::write_events::EventDraft;
use crate::call::Call;
use crate::reply::{Reply, json_reply, ok};
use crate::settings::BookingRefused;
use crate::world::time;
use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// A valid booking.
struct Booking {
    appointment_type: String,
    start: EventTime,
    end: EventTime,
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    field_data: Map<String, Value>,
}

impl Api<'_> {
    /// `POST /v1/book_now`, as JSON or as a form. The response to a booking that the page does not allow
    /// contains `success: false`.
    pub(super) fn book_now(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::any(call)?;
        let fields = RequestFields::root(&body);
        let asked = fields.need_text("booking_page")?;
        let by_name = |page: &&BookingPage| page.token == asked || page.id.to_string() == asked;
        let page = self.account.booking_pages.iter().find(by_name).cloned();
        let page = page.ok_or_else(|| ApiError::not_found("booking page"))?;
        match self.booking(&fields, &page)? {
            Ok(booking) => self.book(&page, &booking),
            Err(reason) => {
                let refused = self.settings.apptoto.booking_refused == BookingRefused::BadRequest;
                let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                Ok(json_reply(status, &json!({ "success": false, "message": reason })))
            }
        }
    }

    /// Reads a booking. The inner error is the reason why the booking page does not allow the booking.
    fn booking(
        &self,
        fields: &RequestFields<'_>,
        page: &BookingPage,
    ) -> Result<Result<Booking, String>, ApiError> {
        let zone = time::zone(&page.time_zone).unwrap_or(TimeZone::UTC);
        let start = EventTime::read_in(&fields.need_text("time")?, &zone)
            .ok_or_else(|| fields.field_error("time", "must be an ISO 8601 time"))?;
        let wanted = fields.some_text("appointment_type_token")?;
        let mut types = page.appointment_types.iter();
        let Some((appointment_type, minutes)) =
            types.find(|(token, _)| wanted.as_ref().is_none_or(|wanted| wanted == token))
        else {
            return Ok(Err("There is no such appointment type".to_owned()));
        };
        let end =
            start.plus_minutes(*minutes).ok_or_else(|| fields.field_error("time", "is too far ahead"))?;
        let booking = Booking {
            appointment_type: appointment_type.clone(),
            start,
            end,
            name: fields.some_text("name")?,
            phone: fields.some_text("phone_number")?,
            email: fields.some_text("email_address")?,
            field_data: fields.data("field_data")?.unwrap_or_default(),
        };
        for name in &page.requires {
            if !fields.has(name) {
                return Ok(Err(format!("{name} is required")));
            }
        }
        if let Some(name) = page.required_fields.iter().find(|name| !booking.field_data.contains_key(*name)) {
            return Ok(Err(format!("{name} is required")));
        }
        let consents = self.settings.apptoto.consent_fields.split(',');
        for (name, _) in consents.zip(page.asks_consent).filter(|(_, asks)| *asks) {
            if fields.flag(name)?.is_none() {
                return Ok(Err(format!("{name} is required")));
            }
        }
        if booking.phone.as_ref().is_some_and(|phone| normalized(phone).is_none()) {
            return Ok(Err("phone_number is not a phone number".to_owned()));
        }
        if booking.email.as_ref().is_some_and(|email| !is_email(email)) {
            return Ok(Err("email_address is not an e-mail address".to_owned()));
        }
        let taken = |(other, from, to): &(u64, _, _)| *other == page.id && *from < end.at && start.at < *to;
        if start.at < self.now || self.account.booked.iter().any(taken) {
            return Ok(Err("The time is not available".to_owned()));
        }
        Ok(Ok(booking))
    }

    /// Stores a booking, and creates an event in the calendar that has the same title as the page.
    fn book(&mut self, page: &BookingPage, booking: &Booking) -> Result<Reply, ApiError> {
        if self.account.booked.len() >= MAX_FOLDERS || self.account.events.len() >= MAX_ITEMS {
            return Err(ApiError::full());
        }
        self.account.booked.push((page.id, booking.start.at, booking.end.at));
        let calendar =
            FolderName::Name(page.title.clone()).find_or_make(&mut self.account.calendars, self.ids);
        let event = json!({
            "calendar_id": calendar,
            "title": page.title,
            "start_time": booking.start.to_string(),
            "end_time": booking.end.to_string(),
            "participants": [{
                "name": booking.name.as_deref().unwrap_or("Guest"),
                "phone": booking.phone,
                "email": booking.email,
            }],
            "custom_data": booking.field_data,
        });
        if let Value::Object(event) = event {
            self.insert_event(EventDraft::read(RequestFields::root(&event))?);
        }
        let utc = |moment: &EventTime| moment.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(ok(&json!({
            "success": true,
            "booking": {
                "id": self.ids.next(),
                "state": "complete",
                "booking_page": page.token,
                "appointment_type_token": booking.appointment_type,
                "username": self.email,
                "created_at": self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "start_time": utc(&booking.start),
                "end_time": utc(&booking.end),
                "name": booking.name,
                "phone": booking.phone.as_deref().and_then(normalized),
                "email": booking.email,
                "authenticated_phone": false,
                "authenticated_email": false,
                "rescheduled_at": null,
                "previous_time": null,
                "client_ip_address": "127.0.0.1",
                "field_data": booking.field_data,
            },
        })))
    }
}
