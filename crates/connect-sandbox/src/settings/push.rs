//! The switches of push notifications, for the channels of Google and the subscriptions of Graph.

use super::switch::{Within, switches};

switches! {
    Push {
        "push_address" address: PushAddress { Loopback = "loopback", Https = "https" },
            "the receivers of notifications that Google and Graph accept. https (documented): only https URLs; loopback: also http URLs with a loopback host";
        "push_delay" delay: Within<0, 86_400> = "1" of "SECONDS",
            "how many seconds after a change Google and Graph send the notification; undocumented";
        "push_lost_every" lost_every: Within<0, { u64::MAX }> = "0" of "N",
            "every Nth notification of Google and Graph about a change is lost (0: no notification); documented as possible";
        "push_copies" copies: Within<1, 10> = "1" of "N",
            "how many times Google and Graph send every notification";
        "push_after_end" after_end: bool = "off" of "off|on",
            "on: Google and Graph also send notifications for channels and subscriptions that have expired or were stopped";
    }
}
