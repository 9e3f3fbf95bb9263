//! The constructor and setters of a webhook subscription.

use crate::SubscribeWebhook;
use crate::calendar::CalendarRef;
use crate::time::{MillisSinceEpoch, Moment};

impl SubscribeWebhook {
    /// Creates a subscription to a calendar.
    ///
    /// The calendar id must be an id that `GET /calendars` returns, not an alias such as `primary`.
    ///
    /// ```
    /// use connect_types::{Provider, SubscribeWebhook};
    ///
    /// let request = SubscribeWebhook::new((Provider::Google, "calendar-id")).channel_id("channel-7");
    /// # let _ = request;
    /// ```
    pub fn new(calendar: impl Into<CalendarRef>) -> Self {
        let calendar = calendar.into();
        Self::required(calendar.provider, calendar.id)
    }

    /// Sets the end of the subscription, rounded down to milliseconds.
    pub fn expiration(mut self, end: impl Into<Moment>) -> Self {
        self.expiration = Some(MillisSinceEpoch::from(end.into()));
        self
    }
}
