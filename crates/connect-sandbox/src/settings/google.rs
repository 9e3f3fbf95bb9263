//! The switches of Google: its authorization server and the Calendar API.

use super::switch::{Limit, OptionalText, Text, Within, switches};

switches! {
    Google {
        "google_token_ttl" token_ttl: Within<0, 31_536_000> = "3599" of "SECONDS",
            "lifetime of Google access tokens in seconds; 3599 in the documentation";
        "google_consent" consent: GoogleConsent { All = "all", First = "first" },
            "first: the user grants only the first requested scope, as granular consent allows";
        "google_popup" popup: Popup { Postmessage = "postmessage", Origin = "origin" },
            "the redirect_uri that an exchange must send for a code from the popup flow; two guides of Google disagree. origin: the origin of the first registered redirect URI";
        "google_publishing" publishing: Publishing { Production = "production", Testing = "testing" },
            "testing: refresh tokens expire after 7 days";
        "google_issuer" issuer: GoogleIssuer { Sandbox = "sandbox", Google = "https://accounts.google.com", Legacy = "accounts.google.com" },
            "the issuer of Google ID tokens: the sandbox, or one of the two that Google documents and that some clients require";
        "google_api_key" api_key: Text = "sandbox-key" of "TEXT",
            "the API key for public Google calendars; a call with any other key gets a 400";
        "google_no_auth" no_auth: NoAuth { Forbidden = "403", Unauthorized = "401" },
            "the status of the response to a Google Calendar call that has neither an access token nor an API key; undocumented";
        "google_empty_pages" empty_pages: bool = "off" of "off|on",
            "on: every other page of Google events is empty although more pages follow; documented as possible";
        "google_sync_ttl" sync_ttl: Limit = "none" of "none|N",
            "lifetime of Google sync tokens in seconds; a call with an expired token gets a 410. Undocumented. 0: always expired";
        "google_updated_min_days" updated_min_days: Limit = "none" of "none|N",
            "the maximum age of updatedMin in days; a call with an older updatedMin gets a 410. Undocumented";
        "google_horizon_days" horizon_days: Within<1, 3650> = "730" of "DAYS",
            "how many days from now Google lists the occurrences of a series if the request has no timeMax; undocumented";
        "google_limit" limit: GoogleLimit { Off = "off", UserRateLimitExceeded = "userRateLimitExceeded", RateLimitExceeded = "rateLimitExceeded", QuotaExceeded = "quotaExceeded", AccessNotConfigured = "accessNotConfigured", TooManyRequests = "429", BackendError = "backendError" },
            "the error of refused Google Calendar calls: 429, backendError (a 500), or the reason of a 403; see google_limit_every";
        "google_limit_every" limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "unless google_limit is off, every Nth Google Calendar call is refused";
        "google_push_refused" push_refused: OptionalText = "" of "IDS or empty",
            "the ids of the calendars for which Google refuses notification channels, separated by commas; *: all calendars. Holiday calendars always refuse them; undocumented";
        "google_channel_max" channel_max: Within<1, 31_536_000> = "2592000" of "SECONDS",
            "the maximum lifetime of a Google notification channel in seconds; a channel that asks for more gets the maximum. Undocumented";
    }
}
