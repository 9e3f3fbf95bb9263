//! Reads the fields of one VEVENT (RFC 5545 3.6.1).

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::{Availability, EventStatus, Patch, Privacy, Provider, Raw};

use super::{
    CUSTOM_PROPERTY,
    import::{Import, SINGLE},
    lines::FileComponent,
    plan::OccurrenceFields,
    text::unescape,
    times::{self, DateOrTime, FileZones},
};

/// The properties that are read, or that describe only the file.
const READ: [&str; 11] = [
    "ATTENDEE",
    "CONFERENCE",
    "CREATED",
    "DTSTAMP",
    "EXDATE",
    "EXRULE",
    "LAST-MODIFIED",
    "RDATE",
    "RRULE",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-CDO-BUSYSTATUS",
];

/// The fields of a VEVENT.
#[derive(Debug, Clone)]
pub(super) struct Vevent {
    pub(super) title: String,
    pub(super) start: DateOrTime,
    pub(super) end: DateOrTime,
    pub(super) description: Option<String>,
    pub(super) location: Option<String>,
    pub(super) conference: Option<String>,
    pub(super) availability: Availability,
    pub(super) privacy: Option<Privacy>,
    pub(super) status: Option<EventStatus>,
    pub(super) custom: Option<Raw>,
    pub(super) guests: Vec<String>,
    pub(super) left_out: Vec<String>,
}

impl Vevent {
    pub(super) fn read(part: &FileComponent, zones: &FileZones, import: &Import) -> Result<Self, String> {
        let start = part.get("DTSTART").ok_or("DTSTART is missing")?;
        let start = zones.read("DTSTART", &start)?;
        let end = end(part, &start, zones)?;
        let text = |name: &str| part.get(name).map(|line| unescape(line.value()));
        let filled = |name: &str| text(name).filter(|text| !text.is_empty());
        let upper = |name: &str| part.get(name).map(|line| line.value().trim().to_ascii_uppercase());
        let mut left_out = Vec::new();
        let availability = match upper("TRANSP").or_else(|| upper("X-MICROSOFT-CDO-BUSYSTATUS")).as_deref() {
            Some("TRANSPARENT" | "FREE") => Availability::Free,
            _ => Availability::Busy,
        };
        let privacy = upper("CLASS").map(|class| match class.as_str() {
            "PUBLIC" => Privacy::Public,
            "CONFIDENTIAL" => Privacy::Confidential,
            // RFC 5545 3.8.1.3: an unknown class is treated like PRIVATE.
            _ => Privacy::Private,
        });
        let status = match upper("STATUS").as_deref() {
            None | Some("") => None,
            Some("CONFIRMED") => Some(EventStatus::Confirmed),
            Some("TENTATIVE") => Some(EventStatus::Tentative),
            Some("CANCELLED") => Some(EventStatus::Cancelled),
            Some(other) => {
                left_out.push(format!("STATUS:{other}"));
                None
            }
        };
        let custom = filled(CUSTOM_PROPERTY).map(|text| custom(&text)).transpose()?;
        let conference = part.all("CONFERENCE").chain(part.all("X-GOOGLE-CONFERENCE"));
        let mut links = conference.map(|line| line.value().trim().to_owned());
        let conference = links.find(|link| link.starts_with("https://") || link.starts_with("http://"));
        let names: BTreeSet<_> =
            part.names().chain(part.parts.iter().map(|part| part.name.clone())).collect();
        left_out.extend(
            names
                .into_iter()
                .filter(|name| !SINGLE.contains(&name.as_str()) && !READ.contains(&name.as_str())),
        );
        let guests = guests(part);
        if !import.invite && !guests.is_empty() {
            left_out.push("ATTENDEE".to_owned());
        }
        Ok(Self {
            title: text("SUMMARY").unwrap_or_default(),
            start,
            end,
            description: filled("DESCRIPTION"),
            location: filled("LOCATION"),
            conference,
            availability,
            privacy,
            status,
            custom,
            guests,
            left_out,
        })
    }

    /// Returns the fields as those of a changed occurrence of `series`.
    pub(super) fn occurrence(&self, series: &Self, import: &Import) -> Result<OccurrenceFields, String> {
        if !matches!(
            (&self.start, &self.end),
            (DateOrTime::Day(_), DateOrTime::Day(_)) | (DateOrTime::At(_), DateOrTime::At(_))
        ) {
            return Err("DTEND: one of DTSTART and DTEND is a date, the other a time".to_owned());
        }
        if self.custom.is_some() && self.custom != series.custom {
            return Err(format!("{CUSTOM_PROPERTY}: an occurrence has the fields of its series"));
        }
        let invites = import.invite && self.guests != series.guests;
        let link = import.calendar.provider != Provider::Microsoft;
        Ok(OccurrenceFields {
            title: self.title.clone(),
            start: self.start.clone(),
            end: self.end.clone(),
            description: self.description.clone(),
            location: self.location.clone(),
            conference: match &self.conference {
                _ if !link => Patch::Keep,
                Some(link) => Patch::Set(link.clone()),
                None => Patch::Clear,
            },
            availability: self.availability.clone(),
            privacy: self.privacy.clone(),
            status: self.status.clone(),
            guests: invites.then(|| self.guests.clone()),
        })
    }

    /// Returns the event with the fields of a changed occurrence.
    pub(super) fn with(self, fields: &OccurrenceFields) -> Self {
        Self {
            title: fields.title.clone(),
            start: fields.start.clone(),
            end: fields.end.clone(),
            description: fields.description.clone(),
            location: fields.location.clone(),
            conference: match &fields.conference {
                Patch::Set(link) => Some(link.clone()),
                _ => None,
            },
            availability: fields.availability.clone(),
            privacy: fields.privacy.clone(),
            status: fields.status.clone(),
            guests: fields.guests.clone().unwrap_or(self.guests),
            ..self
        }
    }
}

/// Reads the end: DTEND, or the start and DURATION (RFC 5545 3.6.1).
fn end(part: &FileComponent, start: &DateOrTime, zones: &FileZones) -> Result<DateOrTime, String> {
    let end = match (part.get("DTEND"), part.get("DURATION")) {
        (Some(_), Some(_)) => return Err("DTEND and DURATION cannot be combined".to_owned()),
        (Some(end), None) => zones.read("DTEND", &end)?,
        (None, Some(duration)) => times::after(start, duration.value())?,
        (None, None) => match start {
            DateOrTime::Day(_) => times::after(start, "P1D")?,
            DateOrTime::At(_) => start.clone(),
        },
    };
    match (start, &end) {
        // Some programs write the first day as the end of an event of one day.
        (DateOrTime::Day(first), DateOrTime::Day(last)) if first == last => times::after(start, "P1D"),
        (DateOrTime::Day(first), DateOrTime::Day(last)) if last < first => {
            Err("DTEND is before DTSTART".to_owned())
        }
        (DateOrTime::At(from), DateOrTime::At(to)) if to < from => Err("DTEND is before DTSTART".to_owned()),
        (DateOrTime::Day(_), DateOrTime::At(_)) | (DateOrTime::At(_), DateOrTime::Day(_)) => {
            Err("DTEND: one of DTSTART and DTEND is a date, the other a time".to_owned())
        }
        _ => Ok(end),
    }
}

fn custom(text: &str) -> Result<Raw, String> {
    let invalid = || format!("{CUSTOM_PROPERTY} is not a JSON object");
    let raw: Raw = text.parse().map_err(|_| invalid())?;
    let _: BTreeMap<String, Raw> = raw.decode().map_err(|_| invalid())?;
    Ok(raw)
}

/// Returns the e-mail addresses of the guests, without the organizer.
fn guests(part: &FileComponent) -> Vec<String> {
    let address = |value: &str| {
        let value = value.trim();
        let (scheme, address) = value.split_at_checked("mailto:".len())?;
        (scheme.eq_ignore_ascii_case("mailto:") && address.contains('@')).then(|| address.to_owned())
    };
    let organizer = part.get("ORGANIZER").and_then(|line| address(line.value()));
    let mut guests = Vec::<String>::new();
    for guest in part.all("ATTENDEE").filter_map(|line| address(line.value())) {
        let same = |other: &String| other.eq_ignore_ascii_case(&guest);
        if !organizer.as_ref().is_some_and(same) && !guests.iter().any(same) {
            guests.push(guest);
        }
    }
    guests
}
