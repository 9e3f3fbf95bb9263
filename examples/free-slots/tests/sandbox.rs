//! Compares the free times with a calendar that is busy every day.

use std::{error::Error, path::Path, process::Command};

use connect_blocking::{Client, SignIn};
use connect_sandbox::{Sandbox, Server};
use connect_stores::FileStore;
use jiff::{ToSpan as _, ZonedDateTime};

#[test]
fn busy_times_are_left_out_and_free_events_are_not() -> Result<(), Box<dyn Error>> {
    let (server, state) = (Sandbox::start()?, tempfile::tempdir()?);
    // From 9 to 16 in Berlin. The event at 16 blocks no time.
    let day = ZonedDateTime::now().in_tz("Europe/Berlin")?.date().saturating_sub(1.day());
    let at = |hour| day.at(hour, 0, 0, 0).in_tz("Europe/Berlin").map(|at| at.timestamp());
    let (nine, four, five) = (at(9)?, at(16)?, at(17)?);
    server.with(|sandbox| {
        sandbox.seed(&format!(
            r#"{{ "users": {{ "me": {{ "google": {{ "account": "me@example.com", "calendars": [ {{ "id": "work",
            "title": "Work", "timeZone": "Europe/Berlin", "events": [
            {{ "id": "a", "title": "Busy", "start": "{nine}", "end": "{four}", "timeZone": "Europe/Berlin",
               "recurrence": {{ "frequency": "DAILY" }} }},
            {{ "id": "b", "title": "Free", "start": "{four}", "end": "{five}", "timeZone": "Europe/Berlin",
               "availability": "free", "recurrence": {{ "frequency": "DAILY" }} }} ] }} ] }} }} }} }}"#
        ))
    })?;
    let environment = environment(&server, state.path())?;
    let output =
        Command::new(env!("CARGO_BIN_EXE_free-slots")).args(["14", "60"]).envs(environment).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout)?;
    let slots: Vec<_> = output.lines().filter_map(|line| line.split_once(' ')).collect();
    assert!((9..=10).contains(&slots.len()), "one hour on each weekday: {output}");
    assert!(slots.iter().all(|(_, hours)| *hours == "16:00-17:00"), "{output}");
    Ok(())
}

/// Signs `me` in to the sandbox, and returns the environment of the program.
fn environment(server: &Server, state: &Path) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let app = server.credentials();
    let store = FileStore::open(state.join("mobiscroll-connect/tokens"))?;
    let connect = Client::builder(&*app.client_id, &*app.client_secret)
        .redirect_uri(&*app.redirect_uri)
        .base_url(server.base_url())
        .store(store)
        .build()?;
    let sign_in = connect.auth().sign_in(SignIn::new("me"))?;
    let callback = server.consent(sign_in.url())?;
    connect.auth().finish(sign_in, &callback)?;
    Ok(vec![
        ("MOBISCROLL_CONNECT_CLIENT_ID", app.client_id),
        ("MOBISCROLL_CONNECT_CLIENT_SECRET", app.client_secret),
        ("MOBISCROLL_CONNECT_BASE_URL", server.base_url()),
        ("XDG_STATE_HOME", state.display().to_string()),
        ("TZ", "Europe/Berlin".to_owned()),
    ])
}
