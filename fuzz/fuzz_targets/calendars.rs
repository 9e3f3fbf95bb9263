//! What Google Calendar and Microsoft Graph answer: the first line says to what, the rest is the body. It is read or refused;
//! what is read can be written, says how it repeats or that it does not, and a feed that gets it comes to an end.

#![no_main]

use connect_core::{
    Endpoint, Error, ErrorKind, Response,
    types::Event,
};
use connect_fuzz::Input;
use connect_calendars::{
    EventSeries, google, outlook,
    patterned::PatternedRecurrence,
    sync::{ChangeFeed, Cursor, EventCopy},
};
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
            answered(&google::ListEvents::new("c"), status, body, |page| page.events);
            answered(&google::GetEvent::new("c", "e"), status, body, |event| vec![event]);
            let _ = answer(&google::ListCalendars::new(), status, body);
            let _ = answer(&google::FreeBusy::new(start, end).calendar("c"), status, body);
            follow(google::EventFeed::new("c"), status, body);
        }
        b"outlook" => {
            answered(&outlook::CalendarView::new(start, end), status, body, |page| page.events);
            answered(&outlook::GetEvent::new("c", "e"), status, body, |event| vec![event]);
            let _ = answer(&outlook::ListCalendars::new(), status, body);
            let _ = answer(&outlook::GetSchedule::new(["a@example.com"], start, end), status, body);
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

/// What an endpoint makes of an answer, as a call does.
fn answer<E: Endpoint>(endpoint: &E, status: StatusCode, body: &[u8]) -> Result<E::Answer, Error> {
    let mut response = Response::new(body.to_vec().into());
    *response.status_mut() = status;
    if status.is_success() {
        return endpoint.decode(&response);
    }
    Err(E::explain(&response, Error::new(ErrorKind::Http)))
}

fn answered<E: Endpoint>(
    endpoint: &E,
    status: StatusCode,
    body: &[u8],
    events: impl FnOnce(E::Answer) -> Vec<Event>,
) {
    let Ok(answer) = answer(endpoint, status, body) else { return };
    for event in events(answer) {
        for line in event.recurrence().unwrap_or_default().lines {
            assert!(!line.contains(['\r', '\n']), "{line}");
        }
        serde_json::to_string(&event).expect("what was read can be written");
    }
}

/// A feed that is answered the same each time: it must not go on for ever.
fn follow<F: ChangeFeed>(mut feed: F, status: StatusCode, body: &[u8]) {
    let mut copy = EventCopy::new();
    for _ in 0..2 {
        feed.begin();
        for turn in 0.. {
            assert!(turn < 10_000, "the round does not end");
            let Some(request) = feed.request() else { break };
            match feed.answered(answer(&request, status, body)) {
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
