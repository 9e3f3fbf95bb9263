//! `connect calendars`: the calendars of all connected accounts; and finding one of them by what people type.

use clap::Args;
use connect_hyper::types::{Calendar, CalendarRef, Provider};

use crate::{
    context::{Command, Context},
    events,
    failure::{Exit, Failure},
    key,
    table::{Room, Table},
    via::Via,
};

/// The arguments of `connect calendars`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the calendars of this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<Provider>,
}

impl Command for Arguments {
    const SERVICES: &[Via] = events::SERVICES;

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut calendars = context.backend.calendars().await?;
        calendars.retain(|calendar| self.provider.is_none() || calendar.provider == self.provider);
        context.out.print(&calendars, || {
            if calendars.is_empty() {
                return "There is no calendar.\n".to_owned();
            }
            context.out.table(&table(&calendars))
        })
    }
}

fn table(calendars: &[Calendar]) -> Table {
    let mut table = Table::new(&[
        ("KEY", Room::Fixed),
        ("PROVIDER", Room::Fixed),
        ("TITLE", Room::Cut),
        ("TIME ZONE", Room::Fixed),
        ("ID", Room::Drop),
    ]);
    for calendar in calendars {
        let provider = calendar.provider.as_ref().map_or("", Provider::as_str);
        let zone = calendar.time_zone.as_deref().unwrap_or_default();
        table.row([&key::of_calendar(calendar), provider, &calendar.title, zone, &calendar.id]);
    }
    table
}

/// The calendars people named, by key or id. With a provider, an id that is not listed is taken as it is: an
/// alias such as Google's `primary`, or a calendar of a sign-in that may not list calendars.
pub(crate) async fn find(
    context: &Context,
    names: &[String],
    provider: Option<&Provider>,
) -> Result<Vec<CalendarRef>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    // Only Connect has calendars of more than one provider.
    let whose = context.backend.provider();
    let provider = provider.or(whose.as_ref());
    let listed = match context.backend.calendars().await.map_err(Failure::from) {
        Ok(listed) => listed,
        Err(failure) if failure.is_denied() && provider.is_some() => Vec::new(),
        Err(failure) => return Err(failure),
    };
    names.iter().map(|name| pick(&listed, name, provider)).collect()
}

fn pick(listed: &[Calendar], name: &str, provider: Option<&Provider>) -> Result<CalendarRef, Failure> {
    let mut found = listed.iter().filter(|calendar| {
        (calendar.id == name || key::of_calendar(calendar) == name)
            && (provider.is_none() || calendar.provider.as_ref() == provider)
    });
    match (found.next(), found.next(), provider) {
        (Some(calendar), None, _) => Ok(CalendarRef::from(calendar)),
        (None, _, Some(provider)) => Ok(CalendarRef::new(provider, name)),
        (None, _, None) => {
            Err(Failure::new(Exit::NotFound, "NOT_FOUND_ERROR", format!("there is no calendar {name:?}"))
                .next("list their keys and ids: connect calendars"))
        }
        (Some(_), Some(_), _) => Err(Failure::usage(format!("more than one calendar is called {name:?}"))
            .next("name it by its key (connect calendars), or add --provider")),
    }
}
