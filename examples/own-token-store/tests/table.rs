//! Checks the table against the rules of a token store, and with a sandbox.

use std::error::Error;

use connect_blocking::{Client, ErrorKind, SignIn};
use connect_sandbox::Sandbox;
use connect_stores::conformance::{Leases, token_store};
use own_token_store::TokenTable;

#[test]
fn table_keeps_the_rules_of_a_token_store() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    token_store(Leases::EndInTime, || TokenTable::open(&folder.path().join("app.db")))?;
    Ok(())
}

#[test]
fn tokens_survive_the_process_and_end_with_the_sign_out() -> Result<(), Box<dyn Error>> {
    let (server, folder) = (Sandbox::start()?, tempfile::tempdir()?);
    let app = server.credentials();
    let client = || -> Result<Client, Box<dyn Error>> {
        Ok(Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(server.base_url())
            .store(TokenTable::open(&folder.path().join("app.db"))?)
            .build()?)
    };
    let first = client()?;
    let sign_in = first.auth().sign_in(SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    first.auth().finish(sign_in, &callback)?;
    server.expire_all();
    let user = client()?.user("ada");
    assert!(!user.calendars().list()?.is_empty());
    assert_eq!(server.stats().exchanges.refresh.granted, 1);
    user.sign_out()?;
    let error = client()?.user("ada").calendars().list().err().ok_or("signed in")?;
    assert!(matches!(error.kind(), ErrorKind::Authentication));
    Ok(())
}
