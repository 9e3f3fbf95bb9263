//! Microsoft Graph v1.0, its calendars, under `/microsoft/graph/v1.0`, over the same calendars that Connect shows of its
//! Outlook accounts.
//!
//! ```text
//! request ──▶ access: token, and how many at once ──▶ limits ──▶ place: which calendar ──▶ list, delta, write, ...
//!                                                                     │ before and after
//!                                                                     ▼
//!                                                                  ledger: what has changed, from either side
//! ```
//!
//! - [`access`], [`refused`]: who may do what, and Graph's form of an error.
//! - [`prefer`], [`query`], [`style`]: what a caller asks for beside the path.
//! - [`resource`], [`body`], [`recurrence`], [`times`], [`zones`], [`extensions`]: an event in Graph's words, and back.
//! - [`list`], [`delta`]: pages, and what has changed since a delta link.
//!
//! `$filter`, `$search`, `$count`, batches, subscriptions, attachments, calendar groups, the calendars of other users, and
//! answering invitations are not there.

mod access;
mod body;
mod calendars;
mod delta;
mod extensions;
mod list;
mod original;
mod place;
mod prefer;
mod query;
mod recurrence;
mod refused;
mod resource;
mod routes;
mod schedule;
mod style;
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
use access::UnderWay;
use http::{HeaderName, HeaderValue};
pub(crate) use original::{online_meeting, original};
use refused::{Form, Refused};
pub(crate) use routes::ROUTES;

/// An endpoint of Graph.
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
    Instances,
    Schedule,
}

impl Endpoint {
    fn reads(self) -> bool {
        !matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

/// Microsoft Graph, over the world.
pub(crate) struct Graph<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
    pub(crate) tokens: &'a Issued,
}

/// What Graph keeps of its own.
#[derive(Debug)]
pub(crate) struct State {
    under_way: UnderWay,
    /// Calls while the switch `graph_limit` is on.
    limited: Count,
    /// For the ids of requests, which move nothing else.
    random: Random,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            under_way: UnderWay::default(),
            limited: Count::default(),
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

    /// The answer where there is nothing, or nothing but other methods.
    pub(crate) fn unknown(&mut self, methods: &str, call: &Call) -> Reply {
        let refused = match self.sign_in(call) {
            Err(refused) => refused,
            Ok(_) if methods.is_empty() => {
                Refused::segment(Route::unknown_segment(call.request.uri().path()))
            }
            Ok(_) => Refused::method_not_allowed(),
        };
        self.reply(Err(refused), call)
    }

    fn reply(&mut self, served: Result<Reply, Refused>, call: &Call) -> Reply {
        let request = self.own.random.uuid();
        let client_request = call.header(CLIENT_REQUEST_ID).unwrap_or(&request).to_owned();
        let refused = served.is_err();
        let mut reply = served.unwrap_or_else(|refused| {
            let form = Form {
                inner: self.world.settings.microsoft.inner_error.as_str(),
                nested: self.world.settings.microsoft.error_codes == ErrorCodes::Nested,
                date: call.now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                request: &request,
                client_request: &client_request,
            };
            refused.reply(&form)
        });
        let mut head = |name, text: &str| {
            reply.headers_mut().extend(HeaderValue::from_str(text).ok().map(|value| (name, value)));
        };
        head(REQUEST_ID, &request);
        head(CLIENT_REQUEST_ID, &client_request);
        let applied = self.preferences(call).map(|preferences| preferences.applied).unwrap_or_default();
        if !(refused || applied.is_empty()) {
            head(PREFERENCE_APPLIED, &applied.join(", "));
        }
        reply
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, Refused> {
        let visitor = self.visitor(endpoint, call)?;
        self.check_crowd(call)?;
        self.limit()?;
        match endpoint {
            Endpoint::Calendars => self.calendars(&visitor, call),
            Endpoint::Calendar => self.calendar(&visitor, call),
            Endpoint::CalendarView => self.calendar_view(&visitor, call),
            Endpoint::Delta => self.delta(&visitor, call),
            Endpoint::Events => self.events(&visitor, call),
            Endpoint::Instances => self.instances(&visitor, call),
            Endpoint::Event => self.event(&visitor, call),
            Endpoint::Create => self.create(&visitor, call),
            Endpoint::Update => self.update(&visitor, call),
            Endpoint::Delete => self.delete(&visitor, call),
            Endpoint::Schedule => self.schedule(&visitor, call),
        }
    }

    /// The switches `graph_limit` and `graph_limit_every`.
    fn limit(&mut self) -> Result<(), Refused> {
        let Some(limit) = Refused::limit(self.world.settings.microsoft.limit) else { return Ok(()) };
        let refuses = self.own.limited.refuses(self.world.settings.microsoft.limit_every.0);
        if refuses { Err(limit.with_retry_after(self.world.settings.microsoft.retry_after)) } else { Ok(()) }
    }
}
