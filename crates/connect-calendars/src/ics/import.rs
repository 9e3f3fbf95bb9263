//! Reads a file into a plan.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(any(feature = "google", feature = "outlook"))]
use connect_core::Endpoint as _;
use connect_core::Error;
use connect_core::types::{
    Availability, CalendarRef, EventStatus, EventTime, NewEvent, Provider, Raw, Recurrence,
};
use jiff::{ToSpan as _, ZonedDateTime, civil::Date, tz::TimeZone};
use twox_hash::XxHash3_64;

use super::{
    CUSTOM_PROPERTY, UID_FIELD,
    lines::{self, FileComponent},
    plan::{ExceptionChange, FileError, Plan, PlannedEvent, PlannedException, RefusedComponent},
    series::{self, MAX_YEARS, SeriesRule},
    text::unescape,
    times::{DateOrTime, FileZones},
    vevent::Vevent,
    vtimezone,
};
use crate::zones;

/// The number of years after which the import ends a split series that has no end.
const SPLIT_YEARS: i32 = 2;

/// The properties that occur at most once (RFC 5545 3.6.1).
pub(super) const SINGLE: [&str; 14] = [
    "CLASS",
    "DESCRIPTION",
    "DTEND",
    "DTSTART",
    "DURATION",
    "LOCATION",
    "ORGANIZER",
    "RECURRENCE-ID",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "UID",
    CUSTOM_PROPERTY,
];

/// The options for reading a file.
#[derive(Debug, Clone)]
#[must_use = "options do nothing until a file is read"]
pub struct Import {
    pub(super) calendar: CalendarRef,
    through_connect: bool,
    pub(super) invite: bool,
    split: bool,
    floating: Option<TimeZone>,
}

impl Import {
    /// Creates the options for events in this calendar, which Google or Outlook is called directly for.
    pub fn new(calendar: CalendarRef) -> Self {
        Self { calendar, through_connect: false, invite: false, split: false, floating: None }
    }

    /// Plans requests to Mobiscroll Connect, in which a series has no time zone.
    pub fn through_connect(mut self) -> Self {
        self.through_connect = true;
        self
    }

    /// Invites the guests in the file. By default, the created events have no guests.
    pub fn invite(mut self) -> Self {
        self.invite = true;
        self
    }

    /// Splits a series at the changes of the clocks, if Mobiscroll Connect would move its occurrences. By
    /// default, such a series is refused.
    pub fn split(mut self) -> Self {
        self.split = true;
        self
    }

    /// Sets the zone of times without a zone, if the file has no `X-WR-TIMEZONE`. By default, such times are
    /// refused.
    pub fn floating_zone(mut self, zone: TimeZone) -> Self {
        self.floating = Some(zone).filter(|zone| !zone.is_unknown());
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError`] if the file is not iCalendar. Components that cannot be imported are in
    /// [`Plan::refused`].
    pub fn read(&self, file: &[u8]) -> Result<Plan, FileError> {
        let mut plan = Plan::default();
        let mut uids = BTreeSet::new();
        for calendar in lines::calendars(file)? {
            if let Some(method) = calendar.get("METHOD") {
                let known = ["PUBLISH", "REQUEST"];
                if !known.iter().any(|known| method.value().trim().eq_ignore_ascii_case(known)) {
                    let reason =
                        format!("METHOD:{} is not supported (expected PUBLISH or REQUEST)", method.value());
                    plan.refused.push(refusal(&calendar, reason));
                    continue;
                }
            }
            self.read_calendar(&calendar, &mut uids, &mut plan);
        }
        Ok(plan)
    }

    fn read_calendar(&self, calendar: &FileComponent, uids: &mut BTreeSet<String>, plan: &mut Plan) {
        let zone = calendar.get("X-WR-TIMEZONE").and_then(|line| zones::named(line.value().trim()));
        let mut file = FileZones { floating: zone.or_else(|| self.floating.clone()), ..FileZones::default() };
        let zones = calendar.parts.iter().filter(|part| part.name == "VTIMEZONE");
        file.defined = zones.filter_map(vtimezone::read).collect();
        // Events in the order of the file; the exceptions of a series join the series.
        let (mut groups, mut of_uid) = (Vec::<(String, Vec<&FileComponent>)>::new(), BTreeMap::new());
        for part in &calendar.parts {
            match part.name.as_str() {
                "VEVENT" => {
                    let uid = uid(part);
                    let group = *of_uid.entry(uid.clone()).or_insert(groups.len());
                    if group == groups.len() {
                        groups.push((uid, Vec::new()));
                    }
                    if let Some((_, group)) = groups.get_mut(group) {
                        group.push(part);
                    }
                }
                "VTIMEZONE" | "VALARM" => {}
                other => {
                    plan.refused.push(refusal(part, format!("{other} is not supported (expected VEVENT)")))
                }
            }
        }
        for (uid, parts) in groups {
            let Some(first) = parts.first() else { continue };
            let planned = if uids.insert(uid.clone()) {
                self.plan(&uid, &parts, &file)
            } else {
                Err("the UID is in several calendars of the file".to_owned())
            };
            // The key of a part or of an occurrence could be the UID of another event.
            let planned = planned.and_then(|events| {
                let is_new = |event: &PlannedEvent| event.key == uid || uids.insert(event.key.clone());
                if events.iter().all(is_new) { Ok(events) } else { Err("the UID occurs twice".to_owned()) }
            });
            match planned {
                Ok(events) => {
                    if parts.iter().any(|part| has_floating_time(part)) {
                        let zone = file.floating.as_ref().and_then(|zone| zone.iana_name());
                        plan.floating_zone = Some(zone.unwrap_or("the local zone").to_owned());
                    }
                    plan.events.extend(events);
                }
                Err(reason) => plan.refused.push(RefusedComponent { uid, ..refusal(first, reason) }),
            }
        }
    }

    /// Plans the events of one UID.
    fn plan(
        &self,
        uid: &str,
        parts: &[&FileComponent],
        zones: &FileZones,
    ) -> Result<Vec<PlannedEvent>, String> {
        let (changed, masters): (Vec<_>, Vec<_>) =
            parts.iter().copied().partition(|part: &&FileComponent| part.get("RECURRENCE-ID").is_some());
        for part in parts {
            check(part)?;
        }
        let series = match masters.as_slice() {
            [] => return changed.iter().map(|part| self.orphan(uid, part, zones)).collect(),
            [series] => *series,
            several => return Err(format!("the UID occurs {} times (expected once)", several.len())),
        };
        let event = Vevent::read(series, zones, self)?;
        if event.status == Some(EventStatus::Cancelled) {
            return Err("STATUS:CANCELLED: a cancelled event cannot be created".to_owned());
        }
        let Some(rule) = series.get("RRULE") else {
            if !changed.is_empty() {
                return Err("RECURRENCE-ID: the event with this UID has no RRULE".to_owned());
            }
            return Ok(vec![self.planned(uid, &event, None)?]);
        };
        let rule = SeriesRule::read(rule.value(), &event.start)?;
        let includes_start = rule.includes_start(&event.start);
        if !includes_start && self.calendar.provider == Provider::Microsoft {
            // Outlook would move the start to the next day of the pattern.
            return Err("RRULE: the rule does not include the day of DTSTART, on which Outlook cannot begin the series"
                .to_owned());
        }
        let (exceptions, occurrences) = self.exceptions(&event, &rule, series, &changed, zones)?;
        let mut planned = if self.through_connect {
            self.series_through_connect(uid, &event, rule, exceptions)?
        } else {
            let planned = self.planned(uid, &event, Some(&rule))?;
            vec![PlannedEvent { exceptions, ..planned }]
        };
        // Of a split series, only the first part begins on this day.
        if let Some(event) = planned.first_mut().filter(|event| event.rule.is_some() && !includes_start) {
            let has_count = event.rule.as_ref().is_some_and(|rule| rule.contains("COUNT="));
            let count = if has_count { ", and how many occurrences follow (COUNT)" } else { "" };
            event.notes.push(format!(
                "the RRULE does not include the day of DTSTART; the provider decides whether the series has \
                 an occurrence on this day{count}"
            ));
        }
        for event in &mut planned {
            for occurrence in &occurrences {
                self.add_left_out(event, occurrence);
            }
        }
        Ok(planned)
    }

    /// Adds the guests of a changed occurrence, and the properties that the requests do not contain.
    fn add_left_out(&self, event: &mut PlannedEvent, occurrence: &Vevent) {
        for guest in &occurrence.guests {
            if !event.guests.iter().any(|known| known.eq_ignore_ascii_case(guest)) {
                event.guests.push(guest.clone());
            }
        }
        for name in occurrence.left_out.iter().cloned().chain(self.outlook_left_out(occurrence)) {
            if !event.left_out.contains(&name) {
                event.left_out.push(name);
            }
        }
    }

    /// Returns the properties that only Outlook cannot store.
    fn outlook_left_out(&self, event: &Vevent) -> Vec<String> {
        let mut names = Vec::new();
        if self.calendar.provider == Provider::Microsoft {
            if event.conference.is_some() {
                names.push("CONFERENCE (Outlook stores no link to a conference)".to_owned());
            }
            if event.status == Some(EventStatus::Tentative) && event.availability == Availability::Free {
                names.push("STATUS:TENTATIVE (Outlook shows a free event as free only)".to_owned());
            }
        }
        names
    }

    /// Plans an occurrence without its series, as a single event.
    fn orphan(&self, uid: &str, part: &FileComponent, zones: &FileZones) -> Result<PlannedEvent, String> {
        let event = Vevent::read(part, zones, self)?;
        if event.status == Some(EventStatus::Cancelled) {
            return Err(
                "STATUS:CANCELLED: the file does not contain the series of this occurrence".to_owned()
            );
        }
        let id = part.get("RECURRENCE-ID").map(|line| zones.read("RECURRENCE-ID", &line)).transpose()?;
        let id = id.map(|id| id.stamp()).unwrap_or_default();
        self.planned(&format!("{uid}#{id}"), &event, None)
    }

    /// Reads the excluded, cancelled and changed occurrences. Also returns the events of the changed ones.
    fn exceptions(
        &self,
        event: &Vevent,
        rule: &SeriesRule,
        series: &FileComponent,
        changed: &[&FileComponent],
        zones: &FileZones,
    ) -> Result<(Vec<PlannedException>, Vec<Vevent>), String> {
        let mut excluded = Vec::new();
        for line in series.all("EXDATE").filter(|line| !line.value().trim().is_empty()) {
            excluded.extend(zones.read_list("EXDATE", &line)?);
        }
        let mut originals = Vec::new();
        for part in changed {
            let line = part.get("RECURRENCE-ID").ok_or("RECURRENCE-ID is missing")?;
            originals.push((zones.read("RECURRENCE-ID", &line)?, *part));
        }
        let last = excluded
            .iter()
            .chain(originals.iter().map(|(original, _)| original))
            .map(series::first_day)
            .max();
        let Some(last) = last else { return Ok((Vec::new(), Vec::new())) };
        let horizon = series::horizon(&event.start);
        if last > horizon {
            return Err(format!("an exception is more than {MAX_YEARS} years after DTSTART"));
        }
        // Two days later, because the exceptions may be in another time zone.
        let starts = rule.starts(&event.start, last.saturating_add(2.days()), usize::MAX);
        let occurrences = OccurrenceIndex::new(&event.start, &starts);
        let mut all = BTreeMap::new();
        // An EXDATE that matches no occurrence has no effect (RFC 5545 3.8.5.1).
        for start in excluded.iter().filter_map(|time| occurrences.find(time)) {
            all.insert(start, ExceptionChange::Cancelled);
        }
        let (mut seen, mut occurrences_read) = (BTreeSet::new(), Vec::new());
        for (original, part) in originals {
            let start = occurrences.find(&original).ok_or_else(|| {
                format!("RECURRENCE-ID: {} is not an occurrence of the RRULE", original.event_time())
            })?;
            if !seen.insert(start.clone()) {
                return Err(format!("RECURRENCE-ID: {} occurs twice", original.event_time()));
            }
            let one = Vevent::read(part, zones, self)?;
            let change = if one.status == Some(EventStatus::Cancelled) {
                ExceptionChange::Cancelled
            } else if all.contains_key(&start) {
                return Err(format!("{} is both excluded and changed", original.event_time()));
            } else {
                let change = ExceptionChange::Changed(Box::new(one.occurrence(event, self)?));
                occurrences_read.push(one);
                change
            };
            all.insert(start, change);
        }
        let cancelled = all.values().filter(|change| **change == ExceptionChange::Cancelled).count();
        let left = || rule.starts(&event.start, horizon, cancelled + 1).len() > cancelled;
        if cancelled > 0 && !rule.is_endless() && !left() {
            return Err("EXDATE: all occurrences are excluded or cancelled".to_owned());
        }
        let planned = |(start, change): (ZonedDateTime, _)| PlannedException {
            original_start: match event.start {
                DateOrTime::Day(_) => EventTime::Date(start.date()),
                DateOrTime::At(_) => EventTime::Instant(start.timestamp()),
            },
            change,
        };
        Ok((all.into_iter().map(planned).collect(), occurrences_read))
    }

    /// Plans a series for Mobiscroll Connect, which sends no time zone.
    fn series_through_connect(
        &self,
        uid: &str,
        event: &Vevent,
        rule: SeriesRule,
        exceptions: Vec<PlannedException>,
    ) -> Result<Vec<PlannedEvent>, String> {
        let Some(plain) = rule.for_connect() else {
            let line = rule.line(&event.start)?;
            return Err(format!("{line}: Mobiscroll Connect has no such rule"));
        };
        let (rule, plain) = (SeriesRule::Plain(plain.clone()), &plain);
        let DateOrTime::At(start) = &event.start else {
            let planned = self.planned(uid, event, Some(&rule))?;
            return Ok(vec![PlannedEvent { exceptions, ..planned }]);
        };
        let checked = plain.stretches(start, series::horizon(&event.start));
        let same_days = plain.in_utc(start).as_ref() == Ok(plain);
        if checked.len() <= 1 && same_days {
            let planned = self.planned(uid, event, Some(&rule))?;
            return Ok(vec![PlannedEvent { exceptions, ..planned }]);
        }
        let zone = start.time_zone().iana_name().unwrap_or("its time zone");
        if !self.split {
            let reason =
                if same_days { "the clocks change during the series" } else { "its days differ in UTC" };
            return Err(format!(
                "RRULE: Mobiscroll Connect sends a series without its time zone ({zone}), and {reason}"
            ));
        }
        self.split_series(uid, event, plain, start, exceptions)
    }

    /// Plans one series for each stretch with a constant offset from UTC.
    fn split_series(
        &self,
        uid: &str,
        event: &Vevent,
        rule: &Recurrence,
        start: &ZonedDateTime,
        mut exceptions: Vec<PlannedException>,
    ) -> Result<Vec<PlannedEvent>, String> {
        let plain = SeriesRule::Plain(rule.clone());
        let horizon = match plain.is_endless() {
            true => start.date().saturating_add(SPLIT_YEARS.years()),
            false => series::horizon(&event.start),
        };
        if !plain.is_endless() {
            // An occurrence after the horizon would be lost.
            let all = plain.starts(&event.start, horizon.saturating_add(1.year()), usize::MAX);
            if all.last().is_some_and(|last| last.date() > horizon) {
                return Err(format!("RRULE: the series lasts longer than {MAX_YEARS} years"));
            }
        }
        let length = event.end.event_time();
        let length =
            length.instant().map_or(jiff::SignedDuration::ZERO, |end| end.duration_since(start.timestamp()));
        let mut planned = Vec::new();
        let stretches = rule.stretches(start, horizon);
        let ends = stretches.last().filter(|_| plain.is_endless()).map(|stretch| stretch.last.date());
        for stretch in stretches {
            let key = format!("{uid}#{}", DateOrTime::At(stretch.first.clone()).stamp());
            let end = stretch.first.checked_add(length).map_err(|_| "DTEND is out of range".to_owned())?;
            let part = Vevent {
                start: DateOrTime::At(stretch.first.clone()),
                end: DateOrTime::At(end),
                ..event.clone()
            };
            let rule = (stretch.first != stretch.last).then(|| rule.in_utc(&stretch.first));
            let rule = rule.transpose().map_err(|error| format!("RRULE: {}", error.message()))?;
            let rule = rule.map(|rule| SeriesRule::Plain(rule.until(&stretch.last)));
            let range = stretch.first.timestamp()..=stretch.last.timestamp();
            let (own, rest): (Vec<_>, Vec<_>) = exceptions.into_iter().partition(|exception| {
                exception.original_start.instant().is_some_and(|start| range.contains(&start))
            });
            exceptions = rest;
            match (&rule, own.as_slice()) {
                (None, []) => planned.push(self.planned(&key, &part, None)?),
                // A single event that is excluded is not created, and a changed one is created as changed.
                (None, [one]) => {
                    if let ExceptionChange::Changed(fields) = &one.change {
                        planned.push(self.planned(&key, &part.with(fields), None)?);
                    }
                }
                _ => {
                    let series = self.planned(&key, &part, rule.as_ref())?;
                    planned.push(PlannedEvent { exceptions: own, ..series });
                }
            }
        }
        if let Some(late) = exceptions.first() {
            return Err(format!(
                "the exception of {} is after the end of the split series",
                late.original_start
            ));
        }
        if let Some(event) = planned.last_mut() {
            event.ends = ends;
        }
        Ok(planned)
    }

    /// Creates the request for an event, and checks that the service's request can be built.
    fn planned(&self, key: &str, event: &Vevent, rule: Option<&SeriesRule>) -> Result<PlannedEvent, String> {
        let mut left_out = event.left_out.clone();
        let calendar = self.calendar.clone();
        let mut request = match (&event.start, &event.end) {
            (DateOrTime::Day(first), DateOrTime::Day(end)) => {
                NewEvent::all_day(calendar, &event.title, *first, *end)
            }
            (DateOrTime::At(start), DateOrTime::At(end)) => NewEvent::new(calendar, &event.title, start, end),
            _ => return Err("DTEND: one of DTSTART and DTEND is a date, the other a time".to_owned()),
        };
        request = request.availability(&event.availability);
        if let Some(description) = &event.description {
            request = request.description(description);
        }
        if let Some(location) = &event.location {
            request = request.location(location);
        }
        if let Some(privacy) = &event.privacy {
            request = request.privacy(privacy);
        }
        if let Some(status) = &event.status {
            request = request.status(status);
        }
        if let Some(link) =
            event.conference.as_ref().filter(|_| self.calendar.provider != Provider::Microsoft)
        {
            request = request.conference(link);
        }
        left_out.extend(self.outlook_left_out(event));
        let custom = Raw::with_field(event.custom.as_ref(), UID_FIELD, key);
        request = request.custom(custom.map_err(|error| format!("{CUSTOM_PROPERTY}: {error}"))?);
        if self.invite {
            request = request.attendees(&event.guests);
        }
        request = match rule {
            None => request,
            Some(SeriesRule::Plain(rule)) => request.recurrence(rule.clone()),
            Some(SeriesRule::Relative(rule)) => self.relative(request, rule, event)?,
        };
        self.check(key, &request)?;
        let rule = rule.map(|rule| rule.line(&event.start)).transpose()?;
        Ok(PlannedEvent {
            key: key.to_owned(),
            title: event.title.clone(),
            start: event.start.event_time(),
            rule,
            request,
            exceptions: Vec::new(),
            guests: event.guests.clone(),
            left_out,
            notes: Vec::new(),
            ends: None,
        })
    }

    /// Sets a rule with a relative day, in the format of the provider.
    fn relative(
        &self,
        request: NewEvent,
        rule: &crate::patterned::PatternedRecurrence,
        event: &Vevent,
    ) -> Result<NewEvent, String> {
        let line = SeriesRule::Relative(Box::new(rule.clone())).line(&event.start)?;
        let json = |error: serde_json::Error| format!("RRULE: {error}");
        let fields = match self.calendar.provider {
            Provider::Google => Raw::with_field(None, "recurrence", &[line]),
            Provider::Microsoft => Raw::with_field(None, "recurrence", rule),
            _ => return Err(format!("{line}: the service has no rules with relative days")),
        };
        Ok(request.provider_fields(&self.calendar.provider, fields.map_err(json)?))
    }

    /// Builds the request that would be sent, because the service's format refuses some events.
    fn check(&self, key: &str, request: &NewEvent) -> Result<(), String> {
        if self.through_connect {
            let request = request.clone().external_event_id(key);
            return connect_core::types::Operation::body(&request)
                .map(drop)
                .map_err(|error| error.to_string());
        }
        let built: Result<(), Error> = match self.calendar.provider {
            #[cfg(feature = "google")]
            Provider::Google => crate::google::InsertEvent::once(request, key).body().map(drop),
            #[cfg(feature = "outlook")]
            Provider::Microsoft => crate::outlook::CreateEvent::once(request, key).body().map(drop),
            _ => request.fields().map(drop).map_err(Error::from),
        };
        built.map_err(|error| {
            let message = error.message().map_or_else(|| error.to_string(), str::to_owned);
            // The message names the field of the request.
            match message.strip_prefix("recurrence: ") {
                Some(reason) => format!("RRULE: {reason}"),
                None => message,
            }
        })
    }
}

fn refusal(part: &FileComponent, reason: impl Into<String>) -> RefusedComponent {
    let title = part.get("SUMMARY").map(|line| unescape(line.value())).unwrap_or_default();
    RefusedComponent { line: part.number, uid: uid(part), title, reason: reason.into() }
}

/// Returns the UID. Without a UID, the name is computed from the lines, so that a second import finds the
/// event.
fn uid(part: &FileComponent) -> String {
    let own = part.get("UID").map(|line| unescape(line.value().trim()));
    own.filter(|uid| !uid.is_empty()).unwrap_or_else(|| {
        let mut hash = XxHash3_64::default();
        for name in ["DTSTART", "DTEND", "DURATION", "SUMMARY", "LOCATION", "DESCRIPTION", "RRULE"] {
            let value = part.get(name).map(|line| line.value().to_owned()).unwrap_or_default();
            std::hash::Hasher::write(&mut hash, value.as_bytes());
            std::hash::Hasher::write(&mut hash, &[0xff]);
        }
        format!("without-uid-{:016x}", std::hash::Hasher::finish(&hash))
    })
}

/// Refuses properties that the requests cannot express.
fn check(part: &FileComponent) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in part.names() {
        if SINGLE.contains(&name.as_str()) && !seen.insert(name.clone()) {
            return Err(format!("{name} occurs twice"));
        }
    }
    for name in ["RDATE", "EXRULE"] {
        if part.all(name).any(|line| !line.value().trim().is_empty()) {
            return Err(format!("{name} is not supported"));
        }
    }
    let rules = part.all("RRULE").count();
    if rules > 1 {
        return Err(format!("the event has {rules} RRULE properties (expected at most one)"));
    }
    if let Some(id) = part.get("RECURRENCE-ID") {
        if let Some(range) = id.parameter("RANGE") {
            return Err(format!("RECURRENCE-ID with RANGE={range} is not supported"));
        }
        if rules > 0 {
            return Err("RRULE and RECURRENCE-ID cannot be combined".to_owned());
        }
    }
    Ok(())
}

fn has_floating_time(part: &FileComponent) -> bool {
    ["DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE"].iter().any(|name| {
        part.all(name).any(|line| {
            let value = line.value().trim();
            line.parameter("TZID").is_none() && value.contains(['T', 't']) && !value.ends_with(['Z', 'z'])
        })
    })
}

/// The occurrences of a series, by their starts.
struct OccurrenceIndex<'a> {
    all_day: bool,
    zone: TimeZone,
    by_day: BTreeMap<Date, &'a ZonedDateTime>,
    starts: BTreeSet<jiff::Timestamp>,
}

impl<'a> OccurrenceIndex<'a> {
    fn new(start: &DateOrTime, starts: &'a [ZonedDateTime]) -> Self {
        let zone = match start {
            DateOrTime::Day(_) => TimeZone::UTC,
            DateOrTime::At(at) => at.time_zone().clone(),
        };
        Self {
            all_day: matches!(start, DateOrTime::Day(_)),
            zone,
            by_day: starts.iter().map(|start| (start.date(), start)).collect(),
            starts: starts.iter().map(ZonedDateTime::timestamp).collect(),
        }
    }

    /// Finds the occurrence that a RECURRENCE-ID or an EXDATE names. Some programs write a date for a timed
    /// series, or a time for an all-day series.
    fn find(&self, time: &DateOrTime) -> Option<ZonedDateTime> {
        match time {
            DateOrTime::At(at) if !self.all_day => {
                let known = self.starts.contains(&at.timestamp());
                known.then(|| at.timestamp().to_zoned_datetime(self.zone.clone()))
            }
            other => self.by_day.get(&series::first_day(other)).map(|start| (*start).clone()),
        }
    }
}
