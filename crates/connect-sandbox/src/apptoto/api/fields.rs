//! The fields of a JSON object, each with the path to it.

use super::account::{LONGEST_LIST, LONGEST_TEXT, MOST_DATA};
use super::moment::Moment;
use serde_json::{Map, Value};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) path: String,
    pub(super) reason: String,
}

/// An object and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn root(object: &'a Map<String, Value>) -> Self {
        Self::at("", object)
    }

    pub(super) fn at(path: &str, object: &'a Map<String, Value>) -> Self {
        Self { path: path.to_owned(), object }
    }

    pub(super) fn wrong(&self, name: &str, reason: impl Into<String>) -> Wrong {
        Wrong { path: self.path_of(name), reason: reason.into() }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value, also where it is null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.keys().map(String::as_str)
    }

    /// A text, or a number as one; null is an empty one.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Wrong> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) if text.len() > LONGEST_TEXT => {
                Err(self.wrong(name, format!("must not be longer than {LONGEST_TEXT} bytes")))
            }
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    /// A text that says something.
    pub(super) fn some_text(&self, name: &str) -> Result<Option<String>, Wrong> {
        Ok(self.text(name)?.filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn need_text(&self, name: &str) -> Result<String, Wrong> {
        self.some_text(name)?.ok_or_else(|| self.wrong(name, "is required"))
    }

    /// A whole number, also as a text; null is none.
    pub(super) fn id(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let number = match self.value(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(name, "must be a whole number"))
    }

    /// True or false, also as a text, as a form has it.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<Moment>, Wrong> {
        let text = self.some_text(name)?;
        let read = |text: String| {
            Moment::read(&text).ok_or_else(|| self.wrong(name, "must be an ISO 8601 time with an offset"))
        };
        text.map(read).transpose()
    }

    /// An object of whatever is in it; null is an empty one.
    pub(super) fn data(&self, name: &str) -> Result<Option<Map<String, Value>>, Wrong> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Map::new())),
            Some(value @ Value::Object(object)) if value.to_string().len() <= MOST_DATA => {
                Ok(Some(object.clone()))
            }
            Some(Value::Object(_)) => {
                Err(self.wrong(name, format!("must not be larger than {MOST_DATA} bytes")))
            }
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    pub(super) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, Wrong> {
        let list = match self.value(name) {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(Vec::new())),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(name, "must be a list")),
        };
        if list.len() > LONGEST_LIST {
            return Err(self.wrong(name, format!("must not have more than {LONGEST_LIST} entries")));
        }
        let entry = |(index, value): (usize, &'a Value)| {
            let path = format!("{}[{index}]", self.path_of(name));
            match value {
                Value::Object(object) => Ok(Self { path, object }),
                _ => Err(Wrong { path, reason: "must be an object".to_owned() }),
            }
        };
        list.iter().enumerate().map(entry).collect::<Result<_, _>>().map(Some)
    }

    /// A list with something in it.
    pub(super) fn need_objects(&self, name: &str) -> Result<Vec<Self>, Wrong> {
        let list = self.objects(name)?.filter(|list| !list.is_empty());
        list.ok_or_else(|| self.wrong(name, "is required"))
    }
}
