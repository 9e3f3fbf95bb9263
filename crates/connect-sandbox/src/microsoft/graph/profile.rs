//! The endpoint `/me`: the profile of the signed-in user.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::query::{self, option};
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::world::random::Random;
use serde_json::{Map, json};

/// Returns the id of the user who has this account.
pub(super) fn user_id(account: &str) -> String {
    Random::named(31, &[account]).uuid()
}

impl Graph<'_> {
    /// Returns the default properties of the user, or those that `$select` names.
    ///
    /// A property that the user does not have is null.
    pub(super) fn me(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$top", "$skip", "$orderby", "$expand", "$filter", "$skiptoken", "$deltatoken"])?;
        let account = &principal.account;
        let name = account.split('@').next().unwrap_or_default();
        let mut all = json!({
            "businessPhones": [],
            "displayName": name,
            "givenName": null,
            "jobTitle": null,
            "mail": account,
            "mobilePhone": null,
            "officeLocation": null,
            "preferredLanguage": null,
            "surname": null,
            "userPrincipalName": account,
            "id": user_id(account),
        });
        if let Some(select) = option(call, "$select") {
            let named = select.split(',').map(str::trim).filter(|name| !name.is_empty());
            let chosen: Map<_, _> = named.map(|name| (name.to_owned(), all[name].clone())).collect();
            all = json!(chosen);
        }
        all["@odata.context"] = self.context("users/$entity");
        Ok(ok(&all))
    }
}
