#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = connect_sandbox::Sandbox::start()?;
    let app = server.credentials();
    let connect = connect_hyper::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()?;
    let sign_in = connect.auth().sign_in(connect_hyper::SignIn::new("user-123"))?;
    let callback = server.consent(sign_in.url())?;
    let user = connect.auth().finish(sign_in, &callback).await?;
    // snippet
    Ok(())
}
