//! The change feed of a calendar, read with `calendarView/delta`.
//!
//! ```text
//!   pages of changes ──▶ .. ──▶ deltaLink ──▶ occurrences of each changed series ──▶ Changes + Cursor
//!        │
//!        '── 410, or a refused link ──▶ full round from the first page
//! ```

mod cursor;
mod request;
mod round;

use connect_core::{
    Error,
    types::{Moment, Safety},
};
use jiff::Timestamp;

use super::{
    DEFAULT_CALENDAR,
    error::{is_link_expired, is_rejected},
    preferences::Preferences,
};
use crate::sync::{ChangeFeed, Changes, Cursor};
pub use request::{FeedPage, FeedRequest};
use round::Round;

/// The changes to the events of a calendar in a date range, with every occurrence of a series.
///
/// ```
/// # use connect_blocking::{Client, Request, Response};
/// # let respond = |_: Request| -> Result<Response, _> {
/// #     Ok(Response::new(r#"{"value": [{"id": "AAMk", "subject": "Stand-up"}],
/// #         "@odata.deltaLink": "https://graph.microsoft.com/v1.0/me/calendarView/delta?$deltatoken=x"}"#.into()))
/// # };
/// # let client = Client::builder("id", "secret")
/// #     .profile(connect_calendars::microsoft::profile(&connect_calendars::microsoft::Tenant::Common))
/// #     .base_url(connect_calendars::outlook::BASE_URL).transport(respond).build()?;
/// # let user = client.user("user-123");
/// # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
/// # let start = jiff::Timestamp::UNIX_EPOCH;
/// # let end = start + jiff::SignedDuration::from_hours(24);
/// use connect_calendars::{outlook::EventFeed, sync::{ChangeFeed, EventCopy, round}};
///
/// let (mut feed, mut copy) = (EventFeed::new(start, end), EventCopy::new());
/// copy.apply(round(&user, &mut feed)?);
/// // Save the copy and the cursor, and continue from the cursor later.
/// let cursor = feed.cursor().unwrap();
/// let mut feed = EventFeed::new(start, end).resume(&cursor)?;
/// copy.apply(round(&user, &mut feed)?);
/// # Ok::<(), connect_blocking::Error>(())
/// ```
///
/// * The date range is fixed: create another feed for another range.
/// * Graph returns little more than the times of an occurrence. The feed copies the missing fields from the
///   series.
/// * Graph does not report which occurrences of a series were deleted. The feed therefore reads all
///   occurrences of each changed series with another request, and replaces the old occurrences. A changed
///   single event may have been a series before. The feed therefore removes all occurrences whose series
///   had the id of that event.
/// * The changes have no `custom` fields, because Graph's response to `calendarView/delta` has no
///   extended properties.
#[derive(Clone, Debug)]
pub struct EventFeed {
    start: Timestamp,
    end: Timestamp,
    calendar: String,
    prefer: Preferences,
    /// The delta link at the end of the last round.
    delta: Option<String>,
    round: Option<Round>,
}

impl EventFeed {
    /// Creates a feed of the events that overlap a date range, in the user's default calendar.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        let (start, end) = (start.into().timestamp(), end.into().timestamp());
        let prefer = Preferences { max_page_size: Some(200), ..Preferences::default() };
        Self { start, end, calendar: DEFAULT_CALENDAR.to_owned(), prefer, delta: None, round: None }
    }

    /// Selects a calendar by its id, instead of the default calendar.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar = id.into();
        self
    }

    /// Requests times in this zone (IANA or Windows name) instead of UTC.
    #[must_use]
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        self.prefer.time_zone = Some(zone.into());
        self
    }

    /// Requests immutable ids, which do not change when an event moves to another calendar.
    #[must_use]
    pub fn immutable_ids(mut self) -> Self {
        self.prefer.immutable_ids = true;
        self
    }

    /// Requests descriptions as plain text instead of HTML.
    #[must_use]
    pub fn text_bodies(mut self) -> Self {
        self.prefer.text_bodies = true;
        self
    }

    /// Sets the maximum number of changes per page, 1 to 1000; the default is 200.
    #[must_use]
    pub fn page_size(mut self, size: u32) -> Self {
        self.prefer.max_page_size = Some(size);
        self
    }

    /// Continues from a saved cursor.
    ///
    /// # Errors
    /// If the cursor was not created by an Outlook feed with the same date range, calendar, zone, body format
    /// and kind of ids (immutable or default).
    pub fn resume(mut self, cursor: &Cursor) -> Result<Self, Error> {
        self.delta = Some(cursor::read(&self, cursor)?);
        self.round = None;
        Ok(self)
    }
}

impl ChangeFeed for EventFeed {
    type Request = FeedRequest;

    fn begin(&mut self) {
        if self.round.is_none() {
            self.round = Some(Round::new(self.delta.clone()));
        }
    }

    fn request(&self) -> Option<FeedRequest> {
        let round = self.round.as_ref()?;
        Some(FeedRequest {
            start: self.start,
            end: self.end,
            calendar: self.calendar.clone(),
            prefer: self.prefer.clone(),
            series: round.series_to_read().map(str::to_owned),
            link: round.link().map(str::to_owned),
        })
    }

    fn advance(&mut self, response: Result<FeedPage, Error>) -> Result<Option<Changes>, Error> {
        let Some(round) = &mut self.round else { return Ok(None) };
        match response {
            Ok(page) => round.take_page(page)?,
            // A deleted series has no occurrences to read.
            Err(error) if round.series_to_read().is_some() && round::is_missing(&error) => {
                round.skip_series()
            }
            Err(error) => {
                // The server created the link, so a refusal means that the link has expired.
                let expired = is_link_expired(&error) || is_rejected(&error) && round.uses_link();
                if expired && round.may_restart() {
                    self.round = Some(Round::restarted());
                    return Ok(None);
                }
                if expired {
                    // The next round must not use the same link.
                    (self.round, self.delta) = (None, None);
                }
                return Err(error);
            }
        }
        let Some(delta) = round.finished_link().map(str::to_owned) else { return Ok(None) };
        self.delta = Some(delta);
        Ok(self.round.take().map(|round| round.changes(&self.calendar, self.prefer.property())))
    }

    fn cursor(&self) -> Option<Cursor> {
        self.delta.as_deref().map(|link| cursor::write(self, link))
    }
}

const SAFETY: Safety = Safety::Safe;
