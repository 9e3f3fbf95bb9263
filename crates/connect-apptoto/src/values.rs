//! Values of requests and responses: ids, times, calendars and address books.

use std::fmt;

use connect_core::types::Raw;
use jiff::{Timestamp, ZonedDateTime, civil::DateTime};
use serde::{Serialize, Serializer};

use super::answer::Field;

/// An id, which is a number or a text in responses.
///
/// An id that is a whole number below 2^64 without leading zeros is sent as a number. Any other id is sent as
/// text.
///
/// ```
/// use connect_apptoto::Id;
///
/// assert_eq!(Id::from(123), Id::from("123"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Box<str>);

impl Id {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&Self> for Id {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<u64>() {
            Ok(number) if number.to_string() == *self.0 => serializer.serialize_u64(number),
            _ => serializer.serialize_str(&self.0),
        }
    }
}

impl Field for Id {
    fn read(raw: Raw) -> Option<Self> {
        let is_number = raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if is_number { Some(Self(raw.get().into())) } else { raw.text().map(Self::from) }
    }
}

/// A time in a request, as ISO 8601 text.
///
/// The text of a [`ZonedDateTime`] ends with its UTC offset, and the text of a [`Timestamp`] with `Z`.
///
/// ```
/// use connect_apptoto::When;
///
/// let zoned: jiff::ZonedDateTime = "2016-06-21T14:00:00-08:00[-08:00]".parse()?;
/// assert_eq!(When::from(&zoned).as_str(), "2016-06-21T14:00:00-08:00");
/// assert_eq!(When::from(zoned.timestamp()).as_str(), "2016-06-21T22:00:00Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct When(Box<str>);

impl When {
    /// Returns the text that is sent to the server.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Creates a time without an offset.
    pub(super) fn local(time: DateTime) -> Self {
        Self(time.to_string().into())
    }
}

impl From<Timestamp> for When {
    fn from(instant: Timestamp) -> Self {
        Self(instant.to_string().into())
    }
}

impl From<&ZonedDateTime> for When {
    fn from(zoned: &ZonedDateTime) -> Self {
        Self(zoned.timestamp().display_with_offset(zoned.offset()).to_string().into())
    }
}

impl From<ZonedDateTime> for When {
    fn from(zoned: ZonedDateTime) -> Self {
        Self::from(&zoned)
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A calendar or an address book, by its id or name.
///
/// If no calendar or address book has the name, Apptoto creates one with the name. However, Apptoto creates
/// no calendar if [`prevent_calendar_creation`](super::CreateEvents::prevent_calendar_creation) is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The id.
    Id(Id),
    /// The name.
    Named(String),
}

impl From<Id> for Place {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<&Id> for Place {
    fn from(id: &Id) -> Self {
        Self::Id(id.clone())
    }
}

impl From<u64> for Place {
    fn from(id: u64) -> Self {
        Self::Id(id.into())
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for Place {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

/// The availability that an event shows. Apptoto's default is busy. `ShowAs::from` creates values for numbers
/// that have no constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShowAs(u64);

impl ShowAs {
    /// Free (0).
    pub const FREE: Self = Self(0);
    /// Tentative (1).
    pub const TENTATIVE: Self = Self(1);
    /// Busy (2).
    pub const BUSY: Self = Self(2);
    /// Out of office (3).
    pub const OUT_OF_OFFICE: Self = Self(3);
    /// Working elsewhere (4).
    pub const WORKING_ELSEWHERE: Self = Self(4);

    /// Returns the number that is sent to the server.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl From<u64> for ShowAs {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl Serialize for ShowAs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_digits_is_sent_as_number_other_ids_as_text() {
        let read = |text: &str| Id::read(text.parse().unwrap());
        assert_eq!(read("123"), read("\"123\""));
        assert_eq!(read("18446744073709551616").unwrap().as_str(), "18446744073709551616");
        for none in ["null", "true", "[]", "{}"] {
            assert_eq!(read(none), None, "{none}");
        }
        let sent = |id: Id| Raw::from_value(&id).unwrap().get().to_owned();
        assert_eq!(sent(Id::from(123)), "123");
        for text in ["bookwithfred", "007", "18446744073709551616", "-1", ""] {
            assert_eq!(sent(Id::from(text)), format!("\"{text}\""));
        }
    }
}
