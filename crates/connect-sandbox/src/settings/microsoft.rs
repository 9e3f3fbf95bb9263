//! The switches of Microsoft: its authorization server and Graph.

use super::switch::{Guid, Limit, OptionalText, Within, switches};

switches! {
    Microsoft {
        "microsoft_token_ttl" token_ttl: Within<0, 31_536_000> = "3599" of "SECONDS",
            "lifetime of Microsoft access tokens in seconds; about an hour in reality";
        "microsoft_scope" scope: ScopeForm { AsAsked = "as_asked", Resource = "resource" },
            "resource: token responses list the granted scopes in reverse order, with the address of Graph before the name of each Graph scope, and without offline_access";
        "microsoft_tenant" tenant: Guid = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490" of "GUID",
            "the tenant of users who sign in through common or organizations: the claim tid and the issuer of their ID tokens";
        "graph_page" page: Within<1, 1000> = "10" of "N",
            "the default page size of Graph lists; undocumented, but known to be small";
        "graph_empty_pages" empty_pages: bool = "off" of "off|on",
            "on: every other page of Graph events is empty although more pages follow; only the next link shows whether a page follows";
        "graph_next_link" next_link: NextLink { Own = "own", Foreign = "foreign", Http = "http", Userinfo = "userinfo" },
            "the target of the links in Graph responses: the sandbox, another host, an http URL, or a URL with the sandbox's host before an @. Clients must follow only links to the sandbox (own)";
        "graph_view_days" view_days: Limit = "1825" of "none|N",
            "the maximum number of days in a Graph calendar view; undocumented";
        "graph_zones" zones: Zones { Any = "any", Listed = "listed" },
            "listed: Graph accepts every Windows time zone name, but of the IANA names only those that its documentation lists";
        "graph_transaction" transaction: Transaction { Created = "201", Ok = "200", Conflict = "409" },
            "the status of the response to a create request whose transactionId an event already has; no second event is created; undocumented";
        "graph_declined" declined: Declined { Removed = "removed", Kept = "kept" },
            "removed: a declined event is removed from the calendar; kept: it stays there with the reply. In Outlook, the user can choose; undocumented at Graph";
        "graph_delta_series" delta_series: DeltaSeries { Expanded = "expanded", Minimal = "minimal" },
            "minimal: in a delta, an occurrence that is not an exception of its series has only ids and times";
        "graph_sync_ttl" sync_ttl: Limit = "none" of "none|N",
            "lifetime of Graph delta links in seconds; a call with an expired link gets a 410. Undocumented. 0: always expired";
        "graph_gone" gone: Gone { SyncStateNotFound = "SyncStateNotFound", LowerCase = "syncStateNotFound", ResyncRequired = "resyncRequired" },
            "the error code of an expired delta link; documentation and real responses disagree";
        "graph_inner_error" inner_error: InnerError { Camel = "innerError", Lower = "innererror" },
            "the spelling of the inner error in Graph errors; the documentation has both spellings";
        "graph_error_codes" error_codes: ErrorCodes { Flat = "flat", Nested = "nested" },
            "nested: the error code only repeats the status, and the inner error has the specific code";
        "graph_concurrency" concurrency: Limit = "4" of "none|N",
            "the maximum number of concurrent requests of an application to a mailbox; a further request gets a 429. Documented as 4";
        "graph_limit" limit: GraphLimit { Off = "off", TooManyRequests = "429", ServiceUnavailable = "503", GatewayTimeout = "504", BandwidthLimitExceeded = "509" },
            "the status of refused Graph calls; see graph_limit_every";
        "graph_limit_every" limit_every: Within<1, { u64::MAX }> = "10" of "N",
            "unless graph_limit is off, every Nth Graph call is refused";
        "graph_retry_after" retry_after: Limit = "2" of "none|N",
            "Retry-After of refused Graph calls in seconds; documented only for a 429";
        "graph_push_refused" push_refused: OptionalText = "" of "ACCOUNTS or empty",
            "the accounts for which Graph refuses subscriptions, separated by commas; *: all accounts. Undocumented, but known of mailboxes outside Exchange Online";
        "graph_subscription_max" subscription_max: Within<45, 43_200> = "4230" of "MINUTES",
            "the maximum lifetime of a Graph subscription in minutes; a request for more gets a 400. Documented as 4230, and later as 10080";
        "graph_mailbox_events" mailbox_events: MailboxEvents { Default = "default", All = "all" },
            "the calendars that a Graph subscription to me/events covers: the default calendar, as reported, or all calendars, as documented";
        "graph_lifecycle" lifecycle: Lifecycle { Off = "off", Missed = "missed", ReauthorizationRequired = "reauthorizationRequired", SubscriptionRemoved = "subscriptionRemoved" },
            "the lifecycle notification that Graph sends with a change: missed and subscriptionRemoved replace the notification of the change, reauthorizationRequired follows it, and pauses the subscription. The real times are undocumented";
        "graph_lifecycle_every" lifecycle_every: Within<1, { u64::MAX }> = "1" of "N",
            "unless graph_lifecycle is off, every Nth change notification of Graph brings the lifecycle notification";
    }
}
