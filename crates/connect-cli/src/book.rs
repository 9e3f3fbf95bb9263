//! `connect book`: creates an event if its time is free, so that two bookers never both get it.

use clap::Args;
use connect_calendars::booking::{BookOutcome, Booking, Conflict, book_async};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    calendars,
    context::{Command, Context, Effect},
    events::{SERVICES, create, guests, print},
    failure::{Exit, Failure},
    key,
    output::note,
    via::Via,
    when,
};

/// The arguments of `connect book`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    create: create::NewEventOptions,
    /// Require that the time is free in this calendar too; may be given more than once.
    #[arg(long, value_name = "CALENDAR")]
    check: Vec<String>,
    /// Require this much free time before and after the event.
    #[arg(long, value_name = "TIME", value_parser = crate::free::duration)]
    buffer: Option<SignedDuration>,
    /// Continue the booking with this key, if its command was interrupted [default: a new key].
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Command for Arguments {
    const SERVICES: &[Via] = SERVICES;

    fn effect(&self) -> Effect {
        self.create.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let prepared = self.create.prepare(context).await?;
        let key = self.key.clone().unwrap_or_else(key::random);
        let buffer = self.buffer.unwrap_or_default();
        let mut booking =
            Booking::new(prepared.event, &key, context.out.zone.clone())?.buffers(buffer, buffer);
        for calendar in calendars::find(context, &self.check, None).await? {
            booking = booking.check(calendar);
        }
        if self.key.is_none() && self.effect() == Effect::Writes && !context.out.json {
            note(&format!("If this command is interrupted, repeat it with: --key {key}"));
        }
        let sending = book_async(&*context.backend, &booking, tokio::time::sleep);
        let change = format!("Book the time, and then: {}", prepared.change);
        let Some(outcome) = context.perform(change, sending).await? else { return Ok(()) };
        let event = match outcome {
            BookOutcome::Booked(event) => event,
            BookOutcome::WithoutGuests(event, error) => {
                let shown = print::details(&event, &context.out);
                context.out.print(&event, || shown)?;
                return Err(Failure::from(error)
                    .while_doing("the time is booked, but the guests were not added")
                    .next(format!("add the guests: repeat the command with --key {key}")));
            }
            BookOutcome::Taken(conflict) => return Err(taken(&conflict, context)),
            _ => {
                return Err(Failure::new(
                    Exit::Failed,
                    "BOOKING_ERROR",
                    "the outcome of the booking is unknown",
                ));
            }
        };
        let value = json!({ "key": key, "event": event });
        guests::report(context, self.create.notify(), guests::of(&event), &value, || {
            print::details(&event, &context.out)
        })
    }
}

fn taken(conflict: &Conflict, context: &Context) -> Failure {
    let cause = match conflict {
        Conflict::Event(event) => {
            let title = if event.title.is_empty() { "(no title)" } else { &event.title };
            format!("{title}, {}", when::span(event, &context.out.zone))
        }
        Conflict::Hold(_) => "another booking holds the time".to_owned(),
        Conflict::Lapsed => "the booking took too long, so its hold lapsed".to_owned(),
        Conflict::Removed => "somebody deleted the hold of this booking".to_owned(),
        Conflict::KeyUsed => "the key was used by a booking whose event was deleted".to_owned(),
        _ => "another event or booking has the time".to_owned(),
    };
    Failure::new(Exit::Failed, "TAKEN", "the time is not free; no event remains")
        .cause(cause)
        .next("list free times: connect free")
}
