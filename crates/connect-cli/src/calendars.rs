//! `connect calendars`: lists calendars. `find` finds the calendars that the arguments of other
//! commands name.

use clap::Args;
use connect_hyper::types::{Calendar, CalendarRef, Provider};

use crate::{
    context::{Command, Context, Effect},
    events,
    failure::{Exit, Failure},
    key, provider,
    table::{Cell, ColumnFit, Table},
    via::Via,
};

/// The arguments of `connect calendars`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// List only calendars of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
}

impl Command for Arguments {
    const SERVICES: &[Via] = events::SERVICES;

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        check_provider(context, self.provider.as_ref())?;
        let listed = listed(context).await?.iter();
        let wanted = |calendar: &&Calendar| self.provider.is_none() || calendar.provider == self.provider;
        let calendars: Vec<_> = listed.filter(wanted).collect();
        context.out.print_list(&calendars, || match calendars.as_slice() {
            [] => context.out.remark("No calendars."),
            calendars => context.out.table(&table(calendars)),
        })
    }
}

/// Returns the calendars of the user. They are requested once a command.
pub(crate) async fn listed(context: &Context) -> Result<&[Calendar], Failure> {
    let request = || context.out.progress.while_waiting("Reading calendars", context.backend.calendars());
    Ok(context.calendars.get_or_try_init(request).await?)
}

fn table(calendars: &[&Calendar]) -> Table {
    let mut table = Table::new(&[
        ("KEY", ColumnFit::Fixed),
        ("PROVIDER", ColumnFit::Drop),
        ("TITLE", ColumnFit::Cut),
        ("TIME ZONE", ColumnFit::Drop),
        ("ID", ColumnFit::Drop),
    ]);
    for calendar in calendars {
        let provider = calendar.provider.as_ref().map_or("", Provider::as_str);
        let zone = calendar.time_zone.as_deref().unwrap_or_default();
        let key = key::of_calendar(calendar);
        let title = Cell::from(&*calendar.title).with_dot(calendar.color.as_deref());
        table.row([(&*key).into(), provider.into(), title, zone.into(), (&*calendar.id).into()]);
    }
    table
}

/// Returns an error if the service of `--via` has no calendars of the provider in `--provider`.
///
/// Only Connect has calendars of several providers.
pub(crate) fn check_provider(context: &Context, provider: Option<&Provider>) -> Result<(), Failure> {
    match (context.backend.provider(), provider) {
        (Some(own), Some(provider)) if own != *provider => {
            let message = format!(
                "--provider {provider} cannot be combined with --via {}",
                context.settings.via.option()
            );
            Err(Failure::usage(message).next("omit --provider"))
        }
        _ => Ok(()),
    }
}

/// Finds the calendars in `names`; a name is a key, an id, a title, or `primary`. A title in other
/// letter case is used if no calendar has exactly this title.
///
/// If the scope forbids listing calendars and the provider is known, each name is used as a calendar id.
pub(crate) async fn find(
    context: &Context,
    names: &[String],
    provider: Option<&Provider>,
) -> Result<Vec<CalendarRef>, Failure> {
    check_provider(context, provider)?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let own = context.backend.provider();
    let provider = provider.or(own.as_ref());
    let listed = match listed(context).await {
        Ok(listed) => listed,
        Err(failure) => {
            let Some(provider) = provider.filter(|_| failure.is_denied()) else { return Err(failure) };
            return Ok(names.iter().map(|name| CalendarRef::new(provider, name)).collect());
        }
    };
    names.iter().map(|name| pick(listed, name, provider)).collect()
}

fn pick(listed: &[Calendar], name: &str, provider: Option<&Provider>) -> Result<CalendarRef, Failure> {
    let is_named: [fn(&Calendar, &str) -> bool; 4] = [
        |calendar, name| calendar.id == name || key::of_calendar(calendar) == name,
        |calendar, name| name == "primary" && is_primary(calendar),
        |calendar, name| calendar.title == name,
        |calendar, name| calendar.title.to_lowercase() == name.to_lowercase(),
    ];
    for is_named in is_named {
        let mut found: Vec<&Calendar> = Vec::new();
        for calendar in listed {
            let is_new =
                found.iter().all(|other| (&other.provider, &other.id) != (&calendar.provider, &calendar.id));
            let is_of_provider = provider.is_none() || calendar.provider.as_ref() == provider;
            if is_of_provider && is_named(calendar, name) && is_new {
                found.push(calendar);
            }
        }
        match found.as_slice() {
            [] => {}
            [calendar] => return Ok(CalendarRef::from(*calendar)),
            candidates => return Err(ambiguous(name, candidates)),
        }
    }
    let of = provider.map(|provider| format!(" of {provider}")).unwrap_or_default();
    Err(Failure::new(Exit::NotFound, "NOT_FOUND_ERROR", format!("calendar {name:?}{of} not found"))
        .next("list the keys, titles and ids of all calendars: connect calendars"))
}

fn ambiguous(name: &str, candidates: &[&Calendar]) -> Failure {
    let candidates: Vec<_> = candidates
        .iter()
        .map(|calendar| {
            let provider = calendar.provider.as_ref().map_or("?", Provider::as_str);
            format!("{} ({provider}, {:?}, {})", key::of_calendar(calendar), calendar.title, calendar.id)
        })
        .collect();
    Failure::usage(format!("{name:?} matches more than one calendar"))
        .cause(format!("candidates: {}", candidates.join(", ")))
        .next("use a key, the first value of each candidate, or add --provider")
}

/// Returns whether `calendar` is the main calendar of its account.
///
/// Google and Outlook mark the main calendar in a field.
fn is_primary(calendar: &Calendar) -> bool {
    let says =
        |name: &str| calendar.original.as_ref().and_then(|original| original.field(name)) == Some(true);
    says("primary") || says("isDefaultCalendar")
}
