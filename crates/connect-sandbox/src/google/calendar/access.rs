//! Authenticates callers and checks scopes. A caller sends an API key, or an access token that the simulated
//! Google issued.

use super::Endpoint;
use super::GoogleCalendar;
use super::accounts::Role;
use super::error::ApiError;
use crate::call::Call;
use crate::google::oauth::SCOPE_PREFIX;
use crate::oauth_server::AuthorizationServer;
use crate::settings::NoAuth;
use http::HeaderName;
use http::header::AUTHORIZATION;

/// The authenticated caller.
pub(super) struct Principal {
    /// The account that owns the access token; `None` for an API key.
    pub(super) account: Option<String>,
    /// The client id of the application; `None` for an API key.
    client: Option<String>,
    /// The granted scopes without the prefix `https://www.googleapis.com/auth/`.
    scopes: Vec<String>,
}

/// How much of a calendar a call may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReadAccess {
    /// Only the times at which the owner is busy.
    FreeBusy,
    Details,
}

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

impl GoogleCalendar<'_> {
    /// Authenticates the caller. An access token takes precedence over an API key, but an invalid API key is
    /// always an error.
    pub(super) fn authenticate(&mut self, endpoint: Endpoint, call: &Call) -> Result<Principal, ApiError> {
        let key = call.query_given("key").or_else(|| call.header(API_KEY));
        if key.is_some_and(|key| key != &*self.world.settings.google.api_key) {
            return Err(ApiError::api_key());
        }
        if call.request.headers().contains_key(AUTHORIZATION) {
            let principal = self.bearer(call).ok_or_else(ApiError::credentials)?;
            return if principal.can_call(endpoint) { Ok(principal) } else { Err(ApiError::scope()) };
        }
        if key.is_none() && self.world.settings.google.no_auth == NoAuth::Forbidden {
            return Err(ApiError::unregistered());
        }
        if key.is_none() || !is_public(endpoint) {
            return Err(ApiError::login_required());
        }
        Ok(Principal { account: None, client: None, scopes: Vec::new() })
    }

    /// Returns the account and scopes of a valid access token.
    fn bearer(&self, call: &Call) -> Option<Principal> {
        let token = call.credentials("bearer")?;
        let token = self.tokens.bearer(token, AuthorizationServer::Google, call.now).ok()?;
        let scopes = token.scopes.iter().filter_map(|scope| scope.strip_prefix(SCOPE_PREFIX));
        let scopes = scopes.map(str::to_owned).collect();
        Some(Principal { account: Some(token.user), client: Some(token.client_id), scopes })
    }
}

impl Principal {
    /// Returns the account and the application of a caller who signed in.
    pub(super) fn signed_in(&self) -> Result<(String, String), ApiError> {
        let signed_in = self.account.clone().zip(self.client.clone());
        signed_in.ok_or_else(ApiError::login_required)
    }

    fn can_call(&self, endpoint: Endpoint) -> bool {
        self.scopes.iter().any(|scope| accepted_scopes(endpoint).contains(&scope.as_str()))
    }

    fn has_one_of(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
    }

    /// Returns how much of a calendar the caller may read with its scopes and with its `role` there.
    pub(super) fn read_access(&self, role: Role, public: bool) -> Result<ReadAccess, ApiError> {
        if role == Role::FreeBusyReader {
            return Ok(ReadAccess::FreeBusy);
        }
        let owned = role == Role::Owner && self.has_one_of(&["calendar.events.owned", OWNED_READONLY]);
        let shown = public && self.has_one_of(&["calendar.events.public.readonly"]);
        if self.account.is_none() || self.has_one_of(READ_ALL) || owned || shown {
            Ok(ReadAccess::Details)
        } else if self.has_one_of(&["calendar.events.freebusy"]) {
            Ok(ReadAccess::FreeBusy)
        } else {
            Err(ApiError::scope())
        }
    }

    /// Checks write access. The scope `calendar.events.owned` covers only calendars that the caller owns.
    pub(super) fn check_write(&self, role: Role) -> Result<(), ApiError> {
        let owned = role == Role::Owner && self.has_one_of(&["calendar.events.owned"]);
        if !(owned || self.has_one_of(&["calendar", "calendar.app.created", "calendar.events"])) {
            return Err(ApiError::scope());
        }
        if role < Role::Writer { Err(ApiError::access_level()) } else { Ok(()) }
    }
}

/// Returns whether an API key is enough to read a public calendar through the endpoint.
fn is_public(endpoint: Endpoint) -> bool {
    use Endpoint::{Calendar, Colors, Event, Events, FreeBusy, Instances};
    matches!(endpoint, Events | Event | Instances | Colors | Calendar | FreeBusy)
}

const OWNED_READONLY: &str = "calendar.events.owned.readonly";
const READ_ALL: &[&str] =
    &["calendar", "calendar.app.created", "calendar.events", "calendar.events.readonly", "calendar.readonly"];

/// Returns the scopes that Google's documentation lists for an endpoint.
fn accepted_scopes(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::CalendarList | Endpoint::WatchList => {
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
        Endpoint::Events | Endpoint::Event | Endpoint::Instances | Endpoint::WatchEvents => &[
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
        Endpoint::Move => &["calendar", "calendar.events", "calendar.events.owned"],
        Endpoint::InsertCalendar
        | Endpoint::PatchCalendar
        | Endpoint::UpdateCalendar
        | Endpoint::DeleteCalendar => &["calendar", "calendar.app.created", "calendar.calendars"],
        Endpoint::ClearCalendar => &["calendar", "calendar.calendars"],
        Endpoint::UpdateEntry => &["calendar", "calendar.app.created", "calendar.calendarlist"],
        Endpoint::Settings | Endpoint::Setting => {
            &["calendar", "calendar.readonly", "calendar.settings", "calendar.settings.readonly"]
        }
        Endpoint::Stop => &[
            "calendar",
            "calendar.acls",
            "calendar.acls.readonly",
            "calendar.app.created",
            "calendar.calendarlist",
            "calendar.calendarlist.readonly",
            "calendar.events",
            "calendar.events.freebusy",
            "calendar.events.owned",
            OWNED_READONLY,
            "calendar.events.public.readonly",
            "calendar.events.readonly",
            "calendar.readonly",
            "calendar.settings",
            "calendar.settings.readonly",
        ],
        Endpoint::FreeBusy => {
            &["calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"]
        }
    }
}
