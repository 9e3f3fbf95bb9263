//! How a subscription is built.

use crate::SubscribeWebhook;
use crate::calendar::CalendarRef;
use crate::time::{MillisSinceEpoch, Moment};

impl SubscribeWebhook {
    /// A subscription to a calendar. Its id has to be the one `GET /calendars` returns: an alias
    /// such as `primary` does not match.
    pub fn new(calendar: impl Into<CalendarRef>) -> Self {
        let calendar = calendar.into();
        Self::required(calendar.provider, calendar.id)
    }

    /// When the subscription is to end; sent in milliseconds.
    pub fn expiration(mut self, end: impl Into<Moment>) -> Self {
        self.expiration = Some(MillisSinceEpoch::from(end.into()));
        self
    }
}
