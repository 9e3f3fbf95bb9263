//! Sets which events of a series are deleted.

use crate::{DeleteEvent, SeriesMode};

/// By default, one occurrence is deleted. A mode is always sent, because without a mode the service could
/// delete the series.
///
/// ```
/// use connect_types::{DeleteEvent, Provider};
///
/// let rest = DeleteEvent::new(Provider::Google, "calendar-id", "series-id_20270104T090000Z")
///     .recurring_event_id("series-id")
///     .this_and_following();
/// # let _ = rest;
/// ```
impl DeleteEvent {
    /// Deletes this occurrence only.
    pub fn this_only(mut self) -> Self {
        self.delete_mode = Some(SeriesMode::This);
        self
    }

    /// Deletes this occurrence and all later ones. The call is not retried after a lost response.
    pub fn this_and_following(mut self) -> Self {
        self.delete_mode = Some(SeriesMode::Following);
        self
    }

    /// Deletes the whole series.
    pub fn whole_series(mut self) -> Self {
        self.delete_mode = Some(SeriesMode::All);
        self
    }
}
