//! Lists the events of this week, and creates a weekly event: see README.md.

use std::{error::Error, time::Duration};

use connect_blocking::{
    Client, CreateOutcome,
    types::{ListEvents, NewEvent, Recurrence},
};
use connect_stores::FileStore;
use jiff::{ToSpan as _, ZonedDateTime, civil::date};

fn main() -> Result<(), Box<dyn Error>> {
    let connect = Client::builder_from_env()?.store(FileStore::open_default()?).build()?;
    let user = connect.user("me"); // the user of `connect login`

    let now = ZonedDateTime::now();
    for event in user.events().list(ListEvents::week_of(&now)).items() {
        let event = event?;
        let start = event.start.map(|start| start.to_string()).unwrap_or_default();
        println!("{start}  {}", event.title);
    }

    let calendars = user.calendars().list()?;
    let calendar = calendars.first().ok_or("the user has no calendar")?;
    let start = date(2027, 2, 1).at(18, 0, 0, 0).in_tz("Europe/Berlin")?;
    let rule = Recurrence::weekly().count(12);
    // A request carries no time zone, so each part between two changes of the clocks is a series.
    for (number, part) in rule.stretches(&start, date(2027, 12, 31)).iter().enumerate() {
        let end = part.first.checked_add(90.minutes())?;
        let rule = rule.clone().until(part.last.date());
        let choir = NewEvent::new(calendar, "Choir", &part.first, &end).recurrence(rule);
        // The key makes the script repeatable: the second run finds the events.
        match user.events().create_once(&format!("choir-2027-{number}"), choir)? {
            CreateOutcome::Created(event) => println!("created {} from {}", event.title, part.first),
            CreateOutcome::Found(event) => println!("found {} from {}", event.title, part.first),
            CreateOutcome::Absent(error) | CreateOutcome::Unknown(error) => return Err(error.into()),
        }
    }
    connect.close(Duration::from_secs(40))?;
    Ok(())
}
