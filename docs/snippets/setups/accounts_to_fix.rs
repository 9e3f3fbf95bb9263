// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri).base_url(server.base_url()).build()?;
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback).await?;
    assert!(accounts_to_fix(&user).await?.is_empty());
    server.with(|sandbox| sandbox.set("withheld", "google"))?;
    server.with(|sandbox| sandbox.set("reauth", "microsoft"))?;
    assert_eq!(accounts_to_fix(&user).await?.len(), 2);
    server.with(|sandbox| sandbox.add_fault(connect_sandbox::Fault::on("GET /calendars").status(403).body(r#"{"error":"Forbidden","code":"calendar_permission_required","message":"not granted","accounts":[{"provider":"google","account":"ada@example.com"}]}"#)));
    let denied = user.calendars().list().await.err().ok_or("the fault has no effect")?;
    assert!(missing(&denied).is_some_and(|text| text.contains("ada@example.com")));
    Ok(())
}
