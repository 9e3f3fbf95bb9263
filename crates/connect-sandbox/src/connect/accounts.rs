//! The accounts of a user: connection status, disconnecting an account, and listing the calendars.

use crate::call::Call;
use crate::connect::Connect;
use crate::connect::oauth::Scope;
use crate::reply::{Problem, Reply, ok};
use crate::world::provider::Provider;
use crate::world::time;
use crate::world::users::Connection;
use http::StatusCode;
use serde_json::{Map, Value, json};

impl Connect<'_> {
    pub(crate) fn connection_status(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        let user = self.world.users.get(&principal.user);
        let accounts = |provider: Provider| {
            let connection = user.and_then(|connections| connections.get(&provider));
            let accounts: Vec<_> =
                connection.into_iter().map(|connection| self.status_of(provider, connection)).collect();
            (provider.name().to_owned(), json!(accounts))
        };
        let connections: Map<_, _> = Provider::ALL.into_iter().map(accounts).collect();
        let full = self.world.limit_reached(&principal.user);
        Ok(ok(&json!({ "connections": connections, "limitReached": full })))
    }

    /// Disconnects an account. Succeeds even if the user has no account of the provider.
    ///
    /// Returns a 404 if the request has the parameter `account` and the user has not connected this account.
    pub(crate) fn disconnect(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        // SDKs send `{}`, `[]` or no body. The sandbox ignores the content of the body.
        let body = serde_json::from_slice(call.body());
        if !(call.body().is_empty() || matches!(body, Ok(Value::Object(_) | Value::Array(_)))) {
            return Err(Problem::bad_request("The body must be empty, a JSON object or a JSON array"));
        }
        let name = call
            .query("provider")
            .ok_or_else(|| Problem::invalid_field("provider", "provider is required"))?;
        let provider = Provider::parse(name)
            .ok_or_else(|| Problem::invalid_field("provider", "provider is not supported"))?;
        let connections = self.world.users.entry(principal.user.clone()).or_default();
        let connected = connections.get(&provider).map(|connection| connection.account.as_str());
        if call.query("account").is_some_and(|account| connected != Some(account)) {
            return Err(Problem::not_found("Account not found"));
        }
        self.world.disconnect_account(&principal.user, provider);
        Ok(ok(&json!({ "success": true, "message": format!("Disconnected {}", provider.title()) })))
    }

    pub(crate) fn list_calendars(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        if principal.scope == Scope::FreeBusy {
            let error = "Calendar list access is forbidden for free-busy scope";
            return Err(Problem::new(StatusCode::FORBIDDEN, json!({ "error": error })));
        }
        let calendars = self.permitted(&principal.user, |_| true)?.into_values().flatten();
        let calendars: Vec<_> = calendars.map(|calendar| calendar.info.clone()).collect();
        Ok(ok(&Value::Array(calendars)))
    }

    fn status_of(&self, provider: Provider, connection: &Connection) -> Value {
        let by_switch = self.world.settings.connect.reauth.as_str() == provider.name();
        let changed = if by_switch { self.own.reauth_since } else { self.world.anchor };
        let sync_state = self.world.sync_state(provider, connection);
        let granted = connection.granted.map(|_| !self.withholds(provider, connection));
        let mut scopes = provider.granted_scopes().to_vec();
        if granted == Some(false) {
            scopes.retain(|scope| !scope.to_ascii_lowercase().contains("calendar"));
        }
        json!({
            "id": connection.account,
            "display": connection.account,
            "grantedScopes": scopes,
            "calendarPermissionGranted": granted,
            "syncState": sync_state,
            "syncStateUpdatedAt": changed.filter(|_| sync_state != "active").map(time::wire),
        })
    }
}
