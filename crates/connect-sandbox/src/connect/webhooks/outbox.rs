//! Deliveries on their way: which attempts are due, and what becomes of them.
//!
//! A 2xx ends a delivery well and a 401 for good. Anything else, no answer included, is tried again: `delivery_retries`
//! times, after `delivery_backoff` seconds, then twice as long each time. Every attempt has the id and the body of the first
//! one, its own timestamp and its own signature.
//!
//! In order (`delivery_order`), a calendar's delivery does not start before the first attempt of the one before it has
//! ended; it does not wait for retries.

use super::delivery::{Attempt, AttemptOutcome, AttemptToken, Delivery, Sending, Tried};
use super::notices::Notice;
use crate::connect::Connect;
use crate::settings::DeliveryOrder;
use crate::world::time;
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// How many deliveries that are over are kept, and how many there are at all: beyond that the oldest one goes.
const KEPT: usize = 1000;
const MOST: usize = 10_000;

/// What is to be told, and the deliveries made of it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(super) notices: Vec<Notice>,
    log: VecDeque<Delivery>,
    tokens: u64,
    touched: bool,
}

/// A delivery cannot be sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResendError {
    /// There is none yet.
    #[error("nothing was delivered yet")]
    Nothing,
    /// None has this id, or it is forgotten: the last thousand are kept.
    #[error("there is no delivery {0:?}")]
    Unknown(String),
    /// Nobody is to hear of it any more.
    #[error("the delivery cannot be sent again: {0}")]
    Unwanted(&'static str),
}

impl Connect<'_> {
    pub(crate) fn deliveries(&mut self, now: Timestamp) -> Vec<Attempt> {
        self.notice(now);
        self.drop_unwanted();
        let in_order = self.world.settings.webhooks.delivery_order == DeliveryOrder::InOrder;
        let mut attempts = Vec::new();
        while let Some((delivery, sending)) = self.own.outbox.ready(now, in_order) {
            attempts.extend(self.make_attempt(delivery, sending, now));
        }
        attempts
    }

    pub(crate) fn delivered(&mut self, token: AttemptToken, outcome: AttemptOutcome, now: Timestamp) {
        let retries = self.world.settings.webhooks.delivery_retries.0;
        let backoff = self.world.settings.webhooks.delivery_backoff.0;
        let Some((delivery, place, at)) = self.own.outbox.under_way(token) else { return };
        let tried = match outcome {
            AttemptOutcome::Status(status) => Tried { at, status: Some(status), error: None },
            AttemptOutcome::Failed(error) => Tried { at, status: None, error: Some(error) },
        };
        let (arrived, refused) = (tried.arrived(), tried.status == Some(401));
        delivery.keep(tried);
        let sending = delivery.sendings.remove(place);
        let again = !arrived && !refused && u64::from(sending.tried) < retries;
        if again {
            let wait = backoff.saturating_mul(2_u64.saturating_pow(sending.tried));
            let due = time::plus_seconds(now, wait);
            delivery.sendings.push(Sending { due, tried: sending.tried + 1, under_way: None });
        } else if arrived {
            self.world.stats.deliveries.delivered += 1;
        } else {
            self.world.stats.deliveries.failed += 1;
        }
        delivery.settle();
        self.own.outbox.touch();
    }

    pub(crate) fn resend(&mut self, id: Option<&str>, now: Timestamp) -> Result<String, ResendError> {
        self.notice(now);
        let place = match id {
            None => self.own.outbox.log.len().checked_sub(1).ok_or(ResendError::Nothing)?,
            Some(id) => {
                let unknown = || ResendError::Unknown(id.to_owned());
                self.own.outbox.log.iter().rposition(|delivery| delivery.id == id).ok_or_else(unknown)?
            }
        };
        let reason = self.own.outbox.log.get(place).and_then(|delivery| self.unwanted(delivery));
        if let Some(reason) = reason {
            return Err(ResendError::Unwanted(reason));
        }
        let delivery = self.own.outbox.log.get_mut(place).ok_or(ResendError::Nothing)?;
        delivery.send_at(now);
        delivery.error = None;
        let id = delivery.id.clone();
        self.world.stats.deliveries.resent += 1;
        self.own.outbox.touch();
        Ok(id)
    }

    /// Sends a new delivery, by the switches for order and duplicates.
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

    /// Signs one attempt. With a URL that no request can have, it has failed already.
    fn make_attempt(&mut self, place: usize, sending: usize, now: Timestamp) -> Option<Attempt> {
        let url = self.own.outbox.log.get(place).and_then(|delivery| self.url_of(delivery))?;
        self.own.outbox.tokens += 1;
        let token = AttemptToken(self.own.outbox.tokens);
        self.world.stats.deliveries.attempts += 1;
        let delivery = self.own.outbox.log.get_mut(place)?;
        delivery.sendings.get_mut(sending)?.under_way = Some((token, now));
        delivery.url.clone_from(&url);
        let (id, number, body) = (delivery.id.clone(), delivery.start(), delivery.body.clone());
        let timestamp = now.as_second().to_string();
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", self.own.keys.sign(&id, &timestamp, &body, now))
            .body(body);
        match request {
            Ok(request) => Some(Attempt { delivery: id, number, token, request }),
            Err(error) => {
                let reason = format!("the webhook URL cannot be used: {error}");
                self.delivered(token, AttemptOutcome::Failed(reason), now);
                None
            }
        }
    }

    /// Gives up what nobody is to hear of any more.
    fn drop_unwanted(&mut self) {
        let open = self.own.outbox.log.iter().enumerate().filter(|(_, delivery)| !delivery.is_over());
        let dropped: Vec<_> =
            open.filter_map(|(place, one)| self.unwanted(one).map(|reason| (place, reason))).collect();
        for (place, reason) in dropped {
            let Some(delivery) = self.own.outbox.log.get_mut(place) else { continue };
            let before = delivery.sendings.len();
            delivery.sendings.retain(|sending| sending.under_way.is_some());
            self.world.stats.deliveries.failed += (before - delivery.sendings.len()) as u64;
            delivery.error = Some(reason.to_owned());
            delivery.settle();
        }
    }

    fn unwanted(&self, delivery: &Delivery) -> Option<&'static str> {
        let connections = self.world.users.get(&delivery.key.user);
        if self.url_of(delivery).is_none() {
            Some("the application has no webhook URL")
        } else if !connections.is_some_and(|accounts| accounts.contains_key(&delivery.key.provider)) {
            Some("the account is disconnected")
        } else if !self.own.subscriptions.all().iter().any(|one| one.watches(&delivery.key)) {
            Some("the calendar is not subscribed any more")
        } else {
            None
        }
    }

    fn url_of(&self, delivery: &Delivery) -> Option<String> {
        self.world.registered(&delivery.key.user.client).and_then(|app| app.app.webhook_url)
    }
}

impl Outbox {
    /// When there is something to give again, as far as is known now.
    pub(crate) fn next(&self, in_order: bool) -> Option<Timestamp> {
        let told = self.notices.iter().map(|notice| notice.due);
        told.chain(self.open(in_order).map(|(due, ..)| due)).min()
    }

    pub(crate) fn log(&self) -> impl Iterator<Item = &Delivery> {
        self.log.iter()
    }

    /// Something has come up that may be due before what was known.
    pub(crate) fn touch(&mut self) {
        self.touched = true;
    }

    /// Whether that has happened since it was last asked.
    #[cfg(feature = "server")]
    pub(crate) fn take_touched(&mut self) -> bool {
        std::mem::take(&mut self.touched)
    }

    /// Adds a notice and says where it stands.
    pub(super) fn add_notice(&mut self, notice: Notice) -> usize {
        self.touch();
        self.notices.push(notice);
        self.notices.len() - 1
    }

    /// The first notice that is due; of two at the same time, the one that is there longer.
    pub(super) fn take_notice(&mut self, now: Timestamp) -> Option<Notice> {
        let due = self.notices.iter().enumerate().filter(|(_, notice)| notice.due <= now);
        let place = due.min_by_key(|(_, notice)| notice.due).map(|(place, _)| place)?;
        Some(self.notices.remove(place))
    }

    fn push(&mut self, delivery: Delivery) {
        self.touch();
        self.log.push_back(delivery);
        let over = self.log.iter().position(Delivery::is_over).filter(|_| self.log.len() > KEPT);
        if let Some(place) = over.or((self.log.len() > MOST).then_some(0)) {
            self.log.remove(place);
        }
    }

    fn last_was_delayed(&self, new: &Delivery) -> bool {
        let mut earlier = self.log.iter().rev().filter(|one| one.key == new.key && !one.initial);
        earlier.next().is_some_and(|one| one.delayed)
    }

    /// What waits for its time, as due, delivery and sending; not what waits for another one's attempt.
    fn open(&self, in_order: bool) -> impl Iterator<Item = (Timestamp, usize, usize)> {
        let sendings = |(place, delivery): (usize, &'_ Delivery)| {
            let numbered = delivery.sendings.iter().enumerate();
            let waiting = numbered.filter(|(_, sending)| sending.under_way.is_none());
            waiting.map(|(n, sending)| (sending.due, place, n, sending.tried > 0)).collect::<Vec<_>>()
        };
        let free = move |(_, place, _, retry): &(Timestamp, usize, usize, bool)| {
            !in_order || *retry || !self.log.get(*place).is_some_and(|delivery| self.is_held_up(delivery))
        };
        let open = self.log.iter().enumerate().flat_map(sendings).filter(free);
        open.map(|(due, place, sending, _)| (due, place, sending))
    }

    fn ready(&self, now: Timestamp, in_order: bool) -> Option<(usize, usize)> {
        let due = self.open(in_order).filter(|(due, ..)| *due <= now);
        due.min().map(|(_, delivery, sending)| (delivery, sending))
    }

    fn is_held_up(&self, delivery: &Delivery) -> bool {
        self.log.iter().any(|other| other.key == delivery.key && other.is_first_under_way())
    }

    fn under_way(&mut self, token: AttemptToken) -> Option<(&mut Delivery, usize, Timestamp)> {
        let mine = |sending: &Sending| sending.under_way.is_some_and(|(one, _)| one == token);
        let place = self.log.iter().position(|delivery| delivery.sendings.iter().any(mine))?;
        let delivery = self.log.get_mut(place)?;
        let sending = delivery.sendings.iter().position(mine)?;
        let (_, at) = delivery.sendings.get(sending)?.under_way?;
        Some((delivery, sending, at))
    }
}
