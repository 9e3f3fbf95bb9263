//! Serves `authUrl` and `refreshUrl` of the calendar integration with hyper. Usage:
//! `token-endpoint-hyper [ADDRESS]`.
//!
//! Set `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`, and `APP_ORIGIN`, the origin of the pages
//! (`https://app.example`). This example stores tokens only in memory. In production, give the client a
//! persistent store, and put a TLS proxy in front of the server.

use std::{convert::Infallible, env::var, sync::Arc, time::Duration};

use bytes::Bytes;
use connect_calendars::google;
use connect_calendars::token_endpoint::{TokenEndpoint, Visitor, Work};
use connect_hyper::{Client, oauth::POSTMESSAGE};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;

type Shared = Arc<(TokenEndpoint, Client)>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut profile = google::profile();
    profile.token_url = var("GOOGLE_TOKEN_URL").unwrap_or(profile.token_url); // for tests
    let connect =
        Client::builder(var("GOOGLE_CLIENT_ID")?, var("GOOGLE_CLIENT_SECRET")?).redirect_uri(POSTMESSAGE);
    let connect = connect.profile(profile).build()?;
    // A browser sends the session cookie from pages of another origin only if credentials are allowed.
    let endpoint = TokenEndpoint::new(&var("APP_ORIGIN")?)?.allow_credentials();
    let shared: Shared = Arc::new((endpoint, connect));
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, shared) = (TokioIo::new(listener.accept().await?.0), shared.clone());
        let service = service_fn(move |request| {
            let shared = shared.clone();
            async move { Ok::<_, Infallible>(token(shared, request).await.map(Full::new)) }
        });
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(stream, service));
    }
}

async fn token(shared: Shared, request: Request<Incoming>) -> Response<Bytes> {
    let (endpoint, connect) = &*shared;
    let (head, body) = request.into_parts();
    if let Some(reply) = endpoint.refuse(&head) {
        return reply;
    }
    let body = timeout(Duration::from_secs(10), Limited::new(body, endpoint.body_limit()).collect()).await;
    let Ok(Ok(body)) = body else { return endpoint.too_large(&head) };
    let visitor = signed_in(&head.headers);
    match endpoint.accept(&Request::from_parts(head, body.to_bytes()), visitor.as_ref()) {
        Err(reply) => reply,
        Ok(asked) => {
            let user = connect.user(asked.user());
            let tokens = match asked.work() {
                Work::Exchange(code) => user.exchange(code).await,
                Work::Tokens(max_age) => user.tokens(*max_age).await,
                Work::Grant(grant) => connect.grant(grant).await,
            };
            asked.reply(tokens)
        }
    }
}

/// Returns the user of the session. Here, the cookie is the user's name. In production, look up the session.
fn signed_in(headers: &HeaderMap) -> Option<Visitor> {
    headers.get("cookie")?.to_str().ok()?.strip_prefix("user=").map(Visitor::new)
}
