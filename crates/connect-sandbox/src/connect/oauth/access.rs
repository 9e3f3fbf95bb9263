//! Access token checks: the user of a token, and the scope of the sign-in.

use super::grants::Bearer;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::Problem;
use crate::settings::{ExpiredBody, WriteDenied};
use crate::world::users::UserKey;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The scope of a sign-in. The authorization request sets the scope, and a refresh does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Scope {
    FreeBusy,
    Read,
    ReadWrite,
}

/// The user who sends a request, and the scope of the sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) user: UserKey,
    pub(crate) scope: Scope,
}

impl Scope {
    /// Reads the `scope` of an authorization request. Two official SDKs send `calendar` by default.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("read-write" | "calendar") => Some(Self::ReadWrite),
            Some("read") => Some(Self::Read),
            Some("free-busy") => Some(Self::FreeBusy),
            Some(_) => None,
        }
    }
}

impl Connect<'_> {
    /// Returns the signed-in user, or a 401 with the body that the switch `expired_body` sets.
    pub(crate) fn principal(&mut self, call: &Call) -> Result<Principal, Problem> {
        let token = call.credentials("bearer").filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| self.unauthorized("Missing access token"))?;
        match self.own.grants.bearer(token, call.now) {
            Bearer::Valid { user, scope } => Ok(Principal { user, scope }),
            Bearer::Expired => {
                self.world.stats.expired_answers += 1;
                Err(self.unauthorized("Access token expired"))
            }
            Bearer::Unknown => Err(self.unauthorized("Invalid access token")),
        }
    }

    /// Returns the signed-in user. If the scope is not `read-write`, returns the error that the
    /// switch `write_denied` sets.
    pub(crate) fn principal_for_write(&mut self, call: &Call) -> Result<Principal, Problem> {
        let principal = self.principal(call)?;
        if principal.scope == Scope::ReadWrite {
            return Ok(principal);
        }
        let status = if self.world.settings.connect.write_denied == WriteDenied::Forbidden {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::UNAUTHORIZED
        };
        Err(Problem::documented(status, "Write access denied for current scope"))
    }

    fn unauthorized(&self, message: &str) -> Problem {
        match self.world.settings.connect.expired_body {
            ExpiredBody::Empty => Problem::empty(StatusCode::UNAUTHORIZED),
            ExpiredBody::Error => Problem::new(StatusCode::UNAUTHORIZED, json!({ "error": "Unauthorized" })),
            _ => Problem::documented(StatusCode::UNAUTHORIZED, message),
        }
    }
}
