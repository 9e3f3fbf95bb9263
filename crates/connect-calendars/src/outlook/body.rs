//! Converts the fields of an event from [`connect_core::types`] to Graph's JSON.

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

/// The format of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyType {
    /// Plain text.
    Text,
    /// HTML.
    Html,
}

impl BodyType {
    /// Returns `Html` if the text contains common HTML tags, otherwise `Text`.
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

/// Builds the JSON body of a create or an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct BodyBuilder {
    pub(super) time_zone: Option<Box<str>>,
    pub(super) body_type: Option<BodyType>,
    pub(super) fields: Option<Raw>,
    pub(super) transaction_id: Option<Box<str>>,
    /// The event before the update, if the caller passed the event to `UpdateEvent::knowing`.
    pub(super) known: Option<Box<Event>>,
}

/// The target of a write request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteKind {
    /// A new event.
    Create,
    /// An existing event, which may be a series.
    Update,
    /// An existing series.
    UpdateSeries,
}

impl BodyBuilder {
    pub(super) fn body(&self, event: &EventFields, kind: WriteKind, property: &str) -> Result<Body, Error> {
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
            // Written by `times`, `show_as` and `graph_fields`.
            start: _,
            end: _,
            all_day: _,
            start_zone: _,
            recurrence: _,
            availability: _,
            status: _,
            provider_fields: _,
            // Ignored: according to Connect's documentation, a link has no effect for Microsoft.
            conference: _,
            connect_only: _,
        } = event;
        let mut object = Object::default();
        if let Some(title) = title {
            object.set("subject", title)?;
        }
        self.times(&mut object, event, kind)?;
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
            // Graph cannot remove a property from an event. The text `null` means that `custom` is empty.
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
        if let Some(show_as) = show_as(event, kind)? {
            object.set("showAs", show_as)?;
        }
        if let Some(privacy) = privacy {
            object.set("sensitivity", sensitivity(privacy))?;
        }
        if let Some(id) = &self.transaction_id {
            object.set("transactionId", id)?;
        }
        for fields in self.graph_fields(event) {
            object.extend(fields)?;
        }
        if kind != WriteKind::Create || object.has_guests() {
            check_notify(*notify)?;
        }
        object.finish()
    }

    fn times(&self, object: &mut Object, event: &EventFields, kind: WriteKind) -> Result<(), Error> {
        if let Some(all_day) = event.all_day {
            object.set("isAllDay", &all_day)?;
        }
        let series = self.repeats(event) || kind == WriteKind::UpdateSeries;
        let moves = event.start.is_some() || event.end.is_some();
        let days = matches!(event.start, Some(EventTime::Date(_)));
        let zone = match (&self.time_zone, &event.start_zone) {
            (Some(name), _) if series || days => Zone::named(name)?,
            (None, Some(zone)) if series => Zone::of(zone)?,
            // In UTC the occurrences would move by an hour when the clocks change.
            (None, None) if series && moves && kind != WriteKind::Create => {
                return Err(Error::validation(
                    "time_zone: new times of a whole series need a time zone: \
                     call `.time_zone(name)`, or pass a start with a named time zone",
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
            Patch::Set(recurrence) => {
                object.set("recurrence", &patterned_recurrence(recurrence, event, zone)?)
            }
        }
    }

    /// Whether the request sets a recurrence, directly or in its Graph fields.
    fn repeats(&self, event: &EventFields) -> bool {
        let rule = |fields: &Raw| fields.field::<Raw>("recurrence").is_some_and(|rule| rule.get() != "null");
        matches!(event.recurrence, Patch::Set(_)) || self.graph_fields(event).any(rule)
    }

    /// Returns the Graph fields. Later fields override earlier fields.
    fn graph_fields<'a>(&'a self, event: &'a EventFields) -> impl Iterator<Item = &'a Raw> {
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

/// Refuses every `notify` except `All`, because Graph always notifies all guests.
pub(super) fn check_notify(notify: Option<Notify>) -> Result<(), Error> {
    match notify {
        None | Some(Notify::All) => Ok(()),
        Some(notify) => Err(Error::validation(format!(
            "notify: Outlook always notifies all guests and does not support {notify:?} (expected \"all\")",
            notify = notify.as_str()
        ))),
    }
}

/// Converts the recurrence of a series. The days of the result are days in `zone`.
fn patterned_recurrence(
    recurrence: &Recurrence,
    event: &EventFields,
    zone: Zone,
) -> Result<PatternedRecurrence, Error> {
    let start = event.series_start(Some(zone.rules.clone())).ok_or_else(|| {
        Error::validation("recurrence: needs the start of the series: set it with `.time(start, end)`")
    })?;
    let mut pattern = PatternedRecurrence::new(recurrence, start)?;
    pattern.time_zone = Some(zone.name);
    Ok(pattern)
}

/// Requests or removes a conference. Graph cannot store a link or other conference data.
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

/// Returns `showAs`, Graph's field for both availability and status. Free overrides tentative.
///
/// Without an availability, `Confirmed` does not change `showAs` of an existing event, because that event
/// may be shown as free.
fn show_as(event: &EventFields, kind: WriteKind) -> Result<Option<&str>, Error> {
    let tentative = match &event.status {
        Some(EventStatus::Cancelled) => {
            return Err(Error::validation("status: an event cannot be set to cancelled: delete it instead"));
        }
        Some(EventStatus::Tentative) => true,
        Some(EventStatus::Other(_)) => {
            return Err(Error::validation(
                "status: Microsoft Graph has no such status (expected \"confirmed\" or \"tentative\")",
            ));
        }
        _ => false,
    };
    Ok(match (&event.availability, &event.status) {
        (Some(Availability::Free), _) => Some("free"),
        (None | Some(Availability::Busy), _) if tentative => Some("tentative"),
        (Some(Availability::Busy), _) => Some("busy"),
        (None, Some(EventStatus::Confirmed)) if kind == WriteKind::Create => Some("busy"),
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

pub(super) fn check_provider(calendar: &CalendarRef) -> Result<(), Error> {
    if calendar.provider == Provider::Microsoft {
        return Ok(());
    }
    Err(Error::validation(format!(
        "provider: the calendar belongs to {:?} (expected \"microsoft\")",
        calendar.provider.as_str()
    )))
}

/// A JSON object under construction, sorted by field name.
#[derive(Default)]
struct Object(BTreeMap<String, Raw>);

const EXTENDED_PROPERTIES: &str = "singleValueExtendedProperties";

impl Object {
    fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let raw = Raw::from_value(value).map_err(|error| {
            Error::validation(format!("{name}: cannot be written as JSON")).with_source(error)
        })?;
        self.0.insert(name.to_owned(), raw);
        Ok(())
    }

    /// Sets Graph fields, which override existing fields.
    ///
    /// Extended properties are added to the existing list and do not replace the list.
    fn extend(&mut self, fields: &Raw) -> Result<(), Error> {
        let invalid = |error| Error::validation("fields: is not a JSON object").with_source(error);
        let mut fields: BTreeMap<String, Raw> = fields.decode().map_err(invalid)?;
        let lists = self.0.get(EXTENDED_PROPERTIES).zip(fields.get(EXTENDED_PROPERTIES));
        if let Some((Ok(mut own), Ok(more))) =
            lists.map(|(own, more)| (own.decode::<Vec<Raw>>(), more.decode::<Vec<Raw>>()))
        {
            own.extend(more);
            fields.remove(EXTENDED_PROPERTIES);
            self.set(EXTENDED_PROPERTIES, &own)?;
        }
        // OData annotations of an event that was read, such as `@odata.etag`, cannot be written.
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
            .map_err(|error| Error::validation("the event cannot be written as JSON").with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_only_field_is_refused() {
        let mut fields = EventFields::default();
        fields.connect_only.push("reminders");
        let refused = BodyBuilder::default().body(&fields, WriteKind::Update, "property").unwrap_err();
        assert!(refused.to_string().contains("reminders"));
    }
}
