//! Calendar access that a user withheld while connecting an account.

use crate::connect::Connect;
use crate::reply::Problem;
use crate::world::provider::Provider;
use crate::world::users::{Connection, UserKey};
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;

impl Connect<'_> {
    /// The accounts of the providers a request is about, as far as they gave calendar access. When none of them did, the
    /// answer is the documented 403.
    pub(crate) fn permitted(
        &mut self,
        user: &UserKey,
        about: impl Fn(Provider) -> bool,
    ) -> Result<BTreeMap<Provider, &mut Connection>, Problem> {
        let connected = self.world.users.get(user).into_iter().flatten();
        let (withheld, open): (Vec<_>, Vec<_>) = connected
            .filter(|(provider, _)| about(**provider))
            .partition(|(provider, connection)| self.withholds(**provider, connection));
        if !withheld.is_empty() && open.is_empty() {
            return Err(refused(&withheld));
        }
        let open: Vec<_> = open.into_iter().map(|(provider, _)| *provider).collect();
        let connections = self.world.connections(user).into_iter().flatten();
        let connections = connections.filter(|(provider, _)| open.contains(provider));
        Ok(connections.map(|(provider, connection)| (*provider, connection)).collect())
    }

    /// Withheld on the page, or by the switch.
    pub(crate) fn withholds(&self, provider: Provider, connection: &Connection) -> bool {
        connection.granted == Some(false)
            || (connection.granted.is_some()
                && self.world.settings.connect.withheld.as_str() == provider.name())
    }
}

fn refused(withheld: &[(&Provider, &Connection)]) -> Problem {
    let account =
        |(provider, one): &(&Provider, &Connection)| json!({ "provider": provider, "account": one.account });
    let accounts: Vec<_> = withheld.iter().map(account).collect();
    let body = json!({
        "error": "Forbidden",
        "code": "calendar_permission_required",
        "message": "Calendar access was not granted for any connected account",
        "accounts": accounts,
    });
    Problem::new(StatusCode::FORBIDDEN, body)
}
