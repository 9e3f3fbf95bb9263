//! A public holiday calendar, whose id has to be percent-encoded in paths.

use crate::world::calendar::{Calendar, Event, Fields};
use crate::world::provider::Provider;
use crate::world::random::hash;
use crate::world::time;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde_json::json;

pub(super) const ID: &str = "en.usa#holiday@group.v.calendar.google.com";

/// Creates the calendar with the holidays of the previous, the current and the next year.
pub(crate) fn calendar(now: Timestamp) -> Calendar {
    let year = time::local(now).date().year();
    let years = [year.saturating_sub(1), year, year.saturating_add(1)];
    let events = years.into_iter().flat_map(holidays).filter_map(|(day, name)| event(day?, name));
    Calendar {
        provider: Provider::Google,
        id: ID.to_owned(),
        primary: false,
        info: json!({
            "provider": Provider::Google,
            "id": ID,
            "title": "Holidays in United States",
            "timeZone": "UTC",
            "description": "Holidays and Observances in United States",
        }),
        account: ID.to_owned(),
        time_zone: "UTC".to_owned(),
        public: true,
        events: events.map(|event| (event.id.clone(), event)).collect(),
    }
}

fn holidays(year: i16) -> [(Option<Date>, &'static str); 8] {
    let nth = |month, n, weekday| Date::new(year, month, 1).ok()?.nth_weekday_of_month(n, weekday).ok();
    let on = |month, day| Date::new(year, month, day).ok();
    [
        (on(1, 1), "New Year's Day"),
        (nth(5, -1, Weekday::Monday), "Memorial Day"),
        (on(6, 19), "Juneteenth"),
        (on(7, 4), "Independence Day"),
        (nth(9, 1, Weekday::Monday), "Labor Day"),
        (on(11, 11), "Veterans Day"),
        (nth(11, 4, Weekday::Thursday), "Thanksgiving Day"),
        (on(12, 25), "Christmas Day"),
    ]
}

fn event(day: Date, name: &str) -> Option<Event> {
    let start = time::midnight(day)?;
    let mut fields = Fields::new(name, start, time::plus_hours(start, 24));
    fields.all_day = true;
    fields.description = Some("Public holiday".to_owned());
    fields.availability = Some("free");
    fields.privacy = Some("public");
    fields.status = Some("confirmed");
    let id = format!("{}_{:012x}", time::stamp(start, true), hash(9, name) >> 16);
    Some(Event::single(id, fields, start))
}
