//! Creating, changing and deleting events.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::Query;
use connect_hyper::{
    CreateOutcome, Error, User,
    types::{Event, EventTime, ListEvents, NewEvent, Recurrence, UpdateEvent},
};
use jiff::{
    ToSpan as _, ZonedDateTime,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{calendar_key, calendar_of, zoned},
    failure::{Failure, Problem},
    page::{self, Page},
    session::{Form, Visitor, random},
};

#[rustfmt::skip]
const REPEATS: [(&str, &str); 5] = [
    ("", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month"), ("yearly", "Every year"),
];
const SCOPES: [(&str, &str); 3] = [
    ("this", "Only this event"),
    ("following", "This and the following events"),
    ("all", "All events of the series"),
];
const MAX_OCCURRENCES: u32 = 365;

/// The fields of the form of an event.
#[derive(Clone, Default, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventForm {
    /// The id of this form, so that a form that is sent twice creates one event.
    key: String,
    /// This form as JSON when the visitor got it, so that only changed fields are sent.
    old: String,
    calendar: String,
    title: String,
    all_day: bool,
    start: String,
    end: String,
    zone: String,
    repeat: String,
    count: u32,
    guests: String,
    location: String,
    description: String,
    scope: String,
}

/// The times of an event. The end of an all-day event is exclusive.
#[derive(PartialEq)]
enum Times {
    Timed(ZonedDateTime, ZonedDateTime),
    AllDay(Date, Date),
}

impl EventForm {
    /// Reads the times, or returns what is wrong with them.
    fn times(&self) -> Result<Times, &'static str> {
        let zone = TimeZone::get(&self.zone).map_err(|_| "Enter a time zone such as Europe/Berlin.")?;
        let read = |text: &str| text.parse::<DateTime>().map_err(|_| "Enter a start and an end.");
        let (start, end) = (read(&self.start)?, read(&self.end)?);
        if self.all_day {
            let end = end.date().checked_add(1.day()).map_err(|_| "The date is too late.")?;
            return if start.date() < end {
                Ok(Times::AllDay(start.date(), end))
            } else {
                Err("The end is before the start.")
            };
        }
        let at = |time: DateTime| time.to_zoned_datetime(zone.clone()).map_err(|_| "The date is too late.");
        let (start, end) = (at(start)?, at(end)?);
        if start < end { Ok(Times::Timed(start, end)) } else { Err("The end is not after the start.") }
    }

    fn recurrence(&self) -> Result<Option<Recurrence>, &'static str> {
        let rule = match &*self.repeat {
            "" => return Ok(None),
            "daily" => Recurrence::daily(),
            "weekly" => Recurrence::weekly(),
            "monthly" => Recurrence::monthly(),
            _ => Recurrence::yearly(),
        };
        if !(2..=MAX_OCCURRENCES).contains(&self.count) {
            return Err("Enter how often the event takes place: 2 to 365 times.");
        }
        Ok(Some(rule.count(self.count)))
    }

    fn guests(&self) -> Vec<String> {
        let guests =
            self.guests.split([',', ';', ' ', '\n']).map(str::trim).filter(|guest| !guest.is_empty());
        guests.map(str::to_owned).collect()
    }

    /// Returns the events to create: one or, if the clocks change during a series, one for each part.
    ///
    /// A request to the service carries the start in UTC, so the time of day of a series would move with
    /// the clocks.
    fn new_events(&self) -> Result<Vec<NewEvent>, &'static str> {
        let calendar = calendar_of(&self.calendar);
        let (times, rule) = (self.times()?, self.recurrence()?);
        if self.title.trim().is_empty() {
            return Err("Enter a title.");
        }
        let events = match (times, rule) {
            (Times::AllDay(first, end), rule) => {
                let event = NewEvent::all_day(calendar, &*self.title, first, end);
                vec![rule.into_iter().fold(event, NewEvent::recurrence)]
            }
            (Times::Timed(start, end), None) => vec![NewEvent::new(calendar, &*self.title, &start, &end)],
            (Times::Timed(start, end), Some(rule)) => {
                let parts = rule.stretches(&start, Date::MAX);
                let part = |part: &connect_hyper::types::Stretch| {
                    let end = part.first.saturating_add(start.duration_until(&end));
                    let event = NewEvent::new(calendar.clone(), &*self.title, &part.first, &end);
                    if part.first == part.last {
                        return Ok(event);
                    }
                    // The service counts days in UTC.
                    let rule = rule.clone().until(part.last.date()).in_utc(&part.first);
                    Ok(event.recurrence(
                        rule.map_err(|_| "The calendar cannot repeat this at this time of day.")?,
                    ))
                };
                parts.iter().map(part).collect::<Result<_, &'static str>>()?
            }
        };
        let fill = |event: NewEvent| {
            let event = event.attendees(self.guests());
            let event = if self.location.is_empty() { event } else { event.location(&*self.location) };
            if self.description.is_empty() { event } else { event.description(&*self.description) }
        };
        Ok(events.into_iter().map(fill).collect())
    }

    /// Returns the form with the values of an event.
    fn of(event: &Event, zone: &TimeZone) -> Self {
        let all_day = event.start.as_ref().is_some_and(|start| start.date().is_some());
        let text = |time: Option<&EventTime>, last: bool| {
            let at = time.and_then(|time| zoned(time, zone));
            let at = at.map(|at| if last && all_day { at.saturating_sub(1.day()) } else { at });
            at.map(|at| input_text(at.datetime())).unwrap_or_default()
        };
        Self {
            title: event.title.clone(),
            all_day,
            start: text(event.start.as_ref(), false),
            end: text(event.end.as_ref(), true),
            zone: zone_name(zone),
            guests: event.attendees.iter().map(|guest| &*guest.email).collect::<Vec<_>>().join(", "),
            location: event.location.clone().unwrap_or_default(),
            description: event.description.clone().unwrap_or_default(),
            scope: "this".to_owned(),
            ..Self::default()
        }
    }

    /// Returns the times if the visitor changed them, or what is wrong with them.
    fn changed_times(&self, old: &Self, event: &Event) -> Result<Option<Times>, &'static str> {
        let same_kind = (&self.zone, self.all_day) == (&old.zone, old.all_day);
        let (start_kept, end_kept) = (same_kind && self.start == old.start, same_kind && self.end == old.end);
        if start_kept && end_kept {
            return Ok(None);
        }
        if self.scope == "all" {
            return Err(
                "The time of all events cannot be changed at once. Change this and the following events.",
            );
        }
        let mut times = self.times()?;
        if let Times::Timed(start, end) = &mut times {
            // The form has no seconds, and one text for both hours when the clocks are set back.
            let exact =
                |time: &Option<EventTime>| time.as_ref().and_then(|time| zoned(time, start.time_zone()));
            let (old_start, old_end) = (exact(&event.start), exact(&event.end));
            *start = old_start.filter(|_| start_kept).unwrap_or_else(|| start.clone());
            *end = old_end.filter(|_| end_kept).unwrap_or_else(|| end.clone());
        }
        Ok(Some(times))
    }

    /// Returns the update with the fields that the visitor changed, or `None` if no field was changed.
    fn update(&self, event: &Event, old: &Self, times: Option<Times>) -> Result<Option<UpdateEvent>, Error> {
        let unchanged = match &*self.scope {
            "all" => event.change_series()?,
            "following" => event.change()?.this_and_following(),
            _ => event.change()?,
        };
        let mut update = match times {
            None => unchanged.clone(),
            Some(Times::Timed(start, end)) => unchanged.clone().time(&start, &end),
            Some(Times::AllDay(first, end)) => unchanged.clone().dates(first, end),
        };
        // Browsers send line ends as CR LF.
        let changed = |old: &str, new: &str| {
            let new = new.replace("\r\n", "\n");
            (new != old.replace("\r\n", "\n")).then_some(new)
        };
        if let Some(title) = changed(&old.title, &self.title) {
            update = update.title(title);
        }
        if let Some(place) = changed(&old.location, &self.location) {
            update = if place.is_empty() { update.clear_location() } else { update.location(place) };
        }
        if let Some(text) = changed(&old.description, &self.description) {
            update = if text.is_empty() { update.clear_description() } else { update.description(text) };
        }
        if old.guests() != self.guests() {
            update = update.attendees(self.guests());
        }
        Ok((update != unchanged).then_some(update))
    }
}

/// The event that a link names.
#[derive(Clone, Deserialize)]
pub(crate) struct EventLink {
    calendar: String,
    id: String,
    date: Date,
}

impl EventLink {
    /// Finds the event. The service returns no single event, so the events around its day are listed.
    async fn find(&self, user: &User) -> Result<Event, Failure> {
        let (start, end) = (self.date.saturating_sub(2.days()), self.date.saturating_add(3.days()));
        let range = ListEvents::between(start, end).calendar(calendar_of(&self.calendar));
        let mut events = user.events().list(range).items();
        while let Some(event) = events.next().await {
            let event = event?;
            if event.id == self.id {
                return Ok(event);
            }
        }
        Err(Problem::NO_EVENT.into())
    }
}

/// Shows the form for a new event. The link may propose a start and an end.
pub(crate) async fn new_event(visitor: Visitor, Query(mut form): Query<EventForm>) -> Result<Page, Failure> {
    if form.start.is_empty() {
        let now = ZonedDateTime::now().with_time_zone(visitor.zone.clone());
        let start = now.date().at(now.hour(), 0, 0, 0).saturating_add(1.hour());
        (form.start, form.end) = (input_text(start), input_text(start.saturating_add(1.hour())));
    }
    (form.key, form.zone, form.count) = (random(), zone_name(&visitor.zone), 10);
    new_page(&visitor, &form, None).await
}

async fn new_page(visitor: &Visitor, form: &EventForm, wrong: Option<&'static str>) -> Result<Page, Failure> {
    let calendars = visitor.user.calendars().list().await?;
    let main = html! {
        form.panel method="post" action="/events/new" {
            (fields(visitor, form))
            label { (visitor.t("Calendar")) select name="calendar" required {
                @for calendar in &calendars {
                    @let key = calendar_key(&calendar.into());
                    option value=(key) selected[key == form.calendar] { (calendar.title) }
                }
            } }
            label { (visitor.t("Repeats")) select name="repeat" {
                @for (value, name) in REPEATS { option value=(value) selected[value == form.repeat] { (visitor.t(name)) } }
            } }
            label { (visitor.t("How often")) input type="number" name="count" min="2" max=(MAX_OCCURRENCES) value=(form.count); }
            input type="hidden" name="key" value=(form.key);
            button { (visitor.t("Create")) }
        }
    };
    Ok(Page::form(visitor, visitor.t("New event"), main, wrong))
}

/// The fields that new events and changes have in common.
fn fields(visitor: &Visitor, form: &EventForm) -> Markup {
    html! {
        (page::csrf(visitor))
        label { (visitor.t("Title")) input name="title" value=(form.title) required dir="auto" autocomplete="off"; }
        label { input type="checkbox" name="all_day" value="true" checked[form.all_day]; " " (visitor.t("All day")) }
        label { (visitor.t("Start")) input type="datetime-local" name="start" value=(form.start) required; }
        label { (visitor.t("End")) input type="datetime-local" name="end" value=(form.end) required; }
        label { (visitor.t("Time zone")) input name="zone" value=(form.zone) required dir="ltr" spellcheck="false"; }
        label { (visitor.t("Place")) input name="location" value=(form.location) dir="auto"; }
        label { (visitor.t("Guests (e-mail addresses)")) input name="guests" value=(form.guests) dir="ltr"; }
        label { (visitor.t("Description")) textarea name="description" rows="3" dir="auto" { "\n" (form.description) } }
    }
}

pub(crate) async fn create(visitor: Visitor, Form(form): Form<EventForm>) -> Result<Response, Failure> {
    let events = match form.new_events() {
        Ok(events) => events,
        Err(wrong) => {
            return Ok(new_page(&visitor, &form, Some(wrong)).await?.into_response());
        }
    };
    // The same form with other values is another event, for example after a step back in the browser.
    let mut hash = DefaultHasher::new();
    form.hash(&mut hash);
    let key = hash.finish();
    for (part, event) in events.into_iter().enumerate() {
        let error = match visitor.user.events().create_once(&format!("{key:x} {part}"), event).await {
            Ok(CreateOutcome::Created(_) | CreateOutcome::Found(_)) => continue,
            Err(error) | Ok(CreateOutcome::Absent(error) | CreateOutcome::Unknown(error)) => error,
        };
        if part == 0 && !error.may_have_happened() {
            return Err(error.into());
        }
        eprintln!("{error:?}");
        let text = "Perhaps not all was created. Send the form again: it creates what is missing, and nothing twice.";
        let page = new_page(&visitor, &form, Some(text)).await?;
        return Ok(page.with_status(StatusCode::BAD_GATEWAY).into_response());
    }
    Ok(back_to(&form))
}

/// Returns to the day of the event.
fn back_to(form: &EventForm) -> Response {
    let date = form.start.split('T').next().unwrap_or_default();
    Redirect::to(&format!("/events?date={date}")).into_response()
}

pub(crate) async fn event(visitor: Visitor, Query(link): Query<EventLink>) -> Result<Page, Failure> {
    let event = link.find(&visitor.user).await?;
    let mut form = EventForm::of(&event, &visitor.zone);
    form.old = serde_json::to_string(&form).expect("a form has only texts");
    Ok(event_page(&visitor, &event, &form, None))
}

fn event_page(visitor: &Visitor, event: &Event, form: &EventForm, wrong: Option<&'static str>) -> Page {
    let scope = html! {
        @if event.recurring_event_id.is_some() {
            fieldset {
                legend { (visitor.t("The event is part of a series.")) }
                @for (value, name) in SCOPES {
                    label { input type="radio" name="scope" value=(value) checked[value == form.scope]; " " (visitor.t(name)) }
                }
                p.hint { (visitor.t("A series that was created here ends where the clocks change, and goes on as another series.")) }
            }
        }
    };
    let main = html! {
        form.panel method="post" action=(visitor.path) {
            (fields(visitor, form))
            (scope)
            input type="hidden" name="old" value=(form.old);
            button { (visitor.t("Save the event")) }
        }
        form.panel method="post" action=(visitor.path.replacen("/event", "/event/delete", 1)) {
            (page::csrf(visitor))
            (scope)
            button.danger { (visitor.t("Delete the event")) }
        }
    };
    let title = if event.title.is_empty() { visitor.t("Busy") } else { &event.title };
    Page::form(visitor, title, main, wrong)
}

pub(crate) async fn update(
    visitor: Visitor,
    Query(link): Query<EventLink>,
    Form(form): Form<EventForm>,
) -> Result<Response, Failure> {
    let user = &visitor.user;
    let event = link.find(user).await?;
    let old: EventForm = serde_json::from_str(&form.old).map_err(|_| Problem::BAD_FORM)?;
    match form.changed_times(&old, &event) {
        Ok(times) => {
            if let Some(update) = form.update(&event, &old, times)? {
                user.events().update(update).await?;
            }
            Ok(back_to(&form))
        }
        Err(wrong) => Ok(event_page(&visitor, &event, &form, Some(wrong)).into_response()),
    }
}

pub(crate) async fn delete(
    visitor: Visitor,
    Query(link): Query<EventLink>,
    Form(form): Form<EventForm>,
) -> Result<Redirect, Failure> {
    let user = &visitor.user;
    let event = link.find(user).await?;
    let request = match &*form.scope {
        "all" => event.delete_series(),
        "following" => event.delete().map(|request| request.this_and_following()),
        _ => event.delete(),
    };
    user.events().delete(request.map_err(Error::from)?).await?;
    Ok(Redirect::to(&format!("/events?date={}", link.date)))
}

/// Returns a time as `datetime-local` inputs contain it.
pub(crate) fn input_text(time: DateTime) -> String {
    time.strftime("%Y-%m-%dT%H:%M").to_string()
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
