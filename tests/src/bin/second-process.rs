//! A second process that uses the test's store: lists the calendars of a user and prints their number.
//!
//! Arguments: base URL, client id, client secret, redirect URI, folder of the file store, user.

use connect_blocking::Client;
use connect_stores::FileStore;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, client_id, client_secret, redirect_uri, folder, user] = &args[..] else {
        return Err("expected six arguments".into());
    };
    let client = Client::builder(client_id, client_secret.as_str())
        .redirect_uri(redirect_uri)
        .base_url(base_url)
        .store(FileStore::open(folder)?)
        .build()?;
    println!("{}", client.user(user).calendars().list()?.len());
    Ok(())
}
