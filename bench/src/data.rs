//! Canned responses.

use std::fmt::Write as _;

/// The content of a page of events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) events: usize,
    /// If `Some(n)`, the location of every `n`th event is a number instead of a text.
    pub(crate) odd_every: Option<usize>,
}

/// Returns an event of 1,620 bytes. Half of the event is `original`, with the fields of a Google event.
pub(crate) fn event(number: usize, is_odd: bool) -> String {
    let id = format!("q1w2e3r4t5y6u7i8o9p0{number:06}");
    let location = if is_odd { "17".to_owned() } else { "\"Meeting room Danube, third floor\"".to_owned() };
    let description = "Status of the work in progress, open points, and the tasks of each member until next week. Bring data.";
    let head = format!(
        r##"{{"provider":"google","id":"{id}","calendarId":"ada@example.com","title":"Weekly planning of the team","start":"2026-12-{:02}T09:00:00.000Z","end":"2026-12-{:02}T10:30:00.000Z","allDay":false,"description":"{description}","location":{location},"color":"#a4bdfc","availability":"busy","privacy":"public","status":"confirmed","link":"https://calendar.google.com/calendar/event?eid={id}","lastModified":"2026-11-20T08:15:30.000Z","attendees":[{{"email":"grace@example.com","status":"accepted"}},{{"email":"ada@example.com","status":"accepted","organizer":true}}],"conference":"https://meet.google.com/abc-defg-hij","##,
        number % 28 + 1,
        number % 28 + 1,
    );
    let original = format!(
        r#""original":{{"kind":"calendar#event","etag":"\"3463128000000000\"","id":"{id}","status":"confirmed","htmlLink":"https://calendar.google.com/calendar/event?eid={id}","created":"2026-11-01T08:00:00.000Z","updated":"2026-11-20T08:15:30.000Z","summary":"Weekly planning of the team","creator":{{"email":"ada@example.com","self":true}},"organizer":{{"email":"ada@example.com","self":true}},"start":{{"dateTime":"2026-12-01T09:00:00Z","timeZone":"UTC"}},"end":{{"dateTime":"2026-12-01T10:30:00Z","timeZone":"UTC"}},"iCalUID":"{id}@google.com","sequence":1,"reminders":{{"useDefault":true}},"eventType":"default","padding":""#,
    );
    let end = "\"}}";
    let padding = 1620_usize.saturating_sub(head.len() + original.len() + end.len());
    format!("{head}{original}{}{end}", "x".repeat(padding))
}

/// Returns the page with this number, counted from 0. `pages` is the number of pages.
pub(crate) fn page(shape: Shape, number: usize, pages: usize) -> String {
    let mut body = String::from("{\"events\":[");
    for index in 0..shape.events {
        let is_odd = shape.odd_every.is_some_and(|every| index % every == 0);
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(body, "{comma}{}", event(number * shape.events + index, is_odd));
    }
    let _ = write!(body, "],\"pageSize\":{}", shape.events);
    if number + 1 < pages {
        let _ = write!(body, ",\"nextPageToken\":\"page-{}\"", number + 1);
    }
    body + "}"
}

/// Returns a list of 60 calendars, 27 kB.
pub(crate) fn calendars() -> String {
    let calendar = |number: usize| {
        format!(
            r##"{{"provider":"google","id":"team-{number:03}@group.calendar.google.com","title":"Team calendar {number}","timeZone":"Europe/Budapest","color":"#9fe1e7","description":"Meetings of the team","original":{{"kind":"calendar#calendarListEntry","etag":"\"1730000000000000\"","id":"team-{number:03}@group.calendar.google.com","summary":"Team calendar {number}","timeZone":"Europe/Budapest","colorId":"14","backgroundColor":"#9fe1e7","foregroundColor":"#000000","selected":true,"accessRole":"owner"}}}}"##
        )
    };
    format!("[{}]", (0..60).map(calendar).collect::<Vec<_>>().join(","))
}

/// Returns the response to a request that creates an event.
pub(crate) fn created() -> String {
    format!("{{\"success\":true,\"event\":{}}}", event(1, false))
}
