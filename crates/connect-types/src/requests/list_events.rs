//! Constructors and filters of an event list.

use alloc::string::String;
use alloc::vec::Vec;

use jiff::{SignedDuration, Span, Timestamp, ToSpan, ZonedDateTime};

use crate::ListEvents;
use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::range_time::RangeTime;

impl ListEvents {
    /// Lists the events from `start` to `end`, both rounded down to milliseconds.
    ///
    /// It is not documented whether the list includes an event that begins exactly at `end`.
    ///
    /// ```
    /// use connect_types::ListEvents;
    ///
    /// let january = ListEvents::between("2027-01-01", "2027-02-01").page_size(1000);
    /// # assert_ne!(january, ListEvents::new());
    /// ```
    pub fn between(start: impl Into<RangeTime>, end: impl Into<RangeTime>) -> Self {
        Self::new().start(start).end(end)
    }

    /// Lists the events of the month that contains `day`, in the time zone of `day`.
    pub fn month_of(day: &ZonedDateTime) -> Self {
        Self::days_from(day.first_of_month(), 1.month())
    }

    /// Lists the events of the week that contains `day`, in the time zone of `day`. The week starts on Monday
    /// (ISO 8601).
    pub fn week_of(day: &ZonedDateTime) -> Self {
        let since_monday = i64::from(day.weekday().to_monday_zero_offset());
        Self::days_from(day.checked_sub(since_monday.days()), 1.week())
    }

    /// Lists the events of the day `day`, in the time zone of `day`.
    pub fn day_of(day: &ZonedDateTime) -> Self {
        Self::days_from(Ok(day.clone()), 1.day())
    }

    /// Lists the events from `now` to the same time of day `days` days later, in the time zone of `now`.
    pub fn next_days(now: &ZonedDateTime, days: u16) -> Self {
        let end = now.checked_add(i64::from(days).days());
        Self::between(now, end.map_or(Timestamp::MAX, |end| end.timestamp()))
    }

    /// Lists the events from the start of the day `first`, for the time `long`.
    fn days_from(first: Result<ZonedDateTime, jiff::Error>, long: Span) -> Self {
        let first = first.and_then(|day| day.start_of_day());
        let next = first.as_ref().ok().and_then(|first| first.checked_add(long).ok()?.start_of_day().ok());
        // An event that begins exactly at the end might be listed.
        let last = next.and_then(|next| next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok());
        let start = first.map_or(Timestamp::MIN, |first| first.timestamp());
        Self::between(start, last.unwrap_or(Timestamp::MAX))
    }

    /// Adds a calendar whose events are listed. By default, the events of all calendars are listed.
    pub fn calendar(mut self, calendar: impl Into<CalendarRef>) -> Self {
        self.calendar_ids.get_or_insert_default().add(calendar.into());
        self
    }

    /// Adds calendars whose events are listed. By default, the events of all calendars are listed.
    pub fn calendars<C: Into<CalendarRef>>(self, calendars: impl IntoIterator<Item = C>) -> Self {
        calendars.into_iter().fold(self, Self::calendar)
    }

    /// Lists each series as one event, instead of its occurrences.
    pub fn masters(mut self) -> Self {
        self.single_events = Some(false);
        self
    }

    /// Returns this request with a page token, which requests a later page.
    pub fn with_page_token(&self, token: impl Into<String>) -> Self {
        self.clone().page_token(token)
    }

    /// Splits the date range into `count` windows of equal length, and returns a request for each.
    ///
    /// A window starts a second before the previous window ends, because a provider may leave out an event
    /// without duration that begins exactly at the start of a range. An event is listed in each window that
    /// it overlaps.
    ///
    /// Returns only this request if it has a page token, lists masters, has no start or no end, or if a
    /// window would be shorter than a second.
    #[must_use]
    pub fn windows(&self, count: u8) -> Vec<Self> {
        let whole = || alloc::vec![self.clone()];
        let Ok(Some((start, end))) = self.range() else { return whole() };
        let count = i64::from(count);
        let (first, last) = (start.as_second(), end.as_second());
        if count < 2 || last - first < count || self.page_token.is_some() || self.single_events == Some(false)
        {
            return whole();
        }
        let edge = |index| Timestamp::from_second(first + (last - first) * index / count);
        let window = |index| -> Result<Self, jiff::Error> {
            let from = if index == 0 { start } else { edge(index)?.checked_sub(1.second())? };
            let to = if index + 1 == count { end } else { edge(index + 1)? };
            Ok(Self { start: Some(from.into()), end: Some(to.into()), ..self.clone() })
        };
        (0..count).map(window).collect::<Result<_, _>>().unwrap_or_else(|_| whole())
    }

    /// Returns the start and the end of the date range, or `None` if one of them is not set.
    ///
    /// # Errors
    /// If the start or the end is text that is neither a date nor a time.
    pub fn range(&self) -> Result<Option<(Timestamp, Timestamp)>, Invalid> {
        let start = self.start.as_ref().map(|start| start.instant("start")).transpose()?;
        let end = self.end.as_ref().map(|end| end.instant("end")).transpose()?;
        Ok(start.zip(end))
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.range()?.is_some_and(|(start, end)| end < start) {
            return Err(Invalid::new("end", "the date range ends before it starts"));
        }
        self.calendar_ids.as_ref().map_or(Ok(()), crate::calendar::CalendarSelection::check)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::Operation;

    fn query(request: &ListEvents) -> Vec<(&'static str, String)> {
        request.query().unwrap()
    }

    fn range(request: &ListEvents) -> alloc::string::String {
        let (start, end) = request.range().unwrap().unwrap();
        alloc::format!("{start}/{end}")
    }

    #[test]
    fn only_given_ends_of_the_range_are_sent() {
        assert!(query(&ListEvents::new()).is_empty());
        let sent = query(&ListEvents::new().start("2024-01-01"));
        assert_eq!(sent, [("start", "2024-01-01T00:00:00.000Z".to_string())]);
        let sent = query(&ListEvents::new().end("2024-01-01T10:00"));
        assert_eq!(sent, [("end", "2024-01-01T10:00:00.000Z".to_string())]);
    }

    #[test]
    fn text_that_is_no_time_is_an_error() {
        for text in ["", "soon", "2024-02-30", "2024-01-01T09:00[Europe/Berlin]", "-009999-01-01"] {
            let error = ListEvents::between(text, "2024-03-01").query().unwrap_err().to_string();
            assert!(error.contains(&alloc::format!("\"{text}\" is not a date or time")), "{error}");
        }
        assert!(ListEvents::between("2024-03-01", "2024-02-01").query().is_err());
    }

    #[test]
    fn days_weeks_and_months_are_in_the_zone_of_the_day() {
        // Clocks in Berlin change on 2026-10-25, a Sunday.
        let day: ZonedDateTime = "2026-10-25T12:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(range(&ListEvents::day_of(&day)), "2026-10-24T22:00:00Z/2026-10-25T22:59:59.999Z");
        assert_eq!(range(&ListEvents::week_of(&day)), "2026-10-18T22:00:00Z/2026-10-25T22:59:59.999Z");
        assert_eq!(range(&ListEvents::month_of(&day)), "2026-09-30T22:00:00Z/2026-10-31T22:59:59.999Z");
        assert_eq!(range(&ListEvents::next_days(&day, 7)), "2026-10-25T11:00:00Z/2026-11-01T11:00:00Z");
        let monday: ZonedDateTime = "2026-10-26T00:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(range(&ListEvents::week_of(&monday)), "2026-10-25T23:00:00Z/2026-11-01T22:59:59.999Z");
        let last = ZonedDateTime::new(Timestamp::MAX, jiff::tz::TimeZone::UTC);
        let _ = (ListEvents::week_of(&last), ListEvents::next_days(&last, u16::MAX));
    }

    #[test]
    fn windows_cover_the_whole_range() {
        let list = ListEvents::between("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:10.7Z").page_size(7);
        let windows = list.windows(3);
        let ranges: Vec<_> = windows.iter().map(range).collect();
        let expected = [
            "2026-01-01T00:00:00.5Z/2026-01-01T00:00:03Z",
            "2026-01-01T00:00:02Z/2026-01-01T00:00:06Z",
            "2026-01-01T00:00:05Z/2026-01-01T00:00:10.7Z",
        ];
        assert_eq!(ranges, expected);
        assert!(windows.iter().all(|window| window.page_size == Some(7)));
    }

    #[test]
    fn lists_that_cannot_be_split_stay_whole() {
        let year = || ListEvents::between("2026-01-01", "2027-01-01");
        assert_eq!(year().windows(4).len(), 4);
        for whole in [
            year().masters(),
            year().page_token("t"),
            ListEvents::new().start("2026-01-01"),
            ListEvents::between("2026-01-01T00:00:00Z", "2026-01-01T00:00:03Z"),
            ListEvents::between("2026-01-02", "2026-01-01"),
            ListEvents::between("soon", "2026-01-01"),
        ] {
            assert_eq!(whole.windows(4), [whole]);
        }
        assert_eq!(year().windows(0), [year()]);
        assert_eq!(year().windows(1), [year()]);
        assert_eq!(ListEvents::between(Timestamp::MIN, Timestamp::MAX).windows(255).len(), 255);
    }
}
