//! Notification channels: `events.watch`, `calendarList.watch` and `channels.stop`.

use super::GoogleCalendar;
use super::access::Principal;
use super::error::ApiError;
use super::write::json_object;
use super::{calendar_id, holidays};
use crate::call::Call;
use crate::push::{self, Channel, EventChange, PushMessage, PushService, Watched};
use crate::reply::{Reply, empty, ok};
use crate::world::World;
use crate::world::provider::Provider;
use crate::world::random::{Random, hash};
use crate::world::time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The part of a channel that only Google has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GoogleChannel {
    token: Option<String>,
    resource_id: String,
    resource_uri: String,
    /// The number of the last message; 0 before the message `sync`.
    number: u64,
}

const MAX_ID: usize = 64;
const MAX_TOKEN: usize = 256;
const DEFAULT_TTL_SECONDS: u64 = 604_800;
const USER_AGENT: &str = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)";

impl GoogleCalendar<'_> {
    pub(super) fn watch_events(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let access = self.calendar_access(principal, &calendar_id(call))?;
        let id = access.place.id.clone();
        if id == holidays::ID || push::lists(&self.world.settings.google.push_refused, &id) {
            return Err(ApiError::push_not_supported());
        }
        let path = format!("calendars/{}/events", utf8_percent_encode(&id, NON_ALPHANUMERIC));
        let name = access.name();
        self.watch(principal, call, Watched::Calendar { account: access.place.account, id }, &path, &name)
    }

    pub(super) fn watch_list(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let account = principal.account.clone().ok_or_else(ApiError::login_required)?;
        self.watch(principal, call, Watched::List(account.clone()), "users/me/calendarList", &account)
    }

    fn watch(
        &mut self,
        principal: &Principal,
        call: &Call,
        watched: Watched,
        path: &str,
        name: &str,
    ) -> Result<Reply, ApiError> {
        let (user, client) = principal.signed_in()?;
        let sent = json_object(call)?;
        let (id, url) = (text(&sent, "id")?, text(&sent, "address")?);
        let token = sent["token"].as_str().map(str::to_owned);
        if id.len() > MAX_ID {
            return Err(ApiError::invalid("id", "Invalid value for: id is too long (maximum: 64)."));
        }
        if token.as_ref().is_some_and(|token| token.len() > MAX_TOKEN) {
            return Err(ApiError::invalid("token", "Invalid value for: token is too long (maximum: 256)."));
        }
        // Both are sent as header values.
        for (name, value) in [("id", Some(&id)), ("token", token.as_ref())] {
            if value.is_some_and(|value| value.bytes().any(|byte| !(byte == b' ' || byte.is_ascii_graphic())))
            {
                return Err(ApiError::invalid(name, format!("Invalid value for: {name}")));
            }
        }
        let kind = sent["type"].as_str().unwrap_or_default();
        if !["web_hook", "webhook"].contains(&kind) {
            let message = format!("Channel type '{kind}' is not supported.");
            return Err(ApiError::new(400, "push.channelTypeNotSupported", message));
        }
        if !push::accepts(&url, &self.world.settings) {
            let message = format!("WebHook callback must be HTTPS: {url}");
            return Err(ApiError::new(400, "push.webhookUrlNotHttps", message));
        }
        let expires = self.expiration(&sent, &id, call.now)?;
        if !self.world.push.used.insert((client.clone(), id.clone())) {
            return Err(ApiError::new(400, "channelIdNotUnique", format!("Channel id {id} not unique")));
        }
        let resource = [1, 2].map(|part| hash(part, name).to_be_bytes()).concat();
        let service = GoogleChannel {
            token,
            resource_id: URL_SAFE_NO_PAD.encode(resource),
            resource_uri: format!("{}/google/calendar/v3/{path}?alt=json", self.world.origin),
            number: 0,
        };
        let mut body = json!({
            "kind": "api#channel",
            "id": id,
            "resourceId": service.resource_id,
            "resourceUri": service.resource_uri,
            "expiration": expires.as_millisecond().to_string(),
        });
        body["token"] = json!(service.token);
        if let Some(body) = body.as_object_mut() {
            body.retain(|_, value| !value.is_null());
        }
        let mut channel =
            Channel::new(id, (client, user), watched, (url, expires), PushService::Google(service));
        channel.changes(self.world, call.now);
        self.world.push.all.push(channel);
        Ok(ok(&body))
    }

    /// Returns when a new channel expires: the earliest of the requested times and the maximum.
    fn expiration(&self, sent: &Value, id: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse::<i64>().ok());
        let wrong = || ApiError::new(400, "pushInvalidTtl", format!("Invalid ttl value for channel {id}"));
        let mut expires = time::plus_seconds(now, self.world.settings.google.channel_max.0);
        let (at, ttl) = (&sent["expiration"], &sent["params"]["ttl"]);
        if !at.is_null() {
            let at = number(at).and_then(|at| Timestamp::from_millisecond(at).ok());
            expires = expires.min(at.filter(|at| *at > now).ok_or_else(wrong)?);
        }
        if !ttl.is_null() || at.is_null() {
            let ttl = if ttl.is_null() {
                Some(DEFAULT_TTL_SECONDS)
            } else {
                number(ttl).and_then(|ttl| ttl.try_into().ok())
            };
            expires = expires.min(time::plus_seconds(now, ttl.filter(|ttl| *ttl > 0).ok_or_else(wrong)?));
        }
        Ok(expires)
    }

    /// Stops a channel that the same user created with the same application.
    pub(super) fn stop(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let (user, client) = principal.signed_in()?;
        let sent = json_object(call)?;
        let (id, resource) = (text(&sent, "id")?, text(&sent, "resourceId")?);
        let mut channels = self.world.push.all.iter_mut();
        let found = channels.find(|one| {
            matches!(&one.service, PushService::Google(google) if google.resource_id == resource)
                && one.id == id
                && (&one.user, &one.client) == (&user, &client)
                && !one.is_over(call.now)
        });
        let message = || format!("Channel '{id}' not found for project '{client}'");
        found.ok_or_else(|| ApiError::new(404, "notFound", message()))?.ended = true;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

impl Channel {
    /// Returns the notifications of a Google channel about the changes.
    ///
    /// The state is `sync` after the creation, `exists` after a change, and `not_exists` if the calendar was
    /// deleted.
    pub(crate) fn google_messages(
        &mut self,
        changes: Option<&[EventChange]>,
        world: &mut World,
    ) -> Vec<PushMessage> {
        let mut states = Vec::new();
        if self.is_new() {
            states.push("sync");
        }
        match changes {
            None if self.ended => {}
            None => states.push("not_exists"),
            Some([]) => {}
            Some(_) => states.push("exists"),
        }
        self.ended |= changes.is_none();
        let PushService::Google(google) = &mut self.service else { return Vec::new() };
        let mut messages = Vec::new();
        for state in states {
            google.next_number(&mut world.push.random);
            if state == "exists" && world.push.loses(&world.settings) {
                continue;
            }
            let headers = google.headers(&self.id, self.expires, state);
            let closing = state == "not_exists";
            messages.push(PushMessage { url: self.url.clone(), headers, body: Bytes::new(), closing });
        }
        messages
    }

    fn is_new(&self) -> bool {
        matches!(&self.service, PushService::Google(google) if google.number == 0)
    }
}

impl GoogleChannel {
    /// Increases the message number: to 1 for `sync`, then by 1 to 3, because later numbers have gaps.
    fn next_number(&mut self, random: &mut Random) {
        self.number += if self.number == 0 { 1 } else { 1 + random.below(3) };
    }

    fn headers(&self, id: &str, expires: Timestamp, state: &str) -> Vec<(&'static str, String)> {
        let expires = expires.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let mut headers = vec![
            ("content-type", "application/json; utf-8".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("x-goog-channel-id", id.to_owned()),
            ("x-goog-channel-expiration", expires),
            ("x-goog-resource-state", state.to_owned()),
            ("x-goog-message-number", self.number.to_string()),
            ("x-goog-resource-id", self.resource_id.clone()),
            ("x-goog-resource-uri", self.resource_uri.clone()),
        ];
        headers.extend(self.token.clone().map(|token| ("x-goog-channel-token", token)));
        headers
    }
}

/// Returns a hash of the calendar list of an account.
pub(crate) fn list_hash(world: &mut World, account: &str) -> u64 {
    let home = world.home_of(Provider::Google, account);
    let calendars = world.calendars_of(Provider::Google, account, &home).iter();
    calendars.fold(0, |sum, calendar| hash(sum, &super::calendars::entry(calendar).to_string()))
}

fn text(sent: &Value, name: &'static str) -> Result<String, ApiError> {
    let text = sent[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    text.ok_or_else(|| ApiError::required(&format!("Required: {name}")).at_parameter(name))
}
