//! Functions that read JSON leniently, and a builder for JSON objects.

use std::collections::BTreeMap;

use connect_core::{Error, types::Raw};
use serde::Serialize;

pub(super) use connect_core::types::LossyString;

/// Returns the fields of an object; empty if the value is not an object.
pub(super) fn fields(raw: &Raw) -> BTreeMap<LossyString, Raw> {
    raw.decode().unwrap_or_default()
}

/// Returns a text, or a number as text: some servers send ids as numbers.
pub(super) fn text_or_number(raw: &Raw) -> Option<String> {
    let number = || raw.decode::<serde_json::Number>().ok().map(|_| raw.get().trim().to_owned());
    raw.text().or_else(number)
}

/// Returns the items of a list; empty if the value is not a list.
pub(super) fn list(raw: &Raw) -> Vec<Raw> {
    raw.decode().unwrap_or_default()
}

/// A JSON object under construction, sorted by field name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Object(BTreeMap<String, Raw>);

impl Object {
    pub(super) fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let value = Raw::from_value(value).map_err(|error| {
            Error::validation(format!("{name}: cannot be written as JSON")).with_source(error)
        })?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Sets a field to null, which clears the field in a patch.
    pub(super) fn clear(&mut self, name: &str) -> Result<(), Error> {
        self.set(name, &())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Merges another object into this one: nested objects are merged, other values are replaced.
    pub(super) fn merge(&mut self, name: &'static str, over: &Raw) -> Result<(), Error> {
        let over: BTreeMap<String, Raw> = over
            .decode()
            .map_err(|error| Error::validation(format!("{name}: is not a JSON object")).with_source(error))?;
        for (field, value) in over {
            match self.0.get(&field).and_then(|raw| raw.decode().ok()) {
                Some(inner) if value.get().starts_with('{') => {
                    let mut inner = Self(inner);
                    inner.merge(name, &value)?;
                    self.set(&field, &inner)?;
                }
                _ => drop(self.0.insert(field, value)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw {
        text.parse().unwrap()
    }

    #[test]
    fn merge_combines_objects_and_keeps_null() {
        let mut object = Object::default();
        object.set("start", &BTreeMap::from([("dateTime", "x")])).unwrap();
        object.set("summary", "a").unwrap();
        object
            .merge("fields", &raw(r#"{"start":{"timeZone":"UTC"},"summary":null,"n":18446744073709551617}"#))
            .unwrap();
        let text = Raw::from_value(&object).unwrap();
        assert_eq!(
            text.get(),
            r#"{"n":18446744073709551617,"start":{"dateTime":"x","timeZone":"UTC"},"summary":null}"#
        );
        assert!(object.merge("fields", &raw("[1]")).is_err());
    }

    #[test]
    fn number_is_read_as_text() {
        assert_eq!(text_or_number(&raw("1")).as_deref(), Some("1"));
        assert_eq!(text_or_number(&raw(r#""e1""#)).as_deref(), Some("e1"));
        assert_eq!(text_or_number(&raw("{}")), None);
    }
}
