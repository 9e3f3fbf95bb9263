//! Users, their connected accounts, and the calendars behind them. No user sees another's.

use crate::demo;
use crate::events::Calendar;
use crate::oauth::Scope;
use crate::provider::Provider;
use crate::random::hash;
use crate::reply::{Problem, Reply, ok};
use crate::sandbox::{Call, Sandbox};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) type Users = BTreeMap<String, User>;

/// One user of the application.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) connections: BTreeMap<Provider, Connection>,
}

/// An account of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) account: String,
    /// Filled when they are first asked for.
    pub(crate) calendars: Option<Vec<Calendar>>,
}

impl Sandbox {
    /// Creates the user, unless there is one.
    pub(crate) fn load_user(&mut self, id: &str) {
        if !self.users.contains_key(id) {
            self.users.insert(id.to_owned(), User::default());
            self.stats.users += 1;
        }
    }

    /// Connects one demo account of each provider; connected ones stay as they are.
    pub(crate) fn connect(&mut self, id: &str, providers: &[Provider]) {
        let Some(user) = self.users.get_mut(id) else { return };
        for provider in providers {
            let fresh = || Connection { account: account(id, *provider), calendars: None };
            user.connections.entry(*provider).or_insert_with(fresh);
        }
    }

    /// The user's connections, with their calendars there.
    pub(crate) fn connections(&mut self, id: &str) -> Option<&mut BTreeMap<Provider, Connection>> {
        let (seed, anchor) = (self.settings.number("seed"), self.anchor.unwrap_or_default());
        let user = self.users.get_mut(id)?;
        for (provider, connection) in &mut user.connections {
            let fill = || {
                demo::calendars(
                    &demo::Owner { seed, user: id, account: &connection.account, anchor },
                    *provider,
                )
            };
            connection.calendars.get_or_insert_with(fill);
        }
        Some(&mut user.connections)
    }

    pub(crate) fn connection_status(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        let user = self.users.get(&visitor.user);
        let accounts = |provider: Provider| {
            let connection = user.and_then(|user| user.connections.get(&provider));
            let accounts: Vec<_> =
                connection.into_iter().map(|connection| status_of(provider, connection)).collect();
            (provider.name().to_owned(), json!(accounts))
        };
        let connections: Map<_, _> = Provider::ALL.into_iter().map(accounts).collect();
        Ok(ok(&json!({ "connections": connections, "limitReached": false })))
    }

    /// A provider that is not connected is a success too; an account that is not there is not found.
    pub(crate) fn disconnect(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        let name = call
            .query("provider")
            .ok_or_else(|| Problem::invalid_field("provider", "provider is required"))?;
        let provider = Provider::parse(name)
            .ok_or_else(|| Problem::invalid_field("provider", "provider is not supported"))?;
        let connections = self.users.entry(visitor.user).or_default();
        let connected = connections.connections.get(&provider).map(|connection| connection.account.as_str());
        if call.query("account").is_some_and(|account| connected != Some(account)) {
            return Err(Problem::not_found("Account not found"));
        }
        connections.connections.remove(&provider);
        Ok(ok(&json!({ "success": true, "message": format!("Disconnected {}", provider.title()) })))
    }

    pub(crate) fn list_calendars(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        if visitor.scope == Scope::FreeBusy {
            let error = "Calendar list access is forbidden for free-busy scope";
            return Err(Problem::new(StatusCode::FORBIDDEN, json!({ "error": error })));
        }
        let connections = self.connections(&visitor.user).into_iter().flatten();
        let calendars = connections.flat_map(|(_, connection)| connection.calendars.iter().flatten());
        let calendars: Vec<_> = calendars.map(|calendar| calendar.info.clone()).collect();
        Ok(ok(&Value::Array(calendars)))
    }
}

fn status_of(provider: Provider, connection: &Connection) -> Value {
    let scopes = provider.granted_scopes();
    json!({
        "id": connection.account,
        "display": connection.account,
        "grantedScopes": scopes,
        "calendarPermissionGranted": (!scopes.is_empty()).then_some(true),
        "syncState": "active",
        "syncStateUpdatedAt": null,
    })
}

/// An e-mail address that says whose account it is.
fn account(user: &str, provider: Provider) -> String {
    let plain: String =
        user.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(24).collect();
    let name = if plain == user { plain } else { format!("{plain}{:06x}", hash(0, user) & 0xff_ffff) };
    let host = match provider {
        Provider::Google => "gmail",
        Provider::Microsoft => "outlook",
        Provider::Apple => "icloud",
        Provider::Caldav => "fastmail",
    };
    format!("{name}@{host}.example")
}
