//! Free times over all calendars of the visitor.

use axum_extra::extract::Query;
use connect_calendars::busy::{Interval, WorkingHours, free, merge, of_events, slots as cut};
use connect_hyper::types::ListEvents;
use jiff::{
    RoundMode, SignedDuration, ToSpan as _, Unit, ZonedDateTime, ZonedDateTimeRound,
    civil::{Date, time},
};
use maud::html;
use serde::Deserialize;

use crate::{
    change::input_text,
    failure::{Failure, Problem},
    page::Page,
    session::Visitor,
    texts::{day_name, long_date},
};

const DAYS: i64 = 7;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    date: Option<Date>,
    minutes: Option<i64>,
}

/// Shows the free times of a week, on weekdays from 9 to 17 in the time zone of the visitor.
pub(crate) async fn slots(visitor: Visitor, Query(wanted): Query<Wanted>) -> Result<Page, Failure> {
    let now = ZonedDateTime::now().with_time_zone(visitor.zone.clone());
    let first = wanted.date.unwrap_or(now.date());
    let start =
        first.to_zoned_datetime(visitor.zone.clone()).map_err(|_| Problem::NO_DATE)?.max(next_quarter(&now));
    let end = first
        .saturating_add(DAYS.days())
        .to_zoned_datetime(visitor.zone.clone())
        .map_err(|_| Problem::NO_DATE)?;
    if end <= start {
        return Err(Problem::NO_DATE.into());
    }
    let mut events = Vec::new();
    let mut list = visitor.user.events().list(ListEvents::between(&start, &end)).items();
    while let Some(event) = list.next().await {
        events.push(event?);
    }
    let busy = merge(of_events(&events, &visitor.zone));
    let hours = WorkingHours::new(visitor.zone.clone()).on_weekdays(time(9, 0, 0, 0), time(17, 0, 0, 0));
    let hours = hours.unwrap_or_else(|_| WorkingHours::always(visitor.zone.clone()));
    let length = SignedDuration::from_mins(wanted.minutes.unwrap_or(60).clamp(5, 480));
    let free = free(Interval::new(start.timestamp(), end.timestamp()), &busy, &hours, length);
    let mut day = None;
    let main = html! {
        form.filter method="get" {
            label { (visitor.t("From")) input type="date" name="date" value=(first) required; }
            label { (visitor.t("Minutes")) input type="number" name="minutes" min="5" max="480" step="5" value=(length.as_mins()); }
            button.quiet { (visitor.t("Search")) }
        }
    };
    let found = html! {
        p.hint { (visitor.t("On weekdays from 9:00 to 17:00, over all calendars.")) }
        ul.slots {
            @for slot in cut(&free, length, length) {
                @let from = slot.start.to_zoned_datetime(visitor.zone.clone());
                @let to = slot.end.to_zoned_datetime(visitor.zone.clone());
                @if day.replace(from.date()) != Some(from.date()) {
                    li { h2 { (day_name(visitor.language, from.weekday())) " " (long_date(visitor.language, from.date())) } }
                }
                li { a href={ "/events/new?start=" (input_text(from.datetime())) "&end=" (input_text(to.datetime())) } { (from.strftime("%H:%M")) "–" (to.strftime("%H:%M")) } }
            }
        }
        @if free.is_empty() { p { (visitor.t("All hours of this week are busy.")) } }
    };
    Ok(Page::live(&visitor, visitor.t("Free times"), main, found))
}

fn next_quarter(now: &ZonedDateTime) -> ZonedDateTime {
    let rounding = ZonedDateTimeRound::new().smallest(Unit::Minute).increment(15).mode(RoundMode::Ceil);
    now.round(rounding).unwrap_or_else(|_| now.clone())
}
