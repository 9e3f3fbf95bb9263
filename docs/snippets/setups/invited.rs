fn reply_to(calendars: &dyn connect_calendars::backend::CalendarBackend, event: &connect_blocking::types::Event) -> Result<(), connect_blocking::Error> {
    // snippet
    Ok(())
}
