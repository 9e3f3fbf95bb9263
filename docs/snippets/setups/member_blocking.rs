fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()?;
    let sign_in = connect.auth().sign_in(connect_blocking::SignIn::new("user-123"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback)?;
    // snippet
    Ok(())
}
