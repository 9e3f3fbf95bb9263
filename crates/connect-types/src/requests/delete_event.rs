//! Which events of a series a deletion takes.

use crate::{DeleteEvent, SeriesMode};

/// Unless one of these is called, one occurrence is deleted: the service's own default could take
/// the whole series.
impl DeleteEvent {
    /// Deletes this occurrence only.
    pub fn this_only(mut self) -> Self {
        self.delete_mode = Some(SeriesMode::This);
        self
    }

    /// Deletes this occurrence and all after it. Not repeated after a lost answer.
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
