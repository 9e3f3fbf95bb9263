//! The switches of the sandbox itself.

use super::switch::{Within, switches};

switches! {
    /// The switches of the sandbox itself.
    Itself {
        "latency_ms" latency_ms: Within<0, 600_000> = "0" of "MILLISECONDS",
            "every answer of the service takes this long";
        "seed" seed: Within<0, { u64::MAX }> = "1" of "NUMBER",
            "the same seed gives the same tokens, ids and events";
    }
}
