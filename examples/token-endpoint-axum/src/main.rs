//! Serves `authUrl` and `refreshUrl` of the calendar integration with axum. Usage:
//! `token-endpoint-axum [ADDRESS]`.
//!
//! Set `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`, and `APP_ORIGIN`, the origin of the pages
//! (`https://app.example`). This example stores tokens only in memory. In production, give the client a
//! persistent store, and put a TLS proxy in front of the server.

use std::{env::var, sync::Arc, time::Duration};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::{Router, http::HeaderMap, response::Response, routing::any};
use connect_calendars::google;
use connect_calendars::token_endpoint::{TokenEndpoint, Visitor, Work};
use connect_hyper::{Client, oauth::POSTMESSAGE};
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
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let app = Router::new().route("/auth", any(token)).route("/refresh", any(token));
    Ok(axum::serve(listener, app.with_state(Arc::new((endpoint, connect)))).await?)
}

async fn token(State(shared): State<Shared>, request: Request) -> Response {
    let (endpoint, connect) = &*shared;
    let (head, body) = request.into_parts();
    if let Some(reply) = endpoint.refuse(&head) {
        return reply.map(Body::from);
    }
    let body = timeout(Duration::from_secs(10), to_bytes(body, endpoint.body_limit())).await;
    let Ok(Ok(body)) = body else { return endpoint.too_large(&head).map(Body::from) };
    let visitor = signed_in(&head.headers);
    let reply = match endpoint.accept(&Request::from_parts(head, body), visitor.as_ref()) {
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
    };
    reply.map(Body::from)
}

/// Returns the user of the session. Here, the cookie is the user's name. In production, look up the session.
fn signed_in(headers: &HeaderMap) -> Option<Visitor> {
    headers.get("cookie")?.to_str().ok()?.strip_prefix("user=").map(Visitor::new)
}
