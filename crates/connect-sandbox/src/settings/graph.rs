//! The switches of Microsoft Graph.

use super::switch::Kind::{Number, NumberOrNone, OneOf};
use super::switch::Switch;

pub(super) const PAGE: Switch = Switch {
    name: "graph_page",
    values: "N",
    default: "10",
    about: "how many entries a page of Graph's lists has where none is asked for; undocumented, and known to be small",
    kind: Number { least: 1, most: 1000 },
};

pub(super) const EMPTY_PAGES: Switch = Switch {
    name: "graph_empty_pages",
    values: "off|on",
    default: "off",
    about: "on: every other page of Graph's events is empty, although more follow: only the next link decides",
    kind: OneOf(&["off", "on"]),
};

pub(super) const NEXT_LINK: Switch = Switch {
    name: "graph_next_link",
    values: "own|foreign|http|userinfo",
    default: "own",
    about: "where Graph's links lead: another host, http, or an address with this host before an @; no client may follow",
    kind: OneOf(&["own", "foreign", "http", "userinfo"]),
};

pub(super) const VIEW_DAYS: Switch = Switch {
    name: "graph_view_days",
    values: "none|N",
    default: "1825",
    about: "how many days a calendar view of Graph may cover; undocumented",
    kind: NumberOrNone,
};

pub(super) const ZONES: Switch = Switch {
    name: "graph_zones",
    values: "any|listed",
    default: "any",
    about: "listed: beside the names of Windows, Graph takes only the IANA names of its documentation",
    kind: OneOf(&["any", "listed"]),
};

pub(super) const TRANSACTION: Switch = Switch {
    name: "graph_transaction",
    values: "201|200|409",
    default: "201",
    about: "what a create with a transactionId that was used answers; undocumented. It makes no second event",
    kind: OneOf(&["201", "200", "409"]),
};

pub(super) const DELTA_SERIES: Switch = Switch {
    name: "graph_delta_series",
    values: "expanded|minimal",
    default: "expanded",
    about: "minimal: beside the series itself, a delta has of its regular occurrences only ids and times",
    kind: OneOf(&["expanded", "minimal"]),
};

pub(super) const SYNC_TTL: Switch = Switch {
    name: "graph_sync_ttl",
    values: "none|N",
    default: "none",
    about: "how many seconds Graph's delta links live before they are a 410; undocumented. 0 makes every one expire",
    kind: NumberOrNone,
};

pub(super) const GONE: Switch = Switch {
    name: "graph_gone",
    values: "SyncStateNotFound|syncStateNotFound|resyncRequired",
    default: "SyncStateNotFound",
    about: "the code of that 410: documents and answers disagree",
    kind: OneOf(&["SyncStateNotFound", "syncStateNotFound", "resyncRequired"]),
};

pub(super) const INNER_ERROR: Switch = Switch {
    name: "graph_inner_error",
    values: "innerError|innererror",
    default: "innerError",
    about: "how an error of Graph spells it: the documentation has both",
    kind: OneOf(&["innerError", "innererror"]),
};

pub(super) const ERROR_CODES: Switch = Switch {
    name: "graph_error_codes",
    values: "flat|nested",
    default: "flat",
    about: "nested: an error's code says no more than its status, and the inner error has the one that does",
    kind: OneOf(&["flat", "nested"]),
};

pub(super) const CONCURRENCY: Switch = Switch {
    name: "graph_concurrency",
    values: "none|N",
    default: "4",
    about: "how many requests of an application a mailbox takes at once; one more is a 429. Documented as 4",
    kind: NumberOrNone,
};

pub(super) const LIMIT: Switch = Switch {
    name: "graph_limit",
    values: "off|429|503|504|509",
    default: "off",
    about: "what Graph refuses calls with; see graph_limit_every",
    kind: OneOf(&["off", "429", "503", "504", "509"]),
};

pub(super) const LIMIT_EVERY: Switch = Switch {
    name: "graph_limit_every",
    values: "N",
    default: "10",
    about: "with graph_limit on, every Nth call of Graph is refused",
    kind: Number { least: 1, most: u64::MAX },
};

pub(super) const RETRY_AFTER: Switch = Switch {
    name: "graph_retry_after",
    values: "none|N",
    default: "2",
    about: "the seconds in Retry-After of a refusal for too many calls; documented for a 429 only",
    kind: NumberOrNone,
};
