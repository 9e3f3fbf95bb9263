//! `DELETE /event`: from the query (as the SDKs send it) or a JSON body (as documented).

use super::address::EventAddress;
use super::input::settle;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Details, Problem, Reply, empty, ok};
use crate::settings::{DeleteBy, DeleteStatus};
use crate::world::calendar::Changes;
use http::StatusCode;
use serde_json::{Map, Value, json};

impl Connect<'_> {
    pub(crate) fn delete_event(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.writer(call)?;
        let mut details = Details::new();
        let address = EventAddress::read(&self.parameters(call)?, "deleteMode", &mut details);
        settle(details)?;

        let calendars = self.permitted(&visitor.user, |provider| address.calendar.is_for(provider))?;
        let calendar = address.calendar.find(calendars)?;
        let target = address.locate(calendar)?;
        let changes = Changes::of(calendar, calendar.removal(&target, address.mode, call.now));
        calendar.remove(&target, address.mode, call.now);
        self.wrote(&visitor.user, changes);
        if self.world.settings.connect.delete_status == DeleteStatus::Ok {
            return Ok(ok(&json!({ "success": true, "message": "Event deleted" })));
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// From where `delete_by` allows; the query's parameters win over those of the body.
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
