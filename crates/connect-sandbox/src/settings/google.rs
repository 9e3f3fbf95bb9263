//! The switches of Google: its authorization server and its calendars.

use super::switch::{Limit, Text, Within, switches};

switches! {
    /// The switches of Google: its authorization server and its calendars.
    Google {
        "google_token_ttl" token_ttl: Within<0, 31_536_000> = "3599" of "SECONDS",
            "how long Google's access tokens live; 3599 in its documentation";
        "google_consent" consent: GoogleConsent { All = "all", First = "first" },
            "first: the user ticks only the first scope asked for, as granular consent allows";
        "google_popup" popup: Popup { Postmessage = "postmessage", Origin = "origin" },
            "the redirect_uri that exchanges a popup's code: two guides disagree; origin: that of the first redirect URI";
        "google_publishing" publishing: Publishing { Production = "production", Testing = "testing" },
            "testing: refresh tokens live for 7 days";
        "google_api_key" api_key: Text = "sandbox-key" of "TEXT",
            "the API key that opens Google's public calendars; any other is a 400";
        "google_no_auth" no_auth: NoAuth { Forbidden = "403", Unauthorized = "401" },
            "a call of Google Calendar without token and key: the status is not documented";
        "google_empty_pages" empty_pages: bool = "off" of "off|on",
            "on: every other page of Google's events is empty, although more follow: the documentation warns of it";
        "google_sync_ttl" sync_ttl: Limit = "none" of "none|N",
            "how many seconds Google's sync tokens live before they are a 410; undocumented. 0 makes every one expire";
        "google_updated_min_days" updated_min_days: Limit = "none" of "none|N",
            "how many days back updatedMin may lie before it is a 410; undocumented";
        "google_horizon_days" horizon_days: Within<1, 3650> = "730" of "DAYS",
            "how far ahead Google lists occurrences of a series where no timeMax is given; undocumented";
        "google_limit" limit: GoogleLimit { Off = "off", UserRateLimitExceeded = "userRateLimitExceeded", RateLimitExceeded = "rateLimitExceeded", QuotaExceeded = "quotaExceeded", AccessNotConfigured = "accessNotConfigured", TooManyRequests = "429", BackendError = "backendError" },
            "what Google Calendar refuses calls with: a 403 by its reason, a 429 or a 500; see google_limit_every";
        "google_limit_every" limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "with google_limit on, every Nth call of Google Calendar is refused";
    }
}
