//! Signs three users of a sandbox in, and lists their calendars at the same time on one thread.
//!
//! Start `connect sandbox --port 8080`, then run this program with the argument `http://127.0.0.1:8080/api`.

use std::error::Error;

use async_driver::{Host, User};
use connect_core::{App, Config, MemoryStore, Request, types::ListCalendars};
use hand_written_executor::Executor;

fn main() -> Result<(), Box<dyn Error>> {
    let base_url = std::env::args().nth(1).ok_or("usage: hand-written-executor BASE_URL")?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut config = Config::new("sandbox-client", "sandbox-secret", seed);
    config.base_url = Some(base_url);
    config.redirect_uri = Some("http://127.0.0.1:8765/callback".to_owned());
    let app = App::new(config)?;

    let (executor, store) = (Executor::default(), MemoryStore::new());
    let names = ["ada", "ben", "cleo"];
    let users = names.map(|name| User::new(&executor, &app, store.clone(), name));
    for (name, count) in names.iter().zip(executor.run(users.iter().map(calendars))) {
        println!("{name}: {} calendars", count?);
    }
    Ok(())
}

async fn calendars(user: &User<&Executor>) -> Result<usize, Box<dyn Error>> {
    let sign_in = user.sign_in()?;
    let redirect = consent(user.host(), sign_in.url()).await?;
    user.finish(sign_in, &redirect).await?;
    Ok(user.call(&ListCalendars::new()).await?.len())
}

/// Opens the URL as a browser does. The sandbox consents and redirects immediately.
async fn consent(executor: &Executor, url: &str) -> Result<String, Box<dyn Error>> {
    let mut request = Request::default();
    *request.uri_mut() = url.parse()?;
    let response = Host::send(&executor, request).await?;
    let location = response.headers().get("location").ok_or("the sandbox did not redirect")?;
    Ok(location.to_str()?.to_owned())
}
