//! Calls that change and delete events.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Acknowledged, Body, Event, EventRef, Invalid, Raw, Safety, SeriesMode, UpdateEvent},
};
use http::{HeaderMap, HeaderValue, header::IF_MATCH};

use super::{
    SendUpdates,
    body::BodyBuilder,
    endpoint::{Parameters, check_calendar, endpoint, event_path},
    options::{Options, options, set_send_updates},
    read,
};

/// Changes an event (`PATCH /calendars/{id}/events/{id}`); fields that are not set stay unchanged.
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
/// * The call changes one event or occurrence; with `whole_series`, it changes the series of the
///   occurrence. `this_and_following` is refused, because Google cannot make such a change in one call.
/// * With `whole_series`, new times of an occurrence are refused: the series would start at these times and
///   lose its earlier occurrences. To move a series, read the series with [`GetEvent`](super::GetEvent) by
///   the id in `recurring_event_id`, and change its times.
/// * All guests are notified, unless the request or [`send_updates`](Self::send_updates) chooses other
///   guests.
/// * A new list of guests replaces the existing list: guests that the new list omits are uninvited, and all
///   other guests lose their response and the field `optional`. To preserve the response and `optional`,
///   pass the event to [`knowing`](Self::knowing).
/// * `custom` fields replace all earlier `custom` fields ([`CUSTOM_PROPERTY`](super::CUSTOM_PROPERTY)), and
///   `clear_custom` deletes them. Private properties of other applications do not change. If this SDK wrote
///   no `custom` fields to an event, `custom` of the event contains the properties of other applications.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct PatchEvent {
    update: UpdateEvent,
    known: Option<Event>,
    if_match: Option<String>,
    options: Options,
}

impl PatchEvent {
    /// Creates the call for a change.
    pub fn new(update: &UpdateEvent) -> Self {
        Self { update: update.clone(), known: None, if_match: None, options: Options::new() }
    }

    /// Passes the event as read from Google, to preserve the response and `optional` of remaining guests.
    ///
    /// An event with another id, such as an occurrence of the changed series, is ignored.
    pub fn knowing(mut self, event: &Event) -> Self {
        self.known = Some(event.clone());
        self
    }

    /// Changes the event only if it still has this entity tag: see [`etag`](super::etag).
    ///
    /// If the tag differs, the call fails with [`Conflict`](connect_core::ErrorKind::Conflict). The call is
    /// not retried after a lost response, because the first attempt may have changed the tag.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// Sets the event's time zone (IANA name), which is sent with new times.
    ///
    /// The default is the zone of the new start. If that zone has no name (a fixed offset, for example), new
    /// times of a series require this method.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.options.zone = Some(name.into());
        self
    }

    options!();

    fn body_and_parameters(&self) -> Result<(Body, Parameters), Error> {
        let event = self.update.event();
        check_target(&event)?;
        let fields = self.update.fields()?;
        if target_id(&event) != event.id && (fields.start.is_some() || fields.end.is_some()) {
            return Err(Error::validation(
                "mode: the times of an occurrence cannot be set on the whole series, which would lose its earlier occurrences: read the series and change its times",
            ));
        }
        let (zone, request_id) = (self.options.zone.as_deref(), self.options.request_id.as_str());
        let is_target = |known: &&Event| known.id.is_empty() || known.id == target_id(&event);
        let known = self.known.as_ref().filter(is_target);
        let series = event.mode == Some(SeriesMode::All)
            || known.is_some_and(|known| !read::recurrence_lines(known).is_empty());
        let builder = BodyBuilder { fields: &fields, zone, patch: true, series, known, request_id };
        self.options.body_and_parameters(&builder, None)
    }
}

endpoint!(PatchEvent: PATCH "/calendars/{calendarId}/events/{eventId}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(path(&self.update.event())?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let (_, parameters) = self.body_and_parameters()?;
        Ok(parameters.query().into_iter().map(|(name, value)| (name.into_owned().into(), value)).collect())
    }

    fn body(&self) -> Result<Body, Error> {
        self.body_and_parameters().map(|(body, _)| body)
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        if_match(self.if_match.as_deref())
    }

    /// Returns `Once` for a request with `If-Match`.
    ///
    /// If the first attempt succeeded, a retry would fail, because the entity tag has changed.
    fn safety(&self) -> Safety {
        if self.if_match.is_some() { Safety::Once } else { Safety::Idempotent }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::read_event(response, connect_core::Endpoint::safety(self), &self.update.target().id)
    }
});

/// Deletes an event (`DELETE /calendars/{id}/events/{id}`).
///
/// The call deletes one event or occurrence; with `whole_series`, it deletes the series of the occurrence.
/// `this_and_following` is refused, because Google cannot make such a change in one call. All guests are
/// notified, unless the request or [`send_updates`](Self::send_updates) chooses other guests. Deleting a
/// missing event fails with [`NotFound`](connect_core::ErrorKind::NotFound), unless an earlier attempt of
/// the same call may have deleted the event.
///
/// ```
/// use connect_core::{Endpoint, types::{Event, Provider}};
/// use connect_calendars::google::DeleteEvent;
///
/// let mut event = Event::new(Provider::Google, "primary", "standup_20261117T090000Z");
/// event.recurring_event_id = Some("standup".to_owned());
/// let one = DeleteEvent::new(&event.delete()?);
/// assert_eq!(one.path()?, "/calendars/primary/events/standup_20261117T090000Z");
/// let series = DeleteEvent::new(&event.delete()?.whole_series());
/// assert_eq!(series.path()?, "/calendars/primary/events/standup");
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
    /// Creates the call for a deletion.
    pub fn new(delete: &connect_core::types::DeleteEvent) -> Self {
        let mut parameters = Parameters::default();
        set_send_updates(&mut parameters, delete.notified(), true);
        Self { event: delete.event(), if_match: None, parameters }
    }

    /// Chooses the guests to notify; all guests are notified by default.
    ///
    /// The choice overrides the [`Notify`](connect_core::types::Notify) of the request.
    pub fn send_updates(self, whom: SendUpdates) -> Self {
        self.parameter("sendUpdates", whom.as_str())
    }

    /// Deletes the event only if it still has this entity tag: see [`PatchEvent::if_match`].
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }

    /// Sets a query parameter.
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
        check_target(self.event.as_ref().map_err(|invalid| Error::from(invalid.clone()))?)?;
        Ok(self.parameters.query())
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        if_match(self.if_match.as_deref())
    }
});

pub(super) fn if_match(etag: Option<&str>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if let Some(etag) = etag {
        let value = HeaderValue::try_from(etag).map_err(|error| {
            Error::validation("etag: contains characters that are not allowed in an HTTP header")
                .with_source(error)
        })?;
        headers.insert(IF_MATCH, value);
    }
    Ok(headers)
}

/// Returns the id of the series for an occurrence with `whole_series`, otherwise the id of the event.
fn target_id(event: &EventRef) -> &str {
    let series = event.recurring_event_id.as_deref().filter(|_| event.mode == Some(SeriesMode::All));
    series.unwrap_or(&event.id)
}

fn path(event: &EventRef) -> Result<String, Error> {
    let id = target_id(event);
    let field = if id == event.id { "eventId" } else { "recurringEventId" };
    event_path(&event.calendar.id, field, id)
}

fn check_target(event: &EventRef) -> Result<(), Error> {
    check_calendar(&event.calendar)?;
    if event.mode == Some(SeriesMode::Following) {
        return Err(Error::validation(
            "mode: Google cannot change or delete an occurrence and all following ones in one call: end the series before the occurrence; to change the following ones, create a new series",
        ));
    }
    Ok(())
}
