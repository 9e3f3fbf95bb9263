//! Endpoints for single events: get, create, update and delete.

use super::Graph;
use super::access::Principal;
use super::body::{self, EventDraft};
use super::error::ApiError;
use super::render_options::RenderOptions;
use super::zones::Zone;
use super::{extensions, query, recurrence, resource, times};
use crate::call::Call;
use crate::reply::{Reply, empty, json_reply};
use crate::settings::{Transaction, Zones};
use crate::world::accounts::CalendarRef;
use crate::world::calendar::{
    Calendar, Event, Fields, Instance, Patch, Series, Target, generated_conference,
};
use crate::world::invitations::{Guests, SendUpdates};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Graph<'_> {
    pub(super) fn event(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let options = self.render_options(call)?;
        let (place, target) = self.event_place(principal, call)?;
        self.respond(&place, &target, &options, StatusCode::OK, call.now)
    }

    /// Creates an event. If an event with the same `transactionId` exists, the switch `graph_transaction`
    /// selects whether the response is the existing event or an error.
    pub(super) fn create(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let options = self.render_options(call)?;
        let place = self.place(principal, call)?;
        let sent = json_object(call)?;
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let mut random = self.world.stream();
        let made = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            let sent = body::writable(&sent)?;
            if let Some(id) = created_with_transaction(calendar, &sent) {
                return Ok((id, None));
            }
            let event = new_event(calendar, sent, listed, call.now, &mut random)?;
            let id = event.id.clone();
            Ok((id, Some(calendar.add(event, call.now))))
        })?;
        let (event, changes) = made?;
        let target = Target { event, occurrence: None };
        let mut status = StatusCode::CREATED;
        match changes {
            Some(changes) => {
                let invited = self.at(&place, call.now, |calendar, _| Guests::of(calendar, &target))?;
                self.world.notify_of_write(&place, changes, &Guests::default(), &invited, SendUpdates::All);
            }
            None => match self.world.settings.microsoft.transaction {
                Transaction::Ok => status = StatusCode::OK,
                Transaction::Conflict => {
                    let message = "An event with this transactionId was created before.";
                    return Err(ApiError::new(409, "ErrorDuplicateTransactionId", message));
                }
                Transaction::Created => {}
            },
        }
        self.respond(&place, &target, &options, status, call.now)
    }

    /// Updates an event. An updated occurrence becomes an exception of its series. An update of a series
    /// also changes its exceptions, except for the fields in which an exception differs from the series.
    pub(super) fn update(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let options = self.render_options(call)?;
        let (place, target) = self.event_place(principal, call)?;
        let sent = json_object(call)?;
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let mut random = self.world.stream();
        let mut guests = Guests::default();
        let written = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            guests = Guests::of(calendar, &target);
            let sent = body::writable(&sent)?;
            if sent.contains_key("extensions") {
                return Err(ApiError::invalid(
                    "The extensions of an existing event can only be changed through their own path.",
                ));
            }
            let shown = calendar.show(&target, |one| check_match(call, one).map(|()| current(calendar, one)));
            let before = shown.ok_or_else(ApiError::not_found)??;
            let (patch, series) = changes(calendar, &target, &before, &sent, listed, call.now, &mut random)?;
            let written = calendar.rewrite(&target, patch, series, call.now, &mut random);
            written.map_err(|_| ApiError::property("end", "the event ends before it starts"))
        })?;
        let (target, changes) = written?;
        let invited = self.at(&place, call.now, |calendar, _| Guests::of(calendar, &target))?;
        self.world.notify_of_write(&place, changes, &guests, &invited, SendUpdates::All);
        self.respond(&place, &target, &options, StatusCode::OK, call.now)
    }

    pub(super) fn delete(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (place, target) = self.event_place(principal, call)?;
        let (changes, guests) = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            calendar.show(&target, |one| check_match(call, one)).ok_or_else(ApiError::not_found)??;
            let guests = Guests::of(calendar, &target);
            Ok((calendar.withdraw(&target, call.now), guests))
        })??;
        self.world.notify_of_write(&place, changes, &guests, &Guests::default(), SendUpdates::All);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn render_options(&self, call: &Call) -> Result<RenderOptions, ApiError> {
        query::only(call, &["$filter", "$top", "$skip", "$orderby", "$skiptoken", "$deltatoken"])?;
        RenderOptions::read(call, &self.preferences(call)?, false)
    }

    fn respond(
        &mut self,
        place: &CalendarRef,
        target: &Target,
        options: &RenderOptions,
        status: StatusCode,
        now: Timestamp,
    ) -> Result<Reply, ApiError> {
        let event = self.at(place, now, |calendar, _| {
            calendar.show(target, |one| resource::event(calendar, one, options))
        })?;
        let mut event = event.ok_or_else(ApiError::not_found)?;
        event["@odata.context"] = self.context("users('me')/events/$entity");
        let mut reply = json_reply(status, &event);
        let tag = event["@odata.etag"].as_str().and_then(|tag| HeaderValue::from_str(tag).ok());
        reply.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
        Ok(reply)
    }
}

pub(super) fn json_object(call: &Call) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(call.body()) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(ApiError::no_json()),
    }
}

/// Refuses writes to a calendar that is shared read-only.
pub(super) fn check_editable(calendar: &Calendar) -> Result<(), ApiError> {
    let told = calendar.info.get("original").and_then(|original| original.get("canEdit"));
    if told == Some(&Value::Bool(false)) { Err(ApiError::access_denied()) } else { Ok(()) }
}

fn check_match(call: &Call, one: &Instance<'_>) -> Result<(), ApiError> {
    if call.matches(&resource::tag(one)) { Ok(()) } else { Err(ApiError::conflict()) }
}

fn created_with_transaction(calendar: &Calendar, sent: &Map<String, Value>) -> Option<String> {
    let wanted = sent.get("transactionId").filter(|id| id.is_string());
    let mut events = calendar.events.values();
    let found = events.find(|event| wanted.is_some() && event.fields.own.get("transactionId") == wanted);
    found.map(|event| event.id.clone())
}

fn new_event(
    calendar: &Calendar,
    sent: Map<String, Value>,
    listed: bool,
    now: Timestamp,
    random: &mut Random,
) -> Result<Event, ApiError> {
    let online = sent.get("isOnlineMeeting") == Some(&json!(true));
    let draft = body::read(&Value::Object(sent), calendar, listed)?;
    let mut patch = draft.changes(&EventDraft::default());
    if online {
        add_meeting(&mut patch, random);
    }
    let mut fields = Fields::new("", now, now);
    patch.apply(&mut fields);
    let series = series(&draft, &mut fields, listed)?;
    let mut event = Event::single(crate::world::calendar::event_id(Provider::Microsoft, random), fields, now);
    event.series = series;
    Ok(event)
}

/// Returns the series of a draft; `None` if the draft has no recurrence. Moves the event in `fields` to the
/// first occurrence of the series.
fn series(draft: &EventDraft, fields: &mut Fields, listed: bool) -> Result<Option<Series>, ApiError> {
    let Some(sent) = &draft.rule else { return Ok(None) };
    let mut rule = recurrence::read(sent, fields, listed)?;
    rule.time = Some(rule.zone.to_datetime(fields.start).time());
    if let Some(first) = recurrence::first(&rule, fields.start) {
        *fields = fields.moved_to(first);
    }
    Ok(Some(Series::new(rule)))
}

/// Returns the event before an update, with all fields. `start` and `end` are in the time zones that are
/// stored in the event.
fn current(calendar: &Calendar, one: &Instance<'_>) -> Value {
    let fields = &one.fields;
    let mut event = resource::event(calendar, one, &RenderOptions::everything());
    let start_zone = resource::zone_name(fields);
    let end_zone = fields.own.get("endTimeZone").and_then(Value::as_str).unwrap_or(start_zone);
    let zone = |name| Zone::find(name, false).unwrap_or_else(|_| Zone::utc());
    event["start"] = times::write(fields.start, fields.all_day, &zone(start_zone));
    event["end"] = times::write(fields.end, fields.all_day, &zone(end_zone));
    let (open, properties) = extensions::sent(fields);
    event["extensions"] = json!(open);
    event["singleValueExtendedProperties"] = json!(properties);
    event
}

/// Returns the changes that an update makes to the fields and to the series of an event. The second value is
/// `None` if the recurrence does not change, and `Some(None)` if the update removes the recurrence.
fn changes(
    calendar: &Calendar,
    target: &Target,
    current: &Value,
    sent: &Map<String, Value>,
    listed: bool,
    now: Timestamp,
    random: &mut Random,
) -> Result<(Patch, Option<Option<Series>>), ApiError> {
    let whole = body::merged(current, sent);
    // A time zone that the update does not set is valid even if Graph's documentation does not list it.
    let before = body::read(current, calendar, false)?;
    let mut after =
        body::read(&whole, calendar, listed && (sent.contains_key("start") || sent.contains_key("end")))?;
    if target.occurrence.is_some() && after.rule.is_some() {
        return Err(ApiError::recurrence("An occurrence cannot have a recurrence."));
    }
    let mut patch = after.changes(&before);
    if whole["isOnlineMeeting"] == true && current["isOnlineMeeting"] != true {
        add_meeting(&mut patch, random);
    }
    if patch.moves() {
        check_adjacent(calendar, target, &patch)?;
    }
    if !after.repeats_otherwise(&before) {
        return Ok((patch, None));
    }
    let mut fields = Fields::new("", now, now);
    after.changes(&EventDraft::default()).apply(&mut fields);
    if let (false, Some(rule)) = (sent.contains_key("recurrence"), &mut after.rule) {
        // A recurrence that the update does not set begins at the new start of the series.
        let start = resource::rule_zone(&fields).to_datetime(fields.start).date();
        rule["range"]["startDate"] = json!(start.to_string());
    }
    let start = fields.start;
    let series = series(&after, &mut fields, listed && sent.contains_key("recurrence"))?;
    if fields.start != start {
        patch.set("start", json!(time::wire(fields.start)));
        patch.set("end", json!(time::wire(fields.end)));
    }
    Ok((patch, Some(series)))
}

/// Fails if `patch` would move an occurrence onto or past the previous or the next occurrence.
fn check_adjacent(calendar: &Calendar, target: &Target, patch: &Patch) -> Result<(), ApiError> {
    let event = calendar.events.get(&target.event);
    let Some((event, start)) = event.zip(target.occurrence) else { return Ok(()) };
    let Some(one) = event.occurrence(start) else { return Ok(()) };
    let mut fields = one.fields.into_owned();
    patch.apply(&mut fields);
    let (before, after) = event.adjacent_occurrences(start);
    let crosses = before.is_some_and(|before| fields.start < before.fields.end.max(before.fields.start))
        || after.is_some_and(|after| fields.end > after.fields.start || fields.start >= after.fields.start);
    if crosses {
        let message = "Modified occurrence is crossing or overlapping adjacent occurrence.";
        return Err(ApiError::new(400, "ErrorOccurrenceCrossingBoundary", message));
    }
    Ok(())
}

/// Adds an online meeting to an event. An update cannot change or remove the meeting.
fn add_meeting(patch: &mut Patch, random: &mut Random) {
    let (url, about) = generated_conference(Provider::Microsoft, random);
    patch.set("conference", url);
    patch.set("conferenceData", about);
}
