//! Lists over all their pages, and of many calendars.

use connect_core::{
    Error, Paged,
    types::{CalendarRef, Event, EventTime},
};
use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// The events of many calendars.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Gathered {
    /// The events, in the order of their starts.
    pub events: Vec<Event>,
    /// The calendars that could not be read, and why.
    pub failed: Vec<(CalendarRef, Error)>,
}

impl Gathered {
    pub(super) fn new(failed: Vec<(CalendarRef, Error)>, mut events: Vec<Event>) -> Self {
        // Of the same start, days come first, and the order of the calendars stays.
        events.sort_by_key(|event| {
            let start = event.start.as_ref().map_or(Timestamp::MAX, begins);
            (start, event.start.as_ref().is_none_or(|start| start.date().is_none()))
        });
        Self { events, failed }
    }

    /// What came of each calendar; an error if nothing could be read.
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

/// What came of a list.
type Items<E> = Result<Vec<<E as Paged>::Item>, Error>;

/// What has no zone is taken as UTC: for the order that is near enough.
fn begins(start: &EventTime) -> Timestamp {
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

    /// The items of all pages.
    pub(in crate::backend) fn list<E: Paged + Sync>(user: &impl Caller, request: E) -> Items<E> {
        let (mut pager, mut items) = (Pager::new(request), Vec::new());
        while let Some(request) = pager.request() {
            let page = user.call(&request)?;
            pager.answered(&page)?;
            items.extend(E::into_items(page));
        }
        Ok(items)
    }

    /// The items of many lists, `at_once` of them at the same time, in the order they were given in.
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
            // This thread is one of them, so that one calendar needs no other.
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

    /// The items of all pages.
    pub(in crate::backend) async fn list<E>(user: &impl AsyncCaller, request: E) -> Items<E>
    where
        E: Paged<Item: Send, Answer: Send> + Send + Sync,
    {
        let (mut pager, mut items) = (Pager::new(request), Vec::new());
        while let Some(request) = pager.request() {
            let page = user.call(&request).await?;
            pager.answered(&page)?;
            items.extend(E::into_items(page));
        }
        Ok(items)
    }

    /// The items of many lists, `at_once` of them at the same time, in the order they were given in.
    pub(in crate::backend) async fn each<K: Send, E>(
        user: &impl AsyncCaller,
        lists: Vec<(K, E)>,
        at_once: usize,
    ) -> Vec<(K, Items<E>)>
    where
        E: Paged<Item: Send, Answer: Send> + Send + Sync,
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
