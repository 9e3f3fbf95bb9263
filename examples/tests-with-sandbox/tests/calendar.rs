//! Tests the application's code with a sandbox: no account, no network, no mock.

use std::error::Error;

use connect_blocking::{Client, ErrorKind, SignIn, User, types::CalendarRef};
use connect_sandbox::{Fault, Server};
use jiff::Timestamp;
use tests_with_sandbox::book;

const SEED: &str = r#"{ "users": { "ada": { "google": { "account": "ada@example.com", "calendars": [
    { "id": "work", "title": "Work", "timeZone": "Europe/Berlin", "events": [
        { "id": "review", "title": "Review", "start": "2027-01-14T13:00:00Z", "end": "2027-01-14T14:00:00Z" }
    ] } ] } } } }"#;

/// Returns a sandbox with a signed-in user. Every test has its own.
fn sign_in() -> Result<(Server, User, CalendarRef), Box<dyn Error>> {
    let server = Server::builder().seed(SEED).start()?;
    let app = server.credentials();
    let connect = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()?;
    let sign_in = connect.auth().sign_in(SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback)?;
    Ok((server, user, CalendarRef::new("google", "work")))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

#[test]
fn busy_hour_is_not_booked() -> Result<(), Box<dyn Error>> {
    let (_server, user, work) = sign_in()?;
    assert!(!book(&user, &work, "order-1", at("2027-01-14T13:00:00Z"))?);
    assert!(book(&user, &work, "order-1", at("2027-01-14T15:00:00Z"))?);
    Ok(())
}

#[test]
fn lost_response_books_once() -> Result<(), Box<dyn Error>> {
    let (server, user, work) = sign_in()?;
    server.with(|sandbox| sandbox.add_fault(Fault::on("POST /event").cut_after()));
    let start = at("2027-01-15T09:00:00Z");
    assert!(book(&user, &work, "order-2", start)? && book(&user, &work, "order-2", start)?);
    let created = server.requests().iter().filter(|request| request.endpoint == "POST /event").count();
    assert_eq!(created, 1);
    Ok(())
}

#[test]
fn expired_token_is_refreshed_and_lost_sign_in_is_reported() -> Result<(), Box<dyn Error>> {
    let (server, user, work) = sign_in()?;
    server.expire_all();
    assert!(book(&user, &work, "order-3", at("2027-01-15T09:00:00Z"))?);
    assert_eq!(server.stats().exchanges.refresh.granted, 1);

    server.expire_all();
    let refused = Fault::on("POST /oauth/token").status(400).body(r#"{"error": "invalid_grant"}"#);
    server.with(|sandbox| sandbox.add_fault(refused));
    let error = book(&user, &work, "order-4", at("2027-01-16T09:00:00Z")).err().ok_or("booked")?;
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
    Ok(())
}
