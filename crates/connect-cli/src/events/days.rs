//! Formats events by day, for people.

use std::collections::BTreeMap;

use anstyle::Style;
use connect_hyper::types::{Event, EventTime};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use super::{
    names::{CalendarNames, Label},
    rule,
};
use crate::{
    key,
    output::Screen,
    text::{clean, cut, width, wrap},
};

/// Formats the events of a list by day, while the list arrives sorted by start.
pub(super) struct Days<'a> {
    screen: &'a Screen,
    zone: &'a TimeZone,
    names: CalendarNames,
    columns: Columns,
    /// The first day of the listed range: an event that started earlier is listed on this day. `None` lists
    /// every event on the day of its start.
    first: Option<Date>,
    /// The days that may get more events.
    waiting: BTreeMap<Date, Vec<DayEntry>>,
    /// The latest start that arrived.
    latest: Timestamp,
    /// The day of the last printed heading.
    heading: Option<Date>,
}

/// One event as text.
struct DayEntry {
    /// Sorts all-day events first, the others by start.
    order: (bool, DateTime),
    time: String,
    title: String,
    /// Text after the title that is not cut: a mark of a series, and the days of a longer event.
    remark: String,
    calendar: Label,
    location: String,
    key: String,
}

/// The day without a date: for events without a start.
const NO_DAY: Date = Date::MAX;
const TIME_WIDTH: usize = "09:00-09:30".len();
const TITLE_AT: usize = INDENT + TIME_WIDTH + GAP;
const INDENT: usize = 2;
const GAP: usize = 2;
const KEY_WIDTH: usize = 8;
const MIN_TITLE_WIDTH: usize = 8;
/// The maximum width of titles next to locations: otherwise, calendars are too far from short titles.
const MAX_TITLE_WIDTH: usize = 56;
const MAX_CALENDAR_WIDTH: usize = 24;
const DOT: &str = "● ";
const DOT_WIDTH: usize = 2;
/// The mark of a series.
const SERIES: &str = " ↻";

impl<'a> Days<'a> {
    pub(super) fn new(
        screen: &'a Screen,
        zone: &'a TimeZone,
        names: CalendarNames,
        first: Option<Date>,
        has_keys: bool,
    ) -> Self {
        let dot = if screen.colors { DOT_WIDTH } else { 0 };
        let columns = Columns::new(screen.width, names.width() + dot, has_keys);
        let (waiting, latest) = (BTreeMap::new(), Timestamp::MIN);
        Self { screen, zone, names, columns, first, waiting, latest, heading: None }
    }

    /// Adds events, and returns the text of the days that get no more events.
    pub(super) fn add(&mut self, events: &[Event]) -> String {
        for event in events {
            if let Some(start) = event.start.as_ref().and_then(sort_time) {
                self.latest = self.latest.max(start);
            }
            let (day, entry) = self.entry(event);
            self.waiting.entry(day).or_default().push(entry);
        }
        // The service sorts an all-day event by midnight in UTC, which may be on another day of the user.
        let reached = self.latest.to_zoned_datetime(self.zone.clone()).date();
        let waiting = self.waiting.split_off(&reached);
        let complete = std::mem::replace(&mut self.waiting, waiting);
        complete.into_iter().map(|(day, entries)| self.day(day, entries)).collect()
    }

    /// Returns the text of the remaining days.
    pub(super) fn end(&mut self) -> String {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(day, entries)| self.day(day, entries)).collect()
    }

    fn entry(&self, event: &Event) -> (Date, DayEntry) {
        let span = Span::of(event, self.zone);
        let day = span.as_ref().map_or(NO_DAY, |span| span.start.date().max(self.first.unwrap_or(Date::MIN)));
        let time = span.as_ref().map(|span| span.time_on(day)).unwrap_or_default();
        let mut remark = String::new();
        let series = rule::described(event);
        if event.recurring_event_id.is_some() || series.is_some() {
            remark.push_str(SERIES);
        }
        remark.extend(series.map(|rule| format!(" {}", clean(&rule))));
        remark.extend(span.as_ref().map(|span| span.other_days(day)));
        let entry = DayEntry {
            order: span.map_or_else(Default::default, |span| (!span.fills(day), span.start)),
            time,
            title: clean(if event.title.is_empty() { "(no title)" } else { &event.title }),
            remark,
            calendar: self.names.label(event),
            location: clean(event.location.as_deref().unwrap_or_default()),
            key: key::of_event(event),
        };
        (day, entry)
    }

    fn day(&mut self, day: Date, mut entries: Vec<DayEntry>) -> String {
        let mut text = String::new();
        if self.heading != Some(day) {
            let name =
                if day == NO_DAY { "No time".to_owned() } else { day.strftime("%A %-d %B %Y").to_string() };
            let gap = if self.heading.is_some() { "\n" } else { "" };
            text = format!("{gap}{}\n", self.screen.paint(Style::new().bold(), &name));
            self.heading = Some(day);
        }
        entries.sort_by_key(|entry| entry.order);
        let columns = self.columns.of(&entries, self.screen.colors);
        for entry in &entries {
            text.push_str(&self.line(entry, &columns));
        }
        text
    }

    fn line(&self, entry: &DayEntry, columns: &Columns) -> String {
        let Screen { colors, .. } = *self.screen;
        let dim = Style::new().dimmed();
        let remark_width = width(&entry.remark);
        // A remark that takes more than half of the column gets its own line.
        let is_inline =
            width(&entry.title) + remark_width <= columns.title || remark_width <= columns.title / 2;
        let mut cells = Cells { screen: self.screen, line: String::new(), fill: INDENT };
        cells.add(&entry.time, TIME_WIDTH, Style::new());
        let remark = if is_inline { &*entry.remark } else { "" };
        let title = cut(&entry.title, columns.title.saturating_sub(width(remark)));
        cells.add_part(&title, width(&title), Style::new());
        cells.add(remark, columns.title.saturating_sub(width(&title)), dim);
        if columns.calendar > 0 {
            let dot = if colors { DOT_WIDTH } else { 0 };
            let style = entry.calendar.style;
            cells.add_part(style.map_or("", |_| DOT), dot, style.unwrap_or_default());
            cells.add(&entry.calendar.text, columns.calendar.saturating_sub(dot), Style::new());
        }
        if columns.location > 0 {
            cells.add(&entry.location, columns.location, dim);
        }
        if columns.has_keys {
            cells.add(&entry.key, KEY_WIDTH, dim);
        }
        let mut line = format!("{}\n", cells.line);
        if !is_inline {
            for part in wrap(entry.remark.trim_start(), columns.continued()).lines() {
                line.push_str(&format!("{:TITLE_AT$}{}\n", "", self.screen.paint(dim, part)));
            }
        }
        line
    }
}

/// Builds one line.
struct Cells<'a> {
    screen: &'a Screen,
    line: String,
    /// The number of blanks before the next cell.
    fill: usize,
}

impl Cells<'_> {
    fn add(&mut self, text: &str, columns: usize, style: Style) {
        self.add_part(text, columns, style);
        self.fill += GAP;
    }

    /// Adds text without a gap after it.
    fn add_part(&mut self, text: &str, columns: usize, style: Style) {
        let text = cut(text, columns);
        if !text.is_empty() {
            self.line.push_str(&" ".repeat(std::mem::take(&mut self.fill)));
            self.line.push_str(&self.screen.paint(style, &self.screen.isolate(&text)));
        }
        self.fill += columns.saturating_sub(width(&text));
    }
}

/// The widths of the columns; 0 for a column that is left out.
#[derive(Clone, Copy)]
struct Columns {
    /// The width of the screen. Without a width, each day is as wide as its longest texts.
    screen: Option<usize>,
    title: usize,
    calendar: usize,
    location: usize,
    has_keys: bool,
}

impl Columns {
    /// On a narrow screen, leaves out the location first, then the calendar. `calendar` is the width of the
    /// longest name of a calendar.
    fn new(screen: Option<usize>, calendar: usize, has_keys: bool) -> Self {
        const MIN_WIDTH_WITH_CALENDAR: usize = 35;
        const MIN_WIDTH_WITH_LOCATION: usize = 60;
        let mut columns = Self { screen, title: 0, calendar: 0, location: 0, has_keys };
        let Some(screen) = screen else { return columns };
        let mut left = screen.saturating_sub(TITLE_AT + if has_keys { GAP + KEY_WIDTH } else { 0 });
        if left >= MIN_WIDTH_WITH_CALENDAR {
            columns.calendar = calendar.min(left / 3).min(MAX_CALENDAR_WIDTH);
            left -= columns.calendar + GAP;
        }
        if left >= MIN_WIDTH_WITH_LOCATION {
            columns.title = (left * 3 / 5).min(MAX_TITLE_WIDTH);
            columns.location = left - columns.title - GAP;
        } else {
            columns.title = left.max(MIN_TITLE_WIDTH);
        }
        columns
    }

    /// Returns the columns of a day.
    fn of(&self, entries: &[DayEntry], colors: bool) -> Self {
        if self.screen.is_some() {
            return *self;
        }
        let widest = |width: fn(&DayEntry) -> usize| entries.iter().map(width).max().unwrap_or_default();
        Self {
            title: widest(|entry| width(&entry.title) + width(&entry.remark)),
            calendar: widest(|entry| width(&entry.calendar.text)) + if colors { DOT_WIDTH } else { 0 },
            location: widest(|entry| width(&entry.location)),
            ..*self
        }
    }

    /// Returns the width of a second line below the title.
    fn continued(&self) -> usize {
        self.screen.map_or(usize::MAX, |screen| screen.saturating_sub(TITLE_AT).max(MIN_TITLE_WIDTH))
    }
}

/// The start and the end of an event in the user's time zone.
struct Span {
    start: DateTime,
    end: DateTime,
    /// The last day of the event.
    last: Date,
    all_day: bool,
}

impl Span {
    /// Returns `None` if the event has no start.
    fn of(event: &Event, zone: &TimeZone) -> Option<Self> {
        let civil = |time: &EventTime| civil(time, zone);
        let start = civil(event.start.as_ref()?)?;
        let end = event.end.as_ref().and_then(civil).unwrap_or(start).max(start);
        // The end is exclusive: an event until midnight does not reach the next day.
        let before_end = if end.time() == Time::midnight() { end.date().yesterday().ok() } else { None };
        let last = before_end.unwrap_or(end.date()).max(start.date());
        Some(Self { start, end, last, all_day: matches!(event.start, Some(EventTime::Date(_))) })
    }

    /// Returns whether the event takes the whole day.
    fn fills(&self, day: Date) -> bool {
        self.all_day || (self.start.date() < day && self.last > day)
    }

    fn time_on(&self, day: Date) -> String {
        let time = |at: DateTime| at.strftime("%H:%M").to_string();
        if self.fills(day) {
            "all day".to_owned()
        } else if self.start.date() < day {
            format!("until {}", time(self.end))
        } else if self.last > day || self.start == self.end {
            time(self.start)
        } else {
            format!("{}-{}", time(self.start), time(self.end))
        }
    }

    /// Returns the start and the end that are on another day: ` (since Mon 1 Mar until Sun 7 Mar)`.
    fn other_days(&self, day: Date) -> String {
        let on = |date: Date, at: DateTime| {
            let format = if date.year() == day.year() { "%a %-d %b" } else { "%a %-d %b %Y" };
            let time = if self.all_day { String::new() } else { at.strftime(" %H:%M").to_string() };
            format!("{}{time}", date.strftime(format))
        };
        let since = (self.start.date() < day).then(|| format!("since {}", on(self.start.date(), self.start)));
        let last = if self.all_day { self.last } else { self.end.date() };
        let until = (self.last > day).then(|| format!("until {}", on(last, self.end)));
        let parts: Vec<_> = [since, until].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(" ")) }
    }
}

fn civil(time: &EventTime, zone: &TimeZone) -> Option<DateTime> {
    match time {
        EventTime::Instant(at) => Some(at.to_zoned_datetime(zone.clone()).datetime()),
        EventTime::Local(local) => Some(*local),
        EventTime::Date(day) => Some(day.to_datetime(Time::midnight())),
        _ => None,
    }
}

/// Returns the start that the service sorts by. `None` if it is unknown, as for a time without a zone.
fn sort_time(start: &EventTime) -> Option<Timestamp> {
    match start {
        EventTime::Instant(at) => Some(*at),
        EventTime::Date(day) => Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, start: &str, end: &str) -> Event {
        let mut event = Event::new("google", "work", id);
        event.title = id.to_owned();
        event.start = Some(EventTime::from(start));
        event.end = Some(EventTime::from(end));
        event
    }

    fn screen(width: usize) -> Screen {
        Screen { width: Some(width), ..Screen::default() }
    }

    fn zone(hours: i8) -> TimeZone {
        TimeZone::fixed(Offset::constant(hours))
    }

    fn text(zone: &TimeZone, first: &str, pages: &[Vec<Event>]) -> String {
        let (screen, first) = (screen(140), first.parse().ok());
        let mut days = Days::new(&screen, zone, CalendarNames::default(), first, false);
        let text: String = pages.iter().map(|page| days.add(page)).collect();
        text + &days.end()
    }

    #[test]
    fn day_is_printed_once_and_as_soon_as_it_is_complete() {
        let new_york = zone(-5);
        // As the service sorts them: the all-day event comes before the last event of the day before.
        let first = [
            event("lunch", "2026-12-01T17:00:00Z", "2026-12-01T18:00:00Z"),
            event("fair", "2026-12-02", "2026-12-03"),
        ];
        let second = [
            event("dinner", "2026-12-02T01:00:00Z", "2026-12-02T03:00:00Z"),
            event("lunch", "2026-12-02T17:00:00Z", "2026-12-02T18:00:00Z"),
        ];
        let screen = screen(80);
        let mut days = Days::new(&screen, &new_york, CalendarNames::default(), None, false);
        assert_eq!(days.add(&first), "");
        let complete = days.add(&second);
        assert!(
            complete.starts_with("Tuesday 1 December 2026\n") && !complete.contains("Wednesday"),
            "{complete}"
        );
        assert!(complete.contains("20:00-22:00  dinner"), "{complete}");
        let rest = days.end();
        assert!(rest.starts_with("\nWednesday 2 December 2026\n  all day      fair"), "{rest}");
        assert_eq!(days.end(), "");
    }

    #[test]
    fn late_event_gets_a_second_heading() {
        let page = |id, start| vec![event(id, start, start)];
        let pages = [
            page("b", "2026-12-03T09:00:00Z"),
            page("c", "2026-12-05T09:00:00Z"),
            page("a", "2026-12-01T09:00:00Z"),
        ];
        let text = text(&zone(0), "2026-12-01", &pages);
        let order: Vec<_> = text.lines().filter(|line| line.contains("December")).collect();
        assert_eq!(
            order,
            ["Thursday 3 December 2026", "Tuesday 1 December 2026", "Saturday 5 December 2026"]
        );
    }

    #[test]
    fn longer_event_is_listed_on_its_first_day_in_range() {
        let shown = |start, end| text(&zone(0), "2026-12-01", &[vec![event("Trip", start, end)]]);
        for (start, end, line) in [
            ("2026-12-01", "2026-12-02", "all day      Trip"),
            ("2026-12-01", "2026-12-04", "all day      Trip (until Thu 3 Dec)"),
            ("2026-11-29", "2026-12-04", "all day      Trip (since Sun 29 Nov until Thu 3 Dec)"),
            ("2026-11-29", "2027-01-02", "all day      Trip (since Sun 29 Nov until Fri 1 Jan 2027)"),
            ("2026-12-01T22:00:00Z", "2026-12-02T05:00:00Z", "22:00        Trip (until Wed 2 Dec 05:00)"),
            ("2026-11-30T22:00:00Z", "2026-12-01T05:00:00Z", "until 05:00  Trip (since Mon 30 Nov 22:00)"),
            ("2026-12-01T22:00:00Z", "2026-12-02T00:00:00Z", "22:00-00:00  Trip"),
            ("2026-12-01T22:00:00Z", "2026-12-01T22:00:00Z", "22:00        Trip"),
            (
                "2026-11-30T22:00:00Z",
                "2026-12-02T05:00:00Z",
                "all day      Trip (since Mon 30 Nov 22:00 until Wed 2 Dec 05:00)",
            ),
        ] {
            let text = shown(start, end);
            assert_eq!(text.lines().next(), Some("Tuesday 1 December 2026"), "{text}");
            assert!(text.contains(&format!("  {line}  ")), "{line}\n{text}");
        }
    }

    #[test]
    fn event_without_a_start_is_listed_last() {
        let mut lost = Event::new("google", "work", "lost");
        lost.title = "Lost".to_owned();
        let text = text(&zone(0), "2026-12-01", &[vec![lost, event("a", "2026-12-02", "2026-12-03")]]);
        assert!(text.contains("\n\nNo time\n") && text.trim_end().ends_with("work"), "{text}");
    }
}
