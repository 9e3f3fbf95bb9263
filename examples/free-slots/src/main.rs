//! Prints when the user is free during the next days: see README.md.

use std::error::Error;

use connect_blocking::{Client, types::ListEvents};
use connect_calendars::busy::{Interval, WorkingHours, free, of_events, slots};
use connect_stores::FileStore;
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime, civil::time};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let days: i64 = arguments.next().map_or(Ok(7), |days| days.parse())?;
    let length = SignedDuration::from_mins(arguments.next().map_or(Ok(60), |minutes| minutes.parse())?);

    let connect = Client::builder_from_env()?.store(FileStore::open_default()?).build()?;
    let user = connect.user("me"); // the user of `connect login`
    let now = ZonedDateTime::now();
    let zone = now.time_zone().clone();
    let end = now.checked_add(days.days())?;

    let list = user.events().list(ListEvents::between(&now, &end)).items();
    let events = list.collect::<Result<Vec<_>, _>>()?;
    let busy = of_events(&events, &zone); // without events that are free, cancelled or declined
    let hours = WorkingHours::new(zone.clone()).on_weekdays(time(9, 0, 0, 0), time(17, 0, 0, 0))?;
    let free = free(Interval::new(now.timestamp(), end.timestamp()), &busy, &hours, length);
    for slot in slots(&free, length, length) {
        let (from, to) =
            (slot.start.to_zoned_datetime(zone.clone()), slot.end.to_zoned_datetime(zone.clone()));
        println!("{} {}-{}", from.date(), from.strftime("%H:%M"), to.strftime("%H:%M"));
    }
    Ok(())
}
