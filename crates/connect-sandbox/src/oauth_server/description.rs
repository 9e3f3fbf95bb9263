//! What a consent page says of each scope: the words that users see at the real servers.
//!
//! Apptoto's are those of its manual. Google's are those of its list of scopes, which its consent screen repeats. Microsoft's
//! are the texts for users in Graph's reference of permissions; those of `openid`, of shared and of basic calendars, and what
//! stands there for a scope that is not in a table, rest on general knowledge.

use super::AuthorizationServer;
use super::microsoft;
use std::borrow::Cow;

type Descriptions = &'static [(&'static str, &'static str)];

/// The text for a scope, not escaped. A scope without one stands there as it was asked for.
pub(super) fn description(server: AuthorizationServer, scope: &str) -> Cow<'_, str> {
    let (table, name): (Descriptions, Cow<'_, str>) = match server {
        AuthorizationServer::Google => (GOOGLE, scope.strip_prefix(GOOGLE_PREFIX).unwrap_or(scope).into()),
        AuthorizationServer::Microsoft => (MICROSOFT, microsoft::short(scope).into()),
        AuthorizationServer::Apptoto => (APPTOTO, scope.into()),
    };
    let known = table.iter().find(|(known, _)| *known == name);
    known.map_or(Cow::Borrowed(scope), |(_, text)| Cow::Borrowed(*text))
}

/// The scopes that can be ticked when an application is registered, with their descriptions.
pub(super) const APPTOTO: Descriptions = &[
    ("calendars:read", "View your calendars"),
    ("address_books:read", "View your address books"),
    ("contacts:read", "View your contacts"),
    ("contacts:write", "Create, update, and delete your contacts"),
    ("events:read", "View your calendar events"),
    ("events:write", "Create, update, and delete events; mark event statuses"),
    ("bookings:read", "View booking page availability and existing bookings"),
    ("bookings:write", "Create bookings on your booking pages"),
    ("imports:read", "Check the status of imports"),
    ("imports:write", "Upload imports (CSV / ICS / XML) that bulk-create data"),
    ("lists:read", "View your opt-in and opt-out lists"),
    ("lists:write", "Modify your opt-in and opt-out lists"),
    ("messaging:read", "View your conversations and message history"),
    ("messaging:send", "Send SMS or email messages on your behalf"),
];

const GOOGLE_PREFIX: &str = "https://www.googleapis.com/auth/";

const GOOGLE: Descriptions = &[
    ("openid", "Associate you with your personal info on Google"),
    ("email", "See your primary Google Account email address"),
    ("userinfo.email", "See your primary Google Account email address"),
    ("profile", "See your personal info, including any personal info you've made publicly available"),
    (
        "userinfo.profile",
        "See your personal info, including any personal info you've made publicly available",
    ),
    (
        "calendar",
        "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
    ),
    ("calendar.readonly", "See and download any calendar you can access using your Google Calendar"),
    (
        "calendar.app.created",
        "Make secondary Google calendars, and see, create, change, and delete events on them",
    ),
    ("calendar.acls", "See and change the sharing permissions of Google calendars you own"),
    ("calendar.acls.readonly", "See the sharing permissions of Google calendars you own"),
    ("calendar.calendarlist", "See, add, and remove Google calendars you’re subscribed to"),
    ("calendar.calendarlist.readonly", "See the list of Google calendars you’re subscribed to"),
    (
        "calendar.calendars",
        "See and change the properties of Google calendars you have access to, and create secondary calendars",
    ),
    (
        "calendar.calendars.readonly",
        "See the title, description, default time zone, and other properties of Google calendars you have access to",
    ),
    ("calendar.events", "View and edit events on all your calendars"),
    ("calendar.events.readonly", "View events on all your calendars"),
    ("calendar.events.freebusy", "See the availability on Google calendars you have access to"),
    ("calendar.events.owned", "See, create, change, and delete events on Google calendars you own"),
    ("calendar.events.owned.readonly", "See the events on Google calendars you own"),
    ("calendar.events.public.readonly", "See the events on public calendars"),
    ("calendar.freebusy", "View your availability in your calendars"),
    ("calendar.settings.readonly", "View your Calendar settings"),
];

/// By the short name in small letters.
const MICROSOFT: Descriptions = &[
    ("openid", "Sign in as you"),
    ("profile", "View your basic profile"),
    ("email", "View your email address"),
    ("offline_access", "Maintain access to data you have given it access to"),
    ("user.read", "Sign you in and read your profile"),
    ("calendars.read", "Read your calendars"),
    ("calendars.readwrite", "Have full access to your calendars"),
    ("calendars.readbasic", "Read basic details of your calendars"),
    ("calendars.read.shared", "Read calendars you can access"),
    ("calendars.readwrite.shared", "Read and write to your and shared calendars"),
];
