use connect_hyper::types::{ListEvents, NewEvent, Recurrence};
let start: jiff::Timestamp = "2027-03-01T09:00:00Z".parse()?;
let hour = jiff::SignedDuration::from_hours(1);
let series = NewEvent::new(("google", "primary"), "Stand-up", start, start + hour).recurrence(Recurrence::daily().count(3));
let series = user.events().create(series).await?;
let mine = async || {
    let mut events = user.events().list(ListEvents::between("2027-03-01", "2027-03-10")).items();
    let mut mine = Vec::new();
    while let Some(event) = events.next().await {
        mine.extend(event.ok().filter(|event| event.recurring_event_id.as_ref() == Some(&series.id)));
    }
    mine
};
let occurrence = mine().await.remove(1);
// snippet
assert_eq!(mine().await.len(), 1);
