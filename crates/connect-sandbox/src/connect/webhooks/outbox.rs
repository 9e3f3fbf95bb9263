//! The outbox: schedules the attempts of deliveries and handles their outcomes.
//!
//! A delivery succeeds after a 2xx, and fails after a 401. After any other status or no response,
//! the delivery is retried up to `delivery_retries` times. The first retry waits `delivery_backoff`
//! seconds, and each later retry waits twice as long as the previous retry. Every attempt has the
//! same id and body, but a new timestamp and signature.
//!
//! With `delivery_order=in_order`, a delivery waits for the first attempt of the previous delivery of the
//! same calendar, but not for retries.
//!
//! The outbox also has the notifications of Google and Graph, which are not signed. Google retries only after
//! a 500, 502, 503, 504 or no response. Graph retries after any status other than 2xx, but for at most four
//! hours.

use super::delivery::{Attempt, AttemptOutcome, AttemptToken, Delivery, Transmission, Tried};
use super::notifications::Notification;
use super::subscriptions::CalendarKey;
use crate::connect::Connect;
use crate::push::{Channel, PushMessage};
use crate::settings::DeliveryOrder;
use crate::world::provider::Provider;
use crate::world::time;
use crate::world::users::UserKey;
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The number of stored deliveries above which the oldest completed one is removed.
const MAX_COMPLETED: usize = 1000;
/// The number of stored deliveries above which the oldest one is removed.
const MAX_DELIVERIES: usize = 10_000;
/// How long Graph retries a notification.
const GRAPH_RETRY_HOURS: i64 = 4;

/// The pending notifications, and the deliveries created from notifications.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Outbox {
    pub(super) notifications: Vec<Notification>,
    #[serde(with = "super::delivery::stored")]
    log: VecDeque<Delivery>,
    /// The number of attempts so far.
    #[serde(skip)]
    tokens: u64,
    #[serde(skip)]
    schedule_changed: bool,
}

/// The error of resending a delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResendError {
    /// No delivery exists yet.
    #[error("there is no delivery to resend yet")]
    Nothing,
    /// No stored delivery has this id. Old deliveries are removed.
    #[error("no delivery has the id {0:?}")]
    Unknown(String),
    /// The application no longer receives deliveries of this calendar.
    #[error("the delivery cannot be resent: {0}")]
    Unwanted(&'static str),
}

impl Connect<'_> {
    pub(crate) fn deliveries(&mut self, now: Timestamp) -> Vec<Attempt> {
        self.process_notifications(now);
        self.give_up_undeliverable(now);
        let in_order = self.world.settings.webhooks.delivery_order == DeliveryOrder::InOrder;
        let mut attempts = Vec::new();
        while let Some((delivery, transmission)) = self.own.outbox.ready(now, in_order) {
            attempts.extend(self.make_attempt(delivery, transmission, now));
        }
        attempts
    }

    pub(crate) fn delivered(&mut self, token: AttemptToken, outcome: AttemptOutcome, now: Timestamp) {
        let retries = self.world.settings.webhooks.delivery_retries.0;
        let backoff = self.world.settings.webhooks.delivery_backoff.0;
        let Some((delivery, index, at)) = self.own.outbox.running_attempt(token) else { return };
        let tried = match outcome {
            AttemptOutcome::Status(status) => Tried { at, status: Some(status), error: None },
            AttemptOutcome::Failed(error) => Tried { at, status: None, error: Some(error) },
        };
        let status = tried.status;
        let arrived = delivery.arrives_with(status);
        delivery.record_attempt(tried, arrived);
        let transmission = delivery.transmissions.remove(index);
        let wait = backoff.saturating_mul(2_u64.saturating_pow(transmission.retries));
        let due = time::plus_seconds(now, wait);
        let again = !arrived
            && match delivery.push_service() {
                None => status != Some(401) && u64::from(transmission.retries) < retries,
                Some(Provider::Google) => {
                    status.is_none_or(|status| [500, 502, 503, 504].contains(&status))
                        && u64::from(transmission.retries) < retries
                }
                Some(_) => due <= time::plus_hours(delivery.created, GRAPH_RETRY_HOURS),
            };
        let dropped = !again && !arrived && delivery.push && !delivery.closing;
        let channel = (delivery.key.provider, delivery.channel_id.clone());
        if again {
            delivery.transmissions.push(Transmission {
                due,
                retries: transmission.retries + 1,
                running: None,
            });
        } else if arrived {
            self.world.stats.deliveries.delivered += 1;
        } else {
            self.world.stats.deliveries.failed += 1;
        }
        delivery.update_state();
        self.own.outbox.mark_schedule_changed();
        if let Some(channel) = dropped.then(|| self.world.push.find(channel.0, &channel.1)).flatten() {
            channel.notification_dropped();
        }
    }

    /// Queues a notification of Google or Graph.
    pub(crate) fn queue_message(&mut self, channel: &Channel, message: PushMessage, now: Timestamp) {
        let id = format!("push_{}", self.world.push.random.uuid());
        let user = UserKey { client: channel.client.clone(), id: channel.user.clone() };
        let key = CalendarKey { user, provider: channel.provider(), id: channel.calendar().to_owned() };
        let mut delivery = Delivery::new(id, message.url, key, channel.id.clone(), message.body, now, false);
        (delivery.push, delivery.closing) = (true, message.closing);
        delivery.headers =
            message.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for _ in 0..self.world.settings.push.copies.0 {
            delivery.send_at(time::plus_seconds(now, self.world.settings.push.delay.0));
        }
        self.world.stats.deliveries.made += 1;
        self.own.outbox.push(delivery);
    }

    pub(crate) fn resend(&mut self, id: Option<&str>, now: Timestamp) -> Result<String, ResendError> {
        self.process_notifications(now);
        let index = match id {
            None => self.own.outbox.log.len().checked_sub(1).ok_or(ResendError::Nothing)?,
            Some(id) => {
                let unknown = || ResendError::Unknown(id.to_owned());
                self.own.outbox.log.iter().rposition(|delivery| delivery.id == id).ok_or_else(unknown)?
            }
        };
        let reason =
            self.own.outbox.log.get(index).and_then(|delivery| self.undeliverable_reason(delivery, now));
        if let Some(reason) = reason {
            return Err(ResendError::Unwanted(reason));
        }
        let delivery = self.own.outbox.log.get_mut(index).ok_or(ResendError::Nothing)?;
        delivery.send_at(now);
        delivery.error = None;
        let id = delivery.id.clone();
        self.world.stats.deliveries.resent += 1;
        self.own.outbox.mark_schedule_changed();
        Ok(id)
    }

    /// Schedules a new delivery according to `delivery_order` and `delivery_duplicates`.
    pub(super) fn queue(&mut self, mut delivery: Delivery) {
        let shuffled = self.world.settings.webhooks.delivery_order == DeliveryOrder::Shuffled;
        delivery.delayed = shuffled && !delivery.initial && !self.own.outbox.last_was_delayed(&delivery);
        let wait = if delivery.delayed { 2000 + self.world.random.int(1000) } else { 0 };
        let due = delivery.created.checked_add(SignedDuration::from_millis(wait)).unwrap_or(Timestamp::MAX);
        delivery.send_at(due);
        if self.world.settings.webhooks.delivery_duplicates {
            delivery.send_at(due);
        }
        self.own.outbox.push(delivery);
    }

    /// Creates and signs an attempt. If the webhook URL is invalid, the attempt fails immediately.
    fn make_attempt(&mut self, index: usize, transmission: usize, now: Timestamp) -> Option<Attempt> {
        let url = self.own.outbox.log.get(index).and_then(|delivery| self.url_of(delivery))?;
        self.own.outbox.tokens += 1;
        let token = AttemptToken(self.own.outbox.tokens);
        self.world.stats.deliveries.attempts += 1;
        let delivery = self.own.outbox.log.get_mut(index)?;
        delivery.transmissions.get_mut(transmission)?.running = Some((token, now));
        delivery.url.clone_from(&url);
        let (id, number, body) = (delivery.id.clone(), delivery.start(), delivery.body.clone());
        let timestamp = now.as_second().to_string();
        let request = if delivery.push {
            let headers = delivery.headers.iter();
            headers.fold(Request::post(url), |request, (name, value)| request.header(name, value))
        } else {
            Request::post(url)
                .header(CONTENT_TYPE, "application/json")
                .header("webhook-id", &id)
                .header("webhook-timestamp", &timestamp)
                .header("webhook-signature", self.own.keys.sign(&id, &timestamp, &body, now))
        };
        let request = request.body(body);
        match request {
            Ok(request) => Some(Attempt { delivery: id, number, token, request }),
            Err(error) => {
                let reason = format!("the webhook URL cannot be used: {error}");
                self.delivered(token, AttemptOutcome::Failed(reason), now);
                None
            }
        }
    }

    /// Cancels the scheduled attempts of deliveries that the application no longer receives.
    fn give_up_undeliverable(&mut self, now: Timestamp) {
        let open = self.own.outbox.log.iter().enumerate().filter(|(_, delivery)| !delivery.is_over());
        let dropped: Vec<_> = open
            .filter_map(|(index, one)| self.undeliverable_reason(one, now).map(|reason| (index, reason)))
            .collect();
        for (index, reason) in dropped {
            let Some(delivery) = self.own.outbox.log.get_mut(index) else { continue };
            let before = delivery.transmissions.len();
            delivery.transmissions.retain(|transmission| transmission.running.is_some());
            self.world.stats.deliveries.failed += (before - delivery.transmissions.len()) as u64;
            delivery.error = Some(reason.to_owned());
            delivery.update_state();
        }
    }

    /// Returns why the application no longer receives the delivery; `None` if it still does.
    fn undeliverable_reason(&self, delivery: &Delivery, now: Timestamp) -> Option<&'static str> {
        if delivery.push {
            let mut channels = self.world.push.all.iter();
            let over = channels.any(|one| one.id == delivery.channel_id && one.is_over(now));
            let sent = delivery.closing || self.world.settings.push.after_end;
            return (over && !sent).then_some("the channel has expired or was stopped");
        }
        let connections = self.world.users.get(&delivery.key.user);
        if self.url_of(delivery).is_none() {
            Some("the application has no webhook URL")
        } else if !connections.is_some_and(|accounts| accounts.contains_key(&delivery.key.provider)) {
            Some("the account is disconnected")
        } else if !self.own.subscriptions.all().iter().any(|one| one.watches(&delivery.key)) {
            Some("the calendar is no longer subscribed")
        } else {
            None
        }
    }

    fn url_of(&self, delivery: &Delivery) -> Option<String> {
        if delivery.push {
            return Some(delivery.url.clone());
        }
        self.world.registered(&delivery.key.user.client).and_then(|app| app.app.webhook_url)
    }
}

impl Outbox {
    /// Returns when the next notification or attempt is due.
    pub(crate) fn next(&self, in_order: bool) -> Option<Timestamp> {
        let notifications = self.notifications.iter().map(|notification| notification.due);
        notifications.chain(self.scheduled(in_order).map(|(due, ..)| due)).min()
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = &Delivery> {
        self.log.iter()
    }

    /// Records that the time that [`next`](Self::next) returns may have changed.
    pub(crate) fn mark_schedule_changed(&mut self) {
        self.schedule_changed = true;
    }

    /// Returns whether the schedule changed since the last call of this method.
    #[cfg(feature = "server")]
    pub(crate) fn take_schedule_changed(&mut self) -> bool {
        std::mem::take(&mut self.schedule_changed)
    }

    /// Takes the place of another outbox. The outcomes of its running attempts are ignored later, because no
    /// token is used twice.
    pub(crate) fn follow(&mut self, other: &Self) {
        self.tokens = self.tokens.max(other.tokens);
        self.mark_schedule_changed();
    }

    /// Adds a notification and returns its index.
    pub(super) fn add_notification(&mut self, notification: Notification) -> usize {
        self.mark_schedule_changed();
        self.notifications.push(notification);
        self.notifications.len() - 1
    }

    /// Removes and returns the notification with the earliest due time, if this time has come.
    pub(super) fn take_notification(&mut self, now: Timestamp) -> Option<Notification> {
        let due = self.notifications.iter().enumerate().filter(|(_, notification)| notification.due <= now);
        let index = due.min_by_key(|(_, notification)| notification.due).map(|(index, _)| index)?;
        Some(self.notifications.remove(index))
    }

    fn push(&mut self, delivery: Delivery) {
        self.mark_schedule_changed();
        self.log.push_back(delivery);
        let over = self.log.iter().position(Delivery::is_over).filter(|_| self.log.len() > MAX_COMPLETED);
        if let Some(index) = over.or((self.log.len() > MAX_DELIVERIES).then_some(0)) {
            self.log.remove(index);
        }
    }

    fn last_was_delayed(&self, new: &Delivery) -> bool {
        let mut earlier = self.log.iter().rev().filter(|one| one.key == new.key && !one.initial);
        earlier.next().is_some_and(|one| one.delayed)
    }

    /// Returns the due time, delivery index and transmission index of every scheduled attempt.
    ///
    /// Leaves out attempts that wait for another delivery (`delivery_order=in_order`).
    fn scheduled(&self, in_order: bool) -> impl Iterator<Item = (Timestamp, usize, usize)> {
        let transmissions = |(index, delivery): (usize, &'_ Delivery)| {
            let numbered = delivery.transmissions.iter().enumerate();
            let waiting = numbered.filter(|(_, transmission)| transmission.running.is_none());
            waiting
                .map(|(n, transmission)| (transmission.due, index, n, transmission.retries > 0))
                .collect::<Vec<_>>()
        };
        let free = move |(_, index, _, retry): &(Timestamp, usize, usize, bool)| {
            !in_order || *retry || !self.log.get(*index).is_some_and(|delivery| self.is_held_up(delivery))
        };
        let open = self.log.iter().enumerate().flat_map(transmissions).filter(free);
        open.map(|(due, index, transmission, _)| (due, index, transmission))
    }

    fn ready(&self, now: Timestamp, in_order: bool) -> Option<(usize, usize)> {
        let due = self.scheduled(in_order).filter(|(due, ..)| *due <= now);
        due.min().map(|(_, delivery, transmission)| (delivery, transmission))
    }

    fn is_held_up(&self, delivery: &Delivery) -> bool {
        self.log.iter().any(|other| other.key == delivery.key && other.is_first_running())
    }

    fn running_attempt(&mut self, token: AttemptToken) -> Option<(&mut Delivery, usize, Timestamp)> {
        let mine = |transmission: &Transmission| transmission.running.is_some_and(|(one, _)| one == token);
        let index = self.log.iter().position(|delivery| delivery.transmissions.iter().any(mine))?;
        let delivery = self.log.get_mut(index)?;
        let transmission = delivery.transmissions.iter().position(mine)?;
        let (_, at) = delivery.transmissions.get(transmission)?.running?;
        Some((delivery, transmission, at))
    }
}
