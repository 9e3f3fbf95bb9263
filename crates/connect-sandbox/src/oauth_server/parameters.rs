//! Request parameters (RFC 6749 3.1 and 3.2). An empty parameter counts as absent. A repeated parameter is
//! invalid.

use super::error::OAuthError;
use crate::call::Call;
use http::header::CONTENT_TYPE;
use std::collections::{BTreeMap, BTreeSet};

/// The id of a request in the logs of Microsoft.
///
/// MSAL for Node.js sends the id in the query and in the form. A server ignores parameters that it does not
/// know (RFC 6749 3.2).
const TRACE: &str = "client-request-id";

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

    /// Reads the parameters of the query and the body. Fails if the body is neither empty nor a form.
    pub(super) fn query_or_form(call: &Call) -> Result<Self, OAuthError> {
        if call.body().is_empty() || is_form(call) {
            Ok(Self::read(&[query(call), call.body()]))
        } else {
            Err(OAuthError::NoForm)
        }
    }

    /// Reads the parameters of a form body (RFC 6749 4.1.3). A parameter that is also in the query
    /// counts as repeated.
    pub(super) fn form(call: &Call) -> Result<Self, OAuthError> {
        if !is_form(call) {
            return Err(OAuthError::NoForm);
        }
        let form = Self::read(&[call.body()]);
        form.check_not_repeated()?;
        let is_repeated = |name: &String| name != TRACE && form.values.contains_key(name);
        match Self::read(&[query(call)]).values.into_keys().find(is_repeated) {
            Some(name) => Err(OAuthError::Repeated(name)),
            None => Ok(form),
        }
    }

    /// Returns the value of a parameter, or `None` if the parameter is missing or repeated.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).filter(|_| !self.repeated.contains(name)).map(String::as_str)
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.find(name).ok_or(OAuthError::Missing(name))
    }

    pub(super) fn check_not_repeated(&self) -> Result<(), OAuthError> {
        self.repeated.first().map_or(Ok(()), |name| Err(OAuthError::Repeated(name.clone())))
    }
}

fn query(call: &Call) -> &[u8] {
    call.request.uri().query().unwrap_or("").as_bytes()
}

fn is_form(call: &Call) -> bool {
    let kind = call.header(CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or("");
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Splits a list of scopes into its scope tokens (RFC 6749 3.3), without duplicates.
pub(super) fn scope_tokens(scope: &str, separator: &str) -> Result<Vec<String>, OAuthError> {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let mut tokens: Vec<String> = Vec::new();
    for token in scope.split(separator).filter(|token| !token.is_empty()) {
        if !token.bytes().all(allowed) {
            return Err(OAuthError::Scope(token.to_owned()));
        }
        if !tokens.iter().any(|known| known == token) {
            tokens.push(token.to_owned());
        }
    }
    if tokens.is_empty() { Err(OAuthError::Missing("scope")) } else { Ok(tokens) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parameter_is_absent_and_repeated_one_refused() {
        let read = |query: &str| Parameters::read(&[query.as_bytes()]);
        assert_eq!(read("a=&b=1&a=2").find("a"), Some("2"));
        assert!(read("a=&a=2").check_not_repeated().is_ok());
        assert_eq!(read("a=1&a=2").find("a"), None);
        assert_eq!(read("a=1&a=1").check_not_repeated(), Err(OAuthError::Repeated("a".to_owned())));
    }

    #[test]
    fn scope_tokens_are_split_and_checked() {
        assert_eq!(scope_tokens("a:b  https://c/d a:b", " ").unwrap(), ["a:b", "https://c/d"]);
        for scope in ["a\"b", "a\\b", "é", "a\tb", "\u{7f}"] {
            assert_eq!(scope_tokens(scope, " "), Err(OAuthError::Scope(scope.to_owned())));
        }
        assert_eq!(scope_tokens(" ", " "), Err(OAuthError::Missing("scope")));
        assert_eq!(scope_tokens("a,b c,", ","), Err(OAuthError::Scope("b c".to_owned())));
        assert_eq!(scope_tokens("a,b,,a", ",").unwrap(), ["a", "b"]);
    }
}
