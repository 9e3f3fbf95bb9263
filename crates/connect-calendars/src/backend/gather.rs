//! Reads all pages of one list, or of the lists of several calendars.

use connect_core::{
    Error, Paged,
    types::{CalendarRef, Event, EventTime},
};
use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// The events of many calendars.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Gathered {
    /// The events, sorted by start.
    pub events: Vec<Event>,
    /// The calendars that could not be read, each with its error.
    pub failed: Vec<(CalendarRef, Error)>,
}

impl Gathered {
    pub(super) fn new(failed: Vec<(CalendarRef, Error)>, mut events: Vec<Event>) -> Self {
        // Among events with equal starts, all-day events come first. The stable sort then preserves the order
        // of the calendars.
        events.sort_by_key(|event| {
            let start = event.start.as_ref().map_or(Timestamp::MAX, sort_time);
            (start, event.start.as_ref().is_none_or(|start| start.date().is_none()))
        });
        Self { events, failed }
    }

    /// Merges the results of all calendars. Returns the first error if every calendar failed.
    pub(super) fn of(outcomes: Vec<(CalendarRef, Result<Vec<Event>, Error>)>) -> Result<Self, Error> {
        let (mut events, mut failed, mut read) = (Vec::new(), Vec::new(), 0);
        for (calendar, outcome) in outcomes {
            match outcome {
                Ok(some) => {
                    events.extend(some);
                    read += 1;
                }
                Err(error) => failed.push((calendar, error)),
            }
        }
        match failed.first() {
            Some((_, error)) if read == 0 => Err(error.clone()),
            _ => Ok(Self::new(failed, events)),
        }
    }
}

/// The items of all pages of a list, or the error of the first page that failed.
type Items<E> = Result<Vec<<E as Paged>::Item>, Error>;

/// The start to sort by. Times without a zone are read in UTC, which is precise enough for sorting.
fn sort_time(start: &EventTime) -> Timestamp {
    let utc = |civil: DateTime| Offset::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX);
    match start {
        EventTime::Instant(instant) => *instant,
        EventTime::Local(civil) => utc(*civil),
        EventTime::Date(day) => utc(day.to_datetime(jiff::civil::Time::midnight())),
        _ => Timestamp::MAX,
    }
}

pub(super) mod blocking {
    use std::{
        sync::{Mutex, PoisonError},
        thread,
    };

    use connect_core::{Caller, Paged, Pager};

    use super::Items;

    /// Returns the items of all pages.
    pub(in crate::backend) fn list<E: Paged + Sync>(user: &impl Caller, request: E) -> Items<E> {
        let (mut pager, mut items) = (Pager::new(request), Vec::new());
        while let Some(request) = pager.request() {
            let page = user.call(&request)?;
            pager.advance(&page)?;
            items.extend(E::into_items(page));
        }
        Ok(items)
    }

    /// Reads many lists, at most `at_once` concurrently. Returns the results in the order of the lists.
    pub(in crate::backend) fn each<K: Send, E>(
        user: &impl Caller,
        lists: Vec<(K, E)>,
        at_once: usize,
    ) -> Vec<(K, Items<E>)>
    where
        E: Paged<Item: Send> + Send + Sync,
    {
        let count = lists.len();
        let waiting = Mutex::new(lists.into_iter().enumerate());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            let mut done = Vec::new();
            while let Some((index, (key, request))) = next() {
                done.push((index, (key, list(user, request))));
            }
            done
        };
        let mut done = thread::scope(|scope| {
            // The current thread reads lists too, so that a single calendar needs no second thread.
            let others: Vec<_> = (1..at_once.min(count)).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

pub(super) mod asynchronous {
    use connect_core::{AsyncCaller, Paged, Pager};
    use futures_util::stream::{FuturesUnordered, StreamExt as _};

    use super::Items;

    /// Returns the items of all pages.
    pub(in crate::backend) async fn list<E>(user: &impl AsyncCaller, request: E) -> Items<E>
    where
        E: Paged<Item: Send, Output: Send> + Send + Sync,
    {
        let (mut pager, mut items) = (Pager::new(request), Vec::new());
        while let Some(request) = pager.request() {
            let page = user.call(&request).await?;
            pager.advance(&page)?;
            items.extend(E::into_items(page));
        }
        Ok(items)
    }

    /// Reads many lists, at most `at_once` concurrently. Returns the results in the order of the lists.
    pub(in crate::backend) async fn each<K: Send, E>(
        user: &impl AsyncCaller,
        lists: Vec<(K, E)>,
        at_once: usize,
    ) -> Vec<(K, Items<E>)>
    where
        E: Paged<Item: Send, Output: Send> + Send + Sync,
    {
        let mut waiting = lists.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut done = Vec::new();
        loop {
            while running.len() < at_once.max(1) {
                let Some((index, (key, request))) = waiting.next() else { break };
                running.push(async move { (index, (key, list(user, request).await)) });
            }
            let Some(outcome) = running.next().await else { break };
            done.push(outcome);
        }
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }
}
