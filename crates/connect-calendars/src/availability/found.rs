//! The result of a query.

use std::fmt;

use super::{Gap, OnGap, ReadingOrigin};
use crate::busy::Interval;

/// The free slots, and what they rest on.
#[derive(Clone, Debug)]
pub struct Availability {
    pub(super) slots: Vec<Slot>,
    pub(super) coverage: Vec<Coverage>,
    pub(super) on_gap: OnGap,
}

/// A time at which enough people are free.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// The time, without buffers.
    pub time: Interval,
    /// The people who are free, as positions in the list of people.
    pub people: Vec<usize>,
    /// The accounts that were not completely read for this time, as positions in the coverage.
    ///
    /// Empty unless [`OnGap::Ignore`] was chosen.
    pub gaps: Vec<usize>,
}

/// What is known about one account of a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Coverage {
    /// The id of the person.
    pub person: String,
    /// The account.
    pub account: String,
    /// Where the events come from.
    pub origin: ReadingOrigin,
    /// The reasons why the events are not completely known.
    pub gaps: Vec<Gap>,
    /// The times for which the events are not completely known, within the range that the query reads.
    pub unknown: Vec<Interval>,
}

impl Coverage {
    /// Returns whether the account was completely read.
    pub fn is_complete(&self) -> bool {
        self.unknown.is_empty()
    }
}

impl Availability {
    /// Returns the slots, ordered by start and length.
    ///
    /// # Errors
    /// If an account was not completely read, and [`OnGap::Refuse`] was chosen (the default).
    pub fn slots(&self) -> Result<&[Slot], Refused> {
        match self.on_gap {
            OnGap::Refuse if self.gaps().next().is_some() => Err(Refused(self.gaps().cloned().collect())),
            _ => Ok(&self.slots),
        }
    }

    /// Returns what is known about each account, in the order of the people and their readings.
    pub fn coverage(&self) -> &[Coverage] {
        &self.coverage
    }

    /// Returns the accounts that were not completely read.
    pub fn gaps(&self) -> impl Iterator<Item = &Coverage> {
        self.coverage.iter().filter(|one| !one.is_complete())
    }

    /// Returns the chosen meaning of gaps.
    pub fn on_gap(&self) -> OnGap {
        self.on_gap
    }
}

/// The error for a query that has no result, because calendars were not completely read.
///
/// The message names every such account and the reasons.
#[derive(Clone, Debug)]
pub struct Refused(Vec<Coverage>);

impl Refused {
    /// Returns the accounts that were not completely read.
    pub fn gaps(&self) -> &[Coverage] {
        &self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the free times are unknown: ")?;
        for (index, one) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let reasons: Vec<_> = one.gaps.iter().map(ToString::to_string).collect();
            write!(f, "{separator}{} ({}): {}", one.account, one.person, reasons.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}
