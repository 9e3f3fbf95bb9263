use connect_blocking::types::{ListEvents, NewEvent, Recurrence};
let start: jiff::Timestamp = "2027-03-01T09:00:00Z".parse()?;
let hour = jiff::SignedDuration::from_hours(1);
let series = NewEvent::new(("google", "primary"), "Stand-up", start, start + hour).recurrence(Recurrence::daily().count(3));
let series = user.events().create(series)?;
let all = || user.events().list(ListEvents::between("2027-03-01", "2027-03-10")).items().collect::<Result<Vec<_>, _>>();
let mine = || Ok::<_, connect_blocking::Error>(all()?.into_iter().filter(|event| event.recurring_event_id.as_ref() == Some(&series.id)).collect::<Vec<_>>());
let occurrence = mine()?.remove(1);
// snippet
assert_eq!(mine()?.len(), 1);
