//! `PUT /event`: updates a single event, an occurrence, the rest of a series, or a whole series.

use super::address::EventAddress;
use super::input::{Input, reject_errors};
use super::render::render;
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Details, Problem, Reply};
use crate::world::calendar::{Change, OWN};
use crate::world::provider::Provider;
use http::StatusCode;
use serde_json::{Value, json};

impl Connect<'_> {
    pub(crate) fn update_event(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal_for_write(call)?;
        let body = call.object()?;
        let mut details = Details::new();
        let address = EventAddress::read(&body, "updateMode", &mut details);
        let input = Input::read(&body, &mut details);
        reject_errors(details)?;

        let style = self.style();
        let mut random = self.world.stream();
        let calendars = self.permitted(&principal.user, |provider| address.calendar.is_for(provider))?;
        let calendar = address.calendar.find(calendars)?;
        let target = address.locate(calendar)?;
        let mut patch = input.patch_for(calendar, &mut random);
        if matches!(calendar.provider, Provider::Apple | Provider::Caldav) {
            if style.api_1_6_0 {
                patch.set(&format!("{OWN}uid"), json!(format!("{}@mobiscroll.com", target.event)));
            } else if patch.has("conference") {
                // The conference replaces a URL property that a user set.
                patch.set(&format!("{OWN}url"), Value::Null);
            }
        }
        let change = Change { patch, rule: input.recurrence_for(calendar), now: call.now };
        let changed = calendar.change(&target, address.mode, change, &mut random)?;
        let written = calendar.show(&changed, |instance| render(calendar, instance, style));
        let written = written.ok_or_else(|| Problem::not_found("Event not found"))?;
        let changes = calendar.updated(&target, &changed, call.now);
        self.record_own_write(&principal.user, changes);
        Ok(self.written_event(StatusCode::OK, written))
    }
}
