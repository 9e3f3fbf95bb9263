//! `connect webhooks trigger` and `connect webhooks resend`: have a sandbox send a delivery.

use clap::{Args, ValueEnum};
use connect_hyper::{
    Client,
    types::{Provider, Raw},
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    control::{self, Control},
    failure::{Exit, Failure},
    key,
    output::Output,
    provider,
    settings::Resolved,
    text::clean,
    when,
};

/// The arguments of `connect webhooks trigger`.
#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// Change an event of google, microsoft, apple or caldav [default: the first subscription's
    /// provider].
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known)]
    provider: Option<Provider>,
    /// Change an event in this calendar, by key or id [default: the first subscribed calendar].
    #[arg(long, value_name = "CALENDAR")]
    calendar: Option<String>,
    /// Make this kind of change.
    #[arg(long, value_enum, default_value_t = Change::Updated)]
    change: Change,
    /// Give the event this title.
    #[arg(long)]
    title: Option<String>,
}

/// The arguments of `connect webhooks resend`.
#[derive(Debug, Args)]
pub(crate) struct Resend {
    /// The delivery, by its webhook-id [default: the last delivery].
    id: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Change {
    Created,
    Updated,
    Deleted,
}

#[derive(Deserialize)]
struct Subscriptions {
    subscriptions: Vec<SubscribedCalendar>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscribedCalendar {
    provider: Provider,
    calendar_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Triggered {
    delivery: String,
    due: Timestamp,
    provider: Provider,
    calendar_id: String,
    #[serde(default)]
    event: Value,
}

#[derive(Deserialize)]
struct Resent {
    delivery: String,
}

impl Trigger {
    pub(super) async fn run(&self, settings: &Resolved, out: &Output) -> Result<(), Failure> {
        let client = settings.anonymous(None)?;
        let listed = subscriptions(&client).await?;
        let mut request = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                request.insert(name.to_owned(), json!(value));
            }
        };
        put("user", settings.named_user.as_deref());
        put("clientId", settings.client_id());
        put("provider", self.provider.as_ref().map(Provider::as_str));
        let calendar = self.calendar.as_deref().map(|name| self.calendar(name, &listed)).transpose()?;
        put("calendarId", calendar);
        put("change", Some(self.change.name()));
        put("title", self.title.as_deref());

        let response = client.send(&Control::post("/sandbox/trigger").json(&request.into())).await?;
        let triggered: Triggered = read(&response)?;
        out.print(&read::<Value>(&response)?, || {
            let title = triggered.event.get("title").and_then(Value::as_str).unwrap_or("an event");
            let key = key::of_calendar_id(Some(&triggered.provider), &triggered.calendar_id);
            format!(
                "{} {} in {}/{key}; the delivery {} is due {}.\n",
                self.change.past(),
                clean(title),
                clean(triggered.provider.as_str()),
                clean(&triggered.delivery),
                when::second(triggered.due, &out.zone),
            )
        })
    }

    fn calendar<'a>(&self, name: &str, listed: &'a Subscriptions) -> Result<&'a str, Failure> {
        let mut subscribed = listed.subscriptions.iter();
        let found = subscribed.find(|one| {
            (one.calendar_id == name || key::of_calendar_id(Some(&one.provider), &one.calendar_id) == name)
                && self.provider.as_ref().is_none_or(|provider| *provider == one.provider)
        });
        found.map(|one| one.calendar_id.as_str()).ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                "NOT_FOUND_ERROR",
                format!("calendar {name:?} has no webhook subscription"),
            )
            .next("subscribe the calendar: connect webhooks subscribe; list keys and ids: connect calendars")
        })
    }
}

impl Resend {
    pub(super) async fn run(&self, settings: &Resolved, out: &Output) -> Result<(), Failure> {
        let client = settings.anonymous(None)?;
        // This request fails if the base URL is not a sandbox.
        subscriptions(&client).await?;
        let mut control = Control::post("/sandbox/resend");
        if let Some(id) = &self.id {
            control = control.json(&json!({ "id": id }));
        }
        let response = client.send(&control).await?;
        let resent: Resent = read(&response)?;
        out.print(&read::<Value>(&response)?, || {
            format!("The sandbox is sending delivery {} again.\n", clean(&resent.delivery))
        })
    }
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    fn past(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Updated => "Updated",
            Self::Deleted => "Deleted",
        }
    }
}

async fn subscriptions(client: &Client) -> Result<Subscriptions, Failure> {
    control::get_from_sandbox(client, "/sandbox/subscriptions").await
}

fn read<T: DeserializeOwned>(response: &Raw) -> Result<T, Failure> {
    response.decode().map_err(|error| {
        Failure::new(Exit::Service, "DECODE_ERROR", "cannot read the sandbox's response")
            .cause(format!("{error}: {}", response.get()))
            .next("use a sandbox of the same version as this program")
    })
}
