//! What a request says about an event, as Graph's object.

use std::collections::BTreeMap;

use connect_core::{
    Error,
    types::{
        Availability, Body, CalendarRef, ConferenceData, Event, EventFields, EventStatus, EventTime, Notify,
        Patch, Privacy, Provider, Raw, Recurrence,
    },
};
use serde::Serialize;
use serde_json::json;

use super::{guests::guests, time::Zone};
use crate::patterned::PatternedRecurrence;

/// In which form a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyType {
    /// Plain text.
    Text,
    /// HTML.
    Html,
}

impl BodyType {
    /// HTML where a tag is closed or a line broken in it.
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let tags = ["</", "<br", "<p>", "<html", "<div", "<!doctype"];
        if tags.iter().any(|tag| text.contains(tag)) { Self::Html } else { Self::Text }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// How an event is to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Draft {
    pub(super) time_zone: Option<Box<str>>,
    pub(super) body_type: Option<BodyType>,
    pub(super) fields: Option<Raw>,
    pub(super) transaction_id: Option<Box<str>>,
    /// The event that it goes over, as far as it is known.
    pub(super) known: Option<Box<Event>>,
}

/// What is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing: the event is new.
    Nothing,
    /// An event; it may be a series, if nothing says so.
    Event,
    /// A whole series.
    Series,
}

impl Draft {
    /// The body.
    pub(super) fn body(&self, event: &EventFields, over: Over, property: &str) -> Result<Body, Error> {
        event.refuse_connect_only()?;
        let EventFields {
            title,
            description,
            location,
            attendees,
            custom,
            conference_data,
            privacy,
            notify,
            // Seen to by `times`, `show_as` and `own_fields`.
            start: _,
            end: _,
            all_day: _,
            start_zone: _,
            recurrence: _,
            availability: _,
            status: _,
            provider_fields: _,
            // Connect says that Microsoft ignores it.
            conference: _,
            connect_only: _,
        } = event;
        let mut object = Object::default();
        if let Some(title) = title {
            object.set("subject", title)?;
        }
        self.times(&mut object, event, over)?;
        self.description(&mut object, description)?;
        match location {
            Patch::Keep => {}
            Patch::Clear => object.set("location", &json!({"displayName": ""}))?,
            Patch::Set(name) => object.set("location", &json!({"displayName": name}))?,
        }
        match attendees {
            Patch::Keep => {}
            Patch::Clear => object.set("attendees", &json!([]))?,
            Patch::Set(addresses) => object.set("attendees", &guests(addresses, self.known.as_deref()))?,
        }
        match custom {
            Patch::Keep => {}
            // A property cannot be taken away from an event; what is no object reads as none.
            Patch::Clear => {
                object.set("singleValueExtendedProperties", &json!([{"id": property, "value": "null"}]))?
            }
            Patch::Set(custom) => {
                object.set(
                    "singleValueExtendedProperties",
                    &json!([{"id": property, "value": custom.get()}]),
                )?;
            }
        }
        conference(&mut object, conference_data)?;
        if let Some(show_as) = show_as(event, over)? {
            object.set("showAs", show_as)?;
        }
        if let Some(privacy) = privacy {
            object.set("sensitivity", sensitivity(privacy))?;
        }
        if let Some(id) = &self.transaction_id {
            object.set("transactionId", id)?;
        }
        for fields in self.own_fields(event) {
            object.extend(fields)?;
        }
        if over != Over::Nothing || object.has_guests() {
            can_notify(*notify)?;
        }
        object.finish()
    }

    fn times(&self, object: &mut Object, event: &EventFields, over: Over) -> Result<(), Error> {
        if let Some(all_day) = event.all_day {
            object.set("isAllDay", &all_day)?;
        }
        let series = self.repeats(event) || over == Over::Series;
        let moves = event.start.is_some() || event.end.is_some();
        let days = matches!(event.start, Some(EventTime::Date(_)));
        let zone = match (&self.time_zone, &event.start_zone) {
            (Some(name), _) if series || days => Zone::named(name)?,
            (None, Some(zone)) if series => Zone::of(zone)?,
            // In UTC its occurrences would move as soon as the clocks change.
            (None, None) if series && moves && over != Over::Nothing => {
                return Err(Error::validation(
                    "time_zone: new times of a whole series need the zone that it is at home in, with `.time_zone(name)`",
                ));
            }
            _ => Zone::utc(),
        };
        for (name, time) in [("start", &event.start), ("end", &event.end)] {
            if let Some(time) = time {
                object.set(name, &zone.write(name, time)?)?;
            }
        }
        match &event.recurrence {
            Patch::Keep => Ok(()),
            Patch::Clear => object.set("recurrence", &()),
            Patch::Set(recurrence) => object.set("recurrence", &pattern(recurrence, event, zone)?),
        }
    }

    /// Whether it says how the event repeats, or Graph's own fields do.
    fn repeats(&self, event: &EventFields) -> bool {
        let rule = |fields: &Raw| fields.field::<Raw>("recurrence").is_some_and(|rule| rule.get() != "null");
        matches!(event.recurrence, Patch::Set(_)) || self.own_fields(event).any(rule)
    }

    /// Graph's own fields, those that stand over others last.
    fn own_fields<'a>(&'a self, event: &'a EventFields) -> impl Iterator<Item = &'a Raw> {
        let own = event.provider_fields.iter().filter(|(provider, _)| *provider == Provider::Microsoft);
        own.map(|(_, fields)| fields).chain(&self.fields)
    }

    fn description(&self, object: &mut Object, description: &Patch<String>) -> Result<(), Error> {
        let (kind, text) = match description {
            Patch::Keep => return Ok(()),
            Patch::Clear => (BodyType::Text, ""),
            Patch::Set(text) => (self.body_type.unwrap_or_else(|| BodyType::of(text)), text.as_str()),
        };
        object.set("body", &json!({"contentType": kind.name(), "content": text}))
    }
}

/// Refuses to tell others than all guests: Graph tells them by itself, and has no switch for it.
pub(super) fn can_notify(notify: Option<Notify>) -> Result<(), Error> {
    match notify {
        None | Some(Notify::All) => Ok(()),
        Some(notify) => Err(Error::validation(format!(
            "notify: Outlook tells all guests by itself and cannot be told {notify:?} (expected \"all\")",
            notify = notify.as_str()
        ))),
    }
}

/// The series' recurrence, in the days of the zone that its start is written in.
fn pattern(recurrence: &Recurrence, event: &EventFields, zone: Zone) -> Result<PatternedRecurrence, Error> {
    let start = event.series_start(Some(zone.rules.clone())).ok_or_else(|| {
        Error::validation(
            "recurrence: Graph counts it from the start of the series, so set that as well, with `.time(start, end)`",
        )
    })?;
    let mut pattern = PatternedRecurrence::new(recurrence, start)?;
    pattern.time_zone = Some(zone.name);
    Ok(pattern)
}

/// Only who makes one is taken from what is known of a conference: the rest is Microsoft's, and a link of one's own has no
/// place in an event of Graph.
fn conference(object: &mut Object, data: &Patch<ConferenceData>) -> Result<(), Error> {
    match data {
        Patch::Keep => Ok(()),
        Patch::Clear => object.set("isOnlineMeeting", &false),
        Patch::Set(data) => {
            let provider: Option<String> = Raw::from_value(data).ok().and_then(|raw| raw.field("provider"));
            let known = ["teamsForBusiness", "skypeForBusiness", "skypeForConsumer"];
            let known = known.into_iter().find(|known| Some(*known) == provider.as_deref());
            if data.is_auto() || known.is_some() {
                object.set("isOnlineMeeting", &true)?;
            }
            known.map_or(Ok(()), |known| object.set("onlineMeetingProvider", known))
        }
    }
}

/// Availability and status share one field of Graph. Free stands over tentative. That an event takes place says nothing of whether
/// who goes there is busy: one that is there stays free or out of office.
fn show_as(event: &EventFields, over: Over) -> Result<Option<&str>, Error> {
    let tentative = match &event.status {
        Some(EventStatus::Cancelled) => {
            return Err(Error::validation("status: an event is cancelled by deleting it"));
        }
        Some(EventStatus::Tentative) => true,
        Some(EventStatus::Other(_)) => return Err(Error::validation("status: is none that Graph has")),
        _ => false,
    };
    Ok(match (&event.availability, &event.status) {
        (Some(Availability::Free), _) => Some("free"),
        (None | Some(Availability::Busy), _) if tentative => Some("tentative"),
        (Some(Availability::Busy), _) => Some("busy"),
        (None, Some(EventStatus::Confirmed)) if over == Over::Nothing => Some("busy"),
        (Some(Availability::Other(other)), _) => Some(other.as_str()),
        (None, _) => None,
    })
}

fn sensitivity(privacy: &Privacy) -> &str {
    match privacy {
        Privacy::Public => "normal",
        Privacy::Private => "private",
        Privacy::Confidential => "confidential",
        Privacy::Other(other) => other.as_str(),
    }
}

/// Refuses what is another provider's: its ids mean nothing here.
pub(super) fn ours(calendar: &CalendarRef) -> Result<(), Error> {
    if calendar.provider == Provider::Microsoft {
        return Ok(());
    }
    Err(Error::validation(format!("provider: {:?} is not Microsoft", calendar.provider.as_str())))
}

/// A JSON object in the making.
#[derive(Default)]
struct Object(BTreeMap<String, Raw>);

const PROPERTIES: &str = "singleValueExtendedProperties";

impl Object {
    fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let raw = Raw::from_value(value)
            .map_err(|error| Error::validation(format!("{name}: has no JSON form")).with_source(error))?;
        self.0.insert(name.to_owned(), raw);
        Ok(())
    }

    /// Fields of Graph's own, over what is here. Extended properties come beside the one that is here.
    fn extend(&mut self, fields: &Raw) -> Result<(), Error> {
        let no_object = |error| Error::validation("fields: is not a JSON object").with_source(error);
        let mut fields: BTreeMap<String, Raw> = fields.decode().map_err(no_object)?;
        let lists = self.0.get(PROPERTIES).zip(fields.get(PROPERTIES));
        if let Some((Ok(mut own), Ok(more))) =
            lists.map(|(own, more)| (own.decode::<Vec<Raw>>(), more.decode::<Vec<Raw>>()))
        {
            own.extend(more);
            fields.remove(PROPERTIES);
            self.set(PROPERTIES, &own)?;
        }
        // What OData says about an object that was read is no field of it.
        self.0.extend(fields.into_iter().filter(|(name, _)| !name.contains('@')));
        Ok(())
    }

    fn has_guests(&self) -> bool {
        let guests = self.0.get("attendees").and_then(|guests| guests.decode::<Vec<Raw>>().ok());
        guests.is_some_and(|guests| !guests.is_empty())
    }

    fn finish(self) -> Result<Body, Error> {
        serde_json::to_string(&self.0)
            .map(Body::Json)
            .map_err(|error| Error::validation("the event has no JSON form").with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_that_only_connect_has_is_refused() {
        let mut fields = EventFields::default();
        fields.connect_only.push("reminders");
        let refused = Draft::default().body(&fields, Over::Event, "property").unwrap_err();
        assert!(refused.to_string().contains("reminders"));
    }
}
