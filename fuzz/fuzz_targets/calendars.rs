//! Responses of Google Calendar and Microsoft Graph, feed cursors, and recurrences of Microsoft Graph.
//!
//! The first line of the input selects the kind of the body: `google` or `outlook` for a response, `cursor`
//! for a cursor, any other text for a recurrence. The second line is the status of the response, and the rest
//! is the body.
//!
//! Encoding a decoded event must succeed, and no line of a recurrence may contain a line break. A round of a
//! feed must end, even if the feed receives the same response to each request.

#![no_main]

use connect_calendars::{
    EventSeries, google, outlook,
    patterned::PatternedRecurrence,
    sync::{ChangeFeed, Cursor, EventCopy},
};
use connect_core::{Endpoint, Error, ErrorKind, Response, types::Event};
use connect_fuzz::Input;
use http::StatusCode;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let of = input.line();
    let status = input.status();
    let body = input.rest();
    let (start, end) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24));
    match of {
        b"google" => {
            check_events(&google::ListEvents::new("c"), status, body, |page| page.events);
            check_events(&google::GetEvent::new("c", "e"), status, body, |event| vec![event]);
            let _ = decode(&google::ListCalendars::new(), status, body);
            let _ = decode(&google::FreeBusy::new(start, end).calendar("c"), status, body);
            follow(google::EventFeed::new("c"), status, body);
        }
        b"outlook" => {
            check_events(&outlook::CalendarView::new(start, end), status, body, |page| page.events);
            check_events(&outlook::GetEvent::new("c", "e"), status, body, |event| vec![event]);
            let _ = decode(&outlook::ListCalendars::new(), status, body);
            let _ = decode(&outlook::GetSchedule::new(["a@example.com"], start, end), status, body);
            follow(outlook::EventFeed::new(start, end), status, body);
        }
        b"cursor" => {
            let cursor = Cursor::new(String::from_utf8_lossy(body));
            let _ = google::EventFeed::new("c").resume(&cursor).map(|feed| feed.cursor());
            let _ = outlook::EventFeed::new(start, end).resume(&cursor).map(|feed| feed.cursor());
        }
        _ => {
            let Ok(pattern) = serde_json::from_slice::<PatternedRecurrence>(body) else { return };
            if let Ok(line) = pattern.rrule(start) {
                assert!(line.starts_with("RRULE:FREQ=") && !line.contains(['\r', '\n']), "{line}");
            }
        }
    }
});

/// Decodes a response as a call does.
fn decode<E: Endpoint>(endpoint: &E, status: StatusCode, body: &[u8]) -> Result<E::Output, Error> {
    let mut response = Response::new(body.to_vec().into());
    *response.status_mut() = status;
    if status.is_success() {
        return endpoint.decode(&response);
    }
    Err(E::explain(&response, Error::new(ErrorKind::Http)))
}

fn check_events<E: Endpoint>(
    endpoint: &E,
    status: StatusCode,
    body: &[u8],
    events: impl FnOnce(E::Output) -> Vec<Event>,
) {
    let Ok(response) = decode(endpoint, status, body) else { return };
    for event in events(response) {
        for line in event.recurrence().unwrap_or_default().lines {
            assert!(!line.contains(['\r', '\n']), "{line}");
        }
        serde_json::to_string(&event).expect("a decoded event can be encoded");
    }
}

/// Runs a round of a feed with the same response to each request, and checks that the round ends.
fn follow<F: ChangeFeed>(mut feed: F, status: StatusCode, body: &[u8]) {
    let mut copy = EventCopy::new();
    for _ in 0..2 {
        feed.begin();
        for requests in 0.. {
            assert!(requests < 10_000, "the round does not end");
            let Some(request) = feed.request() else { break };
            match feed.advance(decode(&request, status, body)) {
                Ok(None) => {}
                Ok(Some(changes)) => {
                    copy.apply(changes);
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
