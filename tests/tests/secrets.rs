//! Secrets must not appear in any library's trace logs or in the `Debug` output of the SDK's types.

use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{SignIn, TokenKey, TokenStore, Tokens};
use connect_sandbox::Fault;
use connect_tests::world::{Place, World};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Everything;

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        say(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn say(line: String) {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// The secrets used so far.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, text: &str) {
        assert!(text.len() > 8, "{what} is too short to look for");
        self.0.push((what, text.to_owned()));
    }

    fn tokens(&mut self, world: &World, key: &TokenKey) -> Tokens {
        let tokens = world.store.load(key).unwrap().unwrap();
        self.add("an access token", tokens.access_token.expose());
        self.add("a refresh token", tokens.refresh_token.as_ref().unwrap().expose());
        tokens
    }

    fn callback(&mut self, callback: &str) {
        for (name, what) in [("code=", "a code"), ("state=", "a state")] {
            let value = callback.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap();
            self.add(what, value);
        }
    }
}

macro_rules! wait {
    ($runtime:expr, $call:expr) => {
        $runtime.block_on($call)
    };
    (, $call:expr) => {
        $call
    };
}

macro_rules! life {
    ($client:ident, $world:expr, $secrets:expr $(, $runtime:expr)?) => {{
        let (world, secrets): (&World, &mut Secrets) = ($world, $secrets);
        let app = world.sandbox(|sandbox| sandbox.credentials());
        let basic = STANDARD.encode(format!("{}:{}", app.client_id, app.client_secret));
        secrets.add("the client secret", &app.client_secret);
        secrets.add("the basic credentials", &basic);
        let mut builder = $client::Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri)
            .base_url(world.base_url())
            .store(world.store.clone());
        if let Some(root) = &world.root {
            builder = builder.root_certificates(root.clone());
        }
        let client = builder.build().unwrap();
        let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        secrets.callback(&callback);
        say(format!("{sign_in:?} {client:?} {:?}", client.app()));
        let wrong = client.auth().sign_in(SignIn::new("ann")).unwrap();
        say(format!("{:?}", wait!($($runtime)?, client.auth().finish(wrong, &callback)).unwrap_err()));
        let user = wait!($($runtime)?, client.auth().finish(sign_in, &callback)).unwrap();
        let tokens = secrets.tokens(world, user.session().key());
        say(format!("{tokens:?} {user:?} {:?}", user.session()));
        world.expire();
        world.fault(Fault::on("POST /oauth/token").status(400).body(r#"{"error":"invalid_request"}"#));
        say(format!("{:?}", wait!($($runtime)?, user.calendars().list()).unwrap_err()));
        wait!($($runtime)?, user.calendars().list()).unwrap();
        secrets.tokens(world, user.session().key());
        world.fault(Fault::on("GET /calendars").cut_after().times(3));
        say(format!("{:?}", wait!($($runtime)?, user.calendars().list()).unwrap_err()));
        wait!($($runtime)?, user.sign_out()).unwrap();
    }};
}

#[test]
fn secrets_are_not_logged_or_printed() {
    log::set_logger(&Everything).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut secrets = Secrets::default();
    for place in [Place::Socket, Place::Tls] {
        let world = World::new(place).unwrap();
        life!(connect_blocking, &world, &mut secrets);
        let world = World::new(place).unwrap();
        life!(connect_hyper, &world, &mut secrets, runtime);
    }
    let lines = LINES.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.starts_with("ureq")),
        "the logger receives no lines of ureq ({} lines)",
        lines.len()
    );
    for (what, secret) in &secrets.0 {
        let seen: Vec<_> = lines.iter().filter(|line| line.contains(secret.as_str())).collect();
        assert!(seen.is_empty(), "{what} is in {seen:#?}");
    }
}
