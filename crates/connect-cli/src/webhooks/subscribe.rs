//! `connect webhooks subscribe`: subscribes calendars to webhooks.
//!
//! The service subscribes the calendars of an account when the account is connected. Use this command for
//! accounts that were connected before the webhook URL was set, or to choose the channel id or the expiry.

use clap::Args;
use connect_hyper::types::{CalendarRef, Provider, SubscribeWebhook, Subscribed};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    calendars,
    context::{Command, Context, DryRunOption, Effect},
    failure::Failure,
    provider,
    text::clean,
    when::{self, When},
};

/// The arguments of `connect webhooks subscribe`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The provider: google, microsoft, apple or caldav.
    #[arg(required_unless_present = "all", requires = "calendar", value_parser = provider::known)]
    provider: Option<Provider>,
    /// The calendar, by its key, id or title in `connect calendars`.
    #[arg(value_name = "CALENDAR_ID")]
    calendar: Option<String>,
    /// Subscribe all calendars.
    #[arg(long, conflicts_with_all = ["provider", "calendar", "channel_id"])]
    all: bool,
    /// Use this channel id, unique in the application [default: the service creates one].
    #[arg(long, value_name = "ID")]
    channel_id: Option<String>,
    /// End the subscription after this date (inclusive) or time [default: the service renews it].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    expires: Option<String>,
    #[command(flatten)]
    sending: DryRunOption,
}

/// The response of the API and the id of the subscribed calendar.
#[derive(Serialize)]
struct CalendarSubscription<'a> {
    #[serde(rename = "calendarId")]
    calendar_id: &'a str,
    #[serde(flatten)]
    response: Subscribed,
}

impl Command for Arguments {
    fn effect(&self) -> Effect {
        self.sending.effect()
    }

    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let end = self.end(context)?;
        let calendars = self.calendars(context).await?;
        let mut subscribed = Vec::new();
        let mut outcome = Ok(());
        for calendar in &calendars {
            match self.subscribe(context, calendar, end).await {
                Ok(None) => {}
                Ok(Some(response)) => {
                    subscribed.push(CalendarSubscription { calendar_id: &calendar.id, response })
                }
                Err(failure) => {
                    outcome = Err(if self.all { failure.while_doing(about(calendar)) } else { failure });
                    break;
                }
            }
        }
        // If one calendar fails, the subscriptions of the calendars before it are printed.
        match subscribed.as_slice() {
            _ if self.sending.effect() == Effect::DryRun => {}
            [one] if !self.all => context.out.print(one, || line(one, context))?,
            [] if outcome.is_err() => {}
            all => context.out.print(all, || lines(all, context))?,
        }
        outcome
    }
}

impl Arguments {
    fn end(&self, context: &Context) -> Result<Option<Timestamp>, Failure> {
        let zone = &context.out.zone;
        let Some(text) = &self.expires else { return Ok(None) };
        When::parse("--expires", text, zone)?.end(zone).map(Some)
    }

    async fn calendars(&self, context: &Context) -> Result<Vec<CalendarRef>, Failure> {
        if self.all {
            let listed = context.user.calendars().list().await?;
            return Ok(listed.iter().map(CalendarRef::from).collect());
        }
        calendars::find(context, self.calendar.as_slice(), self.provider.as_ref()).await
    }

    async fn subscribe(
        &self,
        context: &Context,
        calendar: &CalendarRef,
        end: Option<Timestamp>,
    ) -> Result<Option<Subscribed>, Failure> {
        let mut request = SubscribeWebhook::new(calendar);
        if let Some(id) = &self.channel_id {
            request = request.channel_id(id);
        }
        if let Some(end) = end {
            request = request.expiration(end);
        }
        let change = format!("Subscribe calendar {} ({}).", calendar.id, calendar.provider);
        context.perform(change, context.user.webhooks().subscribe(request)).await
    }
}

fn about(calendar: &CalendarRef) -> String {
    format!("cannot subscribe calendar {:?} of {}", calendar.id, calendar.provider)
}

fn lines(all: &[CalendarSubscription<'_>], context: &Context) -> String {
    if all.is_empty() {
        return "No calendars.\n".to_owned();
    }
    all.iter().map(|one| line(one, context)).collect()
}

/// Returns the line of a subscription, with the ids that `unsubscribe` needs.
fn line(subscribed: &CalendarSubscription<'_>, context: &Context) -> String {
    let subscription = subscribed.response.subscription.as_ref();
    let channel =
        subscription.and_then(|one| one.channel_id.as_deref()).or(subscribed.response.channel_id.as_deref());
    let mut text =
        format!("Subscribed {}: channel {}", clean(subscribed.calendar_id), clean(channel.unwrap_or("?")));
    if let Some(resource) = subscription.and_then(|one| one.resource_id.as_deref()) {
        text.push_str(&format!(", resource {}", clean(resource)));
    }
    if let Some(end) = subscription.and_then(|one| one.expiration) {
        text.push_str(&format!(", until {}", when::instant(end, &context.out.zone)));
    }
    text + ".\n"
}
