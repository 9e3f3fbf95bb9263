//! A value of the schema together with its JSON pointer (RFC 6901), for errors.

use serde_json::Value;

/// A value of the document, and its JSON pointer.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    /// Returns an error that names this value's pointer.
    pub(crate) fn error<T>(&self, message: impl AsRef<str>) -> Result<T, String> {
        Err(format!("#{}: {}", self.pointer, message.as_ref()))
    }

    /// Returns an error if the object has a key that no list of `known` contains.
    pub(crate) fn allow_only(&self, known: &[&[&str]]) -> Result<(), String> {
        for (key, child) in self.entries()? {
            if !known.iter().any(|keys| keys.contains(&key)) {
                return child.error("unsupported construct");
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    pub(crate) fn require(&self, key: &str) -> Result<Self, String> {
        self.get(key).map_or_else(|| self.error(format!("`{key}` is missing")), Ok)
    }

    pub(crate) fn text(&self) -> Result<&'a str, String> {
        self.value.as_str().map_or_else(|| self.error("is not a string"), Ok)
    }

    pub(crate) fn number(&self) -> Result<u32, String> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map_or_else(|| self.error("is not an integer from 0 to 4294967295"), Ok)
    }

    /// Returns the string of an optional key.
    pub(crate) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, String> {
        self.get(key).map(|node| node.text()).transpose()
    }

    /// Returns the boolean of an optional key.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(default),
            Some(node) => node.value.as_bool().map_or_else(|| node.error("is not true or false"), Ok),
        }
    }

    pub(crate) fn entries(&self) -> Result<Vec<(&'a str, Self)>, String> {
        match self.value.as_object() {
            Some(map) => Ok(map.iter().map(|(key, value)| (key.as_str(), self.child(key, value))).collect()),
            None => self.error("is not an object"),
        }
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, String> {
        match self.value.as_array() {
            Some(list) => Ok(list
                .iter()
                .enumerate()
                .map(|(index, value)| self.child(&index.to_string(), value))
                .collect()),
            None => self.error("is not an array"),
        }
    }

    /// Returns the strings of an optional array.
    pub(crate) fn optional_texts(&self, key: &str) -> Result<Vec<&'a str>, String> {
        self.get(key).map_or(Ok(Vec::new()), |list| list.items()?.iter().map(Self::text).collect())
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        let step = key.replace('~', "~0").replace('/', "~1");
        Self { value, pointer: format!("{}/{step}", self.pointer) }
    }
}
