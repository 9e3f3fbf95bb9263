//! Reading one event, and writing: create, update, delete.

use super::Graph;
use super::access::Visitor;
use super::body::{self, Draft};
use super::refused::Refused;
use super::style::Style;
use super::zones::Zone;
use super::{extensions, query, recurrence, resource, times};
use crate::call::Call;
use crate::reply::{Reply, empty, json_reply};
use crate::settings::{Transaction, Zones};
use crate::world::accounts::Place;
use crate::world::calendar::{
    Calendar, Event, Fields, Instance, Patch, Series, Target, generated_conference,
};
use crate::world::invitations::{Guests, Told};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Graph<'_> {
    pub(super) fn event(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let style = self.style(call)?;
        let (place, target) = self.event_place(visitor, call)?;
        self.answer(&place, &target, &style, StatusCode::OK, call.now)
    }

    /// A create that was sent before, by its `transactionId`, answers what it made then.
    pub(super) fn create(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let style = self.style(call)?;
        let place = self.place(visitor, call)?;
        let sent = object(call)?;
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let mut random = self.world.stream();
        let made = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            let sent = body::writable(&sent)?;
            if let Some(id) = made_before(calendar, &sent) {
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
                self.world.tell(&place, changes, &Guests::default(), &invited, Told::All);
            }
            None => match self.world.settings.microsoft.transaction {
                Transaction::Ok => status = StatusCode::OK,
                Transaction::Conflict => {
                    let message = "An event with this transactionId was created before.";
                    return Err(Refused::new(409, "ErrorDuplicateTransactionId", message));
                }
                Transaction::Created => {}
            },
        }
        self.answer(&place, &target, &style, status, call.now)
    }

    /// An occurrence changed is an exception of its series; a change of the series reaches what its exceptions left as it
    /// was.
    pub(super) fn update(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let style = self.style(call)?;
        let (place, target) = self.event_place(visitor, call)?;
        let sent = object(call)?;
        let listed = self.world.settings.microsoft.zones == Zones::Listed;
        let mut random = self.world.stream();
        let mut guests = Guests::default();
        let written = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            guests = Guests::of(calendar, &target);
            let sent = body::writable(&sent)?;
            if sent.contains_key("extensions") {
                return Err(Refused::invalid(
                    "Extensions of an event that is there are written by a path of their own.",
                ));
            }
            let shown = calendar.show(&target, |one| check_match(call, one).map(|()| current(calendar, one)));
            let before = shown.ok_or_else(Refused::not_found)??;
            let (patch, series) = changes(calendar, &target, &before, &sent, listed, call.now, &mut random)?;
            let written = calendar.rewrite(&target, patch, series, call.now, &mut random);
            written.map_err(|_| Refused::property("end", "the event ends before it starts"))
        })?;
        let (target, changes) = written?;
        let invited = self.at(&place, call.now, |calendar, _| Guests::of(calendar, &target))?;
        self.world.tell(&place, changes, &guests, &invited, Told::All);
        self.answer(&place, &target, &style, StatusCode::OK, call.now)
    }

    pub(super) fn delete(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let (place, target) = self.event_place(visitor, call)?;
        let (changes, guests) = self.at(&place, call.now, |calendar, _| {
            check_editable(calendar)?;
            calendar.show(&target, |one| check_match(call, one)).ok_or_else(Refused::not_found)??;
            let guests = Guests::of(calendar, &target);
            Ok((calendar.withdraw(&target, call.now), guests))
        })??;
        self.world.tell(&place, changes, &guests, &Guests::default(), Told::All);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn style(&self, call: &Call) -> Result<Style, Refused> {
        query::only(call, &["$top", "$skip", "$orderby", "$skiptoken", "$deltatoken"])?;
        Style::read(call, &self.preferences(call)?, false)
    }

    fn answer(
        &mut self,
        place: &Place,
        target: &Target,
        style: &Style,
        status: StatusCode,
        now: Timestamp,
    ) -> Result<Reply, Refused> {
        let event = self.at(place, now, |calendar, _| {
            calendar.show(target, |one| resource::event(calendar, one, style))
        })?;
        let mut event = event.ok_or_else(Refused::not_found)?;
        event["@odata.context"] = self.context("users('me')/events/$entity");
        let mut reply = json_reply(status, &event);
        let tag = event["@odata.etag"].as_str().and_then(|tag| HeaderValue::from_str(tag).ok());
        reply.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
        Ok(reply)
    }
}

pub(super) fn object(call: &Call) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(call.body()) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Refused::no_json()),
    }
}

/// In a calendar that is shared with the user for reading nothing is written.
fn check_editable(calendar: &Calendar) -> Result<(), Refused> {
    let told = calendar.info.get("original").and_then(|original| original.get("canEdit"));
    if told == Some(&Value::Bool(false)) { Err(Refused::access_denied()) } else { Ok(()) }
}

fn check_match(call: &Call, one: &Instance<'_>) -> Result<(), Refused> {
    if call.matches(&resource::tag(one)) { Ok(()) } else { Err(Refused::conflict()) }
}

fn made_before(calendar: &Calendar, sent: &Map<String, Value>) -> Option<String> {
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
) -> Result<Event, Refused> {
    let online = sent.get("isOnlineMeeting") == Some(&json!(true));
    let draft = body::read(&Value::Object(sent), calendar, listed)?;
    let mut patch = draft.changes(&Draft::default());
    if online {
        meet(&mut patch, random);
    }
    let mut fields = Fields::new("", now, now);
    patch.apply(&mut fields);
    let series = series(&draft, &mut fields, listed)?;
    let mut event = Event::single(crate::world::calendar::event_id(Provider::Microsoft, random), fields, now);
    event.series = series;
    Ok(event)
}

/// The series of a draft, whose event begins with the first day that the pattern has.
fn series(draft: &Draft, fields: &mut Fields, listed: bool) -> Result<Option<Series>, Refused> {
    let Some(sent) = &draft.rule else { return Ok(None) };
    let rule = recurrence::read(sent, fields, listed)?;
    if let Some(first) = recurrence::first(&rule, fields.start) {
        *fields = fields.moved_to(first);
    }
    Ok(Some(Series::new(rule)))
}

/// An event as a change starts from it: all there is, its times in their own zones.
fn current(calendar: &Calendar, one: &Instance<'_>) -> Value {
    let fields = &one.fields;
    let mut event = resource::event(calendar, one, &Style::whole());
    let start_zone = resource::zone_name(fields);
    let end_zone = fields.own.get("endTimeZone").and_then(Value::as_str).unwrap_or(start_zone);
    let zone = |name| Zone::find(name, false).unwrap_or_else(|_| Zone::utc());
    event["start"] = times::moment(fields.start, fields.all_day, &zone(start_zone));
    event["end"] = times::moment(fields.end, fields.all_day, &zone(end_zone));
    let (open, properties) = extensions::sent(fields);
    event["extensions"] = json!(open);
    event["singleValueExtendedProperties"] = json!(properties);
    event
}

/// What a change comes to: of the fields, and of how a series repeats.
fn changes(
    calendar: &Calendar,
    target: &Target,
    current: &Value,
    sent: &Map<String, Value>,
    listed: bool,
    now: Timestamp,
    random: &mut Random,
) -> Result<(Patch, Option<Option<Series>>), Refused> {
    let whole = body::merged(current, sent);
    // What stands there already may have a name that is not listed.
    let before = body::read(current, calendar, false)?;
    let mut after =
        body::read(&whole, calendar, listed && (sent.contains_key("start") || sent.contains_key("end")))?;
    if target.occurrence.is_some() && after.rule.is_some() {
        return Err(Refused::recurrence("An occurrence has no recurrence of its own."));
    }
    let mut patch = after.changes(&before);
    if whole["isOnlineMeeting"] == true && current["isOnlineMeeting"] != true {
        meet(&mut patch, random);
    }
    if patch.moves() {
        check_neighbours(calendar, target, &patch)?;
    }
    if !after.repeats_otherwise(&before) {
        return Ok((patch, None));
    }
    let mut fields = Fields::new("", now, now);
    after.changes(&Draft::default()).apply(&mut fields);
    if let (false, Some(rule)) = (sent.contains_key("recurrence"), &mut after.rule) {
        // It goes on as it was, from where it begins now.
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

/// An occurrence stays between those before and after it.
fn check_neighbours(calendar: &Calendar, target: &Target, patch: &Patch) -> Result<(), Refused> {
    let event = calendar.events.get(&target.event);
    let Some((event, start)) = event.zip(target.occurrence) else { return Ok(()) };
    let Some(one) = event.occurrence(start) else { return Ok(()) };
    let mut fields = one.fields.into_owned();
    patch.apply(&mut fields);
    let (before, after) = event.neighbours(start);
    let crosses = before.is_some_and(|before| fields.start < before.fields.end.max(before.fields.start))
        || after.is_some_and(|after| fields.end > after.fields.start || fields.start >= after.fields.start);
    if crosses {
        let message = "Modified occurrence is crossing or overlapping adjacent occurrence.";
        return Err(Refused::new(400, "ErrorOccurrenceCrossingBoundary", message));
    }
    Ok(())
}

/// A meeting is made once, and stays.
fn meet(patch: &mut Patch, random: &mut Random) {
    let (url, about) = generated_conference(Provider::Microsoft, random);
    patch.set("conference", url);
    patch.set("conferenceData", about);
}
