//! The constructor and setters of a webhook subscription.

use crate::SubscribeWebhook;
use crate::calendar::CalendarRef;
use crate::time::{MillisSinceEpoch, Moment};

impl SubscribeWebhook {
    /// Creates a subscription to a calendar.
    ///
    /// The calendar id must be as returned by `GET /calendars`. An alias such as `primary` does not
    /// match.
    pub fn new(calendar: impl Into<CalendarRef>) -> Self {
        let calendar = calendar.into();
        Self::required(calendar.provider, calendar.id)
    }

    /// Sets the end of the subscription, with a resolution of milliseconds.
    pub fn expiration(mut self, end: impl Into<Moment>) -> Self {
        self.expiration = Some(MillisSinceEpoch::from(end.into()));
        self
    }
}
