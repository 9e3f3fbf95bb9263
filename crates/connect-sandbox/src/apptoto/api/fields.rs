//! Reads the fields of a JSON object, and names their paths in errors.

use super::account::{MAX_DATA_BYTES, MAX_LIST_ENTRIES, MAX_TEXT_BYTES};
use super::event_time::EventTime;
use serde_json::{Map, Value};

/// The path to an invalid field, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldError {
    pub(super) path: String,
    pub(super) reason: String,
}

/// A JSON object and its path in the request.
#[derive(Clone, Debug)]
pub(super) struct RequestFields<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> RequestFields<'a> {
    pub(super) fn root(object: &'a Map<String, Value>) -> Self {
        Self::at("", object)
    }

    pub(super) fn at(path: &str, object: &'a Map<String, Value>) -> Self {
        Self { path: path.to_owned(), object }
    }

    pub(super) fn field_error(&self, name: &str, reason: impl Into<String>) -> FieldError {
        FieldError { path: self.path_of(name), reason: reason.into() }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Returns the value of a field, even if it is null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// Returns a text, or a number as text. Null is an empty text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) if text.len() > MAX_TEXT_BYTES => {
                Err(self.field_error(name, format!("must not be longer than {MAX_TEXT_BYTES} bytes")))
            }
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.field_error(name, "must be a text")),
        }
    }

    /// Returns a text, or `None` if the text is missing or blank.
    pub(super) fn some_text(&self, name: &str) -> Result<Option<String>, FieldError> {
        Ok(self.text(name)?.filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn need_text(&self, name: &str) -> Result<String, FieldError> {
        self.some_text(name)?.ok_or_else(|| self.field_error(name, "is required"))
    }

    /// Returns a whole number, which may be sent as text. Null counts as absent.
    pub(super) fn id(&self, name: &str) -> Result<Option<u64>, FieldError> {
        let number = match self.value(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| self.field_error(name, "must be a whole number"))
    }

    /// Returns a boolean, which may be sent as text, because forms have only texts.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, FieldError> {
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(self.field_error(name, "must be true or false")),
        }
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<EventTime>, FieldError> {
        let text = self.some_text(name)?;
        let read = |text: String| {
            EventTime::read(&text)
                .ok_or_else(|| self.field_error(name, "must be an ISO 8601 time with an offset"))
        };
        text.map(read).transpose()
    }

    /// Returns an object with arbitrary members. Null is an empty object.
    pub(super) fn data(&self, name: &str) -> Result<Option<Map<String, Value>>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Map::new())),
            Some(value @ Value::Object(object)) if value.to_string().len() <= MAX_DATA_BYTES => {
                Ok(Some(object.clone()))
            }
            Some(Value::Object(_)) => {
                Err(self.field_error(name, format!("must not be larger than {MAX_DATA_BYTES} bytes")))
            }
            Some(_) => Err(self.field_error(name, "must be an object")),
        }
    }

    pub(super) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, FieldError> {
        let list = match self.value(name) {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(Vec::new())),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.field_error(name, "must be a list")),
        };
        if list.len() > MAX_LIST_ENTRIES {
            return Err(self.field_error(name, format!("must not have more than {MAX_LIST_ENTRIES} entries")));
        }
        let entry = |(index, value): (usize, &'a Value)| {
            let path = format!("{}[{index}]", self.path_of(name));
            match value {
                Value::Object(object) => Ok(Self { path, object }),
                _ => Err(FieldError { path, reason: "must be an object".to_owned() }),
            }
        };
        list.iter().enumerate().map(entry).collect::<Result<_, _>>().map(Some)
    }

    /// Returns the objects of a list. Fails if the list is missing or empty.
    pub(super) fn need_objects(&self, name: &str) -> Result<Vec<Self>, FieldError> {
        let list = self.objects(name)?.filter(|list| !list.is_empty());
        list.ok_or_else(|| self.field_error(name, "is required"))
    }
}
