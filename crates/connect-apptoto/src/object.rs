//! Builds the JSON objects and query parameters of requests.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Body, Raw},
};
use serde::{Serialize, Serializer};

/// A JSON object that is built field by field. Setting a field again replaces the field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object {
    fields: Vec<(Cow<'static, str>, Raw)>,
    /// The first field whose value cannot be written as JSON.
    fault: Option<Cow<'static, str>>,
}

impl Object {
    pub(super) fn with(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: &(impl Serialize + ?Sized),
    ) -> Self {
        self.set(name, value);
        self
    }

    pub(super) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: &(impl Serialize + ?Sized)) {
        let name = name.into();
        self.fields.retain(|(known, _)| *known != name);
        match Raw::from_value(value) {
            Ok(raw) => self.fields.push((name, raw)),
            Err(_) => self.fault = self.fault.take().or(Some(name)),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    pub(super) fn body(&self) -> Result<Body, Error> {
        self.check()?;
        json(self)
    }

    fn check(&self) -> Result<(), Error> {
        match &self.fault {
            Some(name) => Err(Error::validation(format!("{name}: the value cannot be written as JSON"))),
            None => Ok(()),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(name) = &self.fault {
            return Err(serde::ser::Error::custom(format_args!(
                "{name}: the value cannot be written as JSON"
            )));
        }
        serializer.collect_map(self.fields.iter().map(|(name, raw)| (name, raw)))
    }
}

/// Returns a JSON body with the list `items` in the field `name`, and with the fields of `others`. Fails if
/// `items` is empty.
pub(super) fn list<T: AsRef<Object>>(
    name: &'static str,
    items: &[T],
    others: &Object,
) -> Result<Body, Error> {
    if items.is_empty() {
        return Err(Error::validation(format!("{name}: the list must not be empty")));
    }
    let items: Vec<&Object> = items.iter().map(AsRef::as_ref).collect();
    for item in items.iter().copied().chain([others]) {
        item.check()?;
    }
    others.clone().with(name, &items).body()
}

fn json(object: &Object) -> Result<Body, Error> {
    let text = Raw::from_value(object)
        .map_err(|error| Error::validation("the body cannot be written as JSON").with_source(error))?;
    Ok(Body::Json(text.get().to_owned()))
}

/// Query parameters in the order in which they were set. Setting a parameter again replaces it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parameters(Vec<(Cow<'static, str>, String)>);

impl Parameters {
    pub(super) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
        self
    }

    pub(super) fn query(&self) -> Vec<(Cow<'_, str>, String)> {
        self.0.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.clone())).collect()
    }
}

/// Defines builder methods that set a field of `self.0`.
macro_rules! fields {
    ($($(#[$what:meta])* $method:ident($value:ident: $type:ty) = $name:literal;)+) => {
        $(
            $(#[$what])*
            pub fn $method(mut self, $value: $type) -> Self {
                self.0.set($name, &$value);
                self
            }
        )+

        /// Sets any field, even if this type has no method for it.
        ///
        /// The value may be [`Raw`](connect_core::types::Raw) JSON.
        ///
        /// The value replaces an earlier value of the field.
        pub fn field(mut self, name: impl Into<std::borrow::Cow<'static, str>>, value: impl serde::Serialize) -> Self {
            self.0.set(name, &value);
            self
        }
    };
}
pub(super) use fields;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn field_set_again_moves_to_the_end() {
        let object = Object::default().with("b", &1).with("a", "x").with("b", &[2]);
        assert_eq!(object.body().unwrap(), Body::Json(r#"{"a":"x","b":[2]}"#.to_owned()));
    }

    #[test]
    fn value_without_json_form_fails_before_sending() {
        let odd = Object::default().with("custom_data", &BTreeMap::from([((1, 2), 3)]));
        let error = odd.body().unwrap_err();
        assert_eq!(error.message(), Some("custom_data: the value cannot be written as JSON"));
        let outer = Object::default().with("events", &[&odd]);
        assert_eq!(outer.body().unwrap_err().message(), Some("events: the value cannot be written as JSON"));
    }
}
