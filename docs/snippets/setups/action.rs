// snippet
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = connect_hyper::Client::builder(&*app.client_id, &*app.client_secret).redirect_uri(&*app.redirect_uri).base_url(server.base_url()).build()?;
    let user = connect.user("ada");
    let error = user.calendars().list().await.err().ok_or("signed in")?;
    assert!(matches!(action(&error), Action::SignIn(_)), "{error:?}");
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("ada"))?;
    let callback = server.consent(sign_in.url())?;
    connect.auth().finish(sign_in, &callback).await?;
    let fault = |status| connect_sandbox::Fault::on("GET /calendars").status(status).times(3);
    for (status, expected) in [(503, Action::Retry(Duration::from_secs(30))), (409, Action::ReadAgain), (302, Action::Report)] {
        server.with(|sandbox| sandbox.add_fault(fault(status)));
        let error = user.calendars().list().await.err().ok_or("no fault")?;
        assert_eq!(action(&error), expected, "{error:?}");
        while user.calendars().list().await.is_err() {}
    }
    server.with(|sandbox| sandbox.add_fault(connect_sandbox::Fault::on("GET /calendars").status(429).header("retry-after", "90")));
    let error = user.calendars().list().await.err().ok_or("no fault")?;
    assert_eq!(action(&error), Action::Retry(Duration::from_secs(90)), "{error:?}");
    Ok(())
}
