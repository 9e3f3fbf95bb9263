//! The switches of Microsoft: its authorization server and Graph.

use super::switch::{Limit, Within, switches};

switches! {
    /// The switches of Microsoft: its authorization server and Graph.
    Microsoft {
        "microsoft_token_ttl" token_ttl: Within<0, 31_536_000> = "3599" of "SECONDS",
            "how long Microsoft's access tokens live; about an hour";
        "microsoft_scope" scope: Scope { AsAsked = "as_asked", Resource = "resource" },
            "resource: granted scopes come back with Graph's address, in another order, without offline_access";
        "graph_page" page: Within<1, 1000> = "10" of "N",
            "how many entries a page of Graph's lists has where none is asked for; undocumented, and known to be small";
        "graph_empty_pages" empty_pages: bool = "off" of "off|on",
            "on: every other page of Graph's events is empty, although more follow: only the next link decides";
        "graph_next_link" next_link: NextLink { Own = "own", Foreign = "foreign", Http = "http", Userinfo = "userinfo" },
            "where Graph's links lead: another host, http, or an address with this host before an @; no client may follow";
        "graph_view_days" view_days: Limit = "1825" of "none|N",
            "how many days a calendar view of Graph may cover; undocumented";
        "graph_zones" zones: Zones { Any = "any", Listed = "listed" },
            "listed: beside the names of Windows, Graph takes only the IANA names of its documentation";
        "graph_transaction" transaction: Transaction { Created = "201", Ok = "200", Conflict = "409" },
            "what a create with a transactionId that was used answers; undocumented. It makes no second event";
        "graph_delta_series" delta_series: DeltaSeries { Expanded = "expanded", Minimal = "minimal" },
            "minimal: beside the series itself, a delta has of its regular occurrences only ids and times";
        "graph_sync_ttl" sync_ttl: Limit = "none" of "none|N",
            "how many seconds Graph's delta links live before they are a 410; undocumented. 0 makes every one expire";
        "graph_gone" gone: Gone { SyncStateNotFound = "SyncStateNotFound", LowerCase = "syncStateNotFound", ResyncRequired = "resyncRequired" },
            "the code of that 410: documents and answers disagree";
        "graph_inner_error" inner_error: InnerError { Camel = "innerError", Lower = "innererror" },
            "how an error of Graph spells it: the documentation has both";
        "graph_error_codes" error_codes: ErrorCodes { Flat = "flat", Nested = "nested" },
            "nested: an error's code says no more than its status, and the inner error has the one that does";
        "graph_concurrency" concurrency: Limit = "4" of "none|N",
            "how many requests of an application a mailbox takes at once; one more is a 429. Documented as 4";
        "graph_limit" limit: GraphLimit { Off = "off", TooManyRequests = "429", ServiceUnavailable = "503", GatewayTimeout = "504", BandwidthLimitExceeded = "509" },
            "what Graph refuses calls with; see graph_limit_every";
        "graph_limit_every" limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "with graph_limit on, every Nth call of Graph is refused";
        "graph_retry_after" retry_after: Limit = "2" of "none|N",
            "the seconds in Retry-After of a refusal for too many calls; documented for a 429 only";
    }
}
