//! The paths of Google Calendar.

use super::Endpoint;

pub(crate) const ROUTES: &[(&str, Endpoint)] = &[
    ("GET /google/calendar/v3/users/me/calendarList", Endpoint::CalendarList),
    ("GET /google/calendar/v3/users/me/calendarList/{calendarId}", Endpoint::CalendarListEntry),
    ("GET /google/calendar/v3/calendars/{calendarId}", Endpoint::Calendar),
    ("GET /google/calendar/v3/colors", Endpoint::Colors),
    ("GET /google/calendar/v3/calendars/{calendarId}/events", Endpoint::Events),
    ("POST /google/calendar/v3/calendars/{calendarId}/events", Endpoint::Insert),
    ("GET /google/calendar/v3/calendars/{calendarId}/events/{eventId}", Endpoint::Event),
    ("PATCH /google/calendar/v3/calendars/{calendarId}/events/{eventId}", Endpoint::Patch),
    ("PUT /google/calendar/v3/calendars/{calendarId}/events/{eventId}", Endpoint::Update),
    ("DELETE /google/calendar/v3/calendars/{calendarId}/events/{eventId}", Endpoint::Delete),
    ("GET /google/calendar/v3/calendars/{calendarId}/events/{eventId}/instances", Endpoint::Instances),
    ("POST /google/calendar/v3/freeBusy", Endpoint::FreeBusy),
    ("POST /google/calendar/v3/calendars/{calendarId}/events/watch", Endpoint::WatchEvents),
    ("POST /google/calendar/v3/users/me/calendarList/watch", Endpoint::WatchList),
    ("POST /google/calendar/v3/channels/stop", Endpoint::Stop),
    ("POST /google/calendar/v3/calendars/{calendarId}/events/{eventId}/move", Endpoint::Move),
    ("POST /google/calendar/v3/calendars", Endpoint::InsertCalendar),
    ("PATCH /google/calendar/v3/calendars/{calendarId}", Endpoint::PatchCalendar),
    ("PUT /google/calendar/v3/calendars/{calendarId}", Endpoint::UpdateCalendar),
    ("DELETE /google/calendar/v3/calendars/{calendarId}", Endpoint::DeleteCalendar),
    ("POST /google/calendar/v3/calendars/{calendarId}/clear", Endpoint::ClearCalendar),
    ("PATCH /google/calendar/v3/users/me/calendarList/{calendarId}", Endpoint::UpdateEntry),
    ("PUT /google/calendar/v3/users/me/calendarList/{calendarId}", Endpoint::UpdateEntry),
    ("GET /google/calendar/v3/users/me/settings", Endpoint::Settings),
    ("GET /google/calendar/v3/users/me/settings/{setting}", Endpoint::Setting),
];
