//! Demo events without recurrence.

use super::words::{DAYS, DESCRIPTIONS, PEOPLE, PLACES, TITLES};
use crate::world::calendar::{Attendee, Calendar, Event, Fields, generated_conference};
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// The first day of the single events, in days from the day of the first request.
const FIRST_DAY: i64 = -60;
const DAY_COUNT: u32 = 240;

pub(super) fn event(calendar: &Calendar, day: Timestamp, random: &mut Random) -> Event {
    let day = time::plus_hours(day, (FIRST_DAY + random.int(DAY_COUNT)) * 24);
    let mut fields = if random.one_in(8) { whole_days(day, random) } else { part_of_day(day, random) };
    add_details(&mut fields, calendar, random);
    let id = crate::world::calendar::event_id(calendar.provider, random);
    fields.link = link(calendar.provider, &id);
    let modified = SignedDuration::from_millis(random.int(60 * 86_400) * 1000 + random.int(1000));
    Event::single(id, fields, day.checked_sub(modified).unwrap_or(day))
}

fn whole_days(day: Timestamp, random: &mut Random) -> Fields {
    let days = 1 + i64::from(random.one_in(3)) * random.int(5);
    let mut fields = Fields::new(random.pick(DAYS, "Holiday"), day, time::plus_hours(day, 24 * days));
    fields.all_day = true;
    fields.availability = random.one_in(2).then_some("free");
    fields
}

fn part_of_day(day: Timestamp, random: &mut Random) -> Fields {
    let minutes = SignedDuration::from_mins;
    let start = day.checked_add(minutes(7 * 60 + random.int(44) * 15)).unwrap_or(day);
    let length = random.pick(&[15, 25, 30, 30, 45, 60, 60, 90, 180], 30);
    Fields::new(random.pick(TITLES, "Meeting"), start, start.checked_add(minutes(length)).unwrap_or(start))
}

/// Fills the optional fields of an event with random values.
pub(super) fn add_details(fields: &mut Fields, calendar: &Calendar, random: &mut Random) {
    let sometimes = |random: &mut Random, choices: &[&'static str]| {
        if random.one_in(3) { Some(random.pick(choices, "").to_owned()) } else { None }
    };
    fields.location = sometimes(random, PLACES);
    fields.description = sometimes(random, DESCRIPTIONS);
    fields.color = sometimes(random, &["#d50000", "#33b679", "#8e24aa"]);
    fields.privacy = random.one_in(5).then(|| random.pick(&["public", "private", "confidential"], "public"));
    fields.status = Some(if random.one_in(10) { "tentative" } else { "confirmed" });
    if fields.availability.is_none() && !random.one_in(4) {
        fields.availability = Some("busy");
    }
    if random.one_in(3) {
        fields.attendees = attendees(calendar, random);
    }
    if random.one_in(12) {
        fields.custom = Some(json!({ "ticket": random.below(10_000), "labels": ["α", "β"] }));
    }
    let online = matches!(calendar.provider, Provider::Google | Provider::Microsoft);
    if online && random.one_in(4) {
        let (url, data) = generated_conference(calendar.provider, random);
        fields.conference = url.as_str().map(str::to_owned);
        fields.conference_data = Some(data);
    }
}

fn attendees(calendar: &Calendar, random: &mut Random) -> Vec<Attendee> {
    let count = 1 + random.below(4) as usize;
    let start = random.below(PEOPLE.len() as u64) as usize;
    let mut list: Vec<_> = PEOPLE
        .iter()
        .cycle()
        .skip(start)
        .take(count)
        .map(|email| Attendee {
            email: (*email).to_owned(),
            status: (!random.one_in(6))
                .then(|| random.pick(&["accepted", "declined", "tentative", "none"], "none")),
            organizer: None,
        })
        .collect();
    if calendar.provider == Provider::Google && random.one_in(6) {
        // Google lists invited calendars as attendees.
        let email = format!("{}@group.calendar.google.com", random.letters(26));
        list.push(Attendee { email, status: Some("accepted"), organizer: Some(false) });
    }
    let mut own =
        Attendee { email: calendar.account.clone(), status: Some("accepted"), organizer: Some(true) };
    let replies = matches!(calendar.provider, Provider::Google | Provider::Microsoft);
    if let Some(host) = list.first_mut().filter(|host| replies && host.status == Some("none")) {
        // The account is invited and has not replied.
        (host.status, host.organizer) = (Some("accepted"), Some(true));
        (own.status, own.organizer) = (Some("none"), None);
    }
    list.push(own);
    list
}

pub(super) fn link(provider: Provider, id: &str) -> Option<String> {
    match provider {
        Provider::Google => Some(format!("https://calendar.google.com/calendar/event?eid={id}")),
        Provider::Microsoft => {
            let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
            Some(format!("https://outlook.office365.com/owa/?itemid={id}&path=/calendar/item"))
        }
        Provider::Apple | Provider::Caldav => None,
    }
}
