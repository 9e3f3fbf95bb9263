//! Compares the free times of random people with those of a search that looks at every minute.
//!
//! `AVAILABILITY_WORLDS` sets the number of worlds, `AVAILABILITY_SEED` the first seed.
#![allow(clippy::unwrap_used, reason = "it is a test")]

use std::{collections::BTreeSet, env::var};

use connect_calendars::{
    availability::{Gap, Need, OnGap, Person, Query, Reading},
    busy::{Interval, WorkingHours},
};
use connect_core::types::{Event, EventTime, Raw};
use fastrand::Rng;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time, Weekday, date},
    tz::TimeZone,
};

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "America/St_Johns",
];

/// Days around changes of the clocks in these zones, and ordinary days.
const DAYS: [Date; 8] = [
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 6, 17),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 12, 31),
    date(2027, 2, 14),
];

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn minute_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

/// The facts about an account that the search by minutes uses. It never reads an `Event`.
struct Facts {
    name: String,
    busy: Vec<Fact>,
    tentative: Vec<Fact>,
    /// The minutes that are not known: everything, or everything outside of these minutes.
    unknown: Unknown,
    gaps: BTreeSet<&'static str>,
}

enum Unknown {
    Nothing,
    Everything,
    Outside(i64, i64),
}

enum Fact {
    /// From this minute to that minute.
    Minutes(i64, i64),
    /// From this local minute to that one, in the person's zone.
    Local(DateTime, DateTime),
    /// From this day to that day, both inclusive.
    Days(Date, Date),
}

struct World {
    people: Vec<Person>,
    facts: Vec<PersonFacts>,
    start: i64,
    end: i64,
    now: i64,
    notice: i64,
    before: i64,
    after: i64,
    step: i64,
    zone: TimeZone,
    lengths: Vec<i64>,
    tentative_is_free: bool,
    on_gap: OnGap,
    need: Need,
}

struct PersonFacts {
    zone: TimeZone,
    hours: Vec<(Weekday, Time, Time)>,
    accounts: Vec<Facts>,
}

/// What an account claims: `None` for nothing, else whether it is tentative.
type Claim = Option<bool>;

/// Creates an event without times that makes this claim, in one of the ways of the providers.
fn claiming(rng: &mut Rng, claim: Claim, id: usize) -> Event {
    let fields = match claim {
        None => [
            r#""status":"cancelled""#,
            r#""availability":"free""#,
            r#""availability":"workingElsewhere""#,
            r#""availability":"busy","original":{"showAs":"workingElsewhere"}"#,
            r#""original":{"attendees":[{"email":"a"},{"self":true,"responseStatus":"declined"}]}"#,
            r#""original":{"responseStatus":{"response":"declined"}}"#,
            r#""status":"tentative","availability":"free""#,
        ]
        .as_slice(),
        Some(true) => &[
            r#""status":"tentative""#,
            r#""status":"tentative","availability":"busy""#,
            r#""availability":"tentative""#,
            r#""original":{"showAs":"tentative"}"#,
            r#""original":{"attendees":[{"self":true,"responseStatus":"tentative"}]}"#,
            r#""original":{"responseStatus":{"response":"tentativelyAccepted"}}"#,
        ],
        Some(false) => &[
            "",
            r#""status":"confirmed""#,
            r#""availability":"busy""#,
            r#""availability":"oof""#,
            r#""original":{"eventType":"outOfOffice"}"#,
            r#""original":{"showAs":"oof"}"#,
            r#""original":{"attendees":[{"self":true,"responseStatus":"needsAction"},{"responseStatus":"declined"}]}"#,
            r#""original":{"responseStatus":{"response":"notResponded"}}"#,
            r#""recurringEventId":"series","original":{"recurrence":["RRULE:FREQ=DAILY"]}"#,
        ],
    };
    let fields = fields[rng.usize(..fields.len())];
    let comma = if fields.is_empty() { "" } else { "," };
    let json = format!(r#"{{"id":"e{id}","provider":"google","calendarId":"c"{comma}{fields}}}"#);
    serde_json::from_str(&json).unwrap()
}

fn account(
    rng: &mut Rng,
    name: String,
    zone: &TimeZone,
    range: (i64, i64),
    now: i64,
    tentative_is_free: bool,
) -> (Reading, Facts) {
    let mut facts = Facts {
        name: name.clone(),
        busy: Vec::new(),
        tentative: Vec::new(),
        unknown: Unknown::Nothing,
        gaps: BTreeSet::new(),
    };
    let mut events = Vec::new();
    let span = range.1 - range.0;
    let has_fault = rng.u8(..8) == 0;
    for id in 0..rng.usize(..7) {
        let claim = [None, Some(true), Some(false), Some(false)][rng.usize(..4)];
        let mut event = claiming(rng, claim, id);
        let start = range.0 - 600 + rng.i64(0..span + 600);
        let length = rng.i64(0..360);
        let local = at(start).to_zoned_datetime(zone.clone()).datetime();
        let fact = match rng.u8(..5) {
            0 | 1 => {
                event.start = Some(EventTime::Instant(at(start)));
                event.end = Some(EventTime::Instant(at(start + length)));
                Fact::Minutes(start, start + length)
            }
            2 => {
                // A series: daily occurrences at the same local time.
                let end = local.checked_add(minutes(length)).unwrap();
                event.start = Some(EventTime::Local(local));
                event.end = Some(EventTime::Local(end));
                Fact::Local(local, end)
            }
            3 => {
                let skipped =
                    DateTime::from_parts(DAYS[rng.usize(..DAYS.len())], Time::constant(2, 30, 0, 0));
                let end = skipped.checked_add(minutes(length)).unwrap();
                event.start = Some(EventTime::Local(skipped));
                event.end = Some(EventTime::Local(end));
                Fact::Local(skipped, end)
            }
            _ => {
                let (first, count) = (local.date(), rng.i64(0..3));
                let end = first.checked_add(SignedDuration::from_hours(24 * (count + 1))).unwrap();
                event.start = Some(EventTime::Date(first));
                event.end = Some(EventTime::Date(end)).filter(|_| count > 0 || rng.bool());
                event.all_day = Some(true);
                Fact::Days(first, end.yesterday().unwrap())
            }
        };
        if has_fault && id == 0 {
            if rng.bool() {
                event.end = None;
                event.start = Some(EventTime::from("soon"));
                if claim == Some(false) || claim == Some(true) && !tentative_is_free {
                    facts.gaps.insert("unreadable_time");
                }
            } else {
                event.recurring_event_id = None;
                event.original = Some(r#"{"recurrence":["RRULE:FREQ=DAILY"]}"#.parse::<Raw>().unwrap());
                event.availability = None;
                event.status = None;
                facts.gaps.insert("unexpanded_series");
                facts.busy.push(fact);
            }
            if !facts.gaps.is_empty() {
                facts.unknown = Unknown::Everything;
            }
            events.push(event);
            continue;
        }
        match claim {
            None => {}
            Some(true) => facts.tentative.push(fact),
            Some(false) => facts.busy.push(fact),
        }
        events.push(event);
    }
    let gap = |facts: &mut Facts, name| {
        facts.unknown = Unknown::Everything;
        facts.gaps.insert(name);
    };
    let reading = match rng.u8(..12) {
        0 => {
            gap(&mut facts, "reauth_required");
            facts.busy.clear();
            facts.tentative.clear();
            facts.gaps.retain(|gap| *gap == "reauth_required");
            Reading::missing(name, Gap::ReauthRequired)
        }
        1 => {
            gap(&mut facts, "permission_withheld");
            Reading::live(name, at(now), events).with_gap(Gap::PermissionWithheld)
        }
        2 => {
            let busy = (0..rng.usize(..4)).map(|_| {
                let start = range.0 + rng.i64(0..span);
                (start, start + rng.i64(0..200))
            });
            let busy: Vec<_> = busy.collect();
            facts.tentative.clear();
            facts.busy = busy.iter().map(|(start, end)| Fact::Minutes(*start, *end)).collect();
            facts.gaps.clear();
            gap(&mut facts, "only_free_busy");
            let busy = busy.iter().map(|(start, end)| Interval::new(at(*start), at(*end)));
            Reading::free_busy(name, at(now), busy.collect())
        }
        3 | 4 => {
            let age = rng.i64(0..120);
            if age > 60 {
                gap(&mut facts, "stale");
            }
            let (from, to) = (range.0 - 300 + rng.i64(0..400), range.1 + 300 - rng.i64(0..400));
            if from > range.0 || to < range.1 {
                facts.gaps.insert("outside_copy");
                if matches!(facts.unknown, Unknown::Nothing) {
                    facts.unknown = Unknown::Outside(from, to);
                }
            }
            Reading::copy(name, at(now - age), Interval::new(at(from), at(to)), events)
        }
        _ => Reading::live(name, at(now), events),
    };
    (reading, facts)
}

fn world(seed: u64) -> World {
    let rng = &mut Rng::with_seed(seed);
    let zone = |rng: &mut Rng| TimeZone::get(ZONES[rng.usize(..ZONES.len())]).unwrap();
    let day = DAYS[rng.usize(..DAYS.len())].at(0, 0, 0, 0).to_zoned_datetime(TimeZone::UTC).unwrap();
    let start = minute_of(day.timestamp()) - 1440 + rng.i64(0..1440);
    let end = start + rng.i64(60..3000);
    let (before, after) = ([0, 0, 10, 45][rng.usize(..4)], [0, 0, 15, 30][rng.usize(..4)]);
    let now = start - rng.i64(-300..600);
    let tentative_is_free = rng.bool();
    let (mut people, mut facts) = (Vec::new(), Vec::new());
    for index in 0..rng.usize(1..4) {
        let zone = zone(rng);
        let mut hours = WorkingHours::new(zone.clone());
        let mut spans = Vec::new();
        let days = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ];
        for day in days {
            let from = Time::constant(rng.i8(0..13), [0, 30][rng.usize(..2)], 0, 0);
            let to = Time::constant(rng.i8(13..24), [0, 45][rng.usize(..2)], 0, 0);
            let (from, to) = if rng.u8(..5) == 0 { (Time::midnight(), Time::midnight()) } else { (from, to) };
            hours = hours.on(day, from, to).unwrap();
            spans.push((day, from, to));
        }
        let mut person = Person::new(format!("p{index}"), zone.clone(), hours);
        let mut accounts = Vec::new();
        let count = if rng.u8(..20) == 0 { 0 } else { rng.usize(1..4) };
        for account_index in 0..count {
            let name = format!("a{account_index}");
            let (reading, known) =
                account(rng, name, &zone, (start - before, end + after), now, tentative_is_free);
            person = person.reading(reading);
            accounts.push(known);
        }
        if count == 0 {
            accounts.push(Facts {
                name: String::new(),
                busy: Vec::new(),
                tentative: Vec::new(),
                unknown: Unknown::Everything,
                gaps: BTreeSet::from(["nothing_read"]),
            });
        }
        people.push(person);
        facts.push(PersonFacts { zone, hours: spans, accounts });
    }
    let count = people.len();
    let need = [Need::All, Need::All, Need::Any, Need::AtLeast(rng.usize(1..=count))][rng.usize(..4)];
    World {
        people,
        facts,
        start,
        end,
        now,
        notice: [0, 0, 60, 500][rng.usize(..4)],
        before,
        after,
        step: [5, 10, 15, 20, 30, 60, 45][rng.usize(..7)],
        zone: zone(rng),
        lengths: (0..rng.usize(1..3)).map(|_| [5, 15, 25, 60, 120][rng.usize(..5)]).collect(),
        tentative_is_free,
        on_gap: [OnGap::Refuse, OnGap::Busy, OnGap::Ignore][rng.usize(..3)],
        need,
    }
}

/// A slot of the search by minutes: start, length, free people, and the accounts with gaps.
type Found = (i64, i64, Vec<usize>, Vec<usize>);

impl World {
    /// Searches by looking at every minute. `None` means that the query is refused.
    fn by_minutes(&self) -> Option<Vec<Found>> {
        let (from, to) = (self.start - self.before, self.end + self.after);
        let index = |minute: i64| usize::try_from(minute - from).unwrap();
        let span = || (from..to).map(at);
        // For each person and minute: is the person busy, and at work? For each account: is it unknown?
        let (mut busy, mut at_work, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for person in &self.facts {
            let local: Vec<_> = span().map(|at| person.zone.to_datetime(at)).collect();
            let mut is_busy = vec![false; local.len()];
            let first = unknown.len();
            for account in &person.accounts {
                let tentative = account.tentative.iter().filter(|_| !self.tentative_is_free);
                for fact in account.busy.iter().chain(tentative) {
                    let bounds = match fact {
                        Fact::Minutes(start, end) => Some((*start, *end)),
                        Fact::Local(start, end) => {
                            Some((instant(*start, &person.zone), instant(*end, &person.zone)))
                        }
                        Fact::Days(..) => None,
                    };
                    for (minute, local) in (from..to).zip(&local) {
                        is_busy[index(minute)] |= match (fact, bounds) {
                            (Fact::Days(first, last), _) => (*first..=*last).contains(&local.date()),
                            (_, Some((start, end))) => start <= minute && minute < end,
                            _ => false,
                        };
                    }
                }
                unknown.push(
                    (from..to)
                        .map(|minute| match account.unknown {
                            Unknown::Nothing => false,
                            Unknown::Everything => true,
                            Unknown::Outside(start, end) => minute < start || end <= minute,
                        })
                        .collect::<Vec<_>>(),
                );
            }
            if self.on_gap == OnGap::Busy {
                for account in &unknown[first..] {
                    is_busy.iter_mut().zip(account).for_each(|(busy, unknown)| *busy |= unknown);
                }
            }
            busy.push((is_busy, first..unknown.len()));
            at_work.push(
                local
                    .iter()
                    .map(|local| {
                        person.hours.iter().any(|(day, from, to)| {
                            *day == local.weekday()
                                && *from <= local.time()
                                && (*to == Time::midnight() || local.time() < *to)
                        })
                    })
                    .collect::<Vec<_>>(),
            );
        }
        if self.on_gap == OnGap::Refuse && unknown.iter().flatten().any(|unknown| *unknown) {
            return None;
        }
        let need = match self.need {
            Need::All => self.people.len(),
            Need::Any => 1,
            Need::AtLeast(count) => count,
        };
        let lengths: BTreeSet<_> = self.lengths.iter().copied().collect();
        let mut found = Vec::new();
        for start in self.start.max(self.now + self.notice)..self.end {
            let local = self.zone.to_datetime(at(start));
            let since_1970 = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).duration_until(local);
            if since_1970.as_secs().div_euclid(60).rem_euclid(self.step) != 0 {
                continue;
            }
            for length in &lengths {
                let end = start + length;
                if end > self.end {
                    continue;
                }
                let with_buffers = index(start - self.before)..index(end + self.after);
                let is_free = |person: &usize| {
                    !busy[*person].0[with_buffers.clone()].contains(&true)
                        && !at_work[*person][index(start)..index(end)].contains(&false)
                };
                let people: Vec<_> = (0..self.people.len()).filter(is_free).collect();
                if people.len() >= need {
                    let accounts = people.iter().flat_map(|person| busy[*person].1.clone());
                    let gaps =
                        accounts.filter(|account| unknown[*account][with_buffers.clone()].contains(&true));
                    found.push((start, *length, people.clone(), gaps.collect()));
                }
            }
        }
        Some(found)
    }

    fn query(&self) -> Query {
        let range = Interval::new(at(self.start), at(self.end));
        let mut query = Query::new(range, minutes(self.lengths[0]), at(self.now))
            .step(minutes(self.step), self.zone.clone())
            .buffers(minutes(self.before), minutes(self.after))
            .minimum_notice(minutes(self.notice))
            .on_gap(self.on_gap)
            .need(self.need);
        for length in &self.lengths[1..] {
            query = query.length(minutes(*length));
        }
        if self.tentative_is_free { query.tentative_is_free() } else { query }
    }
}

/// The minute of a local time. A time that the clocks skip is later by the length of the gap.
fn instant(local: DateTime, zone: &TimeZone) -> i64 {
    let as_utc = minute_of(local.to_zoned_datetime(TimeZone::UTC).unwrap().timestamp());
    let day = 26 * 60;
    let matching = (as_utc - day..as_utc + day).find(|minute| zone.to_datetime(at(*minute)) == local);
    matching.unwrap_or_else(|| {
        let offset_before = zone.to_offset(at(as_utc - day)).seconds();
        as_utc - i64::from(offset_before) / 60
    })
}

#[test]
fn slots_equal_those_of_a_search_by_minutes() {
    let number = |name| var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("AVAILABILITY_SEED").unwrap_or(0);
    let count = number("AVAILABILITY_WORLDS").unwrap_or(500);
    let (mut slots, mut refused, mut marked) = (0, 0, 0);
    for seed in first..first + count {
        let world = world(seed);
        let result = world.query().run(&world.people).unwrap();
        let known: Vec<_> = world.facts.iter().flat_map(|person| &person.accounts).collect();
        assert_eq!(result.coverage().len(), known.len(), "seed {seed}");
        for (coverage, facts) in result.coverage().iter().zip(known) {
            let gaps: BTreeSet<_> = coverage.gaps.iter().map(Gap::name).collect();
            assert_eq!((&coverage.account, &gaps), (&facts.name, &facts.gaps), "seed {seed}");
            assert_eq!(coverage.is_complete(), facts.gaps.is_empty(), "seed {seed}");
        }
        let found = result.slots().ok().map(|slots| {
            let found = slots.iter().map(|slot| {
                let length = slot.time.length().as_mins();
                (minute_of(slot.time.start), length, slot.people.clone(), slot.gaps.clone())
            });
            found.collect::<Vec<Found>>()
        });
        assert_eq!(found, world.by_minutes(), "seed {seed}");
        match found {
            None => refused += 1,
            Some(found) => {
                slots += found.len();
                marked += found.iter().filter(|slot| !slot.3.is_empty()).count();
            }
        }
    }
    println!("{count} worlds: {slots} slots, {marked} of them marked, {refused} queries refused");
}
