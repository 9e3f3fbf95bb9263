//! Who calls, and what they may do: an access token of the sandbox's own Microsoft with its scopes. And how many of one
//! application's requests a mailbox has to do with at once.

use super::Endpoint;
use super::Graph;
use super::refused::Refused;
use crate::oauth_server::{AuthorizationServer, ProviderToken};
use crate::sandbox::Call;
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

const GRAPH: &str = "https://graph.microsoft.com/";

impl Graph<'_> {
    pub(super) fn visitor(&mut self, endpoint: Endpoint, call: &Call) -> Result<Visitor, Refused> {
        let token = self.sign_in(call)?;
        let has = |scope: &str| token.scopes.iter().any(|one| plain(one) == scope);
        let may = has("calendars.readwrite") || (endpoint.reads() && has("calendars.read"));
        if may { Ok(Visitor { account: token.user }) } else { Err(Refused::access_denied()) }
    }

    /// The token of a call, whatever it may do.
    pub(super) fn sign_in(&self, call: &Call) -> Result<ProviderToken, Refused> {
        let header = call.request.headers().get(AUTHORIZATION);
        let header = header.ok_or_else(|| Refused::no_token("Access token is empty."))?;
        let malformed = || Refused::no_token("CompactToken parsing failed with error code: 80049217");
        let token = header.to_str().ok().and_then(bearer).ok_or_else(malformed)?;
        let token = self.token(token).ok_or_else(malformed)?;
        if token.expires.is_some_and(|expires| call.now >= expires) {
            return Err(Refused::no_token("Lifetime validation failed, the token is expired."));
        }
        Ok(token)
    }

    fn token(&self, token: &str) -> Option<ProviderToken> {
        self.tokens.find(token).filter(|token| token.server == AuthorizationServer::Microsoft)
    }

    fn caller(&self, call: &Call) -> Option<Caller> {
        let token = self.token(bearer(call.header(AUTHORIZATION)?)?)?;
        Some((token.client_id, token.user))
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

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Without Graph's address, and without case.
fn plain(scope: &str) -> String {
    scope.strip_prefix(GRAPH).unwrap_or(scope).to_ascii_lowercase()
}
