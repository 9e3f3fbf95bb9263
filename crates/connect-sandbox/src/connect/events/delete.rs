//! `DELETE /event`, with parameters in the query (as SDKs send them) or in a JSON body (as documented).

use super::address::EventAddress;
use super::input::reject_errors;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Details, Problem, Reply, empty, ok};
use crate::settings::{DeleteBy, DeleteStatus};
use crate::world::calendar::Changes;
use http::StatusCode;
use serde_json::{Map, Value, json};

impl Connect<'_> {
    pub(crate) fn delete_event(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal_for_write(call)?;
        let mut details = Details::new();
        let address = EventAddress::read(&self.parameters(call)?, "deleteMode", &mut details);
        reject_errors(details)?;

        let calendars = self.permitted(&principal.user, |provider| address.calendar.is_for(provider))?;
        let calendar = address.calendar.find(calendars)?;
        let target = address.locate(calendar)?;
        let changes = Changes::of(calendar, calendar.removal(&target, address.mode, call.now));
        calendar.remove(&target, address.mode, call.now);
        self.record_own_write(&principal.user, changes);
        if self.world.settings.connect.delete_status == DeleteStatus::Ok {
            return Ok(ok(&json!({ "success": true, "message": "Event deleted" })));
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Reads the parameters from the query, the body or both (switch `delete_by`). The query has priority.
    fn parameters(&self, call: &Call) -> Result<Map<String, Value>, Problem> {
        let by = self.world.settings.connect.delete_by;
        let mut parameters =
            if call.body().is_empty() || by == DeleteBy::Query { Map::new() } else { call.object()? };
        for name in ["provider", "calendarId", "eventId", "recurringEventId", "deleteMode"] {
            if let Some(value) = call.query_given(name).filter(|_| by != DeleteBy::Body) {
                parameters.insert(name.to_owned(), json!(value));
            }
        }
        Ok(parameters)
    }
}
