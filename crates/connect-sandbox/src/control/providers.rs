//! `/sandbox/providers`: the consoles of Google, Microsoft and Apptoto, where applications are registered.

use super::apps::refused;
use crate::oauth_server::{AuthorizationServer, ClientType, OAuthApp, OAuthCredentials};
use crate::reply::{Problem, Reply, json_reply, ok};
use crate::sandbox::Sandbox;
use crate::world::apps::AppError;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

impl Sandbox {
    pub(crate) fn list_providers(&self) -> Reply {
        let of = |server| {
            let apps = self.provider_apps(server);
            json!({ "apps": apps.iter().map(|app| self.shown(server, app)).collect::<Vec<_>>() })
        };
        let all = AuthorizationServer::ALL.map(|server| (server.name().to_owned(), of(server)));
        ok(&Value::Object(all.into_iter().collect()))
    }

    pub(crate) fn create_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let change = Change::read(body)?;
        let (server, mut app) = (change.provider, OAuthApp::new("", ""));
        change.apply(&mut app)?;
        let made = self.register_provider_app(server, app).map_err(refused)?;
        Ok(json_reply(StatusCode::CREATED, &self.shown(server, &made)))
    }

    /// What is not named stays.
    pub(crate) fn edit_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let change = Change::read(body)?;
        let (server, id) = (change.provider, named(change.client_id.clone())?);
        let unknown = || refused(AppError::Unknown(id.clone()));
        let mut app = self.provider_app(server, &id).ok_or_else(unknown)?;
        change.apply(&mut app)?;
        self.update_provider_app(server, &id, app).map_err(refused)?;
        let edited = self.provider_apps(server).into_iter().find(|app| app.client_id == id);
        Ok(ok(&self.shown(server, &edited.ok_or_else(unknown)?)))
    }

    pub(crate) fn remove_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let named: Named = read(body)?;
        if !self.delete_provider_app(named.provider, &named.client_id) {
            return Err(refused(AppError::Unknown(named.client_id)));
        }
        Ok(ok(&json!({ "success": true })))
    }

    /// What the user takes back in the settings of their account.
    pub(crate) fn withdraw_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let Consent { provider, client_id, user } = read(body)?;
        if self.provider_app(provider, &client_id).is_none() {
            return Err(refused(AppError::Unknown(client_id)));
        }
        let withdrawn = self.withdraw_consent(provider, &client_id, &user);
        Ok(ok(&json!({ "success": true, "withdrawn": withdrawn })))
    }

    fn shown(&self, server: AuthorizationServer, credentials: &OAuthCredentials) -> Value {
        let app = self.provider_app(server, &credentials.client_id);
        let mut shown = json!({
            "clientId": credentials.client_id,
            "clientSecret": credentials.client_secret,
            "redirectUri": credentials.redirect_uri,
            "name": app.as_ref().map(|app| &app.name),
            "redirectUris": app.as_ref().map(|app| &app.redirect_uris),
            "public": app.as_ref().map(|app| app.client_type == ClientType::Public),
        });
        if server.rules().registers_scopes() {
            shown["scopes"] = json!(app.map(|app| app.scopes));
        }
        shown
    }
}

/// What a caller names of an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    provider: AuthorizationServer,
    client_id: Option<String>,
    name: Option<String>,
    /// The only one.
    redirect_uri: Option<String>,
    redirect_uris: Option<Vec<String>>,
    public: Option<bool>,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    provider: AuthorizationServer,
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Consent {
    provider: AuthorizationServer,
    client_id: String,
    user: String,
}

impl Change {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let change: Self = read(body)?;
        match (&change.redirect_uri, &change.redirect_uris) {
            (Some(_), Some(_)) => {
                Err(Problem::bad_request("redirectUri and redirectUris exclude each other"))
            }
            _ => Ok(change),
        }
    }

    fn apply(self, app: &mut OAuthApp) -> Result<(), Problem> {
        if self.scopes.is_some() && !self.provider.rules().registers_scopes() {
            let takers = AuthorizationServer::ALL.into_iter().filter(|one| one.rules().registers_scopes());
            let takers: Vec<_> = takers.map(AuthorizationServer::name).collect();
            return Err(Problem::bad_request(&format!("scopes are for {} alone", takers.join(" and "))));
        }
        app.name = self.name.unwrap_or_else(|| app.name.clone());
        let uris = self.redirect_uri.map(|uri| vec![uri]).or(self.redirect_uris);
        app.redirect_uris = uris.unwrap_or_else(|| app.redirect_uris.clone());
        app.scopes = self.scopes.unwrap_or_else(|| app.scopes.clone());
        app.client_type = match self.public {
            None => app.client_type,
            Some(true) => ClientType::Public,
            Some(false) => ClientType::Confidential,
        };
        Ok(())
    }
}

fn named(client_id: Option<String>) -> Result<String, Problem> {
    client_id.ok_or_else(|| Problem::bad_request("clientId is required"))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(super::refused)
}
