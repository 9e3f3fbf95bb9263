//! The table of switches: name, values, default, and the fact behind each.

/// One switch of the sandbox.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Switch {
    /// The name used by `--set` and `POST /sandbox/set`.
    pub name: &'static str,
    /// The values it takes, for people.
    pub values: &'static str,
    /// The value it starts with.
    pub default: &'static str,
    /// Why it exists: what the real service does or is not known to do.
    pub about: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The first one is the default.
    OneOf(&'static [&'static str]),
    Number {
        least: u64,
        most: u64,
    },
    NumberOrNone,
    Text,
    OptionalText,
    Uri,
    OptionalUri,
}

use Kind::{Number, NumberOrNone, OneOf, OptionalText, OptionalUri, Text, Uri};

/// Every switch, in the order they are listed.
pub const SWITCHES: &[Switch] = &[
    // Sign-in and tokens.
    Switch {
        name: "auto_consent",
        values: "on|off",
        default: "on",
        about: "on: authorize approves at once; off: it shows the provider page",
        kind: OneOf(&["on", "off"]),
    },
    Switch {
        name: "code",
        values: "random|user_id",
        default: "random",
        about: "the documentation says the code equals the user id",
        kind: OneOf(&["random", "user_id"]),
    },
    Switch {
        name: "token_ttl",
        values: "SECONDS",
        default: "3600",
        about: "how long an access token lives; documented as 3600",
        kind: Number { least: 0, most: 31_536_000 },
    },
    Switch {
        name: "rotation",
        values: "grace|strict|family",
        default: "grace",
        about: "what a replayed refresh token does: the newest rule keeps one generation of grace, older ones did not",
        kind: OneOf(&["grace", "strict", "family"]),
    },
    // Errors.
    Switch {
        name: "expired_body",
        values: "message|error|empty",
        default: "message",
        about: "the body of a 401 for an expired token is undocumented",
        kind: OneOf(&["message", "error", "empty"]),
    },
    Switch {
        name: "write_denied",
        values: "401|403",
        default: "401",
        about: "documented as 401 in one place and as 403 in another",
        kind: OneOf(&["401", "403"]),
    },
    Switch {
        name: "error_style",
        values: "message|error",
        default: "message",
        about: "plain errors are {error, message} or {error} alone; bodies known in one form only stay",
        kind: OneOf(&["message", "error"]),
    },
    Switch {
        name: "rate_limit",
        values: "off|seconds|date",
        default: "off",
        about: "rate limits are not quantified, and Retry-After has two forms; see rate_limit_every",
        kind: OneOf(&["off", "seconds", "date"]),
    },
    Switch {
        name: "rate_limit_every",
        values: "N",
        default: "10",
        about: "with rate_limit on, every Nth call of the API is a 429",
        kind: Number { least: 1, most: u64::MAX },
    },
    Switch {
        name: "server_errors",
        values: "N",
        default: "0",
        about: "every Nth call of the API is a 503; 0 for none",
        kind: Number { least: 0, most: u64::MAX },
    },
    // The form of answers.
    Switch {
        name: "event_response",
        values: "root|wrapped",
        default: "root",
        about: "an event written comes back at the root (documented) or under `event` (expected by two official SDKs)",
        kind: OneOf(&["root", "wrapped"]),
    },
    Switch {
        name: "create_status",
        values: "201|200",
        default: "201",
        about: "documented as 201, 200 in the official SDKs' tests",
        kind: OneOf(&["201", "200"]),
    },
    Switch {
        name: "delete_status",
        values: "204|200",
        default: "204",
        about: "204 without a body, or 200 with success and message",
        kind: OneOf(&["204", "200"]),
    },
    Switch {
        name: "delete_by",
        values: "both|query|body",
        default: "both",
        about: "a delete is documented with a JSON body; every official SDK sends the query",
        kind: OneOf(&["both", "query", "body"]),
    },
    Switch {
        name: "conference",
        values: "string|object",
        default: "string",
        about: "a URL, or an object with url and provider",
        kind: OneOf(&["string", "object"]),
    },
    Switch {
        name: "attendees",
        values: "objects|strings",
        default: "objects",
        about: "documented as objects in answers; one official SDK reads bare addresses as well",
        kind: OneOf(&["objects", "strings"]),
    },
    Switch {
        name: "calendar_id",
        values: "present|missing",
        default: "present",
        about: "calendarId of an event is in the documented table and in none of the documented examples",
        kind: OneOf(&["present", "missing"]),
    },
    Switch {
        name: "odd_dates",
        values: "off|on",
        default: "off",
        about: "on: some events have times without zone, seconds or milliseconds, dates alone, null or nothing",
        kind: OneOf(&["off", "on"]),
    },
    Switch {
        name: "legacy_routes",
        values: "on|off",
        default: "on",
        about: "/connection-status and /disconnect without /oauth, where most official SDKs try again",
        kind: OneOf(&["on", "off"]),
    },
    // Accounts.
    Switch {
        name: "withheld",
        values: "none|google|microsoft",
        default: "none",
        about: "the account of this provider withheld calendar access; Apple and CalDAV have no such permission",
        kind: OneOf(&["none", "google", "microsoft"]),
    },
    Switch {
        name: "reauth",
        values: "none|google|microsoft|apple|caldav",
        default: "none",
        about: "the account of this provider has the syncState reauth_required",
        kind: OneOf(&["none", "google", "microsoft", "apple", "caldav"]),
    },
    Switch {
        name: "account_limit",
        values: "none|N",
        default: "none",
        about: "how many accounts a user may connect: limitReached; the real limit depends on the plan",
        kind: NumberOrNone,
    },
    // Webhooks.
    Switch {
        name: "auto_subscribe",
        values: "on|off",
        default: "on",
        about: "calendars are subscribed when an account connects and a webhook URL is set; older rules left it to the application",
        kind: OneOf(&["on", "off"]),
    },
    Switch {
        name: "subscribe_alias",
        values: "off|on",
        default: "off",
        about: "on: subscribe takes `primary`, as the official examples send it; documented to take listed ids only",
        kind: OneOf(&["off", "on"]),
    },
    Switch {
        name: "duplicate_channel",
        values: "400|409",
        default: "400",
        about: "a channelId has to be unique among an application's subscriptions; the status of the error is unknown",
        kind: OneOf(&["400", "409"]),
    },
    // The sandbox itself.
    Switch {
        name: "latency_ms",
        values: "MILLISECONDS",
        default: "0",
        about: "every answer of the service takes this long",
        kind: Number { least: 0, most: 600_000 },
    },
    Switch {
        name: "seed",
        values: "NUMBER",
        default: "1",
        about: "the same seed gives the same tokens, ids and events",
        kind: Number { least: 0, most: u64::MAX },
    },
    // The demo application.
    Switch {
        name: "client_id",
        values: "TEXT",
        default: "sandbox-client",
        about: "the demo application's id",
        kind: Text,
    },
    Switch {
        name: "client_secret",
        values: "TEXT",
        default: "sandbox-secret",
        about: "the demo application's secret",
        kind: Text,
    },
    Switch {
        name: "redirect_uri",
        values: "URI",
        default: "http://127.0.0.1:8765/callback",
        about: "where authorize redirects to: the stored value wins over the query's",
        kind: Uri,
    },
    Switch {
        name: "app_name",
        values: "TEXT",
        default: "Demo application",
        about: "the demo application's internal name; users do not see it",
        kind: Text,
    },
    Switch {
        name: "display_name",
        values: "TEXT or nothing",
        default: "",
        about: "the demo application's name on the pages; without it they say \"The application\"",
        kind: OptionalText,
    },
    Switch {
        name: "webhook_url",
        values: "URI or nothing",
        default: "",
        about: "where the demo application takes deliveries; without it subscribing is a 400",
        kind: OptionalUri,
    },
];

impl Switch {
    pub(super) fn takes(&self, value: &str) -> bool {
        match self.kind {
            OneOf(values) => values.contains(&value),
            Number { least, most } => value.parse().is_ok_and(|number| (least..=most).contains(&number)),
            NumberOrNone => value == "none" || value.parse::<u64>().is_ok(),
            Text => !value.is_empty(),
            OptionalText => true,
            Uri => is_uri(value),
            OptionalUri => value.is_empty() || is_uri(value),
        }
    }
}

/// A scheme, and nothing that could end a header line.
pub(crate) fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    text.split_once("://").is_some_and(|(before, after)| scheme(before) && !after.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
