//! Reading one event, and writing: insert, patch, update, delete.

use super::GoogleCalendar;
use super::access::Visitor;
use super::accounts::Place;
use super::body::{self, Draft, Manner};
use super::refused::Refused;
use super::resource::{self, Style};
use super::{calendar_id, event_id, times};
use crate::call::Call;
use crate::reply::{Reply, empty, ok};
use crate::world::accounts::EventLedger;
use crate::world::calendar::{
    Calendar, Changes, Event, Exception, Fields, Patch, Series, Target, etag, generated_conference, lines,
};
use crate::world::invitations::{Guests, Told};
use crate::world::provider::Provider;
use crate::world::random::Random;
use http::StatusCode;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use jiff::Timestamp;
use serde_json::{Value, json};

impl GoogleCalendar<'_> {
    /// An event that was deleted is there still, as cancelled.
    pub(super) fn event(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let place = self.place(visitor, &calendar_id(call))?;
        let (id, style) = (event_id(call), style(&place, call)?);
        let event = self.at(&place, call.now, |calendar, ledger| {
            let found = calendar
                .locate(&id)
                .and_then(|target| calendar.show(&target, |one| resource::event(calendar, one, &style)));
            found.or_else(|| cancelled(calendar, ledger, &id, &style)).ok_or_else(Refused::not_found)
        })??;
        let known = call.header(IF_NONE_MATCH).is_some_and(|known| event["etag"] == known);
        Ok(if known { empty(StatusCode::NOT_MODIFIED) } else { tagged(&event) })
    }

    pub(super) fn insert(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let place = self.writable(visitor, call)?;
        let (style, sent) = (style(&place, call)?, object(call)?);
        let conferences = conference_version(call)?;
        let mut random = self.world.stream();
        let event = self.at(&place, call.now, |calendar, ledger| {
            let id = new_id(&sent, calendar, ledger, &mut random)?;
            let draft = body::read(&sent, calendar)?;
            let mut patch = draft.changes(&Draft::default());
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
        self.answer_write(&place, event, &style, call, &Guests::default())
    }

    /// An occurrence changed is an exception of its series; a change of the series reaches what its exceptions left as it
    /// was.
    pub(super) fn update(
        &mut self,
        visitor: &Visitor,
        call: &Call,
        manner: Manner,
    ) -> Result<Reply, Refused> {
        let place = self.writable(visitor, call)?;
        let (id, style, sent) = (event_id(call), style(&place, call)?, object(call)?);
        let conferences = conference_version(call)?;
        let mut random = self.world.stream();
        let mut guests = Guests::default();
        let written = self.at(&place, call.now, |calendar, _| {
            let target = calendar.locate(&id).ok_or_else(Refused::not_found)?;
            guests = Guests::of(calendar, &target);
            let current = calendar.show(&target, |one| {
                check_match(call, &etag(one)).map(|()| resource::event(calendar, one, &Style::whole()))
            });
            let current = current.ok_or_else(Refused::not_found)??;
            let whole = manner.whole(&current, &sent);
            let (before, after) = (body::read(&current, calendar)?, body::read(&whole, calendar)?);
            if target.occurrence.is_some() && after.repeats() {
                return Err(Refused::new(400, "invalid", "An instance has no recurrence of its own."));
            }
            let mut patch = after.changes(&before);
            if conferences {
                conference(&mut patch, &whole, Some(&current), &mut random)?;
            }
            let mut other = None;
            if after.repeats_otherwise(&before) {
                let mut fields = Fields::new("", call.now, call.now);
                after.changes(&Draft::default()).apply(&mut fields);
                other = Some(series(&after, calendar, &fields)?);
            }
            let written = calendar.rewrite(&target, patch, other, call.now, &mut random);
            written.map_err(|_| Refused::empty_range())
        })?;
        self.answer_write(&place, written, &style, call, &guests)
    }

    pub(super) fn delete(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let place = self.writable(visitor, call)?;
        let id = event_id(call);
        let (changes, guests) = self.at(&place, call.now, |calendar, ledger| {
            let Some(target) = calendar.locate(&id) else {
                let deleted = ledger.gone(&id).is_some() || removed(calendar, &id).is_some();
                return Err(if deleted { Refused::deleted() } else { Refused::not_found() });
            };
            let shown = calendar.show(&target, |one| (etag(one), one.fields.status == Some("cancelled")));
            let (tag, is_cancelled) = shown.ok_or_else(Refused::not_found)?;
            check_match(call, &tag)?;
            if is_cancelled {
                return Err(Refused::deleted());
            }
            let guests = Guests::of(calendar, &target);
            Ok((calendar.withdraw(&target, call.now), guests))
        })??;
        self.world.tell(&place.at, changes, &guests, &Guests::default(), told(call));
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// The calendar in the path, if it may be written to.
    fn writable(&mut self, visitor: &Visitor, call: &Call) -> Result<Place, Refused> {
        one_of(call, "sendUpdates", &["all", "externalOnly", "none"])?;
        let place = self.place(visitor, &calendar_id(call))?;
        visitor.check_write(place.role)?;
        Ok(place)
    }

    fn answer_write(
        &mut self,
        place: &Place,
        written: Result<(Target, Changes), Refused>,
        style: &Style,
        call: &Call,
        guests: &Guests,
    ) -> Result<Reply, Refused> {
        let (target, changes) = written?;
        let (event, invited) = self.at(place, call.now, |calendar, _| {
            let event = calendar.show(&target, |one| resource::event(calendar, one, style));
            (event, Guests::of(calendar, &target))
        })?;
        self.world.tell(&place.at, changes, guests, &invited, told(call));
        event.map(|event| tagged(&event)).ok_or_else(Refused::not_found)
    }
}

/// What is left to tell of an event that was deleted, or of an occurrence that was.
fn cancelled(calendar: &Calendar, ledger: &EventLedger, id: &str, style: &Style) -> Option<Value> {
    if let Some((series, start)) = removed(calendar, id) {
        return Some(resource::cancelled(calendar, id, Some((&series.whole(), start))));
    }
    let (event, _) = ledger.gone(id)?;
    let mut event = resource::event(calendar, &event.whole(), style);
    event["status"] = json!("cancelled");
    Some(event)
}

/// The series and the start of an occurrence that was deleted.
fn removed<'a>(calendar: &'a Calendar, id: &str) -> Option<(&'a Event, Timestamp)> {
    let (series, stamp) = id.rsplit_once('_')?;
    let (event, start) = (calendar.events.get(series)?, crate::world::time::read(stamp)?);
    let exception = event.series.as_ref()?.exceptions.get(&start)?;
    matches!(exception, Exception::Removed).then_some((event, start))
}

/// How the caller sees events of this calendar.
pub(super) fn style(place: &Place, call: &Call) -> Result<Style, Refused> {
    let zone = match call.query("timeZone") {
        None => None,
        Some(name) => Some(times::zone(name).ok_or_else(|| times::unknown_zone(name))?),
    };
    let most_attendees = match call.query("maxAttendees") {
        None => None,
        Some(text) => Some(text.parse().ok().filter(|most| *most > 0).ok_or_else(|| bad("maxAttendees"))?),
    };
    Ok(Style { zone, sight: place.sight, role: place.role, most_attendees })
}

pub(super) fn bad(parameter: &str) -> Refused {
    Refused::invalid(parameter, format!("Invalid value for: {parameter}"))
}

fn one_of(call: &Call, name: &str, values: &[&str]) -> Result<(), Refused> {
    let fits = call.query(name).is_none_or(|value| values.contains(&value));
    if fits { Ok(()) } else { Err(bad(name)) }
}

/// Nobody is told unless the caller says so.
fn told(call: &Call) -> Told {
    match call.query("sendUpdates") {
        Some("all") => Told::All,
        Some("externalOnly") => Told::External,
        _ => Told::Nobody,
    }
}

/// Whether the caller knows of conferences: the body's are not looked at otherwise.
fn conference_version(call: &Call) -> Result<bool, Refused> {
    one_of(call, "conferenceDataVersion", &["0", "1"])?;
    Ok(call.query("conferenceDataVersion") == Some("1"))
}

pub(super) fn object(call: &Call) -> Result<Value, Refused> {
    let body: Value =
        serde_json::from_slice(call.body()).map_err(|_| Refused::new(400, "parseError", "Parse Error"))?;
    if body.is_object() { Ok(body) } else { Err(Refused::new(400, "parseError", "Parse Error")) }
}

/// The caller's own id, which nothing in the calendar may have or have had, or a new one.
fn new_id(
    sent: &Value,
    calendar: &Calendar,
    ledger: &EventLedger,
    random: &mut Random,
) -> Result<String, Refused> {
    let id = match sent.get("id") {
        None | Some(Value::Null) => return Ok(crate::world::calendar::event_id(calendar.provider, random)),
        Some(id) => id.as_str().unwrap_or(""),
    };
    let base32hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'v');
    if !((5..=1024).contains(&id.len()) && id.bytes().all(base32hex)) {
        return Err(Refused::new(400, "invalid", "Invalid resource id value."));
    }
    if calendar.events.contains_key(id) || ledger.gone(id).is_some() {
        return Err(Refused::duplicate());
    }
    Ok(id.to_owned())
}

/// The series of a draft, without the occurrences its lines take out.
fn series(draft: &Draft, calendar: &Calendar, fields: &Fields) -> Result<Option<Series>, Refused> {
    if !draft.repeats() {
        return Ok(None);
    }
    let zone = resource::rule_zone(calendar, fields);
    let start = lines::Start { at: fields.start, all_day: fields.all_day, zone };
    let wrong = |what| Refused::new(400, "invalid", format!("Invalid recurrence rule: {what}"));
    let lines = lines::read(&draft.rule, &start).map_err(wrong)?;
    let mut series = Series::new(lines.rule);
    series.exceptions.extend(lines.except.into_iter().map(|start| (start, Exception::Removed)));
    Ok(Some(series))
}

/// A conference that is asked for is made at once; one that is described is taken as it is.
fn conference(
    patch: &mut Patch,
    event: &Value,
    current: Option<&Value>,
    random: &mut Random,
) -> Result<(), Refused> {
    let data = &event["conferenceData"];
    if current.is_some_and(|current| current["conferenceData"] == *data) {
        return Ok(());
    }
    let wrong = || Refused::new(400, "invalid", "Invalid conference data.");
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

fn check_match(call: &Call, tag: &str) -> Result<(), Refused> {
    if call.matches(tag) { Ok(()) } else { Err(Refused::condition_not_met()) }
}

/// An answer with its entity tag also in the header.
pub(super) fn tagged(body: &Value) -> Reply {
    with_tag(ok(body), body)
}

pub(super) fn with_tag(mut reply: Reply, body: &Value) -> Reply {
    let tag = body["etag"].as_str().and_then(|tag| HeaderValue::from_str(tag).ok());
    reply.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
    reply
}
