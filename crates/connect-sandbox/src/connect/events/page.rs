//! The page tokens of `GET /events`: base64 of JSON.
//!
//! For each provider, a token contains the cursors of the calendars, and the flag `isDepleted`, which is true
//! if no more events follow.
//!
//! The cursor of a calendar is its last listed event. Therefore, no event is repeated or lost if events are
//! added or removed between two pages. The token also contains the parameters of the first page, and a
//! checksum that depends on the user. The checksum detects tokens that the service did not create, and tokens
//! of another user.

use crate::world::calendar::{Calendar, Key, Range};
use crate::world::provider::Provider;
use crate::world::random::hash;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventQuery {
    pub(crate) range: Range,
    /// Calendar ids by provider name; the empty name means every provider.
    pub(crate) calendars: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) single_events: bool,
}

/// The last listed event of each calendar.
pub(crate) type Cursors = BTreeMap<(Provider, String), Key>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageToken {
    #[serde(flatten)]
    providers: BTreeMap<String, Progress>,
    query: EncodedQuery,
    check: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    token: BTreeMap<String, String>,
    is_depleted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncodedQuery {
    start: Timestamp,
    end: Timestamp,
    calendar_ids: Option<BTreeMap<String, Vec<String>>>,
    single_events: bool,
}

impl EventQuery {
    pub(crate) fn includes_provider(&self, provider: Provider) -> bool {
        let named = |chosen: &BTreeMap<String, Vec<String>>| {
            [provider.name(), ""].iter().any(|name| chosen.get(*name).is_some_and(|ids| !ids.is_empty()))
        };
        self.calendars.as_ref().is_none_or(named)
    }

    pub(crate) fn includes(&self, calendar: &Calendar) -> bool {
        let Some(chosen) = &self.calendars else { return true };
        let lists = [chosen.get(calendar.provider.name()), chosen.get("")];
        lists.into_iter().flatten().flatten().any(|id| calendar.has_id(id))
    }
}

impl PageToken {
    /// Creates the token of the next page. For each calendar, `progress` contains the last event on
    /// this page, and a flag that is true if more events follow.
    pub(crate) fn after(
        before: &Cursors,
        progress: &[(&Calendar, Option<&Key>, bool)],
        query: &EventQuery,
    ) -> Self {
        let mut providers = BTreeMap::new();
        for (calendar, last, more) in progress {
            let fresh = || Progress { token: BTreeMap::new(), is_depleted: true };
            let progress: &mut Progress =
                providers.entry(calendar.provider.name().to_owned()).or_insert_with(fresh);
            progress.is_depleted &= !more;
            if let Some((Some(start), id)) = last.or_else(|| before.get(&cursor_key(calendar))) {
                progress.token.insert(calendar.id.clone(), format!("{} {id}", start.as_millisecond()));
            }
        }
        let query = EncodedQuery {
            start: query.range.start,
            end: query.range.end,
            calendar_ids: query.calendars.clone(),
            single_events: query.single_events,
        };
        Self { providers, query, check: String::new() }
    }

    pub(crate) fn encode(mut self, user: &str) -> String {
        self.check = self.checksum(user);
        URL_SAFE.encode(serde_json::to_string(&self).unwrap_or_default())
    }

    pub(crate) fn decode(text: &str, user: &str) -> Option<(EventQuery, Self)> {
        // Tokens of earlier versions are in standard base64.
        let json = URL_SAFE.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
        let mut token: Self = serde_json::from_slice(&json).ok()?;
        let check = std::mem::take(&mut token.check);
        if check != token.checksum(user) {
            return None;
        }
        let range = Range { start: token.query.start, end: token.query.end };
        let calendars = token.query.calendar_ids.clone();
        Some((EventQuery { range, calendars, single_events: token.query.single_events }, token))
    }

    pub(crate) fn cursors(&self) -> Cursors {
        let mut cursors = Cursors::new();
        for (name, progress) in &self.providers {
            let Some(provider) = Provider::parse(name) else { continue };
            for (calendar, token) in &progress.token {
                cursors.extend(read_cursor(token).map(|cursor| ((provider, calendar.clone()), cursor)));
            }
        }
        cursors
    }

    /// Returns the checksum of `user` and of all fields of the token except `check`.
    fn checksum(&self, user: &str) -> String {
        let content = serde_json::to_string(&(&self.providers, &self.query)).unwrap_or_default();
        format!("{:016x}", hash(hash(5, user), &content))
    }
}

/// Returns the key of a calendar in [`Cursors`].
pub(crate) fn cursor_key(calendar: &Calendar) -> (Provider, String) {
    (calendar.provider, calendar.id.clone())
}

fn read_cursor(token: &str) -> Option<Key> {
    let (start, id) = token.split_once(' ')?;
    Some((Some(Timestamp::from_millisecond(start.parse().ok()?).ok()?), id.to_owned()))
}
