//! Finds the endpoint of a request.

use crate::apptoto::api;
use crate::google::calendar;
use crate::microsoft::graph;
use crate::{connect, guard, oauth_server};
use http::Method;
use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Connect(connect::Endpoint),
    OAuth(oauth_server::Endpoint),
    GoogleCalendar(calendar::Endpoint),
    Graph(graph::Endpoint),
    Apptoto(api::Endpoint),
    Unknown,
}

/// A control call of the sandbox, which the real services do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Page,
    Stats,
    Expire,
    ExpireSyncTokens,
    Faults,
    ClearFaults,
    Set,
    Seed,
    State,
    LoadState,
    Reset,
    ListApps,
    CreateApp,
    EditApp,
    ListProviders,
    CreateProviderApp,
    EditProviderApp,
    DeleteProviderApp,
    WithdrawConsent,
    Subscriptions,
    Trigger,
    Resend,
    Deliveries,
    Invitations,
    RotateKeys,
    Advance,
    ApptotoMessages,
    /// No control call has this path and method.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// An endpoint of a service, and the name of the endpoint in statistics and faults.
    Service(Endpoint, &'static str),
    Control(Control),
}

/// A service, which determines the format of errors for unknown paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Connect,
    Google,
    Graph,
    Apptoto,
}

const CONTROLS: &[(&str, Control)] = &[
    ("GET /sandbox", Control::Page),
    ("GET /sandbox/", Control::Page),
    ("GET /sandbox/stats", Control::Stats),
    ("POST /sandbox/expire", Control::Expire),
    ("POST /sandbox/expire-sync-tokens", Control::ExpireSyncTokens),
    ("POST /sandbox/faults", Control::Faults),
    ("DELETE /sandbox/faults", Control::ClearFaults),
    ("POST /sandbox/set", Control::Set),
    ("POST /sandbox/seed", Control::Seed),
    ("GET /sandbox/state", Control::State),
    ("PUT /sandbox/state", Control::LoadState),
    ("POST /sandbox/reset", Control::Reset),
    ("GET /sandbox/apps", Control::ListApps),
    ("POST /sandbox/apps", Control::CreateApp),
    ("PATCH /sandbox/apps", Control::EditApp),
    ("GET /sandbox/providers", Control::ListProviders),
    ("POST /sandbox/providers", Control::CreateProviderApp),
    ("PATCH /sandbox/providers", Control::EditProviderApp),
    ("DELETE /sandbox/providers", Control::DeleteProviderApp),
    ("POST /sandbox/providers/withdraw", Control::WithdrawConsent),
    ("GET /sandbox/subscriptions", Control::Subscriptions),
    ("POST /sandbox/trigger", Control::Trigger),
    ("POST /sandbox/resend", Control::Resend),
    ("GET /sandbox/deliveries", Control::Deliveries),
    ("GET /sandbox/invitations", Control::Invitations),
    ("POST /sandbox/rotate-keys", Control::RotateKeys),
    ("POST /sandbox/advance", Control::Advance),
    ("GET /sandbox/apptoto/messages", Control::ApptotoMessages),
];

impl Route {
    /// Finds the route of a request.
    ///
    /// The endpoints of Connect are under `/api`, except the webhook keys. Control calls are under `/sandbox`
    /// and `/api/sandbox`.
    pub(crate) fn find(method: &Method, path: &str) -> Self {
        let inner = path.strip_prefix("/api").filter(|rest| rest.starts_with('/'));
        if let Some((_, control)) = lookup(CONTROLS.iter().copied(), method, inner.unwrap_or(path)) {
            return Self::Control(control);
        }
        let endpoint = match inner {
            Some(path) => lookup(under_api(), method, path),
            None => lookup(on_origin(), method, &canonical(path)),
        };
        match endpoint {
            Some((name, endpoint)) => Self::Service(endpoint, name),
            None if guard::is_control_path(path) => Self::Control(Control::Unknown),
            None => Self::Service(Endpoint::Unknown, UNKNOWN),
        }
    }

    pub(crate) fn methods(path: &str) -> Vec<&'static str> {
        let (services, path): (Vec<_>, _) = match path.strip_prefix("/api") {
            Some(inner) => (under_api().collect(), inner.into()),
            None => (on_origin().collect(), canonical(path)),
        };
        let services = services.into_iter().map(|(name, _)| name);
        let names = services.chain(CONTROLS.iter().map(|(name, _)| *name));
        let names = names.filter_map(|name| name.split_once(' '));
        names.filter(|(_, known)| matches(known, &path)).map(|(method, _)| method).collect()
    }

    pub(crate) fn service(path: &str) -> Service {
        let path = canonical(path);
        let under =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if under("/google") {
            Service::Google
        } else if under("/microsoft/graph") {
            Service::Graph
        } else if under("/apptoto") {
            Service::Apptoto
        } else {
            Service::Connect
        }
    }

    /// Returns the first unknown segment of a Graph path, for example an unsupported API version.
    pub(crate) fn unknown_segment(path: &str) -> &str {
        let canonical = canonical(path);
        let known = |name: &&str| {
            name.split('/').zip(canonical.split('/')).skip(1).take_while(|(a, b)| a == b || is_any(a)).count()
        };
        let depth = graph::ROUTES.iter().map(|(name, _)| known(name)).max().unwrap_or(0);
        let missing = canonical.split('/').count().saturating_sub(depth + 1);
        path.rsplit('/').nth(missing.saturating_sub(1)).unwrap_or("")
    }

    /// Returns whether a fault can have this endpoint: the name of an endpoint, `unknown`, or `*` for all.
    pub(crate) fn is_endpoint_name(name: &str) -> bool {
        name == "*" || name == UNKNOWN || under_api().chain(on_origin()).any(|(known, _)| known == name)
    }
}

const UNKNOWN: &str = "unknown";

fn under_api() -> impl Iterator<Item = (&'static str, Endpoint)> {
    of(connect::ROUTES, Endpoint::Connect)
}

fn on_origin() -> impl Iterator<Item = (&'static str, Endpoint)> {
    of(connect::ORIGIN, Endpoint::Connect)
        .chain(oauth_server::routes().map(|(name, endpoint)| (name, Endpoint::OAuth(endpoint))))
        .chain(of(calendar::ROUTES, Endpoint::GoogleCalendar))
        .chain(of(graph::ROUTES, Endpoint::Graph))
        .chain(of(api::ROUTES, Endpoint::Apptoto))
}

fn of<T: Copy>(
    table: &'static [(&'static str, T)],
    service: fn(T) -> Endpoint,
) -> impl Iterator<Item = (&'static str, Endpoint)> {
    table.iter().map(move |(name, endpoint)| (*name, service(*endpoint)))
}

fn lookup<T>(
    mut table: impl Iterator<Item = (&'static str, T)>,
    method: &Method,
    path: &str,
) -> Option<(&'static str, T)> {
    let called = |name: &str| {
        name.split_once(' ')
            .is_some_and(|(known, pattern)| known == method.as_str() && matches(pattern, path))
    };
    table.find(|(name, _)| called(name))
}

/// Converts a real path of Google or Microsoft to the path in the sandbox.
///
/// Clients that can only change the origin use the real paths.
fn canonical(path: &str) -> Cow<'_, str> {
    let under =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if path == "/o/oauth2/auth" {
        // The authorization endpoint in the credential files that developers download from Google.
        return "/google/o/oauth2/v2/auth".into();
    }
    if under("/calendar/v3") {
        return format!("/google{path}").into();
    }
    if under("/v1.0") {
        return format!("/microsoft/graph{path}").into();
    }
    let prefixed = ["/google", "/microsoft", "/microsoft/graph"].map(|prefix| format!("{prefix}{path}"));
    let is_endpoint = |path: &String| {
        let mut patterns = oauth_server::routes().filter_map(|(name, _)| name.split_once(' '));
        patterns.any(|(_, pattern)| matches(pattern, path))
    };
    prefixed.into_iter().find(is_endpoint).map_or(path.into(), Cow::from)
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let begins =
        pattern.split('/').all(|known| segments.next().is_some_and(|found| found == known || is_any(known)));
    begins && segments.next().is_none()
}

/// Whether a segment of a pattern matches every value.
fn is_any(segment: &str) -> bool {
    placeholder(segment).is_some()
}

/// Returns the name in a segment such as `{name}`.
pub(crate) fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_endpoints() {
        let find = |path| Route::find(&Method::GET, path);
        assert_eq!(
            find("/api/calendars"),
            Route::Service(Endpoint::Connect(connect::Endpoint::Calendars), "GET /calendars")
        );
        assert_eq!(find("/calendars"), Route::Service(Endpoint::Unknown, "unknown"));
        assert_eq!(find("/apicalendars"), Route::Service(Endpoint::Unknown, "unknown"));
        let keys = "GET /.well-known/webhook-keys";
        assert_eq!(
            find("/.well-known/webhook-keys"),
            Route::Service(Endpoint::Connect(connect::Endpoint::WebhookKeys), keys)
        );
        assert_eq!(find("/api/.well-known/webhook-keys"), Route::Service(Endpoint::Unknown, "unknown"));
        assert_eq!(find("/sandbox/stats"), Route::Control(Control::Stats));
        assert_eq!(find("/api/sandbox/stats"), Route::Control(Control::Stats));
        assert_eq!(
            Route::find(&Method::POST, "/api/calendars"),
            Route::Service(Endpoint::Unknown, "unknown")
        );
    }
}
