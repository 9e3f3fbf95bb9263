use axum::{Router, body::Bytes, extract::State, http::{HeaderMap, StatusCode}, routing::post};
use connect_hyper::{Client, SignIn, webhooks::Declined};

async fn webhook(State(connect): State<Client>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match handle(&connect, &headers, &body).await {
        Ok(()) => StatusCode::OK,
        Err(declined) => declined.status(),
    }
}

async fn handle(connect: &Client, headers: &HeaderMap, body: &[u8]) -> Result<(), Declined> {
    let received = connect.webhooks().receive(headers, body).await?;
    assert_eq!(received.delivery.events[0].event.title, "Lunch");
    received.done().await
}

async fn signed_in(server: &connect_sandbox::Server, user: &str) -> Result<Client, Box<dyn std::error::Error>> {
    let app = server.credentials();
    let connect = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(server.base_url())
        .build()?;
    let sign_in = connect.auth().sign_in(SignIn::new(user))?;
    let callback = server.consent(sign_in.url())?;
    connect.auth().finish(sign_in, &callback).await?;
    Ok(connect)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // snippet
    Ok(())
}
