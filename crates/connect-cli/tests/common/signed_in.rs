//! A user who is signed in to a service, and events of that user.

use super::{Outcome, World, browse, start_login};

const TIMES: [&str; 4] = ["--start", "2027-02-01T09:00Z", "--end", "2027-02-01T10:00Z"];

/// A user who is signed in to a service.
pub(crate) struct SignedInUser {
    pub(crate) world: World,
    pub(crate) service: &'static str,
    pub(crate) calendar: String,
}

impl SignedInUser {
    pub(crate) fn at(service: &'static str) -> Self {
        Self::of(World::new(), service)
    }

    pub(crate) fn of(world: World, service: &'static str) -> Self {
        let mut signed = Self { world, service, calendar: "primary".to_owned() };
        if service == "connect" {
            signed.world.login(&[]).ok();
            let calendars = signed.world.run(&["calendars", "--json", "--provider", "google"]).json();
            signed.calendar = calendars[0]["id"].as_str().unwrap().to_owned();
        } else {
            let (child, url) = start_login(&mut signed.command(&["login", "--no-browser"]));
            browse(&url);
            Outcome::of(child.wait_with_output().unwrap()).ok();
        }
        signed
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.world.command(&[arguments, &["--via", self.service]].concat());
        let id = format!("MOBISCROLL_CONNECT_{}_CLIENT_ID", self.service.to_uppercase());
        if self.service != "connect" {
            command.env(id, format!("{}-public-client", self.service));
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn create(&self, more: &[&str]) -> Outcome {
        let create = ["events", "create", "--calendar", &self.calendar, "--title", "Zebra crossing"];
        self.run(&[&create[..], &TIMES, more].concat())
    }

    /// Returns the invitations sent since the last call, sorted.
    pub(crate) fn new_invitations(&self, since: &mut usize) -> Vec<String> {
        let all = self.world.server.invitations();
        let mut sent: Vec<_> = all[*since..].iter().map(|one| format!("{} {}", one.kind, one.to)).collect();
        *since = all.len();
        sent.sort();
        sent
    }
}
