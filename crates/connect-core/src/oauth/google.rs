//! Google's authorization server.

use super::{ClientAuth, Profile, Revocation, Rotation};

/// Returns the profile for signing in with Google.
///
/// The profile requests a refresh token (`access_type=offline`) and the user's consent at each sign-in
/// (`prompt=consent`). Without `prompt=consent`, Google issues a refresh token only at the first consent, and
/// every later sign-in ends when its access token expires, after one hour. Override these parameters with
/// [`SignIn::parameter`](crate::SignIn::parameter).
///
/// ```
/// use connect_core::{Config, oauth::google};
///
/// let mut config = Config::new("id", "secret", [7; 32]);
/// config.redirect_uri = Some("https://app.example/callback".to_owned());
/// config.profile = Some(google::profile()); // the `profile` of a client's builder
/// ```
pub fn profile() -> Profile {
    with_endpoints(
        "https://accounts.google.com",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com",
    )
}

/// Returns the profile of a server that has Google's paths below the URL `base`.
///
/// For a sandbox, `base` is the origin of the sandbox followed by `/google`.
pub fn profile_at(base: &str) -> Profile {
    with_endpoints(base, &format!("{base}/o/oauth2/v2/auth"), base)
}

fn with_endpoints(issuer: &str, authorize_url: &str, tokens: &str) -> Profile {
    let mut profile = Profile::new(issuer, authorize_url, format!("{tokens}/token"));
    profile.revocation = Revocation::TokenAlone(format!("{tokens}/revoke"));
    profile.client_auth = ClientAuth::Body;
    profile.rotation = Rotation::Keeps;
    profile.authorize_parameters = [("access_type", "offline"), ("prompt", "consent")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    profile
}

/// The default scopes of the Mobiscroll calendar integration.
///
/// These scopes allow reading all calendars of the user, and writing events to calendars that the user owns.
pub const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.events.public.readonly",
    "https://www.googleapis.com/auth/calendar.readonly",
    "https://www.googleapis.com/auth/calendar.events.owned",
];
