//! A deterministic random number generator (splitmix64).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Random(#[serde(with = "crate::stored::text")] u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates a generator for a name, given in parts. Different names give independent generators.
    pub(crate) fn named(seed: u64, parts: &[&str]) -> Self {
        Self(parts.iter().fold(seed, |seed, part| hash(seed, part)))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Returns a number below `bound` (0 for a bound of 0).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// Returns a number below `bound` (0 for a bound of 0), as a signed integer.
    pub(crate) fn int(&mut self, bound: u32) -> i64 {
        i64::try_from(self.below(u64::from(bound))).unwrap_or(0)
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Returns one of `choices`, or `fallback` if there are no choices.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T], fallback: T) -> T {
        let index = self.below(choices.len() as u64) as usize;
        choices.get(index).copied().unwrap_or(fallback)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// Returns `count` random bytes in unpadded base64url.
    pub(crate) fn token(&mut self, count: usize) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(count))
    }

    /// Returns `count` random characters of base32hex, the alphabet of Google event ids.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        self.bytes(count)
            .iter()
            .map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuv"[usize::from(byte % 32)]))
            .collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48 & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff,
        )
    }
}

/// Hashes a text (FNV-1a, then mixed); not a cryptographic hash.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    mix(text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_depends_on_seed() {
        let draw = |seed| Random::new(seed).token(32);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn uuid_has_length_and_version() {
        let uuid = Random::new(7).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes().get(14), Some(&b'4'));
    }
}
