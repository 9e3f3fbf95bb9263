//! The control calls `/sandbox/providers`, for applications of Google, Microsoft and Apptoto.

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
            json!({ "apps": apps.iter().map(|app| self.app_json(server, app)).collect::<Vec<_>>() })
        };
        let all = AuthorizationServer::ALL.map(|server| (server.name().to_owned(), of(server)));
        ok(&Value::Object(all.into_iter().collect()))
    }

    pub(crate) fn create_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let edit = ProviderAppEdit::read(body)?;
        let (server, mut app) = (edit.provider, OAuthApp::new("", ""));
        edit.apply(&mut app)?;
        let made = self.register_provider_app(server, app).map_err(refused)?;
        Ok(json_reply(StatusCode::CREATED, &self.app_json(server, &made)))
    }

    /// Edits an application. Missing fields stay unchanged.
    pub(crate) fn edit_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let edit = ProviderAppEdit::read(body)?;
        let (server, id) = (edit.provider, required_id(edit.client_id.clone())?);
        let unknown = || refused(AppError::Unknown(id.clone()));
        let mut app = self.provider_app(server, &id).ok_or_else(unknown)?;
        edit.apply(&mut app)?;
        self.update_provider_app(server, &id, app).map_err(refused)?;
        let edited = self.provider_apps(server).into_iter().find(|app| app.client_id == id);
        Ok(ok(&self.app_json(server, &edited.ok_or_else(unknown)?)))
    }

    pub(crate) fn remove_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let app: ProviderAppId = read(body)?;
        if !self.delete_provider_app(app.provider, &app.client_id) {
            return Err(refused(AppError::Unknown(app.client_id)));
        }
        Ok(ok(&json!({ "success": true })))
    }

    /// Withdraws a user's consent, as a user can do in the settings of the provider.
    pub(crate) fn withdraw_provider_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let ConsentWithdrawal { provider, client_id, user } = read(body)?;
        if self.provider_app(provider, &client_id).is_none() {
            return Err(refused(AppError::Unknown(client_id)));
        }
        let withdrawn = self.withdraw_consent(provider, &client_id, &user);
        Ok(ok(&json!({ "success": true, "withdrawn": withdrawn })))
    }

    fn app_json(&self, server: AuthorizationServer, credentials: &OAuthCredentials) -> Value {
        let app = self.provider_app(server, &credentials.client_id);
        let mut app_json = json!({
            "clientId": credentials.client_id,
            "clientSecret": credentials.client_secret,
            "redirectUri": credentials.redirect_uri,
            "name": app.as_ref().map(|app| &app.name),
            "redirectUris": app.as_ref().map(|app| &app.redirect_uris),
            "public": app.as_ref().map(|app| app.client_type == ClientType::Public),
        });
        if server.rules().registers_scopes() {
            app_json["scopes"] = json!(app.map(|app| app.scopes));
        }
        app_json
    }
}

/// The body of a request to register or edit an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProviderAppEdit {
    provider: AuthorizationServer,
    client_id: Option<String>,
    name: Option<String>,
    /// A short form of `redirect_uris` with one URI.
    redirect_uri: Option<String>,
    redirect_uris: Option<Vec<String>>,
    public: Option<bool>,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProviderAppId {
    provider: AuthorizationServer,
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConsentWithdrawal {
    provider: AuthorizationServer,
    client_id: String,
    user: String,
}

impl ProviderAppEdit {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let edit: Self = read(body)?;
        match (&edit.redirect_uri, &edit.redirect_uris) {
            (Some(_), Some(_)) => Err(Problem::bad_request(
                "redirectUri and redirectUris are both given (expected one of them)",
            )),
            _ => Ok(edit),
        }
    }

    fn apply(self, app: &mut OAuthApp) -> Result<(), Problem> {
        if self.scopes.is_some() && !self.provider.rules().registers_scopes() {
            let servers = AuthorizationServer::ALL.into_iter().filter(|one| one.rules().registers_scopes());
            let servers: Vec<_> = servers.map(AuthorizationServer::name).collect();
            let message = format!("scopes can only be set for {}", servers.join(" and "));
            return Err(Problem::bad_request(&message));
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

fn required_id(client_id: Option<String>) -> Result<String, Problem> {
    client_id.ok_or_else(|| Problem::bad_request("clientId is required"))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(super::refused)
}
