//! `POST /subscribe-webhook` and `POST /unsubscribe-webhook`.

use super::subscriptions::{NewSubscription, new_subscription};
use crate::call::Call;
use crate::connect::Connect;
use crate::reply::{Details, Problem, Reply, ok};
use crate::settings::DuplicateChannel;
use crate::world::provider::Provider;
use crate::world::time;
use crate::world::users::UserKey;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

impl Connect<'_> {
    pub(crate) fn subscribe(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        let body = call.object()?;
        let request = SubscribeRequest::read(&body, call.now)?;
        let app = self.world.registered(&principal.user.client);
        let webhook_url = app
            .and_then(|app| app.app.webhook_url)
            .ok_or_else(|| Problem::bad_request("The project has no webhook URL configured"))?;
        let calendar_id = self.listed_calendar(&principal.user, &request)?;

        let mut random = self.world.stream();
        let channel_id = request.channel_id.unwrap_or_else(|| random.uuid());
        let new =
            NewSubscription { calendar_id, channel_id, expiration: request.expiration, automatic: false };
        let made = new_subscription(&principal.user, request.provider, new, call.now, &mut random);
        if self.own.subscriptions.channel_taken(&made) {
            return Err(self.channel_taken());
        }
        self.start_channel(made.clone());
        let mut subscription = json!({
            "channelId": made.channel_id,
            "expiration": time::wire(made.expiration),
            "webhookUrl": webhook_url,
        });
        if let (Some(id), Some(subscription)) = (&made.resource_id, subscription.as_object_mut()) {
            subscription.insert("resourceId".to_owned(), json!(id));
        }
        Ok(ok(&json!({
            "success": true,
            "provider": made.provider,
            "subscription": subscription,
            "serverWebhookUrl": format!("{}/api/webhook-receiver/{}", self.world.origin, made.provider),
            "channelId": made.channel_id,
        })))
    }

    /// Removes a subscription. Succeeds even if the subscription does not exist or the provider cannot stop
    /// the channel.
    pub(crate) fn unsubscribe(&mut self, call: &Call) -> Result<Reply, Problem> {
        let principal = self.principal(call)?;
        let body = call.object()?;
        let mut details = Details::new();
        let provider = read_provider(&body, &mut details);
        let channel = required(&body, "channelId", &mut details);
        let resource = optional(&body, "resourceId", &mut details);
        let (Some(provider), Some(channel), true) = (provider, channel, details.is_empty()) else {
            return Err(Problem::invalid(details));
        };
        let removed = self.own.subscriptions.remove(&principal.user, provider, &channel);
        let message = match removed {
            None => "There was no such subscription",
            // To stop a channel, Google also requires the resource id.
            Some(removed) if removed.resource_id != resource && removed.resource_id.is_some() => {
                "Unsubscribed; the provider could not stop the channel: resourceId is missing or wrong"
            }
            Some(_) => "Unsubscribed",
        };
        Ok(ok(&json!({ "success": true, "message": message })))
    }

    /// Returns the id that `GET /calendars` lists for the requested calendar. Accepts the id `primary` only
    /// with the switch `subscribe_alias`.
    fn listed_calendar(&mut self, user: &UserKey, request: &SubscribeRequest) -> Result<String, Problem> {
        let alias = self.world.settings.webhooks.subscribe_alias;
        let mut calendars =
            self.permitted(user, |provider| provider == request.provider)?.into_values().flatten();
        let found = calendars.find(|calendar| {
            calendar.id == request.calendar_id || (alias && calendar.has_id(&request.calendar_id))
        });
        let unknown = "calendarId must be the id of a listed calendar";
        found.map(|calendar| calendar.id.clone()).ok_or_else(|| Problem::invalid_field("calendarId", unknown))
    }

    fn channel_taken(&self) -> Problem {
        let conflict = self.world.settings.webhooks.duplicate_channel == DuplicateChannel::Conflict;
        let status = if conflict { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
        Problem::plain(status, "channelId is in use by another subscription of the application")
    }
}

struct SubscribeRequest {
    provider: Provider,
    calendar_id: String,
    channel_id: Option<String>,
    expiration: Option<Timestamp>,
}

impl SubscribeRequest {
    fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Self, Problem> {
        let mut details = Details::new();
        let provider = read_provider(body, &mut details);
        let calendar_id = required(body, "calendarId", &mut details);
        let channel_id = optional(body, "channelId", &mut details);
        let expiration = match body.get("expiration") {
            None | Some(Value::Null) => None,
            Some(value) => {
                // JavaScript callers may send fractions of a millisecond.
                let time = value.as_f64().and_then(|ms| Timestamp::from_millisecond(ms as i64).ok());
                let time = time.filter(|time| *time > now);
                if time.is_none() {
                    add_error(
                        &mut details,
                        "expiration",
                        "must be a time in the future, in milliseconds since 1970",
                    );
                }
                time
            }
        };
        match (provider, calendar_id, details.is_empty()) {
            (Some(provider), Some(calendar_id), true) => {
                Ok(Self { provider, calendar_id, channel_id, expiration })
            }
            _ => Err(Problem::invalid(details)),
        }
    }
}

fn read_provider(body: &Map<String, Value>, details: &mut Details) -> Option<Provider> {
    let name = required(body, "provider", details)?;
    let provider = Provider::parse(&name);
    if provider.is_none() {
        add_error(details, "provider", "provider is not supported");
    }
    provider
}

fn required(body: &Map<String, Value>, name: &str, details: &mut Details) -> Option<String> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text.is_none() {
        add_error(details, name, &format!("{name} is required"));
    }
    text.map(str::to_owned)
}

fn optional(body: &Map<String, Value>, name: &str, details: &mut Details) -> Option<String> {
    match body.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(_) => {
            add_error(details, name, "must be a text that is not empty");
            None
        }
    }
}

fn add_error(details: &mut Details, name: &str, text: &str) {
    details.entry(name.to_owned()).or_default().push(text.to_owned());
}
