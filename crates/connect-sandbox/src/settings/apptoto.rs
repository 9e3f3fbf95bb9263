//! The switches of Apptoto: its authorization server and its API.

use super::switch::{Limit, Text, switches};

switches! {
    /// The switches of Apptoto: its authorization server and its API.
    Apptoto {
        "apptoto_token_ttl" token_ttl: Limit = "none" of "none|N",
            "how many seconds Apptoto's access tokens live; undocumented, and none means that no expires_in is told";
        "apptoto_refresh_tokens" refresh_tokens: RefreshTokens { Off = "off", Kept = "kept", New = "new" },
            "whether Apptoto gives refresh tokens, and a new one at every refresh; undocumented";
        "apptoto_revoke" revoke: bool = "off" of "off|on",
            "on: /apptoto/api/oauth/revoke (RFC 7009); no such endpoint is documented";
        "apptoto_pkce" pkce: Pkce { S256 = "s256", Any = "any" },
            "the methods of PKCE Apptoto takes are undocumented; any: plain as well";
        "apptoto_scope_api" scope_api: bool = "off" of "off|on",
            "on: Apptoto takes the coarse scope `api` of its developer page, beside the manual's 14";
        "apptoto_published" published: bool = "on" of "on|off",
            "off: only who registered an application at Apptoto (oauth_user at that time) can authorize it";
        "apptoto_api_key" api_key: Text = "sandbox-key" of "TEXT",
            "the API key of every Apptoto account whose seed has none of its own; another is a 401";
        "apptoto_error_body" error_body: ErrorBody { Error = "error", Errors = "errors", Empty = "empty" },
            "the body of an error of Apptoto's API: {error, message}, a list of texts, or none; undocumented";
        "apptoto_invalid_status" invalid_status: InvalidStatus { BadRequest = "400", UnprocessableEntity = "422" },
            "the status of a request to Apptoto that is wrong; undocumented";
        "apptoto_create_status" create_status: ApptotoCreateStatus { Ok = "200", Created = "201" },
            "the status of a create at Apptoto; undocumented, and public clients take 200 alone";
        "apptoto_end" end_parameter: Text = "end" of "TEXT",
            "the parameter up to which Apptoto lists events: it is described, and its name is not shown";
        "apptoto_event_fields" event_fields: EventFields { Documented = "documented", All = "all" },
            "all: an event of Apptoto also has the fields it was created with and no documented answer shows";
        "apptoto_duplicate" duplicate: Duplicate { Refused = "refused", Created = "created" },
            "an event with the external_id of another one: it should be unique, and what happens is undocumented";
        "apptoto_move" moves: Move { Refused = "refused", Ignored = "ignored" },
            "a PUT that names another calendar or address book: moving is not supported, how it fails undocumented";
        "apptoto_keep_messaged" keep_messaged: bool = "on" of "on|off",
            "participants who were written to stay in an event; documented, and Apptoto can turn it off";
        "apptoto_auto_messages" auto_messages: bool = "off" of "off|on",
            "on: participants of every event get an automatic message, not only those of events with #auto";
        "apptoto_contacts_reply" contacts_reply: ContactsReply { Contacts = "contacts", Empty = "empty" },
            "what Apptoto answers to contacts that were written; undocumented";
        "apptoto_send_reply" send_reply: SendReply { Success = "success", Empty = "empty" },
            "what Apptoto answers to a message that was sent; undocumented";
        "apptoto_booking_refused" booking_refused: BookingRefused { Ok = "200", BadRequest = "400" },
            "the status of a booking with success: false; undocumented";
        "apptoto_consent_fields" consent_fields: Text = "sms_consent,marketing_consent" of "TEXT",
            "the fields of a booking for its two consents, with a comma: they are described, their names not shown";
        "apptoto_import_steps" import_steps: ImportSteps { Polls = "polls", Clock = "clock" },
            "an import of Apptoto goes on with every look at it, or every two seconds of the sandbox's clock";
        "apptoto_import_end" import_end: ImportEnd { Finished = "finished", Invalid = "invalid", Aborted = "aborted" },
            "how an import of Apptoto ends; an empty file is invalid in any case";
        "apptoto_rate" rate: Limit = "none" of "none|N",
            "calls of Apptoto's API a minute and account before a 429; public clients speak of 100, no document does";
        "apptoto_batch" batch: Limit = "none" of "none|N",
            "more events in a call are written and answered with a 502; public clients speak of 20 to 25";
    }
}
