//! The forms of values in a state file that serde's derive does not cover.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ed25519_compact::{KeyPair, Seed};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A text from a fixed list, such as a status.
///
/// The alias hides the reference from serde's derive, which would borrow the text from the file.
pub(crate) type Word = &'static str;

/// Every text that a field of the type [`Word`] can have.
const WORDS: &str = "google microsoft apple caldav busy free public private confidential confirmed tentative cancelled \
                     accepted declined none invitation update cancellation reply sms call email";

pub(crate) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    known(&String::deserialize(deserializer)?)
}

pub(crate) fn optional_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|text| known(&text)).transpose()
}

fn known<E: serde::de::Error>(text: &str) -> Result<Word, E> {
    let known = WORDS.split(' ').find(|known| *known == text);
    known.ok_or_else(|| E::custom(format!("{text:?} is not one of these words: {WORDS}")))
}

/// A value that a state file has as a text.
pub(crate) trait TextForm: Sized {
    /// Describes the text, for errors.
    const EXPECTED: &'static str;

    fn to_text(&self) -> String;

    /// Reads a text; `None` for an invalid text.
    fn from_text(text: &str) -> Option<Self>;
}

fn read<T: TextForm, E: serde::de::Error>(text: &str) -> Result<T, E> {
    T::from_text(text).ok_or_else(|| E::custom(format!("{text:?} is not {}", T::EXPECTED)))
}

/// For `#[serde(with = "text")]`: a value as a text.
pub(crate) mod text {
    use super::*;

    pub(crate) fn serialize<T: TextForm, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_text())
    }

    pub(crate) fn deserialize<'de, T: TextForm, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        read(&String::deserialize(deserializer)?)
    }
}

/// For `#[serde(with = "texts")]`: a list of values as texts.
pub(crate) mod texts {
    use super::*;

    pub(crate) fn serialize<T: TextForm, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(TextForm::to_text))
    }

    pub(crate) fn deserialize<'de, T: TextForm, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|text| read(text)).collect()
    }
}

/// For `#[serde(with = "pairs")]`: a map whose keys are not texts, as a list of keys and values.
pub(crate) mod pairs {
    use super::*;

    pub(crate) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A large number as a text, because JavaScript rounds large numbers.
impl TextForm for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The seconds of an offset.
impl TextForm for Offset {
    const EXPECTED: &'static str = "an offset from UTC (expected a number of seconds)";

    fn to_text(&self) -> String {
        self.seconds().to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::from_seconds(text.parse().ok()?).ok()
    }
}

impl TextForm for TimeZone {
    const EXPECTED: &'static str = "a time zone (expected an IANA name such as Europe/Berlin)";

    fn to_text(&self) -> String {
        self.iana_name().unwrap_or("UTC").to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        crate::world::time::zone(text)
    }
}

/// The body of a delivery.
impl TextForm for Bytes {
    const EXPECTED: &'static str = "a text";

    fn to_text(&self) -> String {
        String::from_utf8_lossy(self).into_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text.to_owned()))
    }
}

/// The secret of a key pair that signs deliveries.
impl TextForm for KeyPair {
    const EXPECTED: &'static str = "the secret of an Ed25519 key pair (expected the base64 form of 32 bytes)";

    fn to_text(&self) -> String {
        STANDARD.encode(*self.sk.seed())
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::try_from_seed(Seed::from_slice(&STANDARD.decode(text).ok()?).ok()?).ok()
    }
}
