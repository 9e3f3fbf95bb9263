//! Takes deliveries of changes with axum: `webhooks-axum [ADDRESS]`, set up by the environment.
//!
//! What it answers: 200 when a delivery was handled, now or before; 503 when Connect should try again; 401 when it is not
//! genuine, which is final; 400 when it is malformed.

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

/// Headers and body are taken as they came. Without the last line, the delivery would be handed out again.
async fn handle(connect: &Client, headers: &HeaderMap, body: &[u8]) -> Result<(), Declined> {
    let received = connect.webhooks().receive(headers, body).await?;
    for change in &received.delivery.events {
        println!("{:?}", change.event.title);
    }
    received.done().await
}
