//! `connect webhooks subscribe`.
//!
//! The service subscribes the calendars of an account by itself when it is connected; this is for calendars that
//! were connected before the webhook URL was set, and for a channel or an end of one's own choice.

use clap::Args;
use connect_hyper::types::{CalendarRef, Provider, SubscribeWebhook, Subscribed};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    calendars,
    context::{Command, Context},
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
    /// The calendar, by key, id or exact title as `connect calendars` shows them.
    #[arg(value_name = "CALENDAR_ID")]
    calendar: Option<String>,
    /// Subscribe every calendar that is listed.
    #[arg(long, conflicts_with_all = ["provider", "calendar", "channel_id"])]
    all: bool,
    /// An id for the channel, unique in the application [default: the service makes one].
    #[arg(long, value_name = "ID")]
    channel_id: Option<String>,
    /// Until then: a time, or a date with its whole day [default: the service renews it].
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
}

/// As the API answers, with the calendar it is about.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(rename = "calendarId")]
    calendar_id: &'a str,
    #[serde(flatten)]
    answer: Subscribed,
}

impl Command for Arguments {
    async fn run(&self, context: &Context) -> Result<(), Failure> {
        let end = self.end(context)?;
        let calendars = self.calendars(context).await?;
        let mut made = Vec::new();
        let mut outcome = Ok(());
        for calendar in &calendars {
            match self.subscribe(context, calendar, end).await {
                Ok(answer) => made.push(Made { calendar_id: &calendar.id, answer }),
                Err(failure) => {
                    outcome = Err(if self.all { failure.while_doing(about(calendar)) } else { failure });
                    break;
                }
            }
        }
        // What was done is said also when the rest failed.
        match made.as_slice() {
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
    ) -> Result<Subscribed, Failure> {
        let mut request = SubscribeWebhook::new(calendar);
        if let Some(id) = &self.channel_id {
            request = request.channel_id(id);
        }
        if let Some(end) = end {
            request = request.expiration(end);
        }
        Ok(context.user.webhooks().subscribe(request).await?)
    }
}

fn about(calendar: &CalendarRef) -> String {
    format!("the calendar {:?} of {} was not subscribed", calendar.id, calendar.provider)
}

fn lines(all: &[Made<'_>], context: &Context) -> String {
    if all.is_empty() {
        return "There is no calendar.\n".to_owned();
    }
    all.iter().map(|one| line(one, context)).collect()
}

/// With what it takes to unsubscribe.
fn line(made: &Made<'_>, context: &Context) -> String {
    let subscription = made.answer.subscription.as_ref();
    let channel =
        subscription.and_then(|one| one.channel_id.as_deref()).or(made.answer.channel_id.as_deref());
    let mut text =
        format!("Subscribed {}: channel {}", clean(made.calendar_id), clean(channel.unwrap_or("?")));
    if let Some(resource) = subscription.and_then(|one| one.resource_id.as_deref()) {
        text.push_str(&format!(", resource {}", clean(resource)));
    }
    if let Some(end) = subscription.and_then(|one| one.expiration) {
        text.push_str(&format!(", until {}", when::instant(end, &context.out.zone)));
    }
    text + ".\n"
}
