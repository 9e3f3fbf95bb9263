//! Who calls, and what they may do: an access token of the sandbox's own Google with its scopes, or an API key.

use super::Endpoint;
use super::GoogleCalendar;
use super::accounts::Role;
use super::refused::Refused;
use crate::call::Call;
use crate::google::oauth::SCOPES;
use crate::oauth_server::AuthorizationServer;
use crate::settings::NoAuth;
use http::HeaderName;
use http::header::AUTHORIZATION;

/// Who calls.
pub(super) struct Visitor {
    /// The account behind the token; an API key has none.
    pub(super) account: Option<String>,
    /// Without the address they all begin with.
    scopes: Vec<String>,
}

/// How far a call may look into a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// When someone is busy, and no more.
    FreeBusy,
    Details,
}

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

impl GoogleCalendar<'_> {
    /// A token decides, where there is one; a key has to be right in any case.
    pub(super) fn visitor(&mut self, endpoint: Endpoint, call: &Call) -> Result<Visitor, Refused> {
        let key = call.query_given("key").or_else(|| call.header(API_KEY));
        if key.is_some_and(|key| key != &*self.world.settings.google.api_key) {
            return Err(Refused::api_key());
        }
        if call.request.headers().contains_key(AUTHORIZATION) {
            let visitor = self.bearer(call).ok_or_else(Refused::credentials)?;
            return if visitor.may(endpoint) { Ok(visitor) } else { Err(Refused::scope()) };
        }
        if key.is_none() && self.world.settings.google.no_auth == NoAuth::Forbidden {
            return Err(Refused::unregistered());
        }
        if key.is_none() || !is_public(endpoint) {
            return Err(Refused::login_required());
        }
        Ok(Visitor { account: None, scopes: Vec::new() })
    }

    /// The account and the scopes of a token that works.
    fn bearer(&self, call: &Call) -> Option<Visitor> {
        let token = call.credentials("bearer")?;
        let token = self.tokens.bearer(token, AuthorizationServer::Google, call.now).ok()?;
        let scopes = token.scopes.iter().filter_map(|scope| scope.strip_prefix(SCOPES));
        let scopes = scopes.map(str::to_owned).collect();
        Some(Visitor { account: Some(token.user), scopes })
    }
}

impl Visitor {
    fn may(&self, endpoint: Endpoint) -> bool {
        self.scopes.iter().any(|scope| allowing(endpoint).contains(&scope.as_str()))
    }

    fn has_one_of(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
    }

    /// How far the scopes let it look into a calendar that `role` opens.
    pub(super) fn sight(&self, role: Role, public: bool) -> Result<Sight, Refused> {
        if role == Role::FreeBusyReader {
            return Ok(Sight::FreeBusy);
        }
        let owned = role == Role::Owner && self.has_one_of(&["calendar.events.owned", OWNED_READONLY]);
        let shown = public && self.has_one_of(&["calendar.events.public.readonly"]);
        if self.account.is_none() || self.has_one_of(READ_ALL) || owned || shown {
            Ok(Sight::Details)
        } else if self.has_one_of(&["calendar.events.freebusy"]) {
            Ok(Sight::FreeBusy)
        } else {
            Err(Refused::scope())
        }
    }

    /// Whether it may write to a calendar that `role` opens: the scope for owned calendars is for those alone.
    pub(super) fn check_write(&self, role: Role) -> Result<(), Refused> {
        let owned = role == Role::Owner && self.has_one_of(&["calendar.events.owned"]);
        if !(owned || self.has_one_of(&["calendar", "calendar.app.created", "calendar.events"])) {
            return Err(Refused::scope());
        }
        if role < Role::Writer { Err(Refused::access_level()) } else { Ok(()) }
    }
}

/// Whether it is for everybody, where the calendar is.
fn is_public(endpoint: Endpoint) -> bool {
    use Endpoint::{Calendar, Colors, Event, Events, FreeBusy, Instances};
    matches!(endpoint, Events | Event | Instances | Colors | Calendar | FreeBusy)
}

const OWNED_READONLY: &str = "calendar.events.owned.readonly";
const READ_ALL: &[&str] =
    &["calendar", "calendar.app.created", "calendar.events", "calendar.events.readonly", "calendar.readonly"];

/// The scopes an endpoint takes, as its description lists them.
fn allowing(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::CalendarList => {
            &["calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"]
        }
        Endpoint::CalendarListEntry => &[
            "calendar",
            "calendar.app.created",
            "calendar.calendarlist",
            "calendar.calendarlist.readonly",
            "calendar.readonly",
        ],
        Endpoint::Calendar => &[
            "calendar",
            "calendar.app.created",
            "calendar.calendars",
            "calendar.calendars.readonly",
            "calendar.readonly",
        ],
        Endpoint::Colors => &[
            "calendar",
            "calendar.app.created",
            "calendar.calendarlist",
            "calendar.calendarlist.readonly",
            "calendar.events.freebusy",
            "calendar.events.owned",
            OWNED_READONLY,
            "calendar.events.public.readonly",
            "calendar.readonly",
        ],
        Endpoint::Events | Endpoint::Event | Endpoint::Instances => &[
            "calendar",
            "calendar.app.created",
            "calendar.events",
            "calendar.events.freebusy",
            "calendar.events.owned",
            OWNED_READONLY,
            "calendar.events.public.readonly",
            "calendar.events.readonly",
            "calendar.readonly",
        ],
        Endpoint::Insert | Endpoint::Patch | Endpoint::Update | Endpoint::Delete => {
            &["calendar", "calendar.app.created", "calendar.events", "calendar.events.owned"]
        }
        Endpoint::FreeBusy => {
            &["calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"]
        }
    }
}
