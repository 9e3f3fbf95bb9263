//! `connect events delete`: deletes an event, an occurrence, or a series.

use clap::Args;
use serde_json::json;

use super::{
    fields::NotifyOption,
    find::EventSelector,
    guests,
    update::{Extent, ExtentOptions},
};
use crate::{
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    text::clean,
    when,
};

/// The arguments of `connect events delete`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: EventSelector,
    #[command(flatten)]
    extent: ExtentOptions,
    #[command(flatten)]
    notice: NotifyOption,
    #[command(flatten)]
    sending: DryRunOption,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let found = self.which.find(context).await?;
        let chosen = self.extent.chosen(&found)?;
        let event = &found.event;
        let mut delete = match chosen {
            Some(Extent::All) => event.delete_series()?,
            Some(Extent::Following) => event.delete()?.this_and_following(),
            Some(Extent::This) | None => event.delete()?,
        };
        if let Some(notify) = self.notice.notify {
            delete = delete.notify(notify);
        }
        let extent = match chosen {
            Some(Extent::Following) => " and all later occurrences",
            Some(Extent::All) if event.recurring_event_id.is_some() => " and its whole series",
            _ => "",
        };
        let subject = format!("{}, {}{extent}", event.title, when::span(event, &context.out.zone));
        let (notify, guests) = (self.notice.notify, guests::of(event));
        let change = format!("Delete {subject}.{}", guests::planned(context, notify, &guests));
        if context.perform(change, context.backend.delete(&delete)).await?.is_none() {
            return Ok(());
        }
        let value = json!({
            "success": true, "provider": event.provider, "calendarId": event.calendar_id, "id": event.id,
        });
        guests::report(context, notify, guests, &value, || format!("Deleted {}.\n", clean(&subject)))
    }
}
