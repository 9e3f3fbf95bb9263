// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let client = || Client::builder(&*app.client_id, &*app.client_secret).redirect_uri(&*app.redirect_uri).base_url(server.base_url()).build();
    let other = client()?;
    let sign_in = other.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = other.auth().finish(sign_in, &callback).await?;
    let tokens = user.tokens(std::time::Duration::MAX).await?;
    let refresh = tokens.refresh_token.ok_or("no refresh token")?;
    let connect = client()?;
    import(&connect, "ada", tokens.access_token.expose(), refresh.expose(), tokens.expires_at.ok_or("no expiry")?).await?;
    assert!(!connect.user("ada").calendars().list().await?.is_empty());
    assert!(import(&connect, "bob", tokens.access_token.expose(), refresh.expose(), Timestamp::now()).await.is_err());
    Ok(())
}
