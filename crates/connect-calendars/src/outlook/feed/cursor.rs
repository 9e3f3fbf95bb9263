//! Where a feed goes on, with what it is a feed of.

use connect_core::Error;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EventFeed;
use crate::sync::Cursor;

#[derive(Deserialize, PartialEq, Serialize)]
struct Kept {
    outlook: Of,
    link: String,
}

/// What has to be the same, as the link is for nothing else.
#[derive(Deserialize, PartialEq, Serialize)]
struct Of {
    start: Timestamp,
    end: Timestamp,
    calendar: String,
    zone: Option<String>,
    immutable_ids: bool,
    text: bool,
}

impl Of {
    fn feed(feed: &EventFeed) -> Self {
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
    let kept = Kept { outlook: Of::feed(feed), link: link.to_owned() };
    // Texts, times and truths have a JSON form.
    Cursor::new(serde_json::to_string(&kept).unwrap_or_default())
}

/// The link of a cursor that is of this feed.
pub(super) fn read(feed: &EventFeed, cursor: &Cursor) -> Result<String, Error> {
    let kept: Kept = serde_json::from_str(cursor.as_str())
        .map_err(|error| Error::validation("the cursor is none of a feed of Outlook").with_source(error))?;
    if kept.outlook == Of::feed(feed) {
        return Ok(kept.link);
    }
    Err(Error::validation("the cursor is that of another time, calendar, zone or kind of ids"))
}
