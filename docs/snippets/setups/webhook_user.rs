#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
use connect_hyper::{Client, SignIn};
let settings = connect_sandbox::Settings::default()
    .with("webhook_url", "http://127.0.0.1:9/webhook")?
    .with("auto_subscribe", "off")?;
let server = connect_sandbox::Server::builder().settings(settings).start()?;
let app = server.credentials();
let connect = Client::builder(app.client_id, app.client_secret)
    .redirect_uri(app.redirect_uri)
    .base_url(server.base_url())
    .build()?;
let sign_in = connect.auth().sign_in(SignIn::new("ada"))?;
let callback = server.consent(sign_in.url())?;
let user = connect.auth().finish(sign_in, &callback).await?;
// snippet
let calendars = user.calendars().list().await?.len();
assert_eq!(held.len(), calendars);
Ok(())
}
