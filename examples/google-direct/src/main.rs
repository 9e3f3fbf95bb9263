//! Lists the events of this week at Google Calendar, and creates one: see README.md.

use std::{env, error::Error, time::Duration};

use connect_blocking::{
    Client, SignIn, User,
    loopback::Loopback,
    types::{NewEvent, Notify},
};
use connect_calendars::google::{self, InsertEvent, ListCalendars, ListEvents};
use jiff::{SignedDuration, ToSpan as _, ZonedDateTime};

fn main() -> Result<(), Box<dyn Error>> {
    let (id, secret) = (env::var("GOOGLE_CLIENT_ID")?, env::var("GOOGLE_CLIENT_SECRET")?);
    let client = match env::var("SANDBOX") {
        // Google's endpoints of a sandbox, for tests.
        Ok(origin) => Client::builder(id, secret)
            .profile(google::profile_at(&format!("{origin}/google")))
            .base_url(format!("{origin}/google/calendar/v3")),
        Err(_) => Client::builder(id, secret).profile(google::profile()).base_url(google::BASE_URL),
    };
    let client = client.build()?;
    let user = sign_in(&client)?;

    let now = ZonedDateTime::now();
    let (start, end) = (now.timestamp(), now.checked_add(7.days())?.timestamp());
    for calendar in user.pages(ListCalendars::new()).items() {
        let calendar = calendar?;
        for event in user.pages(ListEvents::new(&calendar.id).between(start, end).occurrences()).items() {
            println!("{}: {}", calendar.title, event?.title);
        }
    }

    let start = now.round(jiff::Unit::Hour)?.checked_add(1.day())?;
    let end = start.checked_add(SignedDuration::from_hours(1))?;
    let review = NewEvent::new(("google", "primary"), "Review", &start, &end).notify(Notify::Nobody);
    // Calls with the same key create one event, also after a lost response.
    let review = google::create(&user, &InsertEvent::once(&review, &format!("review {}", start.date())))?;
    println!("created {} at {}", review.title, start);
    Ok(())
}

/// Signs the user in with the browser. The tokens stay in memory: a program that is run often needs a store.
fn sign_in(client: &Client) -> Result<User, Box<dyn Error>> {
    let listener = Loopback::bind()?; // Google accepts every loopback port of a desktop application
    let sign_in = SignIn::new("me").scopes(google::SCOPES).redirect_uri(listener.redirect_uri());
    let sign_in = client.auth().sign_in(sign_in)?;
    println!("Open this page in your browser:\n{}", sign_in.url());
    let visit = listener.callback(sign_in.url(), Duration::from_secs(600))?;
    let user = client.auth().finish(sign_in, visit.query());
    visit.answer(user.is_ok());
    Ok(user?)
}
