//! The work that each client does in a separate process.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use connect_core::types::{ListEvents, NewEvent, Provider};
use connect_core::{Request, Tokens, TransportError};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::yardstick::{self, Calendar, Created, NEW_EVENT, Page, events_path};

/// The cost of one run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// The CPU time without set-up, in microseconds, as reported by the kernel.
    pub(crate) cpu: f64,
    /// The elapsed time without set-up, in microseconds.
    pub(crate) wall: f64,
    /// The maximum resident memory of the process, in KiB.
    pub(crate) rss: f64,
}

/// The calls to make, and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Lists the events of all pages, and drops them.
    Events,
    /// Lists the pages of events, and waits `pause` milliseconds after each page.
    Pages { ahead: bool, pause: u64 },
    /// Lists the events in this many windows.
    Windows(u8),
    /// Lists the events of this many windows one after the other.
    WindowsInTurn(u8),
    /// Lists the calendars this many times.
    Calendars(usize),
    /// Creates this many events, one after the other.
    Creates(usize),
    /// Lists the calendars. The numbers are the concurrent callers and the calls per caller.
    Callers(usize, usize),
}

impl Work {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(':');
        let (name, mut number) = (words.next()?, || words.next()?.parse().ok());
        Some(match name {
            "events" => Self::Events,
            "pages" => Self::Pages { ahead: false, pause: number()? as u64 },
            "pages-ahead" => Self::Pages { ahead: true, pause: number()? as u64 },
            "windows" => Self::Windows(number()? as u8),
            "windows-in-turn" => Self::WindowsInTurn(number()? as u8),
            "calendars" => Self::Calendars(number()?),
            "creates" => Self::Creates(number()?),
            "callers" => Self::Callers(number()?, number()?),
            _ => return None,
        })
    }
}

const NOT_BY_HAND: &str = "the hand-written clients have neither read-ahead nor windows";

/// Runs the work with the client of this name.
///
/// `root` is the certificate in PEM that the client trusts.
pub(crate) fn run(client: &str, work: Work, base: &str, root: Option<Vec<u8>>) -> Result<Cost, Failure> {
    match client {
        "hyper-raw" => asynchronous(raw_async(work, yardstick::Async::new(base, root)?)),
        "ureq-raw" => raw_blocking(work, &yardstick::Blocking::new(base, root)?),
        "hyper" => {
            let user = async_user(base, root)?;
            asynchronous(ours_async(work, user))
        }
        "blocking" => ours_blocking(
            work,
            &blocking_user(base, |builder| match root {
                Some(root) => builder.root_certificates(root),
                None => builder,
            })?,
        ),
        #[cfg(feature = "reqwest")]
        "reqwest" => asynchronous(reqwest_json(work, base.to_owned(), root)),
        _ => Err(format!("unknown client {client:?}").into()),
    }
}

/// Runs the work on one thread, as a blocking client does, so that the CPU times can be compared.
fn asynchronous<F: Future<Output = Result<Meter, Failure>>>(work: F) -> Result<Cost, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work)?.stop())
}

/// Measures the cost from the start of the work.
struct Meter {
    cpu: Duration,
    begun: Instant,
}

impl Meter {
    fn start() -> Self {
        Self { cpu: cpu(), begun: Instant::now() }
    }

    fn stop(self) -> Cost {
        let rss = getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss());
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        Cost { cpu: micros(cpu() - self.cpu), wall: micros(self.begun.elapsed()), rss: rss as f64 }
    }
}

fn cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let time = |value: nix::sys::time::TimeVal| {
        Duration::new(value.tv_sec().unsigned_abs(), value.tv_usec().unsigned_abs() as u32 * 1000)
    };
    time(usage.user_time()) + time(usage.system_time())
}

async fn raw_async(work: Work, client: yardstick::Async) -> Result<Meter, Failure> {
    let meter = Meter::start();
    match work {
        Work::Events => {
            let mut token: Option<String> = None;
            loop {
                let body = client.send("GET", &events_path(token.as_deref()), "").await?;
                let page: Page = serde_json::from_slice(&body)?;
                page.events.into_iter().for_each(|event| drop(black_box(event)));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
            }
        }
        Work::Pages { .. } | Work::Windows(_) | Work::WindowsInTurn(_) => return Err(NOT_BY_HAND.into()),
        Work::Calendars(count) => {
            for _ in 0..count {
                let body = client.send("GET", "/api/calendars", "").await?;
                black_box(serde_json::from_slice::<Vec<Calendar>>(&body)?);
            }
        }
        Work::Creates(count) => {
            for _ in 0..count {
                let body = client.send("POST", "/api/event", NEW_EVENT).await?;
                black_box(serde_json::from_slice::<Created>(&body)?.event);
            }
        }
        Work::Callers(callers, count) => {
            let tasks: Vec<_> = (0..callers)
                .map(|_| {
                    let client = client.clone();
                    tokio::spawn(async move {
                        for _ in 0..count {
                            let body = client.send("GET", "/api/calendars", "").await?;
                            black_box(serde_json::from_slice::<Vec<Calendar>>(&body)?);
                        }
                        Ok::<(), Failure>(())
                    })
                })
                .collect();
            for task in tasks {
                task.await??;
            }
        }
    }
    Ok(meter)
}

fn raw_blocking(work: Work, client: &yardstick::Blocking) -> Result<Cost, Failure> {
    let meter = Meter::start();
    match work {
        Work::Events => {
            let mut token: Option<String> = None;
            loop {
                let page: Page = serde_json::from_slice(&client.get(&events_path(token.as_deref()))?)?;
                page.events.into_iter().for_each(|event| drop(black_box(event)));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
            }
        }
        Work::Pages { .. } | Work::Windows(_) | Work::WindowsInTurn(_) => return Err(NOT_BY_HAND.into()),
        Work::Calendars(count) => {
            for _ in 0..count {
                black_box(serde_json::from_slice::<Vec<Calendar>>(&client.get("/api/calendars")?)?);
            }
        }
        Work::Creates(count) => {
            for _ in 0..count {
                black_box(serde_json::from_slice::<Created>(&client.post("/api/event", NEW_EVENT)?)?.event);
            }
        }
        Work::Callers(callers, count) => threads(callers, |_| raw_blocking(Work::Calendars(count), client))?,
    }
    Ok(meter.stop())
}

fn threads<F: Fn(usize) -> Result<Cost, Failure> + Sync>(count: usize, work: F) -> Result<(), Failure> {
    thread::scope(|scope| {
        let all: Vec<_> = (0..count)
            .map(|number| {
                let work = &work;
                thread::Builder::new().stack_size(512 * 1024).spawn_scoped(scope, move || work(number))
            })
            .collect();
        for thread in all {
            thread?.join().map_err(|_| "a caller panicked")??;
        }
        Ok(())
    })
}

fn tokens() -> Tokens {
    Tokens::access_only("access-token")
}

fn list() -> ListEvents {
    let at = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
    ListEvents::between(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).page_size(1000)
}

pub(crate) fn new_event() -> NewEvent {
    let at = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
    let (start, end) = (at("2026-12-01T09:00:00Z"), at("2026-12-01T09:15:00Z"));
    NewEvent::new((Provider::Google, "ada@example.com"), "Stand-up", start, end).attendee("grace@example.com")
}

fn async_user(base: &str, root: Option<Vec<u8>>) -> Result<connect_hyper::User, Failure> {
    let client = connect_hyper::Client::builder("id", "secret");
    let client = match root {
        Some(root) => client.root_certificates(root),
        None => client,
    };
    Ok(client.base_url(format!("{base}/api")).build()?.user("ada"))
}

async fn ours_async(work: Work, user: connect_hyper::User) -> Result<Meter, Failure> {
    user.import(tokens()).await?;
    let user = Arc::new(user);
    let meter = Meter::start();
    match work {
        Work::Events => {
            let mut events = user.events().list(list()).items();
            while let Some(event) = events.next().await {
                black_box(event?);
            }
        }
        Work::Windows(count) => {
            let mut events = user.events().list(list()).items_in_windows(count);
            while let Some(event) = events.next().await {
                black_box(event?);
            }
        }
        Work::WindowsInTurn(count) => {
            for window in list().windows(count) {
                let mut events = user.events().list(window).items();
                while let Some(event) = events.next().await {
                    black_box(event?);
                }
            }
        }
        Work::Pages { ahead, pause } => {
            let pages = user.events().list(list()).pages();
            let mut pages = if ahead { pages } else { pages.without_read_ahead() };
            while let Some(page) = pages.next().await {
                black_box(page?);
                if pause > 0 {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        }
        Work::Calendars(count) => {
            for _ in 0..count {
                black_box(user.calendars().list().await?);
            }
        }
        Work::Creates(count) => {
            for _ in 0..count {
                black_box(user.events().create(new_event()).await?);
            }
        }
        Work::Callers(callers, count) => {
            let tasks: Vec<_> = (0..callers)
                .map(|_| {
                    let user = user.clone();
                    tokio::spawn(async move {
                        for _ in 0..count {
                            black_box(user.calendars().list().await?);
                        }
                        Ok::<(), connect_hyper::Error>(())
                    })
                })
                .collect();
            for task in tasks {
                task.await??;
            }
        }
    }
    Ok(meter)
}

fn blocking_user(
    base: &str,
    with: impl FnOnce(connect_blocking::Builder) -> connect_blocking::Builder,
) -> Result<connect_blocking::User, Failure> {
    let client = connect_blocking::Client::builder("id", "secret");
    let user = with(client.base_url(format!("{base}/api"))).build()?.user("ada");
    user.import(tokens())?;
    Ok(user)
}

/// Returns a user with tokens, whose client has no network.
pub(crate) fn user_without_network() -> Result<connect_blocking::User, Failure> {
    let no_network = |_: Request| Err(TransportError::unreachable("this client has no network"));
    blocking_user("https://connect.example", |builder| builder.transport(no_network))
}

fn ours_blocking(work: Work, user: &connect_blocking::User) -> Result<Cost, Failure> {
    let meter = Meter::start();
    match work {
        Work::Events => {
            for event in user.events().list(list()).items() {
                black_box(event?);
            }
        }
        Work::Windows(count) => {
            for event in user.events().list(list()).items_in_windows(count)? {
                black_box(event?);
            }
        }
        Work::WindowsInTurn(count) => {
            for window in list().windows(count) {
                for event in user.events().list(window).items() {
                    black_box(event?);
                }
            }
        }
        Work::Pages { ahead, pause } => {
            let pages = user.events().list(list()).pages();
            for page in if ahead { pages.read_ahead()? } else { pages } {
                black_box(page?);
                thread::sleep(Duration::from_millis(pause));
            }
        }
        Work::Calendars(count) => {
            for _ in 0..count {
                black_box(user.calendars().list()?);
            }
        }
        Work::Creates(count) => {
            for _ in 0..count {
                black_box(user.events().create(new_event())?);
            }
        }
        Work::Callers(callers, count) => threads(callers, |_| ours_blocking(Work::Calendars(count), user))?,
    }
    Ok(meter.stop())
}

#[cfg(feature = "reqwest")]
async fn reqwest_json(work: Work, base: String, root: Option<Vec<u8>>) -> Result<Meter, Failure> {
    let builder = reqwest::Client::builder();
    let client = match root {
        Some(root) => builder.tls_certs_only([reqwest::Certificate::from_pem(&root)?]),
        None => builder,
    }
    .build()?;
    let get = |path: String| client.get(format!("{base}{path}")).bearer_auth("access-token").send();
    let meter = Meter::start();
    match work {
        Work::Events => {
            let mut token: Option<String> = None;
            loop {
                let page: Page = get(events_path(token.as_deref())).await?.json().await?;
                page.events.into_iter().for_each(|event| drop(black_box(event)));
                token = page.next_page_token;
                if token.is_none() {
                    break;
                }
            }
        }
        Work::Pages { .. } | Work::Windows(_) | Work::WindowsInTurn(_) => return Err(NOT_BY_HAND.into()),
        Work::Calendars(count) => {
            for _ in 0..count {
                black_box(get("/api/calendars".to_owned()).await?.json::<Vec<Calendar>>().await?);
            }
        }
        Work::Creates(count) => {
            for _ in 0..count {
                let request = client.post(format!("{base}/api/event")).bearer_auth("access-token");
                let request = request.header("content-type", "application/json").body(NEW_EVENT);
                black_box(request.send().await?.json::<Created>().await?.event);
            }
        }
        Work::Callers(callers, count) => {
            let tasks: Vec<_> = (0..callers)
                .map(|_| {
                    let (client, url) = (client.clone(), format!("{base}/api/calendars"));
                    tokio::spawn(async move {
                        for _ in 0..count {
                            let response = client.get(&url).bearer_auth("access-token").send().await?;
                            black_box(response.json::<Vec<Calendar>>().await?);
                        }
                        Ok::<(), reqwest::Error>(())
                    })
                })
                .collect();
            for task in tasks {
                task.await??;
            }
        }
    }
    Ok(meter)
}
