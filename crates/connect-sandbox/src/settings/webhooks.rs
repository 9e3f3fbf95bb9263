//! The switches of webhooks.

use super::switch::{Within, switches};

switches! {
    Webhooks {
        "auto_subscribe" auto_subscribe: bool = "on" of "on|off",
            "on: the calendars of a newly connected account are subscribed if the application has a webhook URL; older versions of the service left subscribing to the application";
        "subscribe_alias" subscribe_alias: bool = "off" of "off|on",
            "on: subscribe accepts the calendar id `primary`, which official examples send; documented: only the ids of listed calendars";
        "duplicate_channel" duplicate_channel: DuplicateChannel { BadRequest = "400", Conflict = "409" },
            "the status of the response to a subscribe request with a channelId that the application already uses; undocumented";
        "webhook_body" webhook_body: WebhookBody { Documented = "documented", Vector = "vector" },
            "the body of a delivery: documented, or the smaller body in the signature test vectors of the official SDKs";
        "initial_sync" initial_sync: bool = "on" of "on|off",
            "on: the first delivery of a new channel of Google or Microsoft has the events of the next 31 days (at most 50)";
        "echo_suppression" echo_suppression: bool = "on" of "on|off",
            "on: the application's own writes are not delivered if the provider reports them within 30 s";
        "delivery_retries" delivery_retries: Within<0, 20> = "5" of "N",
            "the maximum number of retries of a delivery that gets no response, or a status other than 2xx and 401; the real number is unknown";
        "delivery_backoff" delivery_backoff: Within<0, 86_400> = "5" of "SECONDS",
            "the wait in seconds before the first retry; each later wait is twice as long as the wait before. The real times are unknown";
        "delivery_order" delivery_order: DeliveryOrder { InOrder = "in_order", Shuffled = "shuffled" },
            "shuffled: every other delivery is delayed by 2 to 3 s, so that the next delivery overtakes it; the service documents no guaranteed order";
        "delivery_duplicates" delivery_duplicates: bool = "off" of "off|on",
            "on: every delivery is sent twice with the same webhook-id; duplicates are documented as possible";
        "keys_max_age" keys_max_age: Within<0, 31_536_000> = "3600" of "SECONDS",
            "max-age in seconds of the list of webhook keys; 3600 in the tests of an official SDK";
        "key_overlap" key_overlap: Within<0, 31_536_000> = "86400" of "SECONDS",
            "how many seconds after a key rotation the previous key stays listed and signs in addition to the new key (0: the previous key is removed immediately); another rotation ends this time early. The real time is unknown";
    }
}
