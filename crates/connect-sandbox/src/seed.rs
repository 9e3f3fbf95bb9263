//! Users, accounts, calendars and events from a JSON file.
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
//! Below a user stand its providers; the fields are the API's own.
//!
//! | of | required | optional |
//! |---|---|---|
//! | an account | `calendars` | `account`, `calendarPermissionGranted` (Google and Microsoft), `syncState` |
//! | a calendar | `id`, `title` | `timeZone` (`UTC`), `color`, `description`, `original`, `public` (Google), `events`; the first one is the primary |
//! | an event | `title`, `start`, `end` | `id`, `recurrence`, `lastModified` and every other field an event has but `original` |
//!
//! Beside `users`, or in its place, `apptoto` has accounts of Apptoto by their e-mail addresses, with `events` and `contacts`
//! in the form in which its API takes them, `bookingPages` and an `apiKey`; the README has an example.
//!
//! A field the format does not know is an error, like anything else that is wrong: with the path to it.

mod read;

use crate::sandbox::Sandbox;
use crate::world::users::{Connections, UserKey};
use read::Place;
use serde_json::Value;
use std::collections::BTreeMap;

/// Something in a seed is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
#[non_exhaustive]
pub struct SeedError {
    /// Where: `users.ada.google.calendars[0].events[2].start`.
    pub path: String,
    /// What.
    pub reason: String,
}

impl Sandbox {
    /// Takes users with their accounts, calendars and events from JSON; the module `seed` of the sources, and the README,
    /// have the format.
    ///
    /// A user of the seed has these accounts and no demo ones, in every application; one that is there already gets them in
    /// place of its own. Either the whole seed is taken or, on an error, nothing of it.
    pub fn seed(&mut self, json: &str) -> Result<(), SeedError> {
        // Editors put a byte order mark in front.
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let value: Value = serde_json::from_str(json)
            .map_err(|error| SeedError { path: "the file".to_owned(), reason: error.to_string() })?;
        let root = Place::root(&value);
        root.only(&["users", "apptoto"])?;
        let apptoto = root.get("apptoto");
        let users =
            if apptoto.is_some() && root.get("users").is_none() { BTreeMap::new() } else { users(&root)? };
        let accounts = apptoto.map(|place| self.read_apptoto(&place)).transpose()?;
        let known = |id: &str| -> Vec<UserKey> {
            self.world.users.keys().filter(|key| key.id == id).cloned().collect()
        };
        let known: Vec<_> = users.keys().flat_map(|id| known(id)).collect();
        // All of them first, so that none takes over what another one had before.
        for key in &known {
            self.world.give(key, Connections::new());
        }
        for key in &known {
            self.world.give(key, users.get(&key.id).cloned().unwrap_or_default());
        }
        self.world.seeded.extend(users);
        self.connect().hear();
        if let Some(accounts) = accounts {
            self.apptoto.take_seed(accounts);
        }
        Ok(())
    }

    fn read_apptoto(&mut self, place: &Place<'_>) -> Result<crate::apptoto::api::Seeded, SeedError> {
        let accounts = place.object()?;
        let read =
            self.apptoto.read_seed(accounts, &self.world.settings, self.world.latest.unwrap_or_default());
        read.map_err(|(path, reason)| SeedError { path, reason })
    }
}

fn users(root: &Place<'_>) -> Result<BTreeMap<String, Connections>, SeedError> {
    let users = root.require("users")?.entries()?;
    users.into_iter().map(|(id, place)| Ok((id.to_owned(), read::connections(id, &place)?))).collect()
}
