#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let builder = || {
        connect_hyper::Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(server.base_url())
    };
    let (other, builder) = (builder().build()?, builder());
    // snippet
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback).await?;
    user.calendars().list().await?;
    other.user("ada").import(user.tokens(std::time::Duration::MAX).await?).await?;
    other.user("ada").sign_out().await?;
    assert!(user.calendars().list().await.is_err());
    assert_eq!(&*ended_users.recv()?, "ada");
    Ok(())
}
