//! A common interface of the async and the blocking client.

use std::{borrow::Cow, time::Duration};

use connect_core::{
    AuthorizationCode, Endpoint, Error, RetryPolicy, Tokens,
    types::{DeleteEvent, NewEvent, Raw},
};
use connect_tests::wire::Wire;
use http::Method;
use jiff::Timestamp;
use tokio::runtime::Runtime;

/// The settings of a client.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) root: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_size: usize,
    pub(crate) pool_idle_timeout: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            root: None,
            attempts: 3,
            timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(10),
            max_response_size: 1 << 20,
            pool_idle_timeout: Duration::from_secs(15),
        }
    }
}

/// A client with a signed-in user. `read` and `create` return the id in the response: the request's number.
pub(crate) trait Caller {
    /// Returns the name of the client.
    fn name(&self) -> &'static str;
    /// Makes a call that may be repeated.
    fn read(&self) -> Result<String, Error>;
    /// Makes a call that must not be repeated, with a body of this size.
    fn create_of(&self, size: usize) -> Result<String, Error>;

    /// Deletes an event.
    fn delete(&self) -> Result<(), Error>;
    /// Makes a `GET` of this path.
    fn get(&self, path: &'static str) -> Result<(), Error>;

    /// Refreshes the tokens.
    fn refresh(&self) -> Result<(), Error>;
    /// Exchanges an authorization code.
    fn exchange(&self) -> Result<(), Error>;

    fn create(&self) -> Result<String, Error> {
        self.create_of(10)
    }

    /// Checks that a read succeeds with exactly one request.
    fn assert_works(&self, wire: &Wire) {
        let before = wire.seen().len();
        let id =
            self.read().unwrap_or_else(|error| panic!("{}: the next call fails: {error:?}", self.name()));
        let after = wire.seen().len();
        assert_eq!(
            (id, after),
            (after.to_string(), before + 1),
            "{}: the response to another request",
            self.name()
        );
    }
}

/// A call, and the body of a valid response to it.
pub(crate) struct TestCall {
    pub(crate) name: &'static str,
    pub(crate) call: fn(&dyn Caller) -> Result<String, Error>,
    pub(crate) body: &'static str,
}

/// A repeatable and a non-repeatable call.
pub(crate) const CALLS: [TestCall; 2] = [
    TestCall { name: "read", call: |caller| caller.read(), body: r#"[{"id":"0","provider":"google"}]"# },
    TestCall {
        name: "create",
        call: |caller| caller.create(),
        body: r#"{"success":true,"id":"0","title":"Once"}"#,
    },
];

struct Blocking(connect_blocking::Client);

struct Hyper(connect_hyper::Client, Runtime);

macro_rules! built {
    ($client:ident, $url:expr, $setup:expr) => {{
        let setup: &Setup = $setup;
        let mut builder = $client::Client::builder("id", "secret")
            .redirect_uri("https://app.example/callback")
            .base_url($url)
            .no_proxy()
            .timeout(setup.timeout)
            .attempt_timeout(setup.attempt_timeout)
            .max_response_size(setup.max_response_size)
            .pool_idle_timeout(setup.pool_idle_timeout)
            .retry(RetryPolicy::attempts(setup.attempts).with_backoff(Duration::ZERO, Duration::ZERO));
        if let Some(root) = &setup.root {
            builder = builder.root_certificates(root.clone());
        }
        builder.build().unwrap()
    }};
}

/// Creates both clients.
pub(crate) fn both(base_url: &str, setup: &Setup) -> [Box<dyn Caller>; 2] {
    let blocking = built!(connect_blocking, base_url, setup);
    blocking.user("ann").import(Tokens::new("access", "refresh")).unwrap();
    // A current-thread runtime does not run between the calls.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let hyper = built!(connect_hyper, base_url, setup);
    runtime.block_on(hyper.user("ann").import(Tokens::new("access", "refresh"))).unwrap();
    [Box::new(Blocking(blocking)), Box::new(Hyper(hyper, runtime))]
}

impl Caller for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    fn read(&self) -> Result<String, Error> {
        self.0.user("ann").calendars().list().map(|calendars| calendars[0].id.clone())
    }

    fn create_of(&self, size: usize) -> Result<String, Error> {
        self.0.user("ann").events().create(event(size)).map(|event| event.id)
    }

    fn delete(&self) -> Result<(), Error> {
        self.0.user("ann").events().delete(DeleteEvent::new("google", "primary", "1"))
    }

    fn get(&self, path: &'static str) -> Result<(), Error> {
        self.0.user("ann").send(&Get(path)).map(drop)
    }

    fn refresh(&self) -> Result<(), Error> {
        self.0.user("ann").refresh()
    }

    fn exchange(&self) -> Result<(), Error> {
        self.0.user("ann").exchange(&AuthorizationCode::new("c0de")).map(drop)
    }
}

impl Caller for Hyper {
    fn name(&self) -> &'static str {
        "hyper"
    }

    fn read(&self) -> Result<String, Error> {
        let calendars = self.1.block_on(self.0.user("ann").calendars().list())?;
        Ok(calendars[0].id.clone())
    }

    fn create_of(&self, size: usize) -> Result<String, Error> {
        self.1.block_on(self.0.user("ann").events().create(event(size))).map(|event| event.id)
    }

    fn delete(&self) -> Result<(), Error> {
        let delete = DeleteEvent::new("google", "primary", "1");
        self.1.block_on(self.0.user("ann").events().delete(delete))
    }

    fn get(&self, path: &'static str) -> Result<(), Error> {
        self.1.block_on(self.0.user("ann").send(&Get(path))).map(drop)
    }

    fn refresh(&self) -> Result<(), Error> {
        self.1.block_on(self.0.user("ann").refresh())
    }

    fn exchange(&self) -> Result<(), Error> {
        self.1.block_on(self.0.user("ann").exchange(&AuthorizationCode::new("c0de"))).map(drop)
    }
}

/// Returns a response of the token endpoint.
pub(crate) fn tokens() -> Vec<u8> {
    let body = r#"{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":3600}"#;
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into()
}

/// An endpoint that the library does not define.
struct Get(&'static str);

impl Endpoint for Get {
    type Output = Raw;

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.0.into())
    }
}

fn event(size: usize) -> NewEvent {
    let now = Timestamp::UNIX_EPOCH;
    NewEvent::new(("google", "primary"), "Once", now, now).description("x".repeat(size))
}
