//! `connect events update`, and the options that choose how much of a series a command changes.

use clap::{Args, ValueEnum};
use connect_hyper::types::UpdateEvent;
use jiff::tz::TimeZone;

use super::{
    drift,
    fields::{FieldOptions, NotifyOption},
    find::{EventSelector, FoundEvent},
    guests, print,
    time::Time,
};
use crate::{
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    output::note,
    via::Via,
    when,
};

/// The arguments of `connect events update`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: EventSelector,
    #[command(flatten)]
    extent: ExtentOptions,
    #[command(flatten)]
    sending: DryRunOption,
    /// The title.
    #[arg(long, value_name = "TEXT", help_heading = "Fields")]
    title: Option<String>,
    #[command(flatten)]
    fields: FieldOptions,
    #[command(flatten)]
    notice: NotifyOption,
    /// Clear this field; may be given more than once.
    #[arg(long, value_name = "FIELD", help_heading = "Fields")]
    clear: Vec<ClearedField>,
}

/// The options that choose how much of a series is changed.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct ExtentOptions {
    /// Only this occurrence (the default).
    #[arg(long)]
    this: bool,
    /// This and all following occurrences.
    #[arg(long)]
    following: bool,
    /// The whole series.
    #[arg(long)]
    all: bool,
}

/// How much of a series is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    This,
    Following,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClearedField {
    Location,
    Description,
    Attendees,
    Recurrence,
    Conference,
    Custom,
}

impl ClearedField {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// Returns the error of a command for a whole series without `--all`.
pub(super) fn all_is_missing() -> Failure {
    Failure::usage("EVENT names a whole series, but --all is missing")
        .next("add --all for the whole series, or name one occurrence: connect events list")
}

impl ExtentOptions {
    /// Returns how much of the series the command changes, as the end of a sentence.
    fn described(&self, found: &FoundEvent) -> &'static str {
        match found.event.recurring_event_id {
            _ if self.all => ", the whole series",
            Some(_) if self.following => ", this and all later occurrences",
            Some(_) => ", only this occurrence",
            None => "",
        }
    }

    /// Returns the chosen extent, or `None` if no option is given.
    ///
    /// Returns an error if the event is a whole series and `--all` is missing.
    pub(super) fn chosen(&self, found: &FoundEvent) -> Result<Option<Extent>, Failure> {
        match (self.this, self.following, self.all) {
            (_, _, true) => Ok(Some(Extent::All)),
            _ if found.is_series => Err(all_is_missing()),
            (_, true, _) => Ok(Some(Extent::Following)),
            (true, _, _) => Ok(Some(Extent::This)),
            _ => Ok(None),
        }
    }
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let unchanged = UpdateEvent::new("", "", "");
        let zone = &context.out.zone;
        let time = self.fields.time(zone)?;
        if self.changed(unchanged.clone())? == unchanged && time.is_none() {
            return Err(Failure::usage("no field to change")
                .next("add an option such as --title; see connect events update --help"));
        }
        let found = self.which.find(context).await?;
        let event = &found.event;
        let change = match self.extent.chosen(&found)? {
            Some(Extent::All) => event.change_series()?,
            Some(Extent::This) => event.change()?.this_only(),
            Some(Extent::Following) => event.change()?.this_and_following(),
            None => event.change()?,
        };
        let time = match (time, self.extent.all && event.recurring_event_id.is_some()) {
            // The time of an occurrence says neither the day nor the duration of the series.
            (Some(time), true) if !time.is_complete() => {
                return Err(Failure::usage(
                    "with --all, the start must have a day and a time, and the end is needed",
                )
                .cause("EVENT is an occurrence, whose time and duration can differ from those of its series")
                .next(
                    "write the new start of the series, such as --start \"2026-12-01 9:00\" --duration 30m",
                ));
            }
            (Some(time), _) => Some(time.resolve(Some(event))?),
            (None, _) => None,
        };
        let mut change = self.changed(change)?;
        change = match time.clone() {
            Some(Time::At(start, end)) => change.time(start, end),
            Some(Time::Days(first, end)) => change.dates(first, end),
            None => change,
        };
        if let Some(notify) = self.notice.notify {
            change = change.notify(notify);
        }
        let notify = self.notice.notify;
        let clocks = time.as_ref().and_then(Time::zoned_start);
        let clocks = clocks.or_else(|| Some((event.start.as_ref()?.instant()?, zone.clone())));
        let series = self.fields.recurrence()?.zip(clocks);
        if let (Via::Connect, Some((rule, (start, zone)))) = (context.settings.via, series) {
            drift::warning(&rule, start, &zone).iter().for_each(|text| note(text));
        }
        let mut invited = guests::of(event);
        invited.extend(self.fields.attendees.iter().cloned());
        let words = format!(
            "Change {}, {}{}: {}.{}",
            event.title,
            when::span(event, zone),
            self.extent.described(&found),
            self.changed_names(time.as_ref(), zone).join(", "),
            guests::planned(context, notify, &invited),
        );
        let Some(mut changed) = context.perform(words, context.backend.update(&change)).await? else {
            return Ok(());
        };
        changed.calendar_id = changed.calendar_id.or_else(|| event.calendar_id.clone());
        changed.provider = changed.provider.or_else(|| event.provider.clone());
        // The service also notifies guests that this change removes.
        let mut invited = guests::of(event);
        invited.extend(guests::of(&changed));
        invited.sort();
        guests::report(context, self.notice.notify, invited, &changed, || {
            print::details(&changed, &context.out)
        })?;
        Ok(())
    }
}

impl Arguments {
    /// Returns the names of the fields that the command changes.
    fn changed_names(&self, time: Option<&Time>, zone: &TimeZone) -> Vec<String> {
        let time = time.map(|time| format!("time ({})", time.described(zone)));
        let title = self.title.iter().map(|_| "title".to_owned()).chain(time);
        let cleared = self.clear.iter().map(|field| format!("no {}", field.name()));
        title.chain(self.fields.names().map(str::to_owned)).chain(cleared).collect()
    }

    /// Adds all changes except that of the time.
    fn changed(&self, change: UpdateEvent) -> Result<UpdateEvent, Failure> {
        let change = self.set(change)?;
        self.clear.iter().try_fold(change, |change, field| self.cleared(change, *field))
    }

    fn set(&self, mut change: UpdateEvent) -> Result<UpdateEvent, Failure> {
        let fields = &self.fields;
        if let Some(title) = &self.title {
            change = change.title(title);
        }
        if let Some(location) = &fields.location {
            change = change.location(location);
        }
        if let Some(description) = &fields.description {
            change = change.description(description);
        }
        if !fields.attendees.is_empty() {
            change = change.attendees(&fields.attendees);
        }
        if let Some(rule) = fields.recurrence()? {
            change = change.recurrence(rule);
        }
        change = match fields.conference.as_deref() {
            Some("auto") => change.auto_conference(),
            Some(link) => change.conference(link),
            None => change,
        };
        if let Some(availability) = fields.availability() {
            change = change.availability(availability);
        }
        if let Some(privacy) = fields.privacy() {
            change = change.privacy(privacy);
        }
        if let Some(status) = fields.status() {
            change = change.status(status);
        }
        Ok(match fields.custom()? {
            Some(custom) => change.custom(custom),
            None => change,
        })
    }

    /// Clears the field. Returns an error if another option sets the field.
    fn cleared(&self, change: UpdateEvent, field: ClearedField) -> Result<UpdateEvent, Failure> {
        let fields = &self.fields;
        let (set, cleared) = match field {
            ClearedField::Location => (fields.location.is_some(), change.clear_location()),
            ClearedField::Description => (fields.description.is_some(), change.clear_description()),
            ClearedField::Attendees => (!fields.attendees.is_empty(), change.clear_attendees()),
            ClearedField::Recurrence => (fields.recurrence()?.is_some(), change.clear_recurrence()),
            ClearedField::Conference => {
                (fields.conference.is_some(), change.clear_conference().clear_conference_data())
            }
            ClearedField::Custom => (fields.custom()?.is_some(), change.clear_custom()),
        };
        if set {
            return Err(Failure::usage(format!(
                "--clear {}: another option sets the same field",
                field.name()
            )));
        }
        Ok(cleared)
    }
}
