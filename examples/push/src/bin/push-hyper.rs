//! Receives notifications with hyper: `PUSH_KEY=.. push-hyper [ADDRESS]`.

use connect_calendars::push::PushKey;
use http_body_util::{BodyExt, Limited};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = PushKey::new(std::env::var("PUSH_KEY")?)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        let (stream, key) = (TokioIo::new(listener.accept().await?.0), key.clone());
        let service = service_fn(move |request| respond(key.clone(), request));
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(stream, service));
    }
}

async fn respond(key: PushKey, request: Request<Incoming>) -> hyper::http::Result<Response<String>> {
    match push(&key, request).await {
        Ok(response) => Ok(response),
        Err(status) => Response::builder().status(status).body(String::new()),
    }
}

async fn push(key: &PushKey, request: Request<Incoming>) -> Result<Response<String>, StatusCode> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, 1 << 20).collect().await.or(Err(StatusCode::PAYLOAD_TOO_LARGE))?;
    let received = key.receive(head.uri.query(), &head.headers, &body.to_bytes());
    let received = received.map_err(|error| error.status())?;
    for notification in received.notifications() {
        println!("{}: {:?}", notification.watch, notification.kind); // put it into a queue
    }
    Ok(received.response())
}
