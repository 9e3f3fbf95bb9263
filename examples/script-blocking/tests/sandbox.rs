//! Runs the script twice against a sandbox.

use std::{error::Error, path::Path, process::Command};

use connect_blocking::{Client, SignIn};
use connect_sandbox::{Sandbox, Server};
use connect_stores::FileStore;

#[test]
fn second_run_finds_the_events_of_the_first() -> Result<(), Box<dyn Error>> {
    let (server, state) = (Sandbox::start()?, tempfile::tempdir()?);
    let environment = environment(&server, state.path())?;
    let run = || -> Result<String, Box<dyn Error>> {
        let output =
            Command::new(env!("CARGO_BIN_EXE_script-blocking")).envs(environment.clone()).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let first = run()?;
    assert_eq!(first.matches("created Choir from").count(), 2, "{first}");
    assert!(first.contains("2027-03-29T18:00:00+02:00"), "{first}");
    assert!(first.lines().count() > 2, "no event of this week: {first}");
    let second = run()?;
    assert_eq!((second.matches("found").count(), second.matches("created").count()), (2, 0), "{second}");
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
