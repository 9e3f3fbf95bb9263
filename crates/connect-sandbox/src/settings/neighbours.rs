//! The switches of Google, Microsoft and Apptoto.

use super::switch::Kind::{Number, NumberOrNone, OneOf, Text};
use super::switch::Switch;

pub(super) const OAUTH_USER: Switch = Switch {
    name: "oauth_user",
    values: "TEXT",
    default: "user@example.com",
    about: "who is at the browser when an authorization request has no login_hint",
    kind: Text,
};

pub(super) const CALLBACK_ISS: Switch = Switch {
    name: "callback_iss",
    values: "off|on|wrong",
    default: "off",
    about: "the iss of a callback (RFC 9207); none of the three is known to send one",
    kind: OneOf(&["off", "on", "wrong"]),
};

pub(super) const CODE_REUSE: Switch = Switch {
    name: "code_reuse",
    values: "revoke|refuse",
    default: "revoke",
    about: "a code used twice is refused; revoke: its tokens die as well, as RFC 6749 4.1.2 recommends",
    kind: OneOf(&["revoke", "refuse"]),
};

pub(super) const PUBLIC_PKCE: Switch = Switch {
    name: "public_pkce",
    values: "optional|required",
    default: "optional",
    about: "whether public applications need PKCE at Google and Microsoft, which only recommend it",
    kind: OneOf(&["optional", "required"]),
};

pub(super) const GOOGLE_TOKEN_TTL: Switch = Switch {
    name: "google_token_ttl",
    values: "SECONDS",
    default: "3599",
    about: "how long Google's access tokens live; 3599 in its documentation",
    kind: Number { least: 0, most: 31_536_000 },
};

pub(super) const GOOGLE_CONSENT: Switch = Switch {
    name: "google_consent",
    values: "all|first",
    default: "all",
    about: "first: the user ticks only the first scope asked for, as granular consent allows",
    kind: OneOf(&["all", "first"]),
};

pub(super) const GOOGLE_POPUP: Switch = Switch {
    name: "google_popup",
    values: "postmessage|origin",
    default: "postmessage",
    about: "the redirect_uri that exchanges a popup's code: two guides disagree; origin: that of the first redirect URI",
    kind: OneOf(&["postmessage", "origin"]),
};

pub(super) const GOOGLE_PUBLISHING: Switch = Switch {
    name: "google_publishing",
    values: "production|testing",
    default: "production",
    about: "testing: refresh tokens live for 7 days",
    kind: OneOf(&["production", "testing"]),
};

pub(super) const MICROSOFT_TOKEN_TTL: Switch = Switch {
    name: "microsoft_token_ttl",
    values: "SECONDS",
    default: "3599",
    about: "how long Microsoft's access tokens live; about an hour",
    kind: Number { least: 0, most: 31_536_000 },
};

pub(super) const MICROSOFT_SCOPE: Switch = Switch {
    name: "microsoft_scope",
    values: "as_asked|resource",
    default: "as_asked",
    about: "resource: granted scopes come back with Graph's address, in another order, without offline_access",
    kind: OneOf(&["as_asked", "resource"]),
};

pub(super) const APPTOTO_TOKEN_TTL: Switch = Switch {
    name: "apptoto_token_ttl",
    values: "none|N",
    default: "none",
    about: "how many seconds Apptoto's access tokens live; undocumented, and none means that no expires_in is told",
    kind: NumberOrNone,
};

pub(super) const APPTOTO_REFRESH_TOKENS: Switch = Switch {
    name: "apptoto_refresh_tokens",
    values: "off|kept|new",
    default: "off",
    about: "whether Apptoto gives refresh tokens, and a new one at every refresh; undocumented",
    kind: OneOf(&["off", "kept", "new"]),
};

pub(super) const APPTOTO_REVOKE: Switch = Switch {
    name: "apptoto_revoke",
    values: "off|on",
    default: "off",
    about: "on: /apptoto/api/oauth/revoke (RFC 7009); no such endpoint is documented",
    kind: OneOf(&["off", "on"]),
};

pub(super) const APPTOTO_PKCE: Switch = Switch {
    name: "apptoto_pkce",
    values: "s256|any",
    default: "s256",
    about: "the methods of PKCE Apptoto takes are undocumented; any: plain as well",
    kind: OneOf(&["s256", "any"]),
};

pub(super) const APPTOTO_SCOPE_API: Switch = Switch {
    name: "apptoto_scope_api",
    values: "off|on",
    default: "off",
    about: "on: Apptoto takes the coarse scope `api` of its developer page, beside the manual's 14",
    kind: OneOf(&["off", "on"]),
};

pub(super) const APPTOTO_PUBLISHED: Switch = Switch {
    name: "apptoto_published",
    values: "on|off",
    default: "on",
    about: "off: only who registered an application at Apptoto (oauth_user at that time) can authorize it",
    kind: OneOf(&["on", "off"]),
};
