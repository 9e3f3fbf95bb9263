//! The control calls `/sandbox/apps`: list, register and edit the applications of Connect.

use crate::reply::{Problem, Reply, json_reply, ok};
use crate::sandbox::Sandbox;
use crate::world::apps::{App, AppError, Registered};
use http::StatusCode;
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::{Value, json};

impl Sandbox {
    pub(crate) fn list_apps(&self) -> Reply {
        let apps: Vec<_> = self.world.all_apps().iter().map(app_json).collect();
        ok(&json!({ "apps": apps }))
    }

    pub(crate) fn create_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let edit = read(body)?;
        let mut app = App::new("", "");
        edit.apply(&mut app);
        let id = self.register(app).map_err(refused)?.client_id;
        self.app_reply(StatusCode::CREATED, &id)
    }

    /// Edits an application. Missing fields stay unchanged; `null` clears an optional field.
    pub(crate) fn edit_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let edit = read(body)?;
        let id = edit.client_id.clone().ok_or_else(|| Problem::bad_request("clientId is required"))?;
        let mut app = self.app(&id).ok_or_else(|| refused(AppError::Unknown(id.clone())))?;
        edit.apply(&mut app);
        self.update_app(&id, app).map_err(refused)?;
        self.app_reply(StatusCode::OK, &id)
    }

    fn app_reply(&self, status: StatusCode, id: &str) -> Result<Reply, Problem> {
        let app = self.world.registered(id).ok_or_else(|| refused(AppError::Unknown(id.to_owned())))?;
        Ok(json_reply(status, &app_json(&app)))
    }
}

/// The body of a request to register or edit an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AppEdit {
    client_id: Option<String>,
    name: Option<String>,
    redirect_uri: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    webhook_url: Option<Option<String>>,
}

impl AppEdit {
    fn apply(self, app: &mut App) {
        app.name = self.name.unwrap_or_else(|| app.name.clone());
        app.redirect_uri = self.redirect_uri.unwrap_or_else(|| app.redirect_uri.clone());
        app.display_name = self.display_name.unwrap_or_else(|| app.display_name.clone());
        app.webhook_url = self.webhook_url.unwrap_or_else(|| app.webhook_url.clone());
    }
}

/// Reads `null` as `Some(None)`, because a missing field is `None`.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn read(body: &[u8]) -> Result<AppEdit, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(&error.to_string()))
}

fn app_json(registered: &Registered) -> Value {
    let mut app = json!(registered.app);
    if let Some(app) = app.as_object_mut() {
        app.insert("clientId".to_owned(), json!(registered.id));
        app.insert("clientSecret".to_owned(), json!(registered.secret));
    }
    app
}

pub(super) fn refused(error: AppError) -> Problem {
    match error {
        AppError::Unknown(_) => Problem::not_found(&error.to_string()),
        other => Problem::bad_request(&other.to_string()),
    }
}
