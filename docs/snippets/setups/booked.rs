let event = calendars.create(&NewEvent::new(&calendar, "Visit", start, start + hour))?;
// snippet
