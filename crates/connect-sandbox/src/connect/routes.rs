//! Connect's endpoints and their paths.

/// An endpoint of Connect.
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
    /// Whether an application calls it; the others are pages for people, and the public keys.
    pub(super) fn is_api(self) -> bool {
        use Endpoint::{Authorize, Consent, ConsentPage, Providers, ReturnToApp, WebhookKeys};
        !matches!(self, Authorize | Providers | ReturnToApp | ConsentPage | Consent | WebhookKeys)
    }
}

/// Under `/api`.
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

/// On the origin.
pub(crate) const ORIGIN: &[(&str, Endpoint)] = &[("GET /.well-known/webhook-keys", Endpoint::WebhookKeys)];

/// Those from before `/oauth`.
pub(super) const LEGACY: [&str; 2] = ["GET /connection-status", "POST /disconnect"];
