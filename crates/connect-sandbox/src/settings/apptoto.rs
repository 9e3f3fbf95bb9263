//! The switches of Apptoto: its authorization server and its API.

use super::switch::{Limit, Text, switches};

switches! {
    Apptoto {
        "apptoto_token_ttl" token_ttl: Limit = "none" of "none|N",
            "lifetime of Apptoto access tokens in seconds; undocumented. none: no expiry, and no expires_in";
        "apptoto_refresh_tokens" refresh_tokens: RefreshTokens { Off = "off", Kept = "kept", New = "new" },
            "whether Apptoto issues refresh tokens, and whether a refresh returns a new refresh token; undocumented";
        "apptoto_revoke" revoke: bool = "off" of "off|on",
            "on: /apptoto/api/oauth/revoke exists (RFC 7009); undocumented";
        "apptoto_pkce" pkce: Pkce { S256 = "s256", Any = "any" },
            "the PKCE methods that Apptoto accepts; undocumented. any: also plain";
        "apptoto_scope_api" scope_api: bool = "off" of "off|on",
            "on: in addition to the 14 scopes of the manual, Apptoto accepts the scope `api`, which its developer page names";
        "apptoto_published" published: bool = "on" of "on|off",
            "off: only the owner of an Apptoto application can authorize it; the owner is the value of the switch oauth_user when the application is registered";
        "apptoto_api_key" api_key: Text = "sandbox-key" of "TEXT",
            "the API key of Apptoto accounts without apiKey in the seed; a call with a wrong key gets a 401";
        "apptoto_error_body" error_body: ErrorBody { Error = "error", Errors = "errors", Empty = "empty" },
            "the body of Apptoto errors: {error, message}, a list of strings, or empty; undocumented";
        "apptoto_invalid_status" invalid_status: InvalidStatus { BadRequest = "400", UnprocessableEntity = "422" },
            "the status of the response to an invalid Apptoto request; undocumented";
        "apptoto_create_status" create_status: ApptotoCreateStatus { Ok = "200", Created = "201" },
            "the status of the Apptoto response to a create request; undocumented. Published client libraries accept only 200";
        "apptoto_end" end_parameter: Text = "end" of "TEXT",
            "the name of the parameter for the end of the range of Apptoto events; the documentation describes the parameter, but does not name it";
        "apptoto_event_fields" event_fields: EventFields { Documented = "documented", All = "all" },
            "all: Apptoto events also have the fields that a create request accepts, but that no documented response has";
        "apptoto_duplicate" duplicate: Duplicate { Refused = "refused", Created = "created" },
            "the result of creating an Apptoto event whose external_id another event already has; undocumented";
        "apptoto_move" moves: Move { Refused = "refused", Ignored = "ignored" },
            "the result of a PUT that asks Apptoto to move an event to another calendar, or a contact to another address book; the documentation calls the move unsupported, but does not describe the response";
        "apptoto_keep_messaged" keep_messaged: bool = "on" of "on|off",
            "on: an update of an Apptoto event cannot remove participants who got a message; documented. Apptoto can turn this restriction off";
        "apptoto_auto_messages" auto_messages: bool = "off" of "off|on",
            "on: participants of every Apptoto event get an automatic message; off: only participants of events with #auto in the title, location or content";
        "apptoto_contacts_reply" contacts_reply: ContactsReply { Contacts = "contacts", Empty = "empty" },
            "the Apptoto response to a request that creates or updates contacts; undocumented";
        "apptoto_send_reply" send_reply: SendReply { Success = "success", Empty = "empty" },
            "the Apptoto response to a request to send a message; undocumented";
        "apptoto_booking_refused" booking_refused: BookingRefused { Ok = "200", BadRequest = "400" },
            "the status of the response to a refused booking (success: false); undocumented";
        "apptoto_consent_fields" consent_fields: Text = "sms_consent,marketing_consent" of "TEXT",
            "the names of the two consent fields of a booking, comma-separated; the documentation describes the fields, but does not name them";
        "apptoto_import_steps" import_steps: ImportSteps { Polls = "polls", Clock = "clock" },
            "an Apptoto import advances with every request for the import, or every two seconds of the sandbox's clock";
        "apptoto_import_end" import_end: ImportEnd { Finished = "finished", Invalid = "invalid", Aborted = "aborted" },
            "the final state of an Apptoto import; an empty file always ends as invalid";
        "apptoto_rate" rate: Limit = "none" of "none|N",
            "Apptoto API calls per minute and account before a 429; undocumented. Published client libraries mention 100";
        "apptoto_batch" batch: Limit = "none" of "none|N",
            "the maximum number of events in a create or update request; Apptoto stores the events of a larger request, but responds with a 502; published client libraries mention 20 to 25";
    }
}
