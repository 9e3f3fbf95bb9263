//! Receives webhook deliveries with hyper: `webhooks-hyper [ADDRESS]`. See `Client::from_env` for the
//! settings.
//!
//! Responses: 200 if the delivery was handled, now or earlier; 503 if Connect should send the delivery again;
//! 401 if the delivery is not genuine; 400 if the delivery is malformed.

use connect_hyper::{Client, webhooks::Declined};
use http_body_util::{BodyExt, Limited};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let connect = Client::from_env()?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        let (stream, connect) = (TokioIo::new(listener.accept().await?.0), connect.clone());
        let service = service_fn(move |request| webhook(connect.clone(), request));
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(stream, service));
    }
}

async fn webhook(connect: Client, request: Request<Incoming>) -> hyper::http::Result<Response<String>> {
    let status = handle(&connect, request).await.err().unwrap_or(StatusCode::OK);
    Response::builder().status(status).body(String::new())
}

/// Handles a delivery. The signature is verified over the raw body. `done` marks the delivery as
/// handled.
async fn handle(connect: &Client, request: Request<Incoming>) -> Result<(), StatusCode> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, 2 << 20).collect().await.or(Err(StatusCode::PAYLOAD_TOO_LARGE))?;
    let status = |declined: Declined| declined.status();
    let received = connect.webhooks().receive(&head.headers, &body.to_bytes()).await.map_err(status)?;
    received.delivery.events.iter().for_each(|change| println!("{:?}", change.event.title));
    received.done().await.map_err(status)
}
