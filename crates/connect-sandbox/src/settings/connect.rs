//! The switches of Mobiscroll Connect.

use super::switch::{Limit, Within, switches};

switches! {
    Connect {
        "code" code: CodeForm { Random = "random", UserId = "user_id" },
            "the authorization code; the documentation says that it equals the user id";
        "token_ttl" token_ttl: Within<0, 31_536_000> = "3600" of "SECONDS",
            "lifetime of access tokens in seconds; documented as 3600";
        "rotation" rotation: Rotation { Grace = "grace", Strict = "strict", Family = "family" },
            "the result of using a refresh token again. grace (documented): accepted until a newer refresh token of the sign-in is used; strict: refused; family: refused, and the sign-in is revoked. Older versions of the service had no grace";
        "expired_body" expired_body: ExpiredBody { Message = "message", Error = "error", Empty = "empty" },
            "the body of the 401 for an expired access token; undocumented";
        "write_denied" write_denied: WriteDenied { Unauthorized = "401", Forbidden = "403" },
            "the status of the response to a write without the scope read-write; documented as 401 in one place and as 403 in another";
        "error_style" error_style: ErrorStyle { Message = "message", Error = "error" },
            "errors are {error, message} or {error}; the switch does not change an error body that is known in only one form";
        "rate_limit" rate_limit: RateLimit { Off = "off", Seconds = "seconds", Date = "date" },
            "the form of Retry-After in 429 responses; off: no 429 responses. The real limits are undocumented. See rate_limit_every";
        "rate_limit_every" rate_limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "unless rate_limit is off, every Nth API call gets a 429";
        "server_errors" server_errors: Within<0, { u64::MAX }> = "0" of "N",
            "every Nth API call gets a 503; 0: no call";
        "api" api: ApiVersion { V161 = "1.6.1", V160 = "1.6.0" },
            "1.6.0: conferenceData has no url and no original; the scope free-busy also shows descriptions (not for Google) and conferences (for CalDAV); for Apple and CalDAV, the URL property is not the conference, and an update replaces the UID";
        "event_response" event_response: EventResponse { Root = "root", Wrapped = "wrapped" },
            "a written event is returned at the root (documented) or under `event` (expected by two official SDKs)";
        "create_status" create_status: CreateStatus { Created = "201", Ok = "200" },
            "the status of the response to a create request; documented as 201, but 200 in the tests of the official SDKs";
        "delete_status" delete_status: DeleteStatus { NoContent = "204", Ok = "200" },
            "the response to a delete request: 204 without a body, or 200 with success and message";
        "delete_by" delete_by: DeleteBy { Both = "both", Query = "query", Body = "body" },
            "where Connect reads the parameters of a delete request; documented as a JSON body, but every official SDK sends a query";
        "conference" conference: ConferenceForm { String = "string", Object = "object" },
            "the field `conference`: a URL, or an object with url and provider";
        "attendees" attendees: AttendeesForm { Objects = "objects", Strings = "strings" },
            "attendees in responses; documented as objects, but one official SDK also reads e-mail addresses";
        "calendar_id" calendar_id: CalendarIdForm { Present = "present", Missing = "missing" },
            "whether events have calendarId, which is in the documented table of fields, but in no documented example";
        "odd_dates" odd_dates: bool = "off" of "off|on",
            "on: the start and end of some events lack the zone, the seconds or the milliseconds, are dates without a time, are null, or are missing";
        "legacy_routes" legacy_routes: bool = "on" of "on|off",
            "whether the older paths /connection-status and /disconnect (without /oauth) exist; most official SDKs fall back to these paths";
        "withheld" withheld: Withheld { None = "none", Google = "google", Microsoft = "microsoft" },
            "the provider whose account has no calendar permission; Apple and CalDAV have no such permission";
        "reauth" reauth: Reauth { None = "none", Google = "google", Microsoft = "microsoft", Apple = "apple", Caldav = "caldav" },
            "the provider whose account has the syncState reauth_required";
        "shared_accounts" shared_accounts: bool = "off" of "off|on",
            "on: users who connect the same account while the switch is on share the calendars of the account, as at the provider; off: each user has separate calendars";
        "account_limit" account_limit: Limit = "none" of "none|N",
            "the maximum number of accounts of a user (limitReached); the real limit depends on the plan";
    }
}
