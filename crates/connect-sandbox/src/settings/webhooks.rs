//! The switches of webhooks.

use super::switch::{Within, switches};

switches! {
    /// The switches of webhooks.
    Webhooks {
        "auto_subscribe" auto_subscribe: bool = "on" of "on|off",
            "calendars are subscribed when an account connects and a webhook URL is set; older rules left it to the application";
        "subscribe_alias" subscribe_alias: bool = "off" of "off|on",
            "on: subscribe takes `primary`, as the official examples send it; documented to take listed ids only";
        "duplicate_channel" duplicate_channel: DuplicateChannel { BadRequest = "400", Conflict = "409" },
            "a channelId has to be unique among an application's subscriptions; the status of the error is unknown";
        "webhook_body" webhook_body: WebhookBody { Documented = "documented", Vector = "vector" },
            "the documented body of a delivery, or the smaller one in the official SDKs' signature vectors";
        "initial_sync" initial_sync: bool = "on" of "on|off",
            "a new channel of Google or Microsoft starts with the events of the coming month (at most 50)";
        "echo_suppression" echo_suppression: bool = "on" of "on|off",
            "the application does not hear of its own writes if the provider tells of them within 30 s";
        "delivery_retries" delivery_retries: Within<0, 20> = "5" of "N",
            "how often a delivery is tried again after anything but a 2xx or a 401; the real number is unknown";
        "delivery_backoff" delivery_backoff: Within<0, 86_400> = "5" of "SECONDS",
            "the wait before the first retry, doubled for each one after it; the real times are unknown";
        "delivery_order" delivery_order: DeliveryOrder { InOrder = "in_order", Shuffled = "shuffled" },
            "shuffled: every other delivery waits 2 to 3 s, so that the next one overtakes it; no order is promised";
        "delivery_duplicates" delivery_duplicates: bool = "off" of "off|on",
            "on: every delivery is sent twice, with one webhook-id; no delivery is promised to come only once";
        "keys_max_age" keys_max_age: Within<0, 31_536_000> = "3600" of "SECONDS",
            "max-age of the document of the webhook keys; 3600 in an official SDK's tests";
        "key_overlap" key_overlap: Within<0, 31_536_000> = "86400" of "SECONDS",
            "how long a previous key stays listed and signs too; 0 for none. The real time is unknown";
    }
}
