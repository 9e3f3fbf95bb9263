//! A field of an update: keep, clear or set.

use alloc::string::String;
use alloc::vec::Vec;

/// The change of a field that can be cleared.
///
/// An `Option` could not distinguish keeping a field from clearing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Keeps the field: nothing is sent.
    #[default]
    Keep,
    /// Clears the field: sends null, or an empty list for some lists.
    Clear,
    /// Sets the field to a value.
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
    /// Returns `Set` for a value, and `Keep` for `None`.
    pub(crate) fn of(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    /// Returns whether the field keeps its value.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> Patch<Vec<T>> {
    /// Adds items to the list of `Set`. `Keep` and `Clear` become a list of these items.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        let mut list = match core::mem::take(self) {
            Self::Set(list) => list,
            Self::Keep | Self::Clear => Vec::new(),
        };
        list.extend(items);
        *self = Self::Set(list);
    }
}
