//! `connect events respond`: replies to an invitation.

use clap::{Args, ValueEnum};
use connect_calendars::{InvitationReply, ReplyStatus};
use connect_hyper::types::Notify;
use serde_json::json;

use super::{find::EventSelector, update};
use crate::{
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    text::clean,
    via::Via,
    when,
};

/// The arguments of `connect events respond`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: EventSelector,
    /// Whether you will come.
    #[arg(value_name = "REPLY")]
    status: ReplyOption,
    /// A text for the organizer.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    extent: ReplyExtent,
    /// Notify the organizer: all, external (only without a Google calendar) or none [default: all]. Outlook
    /// supports all and none.
    #[arg(long, value_name = "WHO")]
    notify: Option<Notify>,
    #[command(flatten)]
    sending: DryRunOption,
}

/// The options that choose how much of a series the reply applies to.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct ReplyExtent {
    /// Only this occurrence (the default).
    #[arg(long)]
    this: bool,
    /// The whole series.
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReplyOption {
    Accepted,
    Declined,
    Tentative,
}

impl From<ReplyOption> for ReplyStatus {
    fn from(status: ReplyOption) -> Self {
        match status {
            ReplyOption::Accepted => Self::Accepted,
            ReplyOption::Declined => Self::Declined,
            ReplyOption::Tentative => Self::Tentative,
        }
    }
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        if context.settings.via == Via::Connect {
            return Err(Failure::usage("Mobiscroll Connect cannot reply to invitations")
                .cause("its API has no such call")
                .next("reply at the service of the calendar: add --via google or --via microsoft"));
        }
        let found = self.which.find(context).await?;
        if found.is_series && !self.extent.all {
            return Err(update::all_is_missing());
        }
        let (event, status) = (&found.event, ReplyStatus::from(self.status));
        let mut reply = InvitationReply::new(status);
        reply.comment.clone_from(&self.comment);
        reply.notify = self.notify;
        reply.whole_series = self.extent.all;
        let extent = match event.recurring_event_id {
            Some(_) if self.extent.all => " and its whole series",
            Some(_) => ", only this occurrence",
            None => "",
        };
        let subject = format!("{}, {}{extent}", event.title, when::span(event, &context.out.zone));
        let notified = match self.notify {
            None | Some(Notify::All) => "The organizer is notified.",
            Some(Notify::External) => "The organizer is notified, unless the organizer uses Google Calendar.",
            Some(Notify::Nobody) => "The organizer is not notified.",
        };
        let status = status.as_str();
        let change = format!("Reply {status} to {subject}. {notified}");
        if context.perform(change, context.backend.respond(event, &reply)).await?.is_none() {
            return Ok(());
        }
        let value = json!({
            "success": true, "provider": event.provider, "calendarId": event.calendar_id, "id": event.id,
            "reply": status,
        });
        context.out.print(&value, || format!("Replied {status} to {}.\n{notified}\n", clean(&subject)))
    }
}
