//! Who a bearer is, and what the scope of the sign-in lets it do.

use super::grants::Bearer;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::Problem;
use crate::settings::{ExpiredBody, WriteDenied};
use crate::world::users::UserKey;
use http::StatusCode;
use serde_json::json;

/// What a sign-in may do. It is chosen at authorize and inherited by every refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    FreeBusy,
    Read,
    ReadWrite,
}

/// The user behind a request, and the scope of the sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) user: UserKey,
    pub(crate) scope: Scope,
}

impl Scope {
    /// Reads the parameter of authorize. `calendar` is what two official SDKs send in place of the default.
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
    /// The signed-in user, or a 401 in the style of `expired_body`.
    pub(crate) fn visitor(&mut self, call: &Call) -> Result<Visitor, Problem> {
        let token = call.credentials("bearer").filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| self.unauthorized("Missing access token"))?;
        match self.own.grants.bearer(token, call.now) {
            Bearer::Valid { user, scope } => Ok(Visitor { user, scope }),
            Bearer::Expired => {
                self.world.stats.expired_answers += 1;
                Err(self.unauthorized("Access token expired"))
            }
            Bearer::Unknown => Err(self.unauthorized("Invalid access token")),
        }
    }

    /// The same for a write, which needs the scope for it.
    pub(crate) fn writer(&mut self, call: &Call) -> Result<Visitor, Problem> {
        let visitor = self.visitor(call)?;
        if visitor.scope == Scope::ReadWrite {
            return Ok(visitor);
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
