use connect_blocking::types::NewEvent;
let start: jiff::Timestamp = "2027-03-01T09:00:00Z".parse()?;
let event = user.events().create(NewEvent::new(("google", "primary"), "Review", start, start + jiff::SignedDuration::from_hours(1)))?;
// snippet
assert!(start.is_some() && emails.len() < 100);
