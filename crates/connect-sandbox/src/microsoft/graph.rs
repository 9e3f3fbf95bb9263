//! The calendars of Microsoft Graph v1.0, under `/microsoft/graph/v1.0`. Connect and this API serve the same
//! calendars of Outlook accounts.
//!
//! ```text
//! request ──▶ access: token, concurrency ──▶ limits ──▶ place: find the calendar ──▶ list, delta, write, ...
//!                                                                                          │ changes
//!                                                                                          ▼
//!                                                          ledger: changes made through Graph or Connect
//! ```
//!
//! - [`access`], [`error`]: authenticate the caller, check its scopes, and write errors in Graph's format.
//! - [`prefer`], [`query`], [`render_options`]: read the headers and query parameters of a request.
//! - [`resource`], [`body`], [`recurrence`], [`times`], [`zones`], [`extensions`]: write and read events as
//!   Graph JSON.
//! - [`write`](mod@write), [`respond`]: write events, and reply to invitations.
//! - [`subscriptions`]: subscriptions, the validation of receivers, and notifications.
//! - [`mailbox`]: writes to calendars, and the settings of a mailbox.
//! - [`list`], [`filter`], [`delta`]: list events in pages, and list the changes since a delta link.
//!
//! Not implemented: `$search`, `$count`, batches, attachments, calendar groups,
//! calendars of other users, and proposals of new times.

mod access;
mod body;
mod calendars;
mod delta;
mod error;
mod extensions;
mod filter;
mod list;
mod mailbox;
mod original;
mod place;
mod prefer;
mod profile;
mod query;
mod recurrence;
mod render_options;
mod resource;
mod respond;
mod routes;
mod schedule;
mod subscriptions;
mod text;
mod times;
mod write;
mod zones;

use crate::call::Call;
use crate::oauth_server::Issued;
use crate::reply::Reply;
use crate::route::Route;
use crate::settings::ErrorCodes;
use crate::world::World;
use crate::world::limit::Count;
use crate::world::random::Random;
use access::InFlight;
use error::{ApiError, ErrorFormat};
use http::{HeaderName, HeaderValue};
pub(crate) use original::{online_meeting, original};
pub(crate) use routes::ROUTES;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
pub(crate) use subscriptions::GraphSubscription;
pub use subscriptions::Validation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Calendars,
    Calendar,
    CalendarView,
    Delta,
    Events,
    Event,
    Create,
    Update,
    Delete,
    /// Replies to an invitation with this status.
    Respond(&'static str),
    Instances,
    Schedule,
    CreateCalendar,
    UpdateCalendar,
    DeleteCalendar,
    Me,
    MailboxSettings,
    UpdateMailbox,
    Subscribe,
    Subscriptions,
    Subscription,
    UpdateSubscription,
    Unsubscribe,
    Reauthorize,
}

impl Endpoint {
    fn reads(self) -> bool {
        let writes = matches!(self, Self::Create | Self::Update | Self::Delete | Self::Respond(_));
        !(writes || matches!(self, Self::CreateCalendar | Self::UpdateCalendar | Self::DeleteCalendar))
    }
}

/// The Microsoft Graph service, with the shared world and its own state.
pub(crate) struct Graph<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// The data that only the Graph service has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    in_flight: InFlight,
    /// The number of calls that were made while the switch `graph_limit` was on.
    limited: Count,
    /// The changed settings of the mailboxes, by account.
    mailboxes: BTreeMap<String, Map<String, Value>>,
    /// The completed validations of the receivers in the current call.
    #[serde(skip)]
    pub(crate) validations: Vec<Validation>,
    /// Generates only request ids, so that the number of requests does not change other random values.
    random: Random,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            in_flight: InFlight::default(),
            limited: Count::default(),
            mailboxes: BTreeMap::new(),
            validations: Vec::new(),
            random: Random::named(seed, &["graph"]),
        }
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

impl Graph<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        let served = self.serve_endpoint(endpoint, call);
        self.reply(served, call)
    }

    /// Returns the error for an unsupported method (405), or for an unknown path (400). `methods` lists the
    /// methods that the path supports, and is empty for an unknown path. If the access token is missing or
    /// invalid, the error is 401.
    pub(crate) fn unknown(&mut self, methods: &str, call: &Call) -> Reply {
        let error = match self.bearer_token(call) {
            Err(error) => error,
            Ok(_) if methods.is_empty() => {
                ApiError::segment(Route::unknown_segment(call.request.uri().path()))
            }
            Ok(_) => ApiError::method_not_allowed(),
        };
        self.reply(Err(error), call)
    }

    fn reply(&mut self, served: Result<Reply, ApiError>, call: &Call) -> Reply {
        let request = self.own.random.uuid();
        let client_request = call.header(CLIENT_REQUEST_ID).unwrap_or(&request).to_owned();
        let failed = served.is_err();
        let mut reply = served.unwrap_or_else(|error| {
            let format = ErrorFormat {
                inner: self.world.settings.microsoft.inner_error.as_str(),
                nested: self.world.settings.microsoft.error_codes == ErrorCodes::Nested,
                date: call.now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                request: &request,
                client_request: &client_request,
            };
            error.reply(&format)
        });
        let mut head = |name, text: &str| {
            reply.headers_mut().extend(HeaderValue::from_str(text).ok().map(|value| (name, value)));
        };
        head(REQUEST_ID, &request);
        head(CLIENT_REQUEST_ID, &client_request);
        let applied = self.preferences(call).map(|preferences| preferences.applied).unwrap_or_default();
        if !(failed || applied.is_empty()) {
            head(PREFERENCE_APPLIED, &applied.join(", "));
        }
        reply
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, ApiError> {
        let principal = self.authenticate(endpoint, call)?;
        self.check_concurrency(call)?;
        self.limit()?;
        match endpoint {
            Endpoint::Calendars => self.calendars(&principal, call),
            Endpoint::Calendar => self.calendar(&principal, call),
            Endpoint::CalendarView => self.calendar_view(&principal, call),
            Endpoint::Delta => self.delta(&principal, call),
            Endpoint::Events => self.events(&principal, call),
            Endpoint::Instances => self.instances(&principal, call),
            Endpoint::Event => self.event(&principal, call),
            Endpoint::Create => self.create(&principal, call),
            Endpoint::Update => self.update(&principal, call),
            Endpoint::Delete => self.delete(&principal, call),
            Endpoint::Respond(status) => self.reply_to_invitation(&principal, call, status),
            Endpoint::Schedule => self.schedule(&principal, call),
            Endpoint::Me => self.me(&principal, call),
            Endpoint::CreateCalendar => self.create_calendar(&principal, call),
            Endpoint::UpdateCalendar => self.update_calendar(&principal, call),
            Endpoint::DeleteCalendar => self.delete_calendar(&principal, call),
            Endpoint::MailboxSettings => self.mailbox_settings(&principal, call),
            Endpoint::UpdateMailbox => self.update_mailbox(&principal, call),
            Endpoint::Subscribe => self.subscribe(&principal, call),
            Endpoint::Subscriptions => self.list_subscriptions(&principal, call),
            Endpoint::Subscription => self.subscription(&principal, call),
            Endpoint::UpdateSubscription => self.update_subscription(&principal, call),
            Endpoint::Unsubscribe => self.unsubscribe(&principal, call),
            Endpoint::Reauthorize => self.reauthorize(&principal, call),
        }
    }

    /// Refuses the calls that the switches `graph_limit` and `graph_limit_every` select.
    fn limit(&mut self) -> Result<(), ApiError> {
        let Some(limit) = ApiError::limit(self.world.settings.microsoft.limit) else { return Ok(()) };
        let refuses = self.own.limited.refuses(self.world.settings.microsoft.limit_every.0);
        if refuses { Err(limit.with_retry_after(self.world.settings.microsoft.retry_after)) } else { Ok(()) }
    }
}
