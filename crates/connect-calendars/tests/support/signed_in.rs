//! A user who is signed in at the sandbox's services, with a backend of each client.
#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use connect_calendars::backend::{AsyncCalendarBackend, Backend, CalendarBackend, Connect, Google, Outlook};
use connect_core::{MemoryStore, types::Provider};
use connect_sandbox::ClientType;
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use tokio::runtime::Runtime;

pub const SERVICES: [Whose; 3] = [Whose::Connect, Whose::Google, Whose::Microsoft];

/// A backend of each client.
pub type Backends = (Box<dyn CalendarBackend>, Box<dyn AsyncCalendarBackend>);

/// A signed-in user of a service.
pub struct SignedIn {
    pub world: SignInSetup,
    pub backends: Backends,
    pub runtime: Runtime,
}

impl SignedIn {
    pub fn at(whose: Whose, switches: &[(&str, &str)]) -> Self {
        let world = SignInSetup::with(whose, ClientType::Confidential, switches);
        let backends = backends(&world);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { world, backends, runtime }
    }

    /// Signs a user of Connect in at the provider of one of their accounts. Returns the backends for this
    /// account.
    pub fn directly(&mut self, whose: Whose) -> Backends {
        let provider = if whose == Whose::Google { Provider::Google } else { Provider::Microsoft };
        let connections = self.backends.0.connections().unwrap().unwrap().connections;
        let account = &connections[&provider][0].id;
        self.world.server.with(|sandbox| sandbox.set("oauth_user", account)).unwrap();
        (self.world.whose, self.world.store) = (whose, MemoryStore::new());
        backends(&self.world)
    }
}

/// Signs a user in, and returns a backend of each client.
fn backends(world: &SignInSetup) -> Backends {
    let user = client_of!(connect_blocking::Client, world).user("user-123");
    let other = client_of!(connect_hyper::Client, world).user("user-123");
    let backends: Backends = match world.whose {
        Whose::Connect => {
            (Box::new(Backend::new(Connect::new(), user)), Box::new(Backend::new(Connect::new(), other)))
        }
        Whose::Google => {
            (Box::new(Backend::new(Google::new(), user)), Box::new(Backend::new(Google::new(), other)))
        }
        _ => (Box::new(Backend::new(Outlook::new(), user)), Box::new(Backend::new(Outlook::new(), other))),
    };
    let pending = backends.0.sign_in().unwrap();
    let callback = consent(pending.url());
    backends.0.finish(pending, &callback).unwrap();
    backends
}
