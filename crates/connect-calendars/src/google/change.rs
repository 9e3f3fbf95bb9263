//! Changing and deleting events.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Acknowledged, Body, Event, EventRef, Invalid, Raw, Safety, SeriesMode, UpdateEvent},
};
use http::{HeaderMap, HeaderValue, header::IF_MATCH};

use super::{
    SendUpdates,
    body::Draft,
    endpoint::{Parameters, check_calendar, endpoint, event_path},
    options::{Options, options, tell_guests},
    read,
};

/// Changes an event (`PATCH /calendars/{id}/events/{id}`): what is not said stays as it is.
///
/// ```
/// use connect_core::{Endpoint, types::{Body, Event, Provider}};
/// use connect_calendars::google::PatchEvent;
///
/// let event = Event::new(Provider::Google, "primary", "e1");
/// let call = PatchEvent::new(&event.change()?.title("Later").clear_description()).if_match("\"3\"");
/// assert_eq!(call.query()?, [("sendUpdates".into(), "all".to_owned())]);
/// assert_eq!(call.body()?, Body::Json(r#"{"description":null,"summary":"Later"}"#.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * An occurrence is changed alone, or with `whole_series` the series it belongs to. "This and following" is no single call at
///   Google, and is refused.
/// * Times that an occurrence is given are none for its series: that would begin with them, and have no occurrences before. With
///   `whole_series` they are refused. To move a series, read it ([`GetEvent`](super::GetEvent) of the id in `recurring_event_id`)
///   and change that.
/// * All guests are told, unless the request or [`send_updates`](Self::send_updates) chooses otherwise.
/// * A list of guests takes the place of the one that is there. Who is not in it is uninvited. Who stays is asked anew: the answer
///   that they gave is lost, and whether they are `optional`, unless the event is known ([`knowing`](Self::knowing)).
/// * `custom` fields take the place of all that were written here before ([`CUSTOM_PROPERTY`](super::CUSTOM_PROPERTY)), and
///   `clear_custom` takes those away. The private properties of other applications stay; where there are no others `custom` shows them.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct PatchEvent {
    update: UpdateEvent,
    known: Option<Event>,
    if_match: Option<String>,
    options: Options,
}

impl PatchEvent {
    /// This change.
    pub fn new(update: &UpdateEvent) -> Self {
        Self { update: update.clone(), known: None, if_match: None, options: Options::new() }
    }

    /// With what is known of the event as it is at Google: guests who stay keep their answers and whether they are `optional`.
    /// What is known of another event, such as an occurrence of the series that is changed, does not count.
    pub fn knowing(mut self, event: &Event) -> Self {
        self.known = Some(event.clone());
        self
    }

    /// Only if the event still has this entity tag: see [`etag`](super::etag). Otherwise the error is of the kind
    /// [`Conflict`](connect_core::ErrorKind::Conflict). A change like this is sent once: after a lost answer a second one would be
    /// in conflict with the first.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// The zone in which the event is to be at home (IANA), where its times change: otherwise the one that its new start was given
    /// in. New times of a series in a zone without a name, such as a fixed offset, are refused without it.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.options.zone = Some(name.into());
        self
    }

    options!();

    fn finish(&self) -> Result<(Body, Parameters), Error> {
        let event = self.update.event();
        target(&event)?;
        let fields = self.update.fields()?;
        if meant(&event) != event.id && (fields.start.is_some() || fields.end.is_some()) {
            return Err(Error::validation(
                "mode: the times are those of an occurrence, and what was before them would go: read the series, and change that",
            ));
        }
        let (zone, request_id) = (self.options.zone.as_deref(), self.options.request_id.as_str());
        let is_meant = |known: &&Event| known.id.is_empty() || known.id == meant(&event);
        let known = self.known.as_ref().filter(is_meant);
        let series = event.mode == Some(SeriesMode::All)
            || known.is_some_and(|known| !read::recurrence_lines(known).is_empty());
        let draft = Draft { fields: &fields, zone, patch: true, series, known, request_id };
        self.options.finish(&draft, None)
    }
}

endpoint!(PatchEvent: PATCH "/calendars/{calendarId}/events/{eventId}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(path(&self.update.event())?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let (_, parameters) = self.finish()?;
        Ok(parameters.query().into_iter().map(|(name, value)| (name.into_owned().into(), value)).collect())
    }

    fn body(&self) -> Result<Body, Error> {
        self.finish().map(|(body, _)| body)
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        if_match(self.if_match.as_deref())
    }

    /// The same values a second time change nothing.
    fn safety(&self) -> Safety {
        if self.if_match.is_some() { Safety::Once } else { Safety::Idempotent }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::answer(response, connect_core::Endpoint::safety(self), &self.update.target().id)
    }
});

/// Deletes an event (`DELETE /calendars/{id}/events/{id}`).
///
/// An occurrence goes alone, or with `whole_series` the series it belongs to. "This and following" is no single call at Google, and
/// is refused. All guests are told, unless the request or [`send_updates`](Self::send_updates) chooses otherwise. What is gone already is an error of the kind [`NotFound`](connect_core::ErrorKind::NotFound), unless an earlier try of
/// the same call may have deleted it.
///
/// ```
/// use connect_core::{Endpoint, types::{Event, Provider}};
/// use connect_calendars::google::DeleteEvent;
///
/// let mut event = Event::new(Provider::Google, "primary", "standup_20261117T090000Z");
/// event.recurring_event_id = Some("standup".to_owned());
/// assert_eq!(DeleteEvent::new(&event.delete()?).path()?, "/calendars/primary/events/standup_20261117T090000Z");
/// assert_eq!(DeleteEvent::new(&event.delete()?.whole_series()).path()?, "/calendars/primary/events/standup");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct DeleteEvent {
    event: Result<EventRef, Invalid>,
    if_match: Option<String>,
    parameters: Parameters,
}

impl DeleteEvent {
    /// This deletion.
    pub fn new(delete: &connect_core::types::DeleteEvent) -> Self {
        let mut parameters = Parameters::default();
        tell_guests(&mut parameters, delete.notified(), true);
        Self { event: delete.event(), if_match: None, parameters }
    }

    /// Chooses which guests are told; it stands over the [`Notify`](connect_core::types::Notify) of the request. Without a
    /// choice all guests are.
    pub fn send_updates(self, whom: SendUpdates) -> Self {
        self.parameter("sendUpdates", whom.as_str())
    }

    /// Only if the event still has this entity tag: see [`PatchEvent::if_match`].
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// Sets a parameter of the query that has no method here.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }
}

endpoint!(DeleteEvent: DELETE "/calendars/{calendarId}/events/{eventId}" -> Acknowledged {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(path(self.event.as_ref().map_err(|invalid| Error::from(invalid.clone()))?)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        target(self.event.as_ref().map_err(|invalid| Error::from(invalid.clone()))?)?;
        Ok(self.parameters.query())
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        if_match(self.if_match.as_deref())
    }
});

fn if_match(etag: Option<&str>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if let Some(etag) = etag {
        let value = HeaderValue::try_from(etag)
            .map_err(|error| Error::validation("etag: fits in no header").with_source(error))?;
        headers.insert(IF_MATCH, value);
    }
    Ok(headers)
}

/// The id of what is meant: an occurrence, or its series.
fn meant(event: &EventRef) -> &str {
    let series = event.recurring_event_id.as_deref().filter(|_| event.mode == Some(SeriesMode::All));
    series.unwrap_or(&event.id)
}

fn path(event: &EventRef) -> Result<String, Error> {
    let id = meant(event);
    let field = if id == event.id { "eventId" } else { "recurringEventId" };
    event_path(&event.calendar.id, field, id)
}

fn target(event: &EventRef) -> Result<(), Error> {
    check_calendar(&event.calendar)?;
    if event.mode == Some(SeriesMode::Following) {
        return Err(Error::validation(
            "mode: Google has no call for this and the following occurrences: end the series, and create another one",
        ));
    }
    Ok(())
}
