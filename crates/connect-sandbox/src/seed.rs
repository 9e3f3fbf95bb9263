//! Loads users, accounts, calendars and events from JSON.
//!
//! ```json
//! { "users": { "ada": { "google": {
//!     "account": "ada@example.com",
//!     "calendars": [ { "id": "work", "title": "Work", "timeZone": "Europe/Budapest", "events": [
//!         { "id": "e1", "title": "Stand-up", "start": "2026-11-16T09:00:00Z", "end": "2026-11-16T09:15:00Z",
//!           "recurrence": { "frequency": "DAILY", "count": 5 } }
//!     ] } ]
//! } } } }
//! ```
//!
//! A user has at most one account for each provider. Calendars and events have the fields of the Connect API.
//!
//! | object | required | optional |
//! |---|---|---|
//! | account | `calendars` | `account`, `calendarPermissionGranted`, `syncState` |
//! | calendar | `id`, `title` | `timeZone`, `color`, `description`, `original`, `public`, `events` |
//! | event | `title`, `start`, `end` | `id`, `recurrence`, `lastModified`, other fields except `original` |
//!
//! `calendarPermissionGranted` is only for Google and Microsoft, `public` only for Google. The
//! default of `timeZone` is UTC. The first calendar of an account is the primary calendar.
//!
//! A seed has `users`, `apptoto` or both, or `state`: the [state](crate::state) of another sandbox. `apptoto`
//! has Apptoto accounts by e-mail address. Each account can
//! have `events` and `contacts` in the format of the Apptoto API, and also `bookingPages` and an `apiKey`.
//! The README has an example.
//!
//! Errors name the path of the invalid field. An unknown field is an error.

mod read;

use crate::sandbox::Sandbox;
use crate::state::State;
use crate::world::users::{Connections, UserKey};
use read::SeedValue;
use serde_json::Value;
use std::collections::BTreeMap;

/// The error of an invalid seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
#[non_exhaustive]
pub struct SeedError {
    /// The path of the invalid value, such as `users.ada.google.calendars[0].events[2].start`.
    pub path: String,
    /// What is wrong with the value.
    pub reason: String,
}

impl Sandbox {
    /// Loads users with their accounts, calendars and events from JSON. The README describes the format.
    ///
    /// In every application, a user of the seed gets exactly the accounts that the seed lists for the user.
    /// Earlier accounts of the user are removed.
    ///
    /// # Errors
    ///
    /// If the seed is invalid. An invalid seed changes nothing.
    pub fn seed(&mut self, json: &str) -> Result<(), SeedError> {
        // A file may start with a byte order mark.
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let value: Value = serde_json::from_str(json)
            .map_err(|error| SeedError { path: "the JSON document".to_owned(), reason: error.to_string() })?;
        let root = SeedValue::root(&value);
        root.only(&["state", "users", "apptoto"])?;
        if let Some(state) = value.get("state") {
            let mut new = Self::new(self.start.settings.clone());
            new.replace_state(State::read(state)?);
            new.add_accounts(&root)?;
            self.replace_state(new.into_state());
        } else {
            self.add_accounts(&root)?;
        }
        if !self.start.is_over {
            self.start.seeds.push(json.to_owned());
        }
        Ok(())
    }

    fn add_accounts(&mut self, root: &SeedValue<'_>) -> Result<(), SeedError> {
        let apptoto = root.get("apptoto");
        let is_complete = apptoto.is_some() || root.get("state").is_some();
        let users = if is_complete && root.get("users").is_none() { BTreeMap::new() } else { users(root)? };
        let accounts = apptoto.map(|value| self.read_apptoto(&value)).transpose()?;
        let known = |id: &str| -> Vec<UserKey> {
            self.world.users.keys().filter(|key| key.id == id).cloned().collect()
        };
        let known: Vec<_> = users.keys().flat_map(|id| known(id)).collect();
        // Removes all accounts first: removing one shared account moves its old calendars to another user.
        for key in &known {
            self.world.replace_accounts(key, Connections::new());
        }
        for key in &known {
            self.world.replace_accounts(key, users.get(&key.id).cloned().unwrap_or_default());
        }
        self.world.seeded.extend(users);
        self.connect().apply_account_changes();
        if let Some(accounts) = accounts {
            self.apptoto.take_seed(accounts);
        }
        Ok(())
    }

    fn read_apptoto(&mut self, value: &SeedValue<'_>) -> Result<crate::apptoto::api::Seeded, SeedError> {
        let accounts = value.object()?;
        let read =
            self.apptoto.read_seed(accounts, &self.world.settings, self.world.latest.unwrap_or_default());
        read.map_err(|(path, reason)| SeedError { path, reason })
    }
}

fn users(root: &SeedValue<'_>) -> Result<BTreeMap<String, Connections>, SeedError> {
    let users = root.require("users")?.entries()?;
    users.into_iter().map(|(id, value)| Ok((id.to_owned(), read::connections(id, &value)?))).collect()
}
