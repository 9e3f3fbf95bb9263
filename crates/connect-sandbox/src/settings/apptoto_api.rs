//! The switches of Apptoto's API. Its documentation has neither statuses nor bodies of errors, and not the form of every
//! answer.

use super::switch::Kind::{NumberOrNone, OneOf, Text};
use super::switch::Switch;

pub(super) const API_KEY: Switch = Switch {
    name: "apptoto_api_key",
    values: "TEXT",
    default: "sandbox-key",
    about: "the API key of every Apptoto account whose seed has none of its own; another is a 401",
    kind: Text,
};

pub(super) const ERROR_BODY: Switch = Switch {
    name: "apptoto_error_body",
    values: "error|errors|empty",
    default: "error",
    about: "the body of an error of Apptoto's API: {error, message}, a list of texts, or none; undocumented",
    kind: OneOf(&["error", "errors", "empty"]),
};

pub(super) const INVALID_STATUS: Switch = Switch {
    name: "apptoto_invalid_status",
    values: "400|422",
    default: "400",
    about: "the status of a request to Apptoto that is wrong; undocumented",
    kind: OneOf(&["400", "422"]),
};

pub(super) const CREATE_STATUS: Switch = Switch {
    name: "apptoto_create_status",
    values: "200|201",
    default: "200",
    about: "the status of a create at Apptoto; undocumented, and public clients take 200 alone",
    kind: OneOf(&["200", "201"]),
};

pub(super) const END: Switch = Switch {
    name: "apptoto_end",
    values: "TEXT",
    default: "end",
    about: "the parameter up to which Apptoto lists events: it is described, and its name is not shown",
    kind: Text,
};

pub(super) const EVENT_FIELDS: Switch = Switch {
    name: "apptoto_event_fields",
    values: "documented|all",
    default: "documented",
    about: "all: an event of Apptoto also has the fields it was created with and no documented answer shows",
    kind: OneOf(&["documented", "all"]),
};

pub(super) const DUPLICATE: Switch = Switch {
    name: "apptoto_duplicate",
    values: "refused|created",
    default: "refused",
    about: "an event with the external_id of another one: it should be unique, and what happens is undocumented",
    kind: OneOf(&["refused", "created"]),
};

pub(super) const MOVE: Switch = Switch {
    name: "apptoto_move",
    values: "refused|ignored",
    default: "refused",
    about: "a PUT that names another calendar or address book: moving is not supported, how it fails undocumented",
    kind: OneOf(&["refused", "ignored"]),
};

pub(super) const KEEP_MESSAGED: Switch = Switch {
    name: "apptoto_keep_messaged",
    values: "on|off",
    default: "on",
    about: "participants who were written to stay in an event; documented, and Apptoto can turn it off",
    kind: OneOf(&["on", "off"]),
};

pub(super) const AUTO_MESSAGES: Switch = Switch {
    name: "apptoto_auto_messages",
    values: "off|on",
    default: "off",
    about: "on: participants of every event get an automatic message, not only those of events with #auto",
    kind: OneOf(&["off", "on"]),
};

pub(super) const CONTACTS_REPLY: Switch = Switch {
    name: "apptoto_contacts_reply",
    values: "contacts|empty",
    default: "contacts",
    about: "what Apptoto answers to contacts that were written; undocumented",
    kind: OneOf(&["contacts", "empty"]),
};

pub(super) const SEND_REPLY: Switch = Switch {
    name: "apptoto_send_reply",
    values: "success|empty",
    default: "success",
    about: "what Apptoto answers to a message that was sent; undocumented",
    kind: OneOf(&["success", "empty"]),
};

pub(super) const BOOKING_REFUSED: Switch = Switch {
    name: "apptoto_booking_refused",
    values: "200|400",
    default: "200",
    about: "the status of a booking with success: false; undocumented",
    kind: OneOf(&["200", "400"]),
};

pub(super) const CONSENT_FIELDS: Switch = Switch {
    name: "apptoto_consent_fields",
    values: "TEXT",
    default: "sms_consent,marketing_consent",
    about: "the fields of a booking for its two consents, with a comma: they are described, their names not shown",
    kind: Text,
};

pub(super) const IMPORT_STEPS: Switch = Switch {
    name: "apptoto_import_steps",
    values: "polls|clock",
    default: "polls",
    about: "an import of Apptoto goes on with every look at it, or every two seconds of the sandbox's clock",
    kind: OneOf(&["polls", "clock"]),
};

pub(super) const IMPORT_END: Switch = Switch {
    name: "apptoto_import_end",
    values: "finished|invalid|aborted",
    default: "finished",
    about: "how an import of Apptoto ends; an empty file is invalid in any case",
    kind: OneOf(&["finished", "invalid", "aborted"]),
};

pub(super) const RATE: Switch = Switch {
    name: "apptoto_rate",
    values: "none|N",
    default: "none",
    about: "calls of Apptoto's API a minute and account before a 429; public clients speak of 100, no document does",
    kind: NumberOrNone,
};

pub(super) const BATCH: Switch = Switch {
    name: "apptoto_batch",
    values: "none|N",
    default: "none",
    about: "more events in a call are written and answered with a 502; public clients speak of 20 to 25",
    kind: NumberOrNone,
};
