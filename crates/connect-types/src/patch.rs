//! The three things an update can do to a field.

use alloc::string::String;
use alloc::vec::Vec;

/// What an update does to a field that can be cleared.
///
/// A plain `Option` cannot say the difference between leaving a field alone and clearing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leaves it as it is: nothing is sent.
    #[default]
    Keep,
    /// Clears it: null is sent, for a list the empty list.
    Clear,
    /// Gives it a value.
    Set(T),
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(text: &str) -> Self {
        Self::Set(text.into())
    }
}

impl From<&String> for Patch<String> {
    fn from(text: &String) -> Self {
        Self::Set(text.clone())
    }
}

impl<T> Patch<T> {
    /// Sets what there is, and keeps the field otherwise.
    pub(crate) fn of(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    /// Whether the field is left as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> Patch<Vec<T>> {
    /// Adds to the list that is to be set.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        let mut list = match core::mem::take(self) {
            Self::Set(list) => list,
            Self::Keep | Self::Clear => Vec::new(),
        };
        list.extend(items);
        *self = Self::Set(list);
    }
}
