use connect_calendars::backend::{Backend, CalendarBackend, Google};
let backend = Backend::new(Google::new(), user);
let calendars: &dyn CalendarBackend = &backend;
// snippet
