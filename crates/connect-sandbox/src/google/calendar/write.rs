//! Endpoints for single events: get, insert, patch, update and delete.

use super::GoogleCalendar;
use super::access::Principal;
use super::accounts::CalendarAccess;
use super::body::{self, EventDraft, UpdateMode};
use super::error::ApiError;
use super::resource::{self, RenderOptions};
use super::{calendar_id, event_id, times};
use crate::call::Call;
use crate::reply::{Reply, empty, ok};
use crate::world::accounts::EventLedger;
use crate::world::calendar::{
    Calendar, Changes, Event, Exception, Fields, Patch, Series, Target, etag, generated_conference, lines,
};
use crate::world::invitations::{GuestReply, Guests, SendUpdates};
use crate::world::provider::Provider;
use crate::world::random::Random;
use http::StatusCode;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use jiff::Timestamp;
use serde_json::{Value, json};

impl GoogleCalendar<'_> {
    /// Responds with an event. A deleted event has the status `cancelled`.
    pub(super) fn event(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        let (id, options) = (event_id(call), render_options(&access, call)?);
        let event = self.at(&access, call.now, |calendar, ledger| {
            let found = calendar
                .locate(&id)
                .and_then(|target| calendar.show(&target, |one| resource::event(calendar, one, &options)));
            found.or_else(|| cancelled(calendar, ledger, &id, &options)).ok_or_else(ApiError::not_found)
        })??;
        let known = call.header(IF_NONE_MATCH).is_some_and(|known| event["etag"] == known);
        Ok(if known { empty(StatusCode::NOT_MODIFIED) } else { tagged(&event) })
    }

    pub(super) fn insert(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.writable(principal, call)?;
        let (options, mut sent) = (render_options(&access, call)?, json_object(call)?);
        // The caller is the organizer of a new event.
        sent["organizer"] = Value::Null;
        let conferences = conference_version(call)?;
        let mut random = self.world.stream();
        let event = self.at(&access, call.now, |calendar, ledger| {
            let id = new_id(&sent, calendar, ledger, &mut random)?;
            let draft = body::read(&sent, calendar)?;
            let mut patch = draft.changes(&EventDraft::default());
            if conferences {
                conference(&mut patch, &sent, None, &mut random)?;
            }
            let mut fields = Fields::new("", call.now, call.now);
            patch.apply(&mut fields);
            let mut event = Event::single(id.clone(), fields, call.now);
            event.series = series(&draft, calendar, &event.fields)?;
            let changes = calendar.add(event, call.now);
            Ok((Target { event: id, occurrence: None }, changes))
        })?;
        self.respond_to_write(&access, event, &options, call, &Guests::default())
    }

    /// Updates an event. An updated occurrence becomes an exception of its series. An update of a series
    /// also changes its exceptions, except for the fields in which an exception differs from the series.
    pub(super) fn update(
        &mut self,
        principal: &Principal,
        call: &Call,
        mode: UpdateMode,
    ) -> Result<Reply, ApiError> {
        let access = self.writable(principal, call)?;
        let (id, options, sent) = (event_id(call), render_options(&access, call)?, json_object(call)?);
        let conferences = conference_version(call)?;
        let mut random = self.world.stream();
        let (mut guests, mut reply) = (Guests::default(), None);
        let written = self.at(&access, call.now, |calendar, _| {
            let target = calendar.locate(&id).ok_or_else(ApiError::not_found)?;
            guests = Guests::of(calendar, &target);
            reply = GuestReply::stored(calendar, &target);
            let current = calendar.show(&target, |one| {
                check_match(call, &etag(one))
                    .map(|()| resource::event(calendar, one, &RenderOptions::everything()))
            });
            let current = current.ok_or_else(ApiError::not_found)??;
            let whole = mode.whole(&current, &sent);
            let (before, after) = (body::read(&current, calendar)?, body::read(&whole, calendar)?);
            if target.occurrence.is_some() && after.repeats() {
                return Err(ApiError::new(400, "invalid", "An instance cannot have a recurrence."));
            }
            let mut patch = after.changes(&before);
            if conferences {
                conference(&mut patch, &whole, Some(&current), &mut random)?;
            }
            let mut other = None;
            if after.repeats_otherwise(&before) {
                let mut fields = Fields::new("", call.now, call.now);
                after.changes(&EventDraft::default()).apply(&mut fields);
                other = Some(series(&after, calendar, &fields)?);
            }
            let written = calendar.rewrite(&target, patch, other, call.now, &mut random);
            written.map_err(|_| ApiError::empty_range())
        })?;
        let (target, changes) = written?;
        let new = self.at(&access, call.now, |calendar, _| GuestReply::stored(calendar, &target))?;
        if let Some(new) = new.filter(|new| reply.as_ref() != Some(new) && new.is_to(notified(call))) {
            self.world.record_reply(Provider::Google, new);
        }
        self.respond_to_write(&access, Ok((target, changes)), &options, call, &guests)
    }

    pub(super) fn delete(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.writable(principal, call)?;
        let id = event_id(call);
        let (changes, guests) = self.at(&access, call.now, |calendar, ledger| {
            let Some(target) = calendar.locate(&id) else {
                let deleted = ledger.gone(&id).is_some() || removed_occurrence(calendar, &id).is_some();
                return Err(if deleted { ApiError::deleted() } else { ApiError::not_found() });
            };
            let shown = calendar.show(&target, |one| (etag(one), one.fields.status == Some("cancelled")));
            let (tag, is_cancelled) = shown.ok_or_else(ApiError::not_found)?;
            check_match(call, &tag)?;
            if is_cancelled {
                return Err(ApiError::deleted());
            }
            let guests = Guests::of(calendar, &target);
            Ok((calendar.withdraw(&target, call.now), guests))
        })??;
        self.world.notify_of_write(&access.place, changes, &guests, &Guests::default(), notified(call));
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Returns the calendar in the path after checking that the caller may write to it.
    pub(super) fn writable(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<CalendarAccess, ApiError> {
        one_of(call, "sendUpdates", &["all", "externalOnly", "none"])?;
        let access = self.calendar_access(principal, &calendar_id(call))?;
        principal.check_write(access.role)?;
        Ok(access)
    }

    fn respond_to_write(
        &mut self,
        access: &CalendarAccess,
        written: Result<(Target, Changes), ApiError>,
        options: &RenderOptions,
        call: &Call,
        guests: &Guests,
    ) -> Result<Reply, ApiError> {
        let (target, changes) = written?;
        let (event, invited) = self.at(access, call.now, |calendar, _| {
            let event = calendar.show(&target, |one| resource::event(calendar, one, options));
            (event, Guests::of(calendar, &target))
        })?;
        self.world.notify_of_write(&access.place, changes, guests, &invited, notified(call));
        event.map(|event| tagged(&event)).ok_or_else(ApiError::not_found)
    }
}

/// Renders a deleted event or a deleted occurrence.
fn cancelled(calendar: &Calendar, ledger: &EventLedger, id: &str, options: &RenderOptions) -> Option<Value> {
    if let Some((series, start)) = removed_occurrence(calendar, id) {
        return Some(resource::cancelled(calendar, id, Some((&series.whole(), start))));
    }
    let (event, _) = ledger.gone(id)?;
    let mut event = resource::event(calendar, &event.whole(), options);
    event["status"] = json!("cancelled");
    Some(event)
}

/// Returns the series and original start of a deleted occurrence.
fn removed_occurrence<'a>(calendar: &'a Calendar, id: &str) -> Option<(&'a Event, Timestamp)> {
    let (series, stamp) = id.rsplit_once('_')?;
    let (event, start) = (calendar.events.get(series)?, crate::world::time::read(stamp)?);
    let exception = event.series.as_ref()?.exceptions.get(&start)?;
    matches!(exception, Exception::Removed).then_some((event, start))
}

/// Reads the parameters that control how events are rendered.
pub(super) fn render_options(access: &CalendarAccess, call: &Call) -> Result<RenderOptions, ApiError> {
    let zone = match call.query("timeZone") {
        None => None,
        Some(name) => Some(times::zone(name).ok_or_else(|| times::unknown_zone(name))?),
    };
    let most_attendees = match call.query("maxAttendees") {
        None => None,
        Some(text) => Some(
            text.parse().ok().filter(|most| *most > 0).ok_or_else(|| invalid_parameter("maxAttendees"))?,
        ),
    };
    Ok(RenderOptions { zone, read_access: access.read_access, role: access.role, most_attendees })
}

pub(super) fn invalid_parameter(parameter: &str) -> ApiError {
    ApiError::invalid(parameter, format!("Invalid value for: {parameter}"))
}

fn one_of(call: &Call, name: &str, values: &[&str]) -> Result<(), ApiError> {
    let fits = call.query(name).is_none_or(|value| values.contains(&value));
    if fits { Ok(()) } else { Err(invalid_parameter(name)) }
}

/// Returns which attendees to notify. By default, no attendee is notified.
fn notified(call: &Call) -> SendUpdates {
    match call.query("sendUpdates") {
        Some("all") => SendUpdates::All,
        Some("externalOnly") => SendUpdates::External,
        _ => SendUpdates::Nobody,
    }
}

/// Returns whether the caller supports conferences. If not, the conference data in the request is ignored.
fn conference_version(call: &Call) -> Result<bool, ApiError> {
    one_of(call, "conferenceDataVersion", &["0", "1"])?;
    Ok(call.query("conferenceDataVersion") == Some("1"))
}

pub(super) fn json_object(call: &Call) -> Result<Value, ApiError> {
    let body: Value =
        serde_json::from_slice(call.body()).map_err(|_| ApiError::new(400, "parseError", "Parse Error"))?;
    if body.is_object() { Ok(body) } else { Err(ApiError::new(400, "parseError", "Parse Error")) }
}

/// Returns the id that the caller sent, or a new id. Fails if an existing or deleted event has the id.
fn new_id(
    sent: &Value,
    calendar: &Calendar,
    ledger: &EventLedger,
    random: &mut Random,
) -> Result<String, ApiError> {
    let id = match sent.get("id") {
        None | Some(Value::Null) => return Ok(crate::world::calendar::event_id(calendar.provider, random)),
        Some(id) => id.as_str().unwrap_or(""),
    };
    let base32hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'v');
    if !((5..=1024).contains(&id.len()) && id.bytes().all(base32hex)) {
        return Err(ApiError::new(400, "invalid", "Invalid resource id value."));
    }
    if calendar.events.contains_key(id) || ledger.gone(id).is_some() {
        return Err(ApiError::duplicate());
    }
    Ok(id.to_owned())
}

/// Returns the series of a draft, without the occurrences that the draft's recurrence lines exclude.
fn series(draft: &EventDraft, calendar: &Calendar, fields: &Fields) -> Result<Option<Series>, ApiError> {
    if !draft.repeats() {
        return Ok(None);
    }
    let zone = resource::rule_zone(calendar, fields);
    let start = lines::Start { at: fields.start, all_day: fields.all_day, zone };
    let wrong = |what| ApiError::new(400, "invalid", format!("Invalid recurrence rule: {what}"));
    let lines = lines::read(&draft.rule, &start).map_err(wrong)?;
    let mut series = Series::new(lines.rule);
    series.exceptions.extend(lines.except.into_iter().map(|start| (start, Exception::Removed)));
    Ok(Some(series))
}

/// Sets the conference in `patch` if the conference data of `event` and `current` differ. A `createRequest`
/// in the conference data of `event` creates a conference.
fn conference(
    patch: &mut Patch,
    event: &Value,
    current: Option<&Value>,
    random: &mut Random,
) -> Result<(), ApiError> {
    let data = &event["conferenceData"];
    if current.is_some_and(|current| current["conferenceData"] == *data) {
        return Ok(());
    }
    let wrong = || ApiError::new(400, "invalid", "Invalid conference data.");
    let entries = data["entryPoints"].as_array().map_or(&[][..], Vec::as_slice);
    let video = entries.iter().find(|entry| entry["entryPointType"] == "video");
    let (uri, about) = if let Some(request) = data.get("createRequest") {
        request["requestId"].as_str().filter(|id| !id.is_empty()).ok_or_else(wrong)?;
        generated_conference(Provider::Google, random)
    } else if data.is_null() {
        (Value::Null, Value::Null)
    } else {
        let uri = video.and_then(|video| video["uri"].as_str()).ok_or_else(wrong)?;
        (json!(uri), json!({ "provider": "googleMeet", "conferenceId": data["conferenceId"] }))
    };
    patch.set("conference", uri);
    patch.set("conferenceData", about);
    Ok(())
}

fn check_match(call: &Call, tag: &str) -> Result<(), ApiError> {
    if call.matches(tag) { Ok(()) } else { Err(ApiError::condition_not_met()) }
}

/// Creates a response with `body`, and with the entity tag of `body` in the header `ETag`.
pub(super) fn tagged(body: &Value) -> Reply {
    with_tag(ok(body), body)
}

pub(super) fn with_tag(mut reply: Reply, body: &Value) -> Reply {
    let tag = body["etag"].as_str().and_then(|tag| HeaderValue::from_str(tag).ok());
    reply.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
    reply
}
