//! Writes occurrences as comma-separated values (RFC 4180).

use connect_hyper::types::{Availability, Event, EventStatus, EventTime, Privacy, Provider};
use jiff::tz::TimeZone;

use crate::failure::{Exit, Failure};

const COLUMNS: [&str; 15] = [
    "start",
    "end",
    "allDay",
    "title",
    "location",
    "description",
    "attendees",
    "status",
    "availability",
    "privacy",
    "conference",
    "provider",
    "calendarId",
    "recurringEventId",
    "id",
];

/// Returns a header and one record per event. Times are in `zone`, with their offset.
pub(super) fn table(events: &[Event], zone: &TimeZone) -> Result<String, Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new(Exit::Failed, "OUTPUT_ERROR", "the events cannot be written as CSV").cause(error)
    };
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| failed(&error))?;
    for event in events {
        writer.write_record(record(event, zone)).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

fn record(event: &Event, zone: &TimeZone) -> [String; 15] {
    let time = |time: &Option<EventTime>| match time {
        Some(EventTime::Instant(at)) => {
            at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let guests: Vec<_> = event.attendees.iter().map(|guest| guest.email.as_str()).collect();
    let values = [
        time(&event.start),
        time(&event.end),
        event.all_day.map(|all_day| all_day.to_string()).unwrap_or_default(),
        event.title.clone(),
        text(&event.location),
        text(&event.description),
        guests.join(", "),
        event.status.as_ref().map_or("", EventStatus::as_str).to_owned(),
        event.availability.as_ref().map_or("", Availability::as_str).to_owned(),
        event.privacy.as_ref().map_or("", Privacy::as_str).to_owned(),
        event.join_url().unwrap_or_default(),
        event.provider.as_ref().map_or("", Provider::as_str).to_owned(),
        text(&event.calendar_id),
        text(&event.recurring_event_id),
        event.id.clone(),
    ];
    values.map(guarded)
}

/// Adds an apostrophe before a text that a spreadsheet would evaluate as a formula.
fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_quoted_and_guarded_against_formulas() {
        let mut event = Event::new(Provider::Google, "primary", "e1");
        event.start = Some("2027-01-04T09:00:00Z".parse().unwrap());
        event.title = "=HYPERLINK(\"http://x.example\")".to_owned();
        event.location = Some("Room 5, left".to_owned());
        event.description = Some("-1\r\ntwo".to_owned());
        let zone = TimeZone::posix("CET-1").unwrap();
        let text = table(&[event], &zone).unwrap();
        let (header, record) = text.split_once("\r\n").unwrap();
        assert_eq!(header.split(',').count(), 15);
        assert_eq!(
            record,
            "2027-01-04T10:00:00+01:00,,,\"'=HYPERLINK(\"\"http://x.example\"\")\",\"Room 5, left\",\
             \"'-1\r\ntwo\",,,,,,google,primary,,e1\r\n"
        );
        for formula in ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"] {
            assert!(guarded(formula.to_owned()).starts_with('\''), "{formula:?}");
        }
        assert_eq!(guarded("1-1".to_owned()), "1-1");
    }
}
