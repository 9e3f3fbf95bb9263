//! The sessions of a client: one for each user, shared by all handles of that user.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{app::App, session::Session};

/// The session of a user and its gate, a lock of type `G` that the driver takes for each task.
#[derive(Debug)]
pub struct Member<G> {
    /// The session.
    pub session: Arc<Session>,
    /// The gate of the session.
    pub gate: G,
}

/// The sessions of one application in this process.
///
/// If there are at least 1024 sessions, and at least twice as many as after the last sweep, the next new
/// session causes a [`sweep`](Self::sweep), which drops the sessions that only the registry still owns. If
/// the tokens of a dropped session are needed again, they are loaded from the store. A session is never
/// dropped if it has unsaved tokens or a running refresh, or if the response to its last refresh was lost.
#[derive(Debug)]
pub struct Registry<G> {
    app: App,
    members: Mutex<Members<G>>,
}

#[derive(Debug)]
struct Members<G> {
    by_user: HashMap<Box<str>, Arc<Member<G>>>,
    sweep_at: usize,
}

/// The minimum number of sessions at which the registry calls `sweep` itself.
const MIN_SWEEP_SIZE: usize = 1024;

impl<G: Default> Registry<G> {
    /// Creates an empty registry.
    pub fn new(app: App) -> Self {
        Self { app, members: Mutex::new(Members { by_user: HashMap::new(), sweep_at: MIN_SWEEP_SIZE }) }
    }

    /// Returns the application.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Returns the session of `user`. Creates the session if it does not exist.
    pub fn member(&self, user: &str) -> Arc<Member<G>> {
        let mut members = self.members();
        if let Some(member) = members.by_user.get(user) {
            return member.clone();
        }
        if members.by_user.len() >= members.sweep_at {
            members.sweep();
            members.sweep_at = MIN_SWEEP_SIZE.max(members.by_user.len() * 2);
        }
        let member = Arc::new(Member { session: Session::new(self.app.clone(), user), gate: G::default() });
        members.by_user.insert(user.into(), member.clone());
        member
    }

    /// Drops every session that only the registry owns and that can be dropped without losing
    /// tokens.
    ///
    /// The registry also calls this method before it creates a session, if it has too many sessions (see
    /// [`Registry`]).
    pub fn sweep(&self) {
        self.members().sweep();
    }

    /// Returns the sessions with unsaved tokens.
    pub fn unsaved(&self) -> Vec<Arc<Member<G>>> {
        self.members().by_user.values().filter(|member| member.session.has_pending()).cloned().collect()
    }

    fn members(&self) -> MutexGuard<'_, Members<G>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G> Members<G> {
    fn sweep(&mut self) {
        self.by_user.retain(|_, member| {
            Arc::strong_count(member) > 1
                || Arc::strong_count(&member.session) > 1
                || !member.session.is_clean()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::Config, base::Now, session::RefreshStep, tokens::Tokens};

    fn registry() -> Registry<()> {
        Registry::new(App::new(Config::new("id", "secret", [7; 32])).unwrap())
    }

    fn idle(registry: &Registry<()>, count: usize) {
        (0..count).for_each(|n| drop(registry.member(&n.to_string())));
    }

    #[test]
    fn few_idle_sessions_are_not_swept() {
        let registry = registry();
        idle(&registry, MIN_SWEEP_SIZE);
        assert_eq!(registry.members().by_user.len(), MIN_SWEEP_SIZE);
    }

    #[test]
    fn session_owned_without_its_member_is_not_swept() {
        let registry = registry();
        let session = registry.member("held").session.clone();
        idle(&registry, 5_000);
        assert!(Arc::ptr_eq(&session, &registry.member("held").session));
    }

    #[test]
    fn many_sessions_in_use_are_not_swept_for_each_new_one() {
        let registry = registry();
        let held: Vec<_> = (0..=MIN_SWEEP_SIZE).map(|n| registry.member(&format!("held {n}"))).collect();
        idle(&registry, 500);
        assert_eq!(registry.members().by_user.len(), held.len() + 500, "no sweep took place");
    }

    #[test]
    fn idle_sessions_are_swept_and_unsaved_ones_are_not() {
        let registry = registry();
        let held = registry.member("held");
        let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, monotonic: std::time::Duration::ZERO };
        let RefreshStep::Queue(given_up) =
            registry.member("unsaved").session.import(Tokens::new("a", "r"), now)
        else {
            panic!("the first step of an import is not `Queue`");
        };
        drop(given_up);
        idle(&registry, 5_000);
        assert!(registry.members().by_user.len() <= MIN_SWEEP_SIZE + 2);
        assert!(Arc::ptr_eq(&held, &registry.member("held")));
        assert_eq!(registry.unsaved().len(), 1);
    }
}
