//! The state file: everything that the sandbox knows, as a seed with the member `state`.
//!
//! ```text
//! GET /sandbox/state ──▶ { "state": {..} } ──▶ PUT /sandbox/state, POST /sandbox/seed, --seed-file
//! ```
//!
//! Every type of the state derives its form from its fields, and a type without a form does not compile. The
//! file therefore has every new field. It omits caches, the recorded requests, the origin, the allowed hosts,
//! and the running attempts of deliveries.

use crate::faults::Faults;
use crate::recorded::Recorder;
use crate::sandbox::Sandbox;
use crate::seed::SeedError;
use crate::settings::Settings;
use crate::world::World;
use crate::{apptoto, connect, google, microsoft, oauth_server};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of a sandbox: of type [`State`] when it is read, and of references when it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct StateOf<World, Connect, Servers, Google, Graph, Apptoto, Faults> {
    /// How far the sandbox's clock is ahead of the caller's clock.
    ahead: SignedDuration,
    world: World,
    connect: Connect,
    servers: Servers,
    google: Google,
    graph: Graph,
    apptoto: Apptoto,
    faults: Faults,
}

pub(crate) type State = StateOf<
    World,
    connect::State,
    oauth_server::State,
    google::calendar::State,
    microsoft::graph::State,
    apptoto::api::State,
    Faults,
>;

/// What the sandbox was started with, to which [`Sandbox::reset`] returns.
#[derive(Debug)]
pub(crate) struct StartState {
    pub(crate) settings: Settings,
    /// The seeds that were loaded before the first request.
    pub(crate) seeds: Vec<String>,
    pub(crate) is_over: bool,
}

impl Sandbox {
    /// Returns everything that the sandbox knows, as a seed in JSON.
    ///
    /// A sandbox that loads the seed responds to the next requests as this sandbox does. The seed contains
    /// the issued tokens and the secrets of applications, which are valid only in a sandbox.
    ///
    /// ```
    /// use connect_sandbox::{Sandbox, Settings};
    ///
    /// let sandbox = Sandbox::new(Settings::default());
    /// let mut copy = Sandbox::new(Settings::default());
    /// copy.load(&sandbox.state())?;
    /// assert_eq!(copy.state(), sandbox.state());
    /// # Ok::<(), connect_sandbox::SeedError>(())
    /// ```
    pub fn state(&self) -> String {
        #[derive(Serialize)]
        struct File<T> {
            state: T,
        }
        // Names every field, so that a new field does not compile before it is in the file or left out.
        let Self {
            world,
            connect,
            servers,
            google,
            graph,
            apptoto,
            faults,
            ahead,
            hosts: _,
            recorder: _,
            start: _,
        } = self;
        let state = StateOf { ahead: *ahead, world, connect, servers, google, graph, apptoto, faults };
        serde_json::to_string_pretty(&File { state }).unwrap_or_default()
    }

    /// Forgets everything, and loads a seed as a sandbox that is started with the seed.
    ///
    /// The seed can come from [`state`](Self::state). If it has no state, the switches have the values that
    /// the sandbox was started with.
    ///
    /// # Errors
    ///
    /// If the seed is invalid. An invalid seed changes nothing.
    pub fn load(&mut self, seed: &str) -> Result<(), SeedError> {
        let mut new = Self::new(self.start.settings.clone());
        new.seed(seed)?;
        self.replace_state(new.into_state());
        Ok(())
    }

    /// Returns to the start: to the settings of [`new`](Self::new) and the seeds before the first request.
    ///
    /// The allowed hosts stay.
    pub fn reset(&mut self) {
        let mut new = Self::new(self.start.settings.clone());
        for seed in &self.start.seeds {
            // The seed was valid at the start.
            let _ = new.seed(seed);
        }
        self.replace_state(new.into_state());
    }

    pub(crate) fn replace_state(&mut self, state: State) {
        let State { ahead, world, mut connect, servers, google, graph, apptoto, faults } = state;
        connect.outbox.follow(&self.connect.outbox);
        let origin = std::mem::take(&mut self.world.origin);
        self.world = World { origin, ..world };
        (self.ahead, self.connect, self.servers) = (ahead, connect, servers);
        (self.google, self.graph, self.apptoto, self.faults) = (google, graph, apptoto, faults);
        self.recorder = Recorder::default();
    }

    pub(crate) fn into_state(self) -> State {
        let Self { world, connect, servers, google, graph, apptoto, faults, ahead, .. } = self;
        State { ahead, world, connect, servers, google, graph, apptoto, faults }
    }
}

impl State {
    /// Reads the member `state` of a seed.
    pub(crate) fn read(json: &Value) -> Result<Self, SeedError> {
        serde_path_to_error::deserialize(json).map_err(|error| {
            let within = error.path().to_string();
            let path = if within == "." { "state".to_owned() } else { format!("state.{within}") };
            SeedError { path, reason: error.into_inner().to_string() }
        })
    }
}
