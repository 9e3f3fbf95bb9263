//! The endpoint `/me`: the profile of the signed-in user.

use super::Graph;
use super::access::Principal;
use super::error::ApiError;
use super::query::{self, option};
use crate::call::Call;
use crate::microsoft::openid::user_id;
use crate::oauth_server::names;
use crate::reply::{Reply, ok};
use serde_json::{Map, json};

impl Graph<'_> {
    /// Returns the default properties of the user, or those that `$select` names.
    ///
    /// A property that the user does not have is null.
    pub(super) fn me(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        query::only(call, &["$top", "$skip", "$orderby", "$expand", "$filter", "$skiptoken", "$deltatoken"])?;
        let account = &principal.account;
        let names = names(account);
        let mut all = json!({
            "businessPhones": [],
            "displayName": names["name"],
            "givenName": names.get("given_name"),
            "jobTitle": null,
            "mail": account,
            "mobilePhone": null,
            "officeLocation": null,
            "preferredLanguage": null,
            "surname": names.get("family_name"),
            "userPrincipalName": account,
            "id": user_id(account, &self.world.settings),
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
