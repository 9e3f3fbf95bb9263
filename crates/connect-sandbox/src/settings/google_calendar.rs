//! The switches of Google Calendar.

use super::switch::Kind::{Number, NumberOrNone, OneOf, Text};
use super::switch::Switch;

pub(super) const API_KEY: Switch = Switch {
    name: "google_api_key",
    values: "TEXT",
    default: "sandbox-key",
    about: "the API key that opens Google's public calendars; any other is a 400",
    kind: Text,
};

pub(super) const NO_AUTH: Switch = Switch {
    name: "google_no_auth",
    values: "403|401",
    default: "403",
    about: "a call of Google Calendar without token and key: the status is not documented",
    kind: OneOf(&["403", "401"]),
};

pub(super) const EMPTY_PAGES: Switch = Switch {
    name: "google_empty_pages",
    values: "off|on",
    default: "off",
    about: "on: every other page of Google's events is empty, although more follow: the documentation warns of it",
    kind: OneOf(&["off", "on"]),
};

pub(super) const SYNC_TTL: Switch = Switch {
    name: "google_sync_ttl",
    values: "none|N",
    default: "none",
    about: "how many seconds Google's sync tokens live before they are a 410; undocumented. 0 makes every one expire",
    kind: NumberOrNone,
};

pub(super) const UPDATED_MIN_DAYS: Switch = Switch {
    name: "google_updated_min_days",
    values: "none|N",
    default: "none",
    about: "how many days back updatedMin may lie before it is a 410; undocumented",
    kind: NumberOrNone,
};

pub(super) const HORIZON_DAYS: Switch = Switch {
    name: "google_horizon_days",
    values: "DAYS",
    default: "730",
    about: "how far ahead Google lists occurrences of a series where no timeMax is given; undocumented",
    kind: Number { least: 1, most: 3650 },
};

pub(super) const LIMIT: Switch = Switch {
    name: "google_limit",
    values: "off|userRateLimitExceeded|rateLimitExceeded|quotaExceeded|accessNotConfigured|429|backendError",
    default: "off",
    about: "what Google Calendar refuses calls with: a 403 by its reason, a 429 or a 500; see google_limit_every",
    kind: OneOf(&[
        "off",
        "userRateLimitExceeded",
        "rateLimitExceeded",
        "quotaExceeded",
        "accessNotConfigured",
        "429",
        "backendError",
    ]),
};

pub(super) const LIMIT_EVERY: Switch = Switch {
    name: "google_limit_every",
    values: "N",
    default: "10",
    about: "with google_limit on, every Nth call of Google Calendar is refused",
    kind: Number { least: 1, most: u64::MAX },
};
