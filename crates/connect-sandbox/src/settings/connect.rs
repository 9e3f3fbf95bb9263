//! The switches of Mobiscroll Connect.

use super::switch::{Limit, Within, switches};

switches! {
    /// The switches of Mobiscroll Connect.
    Connect {
        "code" code: CodeForm { Random = "random", UserId = "user_id" },
            "the documentation says the code equals the user id";
        "token_ttl" token_ttl: Within<0, 31_536_000> = "3600" of "SECONDS",
            "how long an access token lives; documented as 3600";
        "rotation" rotation: Rotation { Grace = "grace", Strict = "strict", Family = "family" },
            "what a replayed refresh token does: the newest rule keeps one generation of grace, older ones did not";
        "expired_body" expired_body: ExpiredBody { Message = "message", Error = "error", Empty = "empty" },
            "the body of a 401 for an expired token is undocumented";
        "write_denied" write_denied: WriteDenied { Unauthorized = "401", Forbidden = "403" },
            "documented as 401 in one place and as 403 in another";
        "error_style" error_style: ErrorStyle { Message = "message", Error = "error" },
            "plain errors are {error, message} or {error} alone; bodies known in one form only stay";
        "rate_limit" rate_limit: RateLimit { Off = "off", Seconds = "seconds", Date = "date" },
            "rate limits are not quantified, and Retry-After has two forms; see rate_limit_every";
        "rate_limit_every" rate_limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "with rate_limit on, every Nth call of the API is a 429";
        "server_errors" server_errors: Within<0, { u64::MAX }> = "0" of "N",
            "every Nth call of the API is a 503; 0 for none";
        "api" api: ApiVersion { V161 = "1.6.1", V160 = "1.6.0" },
            "1.6.0: conferenceData without url and original, free-busy with some details, and at Apple and CalDAV no conference from the URL property and a new UID with every update";
        "event_response" event_response: EventResponse { Root = "root", Wrapped = "wrapped" },
            "an event written comes back at the root (documented) or under `event` (expected by two official SDKs)";
        "create_status" create_status: CreateStatus { Created = "201", Ok = "200" },
            "documented as 201, 200 in the official SDKs' tests";
        "delete_status" delete_status: DeleteStatus { NoContent = "204", Ok = "200" },
            "204 without a body, or 200 with success and message";
        "delete_by" delete_by: DeleteBy { Both = "both", Query = "query", Body = "body" },
            "a delete is documented with a JSON body; every official SDK sends the query";
        "conference" conference: ConferenceForm { String = "string", Object = "object" },
            "a URL, or an object with url and provider";
        "attendees" attendees: AttendeesForm { Objects = "objects", Strings = "strings" },
            "documented as objects in answers; one official SDK reads bare addresses as well";
        "calendar_id" calendar_id: CalendarIdForm { Present = "present", Missing = "missing" },
            "calendarId of an event is in the documented table and in none of the documented examples";
        "odd_dates" odd_dates: bool = "off" of "off|on",
            "on: some events have times without zone, seconds or milliseconds, dates alone, null or nothing";
        "legacy_routes" legacy_routes: bool = "on" of "on|off",
            "/connection-status and /disconnect without /oauth, where most official SDKs try again";
        "withheld" withheld: Withheld { None = "none", Google = "google", Microsoft = "microsoft" },
            "the account of this provider withheld calendar access; Apple and CalDAV have no such permission";
        "reauth" reauth: Reauth { None = "none", Google = "google", Microsoft = "microsoft", Apple = "apple", Caldav = "caldav" },
            "the account of this provider has the syncState reauth_required";
        "shared_accounts" shared_accounts: bool = "off" of "off|on",
            "on: users who connect the same account from then on share its calendars, as at the provider; off: each has a copy";
        "account_limit" account_limit: Limit = "none" of "none|N",
            "how many accounts a user may connect: limitReached; the real limit depends on the plan";
    }
}
