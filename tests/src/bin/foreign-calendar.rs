//! Tests both clients against a third-party Google Calendar emulator.
//!
//! Prints a line for each check and stops at the first failure. Arguments: the base URL of the emulator, and
//! an access token that it accepts.

use std::{fmt::Debug, process::ExitCode};

use connect_calendars::google::{
    self, ApiKey, DeleteEvent, FreeBusy, GetEvent, InsertEvent, ListCalendars, ListEvents,
};
use connect_core::{
    AsyncCaller, Caller, Endpoint, Error, ErrorKind, MemoryStore, Paged, Pager, PendingSignIn, SignIn,
    Tokens,
    types::{Availability, EventTime, NewEvent, Provider},
};
use jiff::{SignedDuration, Timestamp};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let outcome = arguments().and_then(|(base, token)| {
        run("blocking", &blocking(&base, &token)?)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        run("hyper", &hyper(&runtime, &base, &token)?)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("FAIL {failure}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(String, String), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    arguments
        .next()
        .zip(arguments.next())
        .ok_or_else(|| "expected two arguments: a base URL and an access token".into())
}

fn run(client: &str, user: &impl Caller) -> Outcome {
    let check = |name: &str, holds: bool, seen: &dyn Debug| -> Outcome {
        if !holds {
            return Err(format!("{client}: {name}: {seen:?}").into());
        }
        println!("ok {client}: {name}");
        Ok(())
    };

    let calendars = all(user, ListCalendars::new())?;
    check("one calendar is listed", calendars.len() == 1, &calendars)?;
    let calendar = &calendars[0];
    let named = (calendar.provider.clone(), calendar.title.as_str());
    check(
        "the calendar has its owner's name",
        named == (Some(Provider::Google), "ada@example.com"),
        calendar,
    )?;

    let start: Timestamp = "2027-02-01T09:00:00Z".parse()?;
    let end = start + SignedDuration::from_hours(1);
    let mut created = Vec::new();
    for title in ["One", "Two", "Three"] {
        let new = NewEvent::new(calendar, title, start, end).location("Room 5").attendee("grace@example.com");
        let event = user.call(&InsertEvent::new(&new))?;
        let as_asked = event.title == title
            && event.start == Some(EventTime::Instant(start))
            && event.end == Some(EventTime::Instant(end))
            && event.location.as_deref() == Some("Room 5")
            && event.attendees.iter().any(|guest| guest.email == "grace@example.com");
        check("the created event has the requested fields", as_asked, &event)?;
        created.push(event);
    }
    let day = jiff::civil::date(2027, 2, 2);
    let new = NewEvent::all_day(calendar, "Day", day, day.tomorrow()?).availability(Availability::Free);
    let event = user.call(&InsertEvent::new(&new))?;
    let days = (event.start.clone(), event.end.clone());
    check(
        "an all-day event keeps its dates",
        days == (Some(EventTime::Date(day)), Some(EventTime::Date(day.tomorrow()?))),
        &event,
    )?;
    created.push(event);

    let list =
        || ListEvents::new(&calendar.id).between(start, end + SignedDuration::from_hours(48)).occurrences();
    let listed = all(user, list().page_size(1))?;
    let mut titles: Vec<_> = listed.iter().map(|event| event.title.as_str()).collect();
    titles.sort_unstable();
    check("all events are listed with one per page", titles == ["Day", "One", "Three", "Two"], &titles)?;

    let busy = user.call(&FreeBusy::new(start, end).calendar(&calendar.id))?;
    check("free/busy shows the busy hour", format!("{busy:?}").contains("2027-02-01T09:00:00Z"), &busy)?;

    for event in &created {
        user.call(&DeleteEvent::new(&event.delete()?))?;
    }
    check("all events are deleted", all(user, list())?.is_empty(), &())?;

    let error = user.call(&GetEvent::new(&calendar.id, "nothing")).err();
    let not_found = error.as_ref().is_some_and(|error| matches!(error.kind(), ErrorKind::NotFound));
    check("an unknown event id is a not-found error", not_found, &error)?;
    // The emulator accepts any access token, but no API key.
    let error = user.call(&ApiKey::new("key")?.over(&ListCalendars::new())).err();
    let denied = error.as_ref().is_some_and(|error| matches!(error.kind(), ErrorKind::Authentication));
    check("a request without a token is refused", denied, &error)
}

fn all<E: Paged + Sync>(user: &impl Caller, request: E) -> Result<Vec<E::Item>, Error> {
    let (mut pager, mut items) = (Pager::new(request), Vec::new());
    while let Some(request) = pager.request() {
        let page = user.call(&request)?;
        pager.advance(&page)?;
        items.extend(E::into_items(page));
    }
    Ok(items)
}

fn blocking(base: &str, token: &str) -> Result<connect_blocking::User, Error> {
    let client = connect_blocking::Client::builder("id", "secret")
        .profile(google::profile_at(base))
        .base_url(format!("{base}/calendar/v3"))
        .store(MemoryStore::new())
        .build()?;
    let user = client.user("ada");
    user.import(Tokens::access_only(token))?;
    Ok(user)
}

fn hyper<'a>(runtime: &'a tokio::runtime::Runtime, base: &str, token: &str) -> Result<BlockOn<'a>, Error> {
    let client = connect_hyper::Client::builder("id", "secret")
        .profile(google::profile_at(base))
        .base_url(format!("{base}/calendar/v3"))
        .store(MemoryStore::new())
        .build()?;
    let user = client.user("ada");
    runtime.block_on(user.import(Tokens::access_only(token)))?;
    Ok(BlockOn { runtime, user })
}

/// Implements the blocking [`Caller`] trait with a user of the async client.
struct BlockOn<'a> {
    runtime: &'a tokio::runtime::Runtime,
    user: connect_hyper::User,
}

impl Caller for BlockOn<'_> {
    fn id(&self) -> &str {
        self.user.id()
    }

    fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error> {
        self.runtime.block_on(AsyncCaller::call(&self.user, endpoint))
    }

    fn tokens(&self, max_age: std::time::Duration) -> Result<Tokens, Error> {
        self.runtime.block_on(self.user.tokens(max_age))
    }

    fn sign_in(&self, request: SignIn) -> Result<PendingSignIn, Error> {
        AsyncCaller::sign_in(&self.user, request)
    }

    fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error> {
        self.runtime.block_on(AsyncCaller::finish(&self.user, sign_in, callback))
    }

    fn sign_out(&self) -> Result<(), Error> {
        self.runtime.block_on(self.user.sign_out())
    }
}
