//! Partial responses: the query parameter `fields`.

use super::error::ApiError;
use crate::call::Call;
use crate::reply::Reply;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The selected fields of an object. An empty selection selects the whole value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection(BTreeMap<String, Selection>);

/// The maximum depth of parentheses in `fields`.
const MAX_DEPTH: usize = 16;

impl Selection {
    /// Returns the selection that the parameter `fields` makes; without the parameter, of everything.
    pub(super) fn requested(call: &Call) -> Result<Self, ApiError> {
        call.query("fields").map_or(Ok(Self::default()), Self::read)
    }

    /// Removes the fields of a response that are not selected.
    pub(super) fn apply(&self, mut reply: Reply) -> Reply {
        if !self.0.is_empty() && reply.status() == StatusCode::OK && !reply.body().is_empty() {
            let body = serde_json::from_slice(reply.body()).unwrap_or(Value::Null);
            *reply.body_mut() = Bytes::from(self.of(&body).to_string());
            reply.headers_mut().remove(CONTENT_LENGTH);
        }
        reply
    }

    fn read(text: &str) -> Result<Self, ApiError> {
        let mut all = Self::default();
        let rest = all.read_list(text, 0).map_err(|name| {
            let message = format!("Invalid field selection {name}");
            ApiError::new(400, "invalidParameter", message).at_parameter("fields")
        })?;
        if rest.is_empty() {
            Ok(all)
        } else {
            Err(ApiError::invalid("fields", format!("Invalid field selection {rest}")))
        }
    }

    /// Reads `a,b/c(d)` up to the end or an unopened parenthesis, and returns the rest.
    ///
    /// The error is the wrong part.
    fn read_list<'a>(&mut self, mut text: &'a str, depth: usize) -> Result<&'a str, &'a str> {
        loop {
            let end = text.find([',', '(', ')']).unwrap_or(text.len());
            let (path, rest) = text.split_at(end);
            let mut field = &mut *self;
            for name in path.trim().split('/') {
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"*_-.@$".contains(&byte);
                if name.is_empty() || !name.bytes().all(valid) {
                    return Err(path);
                }
                field = field.0.entry(name.to_owned()).or_default();
            }
            let mut rest = rest;
            if let Some(inner) = rest.strip_prefix('(') {
                if depth == MAX_DEPTH {
                    return Err(path);
                }
                rest = field.read_list(inner, depth + 1)?.strip_prefix(')').ok_or(path)?;
            }
            match rest.strip_prefix(',') {
                Some(next) => text = next,
                None => return Ok(rest),
            }
        }
    }

    fn of(&self, value: &Value) -> Value {
        match value {
            _ if self.0.is_empty() => value.clone(),
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::Object(object) => {
                let any = self.0.get("*");
                let chosen = object
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.0.get(name).or(any)?.of(value))));
                Value::Object(chosen.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}
