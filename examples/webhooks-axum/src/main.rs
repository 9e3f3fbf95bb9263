//! Receives webhook deliveries with axum: `webhooks-axum [ADDRESS]`. See `Client::from_env` for the settings.
//!
//! Responses: 200 if the delivery was handled, now or earlier; 503 if Connect should send the delivery again;
//! 401 if the delivery is not genuine; 400 if the delivery is malformed.

use axum::extract::{DefaultBodyLimit, State};
use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, routing::post};
use connect_hyper::{Client, webhooks::Declined};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connect = Client::from_env()?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    let app = Router::new().route("/", post(webhook)).layer(DefaultBodyLimit::max(2 << 20));
    Ok(axum::serve(listener, app.with_state(connect)).await?)
}

async fn webhook(State(connect): State<Client>, headers: HeaderMap, body: Bytes) -> StatusCode {
    handle(&connect, &headers, &body).await.map_or_else(|declined| declined.status(), |()| StatusCode::OK)
}

/// Handles a delivery. The signature is verified over the raw body. `done` marks the delivery as
/// handled.
async fn handle(connect: &Client, headers: &HeaderMap, body: &[u8]) -> Result<(), Declined> {
    let received = connect.webhooks().receive(headers, body).await?;
    for change in &received.delivery.events {
        println!("{:?}", change.event.title);
    }
    received.done().await
}
