//! The fields an answer carried beyond those that are typed.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::fmt;

use crate::raw::Raw;
use crate::text;

/// Fields by name, as raw text: those that are unknown here, and those whose value did not have the
/// documented type.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Extra(BTreeMap<Box<str>, Raw>);

impl Extra {
    /// The field's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.0.get(name)
    }

    /// Sets a field; a field of that name is replaced.
    pub fn insert(&mut self, name: &str, raw: Raw) {
        self.0.insert(name.into(), raw);
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Raw> {
        self.0.remove(name)
    }

    /// All fields, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0.iter().map(|(name, raw)| (&**name, raw))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The reason, possibly empty, when it says `success: false`, as a boolean or as text.
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
