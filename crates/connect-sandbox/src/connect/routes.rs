//! The endpoints of Connect and their paths.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Authorize,
    Providers,
    ReturnToApp,
    ConsentPage,
    Consent,
    Token,
    Revoke,
    ConnectionStatus,
    Disconnect,
    Calendars,
    Events,
    CreateEvent,
    UpdateEvent,
    DeleteEvent,
    Subscribe,
    Unsubscribe,
    Health,
    WebhookKeys,
}

impl Endpoint {
    /// Whether the endpoint is an API call, unlike the pages for users and the list of public keys.
    pub(super) fn is_api(self) -> bool {
        use Endpoint::{Authorize, Consent, ConsentPage, Providers, ReturnToApp, WebhookKeys};
        !matches!(self, Authorize | Providers | ReturnToApp | ConsentPage | Consent | WebhookKeys)
    }
}

/// The routes under `/api`.
pub(crate) const ROUTES: &[(&str, Endpoint)] = &[
    ("GET /oauth/authorize", Endpoint::Authorize),
    ("GET /oauth/providers", Endpoint::Providers),
    ("POST /oauth/providers", Endpoint::ReturnToApp),
    ("GET /oauth/consent", Endpoint::ConsentPage),
    ("POST /oauth/consent", Endpoint::Consent),
    ("POST /oauth/token", Endpoint::Token),
    ("POST /oauth/revoke", Endpoint::Revoke),
    ("GET /oauth/connection-status", Endpoint::ConnectionStatus),
    ("GET /connection-status", Endpoint::ConnectionStatus),
    ("POST /oauth/disconnect", Endpoint::Disconnect),
    ("POST /disconnect", Endpoint::Disconnect),
    ("GET /calendars", Endpoint::Calendars),
    ("GET /events", Endpoint::Events),
    ("POST /event", Endpoint::CreateEvent),
    ("PUT /event", Endpoint::UpdateEvent),
    ("DELETE /event", Endpoint::DeleteEvent),
    ("POST /subscribe-webhook", Endpoint::Subscribe),
    ("POST /unsubscribe-webhook", Endpoint::Unsubscribe),
    ("GET /health", Endpoint::Health),
];

/// The routes outside `/api`.
pub(crate) const ORIGIN: &[(&str, Endpoint)] = &[("GET /.well-known/webhook-keys", Endpoint::WebhookKeys)];

/// The older paths, without `/oauth`.
pub(super) const LEGACY: [&str; 2] = ["GET /connection-status", "POST /disconnect"];
