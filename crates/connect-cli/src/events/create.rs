//! `connect events create`: creates an event.

use clap::Args;
use connect_hyper::types::{CalendarRef, EventStatus, NewEvent, Notify, Provider};
use jiff::Timestamp;

use super::{
    drift,
    fields::{FieldOptions, NotifyOption},
    find, guests, print, read,
    time::Time,
};
use crate::{
    calendars,
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    output::note,
    provider,
    via::Via,
};

/// The arguments of `connect events create`.
#[derive(Debug, Args)]
pub(crate) struct NewEventOptions {
    /// The calendar of the new event, by key, id, title or, for the main calendar, primary.
    #[arg(long, value_name = "CALENDAR")]
    calendar: String,
    /// The provider of the calendar, if several calendars match: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// The title.
    #[arg(long, value_name = "TEXT")]
    title: String,
    #[command(flatten)]
    sending: DryRunOption,
    #[command(flatten)]
    fields: FieldOptions,
    #[command(flatten)]
    notice: NotifyOption,
}

impl Command for NewEventOptions {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let Prepared { event: new, calendar, change } = self.prepare(context).await?;
        let notify = self.notice.notify;
        let Some(event) = context.perform(change, context.backend.create(&new)).await? else { return Ok(()) };
        let event = read::placed(event, &calendar);
        guests::report(context, notify, guests::of(&event), &event, || print::details(&event, &context.out))?;
        if let Some(command) = find::show_command(&event, &context.out.zone) {
            note(&format!("Find the event with: {}", context.out.next_steps.complete(&command)));
        }
        Ok(())
    }
}

/// A new event, and the change in words.
pub(crate) struct Prepared {
    pub(crate) event: NewEvent,
    pub(crate) change: String,
    calendar: CalendarRef,
}

impl NewEventOptions {
    pub(crate) fn notify(&self) -> Option<Notify> {
        self.notice.notify
    }

    /// Checks the options, finds the calendar, and returns the event.
    pub(crate) async fn prepare(&self, context: &Context) -> Result<Prepared, Failure> {
        // Invalid options are reported before any request is sent.
        let time = self.fields.time(&context.out.zone)?.ok_or_else(|| {
            Failure::usage("a new event needs a start")
                .next("add --start and --duration or --end, or --all-day and --start")
        })?;
        let time = time.resolve(None)?;
        let _ = self.event(CalendarRef::new("", ""), &time)?;
        let names = std::slice::from_ref(&self.calendar);
        let found = calendars::find(context, names, self.provider.as_ref()).await?;
        let calendar = found.into_iter().next().ok_or_else(|| Failure::usage("--calendar is missing"))?;
        if let (Via::Connect, Some(rule), Some((start, zone))) =
            (context.settings.via, self.fields.recurrence()?, time.zoned_start())
        {
            drift::warning(&rule, start, &zone).iter().for_each(|text| note(text));
        }
        if time.start(&context.out.zone) < Timestamp::now() {
            note("The event starts in the past.");
        }
        let notify = self.notice.notify;
        let event = self.event(calendar.clone(), &time)?;
        let change = format!(
            "Create {}, {}{}, in calendar {} ({}).{}",
            self.title,
            time.described(&context.out.zone),
            self.fields.repeats(),
            calendar.id,
            calendar.provider,
            guests::planned(context, notify, &self.fields.attendees),
        );
        Ok(Prepared { event, change, calendar })
    }

    fn event(&self, calendar: CalendarRef, time: &Time) -> Result<NewEvent, Failure> {
        let fields = &self.fields;
        let mut event = match time.clone() {
            Time::At(start, end) => NewEvent::new(calendar, &self.title, start, end),
            Time::Days(first, end) => NewEvent::all_day(calendar, &self.title, first, end),
        };
        event = event.attendees(&fields.attendees);
        if let Some(location) = &fields.location {
            event = event.location(location);
        }
        if let Some(description) = &fields.description {
            event = event.description(description);
        }
        if let Some(rule) = fields.recurrence()? {
            event = event.recurrence(rule);
        }
        event = match fields.conference.as_deref() {
            Some("auto") => event.auto_conference(),
            Some(link) => event.conference(link),
            None => event,
        };
        if let Some(availability) = fields.availability() {
            event = event.availability(availability);
        }
        if let Some(privacy) = fields.privacy() {
            event = event.privacy(privacy);
        }
        if let Some(status) = fields.status() {
            if status == EventStatus::Cancelled {
                return Err(Failure::usage("--status cancelled is not allowed for a new event"));
            }
            event = event.status(status);
        }
        if let Some(custom) = fields.custom()? {
            event = event.custom(custom);
        }
        if let Some(notify) = self.notice.notify {
            event = event.notify(notify);
        }
        Ok(event)
    }
}
