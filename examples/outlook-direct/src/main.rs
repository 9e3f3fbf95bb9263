//! Lists the events of the next seven days at Outlook, and creates one: see README.md.

use std::{env, error::Error, time::Duration};

use connect_blocking::{Client, SignIn, User, loopback::Loopback, types::NewEvent};
use connect_calendars::{
    microsoft::{self, Tenant},
    outlook::{self, CalendarView, CreateEvent, ListCalendars},
};
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime};

fn main() -> Result<(), Box<dyn Error>> {
    // A program on the user's machine has no secret: Microsoft checks PKCE instead.
    let client = Client::public_builder(env::var("MICROSOFT_CLIENT_ID")?);
    let client = match env::var("SANDBOX") {
        // Microsoft's endpoints of a sandbox, for tests.
        Ok(origin) => client
            .profile(microsoft::profile_at(&format!("{origin}/microsoft"), &Tenant::Common))
            .base_url(format!("{origin}/microsoft/graph/v1.0")),
        Err(_) => client.profile(microsoft::profile(&Tenant::Common)).base_url(outlook::BASE_URL),
    };
    let client = client.build()?;
    let user = sign_in(&client)?;

    let now = ZonedDateTime::now();
    let (start, end) = (now.timestamp(), now.checked_add(7.days())?.timestamp());
    let calendars = user.pages(ListCalendars::new()).items().collect::<Result<Vec<_>, _>>()?;
    for calendar in &calendars {
        for event in user.pages(CalendarView::new(start, end).calendar(&calendar.id)).items() {
            println!("{}: {}", calendar.title, event?.title);
        }
    }

    let calendar = calendars.first().ok_or("the user has no calendar")?;
    let start = now.round(jiff::Unit::Hour)?.checked_add(1.day())?;
    let end = start.checked_add(SignedDuration::from_hours(1))?;
    let review = NewEvent::new(calendar, "Review", &start, &end);
    // Calls with the same key create one event, also after a lost response.
    let review = user.send(&CreateEvent::once(&review, &format!("review {}", start.date())))?;
    println!("created {} at {}", review.title, start);
    Ok(())
}

/// Signs the user in with the browser. The tokens stay in memory: a program that is run often needs a store.
fn sign_in(client: &Client) -> Result<User, Box<dyn Error>> {
    let listener = Loopback::bind()?; // Microsoft accepts every loopback port of a desktop application
    let sign_in = SignIn::new("me").scopes(microsoft::SCOPES).redirect_uri(listener.redirect_uri());
    let sign_in = client.auth().sign_in(sign_in)?;
    println!("Open this page in your browser:\n{}", sign_in.url());
    let visit = listener.callback(sign_in.url(), Duration::from_secs(600))?;
    let user = client.auth().finish(sign_in, visit.query());
    visit.answer(user.is_ok());
    Ok(user?)
}
