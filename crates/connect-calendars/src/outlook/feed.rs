//! What has changed in a calendar: `calendarView/delta`.
//!
//! ```text
//!   pages of changes ──▶ .. ──▶ deltaLink ──▶ the series that were touched, each read anew ──▶ Changes
//!        │                                                                                      + Cursor
//!        '── 410, or a link that is refused: from the first page, with everything ──▶
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
    error::{is_forgotten, is_refused},
    preferences::Preferences,
};
use crate::sync::{ChangeFeed, Changes, Cursor};
pub use request::{FeedPage, FeedRequest};
use round::Round;

/// The changes to the events of a calendar within a time, each occurrence of a series by itself.
///
/// ```
/// # use connect_blocking::{Client, Request, Response};
/// # let answer = |_: Request| -> Result<Response, _> { Ok(Response::new(r#"{"value": [{"id": "AAMk", "subject": "Stand-up"}],
/// #     "@odata.deltaLink": "https://graph.microsoft.com/v1.0/me/calendarView/delta?$deltatoken=x"}"#.into())) };
/// # let client = Client::builder("id", "secret", "https://app.example/callback").profile(connect_calendars::microsoft::profile(&connect_calendars::microsoft::Tenant::Common))
/// #     .base_url(connect_calendars::outlook::BASE_URL).transport(answer).build()?;
/// # let user = client.user("user-123");
/// # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24));
/// use connect_calendars::{outlook::EventFeed, sync::{ChangeFeed, EventCopy, round}};
///
/// let (mut feed, mut copy) = (EventFeed::new(start, end), EventCopy::new());
/// copy.apply(round(&user, &mut feed)?);
/// // save the copy and the cursor; another time, go on from there
/// let cursor = feed.cursor().unwrap();
/// let mut feed = EventFeed::new(start, end).resume(&cursor)?;
/// copy.apply(round(&user, &mut feed)?);
/// # Ok::<(), connect_blocking::Error>(())
/// ```
///
/// * The time does not move: for another one, begin another feed.
/// * Of an occurrence Graph says little more than when it is. The rest is that of its series, from the same round.
/// * Graph does not say which occurrences of a series are gone. So a series that was touched is replaced as a whole: its occurrences
///   are read anew, with one more request for each such series, and take the place of all there were. A single event may have
///   been a series: it takes the place of what there was under its id as well.
/// * Changes do not have the application's own fields (`custom`): Graph gives no extended properties here.
#[derive(Clone, Debug)]
pub struct EventFeed {
    start: Timestamp,
    end: Timestamp,
    calendar: String,
    prefer: Preferences,
    /// Where the last round ended.
    delta: Option<String>,
    round: Option<Round>,
}

impl EventFeed {
    /// The changes to what is within this time or reaches into it, in the user's own calendar.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        let (start, end) = (start.into().timestamp(), end.into().timestamp());
        let prefer = Preferences { max_page_size: Some(200), ..Preferences::default() };
        Self { start, end, calendar: DEFAULT_CALENDAR.to_owned(), prefer, delta: None, round: None }
    }

    /// Those to this calendar.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar = id.into();
        self
    }

    /// Asks for times in this zone, by its IANA or Windows name, in place of UTC.
    #[must_use]
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        self.prefer.time_zone = Some(zone.into());
        self
    }

    /// Asks for stable ids, which an event keeps when it is moved to another calendar.
    #[must_use]
    pub fn immutable_ids(mut self) -> Self {
        self.prefer.immutable_ids = true;
        self
    }

    /// Asks for descriptions as plain text.
    #[must_use]
    pub fn text_bodies(mut self) -> Self {
        self.prefer.text_bodies = true;
        self
    }

    /// How many changes a page has at most; 200, unless given.
    #[must_use]
    pub fn page_size(mut self, size: u32) -> Self {
        self.prefer.max_page_size = Some(size);
        self
    }

    /// Goes on where another feed was, of the same time, calendar, zone and ids.
    ///
    /// # Errors
    /// When the cursor is that of another feed, or none at all.
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

    fn answered(&mut self, answer: Result<FeedPage, Error>) -> Result<Option<Changes>, Error> {
        let Some(round) = &mut self.round else { return Ok(None) };
        match answer {
            Ok(page) => round.take(page)?,
            // A series that is not there any more has nothing to be read.
            Err(error) if round.series_to_read().is_some() && round::is_gone(&error) => round.pass_over(),
            Err(error) => {
                // A link that is refused is of no more use than one that is forgotten: the server gave it.
                let useless = is_forgotten(&error) || is_refused(&error) && round.goes_by_links();
                if useless && round.may_restart() {
                    self.round = Some(Round::restarted());
                    return Ok(None);
                }
                if useless {
                    // Not with the same once more.
                    (self.round, self.delta) = (None, None);
                }
                return Err(error);
            }
        }
        let Some(delta) = round.ended_at().map(str::to_owned) else { return Ok(None) };
        self.delta = Some(delta);
        Ok(self.round.take().map(|round| round.changes(&self.calendar, self.prefer.property())))
    }

    fn cursor(&self) -> Option<Cursor> {
        self.delta.as_deref().map(|link| cursor::write(self, link))
    }
}

/// All of a feed's requests only ask.
const SAFETY: Safety = Safety::Safe;
