//! A web application in which users connect their calendars: see README.md.

mod calendar;
mod change;
mod failure;
mod free;
mod live;
mod page;
mod session;
mod sign_in;
mod texts;

use std::{env, error::Error, future::IntoFuture as _, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::{Uri, header::CONTENT_TYPE},
    middleware,
    routing::{get, post},
};
use axum_extra::extract::cookie::Key;
use connect_hyper::Client;
use connect_sandbox::{Server, Settings};
use connect_stores::{FileStore, PostgresStore};
use tokio::{net::TcpListener, sync::watch, time::sleep};

/// How long open requests may take after the signal to stop.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// The state that all requests share.
#[derive(Clone)]
struct App {
    connect: Client,
    live: live::Live,
    /// Signs and encrypts cookies.
    key: Key,
    /// The scheme and authority under which browsers reach the application.
    origin: Arc<str>,
}

impl FromRef<App> for Key {
    fn from_ref(app: &App) -> Self {
        app.key.clone()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Reads `.env` before the runtime starts threads.
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => return Err(error.into()),
        _ => {}
    }
    tokio::runtime::Runtime::new()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let (app, sandbox) = start(address, stopped).await?;
    println!("Open {}/ in a browser.", app.origin);
    let connect = app.connect.clone();
    let mut stopping = app.live.stopped();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(signalled(stop));
    tokio::select! {
        served = server.into_future() => served?,
        () = async { stopping.wait_for(|stop| *stop).await.ok(); sleep(SHUTDOWN_LIMIT).await } => {
            eprintln!("some requests did not end in time");
        }
    }
    connect.close(Duration::from_secs(40)).await?; // waits until all tokens are saved
    drop(sandbox);
    Ok(())
}

/// Returns the state for the service or, if no client id is set, for an embedded sandbox.
async fn start(
    address: SocketAddr,
    stopped: watch::Receiver<bool>,
) -> Result<(App, Option<Server>), Box<dyn Error>> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let redirect_uri =
        set("MOBISCROLL_CONNECT_REDIRECT_URI").unwrap_or_else(|| format!("http://{address}/callback"));
    let origin =
        origin(&redirect_uri).ok_or("the path of MOBISCROLL_CONNECT_REDIRECT_URI must be /callback")?;
    let mut sandbox = None;
    let (builder, key) = if set("MOBISCROLL_CONNECT_CLIENT_ID").is_some() {
        let secret = set("SESSION_KEY").filter(|key| key.len() >= 64);
        let secret = secret.ok_or("set SESSION_KEY to at least 64 random characters")?;
        let mut builder = Client::builder_from_env()?.redirect_uri(&*redirect_uri);
        if let Some(database) = set("DATABASE_URL") {
            let store = PostgresStore::new(&database)?;
            store.migrate().await?;
            let guard = store.replay_guard(); // handles each delivery once, in all processes
            builder = builder.async_store(store).async_replay_guard(guard);
        } else {
            builder = builder.store(FileStore::open("tokens")?);
        }
        (builder, Key::derive_from(secret.as_bytes()))
    } else {
        let settings = Settings::default()
            .with("auto_consent", "off")?
            .with("display_name", "Sample calendar")?
            .with("redirect_uri", &redirect_uri)?
            .with("webhook_url", &format!("http://{address}/webhook"))?;
        let server = Server::builder().settings(settings).start()?;
        println!(
            "Without MOBISCROLL_CONNECT_CLIENT_ID, a sandbox serves calendars: {}/sandbox",
            server.origin()
        );
        let credentials = server.credentials();
        let builder = Client::builder(credentials.client_id, credentials.client_secret)
            .redirect_uri(&*redirect_uri)
            .base_url(server.base_url());
        sandbox = Some(server);
        (builder, Key::generate())
    };
    let connect = builder.build()?;
    let app = App { live: live::Live::new(stopped), key, origin: origin.into(), connect };
    Ok((app, sandbox))
}

/// Returns the origin of the redirect URI, in the form in which browsers send it.
fn origin(redirect_uri: &str) -> Option<String> {
    let uri: Uri = redirect_uri.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_lowercase());
    let port =
        uri.port_u16().filter(|port| (scheme, *port) != ("https", 443) && (scheme, *port) != ("http", 80));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    (uri.path() == "/callback").then(|| format!("{scheme}://{host}{port}"))
}

fn router(app: App) -> Router {
    let asset =
        |kind: &'static str, text: &'static str| get(move || async move { ([(CONTENT_TYPE, kind)], text) });
    Router::new()
        .route("/", get(calendar::home))
        .route("/connect", post(sign_in::connect))
        .route("/callback", get(sign_in::callback))
        .route("/accounts", get(sign_in::accounts))
        .route("/disconnect", post(sign_in::disconnect))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/settings", post(session::save_settings))
        .route("/events", get(calendar::events))
        .route("/events/new", get(change::new_event).post(change::create))
        .route("/event", get(change::event).post(change::update))
        .route("/event/delete", post(change::delete))
        .route("/free", get(free::slots))
        .route("/live", get(live::events))
        .route("/webhook", post(live::webhook).layer(DefaultBodyLimit::max(2 << 20)))
        .route("/style.css", asset("text/css; charset=utf-8", include_str!("style.css")))
        .route("/live.js", asset("text/javascript; charset=utf-8", include_str!("live.js")))
        .fallback(async || failure::Problem::NO_PAGE)
        .layer(middleware::from_fn_with_state(app.clone(), session::guard))
        .with_state(app)
}

/// Waits for Ctrl-C or SIGTERM, then ends the live connections.
async fn signalled(stop: watch::Sender<bool>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = tokio::signal::ctrl_c() => {} _ = terminate.recv() => {} }
            }
            Err(_) => drop(tokio::signal::ctrl_c().await),
        }
    }
    #[cfg(not(unix))]
    drop(tokio::signal::ctrl_c().await);
    stop.send_replace(true);
}
