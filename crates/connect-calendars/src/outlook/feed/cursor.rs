//! The cursor of a feed: a delta link, and the settings of the feed.

use connect_core::Error;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EventFeed;
use crate::sync::Cursor;

/// The JSON in a cursor.
#[derive(Deserialize, PartialEq, Serialize)]
struct CursorJson {
    outlook: FeedSettings,
    link: String,
}

/// The settings of the feed to which a link belongs.
#[derive(Deserialize, PartialEq, Serialize)]
struct FeedSettings {
    start: Timestamp,
    end: Timestamp,
    calendar: String,
    zone: Option<String>,
    immutable_ids: bool,
    text: bool,
}

impl FeedSettings {
    fn of(feed: &EventFeed) -> Self {
        Self {
            start: feed.start,
            end: feed.end,
            calendar: feed.calendar.clone(),
            zone: feed.prefer.time_zone.as_deref().map(str::to_owned),
            immutable_ids: feed.prefer.immutable_ids,
            text: feed.prefer.text_bodies,
        }
    }
}

pub(super) fn write(feed: &EventFeed, link: &str) -> Cursor {
    let saved = CursorJson { outlook: FeedSettings::of(feed), link: link.to_owned() };
    // Serializing texts, times and booleans cannot fail.
    Cursor::new(serde_json::to_string(&saved).unwrap_or_default())
}

/// Returns the link of a cursor; fails if the cursor does not have the settings of this feed.
pub(super) fn read(feed: &EventFeed, cursor: &Cursor) -> Result<String, Error> {
    let saved: CursorJson = serde_json::from_str(cursor.as_str()).map_err(|error| {
        Error::validation("the cursor was not created by an Outlook feed").with_source(error)
    })?;
    if saved.outlook == FeedSettings::of(feed) {
        return Ok(saved.link);
    }
    Err(Error::validation(
        "the cursor belongs to a feed with another date range, calendar, time zone, body format or kind of ids",
    ))
}
