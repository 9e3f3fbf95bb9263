//! The events as agenda, week and month.

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Query;
use connect_hyper::{
    ErrorKind,
    types::{Calendar, CalendarRef, Event, EventTime, ListEvents},
};
use form_urlencoded::Serializer;
use jiff::{
    ToSpan as _, ZonedDateTime,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    failure::{Failure, Problem},
    page::Page,
    session::Visitor,
    sign_in::connect_form,
    texts::{day_name, long_date, month_name, tr},
};

/// The number of events on a page of the agenda.
const PAGE_SIZE: u32 = 25;
const AGENDA_DAYS: i64 = 30;
/// The number of titles in a day of the month.
const TITLES_PER_DAY: usize = 3;

const VIEWS: [(&str, &str); 3] = [("agenda", "Agenda"), ("week", "Week"), ("month", "Month")];

/// The part of the calendar that a link shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    view: String,
    date: Option<Date>,
    calendar: Vec<String>,
    /// The page token of the agenda.
    page: Option<String>,
}

impl Shown {
    fn link(&self, view: &str, date: Date, page: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("view", view).append_pair("date", &date.to_string());
        query.extend_pairs(self.calendar.iter().map(|calendar| ("calendar", calendar)));
        query.extend_pairs(page.map(|page| ("page", page)));
        format!("/events?{}", query.finish())
    }
}

/// The text that names a calendar in forms and links.
pub(crate) fn calendar_key(calendar: &CalendarRef) -> String {
    format!("{}/{}", calendar.provider, calendar.id)
}

pub(crate) fn calendar_of(key: &str) -> CalendarRef {
    let (provider, id) = key.split_once('/').unwrap_or((key, ""));
    CalendarRef::new(provider, id)
}

/// Shows the calendar to visitors who connected one, and the form to connect one to others.
pub(crate) async fn home(visitor: Visitor) -> Result<Response, Failure> {
    match visitor.user.tokens(std::time::Duration::MAX).await {
        Ok(_) => Ok(Redirect::to("/events").into_response()),
        Err(error) if matches!(error.kind(), ErrorKind::Authentication) => {
            let main = html! {
                p { (visitor.t("See and change the events of your Google, Outlook, Apple and CalDAV calendars on one page.")) }
                (connect_form(&visitor))
            };
            Ok(Page::new(&visitor, visitor.t("Connect your calendars"), main).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn events(visitor: Visitor, Query(mut shown): Query<Shown>) -> Result<Page, Failure> {
    let user = &visitor.user;
    let calendars = user.calendars().list().await?;
    let now = ZonedDateTime::now().with_time_zone(visitor.zone.clone());
    let date = shown.date.unwrap_or(now.date());
    if !VIEWS.iter().any(|(view, _)| *view == shown.view) {
        shown.view = "agenda".to_owned();
    }
    let (first, days) = match &*shown.view {
        "week" => (monday(date), 7),
        "month" => month_weeks(date),
        _ => (date, AGENDA_DAYS),
    };
    let last = first.saturating_add(days.days());
    let midnight = |date: Date| date.to_zoned_datetime(visitor.zone.clone()).map_err(|_| Problem::NO_DATE);
    let mut request = ListEvents::between(&midnight(first)?, &midnight(last)?);
    request = request.calendars(shown.calendar.iter().map(|key| calendar_of(key)));
    let mut found = Vec::new();
    let mut next = None;
    if shown.view == "agenda" {
        let request = request.page_size(PAGE_SIZE);
        let request = shown.page.iter().fold(request, |request, page| request.page_token(page));
        let mut list = user.events().list(request);
        while let Some(page) = list.next_page().await? {
            found.extend(page.events);
            if !found.is_empty() {
                break; // a page can be empty although it is not the last one
            }
        }
        next = list.token().map(str::to_owned);
    } else {
        let mut list = user.events().list(request).items();
        while let Some(event) = list.next().await {
            found.push(event?);
        }
    }
    let list = EventList::new(&found, &calendars, &visitor, first, last);
    let (before, after) = match &*shown.view {
        "month" => {
            (date.first_of_month().saturating_sub(1.day()), date.last_of_month().saturating_add(1.day()))
        }
        _ => (date.saturating_sub(days.days()), date.saturating_add(days.days())),
    };
    let main = html! {
        nav.views aria-label=(visitor.t("Views")) {
            @for (view, name) in VIEWS {
                a href=(shown.link(view, date, None)) aria-current=[(view == shown.view).then_some("true")] { (visitor.t(name)) }
            }
            a #before href=(shown.link(&shown.view, before, None)) { (visitor.t("Earlier")) }
            a #today href=(shown.link(&shown.view, now.date(), None)) { (visitor.t("Today")) }
            a #after href=(shown.link(&shown.view, after, None)) { (visitor.t("Later")) }
        }
        (filter(&visitor, &calendars, &shown, date))
    };
    let events = html! {
        @match &*shown.view {
            "week" => (list.week(now.date())),
            "month" => (list.month(now.date(), date, &shown)),
            _ => {
                (list.agenda())
                @if let Some(token) = &next { p { a href=(shown.link("agenda", date, Some(token))) { (visitor.t("More events")) } } }
            }
        }
    };
    let end = last.saturating_sub(1.day());
    let title = match &*shown.view {
        "month" => format!("{} {}", month_name(visitor.language, date.month()), date.year()),
        _ => format!("{} – {}", long_date(visitor.language, first), long_date(visitor.language, end)),
    };
    Ok(Page::live(&visitor, &title, main, events))
}

/// The form that chooses calendars.
fn filter(visitor: &Visitor, calendars: &[Calendar], shown: &Shown, date: Date) -> Markup {
    html! {
        form.filter method="get" action="/events" {
            input type="hidden" name="view" value=(shown.view);
            input type="hidden" name="date" value=(date);
            details open[!shown.calendar.is_empty()] {
                summary { (visitor.t("Calendars")) }
                fieldset {
                    legend.hidden { (visitor.t("Calendars")) }
                    @for calendar in calendars {
                        @let key = calendar_key(&calendar.into());
                        label {
                            input type="checkbox" name="calendar" value=(key) checked[shown.calendar.contains(&key)];
                            (dot(calendar.color.as_deref()))
                            bdi { (calendar.title) }
                        }
                    }
                }
                button.quiet { (visitor.t("Show only these")) }
            }
        }
    }
}

/// A circle in the colour of a calendar. An attribute of SVG, because the policy forbids inline styles.
fn dot(color: Option<&str>) -> Markup {
    html! {
        svg.dot viewBox="0 0 10 10" aria-hidden="true" { circle cx="5" cy="5" r="5" fill=(color.unwrap_or("gray")) {} }
    }
}

/// The events of a range, by day.
struct EventList<'a> {
    visitor: &'a Visitor,
    calendars: BTreeMap<String, &'a Calendar>,
    days: BTreeMap<Date, Vec<&'a Event>>,
    /// The events whose times the provider did not say.
    undated: Vec<&'a Event>,
}

impl<'a> EventList<'a> {
    /// Takes the days from `first` to before `last`.
    fn new(
        events: &'a [Event],
        calendars: &'a [Calendar],
        visitor: &'a Visitor,
        first: Date,
        last: Date,
    ) -> Self {
        let calendars = calendars.iter().map(|calendar| (calendar_key(&calendar.into()), calendar)).collect();
        let mut days: BTreeMap<Date, Vec<&Event>> = BTreeMap::new();
        let mut date = first;
        while date < last && date < Date::MAX {
            days.insert(date, Vec::new());
            date = date.saturating_add(1.day());
        }
        let mut undated = Vec::new();
        for event in events {
            let Some((from, to)) = days_of(event, &visitor.zone) else {
                undated.push(event);
                continue;
            };
            days.range_mut(from..=to.max(from)).for_each(|(_, day)| day.push(event));
        }
        Self { visitor, calendars, days, undated }
    }

    fn agenda(&self) -> Markup {
        let is_empty = self.undated.is_empty() && self.days.values().all(Vec::is_empty);
        html! {
            @for (date, events) in self.days.iter().filter(|(_, events)| !events.is_empty()) {
                section {
                    h2 { (day_name(self.visitor.language, date.weekday())) " " time datetime=(date) { (long_date(self.visitor.language, *date)) } }
                    (self.items(events, *date))
                }
            }
            @if !self.undated.is_empty() {
                section { h2 { (self.visitor.t("Without a time")) } (self.items(&self.undated, Date::MIN)) }
            }
            @if is_empty { p { (self.visitor.t("There are no events.")) } }
        }
    }

    fn week(&self, today: Date) -> Markup {
        html! {
            div.week {
                @for (date, events) in &self.days {
                    section.today[*date == today] {
                        h2 { (day_name(self.visitor.language, date.weekday())) " " time datetime=(date) { (date.day()) } }
                        (self.items(events, *date))
                    }
                }
            }
        }
    }

    fn month(&self, today: Date, month: Date, shown: &Shown) -> Markup {
        let language = self.visitor.language;
        let dates: Vec<_> = self.days.iter().collect();
        html! {
            table.month {
                thead { tr { @for (date, _) in dates.iter().take(7) { th scope="col" { (day_name(language, date.weekday())) } } } }
                tbody {
                    @for week in dates.chunks(7) {
                        tr {
                            @for (date, events) in week {
                                td.today[**date == today].other[date.month() != month.month()] {
                                    a.day href=(shown.link("agenda", **date, None)) {
                                        time datetime=(date) { (date.day()) }
                                        @if !events.is_empty() {
                                            span.hidden { " " (month_name(language, date.month())) ". " (self.visitor.t("Events:")) " " }
                                            span.count { (events.len()) }
                                        }
                                    }
                                    (self.items(&events[..events.len().min(TITLES_PER_DAY)], **date))
                                    @if events.len() > TITLES_PER_DAY { span.more { "+" (events.len() - TITLES_PER_DAY) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn items(&self, events: &[&Event], date: Date) -> Markup {
        html! {
            ul.events {
                @for event in events {
                    @let calendar = event.calendar_id.as_ref().zip(event.provider.as_ref());
                    @let calendar = calendar.and_then(|(id, provider)| self.calendars.get(&format!("{provider}/{id}")));
                    li {
                        (dot(event.color.as_deref().or(calendar.and_then(|calendar| calendar.color.as_deref()))))
                        bdi.time { (hours(event, date, self.visitor)) }
                        @if event.recurring_event_id.is_some() { span.hint title=(self.visitor.t("Part of a series")) { "↻" span.hidden { (self.visitor.t("Part of a series")) } } }
                        @let title = if event.title.is_empty() { self.visitor.t("Busy") } else { &event.title };
                        @if let Some(link) = event_link(event, &self.visitor.zone) { a href=(link) dir="auto" { (title) } } @else { bdi { (title) } }
                        @if let Some(calendar) = calendar { bdi.hint.name { (calendar.title) } }
                        @if let Some(place) = &event.location { bdi.hint.name { (place) } }
                    }
                }
            }
        }
    }
}

/// Returns the first and last day of an event in a time zone.
fn days_of(event: &Event, zone: &TimeZone) -> Option<(Date, Date)> {
    let first = match event.start.as_ref()? {
        EventTime::Date(date) => *date,
        time => zoned(time, zone)?.date(),
    };
    let last = match event.end.as_ref() {
        Some(EventTime::Date(date)) => date.saturating_sub(1.day()),
        // An event that ends at midnight does not reach into the next day.
        Some(time) => zoned(time, zone)?.saturating_sub(1.nanosecond()).date(),
        None => first,
    };
    Some((first, last))
}

/// A time without an offset counts in the time zone of the visitor.
pub(crate) fn zoned(time: &EventTime, zone: &TimeZone) -> Option<ZonedDateTime> {
    match time {
        EventTime::Instant(instant) => Some(instant.to_zoned_datetime(zone.clone())),
        EventTime::Local(local) => local.to_zoned_datetime(zone.clone()).ok(),
        EventTime::Date(date) => date.to_zoned_datetime(zone.clone()).ok(),
        _ => None,
    }
}

/// Returns the hours of an event on one of its days.
fn hours(event: &Event, day: Date, visitor: &Visitor) -> String {
    let Some(start) = event.start.as_ref().filter(|start| start.date().is_none()) else {
        return tr(visitor.language, "All day").to_owned();
    };
    let at = |time: &EventTime| {
        zoned(time, &visitor.zone).map(|at| (at.date() == day, at.strftime("%H:%M").to_string()))
    };
    match (at(start), event.end.as_ref().and_then(at)) {
        (Some((true, start)), Some((true, end))) => format!("{start}–{end}"),
        (Some((true, start)), _) => format!("{start} →"),
        (_, Some((true, end))) => format!("→ {end}"),
        _ => tr(visitor.language, "All day").to_owned(),
    }
}

/// Returns the link to an event. It names the day, because the service returns only ranges of events.
fn event_link(event: &Event, zone: &TimeZone) -> Option<String> {
    let (provider, calendar) = event.provider.as_ref().zip(event.calendar_id.as_ref())?;
    let (first, _) = days_of(event, zone)?;
    let mut query = Serializer::new(String::new());
    query.append_pair("calendar", &format!("{provider}/{calendar}")).append_pair("id", &event.id);
    Some(format!("/event?{}", query.append_pair("date", &first.to_string()).finish()))
}

fn monday(date: Date) -> Date {
    date.saturating_sub(i64::from(date.weekday().since(Weekday::Monday)).days())
}

/// Returns the Monday at or before the first of the month, and the number of days to the last Sunday.
fn month_weeks(date: Date) -> (Date, i64) {
    let first = monday(date.first_of_month());
    let until =
        i64::from(date.first_of_month().weekday().since(Weekday::Monday)) + i64::from(date.days_in_month());
    (first, (until + 6) / 7 * 7)
}
