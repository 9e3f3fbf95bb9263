//! `POST /subscribe-webhook` and `POST /unsubscribe-webhook`: which calendars an application hears of.
//!
//! A calendar has at most one subscription: a new one replaces it. When an account connects and the application has a
//! webhook URL, the service subscribes every calendar itself (switch `auto_subscribe`). It renews what it may renew; a
//! subscription whose end the application chose ends then.

use crate::provider::Provider;
use crate::random::Random;
use crate::reply::{Details, Problem, Reply, ok};
use crate::sandbox::{Call, Sandbox};
use crate::time;
use crate::users::UserKey;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A calendar whose changes are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Subscription {
    /// The application.
    pub client_id: String,
    /// The user whose calendar it is.
    pub user_id: String,
    /// `google`, `microsoft`, `apple` or `caldav`.
    pub provider: &'static str,
    /// The calendar's id, as `GET /calendars` shows it.
    pub calendar_id: String,
    /// The channel: chosen by the application, or made.
    pub channel_id: String,
    /// The provider's own id of the channel; Google has one.
    pub resource_id: Option<String>,
    /// When it ends. The service renews it; a time the application chose stays.
    #[serde(serialize_with = "time::serialize_wire")]
    pub expiration: Timestamp,
    /// Whether the service made it when the account was connected.
    pub automatic: bool,
    /// When it began; polls of Apple and CalDAV calendars come every five minutes from here on.
    #[serde(serialize_with = "time::serialize_wire")]
    pub since: Timestamp,
    /// Whether the service renews it.
    pub renewed: bool,
}

/// Every subscription there is.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Vec<Subscription>);

/// A calendar of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalendarKey {
    pub(crate) user: UserKey,
    pub(crate) provider: Provider,
    pub(crate) id: String,
}

impl Sandbox {
    /// The subscriptions there are, in the order they were made.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions.0
    }

    pub(crate) fn subscribe(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        let body = call.object()?;
        let asked = Asked::read(&body, call.now)?;
        let app = self.registered(&visitor.user.client);
        let webhook_url = app
            .and_then(|app| app.app.webhook_url)
            .ok_or_else(|| Problem::bad_request("The project has no webhook URL configured"))?;
        let calendar_id = self.listed_calendar(&visitor.user, &asked)?;

        let mut random = self.stream();
        let channel_id = asked.channel_id.unwrap_or_else(|| random.uuid());
        let wanted = Wanted { calendar_id, channel_id, expiration: asked.expiration, automatic: false };
        let made = new_subscription(&visitor.user, asked.provider, wanted, call.now, &mut random);
        if self.subscriptions.channel_taken(&made) {
            return Err(self.channel_taken());
        }
        self.begin_channel(made.clone());
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
            "serverWebhookUrl": format!("{}/api/webhook-receiver/{}", self.origin, made.provider),
            "channelId": made.channel_id,
        })))
    }

    /// A success whatever was there: the mapping is gone afterwards, even if the provider could not be told.
    pub(crate) fn unsubscribe(&mut self, call: &Call) -> Result<Reply, Problem> {
        let visitor = self.visitor(call)?;
        let body = call.object()?;
        let mut details = Details::new();
        let provider = read_provider(&body, &mut details);
        let channel = required(&body, "channelId", &mut details);
        let resource = optional(&body, "resourceId", &mut details);
        let (Some(provider), Some(channel), true) = (provider, channel, details.is_empty()) else {
            return Err(Problem::invalid(details));
        };
        let removed = self.subscriptions.remove(&visitor.user, provider, &channel);
        let message = match removed {
            None => "There was no such subscription",
            // Google stops a channel by both ids.
            Some(removed) if removed.resource_id != resource && removed.resource_id.is_some() => {
                "Unsubscribed; the provider could not stop the channel without its resourceId"
            }
            Some(_) => "Unsubscribed",
        };
        Ok(ok(&json!({ "success": true, "message": message })))
    }

    /// What the service does by itself when an account connects.
    pub(crate) fn subscribe_account(&mut self, user: &UserKey, provider: Provider) {
        let configured = self.registered(&user.client).is_some_and(|app| app.app.webhook_url.is_some());
        if !configured || self.settings.is("auto_subscribe", "off") {
            return;
        }
        let (mut random, now) = (self.stream(), self.latest.unwrap_or_default());
        let Ok(connections) = self.permitted(user, |one| one == provider) else { return };
        let calendars = connections.into_values().flat_map(|one| one.calendars.iter().flatten());
        let calendars: Vec<_> = calendars.map(|calendar| calendar.id.clone()).collect();
        for calendar_id in calendars {
            let wanted = Wanted { calendar_id, channel_id: random.uuid(), expiration: None, automatic: true };
            self.begin_channel(new_subscription(user, provider, wanted, now, &mut random));
        }
    }

    /// The id as `GET /calendars` has it; `primary` only by a switch.
    fn listed_calendar(&mut self, user: &UserKey, asked: &Asked) -> Result<String, Problem> {
        let alias = self.settings.is("subscribe_alias", "on");
        let connections = self.permitted(user, |provider| provider == asked.provider)?;
        let mut calendars = connections.into_values().flat_map(|one| one.calendars.iter().flatten());
        let found = calendars.find(|calendar| {
            calendar.id == asked.calendar_id || (alias && calendar.answers_to(&asked.calendar_id))
        });
        let unknown = "calendarId must be the id of a listed calendar";
        found.map(|calendar| calendar.id.clone()).ok_or_else(|| Problem::invalid_field("calendarId", unknown))
    }

    fn channel_taken(&self) -> Problem {
        let conflict = self.settings.is("duplicate_channel", "409");
        let status = if conflict { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
        Problem::plain(status, "channelId is in use by another subscription of the application")
    }
}

/// What a caller subscribes.
struct Asked {
    provider: Provider,
    calendar_id: String,
    channel_id: Option<String>,
    expiration: Option<Timestamp>,
}

impl Asked {
    fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Self, Problem> {
        let mut details = Details::new();
        let provider = read_provider(body, &mut details);
        let calendar_id = required(body, "calendarId", &mut details);
        let channel_id = optional(body, "channelId", &mut details);
        let expiration = match body.get("expiration") {
            None | Some(Value::Null) => None,
            Some(value) => {
                // A caller in JavaScript may well send a fraction; anything finer than a millisecond is dropped.
                let time = value.as_f64().and_then(|ms| Timestamp::from_millisecond(ms as i64).ok());
                let time = time.filter(|time| *time > now);
                if time.is_none() {
                    complain(
                        &mut details,
                        "expiration",
                        "must be a time to come, in milliseconds since 1970",
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

/// What is known of a subscription before it is made.
struct Wanted {
    calendar_id: String,
    channel_id: String,
    expiration: Option<Timestamp>,
    automatic: bool,
}

fn new_subscription(
    user: &UserKey,
    provider: Provider,
    wanted: Wanted,
    now: Timestamp,
    random: &mut Random,
) -> Subscription {
    let usual = || now.checked_add(lifetime(provider.name())).unwrap_or(now);
    Subscription {
        client_id: user.client.clone(),
        user_id: user.id.clone(),
        provider: provider.name(),
        calendar_id: wanted.calendar_id,
        channel_id: wanted.channel_id,
        resource_id: (provider == Provider::Google).then(|| random.token(20)),
        expiration: wanted.expiration.unwrap_or_else(usual),
        automatic: wanted.automatic,
        since: now,
        renewed: wanted.expiration.is_none(),
    }
}

/// How long a channel lasts between two renewals.
fn lifetime(provider: &str) -> SignedDuration {
    SignedDuration::from_hours(24 * if provider == Provider::Microsoft.name() { 3 } else { 7 })
}

impl Subscription {
    fn is_of(&self, user: &UserKey) -> bool {
        self.client_id == user.client && self.user_id == user.id
    }

    pub(crate) fn watches(&self, key: &CalendarKey) -> bool {
        self.is_of(&key.user) && self.provider == key.provider.name() && self.calendar_id == key.id
    }

    pub(crate) fn key(&self) -> Option<CalendarKey> {
        let user = UserKey { client: self.client_id.clone(), id: self.user_id.clone() };
        let provider = Provider::parse(self.provider)?;
        Some(CalendarKey { user, provider, id: self.calendar_id.clone() })
    }

    fn is_open(&self, at: Timestamp) -> bool {
        self.renewed || at < self.expiration
    }

    fn same_calendar(&self, other: &Self) -> bool {
        (&self.client_id, &self.user_id, self.provider, &self.calendar_id)
            == (&other.client_id, &other.user_id, other.provider, &other.calendar_id)
    }
}

impl Subscriptions {
    /// Whether another calendar of the application has the channel.
    fn channel_taken(&self, new: &Subscription) -> bool {
        self.0.iter().any(|one| {
            one.client_id == new.client_id && one.channel_id == new.channel_id && !one.same_calendar(new)
        })
    }

    /// The calendar's subscription, if it has not ended at `at`.
    pub(crate) fn of(&self, key: &CalendarKey, at: Timestamp) -> Option<&Subscription> {
        self.0.iter().find(|one| one.watches(key) && one.is_open(at))
    }

    /// Renews what has run out, and lets go of what is not renewed.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        self.0.retain(|one| one.is_open(now));
        for one in self.0.iter_mut().filter(|one| one.expiration <= now) {
            let life = lifetime(one.provider);
            let lives = one.expiration.duration_until(now).as_secs() / life.as_secs() + 1;
            let more = SignedDuration::from_secs(life.as_secs().saturating_mul(lives));
            one.expiration = one.expiration.checked_add(more).unwrap_or(Timestamp::MAX);
        }
    }

    pub(crate) fn replace(&mut self, new: Subscription) {
        self.0.retain(|one| !one.same_calendar(&new));
        self.0.push(new);
    }

    fn remove(&mut self, user: &UserKey, provider: Provider, channel: &str) -> Option<Subscription> {
        let place = self.0.iter().position(|one| {
            one.is_of(user) && one.provider == provider.name() && one.channel_id == channel
        })?;
        Some(self.0.remove(place))
    }

    /// What goes with an account that is disconnected.
    pub(crate) fn drop_account(&mut self, user: &UserKey, provider: Provider) {
        self.0.retain(|one| !(one.is_of(user) && one.provider == provider.name()));
    }
}

fn read_provider(body: &Map<String, Value>, details: &mut Details) -> Option<Provider> {
    let name = required(body, "provider", details)?;
    let provider = Provider::parse(&name);
    if provider.is_none() {
        complain(details, "provider", "provider is not supported");
    }
    provider
}

fn required(body: &Map<String, Value>, name: &str, details: &mut Details) -> Option<String> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text.is_none() {
        complain(details, name, &format!("{name} is required"));
    }
    text.map(str::to_owned)
}

fn optional(body: &Map<String, Value>, name: &str, details: &mut Details) -> Option<String> {
    match body.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(_) => {
            complain(details, name, "must be a text that is not empty");
            None
        }
    }
}

fn complain(details: &mut Details, name: &str, text: &str) {
    details.entry(name.to_owned()).or_default().push(text.to_owned());
}
