//! Request parameters under the two rules of RFC 6749 3.1 and 3.2: without a value is absent, and never twice.

use super::refused::Refused;
use crate::call::Call;
use http::header::CONTENT_TYPE;
use std::collections::{BTreeMap, BTreeSet};

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    repeated: BTreeSet<String>,
}

impl Parameters {
    fn read(parts: &[&[u8]]) -> Self {
        let mut parameters = Self::default();
        for (name, value) in parts.iter().flat_map(|part| form_urlencoded::parse(part).into_owned()) {
            if value.is_empty() {
                continue;
            }
            if parameters.values.insert(name.clone(), value).is_some() {
                parameters.repeated.insert(name);
            }
        }
        parameters
    }

    /// Those of the query and of the body, which is empty or a form, for endpoints that take either place.
    pub(super) fn anywhere(call: &Call) -> Result<Self, Refused> {
        if call.body().is_empty() || is_form(call) {
            Ok(Self::read(&[query(call), call.body()]))
        } else {
            Err(Refused::NoForm)
        }
    }

    /// Those of a body, which has to be a form (RFC 6749 4.1.3); a parameter that the query has as well is there twice.
    pub(super) fn form(call: &Call) -> Result<Self, Refused> {
        if !is_form(call) {
            return Err(Refused::NoForm);
        }
        let form = Self::read(&[call.body()]);
        form.once()?;
        match Self::read(&[query(call)]).values.into_keys().find(|name| form.values.contains_key(name)) {
            Some(name) => Err(Refused::Repeated(name)),
            None => Ok(form),
        }
    }

    /// A value; one that is there twice is none.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).filter(|_| !self.repeated.contains(name)).map(String::as_str)
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, Refused> {
        self.find(name).ok_or(Refused::Missing(name))
    }

    pub(super) fn once(&self) -> Result<(), Refused> {
        self.repeated.first().map_or(Ok(()), |name| Err(Refused::Repeated(name.clone())))
    }
}

fn query(call: &Call) -> &[u8] {
    call.request.uri().query().unwrap_or("").as_bytes()
}

fn is_form(call: &Call) -> bool {
    let kind = call.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or("");
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The tokens of a scope (RFC 6749 3.3), each once and in order.
pub(super) fn scope_tokens(scope: &str, separator: &str) -> Result<Vec<String>, Refused> {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let mut tokens: Vec<String> = Vec::new();
    for token in scope.split(separator).filter(|token| !token.is_empty()) {
        if !token.bytes().all(allowed) {
            return Err(Refused::Scope(token.to_owned()));
        }
        if !tokens.iter().any(|known| known == token) {
            tokens.push(token.to_owned());
        }
    }
    if tokens.is_empty() { Err(Refused::Missing("scope")) } else { Ok(tokens) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_value_is_absent_and_twice_is_told() {
        let read = |query: &str| Parameters::read(&[query.as_bytes()]);
        assert_eq!(read("a=&b=1&a=2").find("a"), Some("2"));
        assert!(read("a=&a=2").once().is_ok());
        assert_eq!(read("a=1&a=2").find("a"), None);
        assert_eq!(read("a=1&a=1").once(), Err(Refused::Repeated("a".to_owned())));
    }

    #[test]
    fn the_characters_of_a_scope() {
        assert_eq!(scope_tokens("a:b  https://c/d a:b", " ").unwrap(), ["a:b", "https://c/d"]);
        for scope in ["a\"b", "a\\b", "é", "a\tb", "\u{7f}"] {
            assert_eq!(scope_tokens(scope, " "), Err(Refused::Scope(scope.to_owned())));
        }
        assert_eq!(scope_tokens(" ", " "), Err(Refused::Missing("scope")));
        assert_eq!(scope_tokens("a,b c,", ","), Err(Refused::Scope("b c".to_owned())));
        assert_eq!(scope_tokens("a,b,,a", ",").unwrap(), ["a", "b"]);
    }
}
