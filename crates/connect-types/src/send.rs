//! Writes query parameters and JSON objects of requests, and checks field values.

use alloc::string::{String, ToString};
use core::fmt;

use serde::Serialize;

use crate::operation::Invalid;
use crate::patch::Patch;
use crate::raw::Raw;

/// A value that can be a query parameter. If `param` returns `None`, the parameter is not sent.
pub(crate) trait Param {
    fn param(&self) -> Option<String>;
}

impl Param for String {
    fn param(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Param for u32 {
    fn param(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Param for bool {
    fn param(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl<T: Param> Param for Option<T> {
    fn param(&self) -> Option<String> {
        self.as_ref().and_then(Param::param)
    }
}

/// Joins the values with commas. An empty list is not sent.
impl<T: Param> Param for alloc::vec::Vec<T> {
    fn param(&self) -> Option<String> {
        let texts: alloc::vec::Vec<_> = self.iter().filter_map(Param::param).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    }
}

/// Returns the name and value of a query parameter, or `None` if it is not sent.
pub(crate) fn param(name: &'static str, value: &impl Param) -> Option<(&'static str, String)> {
    value.param().map(|text| (name, text))
}

pub(crate) fn check_not_empty(name: &'static str, text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() { Err(Invalid::new(name, "must not be empty")) } else { Ok(()) }
}

/// Returns an error for an empty text. `None` is valid, because it means that the field is not set.
pub(crate) fn check_not_empty_if_set(name: &'static str, text: Option<&str>) -> Result<(), Invalid> {
    text.map_or(Ok(()), |text| check_not_empty(name, text))
}

pub(crate) fn check_range(
    name: &'static str,
    value: Option<u32>,
    least: u32,
    most: u32,
) -> Result<(), Invalid> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(Invalid::new(name, alloc::format!("{value} is out of range (expected {least} to {most})")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_json_object(name: &'static str, value: Option<&Raw>) -> Result<(), Invalid> {
    match value {
        Some(raw) if !raw.get().starts_with('{') => Err(Invalid::new(name, "is not a JSON object")),
        _ => Ok(()),
    }
}

pub(crate) struct JsonObjectWriter(String);

impl JsonObjectWriter {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(512); // most requests are shorter
        text.push('{');
        Self(text)
    }

    pub(crate) fn field(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), Invalid> {
        let text = serde_json::to_string(value).map_err(|error| Invalid::new(name, error.to_string()))?;
        self.raw(name, &text);
        Ok(())
    }

    pub(crate) fn optional(
        &mut self,
        name: &'static str,
        value: Option<&impl Serialize>,
    ) -> Result<(), Invalid> {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    /// Writes a field of an update. `cleared` is the JSON that clears the field.
    pub(crate) fn patch(
        &mut self,
        name: &'static str,
        value: &Patch<impl Serialize>,
        cleared: &str,
    ) -> Result<(), Invalid> {
        match value {
            Patch::Keep => {}
            Patch::Clear => self.raw(name, cleared),
            Patch::Set(value) => return self.field(name, value),
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// Writes a field. The names of API fields need no JSON escapes.
    fn raw(&mut self, name: &str, text: &str) {
        self.0.push_str(if self.0.len() > 1 { ",\"" } else { "\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(text);
    }
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
