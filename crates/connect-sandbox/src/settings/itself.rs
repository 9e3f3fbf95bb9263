//! The switches of the sandbox itself.

use super::switch::{Within, switches};

switches! {
    Itself {
        "latency_ms" latency_ms: Within<0, 600_000> = "0" of "MILLISECONDS",
            "the delay of every response of a service, in milliseconds";
        "seed" seed: Within<0, { u64::MAX }> = "1" of "NUMBER",
            "the seed of the random values: the same seed gives the same tokens, ids and events";
    }
}
