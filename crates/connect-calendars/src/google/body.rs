//! Converts the fields of an event from [`connect_core::types`] to Google's JSON.

use std::collections::BTreeMap;

use connect_core::{
    Error,
    types::{
        Availability, ConferenceData, End, Event, EventFields, EventTime, Moment, Patch, Provider, Raw,
        Recurrence, SeriesStart,
    },
};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    custom,
    json::{Object, fields, list},
    read::{GOOGLE_MEET, MEET_URL_PREFIX},
};
use crate::zones;

/// Builds the JSON body of an insert or a patch.
pub(super) struct BodyBuilder<'a> {
    pub(super) fields: &'a EventFields,
    /// The event's time zone, by its IANA name.
    pub(super) zone: Option<&'a str>,
    /// Whether the body changes an existing event: null clears a field, and missing fields stay unchanged.
    pub(super) patch: bool,
    /// Whether the changed event is known to be a series.
    pub(super) series: bool,
    /// The changed event, if the caller passed it to `PatchEvent::knowing`.
    pub(super) known: Option<&'a Event>,
    /// The `requestId` of a new conference.
    pub(super) request_id: &'a str,
}

impl BodyBuilder<'_> {
    pub(super) fn body(&self) -> Result<Object, Error> {
        self.fields.refuse_connect_only()?;
        let EventFields {
            title,
            description,
            location,
            attendees,
            recurrence,
            availability,
            privacy,
            status,
            // Written by `times`, `custom` and `conference`.
            start: _,
            end: _,
            all_day: _,
            start_zone: _,
            custom: _,
            conference: _,
            conference_data: _,
            // Used by `Options`, or checked above.
            notify: _,
            provider_fields: _,
            connect_only: _,
        } = self.fields;
        let mut body = Object::default();
        if let Some(title) = title {
            body.set("summary", title)?;
        }
        self.times(&mut body)?;
        for (name, value) in [("description", description), ("location", location)] {
            set(&mut body, name, value)?;
        }
        match attendees {
            Patch::Keep => {}
            Patch::Clear => body.set("attendees", &[(); 0])?,
            Patch::Set(emails) => body.set("attendees", &self.attendees(emails)?)?,
        }
        match recurrence {
            Patch::Keep => {}
            Patch::Clear => body.clear("recurrence")?,
            Patch::Set(rule) => body.set("recurrence", &[self.rule(rule)?])?,
        }
        self.custom(&mut body)?;
        self.conference(&mut body)?;
        if let Some(availability) = availability {
            let free = *availability == Availability::Free;
            body.set("transparency", if free { "transparent" } else { "opaque" })?;
        }
        if let Some(privacy) = privacy {
            body.set("visibility", privacy.as_str())?;
        }
        if let Some(status) = status {
            body.set("status", status.as_str())?;
        }
        Ok(body)
    }

    /// Whether the request sets a recurrence, directly or in its Google fields.
    fn repeats(&self) -> bool {
        let mut own =
            self.fields.provider_fields.iter().filter(|(provider, _)| *provider == Provider::Google);
        let lines =
            |raw: &Raw| fields(raw).remove("recurrence").is_some_and(|lines| !list(&lines).is_empty());
        matches!(self.fields.recurrence, Patch::Set(_)) || own.any(|(_, raw)| lines(raw))
    }

    /// Whether the changed event may have guests.
    pub(super) fn may_have_guests(&self) -> bool {
        self.patch && self.known.is_none_or(|event| !event.attendees.is_empty())
    }

    fn times(&self, body: &mut Object) -> Result<(), Error> {
        let mut days = None;
        for (name, time) in [("start", &self.fields.start), ("end", &self.fields.end)] {
            let Some(time) = time else { continue };
            let time = whole_day(name, time, self.fields.all_day)?;
            let day = matches!(time, EventTime::Date(_));
            if days.replace(day).is_some_and(|other| other != day) {
                return Err(Error::validation(
                    "end: the start and the end must both be dates, or both date-times",
                ));
            }
            body.set(name, &self.time(name, &time)?)?;
        }
        if days.is_none() && self.fields.all_day.is_some() {
            return Err(Error::validation("allDay: can only be changed together with the start and the end"));
        }
        Ok(())
    }

    fn time(&self, name: &str, time: &EventTime) -> Result<Object, Error> {
        let mut moment = Object::default();
        match time {
            EventTime::Date(date) => {
                moment.set("date", &date.to_string())?;
                if self.patch {
                    moment.clear("dateTime")?;
                    moment.clear("timeZone")?;
                }
                return Ok(moment);
            }
            EventTime::Instant(at) => moment.set("dateTime", &Moment::from(*at).to_string())?,
            EventTime::Local(local) if self.zone.is_some() => moment.set("dateTime", &local.to_string())?,
            EventTime::Local(_) => {
                return Err(Error::validation(format!(
                    "{name}: a time without a UTC offset needs a time zone"
                )));
            }
            _ => return Err(Error::validation(format!("{name}: is not a date or time"))),
        }
        if self.patch {
            moment.clear("date")?;
        }
        if let Some(zone) = self.event_zone()? {
            moment.set("timeZone", zone)?;
        }
        Ok(moment)
    }

    /// Returns the time zone to send, which determines the days of a series.
    ///
    /// A patch always sends the zone of its new start, because the changed event may be a series.
    fn event_zone(&self) -> Result<Option<&str>, Error> {
        let (repeats, start_zone) = (self.repeats(), self.fields.start_zone.as_ref());
        let named = start_zone.and_then(zones::name_of);
        if let Some(zone) = self.zone.or(named.filter(|_| repeats || self.patch)) {
            return Ok(Some(zone));
        }
        match start_zone.filter(|_| named.is_none()) {
            Some(zone) if repeats || self.series => Err(zones::nameless(zone)),
            _ => Ok((repeats && !self.patch).then_some("UTC")),
        }
    }

    /// Returns the guest list, with the existing entries of known guests.
    ///
    /// Google replaces the whole list. New entries for known guests would therefore reset their responses.
    fn attendees(&self, emails: &[String]) -> Result<Vec<Raw>, Error> {
        let original = self.known.and_then(|event| event.original.as_ref());
        let known = original.and_then(|original| fields(original).remove("attendees"));
        let known: Vec<_> = known.map(|known| list(&known)).unwrap_or_default();
        let email_of = |raw: &Raw| fields(raw).remove("email").as_ref().and_then(Raw::text);
        let known: Vec<_> = known.into_iter().filter_map(|raw| Some((email_of(&raw)?, raw))).collect();
        let entry = |email: &String| {
            let same = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(email));
            same.map_or_else(
                || Raw::from_value(&BTreeMap::from([("email", email)])),
                |(_, raw)| Ok(raw.clone()),
            )
        };
        let entries: Result<_, _> = emails.iter().map(entry).collect();
        entries.map_err(|error| Error::validation("attendees: cannot be written as JSON").with_source(error))
    }

    /// Formats a recurrence rule.
    ///
    /// A rule that ends on a date needs the start of the series, from the request or the known event.
    fn rule(&self, rule: &Recurrence) -> Result<String, Error> {
        let zone = self.zone.and_then(|name| TimeZone::get(name).ok());
        let start = self.fields.series_start(zone.clone()).or_else(|| self.known_series_start(zone));
        match (start, rule.end()) {
            (Some(start), _) => Ok(rule.rrule_from(start)?),
            (None, End::On(_)) => Err(Error::validation(
                "recurrence: a rule that ends on a date needs the start of the series: set the start or the time zone as well, or end the rule at an instant",
            )),
            (None, _) => Ok(rule.rrule()?),
        }
    }

    fn known_series_start(&self, zone: Option<TimeZone>) -> Option<SeriesStart> {
        match self.known.and_then(|event| event.start.as_ref()) {
            Some(EventTime::Date(day)) => Some(SeriesStart::Day(*day)),
            Some(EventTime::Instant(start)) => Some(SeriesStart::At(start.to_zoned_datetime(zone?))),
            // The start of the series is unknown. For a start at 23:59:59, the computed UNTIL includes any
            // occurrence on the last day.
            _ => Some(SeriesStart::At(
                Date::new(2000, 1, 1).ok()?.at(23, 59, 59, 0).to_zoned_datetime(zone?).ok()?,
            )),
        }
    }

    fn custom(&self, body: &mut Object) -> Result<(), Error> {
        let fields = match &self.fields.custom {
            Patch::Keep => return Ok(()),
            Patch::Clear if self.patch => custom::replacement_properties(None)?,
            Patch::Set(custom) if self.patch => custom::replacement_properties(Some(custom))?,
            Patch::Clear => return Ok(()),
            Patch::Set(custom) => custom::properties(custom)?,
        };
        body.set("extendedProperties", &BTreeMap::from([("private", fields)]))
    }

    /// Sets the conference. A request for a new conference overrides conference data. Conference data
    /// overrides the link.
    fn conference(&self, body: &mut Object) -> Result<(), Error> {
        let (link, data) = (&self.fields.conference, &self.fields.conference_data);
        let data = match data {
            Patch::Set(data) => Some(data),
            _ => None,
        };
        if data.is_some_and(ConferenceData::is_auto) {
            return body.set("conferenceData", &create_request(self.request_id)?);
        }
        let mut conference = match link {
            Patch::Set(link) => self.video(link, data)?,
            Patch::Clear if data.is_none() => return body.clear("conferenceData"),
            _ if self.fields.conference_data == Patch::Clear => return body.clear("conferenceData"),
            _ if data.is_none() => return Ok(()),
            _ => Object::default(),
        };
        if let Some(data) = data {
            conference.merge("conferenceData", &google_fields(data)?)?;
        }
        if conference.is_empty() {
            return Err(Error::validation(
                "conferenceData: is empty (expected a link, Google fields or a request for a new conference)",
            ));
        }
        body.set("conferenceData", &conference)
    }

    /// Returns the `conferenceData` for a link to a Google Meet or another video conference.
    fn video(&self, link: &str, data: Option<&ConferenceData>) -> Result<Object, Error> {
        let mut conference = Object::default();
        let code =
            link.strip_prefix(MEET_URL_PREFIX).map(|code| code.split(['?', '/']).next().unwrap_or(code));
        if self.patch {
            conference.clear("createRequest")?;
            conference.clear("conferenceId")?;
        }
        let named = data.and_then(provider).filter(|name| name != GOOGLE_MEET);
        let mut solution = Object::default();
        let kind = if code.is_some() { "hangoutsMeet" } else { "addOn" };
        solution.set("key", &BTreeMap::from([("type", kind)]))?;
        let name = if code.is_some() { "Google Meet" } else { "Video conference" };
        solution.set("name", named.as_deref().unwrap_or(name))?;
        conference.set("conferenceSolution", &solution)?;
        conference.set("entryPoints", &[BTreeMap::from([("entryPointType", "video"), ("uri", link)])])?;
        if let Some(code) = code.filter(|code| !code.is_empty()) {
            conference.set("conferenceId", code)?;
        }
        Ok(conference)
    }
}

fn set(body: &mut Object, name: &str, value: &Patch<String>) -> Result<(), Error> {
    match value {
        Patch::Keep => Ok(()),
        Patch::Clear => body.clear(name),
        Patch::Set(text) => body.set(name, text),
    }
}

/// Converts a time of an all-day event to a date.
///
/// Midnight in UTC is accepted as well, because requests to Connect may write a date as midnight in UTC.
fn whole_day(name: &str, time: &EventTime, all_day: Option<bool>) -> Result<EventTime, Error> {
    match (time, all_day) {
        (EventTime::Instant(at), Some(true)) => {
            let civil = jiff::tz::Offset::UTC.to_datetime(*at);
            if civil.time() == jiff::civil::Time::midnight() {
                return Ok(EventTime::Date(civil.date()));
            }
            Err(Error::validation(format!("{name}: an all-day event needs a date, or midnight in UTC")))
        }
        (EventTime::Date(_), Some(false)) => {
            Err(Error::validation(format!("{name}: is a date, but the event is not all-day")))
        }
        _ => Ok(time.clone()),
    }
}

fn create_request(id: &str) -> Result<Object, Error> {
    let mut request = Object::default();
    request.set("requestId", id)?;
    request.set("conferenceSolutionKey", &BTreeMap::from([("type", "hangoutsMeet")]))?;
    let mut conference = Object::default();
    conference.set("createRequest", &request)?;
    Ok(conference)
}

/// Returns the conference data without the fields that exist only at Connect.
fn google_fields(data: &ConferenceData) -> Result<Raw, Error> {
    let without = |raw: Raw| -> Result<Raw, serde_json::Error> {
        let mut fields: BTreeMap<String, Raw> = raw.decode()?;
        fields.retain(|name, _| !matches!(name.as_str(), "provider" | "autoGenerate"));
        Raw::from_value(&fields)
    };
    Raw::from_value(data)
        .and_then(without)
        .map_err(|error| Error::validation("conferenceData: cannot be written as JSON").with_source(error))
}

fn provider(data: &ConferenceData) -> Option<String> {
    fields(&Raw::from_value(data).ok()?).remove("provider").as_ref().and_then(Raw::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_only_field_is_refused() {
        let mut fields = EventFields::default();
        fields.connect_only.push("reminders");
        let draft = BodyBuilder {
            fields: &fields,
            zone: None,
            patch: true,
            series: false,
            known: None,
            request_id: "",
        };
        assert!(draft.body().unwrap_err().to_string().contains("reminders"));
    }
}
