//! Authenticates callers, checks scopes, and limits concurrent requests. The limit applies to the requests of
//! one application to one mailbox.

use super::Endpoint;
use super::Graph;
use super::error::ApiError;
use crate::call::Call;
use crate::microsoft::oauth::short_scope;
use crate::oauth_server::AuthorizationServer::Microsoft;
use crate::oauth_server::{InvalidToken, ProviderToken};
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The authenticated caller, who owns the mailbox.
pub(super) struct Principal {
    pub(super) account: String,
    /// The client id of the application.
    pub(super) client: String,
}

/// The client id of an application and the account of the mailbox.
pub(crate) type Caller = (String, String);

/// The end times of the requests in flight, by caller. An end time is `Timestamp::MAX` until
/// [`Graph::request_ended`] sets it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct InFlight(#[serde(with = "crate::stored::pairs")] BTreeMap<Caller, Vec<Timestamp>>);

impl Graph<'_> {
    pub(super) fn authenticate(&mut self, endpoint: Endpoint, call: &Call) -> Result<Principal, ApiError> {
        let token = self.bearer_token(call)?;
        let has = |scope: &str| token.scopes.iter().any(|one| short_scope(one) == scope);
        let calendars = has("calendars.readwrite") || (endpoint.reads() && has("calendars.read"));
        let may = match endpoint {
            Endpoint::Me => calendars || has("user.read") || has("user.readwrite"),
            Endpoint::MailboxSettings => has("mailboxsettings.read") || has("mailboxsettings.readwrite"),
            Endpoint::UpdateMailbox => has("mailboxsettings.readwrite"),
            _ => calendars,
        };
        if may {
            Ok(Principal { account: token.user, client: token.client_id })
        } else {
            Err(ApiError::access_denied())
        }
    }

    /// Returns the access token of a call without checking the token's scopes.
    pub(super) fn bearer_token(&self, call: &Call) -> Result<ProviderToken, ApiError> {
        if !call.request.headers().contains_key(AUTHORIZATION) {
            return Err(ApiError::no_token("Access token is empty."));
        }
        let token = call.credentials("bearer").ok_or(InvalidToken::Unknown);
        let token = token.and_then(|token| self.tokens.bearer(token, Microsoft, call.now));
        token.map_err(|invalid| {
            ApiError::no_token(match invalid {
                InvalidToken::Unknown => "CompactToken parsing failed with error code: 80049217",
                InvalidToken::Expired => "Lifetime validation failed, the token is expired.",
            })
        })
    }

    fn caller(&self, call: &Call) -> Option<Caller> {
        let token = self.tokens.find(call.credentials("bearer")?)?;
        (token.server == Microsoft).then_some((token.client_id, token.user))
    }

    /// Records the start of a request. The request is in flight until the time that [`Graph::request_ended`]
    /// sets.
    pub(crate) fn request_started(&mut self, call: &Call) -> Option<Caller> {
        let caller = self.caller(call)?;
        let all = self.own.in_flight.0.entry(caller.clone()).or_default();
        all.retain(|end| *end > call.now);
        all.push(Timestamp::MAX);
        let count = all.len() as u64;
        let most = self.world.stats.most_at_once.entry(caller.1.clone()).or_default();
        *most = count.max(*most);
        Some(caller)
    }

    /// Records that the response of a request is sent at `end`.
    pub(crate) fn request_ended(&mut self, caller: &Caller, end: Timestamp) {
        let all = self.own.in_flight.0.get_mut(caller);
        if let Some(one) = all.and_then(|all| all.iter_mut().find(|one| **one == Timestamp::MAX)) {
            *one = end;
        }
    }

    /// Fails if the caller has more requests in flight than the switch `graph_concurrency` allows.
    pub(super) fn check_concurrency(&self, call: &Call) -> Result<(), ApiError> {
        let most = self.world.settings.microsoft.concurrency;
        let caller = self.caller(call);
        let count = caller.and_then(|caller| self.own.in_flight.0.get(&caller)).map_or(0, Vec::len);
        if most.is_some_and(|most| count as u64 > most) {
            return Err(
                ApiError::too_many_concurrent().with_retry_after(self.world.settings.microsoft.retry_after)
            );
        }
        Ok(())
    }
}
