fn main() -> Result<(), Box<dyn std::error::Error>> {
    use connect_sandbox::{AuthorizationServer, ClientType};
    let server = connect_sandbox::Sandbox::start()?;
    let app = server
        .with(|sandbox| sandbox.provider_credentials(AuthorizationServer::Microsoft, ClientType::Confidential))
        .ok_or("no application")?;
    let client = connect_blocking::Client::builder(app.client_id, app.client_secret.ok_or("no secret")?)
        .redirect_uri(app.redirect_uri)
        .profile(connect_calendars::microsoft::profile_at(
            &format!("{}/microsoft", server.origin()),
            &connect_calendars::microsoft::Tenant::Common,
        ))
        .base_url(format!("{}/microsoft/graph/v1.0", server.origin()))
        .build()?;
    let sign_in = connect_blocking::SignIn::new("ada").scopes(connect_calendars::microsoft::SCOPES);
    let sign_in = client.auth().sign_in(sign_in)?;
    let callback = server.consent(sign_in.url())?;
    let user = client.auth().finish(sign_in, &callback)?;
    // snippet
    Ok(())
}
