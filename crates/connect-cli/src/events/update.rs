//! `connect events update`, and how much of a series a change or a deletion is for.

use clap::{Args, ValueEnum};
use connect_hyper::types::UpdateEvent;
use jiff::tz::TimeZone;

use super::{
    drift,
    fields::{Fields, Notice, Time},
    find::{Found, Which},
    guests, print,
};
use crate::{
    context::{Command, Context},
    failure::Failure,
    output::note,
    via::Via,
};

/// The arguments of `connect events update`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    extent: Extent,
    /// The title.
    #[arg(long, value_name = "TEXT", help_heading = "Fields")]
    title: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    notice: Notice,
    /// Empty this field; may be given more than once.
    #[arg(long, value_name = "FIELD", help_heading = "Fields")]
    clear: Vec<Clear>,
}

/// How much of a series is meant. An occurrence alone, unless one of these is given.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Extent {
    /// Only this occurrence; so it is without any of the three.
    #[arg(long)]
    this: bool,
    /// This occurrence and all after it.
    #[arg(long)]
    following: bool,
    /// The whole series.
    #[arg(long)]
    all: bool,
}

/// What was chosen, and fits the event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    This,
    Following,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Clear {
    Location,
    Description,
    Attendees,
    Recurrence,
    Conference,
    Custom,
}

impl Extent {
    /// What was said. A whole series is touched only where that was said; an occurrence alone needs no
    /// saying.
    pub(super) fn chosen(&self, found: &Found) -> Result<Option<Chosen>, Failure> {
        match (self.this, self.following, self.all) {
            (_, _, true) => Ok(Some(Chosen::All)),
            _ if found.is_series => Err(Failure::usage("this is a whole series")
                .next("say so with --all, or name one of its occurrences: connect events list")),
            (_, true, _) => Ok(Some(Chosen::Following)),
            (true, _, _) => Ok(Some(Chosen::This)),
            _ => Ok(None),
        }
    }
}

impl Command for Arguments {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let nobody = UpdateEvent::new("", "", "");
        let zone = &context.out.zone;
        if self.changed(nobody.clone(), zone)? == nobody {
            return Err(
                Failure::usage("nothing is to be changed").next("name a field: connect events update --help")
            );
        }
        let found = self.which.find(context).await?;
        let event = &found.event;
        let change = match self.extent.chosen(&found)? {
            Some(Chosen::All) => event.change_series()?,
            Some(Chosen::This) => event.change()?.this_only(),
            Some(Chosen::Following) => event.change()?.this_and_following(),
            None => event.change()?,
        };
        let mut change = self.changed(change, zone)?;
        if let Some(notify) = self.notice.notify {
            change = change.notify(notify);
        }
        let mut changed = context.backend.update(&change).await?;
        changed.calendar_id = changed.calendar_id.or_else(|| event.calendar_id.clone());
        changed.provider = changed.provider.or_else(|| event.provider.clone());
        // A guest who was removed is told as well.
        let mut invited = guests::of(event);
        invited.extend(guests::of(&changed));
        invited.sort();
        guests::report(context, self.notice.notify, invited, &changed, || print::details(&changed, zone))?;
        let clocks = self.fields.zoned_start(zone)?;
        let clocks = clocks.or_else(|| Some((event.start.as_ref()?.instant()?, zone.clone())));
        let series = self.fields.recurrence()?.zip(clocks);
        if let (Via::Connect, Some((rule, (start, zone)))) = (context.settings.via, series) {
            drift::warning(&rule, start, &zone).iter().for_each(|text| note(text));
        }
        Ok(())
    }
}

impl Arguments {
    fn changed(&self, change: UpdateEvent, zone: &TimeZone) -> Result<UpdateEvent, Failure> {
        let change = self.set(change, zone)?;
        self.clear.iter().try_fold(change, |change, field| self.cleared(change, *field))
    }

    fn set(&self, mut change: UpdateEvent, zone: &TimeZone) -> Result<UpdateEvent, Failure> {
        let fields = &self.fields;
        if let Some(title) = &self.title {
            change = change.title(title);
        }
        change = match fields.time(zone)? {
            Some(Time::At(start, end)) => change.time(start, end),
            Some(Time::Days(first, end)) => change.dates(first, end),
            None => change,
        };
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

    /// A field is set or cleared, not both.
    fn cleared(&self, change: UpdateEvent, field: Clear) -> Result<UpdateEvent, Failure> {
        let fields = &self.fields;
        let (set, cleared) = match field {
            Clear::Location => (fields.location.is_some(), change.clear_location()),
            Clear::Description => (fields.description.is_some(), change.clear_description()),
            Clear::Attendees => (!fields.attendees.is_empty(), change.clear_attendees()),
            Clear::Recurrence => (fields.recurrence()?.is_some(), change.clear_recurrence()),
            Clear::Conference => {
                (fields.conference.is_some(), change.clear_conference().clear_conference_data())
            }
            Clear::Custom => (fields.custom()?.is_some(), change.clear_custom()),
        };
        if set {
            return Err(Failure::usage("a field is set and cleared at once").cause(format!("{field:?}")));
        }
        Ok(cleared)
    }
}
