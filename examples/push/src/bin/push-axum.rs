//! Receives notifications with axum: `PUSH_KEY=.. push-axum [ADDRESS]`.

use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::{Router, body::Bytes, http::HeaderMap, http::StatusCode, response::Response, routing::post};
use connect_calendars::push::PushKey;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = PushKey::new(std::env::var("PUSH_KEY")?)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    let app = Router::new().route("/", post(push)).layer(DefaultBodyLimit::max(1 << 20));
    Ok(axum::serve(listener, app.with_state(key)).await?)
}

async fn push(
    State(key): State<PushKey>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<String>, StatusCode> {
    let received = key.receive(query.as_deref(), &headers, &body).map_err(|error| error.status())?;
    for notification in received.notifications() {
        println!("{}: {:?}", notification.watch, notification.kind); // put it into a queue
    }
    Ok(received.response())
}
