//! Calendar permission, which a user can withhold when connecting an account.

use crate::connect::Connect;
use crate::reply::Problem;
use crate::world::calendar::Calendar;
use crate::world::provider::Provider;
use crate::world::users::{Connection, UserKey};
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;

impl Connect<'_> {
    /// Returns the calendars of accounts with calendar permission and a provider that `about` accepts.
    ///
    /// Returns the documented 403 if the user has accounts with such a provider, but all lack the permission.
    pub(crate) fn permitted(
        &mut self,
        user: &UserKey,
        about: impl Fn(Provider) -> bool,
    ) -> Result<BTreeMap<Provider, &mut Vec<Calendar>>, Problem> {
        let connected = self.world.users.get(user).into_iter().flatten();
        let (withheld, open): (Vec<_>, Vec<_>) = connected
            .filter(|(provider, _)| about(**provider))
            .partition(|(provider, connection)| self.withholds(**provider, connection));
        if !withheld.is_empty() && open.is_empty() {
            return Err(refused(&withheld));
        }
        let open: Vec<_> = open.into_iter().map(|(provider, _)| *provider).collect();
        let mut holders = BTreeMap::new();
        for provider in open {
            self.world.calendars(user, provider); // Creates the calendars on the first use.
            holders.extend(self.world.calendar_holder(user, provider).map(|holder| (provider, holder)));
        }
        let all = self.world.users.iter_mut().flat_map(|(key, connections)| {
            connections.iter_mut().map(move |(provider, connection)| (key, *provider, connection))
        });
        let kept = all.filter(|(key, provider, _)| holders.get(provider) == Some(*key));
        Ok(kept.filter_map(|(_, provider, one)| Some((provider, one.calendars.as_mut()?))).collect())
    }

    /// Whether the user or the switch `withheld` withholds calendar permission for the account.
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
