//! Creates the update of a changed occurrence.

use connect_core::types::{
    Availability, Event, EventStatus, EventTime, Invalid, Patch, Privacy, UpdateEvent,
};

use super::{plan::OccurrenceFields, times::DateOrTime};

impl OccurrenceFields {
    /// Returns the title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns the new start.
    #[must_use]
    pub fn start(&self) -> EventTime {
        self.start.event_time()
    }

    /// Returns the new end, exclusive.
    #[must_use]
    pub fn end(&self) -> EventTime {
        self.end.event_time()
    }

    /// Returns the request that changes an occurrence of the created series.
    ///
    /// Returns `None` if the occurrence already has all fields.
    ///
    /// ```
    /// use connect_calendars::ics::{ExceptionChange, Import};
    /// use connect_core::types::{CalendarRef, Event, Provider};
    ///
    /// let file = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20270104T090000Z\nRRULE:FREQ=DAILY\n\
    ///     END:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20270105T090000Z\nDTSTART:20270105T100000Z\n\
    ///     END:VEVENT\nEND:VCALENDAR";
    /// let plan = Import::new(CalendarRef::new(Provider::Google, "primary")).read(file.as_bytes())?;
    /// let ExceptionChange::Changed(fields) = &plan.events[0].exceptions[0].change else { unreachable!() };
    /// let mut occurrence = Event::new(Provider::Google, "primary", "id_20270105T090000Z");
    /// occurrence.recurring_event_id = Some("id".into());
    /// assert!(fields.update(&occurrence)?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] if the occurrence has no id or no calendar.
    pub fn update(&self, occurrence: &Event) -> Result<Option<UpdateEvent>, Invalid> {
        let unchanged = occurrence.change()?;
        let mut update = unchanged.clone();
        let is_now = |time: &DateOrTime, now: &Option<EventTime>| now.as_ref() == Some(&time.event_time());
        if !is_now(&self.start, &occurrence.start) || !is_now(&self.end, &occurrence.end) {
            update = match (&self.start, &self.end) {
                (DateOrTime::Day(first), DateOrTime::Day(end)) => update.dates(*first, *end),
                (DateOrTime::At(start), DateOrTime::At(end)) => update.time(start, end),
                _ => update,
            };
        }
        if self.title != occurrence.title {
            update = update.title(&self.title);
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        if text(&self.description) != text(&occurrence.description) {
            update = match &self.description {
                Some(description) => update.description(description),
                None => update.clear_description(),
            };
        }
        if text(&self.location) != text(&occurrence.location) {
            update = match &self.location {
                Some(location) => update.location(location),
                None => update.clear_location(),
            };
        }
        let link = occurrence.join_url();
        update = match &self.conference {
            Patch::Set(wanted) if link.as_ref() != Some(wanted) => update.conference(wanted),
            Patch::Clear if link.is_some() => update.clear_conference(),
            _ => update,
        };
        if self.availability != *occurrence.availability.as_ref().unwrap_or(&Availability::Busy) {
            update = update.availability(&self.availability);
        }
        let privacy = self.privacy.as_ref().unwrap_or(&Privacy::Public);
        if privacy != occurrence.privacy.as_ref().unwrap_or(&Privacy::Public) {
            update = update.privacy(privacy);
        }
        let status = self.status.as_ref().unwrap_or(&EventStatus::Confirmed);
        if status != occurrence.status.as_ref().unwrap_or(&EventStatus::Confirmed) {
            update = update.status(status);
        }
        if let Some(guests) = &self.guests {
            let mut known: Vec<_> =
                occurrence.attendees.iter().map(|guest| guest.email.to_lowercase()).collect();
            let mut wanted: Vec<_> = guests.iter().map(|guest| guest.to_lowercase()).collect();
            known.sort();
            wanted.sort();
            if known != wanted {
                update = if guests.is_empty() { update.clear_attendees() } else { update.attendees(guests) };
            }
        }
        Ok((update != unchanged).then_some(update))
    }
}
