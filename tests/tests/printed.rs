//! The `Debug` and `Display` output of the SDK's public types must not contain a secret. Every public type
//! must be printed by this test or be in one of its lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use connect_apptoto::ApiKey;
use connect_calendars::{
    backend::{Backend, PublicGoogle},
    google, outlook,
    plugin::CalendarSync,
    push::{PushKey, PushService},
    token_endpoint::{TokenEndpoint, Visitor},
};
use connect_core::{
    App, AuthorizationCode, Callback, Config, Error, Grant, MemoryStore, Network, Pager, Reply, RetryPolicy,
    Secret, Seed, Service, SessionEnded, SignIn, StoreError, StoreLock, TokenKey, TokenStore, Tokens,
    TransportError,
    loopback::Loopback,
    machine::{Call, Locked, Now, Registry, Session},
    oauth::{Profile, Relay},
    types::{ExchangeCode, ListCalendars, ListEvents, RefreshToken, Revoke, TokenResponse, decode},
    webhooks::{Claimed, ReplayGuard, ReplayMemory, testing},
};
use connect_stores::{FileStore, PostgresReplayGuard, PostgresStore, RedisReplayGuard, RedisStore, Seal};
use connect_tests::world::{Place, World};
use jiff::Timestamp;
use syn::{Item, Visibility};

/// A text that every secret in this test contains.
const MARK: &str = "hush";

/// Types without secrets, which the test need not print.
///
/// They are public values, parts of responses, and errors.
const PLAIN: [&str; 47] = [
    "ConcurrencyLimit",
    "Attempts",
    "Broken",
    "CheckStep",
    "Checking",
    "ClientAuth",
    "Connect",
    "Crypto",
    "Declined",
    "Directory",
    "ErrorKind",
    "Fetch",
    "FetchedKeys",
    "Fetching",
    "FreshConnection",
    "Gathered",
    "GetMetadata",
    "Google",
    "Held",
    "IssuerParameter",
    "KeyRing",
    "Leases",
    "Limits",
    "Loopback",
    "LoopbackError",
    "NoCall",
    "Now",
    "CreateOutcome",
    "Order",
    "Origin",
    "Outlook",
    "Pkce",
    "Refused",
    "Rejection",
    "Revision",
    "Revocation",
    "Rotation",
    "Sent",
    "SignInFault",
    "Tenant",
    "Timeout",
    "TokenEndpoint",
    "TransportErrorKind",
    "Trust",
    "Upkeep",
    "UpkeepAction",
    "Written",
];

/// Types that are not printed: requests, responses and calendar data without tokens or credentials.
const DATA: &[&str] = &[
    "AccessRole",
    "Anything",
    "Availability",
    "BodyType",
    "BookNow",
    "BookOutcome",
    "Booked",
    "Booking",
    "CalendarBusy",
    "CalendarPage",
    "CalendarView",
    "Changes",
    "Channel",
    "Channels",
    "Colors",
    "Conflict",
    "Content",
    "Coverage",
    "CreateContacts",
    "CreateEvent",
    "CreateEvents",
    "Cursor",
    "Data",
    "DeleteEvent",
    "EventCopy",
    "EventFeed",
    "EventId",
    "EventPage",
    "EventRecurrence",
    "EventWindows",
    "ExceptionChange",
    "FeedPage",
    "FeedRequest",
    "FileError",
    "Fingerprint",
    "FreeBusy",
    "FreeBusyResponse",
    "Gap",
    "GetContact",
    "GetEvent",
    "GetExceptions",
    "GetImport",
    "GetSchedule",
    "IcsFile",
    "Id",
    "Import",
    "InsertEvent",
    "Interval",
    "InvalidQuery",
    "InvitationReply",
    "ListAddressBooks",
    "ListCalendars",
    "ListColors",
    "ListEvents",
    "ListInstances",
    "Mirror",
    "Need",
    "NewContact",
    "NewEvent",
    "NewParticipant",
    "NewPhoneNumber",
    "Notification",
    "NotificationKind",
    "OccurrenceFields",
    "OnGap",
    "PageEvent",
    "PageTime",
    "PatchEvent",
    "Pattern",
    "PatternedRecurrence",
    "Person",
    "Place",
    "Plan",
    "PlannedEvent",
    "PlannedException",
    "PushError",
    "Query",
    "RangeEnd",
    "RawCall",
    "Reading",
    "ReadingOrigin",
    "Recipient",
    "RefusedComponent",
    "ReplyStatus",
    "Respond",
    "Schedule",
    "Schedules",
    "SendMessage",
    "SendUpdates",
    "SeriesExceptions",
    "ShowAs",
    "Slot",
    "StartImport",
    "Subscriptions",
    "UnclearHours",
    "Unknown",
    "UpdateEvent",
    "UpsertContact",
    "UpsertContacts",
    "UpsertEvent",
    "UpsertEvents",
    "Watch",
    "WeekIndex",
    "When",
    "WorkingHours",
];

#[derive(Default)]
struct Printed(BTreeMap<&'static str, Vec<String>>);

impl Printed {
    fn add(&mut self, name: &'static str, value: &impl Debug) {
        self.0.entry(name).or_default().extend([format!("{value:?}"), format!("{value:#?}")]);
    }

    fn error(&mut self, error: &Error) {
        self.add("Error", error);
        self.0.entry("Error").or_default().push(error.to_string());
    }
}

fn tokens() -> Tokens {
    Tokens::new("hush-access", "hush-refresh")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn list() -> ListEvents {
    ListEvents::between(at("2026-11-21T10:00:00Z"), at("2026-11-22T10:00:00Z"))
}

fn save(store: &impl TokenStore, key: &TokenKey) {
    let mut lock = store.try_lock(key, std::time::Duration::from_secs(1)).unwrap().unwrap();
    lock.save(&tokens()).unwrap();
    lock.release().unwrap();
}

fn now() -> Now {
    Now { wall: at("2026-11-21T10:00:00Z"), monotonic: std::time::Duration::ZERO }
}

fn config() -> Config {
    let mut config = Config::new("id", "hush-client", *b"hush-seed-hush-seed-hush-seed-hu");
    config.redirect_uri = Some("https://app.example/callback".to_owned());
    config
}

macro_rules! wait {
    ($runtime:expr, $call:expr) => {
        $runtime.block_on($call)
    };
    (, $call:expr) => {
        $call
    };
}

/// Adds the output of a client and of its parts to `$printed`.
macro_rules! client {
    ($printed:expr, $client:ident $(, $runtime:expr)?) => {{
        let printed: &mut Printed = $printed;
        let world = World::new(Place::Socket).unwrap();
        let app = world.sandbox(|sandbox| sandbox.credentials());
        let ended = Arc::new(Mutex::new(Vec::new()));
        let hear = ended.clone();
        let client = $client::Client::builder(&*app.client_id, "hush-client").redirect_uri(&*app.redirect_uri)
            .base_url(world.base_url())
            .webhook_keys(testing::keys(Timestamp::now()))
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let user = client.user("ann");
        wait!($($runtime)?, user.import(tokens())).unwrap();
        printed.add("Client", &client);
        printed.add("User", &user);
        printed.add("Deliveries", &client.webhooks());
        printed.add("Calendars", &user.calendars());
        printed.add("Events", &user.events());
        printed.add("Connections", &user.connections());
        printed.add("Webhooks", &user.webhooks());
        printed.add("Pages", &user.events().list(list()));
        // Both the tokens and the secret are invalid.
        printed.error(&wait!($($runtime)?, user.calendars().list()).unwrap_err());
        let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
        printed.add("PendingSignIn", &sign_in);
        printed.error(&wait!($($runtime)?, client.auth().finish(sign_in, "code=hush-code&state=hush-state")).unwrap_err());
        let delivery = testing::sign("msg_1", "{}", Timestamp::now());
        let received = wait!($($runtime)?, client.webhooks().receive(delivery.headers(), delivery.body()));
        printed.add("Received", &received.unwrap());
        // With the right secret the service refuses the tokens.
        let client = $client::Client::builder(&*app.client_id, &*app.client_secret).redirect_uri(&*app.redirect_uri)
            .base_url(world.base_url())
            .on_session_ended(move |over: SessionEnded| hear.lock().unwrap().push(over))
            .build()
            .unwrap();
        let user = client.user("ann");
        wait!($($runtime)?, user.import(tokens())).unwrap();
        printed.error(&wait!($($runtime)?, user.calendars().list()).unwrap_err());
        assert_eq!(ended.lock().unwrap().len(), 1);
        for over in &*ended.lock().unwrap() {
            printed.add("SessionEnded", over);
        }
    }};
}

/// Returns the public types with `Debug` or `Display`, from the source files.
fn types() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in [
        "connect-core",
        "connect-hyper",
        "connect-blocking",
        "connect-stores",
        "connect-calendars",
        "connect-apptoto",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src");
        for file in files(&folder) {
            let file = syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap();
            let mut public = BTreeSet::new();
            for item in &file.items {
                let (name, visible, attributes) = match item {
                    Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
                    Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
                    _ => continue,
                };
                if !matches!(visible, Visibility::Public(_)) {
                    continue;
                }
                public.insert(name.to_string());
                let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
                for derive in derives {
                    derive
                        .parse_nested_meta(|meta| {
                            if meta.path.is_ident("Debug") {
                                found.insert(name.to_string());
                            }
                            Ok(())
                        })
                        .unwrap_or_default();
                }
            }
            for item in &file.items {
                let Item::Impl(item) = item else { continue };
                let Some((of, _)) = &item.trait_ else { continue };
                let what = of.segments.last().unwrap().ident.to_string();
                let syn::Type::Path(path) = &*item.self_ty else { continue };
                let owner = path.path.segments.last().unwrap().ident.to_string();
                if matches!(what.as_str(), "Debug" | "Display") && public.contains(&owner) {
                    found.insert(owner);
                }
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_type_prints_a_secret() {
    let mut all = Printed::default();
    let printed = &mut all;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    client!(printed, connect_blocking);
    client!(printed, connect_hyper, runtime);
    let hyper = connect_hyper::Client::builder("id", "hush-client");
    printed.add("PageStream", &hyper.build().unwrap().user("ann").events().list(list()).pages());
    let client = connect_blocking::Client::builder("id", "hush-client");
    printed.add("Builder", &client);
    let pages = client.build().unwrap().user("ann").events().list(list());
    printed.add("Items", &pages.clone().items());
    printed.add("PageIterator", &pages.pages());

    let app = App::new(config()).unwrap();
    printed.add("App", &app);
    printed.add("Config", &config());
    printed.add("Service", &Service::new("https://connect.example/api").unwrap());
    printed.error(&Service::new("https://ann:hush-password@connect.example/api").unwrap_err());
    printed.add("RetryPolicy", &RetryPolicy::none());
    printed.add("Secret", &Secret::from("hush-secret"));
    printed.add("Seed", &Seed::from(*b"hush-seed-hush-seed-hush-seed-hu"));
    printed.add("Tokens", &tokens());
    printed.add("SignIn", &SignIn::new("ann"));
    printed.add("PendingSignIn", &SignIn::new("ann").start(&app, now()).unwrap());
    let code = AuthorizationCode::new("hush-code").verifier("hush-verifier");
    printed.add("AuthorizationCode", &code);
    printed.add("Grant", &[Grant::AuthorizationCode(code), Grant::RefreshToken("hush-refresh".into())]);
    let relay = Relay::new("https://app.example/auth", "https://app.example/refresh");
    let mut profile = Profile::new("https://as.example", "https://as.example/a", "https://as.example/t");
    profile.relay = Some(relay.header("authorization", "hush-session"));
    printed.add("Relay", &profile.relay);
    printed.add("Profile", &profile);

    let endpoint = TokenEndpoint::new("https://app.example").unwrap();
    let visitor = Visitor::new("ann").nonce("hush-nonce");
    let form = "code=hush-code&code_verifier=hush-hush-hush-hush-hush-hush-hush-hush-hush&state=hush-nonce";
    let request = http::Request::post("/auth")
        .header("origin", "https://app.example")
        .header("x-requested-with", "XMLHttpRequest")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.into())
        .unwrap();
    let asked = endpoint.accept(&request, Some(&visitor)).unwrap();
    printed.add("Visitor", &visitor);
    printed.add("Work", asked.work());
    printed.add("Accepted", &asked);
    let key = ApiKey::new("ann@example.org", "hush-key").unwrap();
    printed.add("ApiKey", &key);
    printed.add("Keyed", &key.over(&ListCalendars::new()));
    for key in [google::ApiKey::new("hush-key").unwrap(), google::ApiKey::new("hush-key").unwrap().in_query()]
    {
        printed.add("ApiKey", &key);
        printed.add("Keyed", &key.over(&ListCalendars::new()));
        printed.add("PublicGoogle", &PublicGoogle::new(key.clone()));
        let nobody = connect_blocking::Client::anonymous_builder().build().unwrap().nobody();
        let backend = Backend::new(PublicGoogle::new(key), nobody);
        printed.add("Backend", &backend);
        printed.add("CalendarSync", &CalendarSync::init(backend, ()));
    }
    printed.add("PushKey", &PushKey::new("hush-key-hush-key").unwrap());
    let (address, at) = ("https://app.example/", Timestamp::now());
    printed.add("ChannelRequest", &google::Channels::new("c").create("c1", address, "hush", at));
    printed.add("SubscriptionRequest", &outlook::Subscriptions::new("c").create("c1", address, "hush", at));
    let listener = Loopback::bind().unwrap();
    let at = listener.redirect_uri()[7..].split('/').next().unwrap().to_owned();
    let mut browser = std::net::TcpStream::connect(&at).unwrap();
    std::io::Write::write_all(
        &mut browser,
        format!("GET /callback?code=hush-code&state=hush-state HTTP/1.1\r\nhost: {at}\r\n\r\n").as_bytes(),
    )
    .unwrap();
    let sign_in = "https://server.example/authorize?state=hush-state";
    printed.add("Visit", &listener.callback(sign_in, std::time::Duration::from_secs(10)).unwrap());
    let callback = Callback::parse("code=hush-code&state=hush-state").unwrap();
    printed.add("Callback", &callback);
    printed.error(&Callback::parse("code=hush-code&code=hush-code").unwrap_err());
    printed.add("Session", &Session::new(app.clone(), "ann"));
    let session = Session::new(app.clone(), "ann");
    printed.add("Step", &Call::start(&session, &ListCalendars::new(), now()));
    printed.add("RefreshStep", &session.import(tokens(), now()));
    printed.add("Locked", &Locked::<dyn StoreLock>::new());
    let registry = Registry::<()>::new(app.clone());
    printed.add("Member", &registry.member("ann"));
    printed.add("Registry", &registry);
    printed.add("Pager", &Pager::new(list()));
    printed.add("TokenKey", &app.token_key("ann"));
    printed.add("StoreError", &StoreError::new("full"));
    printed.add("TransportError", &TransportError::broken("it broke"));
    let store = MemoryStore::new();
    save(&store, &app.token_key("ann"));
    printed.add("MemoryStore", &store);
    let guard = ReplayMemory::new();
    printed.add("Claimed", &guard.claim("msg_1", now().wall).unwrap());
    assert!(matches!(guard.claim("msg_1", now().wall).unwrap(), Claimed::New(_)), "dropped");
    printed.add("ReplayMemory", &guard);

    // Of the API types, only these contain tokens. All others contain calendar data.
    let exchanged =
        r#"{"access_token": "hush-access", "refresh_token": "hush-refresh", "more": "hush-more"}"#;
    printed.add("TokenResponse", &decode::<TokenResponse>(exchanged.as_bytes()).unwrap());
    printed.add("ExchangeCode", &ExchangeCode::new("hush-code", "https://app.example/callback"));
    printed.add("RefreshToken", &RefreshToken::new("hush-refresh"));
    printed.add("Revoke", &Revoke::new("hush-refresh"));
    let answer = http::Response::new("[]".into());
    printed.add("Reply", &Reply::read(&ListCalendars::new(), answer).unwrap());

    let proxies = |name: &str| {
        (name == "HTTPS_PROXY").then(|| "http://ann:hush-password@proxy.example:3128".to_owned())
    };
    let network = Network::from_vars(proxies);
    printed.add("Network", &network);
    printed.add("HyperTransport", &connect_hyper::HyperTransport::new(&network, app.config()).unwrap());
    printed.add("UreqTransport", &connect_blocking::UreqTransport::new(&network, app.config()).unwrap());

    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::open(folder.path()).unwrap();
    save(&files, &app.token_key("ann"));
    printed.add("FileStore", &files);
    let key = *b"hush-key-hush-key-hush-key-hush!";
    printed.add("Seal", &Seal::new("k1", key).also_open("k0", key));
    let (postgres, redis) =
        ("postgres://ann:hush-password@db.example/app", "redis://:hush-password@db.example/");
    printed.add("PostgresStore", &PostgresStore::new(postgres).unwrap().sealed(Seal::new("k1", key)));
    printed.add("RedisStore", &RedisStore::new(redis).unwrap().sealed(Seal::new("k1", key)));
    printed.add("PostgresReplayGuard", &PostgresReplayGuard::new(postgres).unwrap());
    printed.add("RedisReplayGuard", &RedisReplayGuard::new(redis).unwrap());
    printed.add("Blocking", &RedisStore::new(redis).unwrap().blocking().unwrap());
    for wrong in ["postgres://ann:hush-password@:x/", "hush-password"] {
        printed.add("StoreError", &PostgresStore::new(wrong).unwrap_err());
        printed.add("StoreError", &RedisStore::new(wrong).unwrap_err());
    }

    for (name, texts) in &all.0 {
        for text in texts {
            assert!(!text.contains(MARK), "{name}: {text}");
            assert!(!text.contains("104, 117, 115, 104"), "{name} prints a secret as bytes: {text}");
        }
    }
    let seen: BTreeSet<String> = all.0.keys().copied().chain(PLAIN).map(str::to_owned).collect();
    let known: BTreeSet<String> = DATA.iter().copied().map(str::to_owned).collect();
    let types = types();
    assert!(known.is_disjoint(&seen) && known.is_subset(&types), "{:?}", known.difference(&types));
    let forgotten: Vec<_> = types.difference(&seen).filter(|name| !known.contains(*name)).collect();
    assert!(forgotten.is_empty(), "these types are not covered by the test: {forgotten:?}");
}
