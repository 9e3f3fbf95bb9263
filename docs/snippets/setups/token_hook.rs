// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let users = Users::default();
    let app = server.credentials();
    let client = || Client::builder(&*app.client_id, &*app.client_secret).redirect_uri(&*app.redirect_uri).base_url(server.base_url()).async_store(store(&users)).build();
    let connect = client()?;
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    connect.auth().finish(sign_in, &callback).await?;
    let again = client()?;
    assert!(!again.user("ada").calendars().list().await?.is_empty());
    again.user("ada").sign_out().await?;
    assert!(users.load("ada").await?.is_none());
    Ok(())
}
