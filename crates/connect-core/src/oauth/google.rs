//! Google's authorization server.

use super::{ClientAuth, Profile, Revocation, Rotation};

/// Signing in with Google.
///
/// Asks for a refresh token (`access_type=offline`), and for consent each time (`prompt=consent`): without that Google hands
/// one out with the first consent only, and who signs in once more would be signed in for an hour. A sign-in can say otherwise
/// with [`SignIn::parameter`](crate::SignIn::parameter).
///
/// ```
/// use connect_core::{Config, oauth::google};
///
/// let mut config = Config::new("id", "secret", "https://app.example/callback", [7; 32]);
/// config.profile = Some(google::profile()); // the `profile` of a client's builder
/// ```
pub fn profile() -> Profile {
    with(
        "https://accounts.google.com",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com",
    )
}

/// A server that speaks like Google under one base URL: an emulator, or the `/google` of a sandbox.
pub fn profile_at(base: &str) -> Profile {
    with(base, &format!("{base}/o/oauth2/v2/auth"), base)
}

fn with(issuer: &str, authorize_url: &str, tokens: &str) -> Profile {
    let mut profile = Profile::new(issuer, authorize_url, format!("{tokens}/token"));
    profile.revocation = Revocation::TokenAlone(format!("{tokens}/revoke"));
    profile.client_auth = ClientAuth::Body;
    profile.rotation = Rotation::Keeps;
    profile.authorize_parameters = [("access_type", "offline"), ("prompt", "consent")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    profile
}

/// What Mobiscroll's calendar integration asks for unless told otherwise: all of the user's calendars may be read, and
/// events written in those that the user owns.
pub const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/calendar.events.public.readonly",
    "https://www.googleapis.com/auth/calendar.readonly",
    "https://www.googleapis.com/auth/calendar.events.owned",
];
