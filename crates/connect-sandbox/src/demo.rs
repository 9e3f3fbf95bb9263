//! The demo calendars: a few hundred events for each user.
//!
//! Single events start between two months before and six months after the first request. Two sandboxes have
//! the same events for a user if the switch `seed` and the day of the first request are the same.

mod series;
mod single;
mod words;

use crate::world::calendar::{Calendar, Event, Events};
use crate::world::provider::Provider;
use crate::world::random::{Random, hash};
use crate::world::time;
use jiff::Timestamp;
use serde_json::{Value, json};
use words::{CALENDARS, Template};

/// The user and the account for which demo calendars are created.
pub(crate) struct DemoAccount<'a> {
    pub(crate) seed: u64,
    pub(crate) user: &'a str,
    pub(crate) account: &'a str,
    pub(crate) anchor: Timestamp,
}

/// Creates the demo calendars of an account, with their events.
pub(crate) fn calendars(owner: &DemoAccount<'_>, provider: Provider) -> Vec<Calendar> {
    let templates = CALENDARS.iter().filter(|template| template.provider == provider);
    templates.enumerate().map(|(index, template)| calendar(owner, template, index)).collect()
}

fn calendar(owner: &DemoAccount<'_>, template: &Template, index: usize) -> Calendar {
    let id = calendar_id(owner, template, index);
    let mut random = Random::named(owner.seed, &[owner.user, template.provider.name(), template.title]);
    let mut calendar = Calendar {
        provider: template.provider,
        primary: index == 0,
        info: info(owner, template, &id, index == 0),
        account: owner.account.to_owned(),
        time_zone: template.time_zone.to_owned(),
        public: false,
        id,
        events: Events::default(),
    };
    let day = time::floor_to_day(owner.anchor);
    let mut events: Vec<Event> = Vec::new();
    events.extend((0..template.singles).map(|_| single::event(&calendar, day, &mut random)));
    events.extend((0..template.series).map(|n| series::event(&calendar, day, n, &mut random)));
    calendar.events = events.into_iter().map(|event| (event.id.clone(), event)).collect();
    calendar
}

/// Creates a calendar id in the format of the provider, such as an e-mail address or a URL.
fn calendar_id(owner: &DemoAccount<'_>, template: &Template, index: usize) -> String {
    let mut random =
        Random::named(owner.seed, &[owner.user, template.provider.name(), "calendar", template.title]);
    let number = hash(owner.seed, owner.account) % 900_000_000 + 100_000_000;
    match template.provider {
        Provider::Google if index == 0 => owner.account.to_owned(),
        Provider::Google => format!("{}@group.calendar.google.com", random.letters(26)),
        Provider::Microsoft => format!("AQMkAD{}=", random.token(60)),
        Provider::Apple => format!("/{number}/calendars/{}/", random.uuid().to_uppercase()),
        Provider::Caldav => {
            format!("https://caldav.example/dav/calendars/user/{}/{}/", owner.account, random.uuid())
        }
    }
}

fn info(owner: &DemoAccount<'_>, template: &Template, id: &str, primary: bool) -> Value {
    let mut info = json!({
        "provider": template.provider,
        "id": id,
        "title": template.title,
        "timeZone": template.time_zone,
        "description": template.description,
        "original": original(owner, template, id, primary),
    });
    if let (Some(color), Some(info)) = (template.color, info.as_object_mut()) {
        info.insert("color".to_owned(), json!(color));
    }
    info
}

fn original(owner: &DemoAccount<'_>, template: &Template, id: &str, primary: bool) -> Value {
    match template.provider {
        Provider::Google => json!({
            "kind": "calendar#calendarListEntry",
            "etag": format!("\"{}\"", hash(0, id) >> 12),
            "id": id,
            "summary": template.title,
            "timeZone": template.time_zone,
            "backgroundColor": template.color,
            "accessRole": "owner",
            "selected": true,
            "primary": primary,
        }),
        Provider::Microsoft => json!({
            "id": id,
            "name": template.title,
            "color": "auto",
            "hexColor": template.color.unwrap_or(""),
            "isDefaultCalendar": primary,
            "canEdit": true,
            "owner": { "name": owner.user, "address": owner.account },
        }),
        Provider::Apple | Provider::Caldav => json!({
            "url": id,
            "displayName": template.title,
            "ctag": format!("{:x}", hash(1, id)),
            "components": ["VEVENT"],
        }),
    }
}
