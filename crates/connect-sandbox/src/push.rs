//! Push notifications: the channels of Google Calendar and the subscriptions of Microsoft Graph.
//!
//! ```text
//! a change by any client ──▶ the ledger of the calendar ──▶ compared with the position of each channel
//!                                                              │ Google: headers; Graph: a body
//!                                                              ▼
//!                                            the outbox of webhooks: attempts, retries, the end of retries
//! ```

use crate::google::calendar::GoogleChannel;
use crate::guard::is_loopback_host;
use crate::microsoft::graph::GraphSubscription;
use crate::sandbox::Sandbox;
use crate::settings::{PushAddress, Settings};
use crate::world::World;
use crate::world::accounts::CalendarRef;
use crate::world::calendar::{ChangeKind, Event};
use crate::world::limit::Count;
use crate::world::provider::Provider;
use crate::world::random::Random;
use bytes::Bytes;
use http::Uri;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The channels of Google and the subscriptions of Graph.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Channels {
    pub(crate) all: Vec<Channel>,
    /// The client and the id of every Google channel so far. Google accepts an id once.
    pub(crate) used: BTreeSet<(String, String)>,
    lost: Count,
    pub(crate) lifecycle: Count,
    /// Generates only values of notifications, so that notifications do not change other random values.
    pub(crate) random: Random,
}

/// A channel or a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// The OAuth client that created the channel.
    pub(crate) client: String,
    /// The account that created the channel.
    pub(crate) user: String,
    pub(crate) watched: Watched,
    pub(crate) url: String,
    pub(crate) expires: Timestamp,
    /// Whether the channel was stopped, deleted or removed.
    pub(crate) ended: bool,
    pub(crate) service: PushService,
    /// The position in the ledger of each watched calendar, or a hash of the calendar list.
    seen: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Watched {
    /// The events of one calendar of an account.
    Calendar { account: String, id: String },
    /// The events of all calendars of an account.
    Account(String),
    /// The calendar list of an account.
    List(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PushService {
    Google(GoogleChannel),
    Graph(GraphSubscription),
}

/// A changed event; the event itself is missing if it was deleted.
#[derive(Clone, Debug)]
pub(crate) struct EventChange {
    pub(crate) kind: ChangeKind,
    pub(crate) id: String,
    pub(crate) event: Option<Arc<Event>>,
}

/// A notification to send.
#[derive(Debug)]
pub(crate) struct PushMessage {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Whether the notification reports the end of the channel, and is sent although the channel has ended.
    pub(crate) closing: bool,
}

impl Channels {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            all: Vec::new(),
            used: BTreeSet::new(),
            lost: Count::default(),
            lifecycle: Count::default(),
            random: Random::named(seed, &["push"]),
        }
    }

    /// Returns the channel of a provider with this id.
    pub(crate) fn find(&mut self, provider: Provider, id: &str) -> Option<&mut Channel> {
        self.all.iter_mut().find(|one| one.id == id && one.provider() == provider)
    }

    /// Whether the switch `push_lost_every` loses this notification.
    pub(crate) fn loses(&mut self, settings: &Settings) -> bool {
        self.lost.refuses(settings.push.lost_every.0)
    }
}

impl Channel {
    pub(crate) fn new(
        id: String,
        (client, user): (String, String),
        watched: Watched,
        (url, expires): (String, Timestamp),
        service: PushService,
    ) -> Self {
        Self { id, client, user, watched, url, expires, ended: false, service, seen: BTreeMap::new() }
    }

    pub(crate) fn provider(&self) -> Provider {
        match self.service {
            PushService::Google(_) => Provider::Google,
            PushService::Graph(_) => Provider::Microsoft,
        }
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.ended || self.expires <= now
    }

    /// Returns the id of the watched calendar; an empty text if the channel watches several calendars.
    pub(crate) fn calendar(&self) -> &str {
        match &self.watched {
            Watched::Calendar { id, .. } => id,
            Watched::Account(_) | Watched::List(_) => "",
        }
    }

    /// Returns the changes since the last call, or since the creation of the channel. Returns `None` if the
    /// watched calendar no longer exists.
    pub(crate) fn changes(&mut self, world: &mut World, now: Timestamp) -> Option<Vec<EventChange>> {
        let provider = self.provider();
        let (account, ids) = match &self.watched {
            Watched::List(account) => {
                let hash = crate::google::calendar::list_hash(world, account);
                let changed = self.seen.insert(String::new(), hash).is_some_and(|seen| seen != hash);
                let change = EventChange { kind: ChangeKind::Updated, id: String::new(), event: None };
                return Some(changed.then_some(change).into_iter().collect());
            }
            Watched::Calendar { account, id } => (account.clone(), vec![id.clone()]),
            Watched::Account(account) => {
                let home = world.home_of(provider, account);
                let calendars = world.calendars_of(provider, account, &home).iter();
                (account.clone(), calendars.map(|calendar| calendar.id.clone()).collect())
            }
        };
        let mut all = Vec::new();
        for id in ids {
            let place = CalendarRef {
                provider,
                home: world.home_of(provider, &account),
                account: account.clone(),
                id,
            };
            let since = self.seen.get(&place.id).copied();
            let (position, changes) = world.with_calendar(&place, now, |calendar, ledger| {
                let changed = since.and_then(|since| ledger.since(since)).unwrap_or_default().into_iter();
                let changes = changed.filter_map(|(id, before)| {
                    let event = calendar.events.shared(id).cloned();
                    let kind = match (before, &event) {
                        (None, None) => return None,
                        (None, Some(_)) => ChangeKind::Created,
                        (Some(_), Some(_)) => ChangeKind::Updated,
                        (Some(_), None) => ChangeKind::Deleted,
                    };
                    Some(EventChange { kind, id: id.to_owned(), event })
                });
                (ledger.position(), changes.collect::<Vec<_>>())
            })?;
            self.seen.insert(place.id, position);
            all.extend(changes);
        }
        Some(all)
    }

    /// Returns the notifications about the changes since the last call.
    fn messages(&mut self, world: &mut World, now: Timestamp) -> Vec<PushMessage> {
        let changes = self.changes(world, now);
        match &self.service {
            PushService::Google(_) => self.google_messages(changes.as_deref(), world),
            PushService::Graph(_) => self.graph_messages(changes.as_deref(), world),
        }
    }
}

impl Sandbox {
    /// Creates the deliveries for the changes since the last call.
    pub(crate) fn push_changes(&mut self, now: Timestamp) {
        let mut channels = std::mem::take(&mut self.world.push.all);
        for channel in &mut channels {
            if channel.is_over(now) && !self.world.settings.push.after_end {
                continue;
            }
            for message in channel.messages(&mut self.world, now) {
                self.connect().queue_message(channel, message, now);
            }
        }
        self.world.push.all = channels;
    }
}

/// Whether the service accepts a URL as the receiver of notifications (switch `push_address`).
pub(crate) fn accepts(url: &str, settings: &Settings) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => {
            settings.push.address == PushAddress::Loopback && is_loopback_host(host)
        }
        _ => false,
    }
}

/// Whether a list in a switch has a name: the names are separated by commas, and `*` means every name.
pub(crate) fn lists(switch: &str, name: &str) -> bool {
    switch.split(',').map(str::trim).any(|one| one == "*" || one == name)
}
