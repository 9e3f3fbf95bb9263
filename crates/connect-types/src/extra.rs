//! Response fields that are kept as raw JSON.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::fmt;

use crate::raw::Raw;
use crate::text;

/// Fields as raw JSON by name: unknown fields, and fields whose value is not of the documented type.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Extra(BTreeMap<Box<str>, Raw>);

impl Extra {
    /// Returns the JSON of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.0.get(name)
    }

    /// Sets a field. A field with the same name is replaced.
    pub fn insert(&mut self, name: &str, raw: Raw) {
        self.0.insert(name.into(), raw);
    }

    /// Removes a field, and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Raw> {
        self.0.remove(name)
    }

    /// Returns all fields, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0.iter().map(|(name, raw)| (&**name, raw))
    }

    /// Returns the number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the reason for a failure (`message`) if the field `success` is `false` or `"false"`.
    ///
    /// The reason is empty if the field `message` is missing or not a string.
    pub(crate) fn refusal(&self) -> Option<Cow<'_, str>> {
        let success = self.get("success")?.get();
        let refused = text::read(success).unwrap_or(Cow::Borrowed(success)) == "false";
        refused.then(|| self.get("message").and_then(|message| text::read(message.get())).unwrap_or_default())
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
