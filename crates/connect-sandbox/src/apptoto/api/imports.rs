//! The endpoints for imports. The sandbox does not parse the file of an import, and checks only whether the
//! file is empty.

use super::Api;
use super::account::MAX_FOLDERS;
use super::error::ApiError;
use super::fields::{FieldError, RequestFields};
use super::form;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::settings::ImportSteps;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Import {
    pub(super) id: u64,
    /// The start of the import; `None` for an import that the account had from the beginning.
    started: Option<Timestamp>,
    /// The number of requests for the import's state.
    polls: u32,
    is_empty: bool,
}

/// The duration of each of the two states of a new import: first `launching`, then `running`. The constant
/// applies if the switch `apptoto_import_steps` is `clock`.
const STEP: SignedDuration = SignedDuration::from_secs(2);

impl Import {
    /// Creates a finished import, like an import that a user made on Apptoto's website.
    pub(super) fn set_up(id: u64) -> Self {
        Self { id, started: None, polls: 0, is_empty: false }
    }
}

impl Api<'_> {
    /// `POST /v1/import`, as JSON, as a form or as `multipart/form-data`.
    pub(super) fn start_import(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let body = form::any(call)?;
        let fields = RequestFields::root(&body);
        let file = match fields.value("file") {
            Some(Value::String(file)) => file,
            _ => return Err(fields.field_error("file", "is required").into()),
        };
        let what = fields.some_text("type")?;
        if what.is_some_and(|what| !["events", "contacts"].contains(&what.as_str())) {
            return Err(fields.field_error("type", "must be events or contacts").into());
        }
        check_range(&fields)?;
        match fields.id("based_on_import_id")? {
            Some(id) if !self.account.imports.iter().any(|import| import.id == id) => {
                return Err(fields.field_error("based_on_import_id", "there is no such import").into());
            }
            None if !fields.has("spec") => {
                return Err(fields
                    .field_error("spec", "is required if based_on_import_id is missing")
                    .into());
            }
            _ => {}
        }
        if self.account.imports.len() >= MAX_FOLDERS {
            return Err(ApiError::full());
        }
        let is_empty = file.trim().is_empty();
        let import = Import { id: self.ids.next(), started: Some(self.now), polls: 0, is_empty };
        let view = self.import_view(&import);
        self.account.imports.push(import);
        Ok(self.created(&view))
    }

    /// `GET /v1/import`.
    pub(super) fn get_import(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let id = call.query("id").ok_or_else(|| ApiError::invalid("id: is required"))?;
        let id: u64 = id.parse().map_err(|_| ApiError::invalid("id: must be a whole number"))?;
        let import = self.account.imports.iter_mut().find(|import| import.id == id);
        let import = import.ok_or_else(|| ApiError::not_found("import"))?;
        import.polls = import.polls.saturating_add(1);
        let import = import.clone();
        Ok(ok(&self.import_view(&import)))
    }

    fn import_view(&self, import: &Import) -> Value {
        json!({ "import": { "id": import.id, "state": self.import_state(import) } })
    }

    fn import_state(&self, import: &Import) -> &str {
        let Some(started) = import.started else { return "finished" };
        let (launching, running) = if self.settings.apptoto.import_steps == ImportSteps::Clock {
            let passed = started.duration_until(self.now);
            (passed < STEP, passed < STEP * 2)
        } else {
            (import.polls == 0, import.polls == 1)
        };
        match (launching, running) {
            (true, _) => "launching",
            (false, true) => "running",
            _ if import.is_empty => "invalid",
            _ => self.settings.apptoto.import_end.as_str(),
        }
    }
}

/// Checks `start_time` and `end_time`, which are required if `support_delete` is true.
fn check_range(fields: &RequestFields<'_>) -> Result<(), FieldError> {
    let deletes = fields.flag("support_delete")?.unwrap_or(false);
    for name in ["start_time", "end_time"] {
        let time = fields.some_text(name)?;
        if time.as_deref().is_some_and(|time| crate::world::time::read(time).is_none()) {
            return Err(fields.field_error(name, "must be an ISO 8601 date or time"));
        }
        if deletes && time.is_none() {
            return Err(fields.field_error(name, "is required if support_delete is true"));
        }
    }
    Ok(())
}
