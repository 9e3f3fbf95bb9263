//! The call that replies to an invitation.

use std::borrow::Cow;

use connect_core::{
    Error, ErrorKind, Response,
    types::{Body, Event, EventStatus, Raw, Safety},
};
use http::HeaderMap;

use super::{
    GetEvent, SendUpdates,
    change::if_match,
    endpoint::{Parameters, check_calendar, endpoint, event_path, json},
    json::{Object, fields, list},
    options::set_send_updates,
    read,
};
use crate::InvitationReply;

/// Replies to an invitation (`PATCH /calendars/{id}/events/{id}`).
///
/// ```
/// use connect_core::{Endpoint, types::{Body, Event, Provider}};
/// use connect_calendars::{InvitationReply, ReplyStatus, google::Respond};
///
/// let mut event = Event::new(Provider::Google, "primary", "e1"); // in an application, from `GetEvent`
/// event.original = Some(r#"{"etag": "\"3\"", "attendees": [
///     {"email": "ada@example.com", "responseStatus": "declined"},
///     {"email": "me@example.com", "responseStatus": "needsAction", "self": true}]}"#.parse()?);
/// let call = Respond::new(&event, &InvitationReply::new(ReplyStatus::Accepted))?;
/// let Body::Json(body) = call.body()? else { unreachable!() };
/// assert!(body.contains(r#"{"email":"me@example.com","responseStatus":"accepted","self":true}"#));
/// assert_eq!(call.headers()?["if-match"], "\"3\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * Google has no call for a reply, and an update replaces the whole list of guests. The call sends the list
///   that was read, with a change in the user's own entry only.
/// * The call has the entity tag of the event as its condition. If the event was changed after it was read,
///   for example by the reply of another guest, the call fails with
///   [`Conflict`](connect_core::ErrorKind::Conflict): read the event again and repeat the reply.
///   [`CalendarBackend::respond`](crate::backend::CalendarBackend::respond) does this.
/// * To reply to a whole series, pass the series: see [`read`](Self::read).
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Respond {
    calendar: String,
    event: String,
    body: Object,
    if_match: Option<String>,
    parameters: Parameters,
}

impl Respond {
    /// Creates the call for an event as read from Google.
    ///
    /// # Errors
    /// If the user is not a guest of the event, or is its organizer.
    pub fn new(event: &Event, reply: &InvitationReply) -> Result<Self, Error> {
        let target = reply.target(event)?;
        check_calendar(&target.calendar)?;
        if target.id != event.id {
            return Err(Error::validation(
                "eventId: the event is an occurrence; to reply for the whole series, read the series by its id in `recurring_event_id`",
            ));
        }
        let mut body = Object::default();
        body.set("attendees", &attendees(event, reply)?)?;
        let original = event.original.as_ref();
        if original.and_then(|original| original.field("attendeesOmitted")) == Some(true) {
            // Without this field, Google would remove the guests that it left out of the event.
            body.set("attendeesOmitted", &true)?;
        }
        let mut parameters = Parameters::default();
        set_send_updates(&mut parameters, reply.notify, true);
        let (calendar, event, if_match) = (target.calendar.id, target.id, read::etag(event));
        Ok(Self { calendar, event, body, if_match, parameters })
    }

    /// Creates the call that reads the event to reply to: the series, if the reply is for the whole series.
    pub fn read(event: &Event, reply: &InvitationReply) -> Result<GetEvent, Error> {
        let target = reply.target(event)?;
        check_calendar(&target.calendar)?;
        Ok(GetEvent::from(&target))
    }

    /// Chooses the people to notify; all by default.
    ///
    /// The choice overrides the [`Notify`](connect_core::types::Notify) of the reply.
    pub fn send_updates(mut self, whom: SendUpdates) -> Self {
        self.parameters.set("sendUpdates", whom.as_str());
        self
    }
}

endpoint!(Respond: PATCH "/calendars/{calendarId}/events/{eventId}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(event_path(&self.calendar, "eventId", &self.event)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.parameters.query())
    }

    fn body(&self) -> Result<Body, Error> {
        json(&self.body)
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        if_match(self.if_match.as_deref())
    }

    /// Returns `Idempotent`: the same reply can be sent twice.
    ///
    /// If the response to the first attempt was lost, the retry may fail with a conflict. The reply can then
    /// be repeated for the event as read again.
    fn safety(&self) -> Safety {
        Safety::Idempotent
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::read_event(response, Safety::Idempotent, &self.calendar)
    }
});

/// Returns the guests of the event, with the reply in the user's own entry.
fn attendees(event: &Event, reply: &InvitationReply) -> Result<Vec<Raw>, Error> {
    if event.status == Some(EventStatus::Cancelled) {
        return Err(Error::new(ErrorKind::NotFound).with_message("the event is cancelled"));
    }
    let original = event.original.as_ref().map(fields).unwrap_or_default();
    let is_own = |person: &Raw| person.field("self") == Some(true);
    let mut attendees = original.get("attendees").map(list).unwrap_or_default();
    let own = attendees.iter_mut().find(|one| is_own(one));
    let organizes = original.get("organizer").is_some_and(is_own)
        || own.as_ref().is_some_and(|own| own.field("organizer") == Some(true));
    if organizes {
        return Err(Error::validation(
            "the user organizes the event (expected an invitation of somebody else)",
        ));
    }
    let Some(own) = own else {
        return Err(Error::validation(
            "the user is not a guest of the event (expected an event to which the user is invited)",
        ));
    };
    let set = |own: &Raw, name: &str, value: &str| {
        Raw::with_field(Some(own), name, value).map_err(|error| {
            Error::validation(format!("{name}: cannot be written as JSON")).with_source(error)
        })
    };
    *own = set(own, "responseStatus", reply.status.as_str())?;
    if let Some(comment) = &reply.comment {
        *own = set(own, "comment", comment)?;
    }
    Ok(attendees)
}
