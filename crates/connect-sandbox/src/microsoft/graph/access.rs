//! Who calls, and what they may do: an access token of the sandbox's own Microsoft with its scopes. And how many of one
//! application's requests a mailbox has to do with at once.

use super::Endpoint;
use super::Graph;
use super::refused::Refused;
use crate::call::Call;
use crate::microsoft::oauth::short_scope;
use crate::oauth_server::AuthorizationServer::Microsoft;
use crate::oauth_server::{InvalidToken, ProviderToken};
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Whose mailbox it is.
pub(super) struct Visitor {
    pub(super) account: String,
}

/// An application, and the mailbox it calls for.
pub(crate) type Caller = (String, String);

/// When the requests that are under way end.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(BTreeMap<Caller, Vec<Timestamp>>);

impl Graph<'_> {
    pub(super) fn visitor(&mut self, endpoint: Endpoint, call: &Call) -> Result<Visitor, Refused> {
        let token = self.sign_in(call)?;
        let has = |scope: &str| token.scopes.iter().any(|one| short_scope(one) == scope);
        let may = has("calendars.readwrite") || (endpoint.reads() && has("calendars.read"));
        if may { Ok(Visitor { account: token.user }) } else { Err(Refused::access_denied()) }
    }

    /// The token of a call, whatever it may do.
    pub(super) fn sign_in(&self, call: &Call) -> Result<ProviderToken, Refused> {
        if !call.request.headers().contains_key(AUTHORIZATION) {
            return Err(Refused::no_token("Access token is empty."));
        }
        let token = call.credentials("bearer").ok_or(InvalidToken::Unknown);
        let token = token.and_then(|token| self.tokens.bearer(token, Microsoft, call.now));
        token.map_err(|invalid| {
            Refused::no_token(match invalid {
                InvalidToken::Unknown => "CompactToken parsing failed with error code: 80049217",
                InvalidToken::Expired => "Lifetime validation failed, the token is expired.",
            })
        })
    }

    fn caller(&self, call: &Call) -> Option<Caller> {
        let token = self.tokens.find(call.credentials("bearer")?)?;
        (token.server == Microsoft).then_some((token.client_id, token.user))
    }

    /// A request comes in; it is under way until [`Graph::ends`].
    pub(crate) fn begins(&mut self, call: &Call) -> Option<Caller> {
        let caller = self.caller(call)?;
        let all = self.own.under_way.0.entry(caller.clone()).or_default();
        all.retain(|end| *end > call.now);
        all.push(Timestamp::MAX);
        let count = all.len() as u64;
        let most = self.world.stats.most_at_once.entry(caller.1.clone()).or_default();
        *most = count.max(*most);
        Some(caller)
    }

    /// Its answer is there at `end`.
    pub(crate) fn ends(&mut self, caller: &Caller, end: Timestamp) {
        let all = self.own.under_way.0.get_mut(caller);
        if let Some(one) = all.and_then(|all| all.iter_mut().find(|one| **one == Timestamp::MAX)) {
            *one = end;
        }
    }

    /// The switch `graph_concurrency`.
    pub(super) fn check_crowd(&self, call: &Call) -> Result<(), Refused> {
        let most = self.world.settings.microsoft.concurrency;
        let caller = self.caller(call);
        let count = caller.and_then(|caller| self.own.under_way.0.get(&caller)).map_or(0, Vec::len);
        if most.is_some_and(|most| count as u64 > most) {
            return Err(Refused::crowded().with_retry_after(self.world.settings.microsoft.retry_after));
        }
        Ok(())
    }
}
