//! The Mobiscroll Connect service: sign-in, calendars, events and webhooks.

mod accounts;
pub(crate) mod events;
mod limits;
pub(crate) mod oauth;
mod permission;
mod routes;
pub(crate) mod webhooks;

use crate::call::Call;
use crate::connect::limits::Limits;
use crate::connect::oauth::Grants;
use crate::connect::webhooks::{Keys, Outbox, Subscriptions};
use crate::reply::{Problem, Reply, ok};
use crate::sandbox::no_such_endpoint;
use crate::world::{AccountChange, World};
use jiff::Timestamp;
pub(crate) use routes::{Endpoint, ORIGIN, ROUTES};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Handles the requests to Connect.
pub(crate) struct Connect<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
}

/// The data that only Connect uses.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) grants: Grants,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) keys: Keys,
    pub(crate) outbox: Outbox,
    pub(crate) limits: Limits,
    /// When the switch `reauth` last changed.
    pub(crate) reauth_since: Option<Timestamp>,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            grants: Grants::default(),
            subscriptions: Subscriptions::default(),
            keys: Keys::new(seed),
            outbox: Outbox::default(),
            limits: Limits::default(),
            reauth_since: None,
        }
    }
}

impl Connect<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Reply {
        let served = self.serve_endpoint(endpoint, call);
        served.unwrap_or_else(|problem| problem.styled(self.world.settings.connect.error_style).into())
    }

    fn serve_endpoint(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, Problem> {
        if routes::LEGACY.contains(&call.name) && !self.world.settings.connect.legacy_routes {
            return Err(no_such_endpoint());
        }
        if endpoint.is_api() {
            self.limit(call)?;
        }
        match endpoint {
            Endpoint::Authorize => self.authorize(call),
            Endpoint::Providers => self.provider_page(call),
            Endpoint::ReturnToApp => self.return_to_app(call),
            Endpoint::ConsentPage => self.consent_page(call),
            Endpoint::Consent => self.consent(call),
            Endpoint::Token => self.token(call),
            Endpoint::Revoke => self.revoke(call),
            Endpoint::ConnectionStatus => self.connection_status(call),
            Endpoint::Disconnect => self.disconnect(call),
            Endpoint::Calendars => self.list_calendars(call),
            Endpoint::Events => self.list_events(call),
            Endpoint::CreateEvent => self.create_event(call),
            Endpoint::UpdateEvent => self.update_event(call),
            Endpoint::DeleteEvent => self.delete_event(call),
            Endpoint::Subscribe => self.subscribe(call),
            Endpoint::Unsubscribe => self.unsubscribe(call),
            Endpoint::Health => Ok(ok(&json!({ "status": "ok" }))),
            Endpoint::WebhookKeys => Ok(self.serve_keys(call)),
        }
    }

    /// Applies the collected account changes to the subscriptions and to the pending notifications.
    pub(crate) fn apply_account_changes(&mut self) {
        for change in std::mem::take(&mut self.world.account_changes) {
            match change {
                AccountChange::Connected(user, provider) => self.subscribe_account(&user, provider),
                AccountChange::Disconnected(user, provider) => {
                    self.own.subscriptions.remove_account(&user, provider)
                }
                AccountChange::EventsChanged(user, changes) => self.record_external_change(&user, changes),
            }
        }
    }
}
