//! `/sandbox/apps`: the dashboard's list of applications.

use crate::reply::{Problem, Reply, json_reply, ok};
use crate::sandbox::Sandbox;
use crate::world::apps::{App, AppError, Registered};
use http::StatusCode;
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::{Value, json};

impl Sandbox {
    pub(crate) fn list_apps(&self) -> Reply {
        let apps: Vec<_> = self.world.all_apps().iter().map(shown).collect();
        ok(&json!({ "apps": apps }))
    }

    pub(crate) fn create_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let change = read(body)?;
        let mut app = App::new("", "");
        change.apply(&mut app);
        let id = self.register(app).map_err(refused)?.client_id;
        self.answer_app(StatusCode::CREATED, &id)
    }

    /// What is not named stays; `null` clears what is optional.
    pub(crate) fn edit_app(&mut self, body: &[u8]) -> Result<Reply, Problem> {
        let change = read(body)?;
        let id = change.client_id.clone().ok_or_else(|| Problem::bad_request("clientId is required"))?;
        let mut app = self.app(&id).ok_or_else(|| refused(AppError::Unknown(id.clone())))?;
        change.apply(&mut app);
        self.update_app(&id, app).map_err(refused)?;
        self.answer_app(StatusCode::OK, &id)
    }

    fn answer_app(&self, status: StatusCode, id: &str) -> Result<Reply, Problem> {
        let app = self.world.registered(id).ok_or_else(|| refused(AppError::Unknown(id.to_owned())))?;
        Ok(json_reply(status, &shown(&app)))
    }
}

/// What a caller names of an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    client_id: Option<String>,
    name: Option<String>,
    redirect_uri: Option<String>,
    #[serde(default, deserialize_with = "named")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "named")]
    webhook_url: Option<Option<String>>,
}

impl Change {
    fn apply(self, app: &mut App) {
        app.name = self.name.unwrap_or_else(|| app.name.clone());
        app.redirect_uri = self.redirect_uri.unwrap_or_else(|| app.redirect_uri.clone());
        app.display_name = self.display_name.unwrap_or_else(|| app.display_name.clone());
        app.webhook_url = self.webhook_url.unwrap_or_else(|| app.webhook_url.clone());
    }
}

/// Tells `null` from a field that is not there.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn read(body: &[u8]) -> Result<Change, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(&error.to_string()))
}

fn shown(registered: &Registered) -> Value {
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
