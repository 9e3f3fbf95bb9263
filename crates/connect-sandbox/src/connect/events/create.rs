//! `POST /event`, and the response to a created or updated event.

use super::address::CalendarAddress;
use super::input::{Input, add_error, reject_errors};
use super::render::{Style, render};
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Details, Problem, Reply, json_reply};
use crate::settings::{
    ApiVersion, AttendeesForm, CalendarIdForm, ConferenceForm, CreateStatus, EventResponse,
};
use crate::world::calendar::{
    Calendar, ChangeKind, Changed, Changes, Event, Fields, Series, check_order, event_id,
};
use crate::world::random::Random;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Connect<'_> {
    pub(crate) fn create_event(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal_for_write(call)?;
        let body = call.object()?;
        let mut details = Details::new();
        let address = CalendarAddress::read(&body, &mut details);
        for name in ["title", "start", "end"].into_iter().filter(|name| !body.contains_key(*name)) {
            add_error(&mut details, name, format!("{name} is required"));
        }
        let input = Input::read(&body, &mut details);
        reject_errors(details)?;

        let style = self.style();
        let mut random = self.world.stream();
        let calendar = address.find(self.permitted(&principal.user, |provider| address.is_for(provider))?)?;
        let event = new_event(calendar, input, &mut random, call.now)?;
        let written = render(calendar, &event.whole(), style);
        let changes = Changes::of(calendar, [Changed::of(ChangeKind::Created, &event.whole(), call.now)]);
        calendar.events.insert(event.id.clone(), event);
        self.record_own_write(&principal.user, changes);
        let status = if self.world.settings.connect.create_status == CreateStatus::Ok {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        Ok(self.written_event(status, written))
    }

    /// Returns a response with the event at the root or under `event`, depending on `event_response`.
    pub(crate) fn written_event(&self, status: StatusCode, mut event: Map<String, Value>) -> Reply {
        if self.world.settings.connect.event_response == EventResponse::Wrapped {
            return json_reply(status, &json!({ "success": true, "event": event }));
        }
        event.insert("success".to_owned(), Value::Bool(true));
        json_reply(status, &Value::Object(event))
    }

    pub(crate) fn style(&self) -> Style {
        Style {
            conference_object: self.world.settings.connect.conference == ConferenceForm::Object,
            plain_attendees: self.world.settings.connect.attendees == AttendeesForm::Strings,
            no_calendar_id: self.world.settings.connect.calendar_id == CalendarIdForm::Missing,
            odd_dates: self.world.settings.connect.odd_dates,
            api_1_6_0: self.world.settings.connect.api == ApiVersion::V160,
            free_busy: false,
        }
    }
}

fn new_event(
    calendar: &Calendar,
    input: Input,
    random: &mut Random,
    now: Timestamp,
) -> Result<Event, Problem> {
    let patch = input.patch_for(calendar, random);
    let (start, end) = (patch.time("start").unwrap_or(now), patch.time("end").unwrap_or(now));
    let mut fields = Fields::new("", start, end);
    fields.status = Some("confirmed");
    patch.apply(&mut fields);
    check_order(&fields)?;
    let mut event = Event::single(event_id(calendar.provider, random), fields, now);
    event.series = input.recurrence_for(calendar).flatten().map(Series::new);
    Ok(event)
}
