//! An all-day event must keep its dates in every time zone. A weekly event must keep its local time if it is
//! created as one series for each period with the same UTC offset.

use std::process::Command;

use connect_core::{
    SignIn,
    types::{ListEvents, NewEvent, Recurrence},
};
use connect_tests::world::{Place, World};
use jiff::{
    ToSpan,
    civil::{Weekday, date},
    tz::TimeZone,
};

#[test]
fn all_day_event_keeps_its_dates_in_every_time_zone() {
    for hours in -12..=14 {
        // A POSIX rule needs no time zone database. Its offset is positive west of UTC.
        let zone = format!("<zone>{}", -hours);
        let output = Command::new(env!("CARGO_BIN_EXE_days-process")).env("TZ", zone).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.trim(), format!("{hours} 2026-12-24 2026-12-27"));
    }
}

/// Connect sends a series to the provider without a time zone. A weekly event therefore needs a new series
/// whenever the UTC offset of its local time changes.
#[test]
fn one_series_per_utc_offset_keeps_its_local_time() {
    let world = World::new(Place::Memory).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .transport(world.in_memory())
        .build()
        .unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    let user = client.auth().finish(sign_in, &callback).unwrap();
    let calendar = user.calendars().list().unwrap().remove(0);

    // A POSIX rule needs no time zone database; the clocks change on 29 March and 25 October.
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let monday =
        |month, day| date(2026, month, day).at(9, 0, 0, 0).to_zoned_datetime(berlin.clone()).unwrap();
    let stretches =
        [(monday(3, 2), monday(3, 23)), (monday(3, 30), monday(10, 19)), (monday(10, 26), monday(11, 30))];
    for (first, last) in &stretches {
        let end = first.checked_add(30.minutes()).unwrap();
        let weekly = Recurrence::weekly().until(last);
        user.events().create(NewEvent::new(&calendar, "Weekly", first, &end).recurrence(weekly)).unwrap();
    }

    let all = ListEvents::between(monday(3, 1), monday(12, 31)).calendar(&calendar).page_size(1000);
    let events: Vec<_> =
        user.events().list(all).items().map(Result::unwrap).filter(|event| event.title == "Weekly").collect();
    assert_eq!(events.len(), 40, "forty Mondays from 2 March to 30 November");
    for event in events {
        let start = event.start.unwrap().instant().unwrap().to_zoned_datetime(berlin.clone());
        assert_eq!((start.weekday(), start.hour(), start.minute()), (Weekday::Monday, 9, 0), "{start}");
    }
}
