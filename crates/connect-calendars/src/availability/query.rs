//! The query, and the computation of its result.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Availability, Coverage, Gap, Person, Reading, ReadingOrigin, Slot};
use crate::{
    EventSeries as _,
    busy::{Claim, Interval, claim, free, merge, times},
};

/// The maximum number of starts that a query examines: a year in steps of 15 minutes is 35,040.
const MAX_STARTS: i64 = 1_000_000;

/// The meaning of accounts that were not completely read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnGap {
    /// Return no slots, but an error that names the accounts.
    #[default]
    Refuse,
    /// Assume that the person is busy for the unknown time.
    Busy,
    /// Use what is known, and mark each slot whose time is not completely known.
    Ignore,
}

/// How many people must be free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// All people.
    #[default]
    All,
    /// At least one person.
    Any,
    /// At least this many people.
    AtLeast(usize),
}

/// Asks when people are free.
#[derive(Clone, Debug)]
#[must_use]
pub struct Query {
    range: Interval,
    now: Timestamp,
    lengths: Vec<SignedDuration>,
    zone: TimeZone,
    step: SignedDuration,
    before: SignedDuration,
    after: SignedDuration,
    notice: SignedDuration,
    max_age: SignedDuration,
    tentative_is_free: bool,
    on_gap: OnGap,
    need: Need,
}

/// The error for a query that has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidQuery {
    /// The end of the range is not after its start.
    #[error("the range does not end after its start")]
    Range,
    /// A length is not positive.
    #[error("a length is not positive (expected such as 30 minutes)")]
    Length,
    /// The step is not a positive number of seconds.
    #[error("the step is not a positive number of whole seconds (expected such as 15 minutes)")]
    Step,
    /// A buffer or the notice is negative.
    #[error("a buffer or the minimum notice is negative")]
    Negative,
    /// The range has too many starts.
    #[error("the range has more than {MAX_STARTS} starts: shorten the range, or choose a longer step")]
    TooManyStarts,
    /// The number of people needed is zero, or larger than the number of people.
    #[error("the number of people needed is zero or larger than the number of people")]
    Need,
}

impl Query {
    /// Creates the query when all people are free for `length` within `range`.
    ///
    /// Defaults: starts every 15 minutes in UTC, no buffers, no notice, copies of at most one hour, tentative
    /// events are busy, gaps are an error.
    pub fn new(range: Interval, length: SignedDuration, now: Timestamp) -> Self {
        Self {
            range,
            now,
            lengths: vec![length],
            zone: TimeZone::UTC,
            step: SignedDuration::from_mins(15),
            before: SignedDuration::ZERO,
            after: SignedDuration::ZERO,
            notice: SignedDuration::ZERO,
            max_age: SignedDuration::from_hours(1),
            tentative_is_free: false,
            on_gap: OnGap::default(),
            need: Need::default(),
        }
    }

    /// Asks for slots of this length too.
    pub fn length(mut self, length: SignedDuration) -> Self {
        self.lengths.push(length);
        self
    }

    /// Sets the distance between two starts. Starts are counted from local midnight in `zone` if the step
    /// divides a day.
    pub fn step(mut self, step: SignedDuration, zone: TimeZone) -> Self {
        (self.step, self.zone) = (step, zone);
        self
    }

    /// Sets how long a person must be free before and after a slot. Buffers may lie outside of the working
    /// hours.
    pub fn buffers(mut self, before: SignedDuration, after: SignedDuration) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// Sets the shortest time between now and the start of a slot.
    pub fn minimum_notice(mut self, notice: SignedDuration) -> Self {
        self.notice = notice;
        self
    }

    /// Sets the age from which a copy is stale.
    pub fn max_age(mut self, age: SignedDuration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets that tentative events leave people free.
    pub fn tentative_is_free(mut self) -> Self {
        self.tentative_is_free = true;
        self
    }

    /// Sets the meaning of accounts that were not completely read.
    pub fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.on_gap = on_gap;
        self
    }

    /// Sets how many people must be free.
    pub fn need(mut self, need: Need) -> Self {
        self.need = need;
        self
    }

    /// Returns the time whose events the query needs: the range and the buffers around it.
    pub fn reads(&self) -> Interval {
        let start = self.range.start.checked_sub(self.before).unwrap_or(Timestamp::MIN);
        Interval::new(start, self.range.end.checked_add(self.after).unwrap_or(Timestamp::MAX))
    }

    /// Runs the query for these people.
    ///
    /// # Errors
    /// If the query has no meaning. Accounts that were not read are no error of this function: see
    /// [`Availability::slots`].
    pub fn run(&self, people: &[Person]) -> Result<Availability, InvalidQuery> {
        let need = self.check(people.len())?;
        let mut coverage = Vec::new();
        let mut calendars = Vec::with_capacity(people.len());
        for person in people {
            calendars.push(self.calendar(person, &mut coverage));
        }
        let is_refused =
            self.on_gap == OnGap::Refuse && coverage.iter().any(|one: &Coverage| !one.is_complete());
        let slots = if is_refused { Vec::new() } else { self.slots(calendars, need, &coverage) };
        Ok(Availability { slots, coverage, on_gap: self.on_gap })
    }

    /// Returns how many people must be free.
    fn check(&self, people: usize) -> Result<usize, InvalidQuery> {
        if self.range.is_empty() {
            return Err(InvalidQuery::Range);
        }
        if self.lengths.iter().any(|length| *length <= SignedDuration::ZERO) {
            return Err(InvalidQuery::Length);
        }
        if self.step.as_secs() < 1 || self.step.subsec_nanos() != 0 {
            return Err(InvalidQuery::Step);
        }
        if [self.before, self.after, self.notice].iter().any(SignedDuration::is_negative) {
            return Err(InvalidQuery::Negative);
        }
        if self.range.length().as_secs() / self.step.as_secs() > MAX_STARTS {
            return Err(InvalidQuery::TooManyStarts);
        }
        let need = match self.need {
            Need::All => people,
            Need::Any => 1,
            Need::AtLeast(count) => count,
        };
        if (1..=people).contains(&need) { Ok(need) } else { Err(InvalidQuery::Need) }
    }

    /// Returns the free times of a person, and appends what is known about the accounts to `coverage`.
    fn calendar(&self, person: &Person, coverage: &mut Vec<Coverage>) -> FreeTimes {
        let first = coverage.len();
        let mut busy = Vec::new();
        for reading in &person.readings {
            let gaps = self.read(reading, &person.zone, &mut busy);
            coverage.push(self.cover(person, reading, gaps));
        }
        if person.readings.is_empty() {
            let nothing = Reading::missing("", Gap::NothingRead);
            coverage.push(self.cover(person, &nothing, Vec::new()));
        }
        if self.on_gap == OnGap::Busy {
            busy.extend(coverage[first..].iter().flat_map(|one| &one.unknown));
        }
        // A slot with its buffers is free where the slot alone is free of busy times that are longer by them.
        let longer = busy.iter().map(|one| {
            let start = one.start.checked_sub(self.after).unwrap_or(Timestamp::MIN);
            Interval::new(start, one.end.checked_add(self.before).unwrap_or(Timestamp::MAX))
        });
        let shortest = self.lengths.iter().min().copied().unwrap_or_default();
        let free = free(self.range, &merge(longer), &person.hours, shortest);
        FreeTimes { free, next: 0, accounts: first..coverage.len() }
    }

    /// Appends the busy times of an account to `busy`. Returns the gaps that the events have.
    fn read(&self, reading: &Reading, zone: &TimeZone, busy: &mut Vec<Interval>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        busy.extend(reading.busy.iter().filter(|one| !one.is_empty()));
        for event in &reading.events {
            match claim(event) {
                Claim::Nothing => continue,
                Claim::Tentative if self.tentative_is_free => continue,
                Claim::Tentative | Claim::Busy => {}
            }
            if event.recurrence().is_some() {
                gaps.push(Gap::UnexpandedSeries(event.id.clone()));
            }
            match times(event, zone) {
                Some(time) => busy.extend(Some(time).filter(|time| !time.is_empty())),
                None => gaps.push(Gap::UnreadableTime(event.id.clone())),
            }
        }
        gaps
    }

    fn cover(&self, person: &Person, reading: &Reading, found: Vec<Gap>) -> Coverage {
        let reads = self.reads();
        let mut gaps: Vec<_> = reading.gaps.iter().cloned().chain(found).collect();
        if let ReadingOrigin::Copy(as_of) = reading.origin {
            let age = as_of.duration_until(self.now);
            if age > self.max_age {
                gaps.push(Gap::Stale(age));
            }
        }
        let mut unknown = if gaps.is_empty() { Vec::new() } else { vec![reads] };
        if let Some(covered) = reading.covered {
            let outside = [Interval::new(reads.start, covered.start), Interval::new(covered.end, reads.end)];
            let outside = merge(outside.map(|one| one.within(reads)));
            if !outside.is_empty() {
                gaps.push(Gap::OutsideCopy);
            }
            unknown.extend(outside);
        }
        Coverage {
            person: person.id.clone(),
            account: reading.account.clone(),
            origin: reading.origin,
            gaps,
            unknown: merge(unknown),
        }
    }

    fn slots(&self, mut people: Vec<FreeTimes>, need: usize, coverage: &[Coverage]) -> Vec<Slot> {
        let mut lengths = self.lengths.clone();
        lengths.sort_unstable();
        lengths.dedup();
        let mut slots = Vec::new();
        let earliest = self.now.checked_add(self.notice).unwrap_or(Timestamp::MAX);
        for start in self.starts(Interval::new(self.range.start.max(earliest), self.range.end)) {
            for person in &mut people {
                person.advance(start);
            }
            for length in &lengths {
                let Ok(end) = start.checked_add(*length) else { continue };
                let time = Interval::new(start, end);
                let is_free = |person: &&FreeTimes| person.is_free(time);
                if people.iter().filter(is_free).count() < need {
                    continue;
                }
                let free = people.iter().enumerate().filter(|(_, person)| person.is_free(time));
                let (free, accounts): (Vec<_>, Vec<_>) =
                    free.map(|(index, person)| (index, person.accounts.clone())).unzip();
                let gaps = accounts.into_iter().flatten().filter(|at| self.concerns(&coverage[*at], time));
                slots.push(Slot { time, people: free, gaps: gaps.collect() });
            }
        }
        slots
    }

    /// Returns whether a part of the slot or its buffers is unknown.
    fn concerns(&self, coverage: &Coverage, slot: Interval) -> bool {
        let start = slot.start.checked_sub(self.before).unwrap_or(Timestamp::MIN);
        let needed = Interval::new(start, slot.end.checked_add(self.after).unwrap_or(Timestamp::MAX));
        coverage.unknown.iter().any(|one| !one.within(needed).is_empty())
    }

    /// Returns the starts within a range.
    fn starts(&self, range: Interval) -> Vec<Timestamp> {
        let step = i128::from(self.step.as_secs()) * NANOSECONDS;
        let mut starts = Vec::new();
        let mut from = range.start;
        // Between two changes of the clocks, the offset stays the same.
        while from < range.end {
            let change = self.zone.following(from).next().map(|change| change.timestamp());
            let until = change.map_or(range.end, |change| change.min(range.end));
            let offset = i128::from(self.zone.to_offset(from).seconds()) * NANOSECONDS;
            let local = from.as_nanosecond() + offset;
            let mut next = from.as_nanosecond() + (-local).rem_euclid(step);
            while next < until.as_nanosecond() {
                starts.extend(Timestamp::from_nanosecond(next));
                next += step;
            }
            from = until;
        }
        starts
    }
}

const NANOSECONDS: i128 = 1_000_000_000;

/// The free times of a person, and the positions of the person's accounts.
struct FreeTimes {
    free: Vec<Interval>,
    /// The position of the first free time that ends after the current start.
    next: usize,
    accounts: std::ops::Range<usize>,
}

impl FreeTimes {
    fn advance(&mut self, start: Timestamp) {
        while self.free.get(self.next).is_some_and(|one| one.end <= start) {
            self.next += 1;
        }
    }

    fn is_free(&self, time: Interval) -> bool {
        self.free.get(self.next).is_some_and(|one| one.start <= time.start && time.end <= one.end)
    }
}
