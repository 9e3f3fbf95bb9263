//! Creates an all-day event in a sandbox, lists it, and prints its days. Run this program with
//! different time zones in `TZ`.
//!
//! Prints the UTC offset in hours, the first day of the event, and the day after its last day.

use connect_core::{
    SignIn,
    types::{ListEvents, NewEvent},
};
use connect_tests::world::{Failure, Place, World};
use jiff::{SignedDuration, Timestamp, ZonedDateTime, civil::date};

fn main() -> Result<(), Failure> {
    let world = World::new(Place::Memory)?;
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .transport(world.in_memory())
        .build()?;
    let sign_in = client.auth().sign_in(SignIn::new("ann"))?;
    let callback = world.consent(sign_in.url())?;
    let user = client.auth().finish(sign_in, &callback)?;
    let calendar = user.calendars().list()?.into_iter().next().ok_or("no calendar")?;
    user.events().create(NewEvent::all_day(&calendar, "Holiday", date(2026, 12, 24), date(2026, 12, 27)))?;
    let around = |text: &str| text.parse::<Timestamp>().map(|at| at - SignedDuration::from_hours(24));
    let days = ListEvents::between(around("2026-12-24T00:00:00Z")?, around("2026-12-29T00:00:00Z")?);
    let page = user.events().list(days.page_size(1000)).first()?.ok_or("no page")?;
    let event = page.events.into_iter().find(|event| event.title == "Holiday").ok_or("no event")?;
    let day =
        |time: Option<connect_core::types::EventTime>| time.and_then(|time| time.date()).ok_or("no date");
    let hours = ZonedDateTime::now().offset().seconds() / 3600;
    println!("{hours} {} {}", day(event.start)?, day(event.end)?);
    Ok(())
}
