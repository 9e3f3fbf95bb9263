// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = connect_hyper::Client::builder(&*app.client_id, &*app.client_secret).redirect_uri(&*app.redirect_uri).base_url(server.base_url()).build()?;
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback).await?;
    let calendars = user.calendars().list().await?;
    server.with(|sandbox| sandbox.add_fault(connect_sandbox::Fault::on("POST /event").cut_after()));
    let start: jiff::Timestamp = "2027-01-04T09:00:00Z".parse()?;
    let event = NewEvent::new(&calendars[0], "Visit", start, start + jiff::SignedDuration::from_hours(1));
    assert!(book(&user, "order-1", event).await?.is_some(), "found after a lost response");
    Ok(())
}
