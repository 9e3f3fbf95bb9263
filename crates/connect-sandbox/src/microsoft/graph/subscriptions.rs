//! Subscriptions: create, list, renew, reauthorize and delete; validation of receivers; notifications.

use super::access::Principal;
use super::error::ApiError;
use super::resource;
use super::times;
use super::write::json_object;
use super::{Endpoint, Graph};
use crate::call::Call;
use crate::microsoft::openid::user_id;
use crate::push::{self, Channel, EventChange, PushMessage, PushService, Watched};
use crate::reply::{Reply, empty, json_reply, ok};
use crate::settings::{Lifecycle, MailboxEvents, Settings};
use crate::world::World;
use crate::world::calendar::ChangeKind;
use crate::world::provider::Provider;
use crate::world::random::Random;
use crate::world::time;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The part of a subscription that only Graph has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GraphSubscription {
    kinds: Vec<ChangeKind>,
    client_state: Option<String>,
    lifecycle_url: Option<String>,
    /// The members `changeType`, `resource` and `latestSupportedTlsVersion`, as sent.
    sent: Map<String, Value>,
    /// Whether the subscription waits for a reauthorization.
    paused: bool,
    /// Whether a notification was dropped, which the next lifecycle notification `missed` reports.
    missed: bool,
}

/// A request that Graph sends to a receiver before it accepts the receiver's URL.
///
/// The request has the query parameter `validationToken`. The receiver must respond within 10 seconds, with
/// the status 200, the content type `text/plain` and the token as the body.
#[derive(Debug)]
#[non_exhaustive]
pub struct Validation {
    /// The request to send.
    pub request: Request<Bytes>,
    token: String,
    failure: Option<String>,
}

const MIN_MINUTES: u64 = 45;
const MAX_CLIENT_STATE: usize = 128;
/// The documented maximum number of subscriptions of a mailbox.
const MAX_SUBSCRIPTIONS: usize = 1000;

impl Validation {
    fn new(url: &str, random: &mut Random) -> Option<Self> {
        // A token of Graph has characters that must be decoded.
        let token = format!(
            "Validation: Testing client application reachability for subscription Request-Id: {}",
            random.uuid()
        );
        let query: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        let separator = if url.contains('?') { '&' } else { '?' };
        let request = Request::post(format!("{url}{separator}validationToken={query}"))
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(Bytes::new());
        let failure = Some("Subscription validation request timed out.".to_owned());
        request.ok().map(|request| Self { request, token, failure })
    }

    /// Records the response of the receiver. Without a response, the validation fails.
    pub fn respond(&mut self, response: &Response<Bytes>) {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let is_plain =
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"));
        let status = response.status();
        self.failure = if status != StatusCode::OK {
            let name = status.canonical_reason().unwrap_or("unknown").replace(' ', "");
            Some(format!(
                "Subscription validation request failed. HTTP status code is '{name}'. Notification endpoint must \
                 respond with 200 OK to validation request."
            ))
        } else if !(is_plain && *response.body() == self.token.as_bytes()) {
            Some(
                "Subscription validation request failed. Response must have the content type text/plain and \
                 contain the validation token."
                    .to_owned(),
            )
        } else {
            None
        };
    }
}

/// A valid request for a subscription.
struct SubscriptionDraft {
    watched: Watched,
    url: String,
    expires: Timestamp,
    subscription: GraphSubscription,
}

impl Graph<'_> {
    /// Returns the validation requests that precede the response to a call. Returns no requests if the call
    /// will fail, or needs no validation.
    pub(crate) fn validations(&mut self, endpoint: Endpoint, call: &Call) -> Vec<Validation> {
        let Ok(principal) = self.authenticate(endpoint, call) else { return Vec::new() };
        let urls = match endpoint {
            Endpoint::Subscribe => self.draft(&principal, call).map(|draft| {
                let lifecycle = draft.subscription.lifecycle_url.filter(|url| *url != draft.url);
                [Some(draft.url), lifecycle]
            }),
            Endpoint::UpdateSubscription => self.new_url(call).map(|url| [url, None]),
            _ => return Vec::new(),
        };
        let urls = urls.unwrap_or_default().into_iter().flatten();
        urls.filter_map(|url| Validation::new(&url, &mut self.world.push.random)).collect()
    }

    pub(super) fn subscribe(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let draft = self.draft(principal, call)?;
        self.check_validations()?;
        let own = self.subscriptions(principal, call.now).count();
        if own >= MAX_SUBSCRIPTIONS {
            let message = "The maximum number of subscriptions of the mailbox is reached.";
            return Err(ApiError::new(403, "ExtensionError", message));
        }
        let id = self.world.push.random.uuid();
        let SubscriptionDraft { watched, url, expires, subscription } = draft;
        let owner = (principal.client.clone(), principal.account.clone());
        let mut channel = Channel::new(id, owner, watched, (url, expires), PushService::Graph(subscription));
        channel.changes(self.world, call.now);
        let mut body = shown(&channel, true, &self.creator(principal));
        body["@odata.context"] = self.context("subscriptions/$entity");
        self.world.push.all.push(channel);
        Ok(json_reply(StatusCode::CREATED, &body))
    }

    pub(super) fn list_subscriptions(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        let creator = self.creator(principal);
        let all = self.subscriptions(principal, call.now).map(|one| shown(one, false, &creator));
        let all: Vec<_> = all.collect();
        Ok(ok(&json!({ "@odata.context": self.context("subscriptions"), "value": all })))
    }

    pub(super) fn subscription(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let creator = self.creator(principal);
        let mut body = shown(self.found(principal, call)?, false, &creator);
        body["@odata.context"] = self.context("subscriptions/$entity");
        Ok(ok(&body))
    }

    /// Renews a subscription, or changes its receiver. Both reauthorize the subscription.
    pub(super) fn update_subscription(
        &mut self,
        principal: &Principal,
        call: &Call,
    ) -> Result<Reply, ApiError> {
        self.found(principal, call)?;
        let sent = json_object(call)?;
        let expires = match sent.get("expirationDateTime") {
            None | Some(Value::Null) => None,
            Some(at) => Some(self.expiration(at, call.now)?),
        };
        let url = self.new_url(call)?;
        self.check_validations()?;
        let creator = self.creator(principal);
        let found = self.found(principal, call)?;
        found.expires = expires.unwrap_or(found.expires);
        found.url = url.unwrap_or_else(|| found.url.clone());
        found.reauthorize();
        let mut body = shown(found, true, &creator);
        body["@odata.context"] = self.context("subscriptions/$entity");
        Ok(ok(&body))
    }

    pub(super) fn reauthorize(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        self.found(principal, call)?.reauthorize();
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn unsubscribe(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        self.found(principal, call)?.ended = true;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn creator(&self, principal: &Principal) -> String {
        user_id(&principal.account, &self.world.settings)
    }

    fn subscriptions(&self, principal: &Principal, now: Timestamp) -> impl Iterator<Item = &Channel> {
        self.world.push.all.iter().filter(move |one| principal.owns(one, now))
    }

    /// Returns the subscription in the path. Fails with 404 if it has expired or belongs to another caller.
    fn found(&mut self, principal: &Principal, call: &Call) -> Result<&mut Channel, ApiError> {
        let id = call.path_parameter("subscriptionId").unwrap_or_default();
        let found =
            self.world.push.find(Provider::Microsoft, &id).filter(|one| principal.owns(one, call.now));
        found.ok_or_else(|| ApiError::new(404, "ResourceNotFound", "The object was not found."))
    }

    fn draft(&mut self, principal: &Principal, call: &Call) -> Result<SubscriptionDraft, ApiError> {
        let sent = json_object(call)?;
        let text = |name: &str| sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let required = |name: &str| {
            let message = format!("{name} is a required property for subscription creation");
            text(name).ok_or_else(|| ApiError::new(400, "InvalidRequest", message))
        };
        let kinds = required("changeType")?.split(',').map(|kind| match kind.trim() {
            "created" => Ok(ChangeKind::Created),
            "updated" => Ok(ChangeKind::Updated),
            "deleted" => Ok(ChangeKind::Deleted),
            other => Err(ApiError::new(
                400,
                "InvalidRequest",
                format!("The changeType '{other}' is not supported."),
            )),
        });
        let kinds = kinds.collect::<Result<_, _>>()?;
        let url = self.receiver("notificationUrl", required("notificationUrl")?)?;
        let lifecycle_url = text("lifecycleNotificationUrl");
        let lifecycle_url =
            lifecycle_url.map(|url| self.receiver("lifecycleNotificationUrl", url)).transpose()?;
        let expires = self.expiration(sent.get("expirationDateTime").unwrap_or(&Value::Null), call.now)?;
        let client_state = text("clientState").map(str::to_owned);
        if client_state.as_ref().is_some_and(|state| state.chars().count() > MAX_CLIENT_STATE) {
            let message = "The clientState is too long (maximum: 128 characters).";
            return Err(ApiError::new(400, "InvalidRequest", message));
        }
        let tls = text("latestSupportedTlsVersion").unwrap_or("v1_2");
        if !["v1_0", "v1_1", "v1_2", "v1_3"].contains(&tls) {
            return Err(ApiError::new(
                400,
                "InvalidRequest",
                format!("The TLS version '{tls}' is not supported."),
            ));
        }
        if sent.get("includeResourceData") == Some(&json!(true)) {
            let message = "Notifications with resource data are not supported by this sandbox.";
            return Err(ApiError::new(400, "InvalidRequest", message));
        }
        let resource = required("resource")?;
        let watched = self.watched(principal, resource)?;
        if push::lists(&self.world.settings.microsoft.push_refused, &principal.account) {
            let message = "Operation: Create; Exception: [Status Code: NotFound; Reason: REST API is not yet \
                           supported for this mailbox.]";
            return Err(ApiError::new(404, "ExtensionError", message));
        }
        let members = [
            ("changeType", required("changeType")?),
            ("resource", resource),
            ("latestSupportedTlsVersion", tls),
        ];
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let subscription = GraphSubscription {
            kinds,
            client_state,
            lifecycle_url,
            sent: members,
            paused: false,
            missed: false,
        };
        Ok(SubscriptionDraft { watched, url, expires, subscription })
    }

    fn receiver(&self, name: &str, url: &str) -> Result<String, ApiError> {
        if push::accepts(url, &self.world.settings) {
            return Ok(url.to_owned());
        }
        let message = format!("The {name} '{url}' is invalid: an https URL is required.");
        Err(ApiError::new(400, "InvalidRequest", message))
    }

    /// Returns the new receiver in the body of an update, if any.
    fn new_url(&self, call: &Call) -> Result<Option<String>, ApiError> {
        let sent = json_object(call)?;
        let url = sent.get("notificationUrl").and_then(Value::as_str);
        url.map(|url| self.receiver("notificationUrl", url)).transpose()
    }

    fn expiration(&self, at: &Value, now: Timestamp) -> Result<Timestamp, ApiError> {
        let wrong = |message: String| ApiError::new(400, "InvalidRequest", message);
        let text = at.as_str().unwrap_or_default();
        if text.is_empty() {
            return Err(wrong(
                "expirationDateTime is a required property for subscription creation".to_owned(),
            ));
        }
        let at = times::bound(text).filter(|at| *at > now);
        let at =
            at.ok_or_else(|| wrong(format!("The expirationDateTime '{text}' is not a time in the future.")))?;
        let max = self.world.settings.microsoft.subscription_max.0;
        // Graph tolerates that the clock of the client is slightly ahead.
        if at > time::plus_seconds(now, max * 60 + 60) {
            let message = format!("Subscription expiration can only be {max} minutes in the future.");
            return Err(ApiError::new(400, "ExtensionError", message));
        }
        Ok(at.max(time::plus_seconds(now, MIN_MINUTES * 60)))
    }

    /// Returns the calendars that a resource path means. Delegated permissions cover only the mailbox of the
    /// user.
    fn watched(&mut self, principal: &Principal, resource: &str) -> Result<Watched, ApiError> {
        let unsupported = || {
            ApiError::new(
                400,
                "InvalidRequest",
                format!("Resource '{resource}' is not supported for subscriptions."),
            )
        };
        // An id can be a segment, or an argument in parentheses and quotes.
        let path = resource.trim_start_matches('/').replace("('", "/").replace("')", "");
        let path: Vec<_> = path.split('/').collect();
        let path = match path.as_slice() {
            [me, rest @ ..] if me.eq_ignore_ascii_case("me") => rest,
            [users, user, rest @ ..] if users.eq_ignore_ascii_case("users") => {
                if *user != principal.account && *user != user_id(&principal.account, &self.world.settings) {
                    let message = "Operation: Create; Exception: [Status Code: Forbidden; Reason: Forbidden]";
                    return Err(ApiError::new(403, "ExtensionError", message));
                }
                rest
            }
            _ => return Err(unsupported()),
        };
        let path: Vec<_> = path.iter().map(|segment| segment.to_ascii_lowercase()).zip(path).collect();
        let names: Vec<_> = path.iter().map(|(lower, _)| lower.as_str()).collect();
        let account = principal.account.clone();
        let id = match names.as_slice() {
            ["events"] if self.world.settings.microsoft.mailbox_events == MailboxEvents::All => {
                return Ok(Watched::Account(account));
            }
            ["events"] | ["calendar", "events"] => None,
            ["calendars", _, "events"] => path.get(1).map(|(_, id)| (*id).to_owned()),
            _ => return Err(unsupported()),
        };
        let home = self.world.home_of(Provider::Microsoft, &account);
        let mut calendars = self.world.calendars_of(Provider::Microsoft, &account, &home).iter();
        let found = calendars.find(|one| id.as_ref().map_or(one.primary, |id| one.id == *id));
        let id = found.map(|one| one.id.clone()).ok_or_else(ApiError::not_found)?;
        Ok(Watched::Calendar { account, id })
    }

    fn check_validations(&self) -> Result<(), ApiError> {
        let failure = self.own.validations.iter().find_map(|one| one.failure.clone());
        failure.map_or(Ok(()), |failure| Err(ApiError::new(400, "InvalidRequest", failure)))
    }
}

impl Principal {
    fn owns(&self, channel: &Channel, now: Timestamp) -> bool {
        matches!(channel.service, PushService::Graph(_))
            && channel.user == self.account
            && channel.client == self.client
            && !channel.is_over(now)
    }
}

/// Renders a subscription. Only the responses to create and update requests have the `clientState`.
fn shown(channel: &Channel, with_state: bool, creator: &str) -> Value {
    let PushService::Graph(subscription) = &channel.service else { return Value::Null };
    let mut body = json!({
        "id": channel.id,
        "applicationId": channel.client,
        "clientState": subscription.client_state.as_ref().filter(|_| with_state),
        "notificationUrl": channel.url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": times::exact(channel.expires),
        "creatorId": creator,
        "includeResourceData": null,
        "notificationQueryOptions": null,
        "notificationContentType": null,
        "notificationUrlAppId": null,
        "encryptionCertificate": null,
        "encryptionCertificateId": null,
    });
    if let Some(body) = body.as_object_mut() {
        body.extend(subscription.sent.clone());
    }
    body
}

impl Channel {
    fn reauthorize(&mut self) {
        if let PushService::Graph(subscription) = &mut self.service {
            subscription.paused = false;
        }
    }

    /// Records that Graph gave up a notification.
    pub(crate) fn notification_dropped(&mut self) {
        if let PushService::Graph(subscription) = &mut self.service {
            subscription.missed = true;
        }
    }

    /// Returns the notification of Graph about the changes, and lifecycle notifications.
    pub(crate) fn graph_messages(
        &mut self,
        changes: Option<&[EventChange]>,
        world: &mut World,
    ) -> Vec<PushMessage> {
        let PushService::Graph(subscription) = &mut self.service else { return Vec::new() };
        let (mut told, mut lifecycle) = (Vec::new(), Vec::new());
        if std::mem::take(&mut subscription.missed) {
            lifecycle.push("missed");
        }
        let wanted = changes.unwrap_or_default().iter().filter(|one| subscription.kinds.contains(&one.kind));
        let wanted: Vec<_> = wanted.collect();
        if changes.is_none() && !self.ended {
            lifecycle.push("subscriptionRemoved");
        } else if !(wanted.is_empty() || subscription.paused) {
            let setting = world.settings.microsoft.lifecycle;
            let on = if setting == Lifecycle::Off { 0 } else { world.settings.microsoft.lifecycle_every.0 };
            let brings = world.push.lifecycle.refuses(on);
            let replaced = brings && setting != Lifecycle::ReauthorizationRequired;
            if !(replaced || world.push.loses(&world.settings)) {
                told = wanted;
            }
            if brings {
                lifecycle.push(setting.as_str());
                subscription.paused = setting == Lifecycle::ReauthorizationRequired;
                self.ended |= setting == Lifecycle::SubscriptionRemoved;
            }
        }
        self.ended |= changes.is_none();
        let to = subscription.lifecycle_url.clone();
        let told: Vec<_> = told
            .into_iter()
            .map(|change| self.change(change, &world.settings, &mut world.push.random))
            .collect();
        let body = |value: Vec<Value>| Bytes::from(json!({ "value": value }).to_string());
        let headers = || vec![("content-type", "application/json; charset=utf-8".to_owned())];
        let mut messages = Vec::new();
        if !told.is_empty() {
            messages.push(PushMessage {
                url: self.url.clone(),
                headers: headers(),
                body: body(told),
                closing: false,
            });
        }
        for event in lifecycle {
            let mut entry = self.entry(&world.settings);
            entry.insert("lifecycleEvent".to_owned(), json!(event));
            let body = body(vec![Value::Object(entry)]);
            let message = to.clone().map(|url| PushMessage { url, headers: headers(), body, closing: true });
            messages.extend(message);
        }
        messages
    }

    /// Returns the members that every entry of a notification has.
    fn entry(&self, settings: &Settings) -> Map<String, Value> {
        let state = match &self.service {
            PushService::Graph(subscription) => subscription.client_state.clone(),
            PushService::Google(_) => None,
        };
        let entry = [
            ("subscriptionId", json!(self.id)),
            ("subscriptionExpirationDateTime", json!(times::exact(self.expires))),
            ("tenantId", json!(*settings.microsoft.tenant)),
            ("clientState", json!(state)),
        ];
        entry.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn change(&self, change: &EventChange, settings: &Settings, random: &mut Random) -> Value {
        let path = format!("Users/{}/Events/{}", user_id(&self.user, settings), change.id);
        let mut data = json!({ "@odata.type": "#Microsoft.Graph.Event", "@odata.id": path, "id": change.id });
        if let Some(event) = &change.event {
            data["@odata.etag"] = json!(resource::tag(&event.whole()));
        }
        let mut entry = self.entry(settings);
        entry.insert("id".to_owned(), json!(random.token(12)));
        entry.insert("changeType".to_owned(), json!(change.kind.name()));
        entry.insert("resource".to_owned(), json!(path));
        entry.insert("resourceData".to_owned(), data);
        Value::Object(entry)
    }
}
