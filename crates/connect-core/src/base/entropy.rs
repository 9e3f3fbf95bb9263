//! A random number generator: SHA-256 in counter mode over a seed that the caller provides. If the seed is
//! random and secret, the numbers are suitable for the `state` of a sign-in.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::Hash;
use zeroize::Zeroizing;

/// The seed of all random numbers: 32 random bytes, or fixed bytes for a reproducible run.
///
/// Keep the seed secret: an attacker who has the seed can predict every `state`.
#[derive(Clone)]
pub struct Seed(pub(crate) Zeroizing<[u8; 32]>);

impl From<[u8; 32]> for Seed {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

pub(crate) struct Entropy {
    seed: Seed,
    counter: AtomicU64,
}

impl Entropy {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }

    /// Returns 256 random bits in unpadded base64url.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.block())
    }

    /// Returns a random number in `[0, 1)`.
    pub(crate) fn unit(&self) -> f64 {
        let [a, b, c, d, e, f, ..] = self.block();
        let bits = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
        bits as f64 / (1_u64 << 48) as f64
    }

    fn block(&self) -> [u8; 32] {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut hash = Hash::new();
        hash.update(*self.seed.0);
        hash.update(counter.to_le_bytes());
        hash.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_and_stay_in_range() {
        let entropy = Entropy::new([7; 32].into());
        let texts: std::collections::HashSet<_> = (0..100).map(|_| entropy.text()).collect();
        assert_eq!(texts.len(), 100);
        let units: Vec<_> = (0..1_000).map(|_| entropy.unit()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        for tenth in 0..10 {
            assert!(units.iter().any(|unit| (unit * 10.0) as i32 == tenth), "none from {tenth} tenths on");
        }
    }

    #[test]
    fn seed_debug_is_redacted() {
        assert_eq!(format!("{:?}", Seed::from([7; 32])), "[redacted]");
    }
}
